#!/usr/bin/python3
"""Our own topics a second time, in Python on PyNaCl, from spec/topic.md and spec/identity.md alone.

Reads one JSON object per line, writes one per line: the outcome, or {"error": "<rule>: <words>"}.
Bytes are lower-case hexadecimal; what topic_bytes.py names TEXT is text, all else numbers. Nothing
is kept between lines: a request brings all state, and all that is random. `x?` may be left out.

  derive          epochSecret, body -> commitment, headerKey, senders: [{publicKey, tag, chainKey}]
  context         topicId, channelName -> context
  keys            chainKey, counter -> chainKey (of the counter's block), blockKey, branch, leaf
  padme           length -> size
  comparison      bytes (the 12) -> numbers, emoji, digits
  winner          epochs: [{epochSecret, body} twice], admins?: [public key], of their parent, the
                  senior first -> winner (0 or 1)
  makeData        seed, epochSecret, body, channelName, counter, guard, content -> message
  openData        epochSecret, body, channelName, message, tombstones?: [join ID], highest?, now?,
                  skew?, maxAge? -> sender, epoch, counter, plain (content without padding), content
    content:      {type: M, payload} | {type: T, sentAt, validFor, payload} | {type: B, payloads}
                  | {type: C, kind, its fields} | to make only: {type, raw}
  makeFragments   message, messageId, pieceLength -> fragments
  openFragments   fragments (in any order) -> message
  makeRekey       seed, epochSecret, ephemeralSecret, topicId, requestKey, epoch, parent, madeAt,
                  options, name, participants: [{publicKey, serial, rekeyKey, joinId, flags}],
                  tombstones, slotOrder?: [public key] -> message, body, commitment
  openRekey       message, rekeySecret | epochSecret, topicId?, signers?: [public key], above? (an
                  epoch) -> epochSecret, body, commitment, and all fields of the body
  makeRequest     seed, requestKey, topicId, nonce, epoch, failed, serial, rekeyKey -> message
  openRequest     message, requestKey, topicId -> publicKey, epoch, failed, serial, rekeyKey
  makeRemoval     seed, topicId, epoch, publicKey, rekeyKey (both of the removed one),
                  ephemeralSecret -> message
  openRemoval     message, rekeySecret, topicId, publicKey, epoch?, signers? -> signer, epoch
  joiner          seed, serial, rekeyKey, name, session, ephemeralSecret, code?, cancel?, and what
                  came: message2?, message4?, message6? -> message1; after message2: message3,
                  transcript; after message4: host, comparison, message5
  host            seed, topicId, epoch, topicName, name, salt, ephemeralSecret, code?, cancel?, and
                  what came: message1, message3?, message5?, message6? -> message2; after message3:
                  message4, transcript, joiner, comparison; after message5: confirmed
                  (both: with cancel, a reason, also message6; after message6: cancelled)
  makeCode        role, publicKey, secret, address -> text
  readCode        text -> role, keyHash, secret, address, oneTimeSecret, secretId
  makeJoin        seed, serial, rekeyKey, name -> text
  makeInvitation  seed, topicId, epoch, topicName, name -> text
  readJoin, readInvitation   text -> profile

To make what must be refused: makeData takes sender and commitment, makeRekey signer and unsigned (a
body), makeRequest and makeRemoval signer, joiner and host signSeed, in place of the right ones.
"""
import json
import re
import sys

from nacl.bindings import crypto_scalarmult_base

from topic_bytes import EMOJI, NO_NONCE, Refused, base64url, dh, from_json, from_text, h, hkdf, mac
from topic_bytes import label, need, pack, public_key, seal, sign, starting, to_json, u, unpack
from topic_bytes import unseal, utf8, verify

# 1 and 2: context, key schedule, chains

def context(ask):  # 1.2
    name = ask["channelName"].encode()
    need(len(name) <= 255, "1.2", "a channel name of more than 255 bytes")
    return {"context": h(label("topic channel") + ask["topicId"] + name)}

def derive(ask):  # 2
    def derived(name):
        return hkdf(ask["epochSecret"], h(ask["body"][:-64]), name, 32)
    header_key, senders = derived(label("topic header key")), []
    for key in (one["publicKey"] for one in parse_body(ask["body"])["participants"]):
        tag = mac(header_key, label("topic sender tag") + key)[:4]
        need(tag not in (one["tag"] for one in senders), "2.2", "two participants with one tag")
        chain_key = derived(label("topic sender chain") + key)
        senders.append({"publicKey": key, "tag": tag, "chainKey": chain_key})
    commitment = derived(label("topic epoch commitment"))
    return {"commitment": commitment, "headerKey": header_key, "senders": senders}

def keys(ask):  # 2
    chain_key, counter = ask["chainKey"], ask["counter"]
    for _ in range(counter >> 8):
        chain_key = mac(chain_key, label("topic next block"))
    block_key = mac(chain_key, label("topic block"))
    branch = mac(block_key, label("topic branch") + u(8, (counter >> 4) & 15))
    leaf = mac(branch, label("topic leaf") + u(8, counter & 15))
    return {"chainKey": chain_key, "blockKey": block_key, "branch": branch, "leaf": leaf}

def winner(ask):  # 7.6
    one, other = (parse_body(epoch["body"]) for epoch in ask["epochs"])
    def removed_by(body, its):
        admins = [member["publicKey"] for member in body["participants"] if member["flags"] & 1]
        return its["signer"] not in admins
    def rank(epoch):
        return -len(parse_body(epoch["body"])["tombstones"]), derive(epoch)["commitment"]
    removals = removed_by(one, other), removed_by(other, one)
    if all(removals):
        senior = min(one["signer"], other["signer"], key=ask["admins"].index)
        return {"winner": int(senior != one["signer"])}
    if any(removals):
        return {"winner": removals.index(True)}
    return {"winner": int(rank(ask["epochs"][0]) > rank(ask["epochs"][1]))}

# 3 and 4: data messages

PLAIN = {"M": "payload:*", "T": "sentAt:u48 validFor:u32 payload:*"}
CONTROL = {1: "serial:u48 rekeyKey:32", 2: "challenge:16 counters:u32",
           3: "challenge:16 tag:4 counters:u32 guard:8", 4: "epoch:u32 counters:u32"}

def padme_size(length):  # 3.6
    if length < 2:
        return length
    e = length.bit_length() - 1
    step = 1 << (e - e.bit_length())  # ⌊log₂ e⌋ + 1 is the number of bits of e
    return -(-length // step) * step

def padme(ask):
    return {"size": padme_size(ask["length"])}

def varint(number):  # RFC 9000 §16
    bits = next(bits for bits in (8, 16, 32, 64) if number < 1 << (bits - 2))
    return u(bits, number | {8: 0, 16: 1, 32: 2, 64: 3}[bits] << (bits - 2))

def read_bundle(data):
    payloads = []
    while data:
        bits = 8 << (data[0] >> 6)
        head = unpack(f"length:u{bits} rest:*", data, "3")
        length = head["length"] & ((1 << (bits - 2)) - 1)
        need(len(varint(length)) * 8 == bits, "3", "a length not in its shortest form")
        payload, data = unpack(f"payload:{length} rest:*", head["rest"], "3").values()
        payloads.append(payload)
    need(1 <= len(payloads) <= 1024, "3", "no or more than 1,024 payloads")
    return payloads

def content_bytes(content):
    if "raw" in content:
        return content["raw"]
    if content["type"] == "B":
        return b"".join(varint(len(payload)) + payload for payload in content["payloads"])
    if content["type"] == "C":
        return u(8, content["kind"]) + pack(CONTROL[content["kind"]], content)
    return pack(PLAIN[content["type"]], content)

def parse_content(kind, plain):
    if kind == "B":
        return {"type": kind, "payloads": read_bundle(plain)}
    if kind in PLAIN:
        return {"type": kind} | unpack(PLAIN[kind], plain, "3")
    number, rest = unpack("kind:u8 rest:*", plain, "4").values()
    known = unpack(CONTROL[number], rest, "4") if number in CONTROL else {"unknown": True}
    return {"type": kind, "kind": number} | known

def binding(ask, body, schedule):  # 3.3
    name = {"topicId": body["topicId"], "channelName": ask["channelName"]}
    return ask.get("commitment", schedule["commitment"]) + context(name)["context"]

def make_data(ask):
    key, schedule = ask.get("sender", public_key(ask["seed"])), derive(ask)
    sender = next(one for one in schedule["senders"] if one["publicKey"] == key)
    body, content = parse_body(ask["body"]), content_bytes(ask["content"])
    if body["options"] & 1 and "raw" not in ask["content"]:
        content += b"\x80" + bytes(padme_size(len(content) + 1) - len(content) - 1)
    header = ask["content"]["type"].encode() + u(16, body["epoch"] & 0xFFFF) + sender["tag"]
    header += u(32, ask["counter"]) + ask["guard"]
    ad = header + binding(ask, body, schedule)
    plain = sign(ask["seed"], label("topic message") + ad + content) + content
    leaf = keys(sender | {"counter": ask["counter"]})["leaf"]
    return {"message": header + seal(leaf, ask["guard"] + bytes(16), plain, ad)}

def open_data(ask):
    kind, body, schedule = ask["message"][:1], parse_body(ask["body"]), derive(ask)
    need(kind in (b"M", b"T", b"B", b"C"), "0.1", "not a data message")
    layout, message = "epoch:u16 tag:4 counter:u32 guard:8 sealed:*", starting(ask["message"], kind)
    epoch, tag, counter, guard, sealed = unpack(layout, message, "3").values()
    need(epoch == body["epoch"] & 0xFFFF, "3.1", "another epoch")
    both = zip(schedule["senders"], body["participants"])
    sender = next((keys | one for keys, one in both if keys["tag"] == tag), None)
    need(sender, "3.1", "an unknown sender")
    need(sender["joinId"] not in ask.get("tombstones", []), "3.10", "the sender was removed")
    need(counter <= ask.get("highest", -1) + (1 << 22), "2.6", "too far ahead")
    ad = ask["message"][:19] + binding(ask, body, schedule)
    leaf = keys(sender | {"counter": counter})["leaf"]
    plain = unseal(leaf, guard + bytes(16), sealed, ad, "3.5")
    signature, plain = unpack("signature:64 plain:*", plain, "3").values()
    verify(sender["publicKey"], label("topic message") + ad + plain, signature, "3.4")
    if body["options"] & 1:
        stripped = plain.rstrip(b"\0")
        need(stripped[-1:] == b"\x80", "3.6", "no padding")
        need(len(plain) == padme_size(len(stripped)), "3.6", "not padded to the size of Padmé")
        plain = stripped[:-1]
    content = parse_content(kind.decode(), plain)
    if "now" in ask and content["type"] != "C":
        check_fresh(content, ask["now"], ask.get("skew", 2000), ask.get("maxAge"))
    known = {"sender": sender["publicKey"], "epoch": body["epoch"], "counter": counter}
    return known | {"plain": plain, "content": content}

def check_fresh(content, now, skew, max_age):  # 3.7
    need(content["type"] == "T" or max_age is None, "3.7", "its age is not known")
    limits = [limit for limit in (content.get("validFor"), max_age) if limit]
    sent = content.get("sentAt", now)
    need(sent <= now + skew, "3.7", "from the future")
    need(all(now <= sent + limit + skew for limit in limits), "3.7", "stale")

# 5: fragments

def make_fragments(ask):
    message, length = ask["message"], ask["pieceLength"]
    pieces = [message[at : at + length] for at in range(0, len(message), length)]
    need(1 <= len(pieces) <= 256, "5.1", "more than 256 pieces")
    head, last = b"F" + ask["messageId"], u(8, len(pieces) - 1)
    return {"fragments": [head + u(8, i) + last + piece for i, piece in enumerate(pieces)]}

def fit(pieces, last):  # 5.1
    sizes = {len(piece) for at, piece in pieces.items() if at < last}
    return len(sizes) < 2 and all(len(pieces.get(last, b"")) <= size for size in sizes)

def open_fragments(ask):
    pieces, seen = {}, []
    for fragment in ask["fragments"]:
        layout = "messageId:4 index:u8 last:u8 piece:*"
        message_id, index, last, piece = unpack(layout, starting(fragment, b"F"), "5").values()
        need(index <= last and piece, "5.1", "an index above the last, or an empty piece")
        seen = seen or [message_id, last]
        if seen == [message_id, last] and fit({index: piece} | pieces, last):
            pieces.setdefault(index, piece)  # 5.2: what contradicts the others is dropped
    need(seen and len(pieces) == seen[1] + 1, "5.2", "not complete")
    message = b"".join(pieces[index] for index in sorted(pieces))
    need(message[0] in b"MTBCKQX123456", "5.2", "a fragment or unknown message in fragments")
    return {"message": message}

# 7: rekey

BODY = "topicId:16 requestKey:32 epoch:u32 parent:32 madeAt:u48 options:u8 signer:32 name count:u16"
PARTICIPANT = "publicKey:32 serial:u48 rekeyKey:32 joinId:8 flags:u8"

def open_slot(slots, secret, ephemeral, info, rule):
    hint, key = slot_keys(secret, ephemeral, ephemeral, crypto_scalarmult_base(secret), info)
    need(hint in slots, rule, f"no{' slot' if rule == '7.1' else 't'} for this rekey key")
    return unseal(key, NO_NONCE, slots[hint], b"", rule)

def slot_keys(secret, public, ephemeral, rekey_key, info):  # 7.1
    both = hkdf(dh(secret, public, "7.1"), ephemeral + rekey_key, info, 40)
    return both[:8], both[8:]

def has_slot(key):  # 7.1: one of low order has none
    try:
        return bool(dh(b"\1" * 32, key, ""))
    except Refused:
        return False

def unsigned_body(ask, signer):  # 7.3
    body = pack(BODY, ask | {"signer": signer, "count": len(ask["participants"])})
    body += b"".join(pack(PARTICIPANT, one) for one in ask["participants"])
    return body + u(16, len(ask["tombstones"])) + b"".join(ask["tombstones"])

def parse_body(body):  # 7.3
    out = unpack(BODY + " rest:*", body, "7.3")
    count, rest = out.pop("count"), out.pop("rest")
    need(count <= 1024, "7.3", "more than 1,024 participants")
    roster = out["participants"] = []
    for _ in range(count):
        roster.append(unpack(PARTICIPANT + " rest:*", rest, "7.3"))
        rest = roster[-1].pop("rest")
    count, rest = unpack("count:u16 rest:*", rest, "7.3").values()
    need(count <= 256, "7.3", "more than 256 tombstones")
    unpack(f"tombstones:{8 * count} signature:64", rest, "7.3")
    gone = out["tombstones"] = [rest[at : at + 8] for at in range(0, 8 * count, 8)]
    public_keys, join_ids = ([one[name] for one in roster] for name in ("publicKey", "joinId"))
    need(out["options"] <= 1, "7.3", "an unknown option")
    need(all(one["flags"] <= 1 for one in roster), "7.3", "an unknown flag")
    need(out["epoch"] > 0, "7.3", "epoch 0")
    need((out["epoch"] == 1) == (out["parent"] == bytes(32)), "7.3", "the wrong parent")
    need(len(set(public_keys)) == len(public_keys), "7.3", "two public keys alike")
    need(len(set(join_ids)) == len(join_ids), "7.3", "two join IDs alike")
    need(len(set(gone)) == len(gone), "7.3", "two tombstones alike")
    need(any(one["flags"] & 1 for one in roster), "7.3", "no admin")
    need(not set(join_ids) & set(gone), "7.3", "a tombstone of a participant")
    return out

def body_key(secret, outer):  # 7.2
    return hkdf(secret, h(outer), label("topic rekey body"), 32)

def make_rekey(ask):
    signer, secret = ask.get("signer", public_key(ask["seed"])), ask["epochSecret"]
    ephemeral = crypto_scalarmult_base(ask["ephemeralSecret"])
    to = {one["publicKey"]: one["rekeyKey"] for one in ask["participants"]}
    order = ask.get("slotOrder", [key for key in to if key != signer and has_slot(to[key])])
    outer = b"K" + u(32, ask["epoch"]) + ephemeral + u(16, len(order))
    info = label("topic rekey slot") + u(32, ask["epoch"])
    for key in order:
        hint, key = slot_keys(ask["ephemeralSecret"], to[key], ephemeral, to[key], info)
        outer += hint + seal(key, NO_NONCE, secret)
    body = ask["unsigned"] if "unsigned" in ask else unsigned_body(ask, signer)
    body += sign(ask["seed"], label("topic rekey") + h(outer) + body)
    message = outer + seal(body_key(secret, outer), NO_NONCE, body, outer)
    commitment = hkdf(secret, h(body[:-64]), label("topic epoch commitment"), 32)
    return {"message": message, "body": body, "commitment": commitment}

def open_rekey(ask):
    layout, message = "epoch:u32 ephemeral:32 count:u16 rest:*", starting(ask["message"], b"K")
    epoch, ephemeral, count, rest = unpack(layout, message, "7").values()
    slots, sealed = unpack(f"slots:{56 * count} sealed:*", rest, "7").values()
    slots = {slots[at : at + 8]: slots[at + 8 : at + 56] for at in range(0, len(slots), 56)}
    outer, info = ask["message"][: 39 + 56 * count], label("topic rekey slot") + u(32, epoch)
    secret = ask.get("epochSecret") or open_slot(slots, ask["rekeySecret"], ephemeral, info, "7.1")
    body = unseal(body_key(secret, outer), NO_NONCE, sealed, outer, "7.2")
    out = parse_body(body)
    verify(out["signer"], label("topic rekey") + h(outer) + body[:-64], body[-64:], "7.4")
    others = [one["rekeyKey"] for one in out["participants"] if one["publicKey"] != out["signer"]]
    each = count == sum(map(has_slot, others))
    need(out["epoch"] == epoch, "7.3", "another epoch in the body")
    need(each, "7.1", "not one slot for each participant but the maker")
    need(out["topicId"] == ask.get("topicId", out["topicId"]), "7.5", "another topic")
    need(out["signer"] in ask.get("signers", [out["signer"]]), "7.5", "its signer is no admin")
    need(epoch > ask.get("above", 0), "7.10", "old")
    need(epoch <= ask.get("above", epoch) + (1 << 16), "7.5", "skips too many epochs")
    commitment = derive({"epochSecret": secret, "body": body})["commitment"]
    return {"epochSecret": secret, "body": body, "commitment": commitment} | out

# 8: key request and removal notice

REQUEST = "publicKey:32 epoch:u32 failed:8 serial:u48 rekeyKey:32"
REMOVED = "topicId:16 epoch:u32 publicKey:32"

def make_request(ask):
    fields = pack(REQUEST, ask | {"publicKey": ask.get("signer", public_key(ask["seed"]))})
    ad = label("topic key request")
    plain = fields + sign(ask["seed"], ad + ask["topicId"] + fields)
    return {"message": b"Q" + ask["nonce"] + seal(ask["requestKey"], ask["nonce"], plain, ad)}

def open_request(ask):
    nonce, sealed = unpack("nonce:24 sealed:*", starting(ask["message"], b"Q"), "8").values()
    ad = label("topic key request")
    plain = unseal(ask["requestKey"], nonce, sealed, ad, "8.1")
    out = unpack(REQUEST + " signature:64", plain, "8")
    verify(out["publicKey"], ad + ask["topicId"] + plain[:82], out.pop("signature"), "8.1")
    return out

def make_removal(ask):
    secret, to, info = ask["ephemeralSecret"], ask["rekeyKey"], label("topic removal slot")
    ephemeral = crypto_scalarmult_base(secret)
    hint, key = slot_keys(secret, to, ephemeral, to, info)
    plain = ask.get("signer", public_key(ask["seed"])) + u(32, ask["epoch"])
    plain += sign(ask["seed"], label("topic removal") + pack(REMOVED, ask))
    return {"message": b"X" + ephemeral + hint + seal(key, NO_NONCE, plain)}

def open_removal(ask):
    layout, message = "ephemeral:32 hint:8 sealed:*", starting(ask["message"], b"X")
    ephemeral, hint, sealed = unpack(layout, message, "8").values()
    info = label("topic removal slot")
    plain = open_slot({hint: sealed}, ask["rekeySecret"], ephemeral, info, "8.5")
    out = unpack("signer:32 epoch:u32 signature:64", plain, "8")
    signed = label("topic removal") + pack(REMOVED, ask | out)
    verify(out["signer"], signed, out.pop("signature"), "8.5")
    need(out["signer"] in ask.get("signers", [out["signer"]]), "8.5", "its signer is no admin")
    need(out["epoch"] >= ask.get("epoch", 0), "8.5", "of an older epoch")
    return out

# 9: pairing. Each side is a function of what it has and of what it received so far.

CARD = "version:u8 publicKey:32 exchangeKey:32 cardSignature:64 "
JOINER, HOST = "serial:u48 rekeyKey:32 name", "topicId:16 epoch:u32 topicName name"
JOINER_SIDE, HOST_SIDE = label("topic pairing joiner"), label("topic pairing host")
PAIRING_KEYS = ("joiner key", "host key", "confirm key", "joiner cancel key", "host cancel key")
OFFLINE = {  # 9.10
    "Join": (JOINER, "stringphone:join/", label("topic join request")),
    "Invitation": (HOST, "stringphone:topic/", label("topic invitation")),
}

def card(seed):  # identity 1.3, 2
    private = hkdf(seed, bytes(32), label("identity exchange key"), 32)
    exchange = crypto_scalarmult_base(private)
    return b"\x01" + public_key(seed) + exchange + sign(seed, label("identity card") + exchange)

def read_profile(layout, data, signed, rule, signature_rule):
    out = unpack(CARD + layout + " signature:64 rest:*", data, rule)
    need(out.pop("version") == 1, "identity 2.1", "another version of the card")
    card_signed = label("identity card") + out["exchangeKey"]
    verify(out["publicKey"], card_signed, out.pop("cardSignature"), "identity 2.2")
    verify(out["publicKey"], signed, out.pop("signature"), signature_rule)
    need(not out.pop("rest"), rule, "too long")
    return out

def comparison(ask):  # 9.6
    emoji = int.from_bytes(ask["bytes"][:6], "big") >> 6
    digits = int.from_bytes(ask["bytes"][6:11], "big") >> 1
    numbers = [(emoji >> at) & 63 for at in range(36, -1, -6)]
    shown = {"numbers": numbers, "emoji": [EMOJI[number] for number in numbers]}
    return shown | {"digits": [((digits >> at) & 8191) + 1000 for at in (26, 13, 0)]}

def key_hash(key):  # 9.9
    return h(label("topic pairing key") + key)[:16]

def make_code(ask):
    data = b"\x01" + u(8, ask["role"]) + key_hash(ask["publicKey"]) + ask["secret"]
    return {"text": "stringphone:pair/" + base64url(data + ask["address"].encode())}

def read_code(ask):
    data = from_text(ask["text"], "stringphone:pair/", "9.9")
    out = unpack("version:u8 role:u8 keyHash:16 secret:16 address:*", data, "9.9")
    need(out.pop("version") == 1, "9.9", "another version")
    need(out["role"] in (1, 2), "9.9", "an unknown role")
    out["address"] = utf8(out["address"], "9.9")
    for name, info, length in (("oneTimeSecret", "secret", 32), ("secretId", "secret ID", 8)):
        out[name] = hkdf(out["secret"], bytes(32), label("topic pairing " + info), length)
    return out

def use_code(ask, scanned_role):
    """The one-time secret, its ID, and the hash that the other's key must have (None: any)."""
    if "code" not in ask:
        return bytes(32), bytes(8), None
    code = read_code({"text": ask["code"]})
    expected = code["keyHash"] if code["role"] == scanned_role else None
    return code["oneTimeSecret"], code["secretId"], expected

def pairing_fields(layout, message, kind, session=None):
    its_session, *fields = unpack("session:16 " + layout, starting(message, kind), "9").values()
    need(session in (None, its_session), "9.1", "another session")
    return fields if session else [its_session, *fields]

def pairing_keys(shared, one_time, transcript):  # 9.4
    def derived(name, length):
        return hkdf(shared + one_time, transcript, label("topic pairing " + name), length)
    made = {name: derived(name, 32) for name in PAIRING_KEYS}
    return made | {"comparison": {"bytes": derived("comparison", 12)}}

def check_profile(side, plain, ephemeral, commitment, transcript, expected):  # 9.5, 9.9
    fits = h(side + ephemeral + plain[:-64]) == commitment
    need(fits, "9.5", "the profile does not match its commitment")
    layout, data = (HOST, plain[16:]) if side == HOST_SIDE else (JOINER, plain)
    profile = read_profile(layout, data, side + transcript, "9", "9.5")
    need(expected in (None, key_hash(profile["publicKey"])), "9.9", "not the key of the code")
    return profile

def cancels(ask, made, own, other, session):  # 9.8
    out = {}
    if "cancel" in ask:
        out["message6"] = b"6" + session + seal(made[own], NO_NONCE, u(8, ask["cancel"]))
    if "message6" in ask:
        (sealed,) = pairing_fields("sealed:17", ask["message6"], b"6", session)
        out["cancelled"] = unseal(made[other], NO_NONCE, sealed, b"", "9.4")[0]
    return out

def joiner(ask):
    one_time, secret_id, expected = use_code(ask, 1)
    session, profile = ask["session"], card(ask["seed"]) + pack(JOINER, ask)
    ephemeral = crypto_scalarmult_base(ask["ephemeralSecret"])
    head = session + secret_id + h(JOINER_SIDE + ephemeral + profile)
    out = {"message1": b"1" + head}
    if "message2" not in ask:
        return out
    layout = "ephemeral:32 commitment:32"
    theirs, commitment = pairing_fields(layout, ask["message2"], b"2", session)
    transcript = h(label("topic pairing") + head + theirs + commitment + ephemeral)
    made = pairing_keys(dh(ask["ephemeralSecret"], theirs, "9.4"), one_time, transcript)
    plain = profile + sign(ask.get("signSeed", ask["seed"]), JOINER_SIDE + transcript)
    out["message3"] = b"3" + session + ephemeral + seal(made["joiner key"], NO_NONCE, plain)
    out |= {"transcript": transcript}
    out |= cancels(ask, made, "joiner cancel key", "host cancel key", session)
    if "message4" not in ask:
        return out
    (sealed,) = pairing_fields("sealed:*", ask["message4"], b"4", session)
    plain = unseal(made["host key"], NO_NONCE, sealed, b"", "9.4")
    out["host"] = check_profile(HOST_SIDE, plain, theirs, commitment, transcript, expected)
    out["comparison"] = comparison(made["comparison"])
    return out | {"message5": b"5" + session + seal(made["confirm key"], NO_NONCE, b"")}

def host(ask):
    one_time, secret_id, expected = use_code(ask, 2)
    layout, profile = "secretId:8 commitment:32", ask["salt"] + card(ask["seed"]) + pack(HOST, ask)
    session, its_secret, commitment = pairing_fields(layout, ask["message1"], b"1")
    need(its_secret == secret_id, "9.4", "another secret ID")
    ephemeral = crypto_scalarmult_base(ask["ephemeralSecret"])
    offer = ephemeral + h(HOST_SIDE + ephemeral + profile)
    out = {"message2": b"2" + session + offer}
    if "message3" not in ask:
        return out
    theirs, sealed = pairing_fields("ephemeral:32 sealed:*", ask["message3"], b"3", session)
    transcript = h(label("topic pairing") + ask["message1"][1:] + offer + theirs)
    made = pairing_keys(dh(ask["ephemeralSecret"], theirs, "9.4"), one_time, transcript)
    plain = unseal(made["joiner key"], NO_NONCE, sealed, b"", "9.4")
    out["joiner"] = check_profile(JOINER_SIDE, plain, theirs, commitment, transcript, expected)
    plain = profile + sign(ask.get("signSeed", ask["seed"]), HOST_SIDE + transcript)
    out["message4"] = b"4" + session + seal(made["host key"], NO_NONCE, plain)
    out |= {"transcript": transcript, "comparison": comparison(made["comparison"])}
    out |= cancels(ask, made, "host cancel key", "joiner cancel key", session)
    if "message5" in ask:
        (sealed,) = pairing_fields("sealed:16", ask["message5"], b"5", session)
        unseal(made["confirm key"], NO_NONCE, sealed, b"", "9.4")
        out["confirmed"] = True
    return out

def make_offline(ask):  # 9.10
    layout, prefix, side = OFFLINE[ask["do"][4:]]
    profile = card(ask["seed"]) + pack(layout, ask)
    signature = sign(ask.get("signSeed", ask["seed"]), side + profile)
    return {"text": prefix + base64url(b"\x01" + profile + signature)}

def read_offline(ask):
    layout, prefix, side = OFFLINE[ask["do"][4:]]
    data = from_text(ask["text"], prefix, "9.10")
    need(data[:1] == b"\x01", "9.10", "another version")
    return {"profile": read_profile(layout, data[1:], side + data[1:-64], "9.10", "9.10")}

make_join = make_invitation = make_offline
read_join = read_invitation = read_offline

# The line protocol

def answer(request):
    function = re.sub("[A-Z]", lambda capital: "_" + capital[0].lower(), request["do"])
    try:
        return to_json(globals()[function](from_json(request)))
    except Refused as refused:
        return {"error": str(refused)}

if __name__ == "__main__":
    if sys.argv[1:] == ["--self-check"]:
        import topic_vectors
        sys.exit(topic_vectors.self_check())
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
