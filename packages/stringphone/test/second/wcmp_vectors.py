#!/usr/bin/python3
"""Writes ../vectors/mailbox-classic.json by wcmp.py; with --check only compares. Always the same bytes.

  about      what this is
  requests   [{name, ask, answer}]: a request of the line protocol of wcmp.py, and its answer
"""
import hashlib
import json
import os
import sys

from wcmp import answered, decode, u16, u32

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors", "mailbox-classic.json")


def vectors():
    def random(name, length=32):
        out = b""
        while len(out) < length:
            out += hashlib.sha256(f"wcmp vectors: {name} {len(out)}".encode()).digest()
        return out[:length].hex()

    requests = []

    def add(name, **ask):
        requests.append({"name": name, "ask": ask, "answer": answered(ask)})
        return requests[-1]["answer"].get("ok")

    def mail(name, sender, receivers, message, expires=1_800_000_000):
        drawn = {field: random(f"{name} {field}", size) for field, size in (("nonce1", 24), ("key", 32), ("nonce2", 24))}
        ephemerals = [random(f"{name} ephemeral {i}") for i in range(len(receivers))]
        ask = {"sender": sender, "receivers": receivers, "message": message, "expires": expires}
        return add(name, do="create", **ask, **drawn, ephemerals=ephemerals)

    who = {name: {"seed": random(name + " seed"), "number": 0} for name in ("alice", "bob", "carol", "nobody")}
    last = {"seed": who["alice"]["seed"], "number": 0xFFFFFFFF}
    key = {name: add(f"keys: {name}", do="keys", **pair)["publicKey"] for name, pair in who.items()}
    last_key = add("keys: alice, last number", do="keys", **last)["publicKey"]
    hello = "Grüße, Bob 🐦".encode().hex()
    one = mail("create: alice to bob", who["alice"], [key["bob"]], hello)
    three = mail("create: three receivers", last, [key["bob"], key["carol"], key["nobody"]], hello, 0xFFFFFFFF)
    empty = mail("create: anonymous, empty, long gone", who["nobody"], [key["bob"]], "", 0)
    large = mail("create: 2,000 bytes", who["bob"], [key["alice"], last_key], random("large", 2000))
    low = key["bob"][:64] + "00" * 32
    mail("refused: receiver of low order", who["alice"], [low], hello)
    mail("refused: receiver twice", who["alice"], [key["bob"], key["bob"]], hello)
    mail("refused: no receiver", who["alice"], [], hello)

    contacts = [["alice", key["alice"]], ["alice (last)", last_key], ["bob", key["bob"]]]
    for name, each in (("one", one), ("three", three), ("empty", empty), ("large", large)):
        add(f"decode: {name}", do="decode", mail=each)
        for reader in ("alice", "bob", "carol"):
            add(f"open: {name} by {reader}", do="open", mail=each, mine=[who[reader]], contacts=contacts)
    add("open: large with both key pairs", do="open", mail=large, mine=[last, who["alice"]], contacts=contacts)
    add("open: sender not in the book", do="open", mail=one, mine=[who["bob"]], contacts=contacts[1:])
    add("verify: right", do="verify", mail=one, publicKey=key["alice"])
    add("verify: another", do="verify", mail=one, publicKey=key["bob"])

    raw = bytes.fromhex(one)

    def changed(name, data):
        add(f"changed: {name}", do="open", mail=data.hex(), mine=[who["bob"]], contacts=contacts)
        add(f"changed, sender unknown: {name}", do="open", mail=data.hex(), mine=[who["bob"]], contacts=[])

    def at(offset, value):
        return raw[:offset] + value + raw[offset + len(value) :]

    end = len(raw) - 64
    changed("nothing left", b"")
    changed("last byte missing", raw[:-1])
    changed("byte too many", raw + b"\0")
    changed("suite 0", at(0, b"\0"))
    changed("suite 2", at(0, b"\x02"))
    changed("ciphertext of 15 bytes", at(61, u32(15)))
    changed("ciphertext beyond the end", at(61, b"\xff" * 4))
    changed("no receiver", at(end - 114, u16(0))[: end - 112] + raw[end:])
    changed("a receiver too many", at(end - 114, u16(2)))
    changed("the same slot twice", at(end - 114, u16(2))[:end] + raw[end - 112 :])
    changed("expiry", at(57, u32(1_900_000_000)))
    changed("nonce1", at(1, bytes(24)))
    changed("sender tag", at(25, bytes(32)))
    changed("ciphertext", at(65, bytes(8)))
    changed("nonce2", at(end - 138, bytes(24)))
    changed("sealed key", at(end - 112, bytes(32)))
    changed("receiver tag", at(end - 32, bytes(32)))
    changed("signature", at(end, bytes(64)))

    parts = decode(bytes.fromhex(three))
    backwards = b"".join(slot["sealedKey"] + slot["tag"] for slot in parts["slots"][::-1])
    raw3 = bytes.fromhex(three)
    add("changed: slots in another order", do="decode", mail=(raw3[: -64 - 336] + backwards + raw3[-64:]).hex())

    all_mail = [one, three, empty, large, one, raw[:-1].hex()]
    for name, limits in (
        ("all", {"now": 1_700_000_000, "maxBytes": 10_000, "maxLife": None}),
        ("small ones", {"now": 1_700_000_000, "maxBytes": 1000, "maxLife": None}),
        ("short-lived ones", {"now": 1_700_000_000, "maxBytes": 10_000, "maxLife": 100_000_000}),
        ("just before the expiry", {"now": 1_799_999_999, "maxBytes": 10_000, "maxLife": None}),
        ("at the expiry", {"now": 1_800_000_000, "maxBytes": 10_000, "maxLife": None}),
    ):
        add(f"relay: {name}", do="relay", mails=all_mail, **limits)
    listed = add("list", do="list", mails=[one, three])
    add("list of none", do="list", mails=[])
    add("unlist", do="unlist", bytes=listed)
    add("unlist: cut off", do="unlist", bytes=listed[:-2])
    return requests


def self_check():
    with open(PATH, encoding="utf-8") as file:
        requests = json.load(file)["requests"]
    if requests != vectors():
        return "mailbox-classic.json is not what wcmp_vectors.py makes"
    wrong = [one["name"] for one in requests if answered(one["ask"]) != one["answer"]]
    if wrong:
        return f"not answered alike: {wrong}"
    print(f"{len(requests)} checks passed")
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(self_check())
    about = "Test vectors for spec/mailbox-classic.md, by a second implementation in Python from the spec alone: test/second/wcmp.py, whose requests these are."
    with open(PATH, "w", encoding="utf-8") as file:
        json.dump({"about": about, "requests": vectors()}, file, indent=2)
        file.write("\n")
