#!/usr/bin/python3
"""Writes ../vectors/mailbox.json by mailbox.py; with --check only compares. Always the same bytes.

  about     what this is
  requests  [{name, ask, answer}]: a request of the line protocol of mailbox.py, and its answer
  refusals  [{name, rule, ask}]: must be refused
  large     [{name, ask, contentZeros, id}]: makeEnvelope with a content of so many zeros gives this ID;
            {randomFrom: text} stands for a random slot of SHA-256 of "text 0" and of "text 1"
"""
import hashlib
import json
import os
import sys

import mailbox
from mailbox import crypto_scalarmult_base, derive, exchange_secret, h, label, mac, public_key, sign, to_json, u

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors", "mailbox.json")
requests, refusals, large = [], [], []


def r(name, length=32):
    """Bytes that look random, the same for the same name."""
    out = b""
    while len(out) < length:
        out += hashlib.sha256(f"mailbox vectors: {name} {len(out)}".encode()).digest()
    return out[:length]


def ask_for(name, do, **ask):
    answer = mailbox.answer({"do": do} | ask)
    if "error" in answer:
        sys.exit(f"{name}: {answer['error']}")
    return answer


def add(name, do, /, **ask):
    answer = ask_for(name, do, **ask)
    requests.append({"name": name, "ask": {"do": do} | ask, "answer": answer})
    return answer


def refuse(name, rule, do, /, **ask):
    refusals.append({"name": name, "rule": rule, "ask": {"do": do} | ask})


def changed(data, at, difference=1):
    return data[:at] + bytes([data[at] ^ difference]) + data[at + 1 :]


# 3: people, addresses, roots

people = {name: {"seed": r(name)} for name in ("alice", "bob", "carol")}
alice, bob, carol = people.values()
for name, one in people.items():
    one |= add(f"identity: {name}", "identity", seed=one["seed"])
    one["q"] = r(name + " prekey")
    one["Q"] = crypto_scalarmult_base(one["q"])
DAY, PERIOD, S = 20_778, 20_778 // 7, r("secret", 16)

for name, one in people.items():
    address = {"seed": one["seed"], "prekey": one["Q"], "lastDay": DAY + 28}
    one["public"] = add(f"address: {name}, public", "makeAddress", kind=0, **address)["text"]
    one["invitation"] = add(f"address: {name}, invitation", "makeAddress", kind=1, secret=S, **address)["text"]
    for kind in ("public", "invitation"):
        add(f"address: {name}, {kind}, read", "readAddress", text=one[kind])
bobs = mailbox.from_text(bob["public"], mailbox.PREFIX, "")
textual = lambda data: mailbox.PREFIX + mailbox.base64url(data)
signed_by_bob = lambda data: textual(data + sign(bob["seed"], label("mailbox address") + data))
for name, text in {
    "another version": signed_by_bob(b"\2" + bobs[1:100]),
    "an unknown kind": signed_by_bob(b"\1\2" + bobs[2:100]),
    "a public one with a secret": textual(bobs + S),
    "an invitation without secret": signed_by_bob(b"\1\1" + bobs[2:100]),
    "another prekey": textual(changed(bobs, 70)),
    "one byte short": textual(bobs[:-1]),
    "another prefix": bob["public"].replace("mail/", "mail:"),
    "padded base64url": bob["public"] + "=",
}.items():
    refuse(f"address: {name}", "3.1", "readAddress", text=text)


def pair(name, writer, reader, secret):
    key = {"secret": secret} if secret else {}
    its = add(f"root: {name}, of the writer", "writerRoot", seed=writer["seed"], secretE=r(name + " e"),
              firstPeriod=PERIOD, prekey=reader["Q"], identityKey=reader["identityKey"],
              exchangeKey=reader["exchangeKey"], **key)
    other = add(f"root: {name}, of the reader", "readerRoot", seed=reader["seed"], prekeySecret=reader["q"],
                introduction=its["introduction"], **key)
    if any(its[part] != other[part] for part in other):
        sys.exit(f"{name}: the two roots differ")
    return its


trial, invited, third = (
    pair("by trial", alice, bob, None), pair("by invitation", alice, bob, S), pair("of carol", alice, carol, None))
introduction = trial["introduction"]
to_bob = {"seed": alice["seed"], "secretE": r("e"), "firstPeriod": PERIOD, "prekey": bob["Q"],
          "identityKey": bob["identityKey"], "exchangeKey": bob["exchangeKey"]}
for name in ("prekey", "exchangeKey"):
    refuse(f"root: an address whose {name} is of low order", "3.2", "writerRoot", **to_bob | {name: bytes(32)})


def slot(number=0, period=PERIOD, one=trial, sender=alice, receiver=bob):
    """By the secret ephemeral key of an envelope."""
    ask = {"root": one["root"], "sender": sender["identityKey"], "receiver": receiver["identityKey"],
           "firstPeriod": PERIOD, "period": period, "number": number}
    return lambda e: ask | {"ephemeralKey": crypto_scalarmult_base(e)}


def filled(door, e):
    """The slot for an envelope."""
    ask = door(e)
    if "tag" in ask:
        return ask
    got = ask_for("slot", "pairSlot", **ask)
    return {"tag": got["tag"], "slotKey": got["slotKey"]}


tags = set()
for period in (0, 1, 2, 5, 60):
    for number in (0, 1, 31, 0xFFFFFFFF):
        ask = slot(number, PERIOD + period)(r("ephemeral"))
        tags.add(add(f"pair slot: period +{period}, number {number}", "pairSlot", **ask)["tag"])
first, back, to_carol = slot(), slot(sender=bob, receiver=alice), slot(one=third, receiver=carol)
for name, one in (("the other direction", back), ("to carol", to_carol), ("another ephemeral key", first)):
    tags.add(add(f"pair slot: {name}", "pairSlot", **one(r(name)))["tag"])
if len(tags) != 22:
    sys.exit("two tags alike, or a tag by the ephemeral key")
# 2: slots of first contacts

E = r("ephemeral")
EPHEMERAL = crypto_scalarmult_base(E)
for number in (0, 1, 31):
    sides = {"ephemeralSecret": E, "prekey": bob["Q"]}, {"prekeySecret": bob["q"], "ephemeralKey": EPHEMERAL}
    one, other = (add(f"invitation slot: {number}, of the {side}", "invitationSlot", secret=S, number=number, **dh)
                  for side, dh in zip(("writer", "reader"), sides))
    its_trial = [add(f"trial slot: of the {side}", "trialSlot", **dh)
                 for side, dh in zip(("writer", "reader"), sides) if number == 0]
    if one != other or its_trial and its_trial[0] != its_trial[1]:
        sys.exit("two sides have two slots")
refuse("trial slot: an ephemeral key of low order", "2.4", "trialSlot", prekeySecret=bob["q"], ephemeralKey=bytes(32))
W = r("words", 16)
words = add("words", "makeWords", secret=W)["words"]
add("words of zeros", "makeWords", secret=bytes(16))
add("words, in capitals", "openWords", words=words.upper())
refuse("words: another last word", "5.2", "openWords", words=words.rsplit(" ", 1)[0] + " abandon")
refuse("words: eleven", "5.2", "openWords", words=words.rsplit(" ", 1)[0])
add("words slot", "wordsSlot", secret=W, ephemeralKey=EPHEMERAL)
add("content keys", "contentKeys", contentKey=r("content key"), padded=r("padded", 100))

# 4: contents

TO_BOB = {"sender": alice["identityKey"], "receivers": [bob["identityKey"]], "files": []}
DENIABLE = {"authorship": 1, "authorshipKeys": [trial["authorshipKey"]]}
SIGNED = {"authorship": 2, "seed": alice["seed"]}
ANONYMOUS = {"authorship": 0, "sender": bytes(32)}


def content(name, text="Grüße ⚓", **fields):
    mail = {"kind": 1, "messageId": r(name, 16), "writtenDay": DAY, "text": text} | TO_BOB | fields
    return add(f"content: {name}", "makeContent", **mail)["content"]


both = {"receivers": [bob["identityKey"], carol["identityKey"]]}
files = [{"name": "a.txt", "bytes": b"some bytes"}, {"name": "é" * 127 + "!", "bytes": b""}]
contents = {
    "signed": content("signed", **SIGNED),
    "deniable": content("deniable", **DENIABLE),
    "deniable, two receivers": content("deniable, two receivers", **both, authorship=1,
                                       authorshipKeys=[trial["authorshipKey"], third["authorshipKey"]]),
    "signed, two receivers": content("signed, two receivers", **both, **SIGNED),
    "reply, please confirm": content("reply, please confirm", replyTo=r("first", 16), confirm=1, **DENIABLE),
    "with files": content("with files", **DENIABLE | {"files": files}),
    "no text": content("no text", "", **DENIABLE),
    "receipt": content("receipt", "", kind=2, replyTo=r("first", 16), **DENIABLE),
    "nothing": content("nothing", "", kind=3, **DENIABLE),
}
anonymous = content("anonymous", **ANONYMOUS)
introduced = content("introduced, deniable", introduction=introduction, **DENIABLE)
introduced_signed = content("introduced, signed", introduction=introduction, **SIGNED)
by_invitation = content("introduced by invitation", introduction=invited["introduction"], authorship=1,
                        authorshipKeys=[invited["authorshipKey"]])
of_words = content("of words", bob["invitation"], kind=3, receivers=[], **ANONYMOUS)

# 1: envelopes

SIZES, SLOTS = mailbox.SIZES, mailbox.SLOTS
LIFE = {"expiryDay": DAY + 12}


def random_slots(name, count):
    return [{"random": r(f"{name} slot {at}", 64)} for at in range(count)]


def shaped(name, its_slots, size, code, **more):
    key, e = r(name + " content key"), r(name + " ephemeral")
    its_slots = [filled(one, e) for one in its_slots]
    its_slots = random_slots(name, SLOTS[code] - len(its_slots)) + its_slots
    return {"sizeCode": size, "slotCode": code, "ephemeralSecret": e, "contentKey": key, "slots": its_slots} | LIFE | more


def made(name, its_content, its_slots, size=0, code=0, **more):
    ask = shaped(name, its_slots, size, code, content=its_content, **more)
    return add(f"envelope: {name}", "makeEnvelope", **ask)["envelope"]


def by_trial(e):
    return ask_for("trial", "trialSlot", ephemeralSecret=e, prekey=bob["Q"])


def by_secret(number):
    return lambda e: ask_for("invitation", "invitationSlot", secret=S, number=number, ephemeralSecret=e, prekey=bob["Q"])


def words_slot(e):
    return ask_for("words", "wordsSlot", secret=W, ephemeralKey=crypto_scalarmult_base(e))


def reader(one, peer, its_pair, door):
    """What readMail asks of somebody who has one pair."""
    got = ask_for("slot", "pairSlot", **door(b"\1" * 32))
    known = {"chain": got["chain"], "identityKey": peer["identityKey"]}
    return {"seed": one["seed"], "pairs": [known | {"authorshipKey": its_pair["authorshipKey"]}]}


def as_bob(envelope):
    doors = {"prekeys": [r("other"), bob["q"]], "invitations": [{"secret": S, "prekeySecret": bob["q"]}]}
    return {"envelope": envelope, "today": DAY} | reader(bob, alice, trial, first) | doors


def as_carol(envelope):
    return {"envelope": envelope, "today": DAY} | reader(carol, alice, third, to_carol)


for name, its in contents.items():
    several = [first, to_carol] if "two" in name else [first]
    envelope = made(name, its, several, *((1, 1) if "two" in name else (0, 0)))
    add(f"mail: {name}", "readMail", **as_bob(envelope))
    if "two" in name:
        add(f"mail: {name}, read by carol", "readMail", **as_carol(envelope))
for size, code in ((0, 1), (1, 0), (1, 2)):
    name = f"{SIZES[size]} KiB, {SLOTS[code]} slots"
    add(f"mail: {name}", "readMail", **as_bob(made(name, contents["deniable"], [first], size, code)))
for name, its, door in (("anonymous", anonymous, by_trial), ("introduced", introduced, by_trial),
                        ("introduced, signed", introduced_signed, by_trial),
                        ("invited, number 0", by_invitation, by_secret(0)),
                        ("invited, number 31", by_invitation, by_secret(31))):
    envelope = made(name, its, [door], code=1)
    add(f"mail: {name}", "readMail", **as_bob(envelope) | {"pairs": []})
    add(f"head: {name}", "readHead", envelope=envelope, today=DAY)
in_words = made("in words", of_words, [words_slot], code=1)
add("invitation in words", "readWords", envelope=in_words, words=words)
dummy = add("dummy", "makeDummy", **shaped("dummy", [], 0, 1))["envelope"]

# what must be refused

whole = made("to be spoiled", contents["deniable"], [first], code=1)
deniable, signed = contents["deniable"], contents["signed"]
of_alice = lambda **more: ask_for("", "makeContent", **{"kind": 1, "messageId": r("m", 16), "writtenDay": DAY, "text": "",
                                  **TO_BOB, **SIGNED} | more)["content"]


def refuse_mail(name, rule, envelope, known=as_bob):
    refuse(f"mail: {name}", rule, "readMail", **known(envelope))


def refuse_content(name, rule, its, door=first, known=as_bob, **more):
    ask = shaped(f"refused: {name}", [door], 0, 0, content=its, **more)
    refuse_mail(name, rule, ask_for(name, "makeEnvelope", **ask)["envelope"], known)


def proven(before, keys=(trial["authorshipKey"],)):
    return before + b"".join(mac(key, label("mailbox mail") + h(before))[:16] for key in keys)


BODY_AT = 68 + 4 * 64
for name, at, rule in (("version", 0, "1.1"), ("shape", 1, "2"), ("expiry day", 3, "2"), ("ephemeral key", 20, "2"),
                       ("commitment", 50, "2"), ("a random slot", 70, "1.4"), ("our slot's tag", BODY_AT - 64, "2"),
                       ("our slot's key", BODY_AT - 1, "2"), ("the body", BODY_AT + 5, "1.4"), ("the end", 1023, "1.4")):
    refuse_mail(f"another {name}", rule, changed(whole, at))
refuse_mail("one byte short", "1.1", whole[:-1])
refuse_mail("one byte too long", "1.1", whole + b"\0")
other = made("with another head", contents["deniable"], [slot(number=1)], code=1)
moved = other[: BODY_AT - 64] + whole[BODY_AT - 64 : BODY_AT] + other[BODY_AT:]
refuse_mail("a slot moved to another envelope", "2", moved)
key, count = r("to be spoiled content key"), 1024 - BODY_AT - 16
for name, its in (("another text by who has the content key", (anonymous + b"\x80").ljust(count, b"\0")),
                  ("its own text, padded by one byte less", deniable.ljust(count - 1, b"\0") + b"\x80")):
    body = mailbox.seal(derive(key, label("mailbox body")), its, mailbox.body_ad(whole[:BODY_AT]))
    refuse_mail(name, "1.4", whole[:BODY_AT] + body)
refuse_mail("two slots exchanged", "1.4", whole[:68] + whole[132:196] + whole[68:132] + whole[196:])
refuse_mail("a dummy", "2", dummy)
for shape in (0x02, 0x03, 0x13, 0x60, 0x04):
    refuse(f"head: shape {shape:02x}", "1.1", "readHead", envelope=b"\2" + bytes([shape]) + r("junk", 1022))
refuse("head: expired", "1.2", "readHead", envelope=whole, today=DAY + 13)
add("head: on its last day", "readHead", envelope=whole, today=DAY + 12)
add("head: 35 days ahead", "readHead", envelope=whole, today=DAY - 23)
refuse("head: 36 days ahead", "1.2", "readHead", envelope=whole, today=DAY - 24)
refuse_content("a byte after the proofs", "4", deniable + b"\0\1")
refuse_content("without proof", "4", deniable[:-16])
refuse_content("a wrong proof", "4.1", changed(deniable, len(deniable) - 1))
refuse_content("a wrong signature", "4.1", changed(signed, len(signed) - 1))
refuse_content("another text", "4.1", deniable.replace(b"Gr", b"gr"))
refuse_content("a signature stripped", "4.1", signed[:20] + b"\0" + signed[21:-64])
refuse_content("signed by another", "4.1", ask_for("", "makeContent", kind=1, messageId=r("m", 16), writtenDay=DAY,
               text="", **TO_BOB | {"authorship": 2, "seed": carol["seed"]})["content"])
start, tail = deniable[:22], deniable[22:-16]
fields = lambda at, value: proven(start[:at] + bytes([value]) + start[at + 1 :] + tail)
refuse_content("another version of the content", "4", fields(0, 2))
refuse_content("an unknown kind", "4", fields(1, 4))
refuse_content("kind 0", "4", fields(1, 0))
refuse_content("an unknown authorship", "4.1", fields(20, 3))
refuse_content("an unknown flag", "4", fields(21, 8))
refuse_content("a receipt of nothing", "4.5", fields(1, 2))
refuse_content("anonymous under a pair", "4.3", anonymous)
refuse_content("an anonymous introduction", "4.3", ask_for("", "makeContent", kind=1, messageId=r("m", 16), writtenDay=DAY,
               text="", introduction=introduction, **TO_BOB | ANONYMOUS)["content"], by_trial)
refuse_content("passed on: not named", "4.2", contents["signed"], to_carol, as_carol)
card_of = lambda one, key: one["identityKey"] + key + sign(one["seed"], label("identity card") + key)
for name, its in {
    "of another prekey": introduction[:160] + carol["Q"] + introduction[192:],
    "with e of low order": introduction[:128] + bytes(32) + introduction[160:],
    "with an exchange key of low order": card_of(alice, bytes(32)) + introduction[128:],
    "with the exchange key of another": introduction[:32] + carol["exchangeKey"] + introduction[64:],
}.items():
    refuse_content(f"an introduction {name}", "3.2", of_alice(introduction=its), by_trial)
for weeks in (-2, 10):
    refuse_content(f"an introduction {weeks} weeks from now", "3.2", of_alice(introduction=introduction), by_trial,
                   lambda envelope: as_bob(envelope) | {"today": 7 * (PERIOD + weeks)})
for weeks in (-1, 9):
    envelope = made(f"an introduction {weeks} weeks from now", introduced, [by_trial])
    now = {"pairs": [], "today": 7 * (PERIOD + weeks)}
    add(f"mail: an introduction {weeks} weeks from now", "readMail", **as_bob(envelope) | now)
refuse_content("an introduction under a pair", "4.3", introduced)
refuse_content("no introduction in a trial slot", "4.3", signed, by_trial)
refuse_content("no introduction in an invitation slot", "4.3", signed, by_secret(0))
refuse_content("anonymous in an invitation slot", "4.3", anonymous, by_secret(0))
refuse_content("an expiry day before it was written", "1.5", deniable, expiryDay=DAY - 1,
               known=lambda envelope: as_bob(envelope) | {"today": DAY - 1})
refuse_content("an expiry day 29 days after it was written", "1.5", deniable, expiryDay=DAY + 29)
add("mail: on the day it expires", "readMail", **as_bob(made("on the day it expires", deniable, [first], expiryDay=DAY)))
add("mail: of the longest life", "readMail", **as_bob(made("of the longest life", deniable, [first], expiryDay=DAY + 28)))
of_carol = lambda **more: ask_for("", "makeContent", **{"kind": 1, "messageId": r("m", 16), "writtenDay": DAY, "text": "",
                                  **TO_BOB, "sender": carol["identityKey"], "authorship": 2, "seed": carol["seed"]} | more)
refuse_content("of another than the pair's", "4.3", of_carol()["content"])
refuse_content("an introduction of another", "3.2", of_carol(introduction=introduction)["content"], by_trial)
refuse_content("its own receiver", "4.2", of_carol(receivers=[bob["identityKey"], carol["identityKey"]])["content"])
refuse_content("a receiver twice", "4.2", of_carol(receivers=[bob["identityKey"]] * 2)["content"])
refuse_content("to nobody", "4.2", of_carol(receivers=[])["content"])
for name in ("../a", "a/b", "a\\b", "a\nb", "a\x7f", "a\x9fb", "a\u202egpj.exe", "", ".."):
    named = ask_for(name, "makeContent", kind=1, messageId=r("m", 16), writtenDay=DAY, text="",
                    **TO_BOB | DENIABLE | {"files": [{"name": name, "bytes": b""}]})["content"]
    refuse_content(f"a file named {json.dumps(name)}", "4.6", named)
at = deniable.index("ü".encode())
refuse_content("text not UTF-8", "4", proven(deniable[:at] + b"\xff\xff" + deniable[at + 2 : -16]))
refuse_content("a text of more than there is", "4", proven(deniable[:-32] + u(32, 0xFFFFFFFF) + deniable[-28:-16]))
unpadded = shaped("unpadded", [first], 0, 0)
refuse_mail("not padded", "1.4", ask_for("", "makeDummy", **unpadded)["envelope"])
too_much = shaped("too much", [first], 0, 0, content=bytes(1024 - 68 - 64 - 16))
if mailbox.answer({"do": "makeEnvelope"} | too_much) != {"error": "4.6: the content does not fit"}:
    sys.exit("too much fits")
add("envelope: content that just fits", "makeEnvelope", **too_much | {"content": bytes(1024 - 68 - 64 - 16 - 1)})
refuse("invitation in words: other words", "2", "readWords", envelope=in_words,
       words=ask_for("", "makeWords", secret=r("other", 16))["words"])
refuse_mail("the words' letter as mail", "2", in_words)

# the larger shapes, by their IDs

for size in range(2, 6):
    for code, real in enumerate((1, 2, 5, 17)):
        name = f"{SIZES[size]} KiB, {SLOTS[code]} slots"
        its = shaped(name, [slot(number) for number in range(real)], size, code)
        count, its["slots"] = SLOTS[code] - real, its["slots"][SLOTS[code] - real :]
        its["slots"] = [{"randomFrom": f"{name} {at}"} for at in range(count)] + its["slots"]
        whole_slots = [{"random": h(f"{one['randomFrom']} 0".encode()) + h(f"{one['randomFrom']} 1".encode())}
                       if "randomFrom" in one else one for one in its["slots"]]
        zeros = SIZES[size] * 1024 - 68 - 64 * SLOTS[code] - 16 - 1
        got = ask_for(name, "makeEnvelope", **its | {"slots": whole_slots, "content": bytes(zeros)})
        large.append({"name": name, "ask": {"do": "makeEnvelope"} | its, "contentZeros": zeros, "id": got["id"]})

ABOUT = ("Test vectors for spec/mailbox.md, by a second implementation in Python from the spec alone: "
         "test/second/mailbox.py (whose requests these are) and mailbox_vectors.py.")

if __name__ == "__main__":
    for one in refusals:
        error = mailbox.answer(one["ask"]).get("error", "")
        if not error.startswith(one["rule"] + ":"):
            sys.exit(f"{one['name']}: not refused by {one['rule']}: {error}")
    written = {"about": ABOUT, "requests": requests, "refusals": refusals, "large": large}
    out = json.dumps(to_json(written), indent=1, ensure_ascii=False) + "\n"
    if sys.argv[1:] == ["--check"]:
        with open(PATH, encoding="utf-8") as file:
            if file.read() != out:
                sys.exit("mailbox.json is not what mailbox_vectors.py makes.")
        print(f"{len(requests) + len(refusals) + len(large)} checks passed")
    else:
        with open(PATH, "w", encoding="utf-8") as file:
            file.write(out)
