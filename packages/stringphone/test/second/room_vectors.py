#!/usr/bin/python3
"""Writes ../vectors/room.json by room.py; with --check only compares. Always the same bytes.

  about     what this is
  requests  [{name, ask, answer}]: a request of the line protocol of room.py, and its answer
  refusals  [{name, rule, ask}]: must be refused
"""
import hashlib
import json
import os
import sys

import room
from room import crypto_scalarmult_base, public_key, to_json, u

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors", "room.json")


def r(name, length=32):
    """Bytes that look random, the same for the same name."""
    out = b""
    while len(out) < length:
        out += hashlib.sha256(f"room vectors: {name} {len(out)}".encode()).digest()
    return out[:length]


requests, refusals = [], []


def add(name, do, /, **ask):
    ask = {"do": do} | ask
    answer = room.answer(ask)
    if "error" in answer:
        sys.exit(f"{name}: {answer['error']}")
    requests.append({"name": name, "ask": ask, "answer": answer})
    return answer


def refuse(name, rule, do, /, **ask):
    refusals.append({"name": name, "rule": rule, "ask": {"do": do} | ask})


def form(kind, name, /, **value):
    encoded = add(f"{kind}: {name}", "encode", format=kind, value=value)["bytes"]
    got = room.answer({"do": "decode", "format": kind, "bytes": encoded})
    for field, one in value.items():
        if got["value"][field] != one:
            sys.exit(f"{kind}: {name}: {field} does not come back")
    return encoded


def malformed(kind, name, encoded, rule):
    refuse(f"{kind}: {name}", rule, "decode", format=kind, bytes=encoded)


ROOM, EPOCH = r("room ID", 16), 0x01020304
people = {name: {"seed": r(name), "room": r(name + " room"), "x": r(name + " x")} for name in ("alice", "bob")}
alice, bob = people.values()
for one in people.values():
    one["roomKey"], one["X"] = public_key(one["room"]), crypto_scalarmult_base(one["x"])

# 1

settings = form("settings", "plain", isDeniable=False, captainKey=alice["roomKey"], term=7, takeovers=2, title="Küche")
form("settings", "deniable, no title", isDeniable=True, captainKey=r("key"), term=0xFFFFFFFF, takeovers=0, title="")
form("settings", "title of 64 bytes", isDeniable=False, captainKey=r("key"), term=0, takeovers=0, title="é" * 32)
malformed("settings", "title of 65 bytes", settings[:42] + u(8, 65) + b"x" * 65, "1.3")
malformed("settings", "version 2", b"\2" + settings[1:], "1.6")
malformed("settings", "an unknown flag", b"\1\2" + settings[2:], "1.6")
malformed("settings", "title not UTF-8", settings[:42] + b"\1\xff", "0.1")

for name, one in people.items():
    at = {"seed": one["seed"], "roomId": ROOM, "roomKey": one["roomKey"], "ownName": name + " ⚓"}
    one["signed"] = add(f"credential of {name}", "credential", **at)["credential"]
    deniable = add(f"deniable credential of {name}", "credential", **at, roomExchangeKey=one["X"])
    one["deniable"] = deniable["credential"]
    for kind in ("signed", "deniable"):
        check = {"credential": one[kind], "roomId": ROOM, "roomKey": one["roomKey"]}
        add(f"{kind} credential of {name}, checked", "checkCredential", **check, isDeniable=kind == "deniable")
        refuse(f"{kind} credential in the other kind of room", "9.1", "checkCredential", **check, isDeniable=kind == "signed")
check = {"credential": alice["signed"], "roomId": ROOM, "roomKey": alice["roomKey"], "isDeniable": False}
refuse("credential under another's room key", "1.3", "checkCredential", **check | {"roomKey": bob["roomKey"]})
refuse("credential of another room", "1.3", "checkCredential", **check | {"roomId": r("other", 16)})
renamed = alice["signed"].replace(b"alice", b"Alice")
refuse("credential with another own name", "1.3", "checkCredential", **check | {"credential": renamed})
moved = alice["deniable"][:33] + bob["deniable"][33:]
refuse("deniable credential with another's card", "1.3", "checkCredential",
       **check | {"credential": moved, "isDeniable": True})
malformed("credential", "kind 3", b"\3" + alice["signed"][1:], "1.3")

# 3

keys = add("keys of an attempt", "attempt", newcomerSecret=r("e"), captainSecret=r("o"))
E, O, ATTEMPT = keys["newcomerKey"], keys["captainKey"], keys["attempt"]
grant_at = {"roomId": ROOM, "epoch": EPOCH, "grantId": r("grant", 16)}
newcomer = {"roomKey": bob["roomKey"], "credential": bob["signed"], "formerLeaf": None}


def signature(what, one, /, **of):
    made = add(f"signature: {what}", "sign", what=what, seed=one["room"], of=of)["signature"]
    refuse(f"signature: {what} by another", "3", "verify", what=what, publicKey=r("nobody"), signature=made, of=of)
    return made


offer = {"roomId": ROOM, "epoch": EPOCH, "settings": settings, "captainLeaf": 3, "credential": alice["signed"]}
offer["signature"] = signature("offer", alice, newcomerKey=E, captainKey=O, **offer)
request = newcomer | {"signature": signature("request", bob, newcomerKey=E, captainKey=O, **newcomer)}
signature("grant", alice, **grant_at, **newcomer)
granted = signature("grant", alice, **grant_at, **newcomer | {"formerLeaf": 5})
heads = [r("head 1", 16), r("head 2", 16)]
ordered = {"commitHash": r("commit"), "heads": heads}
ordered["signature"] = signature("order", alice, **grant_at, **ordered)
grant = {"grantId": r("grant", 16), "slotKey": r("slot"), "lifeSeconds": 20, "grantSignature": granted}
boxes = {
    "o": ("offer", form("offer", "of alice", **offer), "toNewcomer"),
    "r": ("request", form("request", "of bob", **request, proof=None), "toCaptain"),
    "a": ("answer", form("answer", "declined", answer="declined", reason="Not today ☂"), "toNewcomer"),
    "g": ("grant", form("grant", "with a proof", **grant, proof=r("p", 16), groupInfo=r("info", 99)), "toNewcomer"),
}
form("request", "with former leaf and proof", **request | {"formerLeaf": 9}, proof=r("p", 16))
form("answer", "waiting", answer="waiting", reason="")
form("answer", "full", answer="full", reason="x" * 255)
form("grant", "without a proof", **grant, proof=None, groupInfo=b"i")
malformed("answer", "kind 4", b"\4\0", "3")
malformed("answer", "kind 0", b"\0\0", "3")
malformed("request", "a proof of 15 bytes", boxes["r"][1][:-1] + b"\x0f" + bytes(15), "0.1")
for letter, (kind, fields, key) in boxes.items():
    sealed = {"letter": letter, "attempt": ATTEMPT, "key": keys[key]}
    made = add(f"box: {kind}", "sealBox", **sealed, nonce=r(kind, 24), fields=fields)
    refuse(f"box: {kind} as another", "3", "openBox", **sealed | {"letter": "a" if letter != "a" else "g"}, **made)
    if letter != "o":
        refuse(f"box: {kind} of another attempt", "3", "openBox", **sealed | {"attempt": bytes(8)}, **made)
    more = {"captainKey": O} if letter == "o" else {}
    form("packet", kind, kind=kind, attempt=ATTEMPT, **more, **made)
knock = form("packet", "knock", kind="knock", key=E)
malformed("packet", "knock, a byte short", knock[:-1], "0.1")
malformed("packet", "knock, a byte long", knock + b"\0", "0.1")
malformed("packet", "of another letter", b"z" + knock[1:], "0.1")
form("entryData", "new", grantId=r("grant", 16), formerLeaf=None, grantSignature=granted)
form("entryData", "again", grantId=r("grant", 16), formerLeaf=5, grantSignature=granted)
slot = add("slot key", "slotKey", exported=r("exported"), grantId=r("grant", 16))
for letter, kind, content in (("e", "entry", r("message", 300)), ("s", "order", form("order", "two heads", **ordered))):
    made = add(f"slot: {kind}", "sealSlot", letter=letter, **grant_at, **slot, nonce=r(kind, 24), content=content)
    form("packet", kind, kind=kind, **grant_at, box=made["message"][37:])
    swapped = (b"e" if letter == "s" else b"s") + made["message"][1:]
    refuse(f"slot: {kind} as another", "3", "openSlot", message=swapped, **slot)
malformed("order", "nine heads", r("commit") + b"\x09" + bytes(9 * 16 + 64), "0.1")

# 4 to 7

vote = {"roomId": ROOM, "epoch": EPOCH, "auth8": r("auth", 8), "term": 8, "candidateKey": bob["roomKey"]}
voted = signature("vote", alice, **vote)
votes = [{"leaf": 0, "signature": voted}, {"leaf": 0xFFFFFFFE, "signature": voted}]
removed = [{"leaf": at, "reason": reason} for at, reason in ((1, "left"), (2, "removed"), (9, "absent"))]
form("commitData", "change", kind="change", heads=heads, removed=removed)
form("commitData", "rotation", kind="change", heads=[], removed=[])
form("commitData", "abdication", kind="abdication", heads=[r(str(i), 16) for i in range(8)])
election = form("commitData", "election", kind="election", heads=[], votes=votes)
form("commitData", "takeover", kind="takeover", heads=heads, removed=[0, 4, 7])
malformed("commitData", "one voter twice", election[:4] + (u(32, 0) + voted) * 2, "4.9")
malformed("commitData", "leaves that fall", b"\4\0\0\2" + u(32, 4) + u(32, 3), "4.9")
malformed("commitData", "kind 5", b"\5\0", "4")
malformed("commitData", "reason 4", b"\1\0\0\1" + bytes(4) + b"\4", "4")

branch = {"step": "election", "leaf": 2, "auth8": r("auth", 8), "term": 8}
proven = branch | {"signature": signature("branch", bob, roomId=ROOM, **{"from": EPOCH}, **branch)}
claim = form("packet", "claim", kind="claim", roomId=ROOM, **{"from": EPOCH}, proof=proven, votes=votes)
entered = proven | {"step": "entry"}
witnessed = branch | {"step": "witness"}
witnessed["signature"] = signature("branch", alice, roomId=ROOM, **{"from": EPOCH}, **witnessed)
form("packet", "claim of a witness", kind="claim", roomId=ROOM, **{"from": EPOCH}, proof=witnessed, votes=[])
form("packet", "claim of an entry", kind="claim", roomId=ROOM, **{"from": EPOCH}, proof=entered, votes=[])
malformed("packet", "claim with votes for an entry", claim[:21] + b"\5" + claim[22:], "7.4")
epochs = [{"epoch": at, "auth8": r(str(at), 8)} for at in (90, 7, 0)]
behind = form("packet", "behind", kind="behind", roomId=ROOM, epochs=epochs)
malformed("packet", "behind without an epoch", behind[:17] + b"\0", "0.1")
malformed("packet", "behind, 17 epochs", behind[:17] + b"\x11" + bytes(17 * 12), "0.1")
malformed("packet", "behind, the oldest first", behind[:17] + b"\2" + bytes(12) + u(32, 1) + bytes(8), "6")

head = {"number": 3, "sentAt": 1_760_000_000_000, "parents": heads}
form("payload", "text", kind="text", **head, text="Grüße 🐙\n")
form("payload", "empty text", kind="text", number=0xFFFFFFFF, sentAt=(1 << 48) - 1, parents=[], text="")
form("payload", "pulse", kind="pulse", **head, branch=None)
form("payload", "pulse with branch", kind="pulse", **head, branch=proven)
form("payload", "vote", kind="vote", **head, term=8, candidate=2, signature=voted)
ask = form("payload", "ask", kind="ask", **head, ids=heads)
form("payload", "leave", kind="leave", **head)
proofs = [{"leaf": at, "proof": r(str(at), 16)} for at in (0, 3)]
form("payload", "proof", kind="proof", **head, proofs=proofs)
form("payload", "again", kind="again", **head, id=r("id", 16), originalSentAt=5, text="said before")
malformed("payload", "kind 8", b"\x08" + bytes(11), "5")
malformed("payload", "nine parents", b"\5" + bytes(10) + b"\x09" + bytes(9 * 16), "0.1")
malformed("payload", "half an ID", ask[:-8], "0.1")
malformed("payload", "ask for nothing", ask[:-32], "0.1")
malformed("payload", "ask for 17", ask + bytes(15 * 16), "0.1")
malformed("payload", "text not UTF-8", b"\1" + bytes(11) + b"\xed\xa0\x80", "0.1")


def mls(content_type, ciphertext):
    long = u(16, 0x4000 | len(ciphertext)) + ciphertext
    head = b"\0\1\0\2\x10" + ROOM + u(64, EPOCH) + u(8, content_type)
    return head + b"\x08" + r("auth", 8) + b"\x1c" + r("sender", 28) + long


form("packet", "commit", kind="commit", mls=mls(3, r("ciphertext", 500)))
message = form("packet", "message", kind="message", mls=mls(1, r("ciphertext", 100)))
add("message ID", "messageId", message=message)
malformed("packet", "message, a longer length than needed", message[:21] + b"\x40" + message[21:], "4")
malformed("packet", "message, a byte too many", message + b"\0", "0.1")

# 9

parties = {"own": alice["deniable"], "other": bob["deniable"], "roomId": ROOM,
           "ownRoomKey": alice["roomKey"], "otherRoomKey": bob["roomKey"]}
add("digits", "digits", authenticator=r("authenticator"))
add("digits with a zero in front", "digits", authenticator=r("authenticator 2"))
alices = add("proof: alice to bob", "proof", seed=alice["seed"], roomExchangeSecret=alice["x"], **parties)
swapped = {"own": bob["deniable"], "other": alice["deniable"], "ownRoomKey": bob["roomKey"],
           "otherRoomKey": alice["roomKey"]}
bobs = add("proof: bob to alice", "proof", seed=bob["seed"], roomExchangeSecret=bob["x"], **parties | swapped)
if [alices["proof"], alices["theirs"]] != [bobs["theirs"], bobs["proof"]]:
    sys.exit("the proofs differ")
own = {"seed": alice["seed"], "roomExchangeSecret": alice["x"]}
low = bob["deniable"][:129] + bytes(32) + bob["deniable"][161:]
refuse("proof: a room exchange key of low order", "0.1", "proof", **own, **parties | {"other": low})
refuse("proof: to oneself", "9.2", "proof", **own, **parties | {"other": alice["deniable"]})
refuse("proof: in a signed room", "9.1", "proof", **own, **parties | {"other": bob["signed"]})

ABOUT = ("Test vectors for spec/room.md, by a second implementation in Python from the spec alone: "
         "test/second/room.py (whose requests these are) and room_vectors.py.")

if __name__ == "__main__":
    for one in refusals:
        error = room.answer(one["ask"]).get("error", "")
        if not error.startswith(one["rule"] + ":"):
            sys.exit(f"{one['name']}: not refused by {one['rule']}: {error}")
    written = {"about": ABOUT, "requests": requests, "refusals": refusals}
    made = json.dumps(to_json(written), indent=1, ensure_ascii=False) + "\n"
    if sys.argv[1:] == ["--check"]:
        with open(PATH, encoding="utf-8") as file:
            if file.read() != made:
                sys.exit("room.json is not what room_vectors.py makes.")
        print(f"{len(requests) + len(refusals)} checks passed")
    else:
        with open(PATH, "w", encoding="utf-8") as file:
            file.write(made)
