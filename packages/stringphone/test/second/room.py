#!/usr/bin/python3
"""Our own rooms a second time, in Python on PyNaCl, from spec/room.md and spec/identity.md alone: the
formats and derivations of §1, 3, 4, 5 (plaintext), 6, 7 and 9. Not MLS, and no behaviour.

Reads one JSON object per line, writes one per line: the outcome, or {"error": "<rule>: <words>"}.
Bytes are lower-case hexadecimal; what is named in TEXT is text, all else numbers.

  encode           format, value -> bytes            (the formats: FORMATS at the end)
  decode           format, bytes -> value
  messageId        message -> id
  digits           authenticator -> digits
  attempt          newcomerSecret, captainSecret -> newcomerKey, captainKey, attempt, toCaptain, toNewcomer
  sealBox          letter, attempt, key, nonce, fields -> box
  openBox          letter, attempt, key, box -> fields
  slotKey          exported, grantId -> slotKey
  sealSlot         letter, roomId, epoch, grantId, slotKey, nonce, content -> message
  openSlot         message, slotKey -> content
  sign             what (offer, request, grant, order, vote, branch), seed, of -> signature
  verify           what, publicKey, signature, of -> (nothing)
  credential       seed, roomId, roomKey, ownName, roomExchangeKey? -> credential
  checkCredential  credential, roomId, roomKey, isDeniable -> value
  proof            seed, roomExchangeSecret, own, other (credentials), roomId, ownRoomKey, otherRoomKey
                   -> key, proof (ours to the other), theirs (the other's to us)
"""
import json
import sys

from nacl.bindings import crypto_scalarmult_base

import topic_bytes
from topic_bytes import Refused, dh, from_json, h, hkdf, label, mac, need, public_key, seal, sign
from topic_bytes import to_json, u, unseal, utf8, verify

topic_bytes.TEXT |= {"format", "letter", "what", "kind", "step", "answer", "reason", "ownName", "title"}

# Codecs: a pair of functions, value -> bytes and (Input, rule) -> value

class Input:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, length, rule="0.1"):
        need(len(self.data) - self.at >= length, rule, "too short")
        self.at += length
        return self.data[self.at - length : self.at]

    def left(self):
        return len(self.data) - self.at

def b(length):
    return lambda value: value, lambda data: data.take(length)

def n(bits):
    return lambda value: u(bits, value), lambda data: int.from_bytes(data.take(bits // 8), "big")

def v(bits, limits=()):
    """A length and as many bytes; `limits` are the only lengths, if there are any."""
    count, read = n(bits)
    def decode(data):
        length = read(data)
        need(not limits or length in limits, "0.1", "a wrong length")
        return data.take(length)
    return lambda value: count(len(value)) + value, decode

def text(codec, most, rule):
    encode, decode = codec
    def read(data):
        value = decode(data)
        need(len(value) <= most, rule, "a text that is too long")
        return utf8(value, "0.1")
    return lambda value: encode(value.encode()), read

def rest(least=0):
    return lambda value: value, lambda data: data.take(max(least, data.left()))

def mapped(codec, to_wire, from_wire):
    encode, decode = codec
    return lambda value: encode(to_wire(value)), lambda data: from_wire(decode(data))

def named(names, rule):
    """A byte 1, 2 … that stands for a name."""
    def name(number):
        need(1 <= number <= len(names), rule, "an unknown kind")
        return names[number - 1]
    return mapped(n(8), lambda value: names.index(value) + 1, name)

def constant(number, rule):
    def decode(data):
        need(data.take(1)[0] == number, rule, "another version")
    return lambda _: u(8, number), decode

def rec(**parts):
    """Fields, one after the other; those that begin with _ have no value."""
    def encode(value):
        return b"".join(encode(value.get(name)) for name, (encode, _) in parts.items())
    def decode(data):
        found = {name: decode(data) for name, (_, decode) in parts.items()}
        return {name: value for name, value in found.items() if name[0] != "_"}
    return encode, decode

def choice(rule, head, kinds):
    """By a first byte; `head` is between it and what follows."""
    def encode(value):
        byte, follows = next((at, part) for at, (name, part) in kinds.items() if name == value["kind"])
        return u(8, byte) + head[0](value) + follows[0](value)
    def decode(data):
        byte = data.take(1)[0]
        need(byte in kinds, rule, "an unknown kind")
        name, follows = kinds[byte]
        return {"kind": name} | head[1](data) | follows[1](data)
    return encode, decode

def many(item, count=None, least=0, most=65_535, size=0, rising=None):
    """With `count` in front, or without it items of `size` bytes to the end; `rising`: a rule."""
    def encode(values):
        return (count[0](len(values)) if count else b"") + b"".join(item[0](one) for one in values)
    def decode(data):
        number = count[1](data) if count else -(-data.left() // size)
        need(least <= number <= most, "0.1", "too few or too many")
        values = [item[1](data) for _ in range(number)]
        if rising:
            leaves = [one["leaf"] if isinstance(one, dict) else one for one in values]
            need(all(x < y for x, y in zip(leaves, leaves[1:])), rising, "leaves that do not ascend")
        return values
    return encode, decode

NOTHING, BOX = rec(), rest(24 + 16)
NAME = text(v(8), 64, "1.3")
LONG = text(rest(), 65_536, "5")
FORMER = mapped(n(32), lambda leaf: 0xFFFFFFFF if leaf is None else leaf,
                lambda leaf: None if leaf == 0xFFFFFFFF else leaf)
PROOF = mapped(v(8, (0, 16)), lambda proof: proof or b"", lambda proof: proof or None)
HEADS = many(b(16), n(8), most=8)
VOTES = many(rec(leaf=n(32), signature=b(64)), n(16), rising="4.9")

def is_deniable(flags):
    need(flags < 2, "1.6", "unknown flags")
    return flags == 1

SETTINGS = rec(_version=constant(1, "1.6"), isDeniable=mapped(n(8), int, is_deniable), captainKey=b(32),
               term=n(32), takeovers=n(32), title=NAME)
CREDENTIAL = choice("1.3", NOTHING, {
    1: ("signed", rec(identityKey=b(32), ownName=NAME, binding=b(64))),
    2: ("deniable", rec(identityKey=b(32), exchangeKey=b(32), cardSignature=b(64),
                        roomExchangeKey=b(32), ownName=NAME))})

# 3

U_OFFER = dict(roomId=b(16), epoch=n(32), settings=v(16), captainLeaf=n(32), credential=v(16))
OFFER = rec(**U_OFFER, signature=b(64))
U_REQUEST = dict(roomKey=b(32), formerLeaf=FORMER, credential=v(16))
REQUEST = rec(**U_REQUEST, signature=b(64), proof=PROOF)
ANSWER = rec(answer=named(("waiting", "declined", "full"), "3"), reason=text(v(8), 255, "3"))
GRANT = rec(grantId=b(16), slotKey=b(32), lifeSeconds=n(16), grantSignature=b(64), proof=PROOF,
            groupInfo=rest(1))
ENTRY_DATA = rec(_version=constant(1, "3.5"), grantId=b(16), formerLeaf=FORMER, grantSignature=b(64))
ORDER = rec(commitHash=b(32), heads=HEADS, signature=b(64))
BOXED, SLOT = rec(attempt=b(8), box=BOX), rec(roomId=b(16), epoch=n(32), grantId=b(16))

# 4, 5, 6, 7

REASON = named(("left", "removed", "absent"), "4")
COMMIT_DATA = choice("4", rec(heads=HEADS), {
    1: ("change", rec(removed=many(rec(leaf=n(32), reason=REASON), n(16), rising="4.9"))),
    2: ("abdication", NOTHING),
    3: ("election", rec(votes=VOTES)),
    4: ("takeover", rec(removed=many(n(32), n(16), rising="4.9")))})
STEPS = ("change", "abdication", "election", "takeover", "entry", "witness")
U_BRANCH = dict(step=named(STEPS, "7.1"), leaf=n(32), auth8=b(8), term=n(32))
BRANCH = rec(**U_BRANCH, signature=b(64))
MAYBE_BRANCH = (lambda value: BRANCH[0](value) if value else b"",
                lambda data: BRANCH[1](data) if data.left() else None)
PAYLOAD = choice("5", rec(number=n(32), sentAt=n(48), parents=HEADS), {
    1: ("text", rec(text=LONG)),
    2: ("pulse", rec(branch=MAYBE_BRANCH)),
    3: ("vote", rec(term=n(32), candidate=n(32), signature=b(64))),
    4: ("ask", rec(ids=many(b(16), least=1, most=16, size=16))),
    5: ("leave", NOTHING),
    6: ("proof", rec(proofs=many(rec(leaf=n(32), proof=b(16)), least=1, most=32, size=20, rising="4.9"))),
    7: ("again", rec(id=b(16), originalSentAt=n(48), text=LONG))})

def read_epochs(values):
    numbers = [one["epoch"] for one in values]
    need(all(x > y for x, y in zip(numbers, numbers[1:])), "6", "not the newest first")
    return values

EPOCHS = mapped(many(rec(epoch=n(32), auth8=b(8)), n(8), least=1, most=16), lambda value: value, read_epochs)

def mls(content_type):
    """4, 5: a PrivateMessage without what follows from room ID and epoch."""
    def encode(value):
        whole = value["mls"]
        need(whole[:5] == b"\0\1\0\2\x10" and whole[29] == content_type, "4", "not this message of MLS")
        return whole[5:21] + whole[25:29] + whole[30:]
    def decode(data):
        room_id, epoch = data.take(16), data.take(4)
        start = data.at
        associated, _, _ = (read_opaque(data) for _ in range(3))
        head = b"\0\1\0\2\x10" + room_id + bytes(4) + epoch + u(8, content_type)
        found = {"roomId": room_id, "epoch": int.from_bytes(epoch, "big"), "data": associated}
        return found | {"mls": head + data.data[start : data.at]}
    return encode, decode

def read_opaque(data):  # RFC 9420 §2.1.2
    first = data.take(1)[0]
    size = first >> 6
    need(size < 3, "4", "a length of 8 bytes")
    length = int.from_bytes(bytes([first & 63]) + data.take((1 << size) - 1), "big")
    need(size == (0 if length < 64 else 1 if length < 16_384 else 2), "4", "not the shortest length")
    return data.take(length)

def claim():
    encode, decode = rec(roomId=b(16), **{"from": n(32)}, proof=BRANCH, votes=VOTES)
    def read(data):
        found = decode(data)
        need(found["proof"]["step"] == "election" or not found["votes"], "7.4", "votes without an election")
        return found
    return encode, read

def slotted():
    return (lambda value: SLOT[0](value) + value["box"], lambda data: SLOT[1](data) | {"box": BOX[1](data)})

PACKET = choice("0.1", NOTHING, {ord(letter): kind for letter, kind in {
    "k": ("knock", rec(key=b(32))), "o": ("offer", rec(attempt=b(8), captainKey=b(32), box=BOX)),
    "r": ("request", BOXED), "a": ("answer", BOXED), "g": ("grant", BOXED),
    "e": ("entry", slotted()), "s": ("order", slotted()), "c": ("commit", mls(3)), "m": ("message", mls(1)),
    "b": ("behind", rec(roomId=b(16), epochs=EPOCHS)), "v": ("claim", claim())}.items()})

FORMATS = {
    "settings": SETTINGS, "credential": CREDENTIAL, "offer": OFFER, "request": REQUEST, "answer": ANSWER,
    "grant": GRANT, "entryData": ENTRY_DATA, "order": ORDER, "commitData": COMMIT_DATA,
    "payload": PAYLOAD, "packet": PACKET}

def encode(ask):
    return {"bytes": FORMATS[ask["format"]][0](ask["value"])}

def decode(ask):
    data = Input(ask["bytes"])
    value = FORMATS[ask["format"]][1](data)
    need(data.left() == 0, "0.1", "too long")
    return {"value": value}

# Derivations

def message_id(ask):  # 5.1
    return {"id": h(label("room message") + ask["message"])[:16]}

def digits(ask):  # 1.7
    number = int.from_bytes(h(label("room digits") + ask["authenticator"])[:16], "big") % 10**12
    return {"digits": " ".join(f"{number:012}"[at : at + 4] for at in (0, 4, 8))}

def attempt(ask):  # 3
    e, o = (crypto_scalarmult_base(ask[name]) for name in ("newcomerSecret", "captainSecret"))
    z = dh(ask["captainSecret"], e, "0.1")
    keys = {name: hkdf(z, e + o, label(f"room {word} key"), 32)
            for name, word in (("toCaptain", "request"), ("toNewcomer", "offer"))}
    return {"newcomerKey": e, "captainKey": o, "attempt": h(e)[:8]} | keys

def seal_box(ask):
    ad = ask["letter"].encode() + ask["attempt"]
    return {"box": ask["nonce"] + seal(ask["key"], ask["nonce"], ask["fields"], ad)}

def open_box(ask):
    ad, box = ask["letter"].encode() + ask["attempt"], ask["box"]
    return {"fields": unseal(ask["key"], box[:24], box[24:], ad, "3")}

def slot_key(ask):  # 3.6
    return {"slotKey": hkdf(ask["exported"], ask["grantId"], label("room slot"), 32)}

def seal_slot(ask):
    head = ask["letter"].encode() + SLOT[0](ask)
    return {"message": head + ask["nonce"] + seal(ask["slotKey"], ask["nonce"], ask["content"], head)}

def open_slot(ask):
    head, nonce, sealed = ask["message"][:37], ask["message"][37:61], ask["message"][61:]
    return {"content": unseal(ask["slotKey"], nonce, sealed, head, "3")}

SIGNED = {
    "offer": rec(newcomerKey=b(32), captainKey=b(32), **U_OFFER),  # 3.1
    "request": rec(newcomerKey=b(32), captainKey=b(32), **U_REQUEST),
    "order": rec(roomId=b(16), epoch=n(32), grantId=b(16), commitHash=b(32), heads=HEADS),  # 3.8
    "vote": rec(roomId=b(16), epoch=n(32), auth8=b(8), term=n(32), candidateKey=b(32)),  # 7.2
    "branch": rec(roomId=b(16), **{"from": n(32)}, **U_BRANCH)}  # 7.1

def signed(ask):
    what, of = ask["what"], ask["of"]
    start = label("room " + what)
    if what != "grant":
        return start + SIGNED[what][0](of)
    newcomer = h(of["roomKey"] + of["credential"])  # 3.5
    return start + SLOT[0](of) + newcomer + FORMER[0](of["formerLeaf"])

def make_signature(ask):
    return {"signature": sign(ask["seed"], signed(ask))}

def check_signature(ask):
    verify(ask["publicKey"], signed(ask), ask["signature"], "3")
    return {}

def exchange_secret(seed):  # identity 1.3
    return hkdf(seed, bytes(32), label("identity exchange key"), 32)

def binding(ask, own_name):  # 1.3
    return label("room member") + ask["roomId"] + ask["roomKey"] + h(own_name.encode())

def credential(ask):
    seed, own_name = ask["seed"], ask["ownName"]
    value = {"kind": "signed", "identityKey": public_key(seed), "ownName": own_name}
    if "roomExchangeKey" not in ask:
        return {"credential": CREDENTIAL[0](value | {"binding": sign(seed, binding(ask, own_name))})}
    exchange_key = crypto_scalarmult_base(exchange_secret(seed))
    value |= {"kind": "deniable", "exchangeKey": exchange_key, "roomExchangeKey": ask["roomExchangeKey"]}
    value["cardSignature"] = sign(seed, label("identity card") + exchange_key)
    return {"credential": CREDENTIAL[0](value)}

def check_credential(ask):
    value = decode({"format": "credential", "bytes": ask["credential"]})["value"]
    need((value["kind"] == "deniable") == bool(ask["isDeniable"]), "9.1", "of another kind of room")
    if value["kind"] == "signed":
        said, signature = binding(ask, value["ownName"]), value["binding"]
    else:
        said, signature = label("identity card") + value["exchangeKey"], value["cardSignature"]
    verify(value["identityKey"], said, signature, "1.3")
    return {"value": value}

def proof(ask):  # 9.2
    own, other = (decode({"format": "credential", "bytes": ask[name]})["value"] for name in ("own", "other"))
    need(own["kind"] == other["kind"] == "deniable", "9.1", "not a deniable room")
    p, x = exchange_secret(ask["seed"]), ask["roomExchangeSecret"]
    need(own["identityKey"] != other["identityKey"], "9.2", "one identity")
    long_term = [dh(p, other["roomExchangeKey"], "0.1"), dh(x, other["exchangeKey"], "0.1")]
    sides = [own, other]
    if own["identityKey"] > other["identityKey"]:
        long_term.reverse()
        sides.reverse()
    secret = b"".join(long_term) + dh(x, other["roomExchangeKey"], "0.1")
    info = b"".join(side[name] for name in ("identityKey", "roomExchangeKey") for side in sides)
    key = hkdf(secret, ask["roomId"], label("room proof key") + info, 32)
    def made(sender, *room_keys):
        return mac(key, label("room proof") + sender["identityKey"] + b"".join(room_keys))[:16]
    ours, others = ask["ownRoomKey"], ask["otherRoomKey"]
    return {"key": key, "proof": made(own, ours, others), "theirs": made(other, others, ours)}

DO = {"encode": encode, "decode": decode, "messageId": message_id, "digits": digits, "attempt": attempt, "proof": proof,
      "sealBox": seal_box, "openBox": open_box, "slotKey": slot_key, "sealSlot": seal_slot, "openSlot": open_slot,
      "sign": make_signature, "verify": check_signature, "credential": credential, "checkCredential": check_credential}

def answer(ask):
    try:
        return DO[ask["do"]](ask)
    except Refused as refused:
        return {"error": str(refused)}

if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(to_json(answer(from_json(json.loads(line)))), ensure_ascii=False), flush=True)
