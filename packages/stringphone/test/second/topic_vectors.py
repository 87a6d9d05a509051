#!/usr/bin/python3
"""Writes ../vectors/topic.json by topic.py; with --check only compares. Always the same bytes.

  about        what this is
  identities   name -> seed, publicKey, card, serial, rekeySecret, rekeyKey, joinId
  epochs       name -> epochSecret, body, channelName, and derived: topicId, epoch, commitment,
               headerKey, senders: [{publicKey, tag, chainKey}], context
  derivations
    requests   [{name, in?, make, made}]: contexts, keys at counters, Padmé, comparisons, winner
    padme      size for each length 0…300
    emoji      all 64, in order
    chain      chainKey of a block 0, nextBlock, blockKey, branches: 16, leaves: 16 × 16
    rekeySlot, removalSlot, rekeyBody, dataMessage, code      one each, with all values between
  examples     [{name, in?, make?, made?, open?, opened?}]: `make` is a request of the line protocol
               of topic.py, `made` its answer; `open` is a request to which `made` must be added
               (when there is one), `opened` its answer or the part of it that counts. `in` names
               the epoch whose epochSecret, body and channelName must be added to both. The content
               of an opened data message is that of `make` where it is not given.
  pairings     [{name, joiner, host, messages: {message1…6}, keys: {…}, joinerMakes, hostMakes}]:
               joiner and host are requests without messages; …Makes are the answers with them all
  refusals     [{name, rule, reason, in?, request, choice?}]: the request (`in` added) must be
               refused; `choice`: the spec does not say so, this implementation does

Bytes are lower-case hexadecimal.
"""
import hashlib
import json
import os
import sys

import topic
from topic import h, hkdf, label, public_key, seal, sign, to_json, u

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors", "topic.json")
COLLIDING = 1_119_603  # found by --find-collision 1 2


def r(name, length=32):
    """Bytes that look random, the same for the same name."""
    out = b""
    while len(out) < length:
        out += hashlib.sha256(f"topic vectors: {name} {len(out)}".encode()).digest()
    return out[:length]


def person(name):
    seed, rekey_secret = r(name + " seed"), r(name + " rekey secret")
    rekey_key = topic.crypto_scalarmult_base(rekey_secret)
    out = {"seed": seed, "publicKey": public_key(seed), "card": topic.card(seed)}
    out |= {"serial": 1_760_000_000_000 + len(name), "rekeySecret": rekey_secret}
    return out | {"rekeyKey": rekey_key, "joinId": r(name + " join ID", 8)}


people = {name: person(name) for name in ("alice", "bob", "carol", "dave")}
alice, bob, carol, dave = people.values()
TOPIC, REQUEST_KEY = r("topic ID", 16), r("request key")


def roster(*members):
    """Alphabetic by public key; the first one given is the admin."""
    names = ("publicKey", "serial", "rekeyKey", "joinId")
    everyone = [
        {name: member[name] for name in names} | {"flags": int(member is members[0])}
        for member in members
    ]
    return sorted(everyone, key=lambda one: one["publicKey"])


def rekey(purpose, epoch, parent, members, **more):
    ask = {"do": "makeRekey", "seed": members[0]["seed"], "epochSecret": r(purpose + " epoch secret")}
    ask |= {"ephemeralSecret": r(purpose + " ephemeral"), "topicId": TOPIC, "requestKey": REQUEST_KEY}
    ask |= {"epoch": epoch, "parent": parent, "madeAt": 1_760_000_100_000 + epoch, "options": 0}
    return ask | {"name": "", "participants": roster(*members), "tombstones": []} | more


founding = rekey("founding", 1, bytes(32), [alice])
founded = topic.make_rekey(founding)
three = rekey("three", 2, founded["commitment"], [alice, bob, carol], name="Harbour ⚓")
three["slotOrder"] = [carol["publicKey"], bob["publicKey"]]
made_three = topic.make_rekey(three)
padding = rekey(
    "padding", 3, made_three["commitment"], [alice, bob], options=1, name="x" * 64,
    tombstones=[r("older join ID", 8), carol["joinId"]],
)
made_padding = topic.make_rekey(padding)
late = rekey("late", 65541, r("some parent"), [bob, alice, dave])
made_late = topic.make_rekey(late)


def state(ask, made, channel_name):
    out = {"epochSecret": ask["epochSecret"], "body": made["body"], "channelName": channel_name}
    derived = topic.derive(out)
    derived |= topic.context({"topicId": TOPIC, "channelName": channel_name})
    return out | {"topicId": TOPIC, "epoch": ask["epoch"]} | derived


epochs = {
    "founder": state(founding, founded, ""),
    "three": state(three, made_three, "harbour"),
    "padded": state(padding, made_padding, "Hafen ⚓"),
    "late": state(late, made_late, ""),
}


def inside(where):
    given = ("epochSecret", "body", "channelName")
    return {name: epochs[where][name] for name in given} if where else {}


def ask(where, request):
    return topic.answer(to_json(inside(where) | request))


def entry(name, where, **parts):
    return {"name": name} | ({"in": where} if where else {}) | to_json(parts)


examples, requests, refusals = [], [], []


def derivation(name, make, where=None):
    requests.append(entry(name, where, make=make, made=ask(where, make)))


def example(name, make, opening, counts=None, where=None):
    made = ask(where, make)
    opened = ask(where, made | to_json(opening))
    assert "error" not in made | opened, (name, made, opened)
    opened = {key: opened[key] for key in counts or opened}
    examples.append(entry(name, where, make=make, made=made, open=opening, opened=opened))
    return made


def opening(name, request, counts=None):
    opened = ask(None, request)
    assert "error" not in opened, (name, opened)
    examples.append(entry(name, None, open=request, opened={key: opened[key] for key in counts or opened}))


def refusal(name, rule, request, reason=None, where=None, choice=False):
    got = ask(where, request).get("error", "not refused")
    assert got.startswith(rule + ":"), (name, rule, got)
    reason = reason or got.partition(": ")[2]
    more = {"choice": True} if choice else {}
    refusals.append(entry(name, where, rule=rule, reason=reason, request=request, **more))


def flipped(data, at):
    data = bytearray(data)
    data[at] ^= 1
    return bytes(data)


# Derivations

for channel in ("", "harbour", "Hafen ⚓", "é" * 127):
    given = {"do": "context", "topicId": TOPIC, "channelName": channel}
    derivation(f"context of channel name {channel!r}", given)
for where in epochs:
    derivation(f"key schedule: {where}", {"do": "derive"}, where)
FIRST = epochs["three"]["senders"][0]["chainKey"]
COUNTERS = (0, 1, 14, 15, 16, 17, 254, 255, 256, 271, 272, 511, 512, 65535, 65536, 1_000_000)
for counter in COUNTERS + ((1 << 22) - 1,):
    derivation(f"keys of counter {counter}", {"do": "keys", "chainKey": FIRST, "counter": counter})
LENGTHS = (301, 511, 512, 513, 1000, 1023, 1024, 1025, 4095, 4096, 4097, 65535, 65536, 65537)
for length in LENGTHS + (99_999, 1_000_000, 16_777_215, 16_777_217, 4_294_967_295, 9 << 32):
    derivation(f"Padmé of {length}", {"do": "padme", "length": length})
PATTERNS = {
    "zeros": bytes(12),
    "ones": b"\xff" * 12,
    "only what the emoji use": b"\xff" * 5 + b"\xc0" + bytes(6),
    "only what the digits use": bytes(6) + b"\xff" * 4 + b"\xfe\x00",
    "neither": bytes(5) + b"\x3f" + bytes(4) + b"\x01\xff",
}
for start in range(0, 70, 7):  # each emoji once
    number = sum(((start + i) % 64) << (6 * (6 - i)) for i in range(7)) << 6
    PATTERNS[f"emoji from {start % 64}"] = u(48, number) + r(f"digits {start}", 6)
for name, data in PATTERNS.items():
    derivation(f"comparison: {name}", {"do": "comparison", "bytes": data})

block = topic.keys({"chainKey": FIRST, "counter": 0})["blockKey"]
every = [topic.keys({"chainKey": FIRST, "counter": counter}) for counter in range(256)]
chain = {"chainKey": FIRST, "nextBlock": topic.mac(FIRST, label("topic next block"))}
chain |= {"blockKey": block, "branches": [made["branch"] for made in every[::16]]}
chain["leaves"] = [[made["leaf"] for made in every[i : i + 16]] for i in range(0, 256, 16)]


def slot(info, plain, ephemeral_secret):
    ephemeral = topic.crypto_scalarmult_base(ephemeral_secret)
    to = bob["rekeyKey"]
    hint, key = topic.slot_keys(ephemeral_secret, to, ephemeral, to, info)
    shared = topic.dh(ephemeral_secret, to, "")
    out = {"ephemeralSecret": ephemeral_secret, "ephemeralKey": ephemeral, "rekeyKey": to}
    out |= {"rekeySecret": bob["rekeySecret"], "shared": shared, "info": info, "hint": hint}
    return out | {"key": key, "plain": plain, "sealed": seal(key, bytes(24), plain)}


outer = made_three["message"][: 39 + 2 * 56]
body_key = hkdf(three["epochSecret"], h(outer), label("topic rekey body"), 32)
removal = {"do": "makeRemoval", "seed": alice["seed"], "topicId": TOPIC, "epoch": 3}
removal |= {"publicKey": carol["publicKey"], "rekeyKey": carol["rekeyKey"]}
removal |= {"ephemeralSecret": r("removal ephemeral")}
data = {"do": "makeData", "seed": bob["seed"], "counter": 5, "guard": r("guard", 8)}
data["content"] = {"type": "M", "payload": b"Anybody here?"}


def data_values():
    where = epochs["three"]
    sender = next(one for one in where["senders"] if one["publicKey"] == bob["publicKey"])
    leaf = topic.keys(sender | {"counter": data["counter"]})["leaf"]
    message = topic.make_data(inside("three") | data)["message"]
    ad = message[:19] + where["commitment"] + where["context"]
    content = data["content"]["payload"]
    signed = label("topic message") + ad + content
    out = {"seed": bob["seed"], "content": content, "header": message[:19], "messageKey": leaf}
    out |= {"nonce": data["guard"] + bytes(16), "ad": ad, "signed": signed}
    return out | {"signature": sign(bob["seed"], signed), "message": message}


def code_values():
    code = {"role": 1, "publicKey": alice["publicKey"], "secret": r("code secret", 16)}
    read = topic.read_code(topic.make_code(code | {"address": ""}))
    names = ("keyHash", "oneTimeSecret", "secretId")
    return {name: code[name] for name in ("publicKey", "secret")} | {n: read[n] for n in names}


derivations = {
    "requests": requests,
    "padme": [topic.padme_size(length) for length in range(301)],
    "emoji": topic.EMOJI,
    "chain": chain,
    "rekeySlot": slot(label("topic rekey slot") + u(32, 2), three["epochSecret"], three["ephemeralSecret"])
    | {"epoch": 2},
    "removalSlot": slot(label("topic removal slot"), r("a notice", 100), r("removal ephemeral")),
    "rekeyBody": {"epochSecret": three["epochSecret"], "outer": outer, "outerHash": h(outer),
                  "key": body_key, "body": made_three["body"], "message": made_three["message"]},
    "dataMessage": data_values(),
    "code": code_values(),
}

# Examples: data

OPENED = ("sender", "epoch", "counter", "content")


def sent(name, content, where="three", who=bob, counter=0, more=None):
    make = {"do": "makeData", "seed": who["seed"], "counter": counter, "guard": r(name, 8)}
    make["content"] = content
    made = example(name, make, {"do": "openData"} | (more or {}), OPENED, where)
    if examples[-1]["opened"]["content"] == to_json(content):
        del examples[-1]["opened"]["content"]
    return bytes.fromhex(made["message"])


def m(payload):
    return {"type": "M", "payload": payload}


def timed(sent_at, valid_for, payload=b"now or never"):
    return {"type": "T", "sentAt": sent_at, "validFor": valid_for, "payload": payload}


AT = 1_760_000_200_000
report = {"type": "C", "kind": 3, "challenge": bytes(16), "guard": bytes(range(8)), "tag": epochs["three"]["senders"][1]["tag"]}
CONTENTS = {
    "empty message": m(b""),
    "short message": m(b"Anybody here?"),
    "message of 1 KiB": m(r("1 KiB", 1024)),
    "message that ends like padding": m(b"end\x80\0\0"),
    "timed message": timed(AT, 30_000),
    "timed message without limit, empty": timed((1 << 48) - 1, 0, b""),
    "bundle of one": {"type": "B", "payloads": [b"one"]},
    "bundle of one empty": {"type": "B", "payloads": [b""]},
    "bundle of 16": {"type": "B", "payloads": [r(f"payload {i}", i * 3) for i in range(16)]},
    "bundle with lengths of two bytes": {"type": "B", "payloads": [r("a", 63), r("b", 64), r("c", 300)]},
    "bundle of 1,024 empty": {"type": "B", "payloads": [b""] * 1024},
    "rekey key": {"type": "C", "kind": 1, "serial": AT, "rekeyKey": bob["rekeyKey"]},
    "sync": {"type": "C", "kind": 2, "challenge": r("challenge", 16), "counters": 1024},
    "sync, not knowing": {"type": "C", "kind": 2, "challenge": r("challenge", 16), "counters": 0xFFFFFFFF},
    "report": report | {"challenge": r("challenge", 16), "counters": 1_000_001},
    "unasked report": report | {"counters": 7},
    "closing": {"type": "C", "kind": 4, "epoch": 1, "counters": 300},
}
messages = {}
for number, (name, content) in enumerate(CONTENTS.items()):
    messages[name] = sent(name, content, counter=number)
    sent(name + ", padded", content, "padded", alice if number % 2 else bob, number)
for length in (2, 4, 7, 8, 9, 100, 200):
    sent(f"message of {length}, padded", m(r("padded", length)), "padded", alice, 300 + length)
sent("bundle with a length of four bytes", {"type": "B", "payloads": [r("long", 16384), b"short"]})
for counter in COUNTERS:
    sent(f"message with counter {counter}", m(b"count"), "founder", alice, counter)
sent("message in epoch 65541", m(b"the low 16 bits are 5"), "late", dave)
for name, now, more in (
    ("in time", AT + 32_000, {}),
    ("ahead of our clock as far as allowed", AT - 2_000, {}),
    ("in time for us", AT + 7_000, {"maxAge": 5_000}),
    ("with another skew", AT + 30_100, {"skew": 100}),
):
    sent("timed message, " + name, timed(AT, 30_000), counter=20, more={"now": now, **more})
unknown = {"do": "makeData", "seed": bob["seed"], "counter": 30, "guard": r("unknown", 8)}
unknown["content"] = {"type": "C", "raw": b"\x63of a later version"}
example("control message of an unknown kind, to be ignored", unknown, {"do": "openData"}, OPENED, "three")

# Examples: fragments

long_message = messages["message of 1 KiB"]
message_256 = topic.make_data(inside("three") | data | {"content": m(r("256", 157))})["message"]
for name, message, length in (
    ("five fragments", long_message, 250),
    ("a whole message as one fragment", messages["short message"], 1000),
    ("256 fragments", message_256, 1),
    ("fragments of a rekey", made_three["message"], 200),
):
    make = {"do": "makeFragments", "message": message, "messageId": r(name, 4), "pieceLength": length}
    pieces = example(name, make, {"do": "openFragments"})["fragments"]
    shuffled = [bytes.fromhex(piece) for piece in sorted(pieces, key=lambda piece: h(piece.encode()))]
    if len(pieces) < 10:
        opening(name + ", in disorder", {"do": "openFragments", "fragments": shuffled})

# Examples: rekey, key request, removal notice

example("rekey: founder alone", founding, {"do": "openRekey", "epochSecret": founding["epochSecret"]})
member = {"do": "openRekey", "rekeySecret": carol["rekeySecret"], "topicId": TOPIC}
member |= {"signers": [alice["publicKey"]], "above": 1}
example("rekey: three participants, opened by carol", three, member)
member["rekeySecret"] = bob["rekeySecret"]
opening("rekey: three participants, opened by bob", member | {"message": made_three["message"]})
example("rekey: tombstones, name, padded", padding, member)
example("rekey: by bob, epoch 65541", late, {"do": "openRekey", "rekeySecret": dave["rekeySecret"]})

branch_a = rekey("branch a", 4, made_padding["commitment"], [alice, bob, dave])
branch_b = rekey("branch b", 4, made_padding["commitment"], [bob, alice, carol])
branch_c = rekey("branch c", 4, made_padding["commitment"], [bob], tombstones=[alice["joinId"]])
branch_d = rekey("branch d", 4, made_padding["commitment"], [alice, carol], tombstones=[bob["joinId"]])
for branch in (branch_a, branch_b):
    for one in branch["participants"]:
        one["flags"] = int(one["publicKey"] in (alice["publicKey"], bob["publicKey"]))
branches = {}
for name, given in (("a", branch_a), ("b", branch_b), ("c", branch_c), ("d", branch_d)):
    made = example(f"rekey: branch {name}", given, {"do": "openRekey", "epochSecret": given["epochSecret"]})
    branches[name] = {"epochSecret": given["epochSecret"], "body": bytes.fromhex(made["body"])}
admins = [alice["publicKey"], bob["publicKey"]]
for one, other in ("ab", "ba", "ac", "ca", "cb", "cd", "dc"):
    ask_winner = {"do": "winner", "epochs": [branches[one], branches[other]], "admins": admins}
    derivation(f"branch {one} or {other}", ask_winner)

request = {"do": "makeRequest", "seed": bob["seed"], "requestKey": REQUEST_KEY, "topicId": TOPIC}
request |= {"nonce": r("request nonce", 24), "epoch": 2, "failed": bytes(8), "serial": AT + 1}
request["rekeyKey"] = bob["rekeyKey"]
open_request = {"do": "openRequest", "requestKey": REQUEST_KEY, "topicId": TOPIC}
asked = bytes.fromhex(example("key request", request, open_request)["message"])
failed = {"failed": h(made_padding["message"])[:8], "nonce": r("other nonce", 24)}
example("key request, tells what failed", request | failed, open_request)
open_removal = {"do": "openRemoval", "rekeySecret": carol["rekeySecret"], "topicId": TOPIC}
open_removal |= {"publicKey": carol["publicKey"], "epoch": 2, "signers": [alice["publicKey"]]}
notice = bytes.fromhex(example("removal notice", removal, open_removal)["message"])

# Examples: texts

texts = {}
for name, role, address in (
    ("host", 1, "wss://relay.example/harbour?x=1"),
    ("joiner", 2, ""),
    ("host of other letters", 1, "Hafen ⚓"),
):
    make = {"do": "makeCode", "role": role, "secret": r(f"secret of {name}", 16), "address": address}
    make["publicKey"] = (dave if role == 2 else alice)["publicKey"]
    texts[name] = example(f"code shown by a {name}", make, {"do": "readCode"})["text"]
join = {"do": "makeJoin", "seed": dave["seed"], "serial": dave["serial"]}
join |= {"rekeyKey": dave["rekeyKey"], "name": "Dave 🛶"}
texts["join"] = example("join request", join, {"do": "readJoin"})["text"]
example("join request without a name", join | {"name": ""}, {"do": "readJoin"})
invitation = {"do": "makeInvitation", "seed": alice["seed"], "topicId": TOPIC, "epoch": 3}
invitation |= {"topicName": "Harbour ⚓", "name": "Alice"}
texts["invitation"] = example("invitation", invitation, {"do": "readInvitation"})["text"]

# Pairings

pairings = []


def given(name, **more):
    joins = {"do": "joiner", "seed": dave["seed"], "serial": dave["serial"], "name": "Dave 🛶"}
    joins |= {"rekeyKey": dave["rekeyKey"], "session": r(name + " session", 16)}
    hosts = {"do": "host", "seed": alice["seed"], "topicId": TOPIC, "epoch": 3, "name": "Alice"}
    hosts |= {"topicName": "Harbour ⚓", "salt": r(name + " salt", 16)}
    for side in (joins, hosts):
        side |= {"ephemeralSecret": r(f"{name} ephemeral of {side['do']}")} | more
    return joins, hosts


def converse(joins, hosts):
    """All messages of a pairing; a '6' too, if a side cancels."""
    came, sixth = {}, {}
    for side, ask in (("joiner", joins), ("host", hosts)) * 2 + (("joiner", joins),):
        out = getattr(topic, side)(ask | came)
        sixth |= {"message6": out.pop("message6")} if "message6" in out else {}
        came |= {name: value for name, value in out.items() if name.startswith("message")}
    return came | sixth


def pairing(name, joins, hosts):
    came = converse(joins, hosts)
    received = {  # each side gets what the other sent, and its own '6' not
        "joiner": {n: v for n, v in came.items() if n != "message6" or "cancel" in hosts},
        "host": {n: v for n, v in came.items() if n != "message6" or "cancel" in joins},
    }
    joiner_makes = topic.joiner(joins | received["joiner"])
    host_makes = topic.host(hosts | received["host"])
    assert joiner_makes["comparison"] == host_makes["comparison"]
    one_time, secret_id, _ = topic.use_code(joins, 1)
    ephemeral = topic.crypto_scalarmult_base(hosts["ephemeralSecret"])
    shared = topic.dh(joins["ephemeralSecret"], ephemeral, "")
    made = topic.pairing_keys(shared, one_time, joiner_makes["transcript"])
    secrets = {"shared": shared, "oneTimeSecret": one_time, "secretId": secret_id}
    secrets |= {"transcript": joiner_makes["transcript"]}
    for key in topic.PAIRING_KEYS:
        words = key.split()
        secrets[words[0] + "".join(word.capitalize() for word in words[1:])] = made[key]
    secrets["comparison"] = made["comparison"]["bytes"]
    parts = {"joiner": joins, "host": hosts, "messages": came, "keys": secrets}
    parts |= {"joinerMakes": joiner_makes, "hostMakes": host_makes}
    pairings.append(entry(name, None, **parts))
    return came


compare = given("compare")
compared = pairing("compared by two persons", *compare)
nameless = given("nameless")
pairing("without names", nameless[0] | {"name": ""}, nameless[1] | {"name": "", "topicName": ""})
scanned = given("scan host", code=texts["host"])
by_code = pairing("the joiner scans the host's code", *scanned)
pairing("the host scans the joiner's code", *given("scan joiner", code=texts["joiner"]))
different = given("different")
pairing("the joiner cancels", different[0] | {"cancel": 1}, different[1])
different = given("different too")
pairing("the host cancels", different[0], different[1] | {"cancel": 2})

# Refusals: data

in_three = "three"
OPEN = {"do": "openData"}


def bad(name, rule, message, reason=None, where="three", choice=False, **more):
    refusal(name, rule, {"do": "openData", "message": message} | more, reason, where, choice)


def raw(type_, content, where="three", who=bob, **more):
    make = {"seed": who["seed"], "counter": 40, "guard": r("raw", 8)} | inside(where) | more
    return topic.make_data(make | {"content": {"type": type_, "raw": content}})["message"]


good = messages["short message"]
bad("nothing", "0.1", b"")
for kind in "siZm\0":
    bad(f"first byte {kind!r}", "0.1", kind.encode() + good[1:])
bad("a header cut short", "3", good[:18])
bad("a header alone", "3.5", good[:19], "too short")
bad("one byte less than the shortest", "3.5", raw("M", b"")[:98], "too short")
for name, at, rule in (("epoch", 2, "3.1"), ("sender tag", 3, "3.1"), ("counter", 10, "3.5"),
                       ("guard", 11, "3.5"), ("ciphertext", 19, "3.5"), ("content", -17, "3.5"), ("AEAD tag", -1, "3.5")):
    bad(f"one bit of the {name} changed", rule, flipped(good, at))
bad("a byte appended", "3.5", good + b"\0")
bad("a byte cut off", "3.5", good[:-1])
bad("an M made a T", "3.5", b"T" + good[1:], "the type is bound into the ad (3.3)")
bad("of another epoch", "3.1", topic.make_data(inside("founder") | data | {"seed": alice["seed"]})["message"])
bad("for another channel", "3.5", topic.make_data(inside("three") | data | {"channelName": "other"})["message"],
    "context mismatch: the channel name is bound into the ad (1.2, 3.3)")
bad("with another commitment", "3.5", topic.make_data(inside("three") | data | {"commitment": epochs["founder"]["commitment"]})["message"],
    "commitment mismatch: it is bound into the ad (3.3)")
bad("a participant speaks as another", "3.4", topic.make_data(inside("three") | data | {"sender": carol["publicKey"]})["message"],
    "wrong signature: bob made it under carol's chain")
by_bob = next(one for one in epochs["three"]["senders"] if one["publicKey"] == bob["publicKey"])
by_bob = topic.keys(by_bob | {"counter": 1})["leaf"], good[11:19] + bytes(16)
ad = good[:19] + epochs["three"]["commitment"] + epochs["three"]["context"]
unsigned = good[:19] + seal(*by_bob, r("short", 63), ad)
bad("without room for a signature", "3", unsigned, "fewer than 64 bytes inside the AEAD")
far = 1000 + (1 << 22) + 1
bad("too far ahead", "2.6", raw("M", b"far", counter=far), highest=1000)
bad("of somebody removed", "3.10", good, tombstones=[bob["joinId"]])
for length in (0, 9):
    bad(f"timed message of {length} bytes", "3", raw("T", bytes(length)))
stale = messages["timed message"]
bad("stale", "3.7", stale, now=AT + 32_001)
bad("from the future", "3.7", stale, now=AT - 2_001)
bad("too old for us", "3.7", stale, now=AT + 7_001, maxAge=5_000)
bad("too old for us, though it sets no limit", "3.7", raw("T", u(48, AT) + bytes(4)), now=AT + 7_001, maxAge=5_000)
for name in ("short message", "bundle of one"):
    bad(f"{name} where freshness is asked for", "3.7", messages[name], now=AT, maxAge=5_000)
BUNDLES = {
    "empty bundle": (b"", None),
    "bundle of 1,025": (bytes(1025), None),
    "length 3 in two bytes": (b"\x40\x03abc", None),
    "length 63 in two bytes": (b"\x40\x3f" + r("b", 63), None),
    "length 64 in four bytes": (b"\x80\0\0\x40" + r("b", 64), None),
    "length 3 in eight bytes": (b"\xc0" + bytes(6) + b"\x03abc", None),
    "good payload, then length 0 in two bytes": (b"\x01a\x40\x00", None),
    "a length longer than the rest": (b"\x03ab", None),
    "a length cut short": (b"\x01a\x40", None),
    "a length of 2⁶² − 1": (b"\xff" * 8, None),
}
for name, (content, reason) in BUNDLES.items():
    bad(name, "3", raw("B", content), reason)
for name, content in {
    "control message without a kind": b"",
    "rekey key cut short": b"\x01" + r("c", 37),
    "rekey key with a byte more": b"\x01" + r("c", 39),
    "sync cut short": b"\x02" + r("c", 19),
    "sync with a byte more": b"\x02" + r("c", 21),
    "report cut short": b"\x03" + r("c", 23),
    "report with a byte more": b"\x03" + r("c", 25),
}.items():
    bad(name, "4", raw("C", content))
for name, content in {"nothing": b"", "zeros only": bytes(8), "text only": b"no marker", "marker, then text": b"ab\x80\0c"}.items():
    bad(f"padding: {name}", "3.6", raw("M", content, "padded"), "no 0x80 followed by zeros", "padded")
bad("padding: more than Padmé", "3.6", raw("M", b"abc\x80" + bytes(28), "padded"), None, "padded", True)
bad("padding: less than Padmé", "3.6", raw("M", b"abcdefgh\x80", "padded"), None, "padded", True)

# Refusals: fragments


def piece(index, last, data, message_id=b"frag"):
    return b"F" + message_id + bytes([index, last]) + data


dropped = [piece(0, 2, b"Mab"), piece(0, 2, b"Mac"), piece(1, 2, b"cd"), piece(1, 3, b"cde"),
           piece(2, 2, b"g"), piece(1, 2, b"def"), piece(2, 2, b"h")]
opening("fragments of which some contradict others and are dropped", {"do": "openFragments", "fragments": dropped})
for name, rule, pieces, choice in (
    ("an empty fragment", "5.1", [piece(0, 0, b"")], False),
    ("a fragment's header cut short", "5", [b"Ffrag\0"], False),
    ("an index above the last", "5.1", [piece(1, 0, b"Mabc")], False),
    ("two lasts", "5.2", [piece(0, 1, b"Mab"), piece(1, 2, b"cde"), piece(2, 2, b"f")], False),
    ("pieces of different length", "5.2", [piece(0, 2, b"Mab"), piece(1, 2, b"cd"), piece(2, 2, b"f")], False),
    ("fragments of a fragment", "5.2", [piece(0, 1, b"Ffrag\0"), piece(1, 1, b"\0Mabc")], False),
    ("fragments of a classic message", "5.2", [piece(0, 0, b"s" + bytes(120))], False),
    ("one missing", "5.2", [piece(0, 2, b"Mab"), piece(2, 2, b"f")], False),
):
    refusal(name, rule, {"do": "openFragments", "fragments": pieces}, None, None, choice)

# Refusals: rekeys

base = topic.unsigned_body(three, alice["publicKey"])
OPEN_AS_BOB = {"do": "openRekey", "rekeySecret": bob["rekeySecret"]}


def bad_rekey(name, change, rule="7.3", reason=None, choice=False, opens=None, **more):
    made = topic.make_rekey(three | change)["message"] if isinstance(change, dict) else change
    refusal("rekey: " + name, rule, (opens or OPEN_AS_BOB) | {"message": made} | more, reason, None, choice)


people_of = three["participants"]


def changed(at, **more):
    return [one | more if i == at else one for i, one in enumerate(people_of)]


order = three["slotOrder"]
by_key = {one["publicKey"]: i for i, one in enumerate(people_of)}
at_alice, at_bob = by_key[alice["publicKey"]], by_key[bob["publicKey"]]
bad_rekey("one participant twice", {"participants": sorted(people_of + [people_of[at_bob] | {"joinId": r("other", 8)}], key=lambda one: one["publicKey"]),
          "slotOrder": order + [bob["publicKey"]]}, reason="two equal public keys")
bad_rekey("two equal join IDs", {"participants": changed(at_bob, joinId=carol["joinId"])})
bad_rekey("no admin", {"participants": changed(at_alice, flags=0)})
bad_rekey("no participants", {"participants": [], "slotOrder": []}, opens={"do": "openRekey", "epochSecret": three["epochSecret"]})
for bit in (1, 7):
    bad_rekey(f"option bit {bit}", {"options": 1 << bit})
    bad_rekey(f"flag bit {bit}", {"participants": changed(at_bob, flags=1 << bit)})
bad_rekey("name of 65 bytes", {"name": "x" * 65})
name_bytes = b"\x0bHarbour \xe2\x9a\x93"
assert name_bytes in base
bad_rekey("name not UTF-8", {"unsigned": base.replace(name_bytes, b"\x0bHarbour \xe2\x9a\x40")})
bad_rekey("name an encoded surrogate", {"unsigned": base.replace(name_bytes, b"\x0bHarbour \xed\xa0\x80")})
bad_rekey("tombstone of a participant", {"tombstones": [r("gone", 8), bob["joinId"]]})
bad_rekey("257 tombstones", {"tombstones": [r(f"gone {i}", 8) for i in range(257)]})
bad_rekey("body with a byte more", {"unsigned": base + b"\0"})
bad_rekey("body with a byte less", {"unsigned": base[:-1]})
bad_rekey("body with a tombstone less than it says", {"unsigned": base[:-2] + b"\0\x01"})
bad_rekey("empty body", {"unsigned": b""})
bad_rekey("another epoch in the body", {"unsigned": base[:48] + u(32, 3) + base[52:]})
bad_rekey("epoch 0", {"epoch": 0})
bad_rekey("epoch 1 with a parent", {"epoch": 1}, choice=True)
bad_rekey("epoch 2 without a parent", {"parent": bytes(32)}, choice=True)
bad_rekey("signed by another", {"seed": bob["seed"], "signer": alice["publicKey"]}, "7.4")
good_rekey = made_three["message"]


def resealed(new_outer):
    """By somebody who knows the epoch secret: the same body behind another outer part."""
    key = hkdf(three["epochSecret"], h(new_outer), label("topic rekey body"), 32)
    return new_outer + seal(key, bytes(24), made_three["body"], new_outer)


bad_rekey("a signed body behind changed slots", resealed(flipped(outer, 39 + 8 + 20)), "7.4", "the signature covers H(outer)")
bad_rekey("nothing but the first byte", b"K", "7")
bad_rekey("slots cut short", good_rekey[:100], "7")
bad_rekey("body cut short", good_rekey[:-1], "7.2")
bad_rekey("a byte appended", good_rekey + b"\0", "7.2")
bad_rekey("one bit of the epoch changed", flipped(good_rekey, 4), "7.1", "the epoch is in the slot's info: another hint")
bad_rekey("one bit of the ephemeral key changed", flipped(good_rekey, 5), "7.1")
bad_rekey("one bit of our hint changed", flipped(good_rekey, 39 + 56), "7.1")
bad_rekey("one bit of our sealed secret changed", flipped(good_rekey, 39 + 56 + 8), "7.1")
bad_rekey("one bit of another's slot changed", flipped(good_rekey, 39 + 8), "7.2", "the slots are in the body's key and ad")
bad_rekey("one bit of the body changed", flipped(good_rekey, 39 + 112), "7.2")
bad_rekey("no slot for us", good_rekey, "7.1", opens={"do": "openRekey", "rekeySecret": dave["rekeySecret"]})
bad_rekey("a slot too few", {"slotOrder": [bob["publicKey"]]}, "7.1", choice=True)
bad_rekey("a slot too many", {"slotOrder": order + [alice["publicKey"]]}, "7.1", choice=True)
bad_rekey("another topic", good_rekey, "7.5", topicId=r("another topic", 16))
bad_rekey("signer no admin", good_rekey, "7.5", signers=[carol["publicKey"]])
bad_rekey("old", good_rekey, "7.10", above=3)
bad_rekey("not a rekey", b"k" + good_rekey[1:], "0.1")


def crowd():
    """64 participants for two equal tags; only bob's slot can be opened."""
    others = [person(f"crowd {i}") for i in range(62)]
    return rekey("crowd", 5, r("parent of the crowd"), [alice, bob] + others)


def find_collision(start, step):
    """Prints the first number whose secret gives two of the crowd the same tag."""
    ask = crowd()
    unsigned = topic.unsigned_body(ask, alice["publicKey"])
    texts = [label("topic sender tag") + one["publicKey"] for one in ask["participants"]]
    b, info, mac = h(unsigned), label("topic header key") + b"\x01", topic.mac
    while True:
        header = mac(mac(b, colliding_secret(start)), info)
        if len({mac(header, text)[:4] for text in texts}) < len(texts):
            print(start, flush=True)
            return
        start += step


def colliding_secret(number):
    return number.to_bytes(32, "big")


if "--find-collision" not in sys.argv:
    given_crowd = crowd() | {"epochSecret": colliding_secret(COLLIDING)}
    bad_rekey("two participants with one tag", topic.make_rekey(given_crowd)["message"], "2.2")

# Refusals: key request and removal notice


def bad_request(name, rule, message, reason=None, **more):
    refusal("key request: " + name, rule, open_request | {"message": message} | more, reason)


bad_request("another request key", "8.1", asked, requestKey=r("another request key"))
bad_request("another topic", "8.1", asked, "the topic ID is signed", topicId=r("another topic", 16))
bad_request("signed by another", "8.1", topic.make_request(request | {"signer": carol["publicKey"]})["message"])
bad_request("one bit of the nonce changed", "8.1", flipped(asked, 1))
bad_request("one bit of the AEAD tag changed", "8.1", flipped(asked, -1))
bad_request("cut short", "8", asked[:20])
bad_request("a byte less", "8.1", asked[:-1])


def sealed_request(change):
    plain = topic.unseal(REQUEST_KEY, asked[1:25], asked[25:], label("topic key request"), "")
    return asked[:25] + seal(REQUEST_KEY, asked[1:25], change(plain), label("topic key request"))


bad_request("a byte more inside", "8", sealed_request(lambda plain: plain + b"\0"))
bad_request("a byte less inside", "8", sealed_request(lambda plain: plain[:-1]))
bad_request("one bit of the serial changed inside", "8.1", sealed_request(lambda plain: flipped(plain, 49)))


def bad_removal(name, rule, change, reason=None, **more):
    message = topic.make_removal(removal | change)["message"] if isinstance(change, dict) else change
    refusal("removal notice: " + name, rule, open_removal | {"message": message} | more, reason)


bad_removal("for another rekey key", "8.5", notice, rekeySecret=bob["rekeySecret"])
bad_removal("signed for another topic", "8.5", {"topicId": r("another topic", 16)})
bad_removal("signed for the removal of another", "8.5", {"publicKey": bob["publicKey"]})
bad_removal("signed by another", "8.5", {"seed": bob["seed"], "signer": alice["publicKey"]})
bad_removal("signer no admin", "8.5", {"seed": bob["seed"]})
bad_removal("of an older epoch", "8.5", {"epoch": 1})
bad_removal("one bit of the hint changed", "8.5", flipped(notice, 33))
bad_removal("one bit of the ephemeral key changed", "8.5", flipped(notice, 1))
bad_removal("one bit of the AEAD tag changed", "8.5", flipped(notice, -1))
bad_removal("cut short", "8", notice[:40])

# Refusals: pairing

joins, hosts = compare
joiner_knows = {name: compared[name] for name in ("message2", "message4")}
host_knows = {name: compared[name] for name in ("message1", "message3", "message5")}


def bad_joiner(name, rule, reason=None, base=None, choice=False, **more):
    refusal("joiner: " + name, rule, (base or joins | joiner_knows) | more, reason, None, choice)


def bad_host(name, rule, reason=None, base=None, choice=False, **more):
    refusal("host: " + name, rule, (base or hosts | host_knows) | more, reason, None, choice)


def other_host(**more):
    """The '4' of a host that changed its mind after the '2' of `hosts`."""
    return topic.host(hosts | host_knows | more)


bad_joiner("'2' of another session", "9.1", message2=flipped(compared["message2"], 1))
bad_joiner("'2' cut short", "9", message2=compared["message2"][:-1])
bad_joiner("'2' with a byte more", "9", message2=compared["message2"] + b"\0")
bad_joiner("another ephemeral key in '2'", "9.4", "other keys", message2=flipped(compared["message2"], 17))
bad_joiner("another commitment in '2'", "9.4", "another transcript, other keys", message2=flipped(compared["message2"], 60))
bad_joiner("ephemeral key of low order in '2'", "9.4", choice=True,
           message2=compared["message2"][:17] + bytes(32) + compared["message2"][49:])
bad_joiner("'4' of another session", "9.1", message4=flipped(compared["message4"], 1))
bad_joiner("one bit of '4' changed", "9.4", message4=flipped(compared["message4"], 60))
bad_joiner("a byte cut off '4'", "9.4", message4=compared["message4"][:-1])
bad_joiner("'4' signed by another", "9.5", "wrong signature", message4=other_host(signSeed=bob["seed"])["message4"])


def pairing_plain(side):
    keys_of = pairings[0]["keys"]
    key = bytes.fromhex(keys_of["hostKey" if side == "host" else "joinerKey"])
    message = compared["message4" if side == "host" else "message3"]
    head = message[:17] if side == "host" else message[:49]
    return head, key, topic.unseal(key, bytes(24), message[len(head):], b"", "")


def resealed_4(change):
    head, key, plain = pairing_plain("host")
    return head + seal(key, bytes(24), change(plain))


def resealed_3(change):
    head, key, plain = pairing_plain("joiner")
    return head + seal(key, bytes(24), change(plain))


bad_joiner("another salt in '4'", "9.5", message4=resealed_4(lambda plain: flipped(plain, 0)))
bad_joiner("another topic ID in '4'", "9.5", message4=resealed_4(lambda plain: flipped(plain, 16 + 129)))
bad_joiner("a byte more in '4'", "9.5", message4=resealed_4(lambda plain: plain + b"\0"))
bad_joiner("its own '3' as '4'", "9.4", message4=b"4" + compared["message3"][1:17] + compared["message3"][49:])
bad_joiner("its own '6' back", "9.4", "the cancel key is of the sender",
           message6=topic.joiner(joins | joiner_knows | {"cancel": 1})["message6"])
bad_host("'1' cut short", "9", message1=compared["message1"][:-1])
bad_host("'1' with a byte more", "9", message1=compared["message1"] + b"\0")
bad_host("'1' with a secret ID that we do not know", "9.4", message1=by_code["message1"], choice=True, base=hosts)
bad_host("'1' without a secret ID where there is a code", "9.4", base=scanned[1], message1=compared["message1"], choice=True)
bad_host("'3' of another session", "9.1", message3=flipped(compared["message3"], 1))
bad_host("one bit of '3' changed", "9.4", message3=flipped(compared["message3"], 70))
bad_host("'3' with another ephemeral key", "9.4", message3=flipped(compared["message3"], 20))
bad_host("'3' signed by another", "9.5", "wrong signature", message3=topic.joiner(
    joins | joiner_knows | {"signSeed": bob["seed"]})["message3"])
bad_host("another rekey key in '3'", "9.5", message3=resealed_3(lambda plain: flipped(plain, 129 + 6)))
bad_host("another name in '3'", "9.5", message3=resealed_3(
    lambda plain: plain.replace("Dave".encode(), b"Evil")))
bad_host("one bit of '5' changed", "9.4", message5=flipped(compared["message5"], -1))
bad_host("'5' cut short", "9", message5=compared["message5"][:-1])
bad_host("'5' of another session", "9.1", message5=by_code["message5"])
bad_host("its own '6' back", "9.4", "the cancel key is of the sender",
         message6=topic.host(hosts | host_knows | {"cancel": 1})["message6"])
made_up = {"message6": b"6" + compared["message1"][1:17] + r("cancel", 17)}
bad_host("a '6' made up", "9.4", **made_up)
bad_joiner("a '6' made up", "9.4", **made_up)


def with_card(change, side):
    """A whole pairing in which one side's card is wrong; what the other side is then asked."""
    mine = {"joiner": joins, "host": hosts}[side]["seed"]
    right = topic.card
    topic.card = lambda seed: change(right(seed)) if seed == mine else right(seed)
    ours, theirs = {"joiner": (joins, hosts), "host": (hosts, joins)}[side]
    check, topic.read_profile = topic.read_profile, lambda _, data, *rules: {"publicKey": data[1:33]}
    try:
        came = converse(joins, hosts)
    finally:
        topic.card, topic.read_profile = right, check
    return came


for name, change, rule in (
    ("version 2 of the card", lambda data: b"\x02" + data[1:], "identity 2.1"),
    ("another exchange key in the card", lambda data: flipped(data, 40), "identity 2.2"),
):
    came = with_card(change, "host")
    bad_joiner(name, rule, message2=came["message2"], message4=came["message4"])
    came = with_card(change, "joiner")
    bad_host(name, rule, message1=came["message1"], message3=came["message3"])
long_name = joins | {"name": "x" * 65}
bad_host("a name of 65 bytes", "9", message1=topic.joiner(long_name)["message1"],
         message3=topic.joiner(long_name | {"message2": topic.host(hosts | {"message1": topic.joiner(long_name)["message1"]})["message2"]})["message3"])

wrong_code = topic.make_code({"role": 1, "publicKey": bob["publicKey"], "secret": r("secret of host", 16), "address": ""})["text"]
bad_joiner("the host has not the key of the code", "9.9", base=scanned[0] | {"code": wrong_code, "message2": by_code["message2"], "message4": by_code["message4"]})
wrong_code = topic.make_code({"role": 2, "publicKey": bob["publicKey"], "secret": r("secret of joiner", 16), "address": ""})["text"]
scan_joiner = given("scan joiner", code=texts["joiner"])
bad_host("the joiner has not the key of the code", "9.9", base=scan_joiner[1] | converse(*scan_joiner) | {"code": wrong_code})

# Refusals: texts


def bad_text(name, do, text, rule="9.9", reason=None, choice=False):
    refusal(f"{do}: {name}", rule, {"do": do, "text": text}, reason, None, choice)


def code_text(data):
    return "stringphone:pair/" + topic.base64url(data)


code = b"\x01\x01" + r("hash", 16) + r("secret", 16)
bad_text("of another prefix", "readCode", texts["join"])
bad_text("prefix in capitals", "readCode", texts["host"].replace("stringphone", "Stringphone"), choice=True)
bad_text("version 2", "readCode", code_text(b"\x02" + code[1:]))
for role in (0, 3):
    bad_text(f"role {role}", "readCode", code_text(b"\x01" + bytes([role]) + code[2:]))
bad_text("a byte less", "readCode", code_text(code[:-1]))
bad_text("nothing", "readCode", code_text(b""))
bad_text("address not UTF-8", "readCode", code_text(code + b"\xff"))
bad_text("with padding", "readCode", code_text(code + b"abc") + "=", choice=True)
bad_text("with the other alphabet", "readCode", code_text(code + b"\xc3\xbb\xc3\xbf\xc3\xbe").replace("-", "+").replace("_", "/"))
bad_text("not canonical: bits set that do not count", "readCode", code_text(code)[:-1] + chr(ord(code_text(code)[-1]) + 1), choice=True)
for do, text, other, last in (("readJoin", texts["join"], topic.make_join, join), ("readInvitation", texts["invitation"], topic.make_invitation, invitation)):
    prefix = text[: text.index("/") + 1]
    plain = topic.from_text(text, prefix, "")

    def again(data):
        return prefix + topic.base64url(data)

    bad_text("version 2", do, again(b"\x02" + plain[1:]), "9.10")
    bad_text("signed by another", do, other(last | {"signSeed": bob["seed"]})["text"], "9.10")
    bad_text("one bit of the role fields changed", do, again(flipped(plain, 131)), "9.10")
    bad_text("a byte more", do, again(plain + b"\0"), "9.10")
    bad_text("a byte less", do, again(plain[:-1]), "9.10")
    bad_text("one bit of the card changed", do, again(flipped(plain, 100)), "identity 2.2")
    bad_text("the other kind of text", do, texts["host"], "9.10")
swap = topic.from_text(texts["join"], "stringphone:join/", "")
signature = sign(dave["seed"], label("topic invitation") + swap[1:-64])
bad_text("signed with another label", "readJoin", "stringphone:join/" + topic.base64url(swap[:-64] + signature), "9.10")

vectors = {
    "about": "Test vectors for spec/topic.md, by a second implementation in Python from the spec alone: "
    "test/second/topic.py (whose requests these are) and topic_vectors.py (which tells the shape).",
    "identities": people,
    "epochs": epochs,
    "derivations": derivations,
    "examples": examples,
    "pairings": pairings,
    "refusals": refusals,
}


def self_check():
    """Reads the written vectors back through the line protocol's requests."""
    with open(PATH, encoding="utf-8") as file:
        written = json.load(file)
    if written != json.loads(json.dumps(to_json(vectors))):
        return "topic.json is not what topic_vectors.py makes"
    checks = 0

    def check(one, request, expected):
        nonlocal checks
        where = written["epochs"].get(one.get("in"), {})
        state = {name: where[name] for name in ("epochSecret", "body", "channelName") if where}
        got = topic.answer(state | request)
        for name, value in expected.items():
            if got.get(name) != value:
                sys.exit(f"{one['name']}: {name} is {got.get(name)}, not {value} ({got.get('error')})")
        checks += 1
        return got

    for one in written["derivations"]["requests"] + written["examples"]:
        made = check(one, one["make"], one["made"]) if "make" in one else {}
        if "open" in one:
            same = {"content": one["make"]["content"]} if one["open"]["do"] == "openData" else {}
            check(one, made | one["open"], same | one["opened"])
    for one in written["pairings"]:
        for side, other in (("joiner", "host"), ("host", "joiner")):
            came = {n: v for n, v in one["messages"].items() if n != "message6" or "cancel" in one[other]}
            check(one, one[side] | came, one[side + "Makes"])
    for one in written["refusals"]:
        if not check(one, one["request"], {}).get("error", "").startswith(one["rule"] + ":"):
            return f"{one['name']}: not refused by {one['rule']}"
    print(f"{checks} checks passed")
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--find-collision"]:
        find_collision(int(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1:] == ["--check"]:
        sys.exit(self_check())
    else:
        with open(PATH, "w", encoding="utf-8") as file:
            json.dump(to_json(vectors), file, indent=1, ensure_ascii=False)
            file.write("\n")
