#!/usr/bin/python3
"""Writes ../vectors/login-classic.json by login_classic.py; with --check only compares. Always the same bytes.

  about      what this is
  requests   [{name, ask, answer}]: a request of the line protocol of login_classic.py, and its answer
"""
import hashlib
import json
import os
import sys

from login_classic import answered, encode, signed

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors", "login-classic.json")
REALM = "house.example"
COST = {"passes": 1, "kib": 8}
BOUNDS = {"m": [2, 1048576], "passes": [1, 16], "kib": [8, 1048576]}


def vectors():
    def random(name, length=32):
        out = b""
        while len(out) < length:
            out += hashlib.sha256(f"login vectors: {name} {len(out)}".encode()).digest()
        return out[:length].hex()

    requests = []

    def add(name, **ask):
        requests.append({"name": name, "ask": ask, "answer": answered(ask)})
        return requests[-1]["answer"].get("ok")

    def who(login, password, realm=REALM, **changes):
        drawn = {"nonce": random(f"{login} nonce", 16), "dh": None}
        return {"realm": realm, "login": login, "password": password, "bounds": BOUNDS, **drawn, **changes}

    def side(name, record, realm=REALM, **changes):
        sizes = {"nonce": 16, "token": 16, "tokenKey": 32, "boxNonce": 24}
        drawn = {field: random(f"{name}, server's {field}", size) for field, size in sizes.items()}
        fixed = {"realm": realm, "secret": random("server secret"), "record": record, "m": 1500, "dh": None}
        return {**fixed, **COST, **drawn, **changes}

    # Section 2
    salt = random("salt", 16)
    for name, realm, login, password, n, more in (
        ("plain", REALM, "alice", "correct horse", 1000, 500),
        ("no step", REALM, "alice", "correct horse", 0, 0),
        ("one step", REALM, "alice", "correct horse", 1, 1),
        ("another realm", "barn.example", "alice", "correct horse", 1, 1),
        ("another login", REALM, "alicf", "correct horse", 1, 1),
        ("letters of all kinds", "Haus №1 🏠", "Zoë 🐦", "pässwörd ①", 10, 10),
        ("the same after NFKC", "Haus №1 🏠", "Zoë 🐦", "pa\u0308sswo\u0308rd 1", 10, 10),
        ("longest names", "r" * 255, "l" * 64, "p" * 1024, 3, 4),
    ):
        add(f"kdf: {name}", do="kdf", realm=realm, login=login, password=password, salt=salt, n=n, more=more, **COST)
    costly = {"passes": 3, "kib": 64}
    add("kdf: costly", do="kdf", realm=REALM, login="alice", password="x", salt=salt, n=5, more=0, **costly)
    for name, password in (("no password", ""), ("password too long", "p" * 1025), ("long after NFKC", "\ufdfa" * 40)):
        add(f"record: {name}", do="record", realm=REALM, login="alice", password=password, salt=salt, **COST)

    # Sections 4 and 5
    zoe, strong = who("Zoë 🐦", "pässwörd", dh=random("zoe dh")), {"passes": 2, "kib": 16}
    logins = (
        ("alice", who("alice", "correct horse"), COST, {}),
        ("zoe, with dh", zoe, COST, {"dh": random("server dh")}),
        ("alice, server offers dh in vain", who("alice", "correct horse"), COST, {"dh": random("server dh")}),
        ("alice, lowest M", who("alice", "correct horse"), COST, {"m": 1001}),
        ("alice, another cost", who("alice", "correct horse"), strong, {"m": 2000}),
    )
    made = {}
    for name, client, cost, changes in logins:
        asked = {key: client[key] for key in ("realm", "login", "password")}
        record = add(f"record: {name}", do="record", salt=random(f"{name} salt", 16), **asked, **cost)
        server = side(name, record, **changes)
        request = add(f"request: {name}", do="request", client=client)
        challenge = add(f"challenge: {name}", do="challenge", server=server, request=request)
        proof = add(f"prove: {name}", do="prove", client=client, challenge=challenge)
        grant = add(f"check: {name}", do="check", server=server, request=request, proof=proof)
        args = [["do", "open the door"], ["1", "~+&=%"], ["weiß", "nothing\n"], ["empty", ""]]
        first = add(f"accept: {name}", do="accept", client=client, challenge=challenge, grant=grant, args=args)
        made[name] = (client, server, record, request, challenge, proof, grant, first)
        for kind, text in (("record", record), ("request", request), ("challenge", challenge)):
            add(f"decode {kind}: {name}", do="decode", kind=kind, text=text)
        for kind, text in (("proof", proof), ("grant", grant), ("call", first)):
            add(f"decode {kind}: {name}", do="decode", kind=kind, text=text)

    client, server, record, request, challenge, proof, grant, first = made["alice"]
    again = dict(server=server, request=request)
    for login in ("nobody", "alice", "Zoë 🐦"):
        asking = add(f"request: unknown {login}", do="request", client=who(login, "correct horse"))
        unknown = side(f"unknown {login}", None)
        asked = add(f"challenge: unknown {login}", do="challenge", server=unknown, request=asking)
        wrong = add(f"prove: unknown {login}", do="prove", client=who(login, "correct horse"), challenge=asked)
        add(f"check: unknown {login}", do="check", server=unknown, request=asking, proof=wrong)
    other = who("alice", "correct horsf")
    add("check: wrong password", do="check", **again, proof=answered({"do": "prove", "client": other, "challenge": challenge})["ok"])
    add("check: another nonce", do="check", **again, proof=proof.replace(server["nonce"], random("other", 16)))
    add("check: another login", do="check", **again, proof=proof.replace("alice", "alicf"))
    add("check: another sign", do="check", **again, proof=proof[:-1] + ("0" if proof[-1] != "0" else "1"))
    changed_m = {**server, "m": 1501}
    add("check: for another M", do="check", server=changed_m, request=request, proof=proof)
    late = {**server, "nonce": random("late", 16)}
    add("check: for another challenge", do="check", server=late, request=request, proof=proof)
    no_grant = grant.replace(server["token"], random("other", 16))
    add("accept: another token", do="accept", client=client, challenge=challenge, grant=no_grant, args=[])
    add("accept: by another password", do="accept", client=other, challenge=challenge, grant=grant, args=[])

    for name, bounds, text in (
        ("weak M", {"m": [1501, 9999]}, challenge),
        ("costly M", {"m": [2, 1499]}, challenge),
        ("weak passes", {"passes": [2, 16]}, challenge),
        ("costly passes", {"passes": [1, 1]}, made["alice, another cost"][4]),
        ("weak memory", {"kib": [9, 1048576]}, challenge),
        ("costly memory", {"kib": [8, 15]}, made["alice, another cost"][4]),
        ("weak before costly", {"m": [2, 1499], "kib": [9, 10]}, challenge),
    ):
        add(f"prove: {name}", do="prove", client={**client, "bounds": {**BOUNDS, **bounds}}, challenge=text)
    add("prove: dh that was not offered", do="prove", client=client, challenge=made["zoe, with dh"][4])
    add("prove: dh that is left out", do="prove", client=zoe, challenge=challenge)
    low = encode([("dh", "00" * 32)])
    add("prove: dh of low order", do="prove", client=zoe, challenge=f"{challenge}&{low}")
    with_dh = {**server, "dh": random("server dh")}
    add("challenge: dh of low order", do="challenge", server=with_dh, request=f"{request}&{low}")
    add("challenge: dh of low order, of no interest", do="challenge", server=server, request=f"{request}&{low}")

    token = {"login": "alice", "token": random("token", 16), "tokenKey": random("token key")}
    for seq, args in ((1, []), (2, [["a", "b"]]), (9007199254740991, [["nonce", "fine"], ["A", "1"], ["a", "2"]])):
        text = add(f"call: {seq}", do="call", **token, seq=seq, args=args)
        add(f"take: {seq}", do="take", **token, last=0, call=text)
        add(f"take: {seq} again", do="take", **token, last=seq, call=text)
    good = answered({"do": "call", **token, "seq": 2, "args": [["a", "b"]]})["ok"]
    add("take: another's token", do="take", **{**token, "login": "bob"}, last=0, call=good)
    add("take: unknown token", do="take", **{**token, "token": random("other", 16)}, last=0, call=good)
    add("take: another token key", do="take", **{**token, "tokenKey": random("other")}, last=0, call=good)
    add("take: changed argument", do="take", **token, last=0, call=good.replace("a=b", "a=c"))
    add("take: changed number", do="take", **token, last=0, call=good.replace("seq=2", "seq=3"))
    add("take: signature is looked at before the number", do="take", **token, last=5, call=good.replace("a=b", "a=c"))
    key = bytes.fromhex(token["tokenKey"])
    head = f"user=alice&token={token['token']}&seq=2"
    for name, text in (
        ("name twice", f"{head}&a=b&a=c"),
        ("no name", f"{head}&=b"),
        ("reserved name", f"{head}&token=b"),
        ("signed twice", signed(head, key)),
        ("lower-case percent", f"{head}&a=%c3%a4"),
        ("percent without need", f"{head}&a=%62"),
        ("%20", f"{head}&a=%20"),
        ("~", f"{head}&a=~"),
        ("no UTF-8", f"{head}&a=%FF"),
        ("surrogate", f"{head}&a=%ED%A0%80"),
        ("cut percent", f"{head}&a=%C"),
        ("two =", f"{head}&a=b=c"),
        ("no =", f"{head}&a"),
        ("empty field", f"{head}&"),
        ("no number", head.replace("=2", "=")),
        ("number 0", head.replace("=2", "=0")),
        ("number 02", head.replace("=2", "=02")),
        ("number +2", head.replace("=2", "=%2B2")),
        ("number 2e0", head.replace("=2", "=2e0")),
        ("number too large", head.replace("=2", "=9007199254740992")),
        ("another order", f"token={token['token']}&user=alice&seq=2"),
    ):
        add(f"take: {name}", do="take", **token, last=0, call=signed(text, key))

    nonce = random("nonce", 16)
    long_login = "user=" + "%F0%9F%90%A6" * 16
    for name, text in (
        ("empty", ""),
        ("only a name", "user=alice"),
        ("no login", f"user=&nonce={nonce}"),
        ("control character", f"user=a%0A&nonce={nonce}"),
        ("C1 control character", f"user=a%C2%85&nonce={nonce}"),
        ("not NFC", f"user=a%CC%88&nonce={nonce}"),
        ("64 bytes", f"{long_login}&nonce={nonce}"),
        ("65 bytes", f"{long_login}a&nonce={nonce}"),
        ("upper-case hex", f"user=alice&nonce={nonce.upper()}"),
        ("short nonce", f"user=alice&nonce={nonce[2:]}"),
        ("long nonce", f"user=alice&nonce={nonce}00"),
        ("empty dh", f"user=alice&nonce={nonce}&dh="),
        ("short dh", f"user=alice&nonce={nonce}&dh={nonce}"),
        ("something more", f"user=alice&nonce={nonce}&x=y"),
        ("twice the nonce", f"user=alice&nonce={nonce}&nonce={nonce}"),
        ("a line break", f"user=alice&nonce={nonce}\n"),
        ("letters as they are", f"user=ä&nonce={nonce}"),
        ("1,025 characters", f"user={'a' * 981}&nonce={nonce}"),
    ):
        add(f"decode request: {name}", do="decode", kind="request", text=text)
    for name, old, new in (
        ("M 1", "m=1500", "m=1"),
        ("M 2", "m=1500", "m=2"),
        ("M 1,048,576", "m=1500", "m=1048576"),
        ("M 1,048,577", "m=1500", "m=1048577"),
        ("no pass", "passes=1", "passes=0"),
        ("17 passes", "passes=1", "passes=17"),
        ("7 KiB", "kib=8", "kib=7"),
        ("4,194,304 KiB", "kib=8", "kib=4194304"),
        ("4,194,305 KiB", "kib=8", "kib=4194305"),
        ("another order", "passes=1&kib=8", "kib=8&passes=1"),
        ("something in front", "m=", "n=1&m="),
    ):
        add(f"decode challenge: {name}", do="decode", kind="challenge", text=challenge.replace(old, new))
    for name, old, new in (("N 0", "n=1000", "n=0"), ("N 1,047,576", "n=1000", "n=1047576"), ("N 1,047,577", "n=1000", "n=1047577")):
        add(f"decode record: {name}", do="decode", kind="record", text=record.replace(old, new))
    add("decode proof: without sign", do="decode", kind="proof", text=proof[:-70])
    add("decode proof: a request", do="decode", kind="proof", text=request)
    add("decode grant: short box", do="decode", kind="grant", text=grant[:-2])
    add("decode grant: long box", do="decode", kind="grant", text=grant + "00")
    return requests


def self_check():
    with open(PATH, encoding="utf-8") as file:
        requests = json.load(file)["requests"]
    if requests != vectors():
        return "login-classic.json is not what login_classic_vectors.py makes"
    wrong = [one["name"] for one in requests if answered(one["ask"]) != one["answer"]]
    if wrong:
        return f"not answered alike: {wrong}"
    print(f"{len(requests)} checks passed")
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(self_check())
    about = "Test vectors for spec/login-classic.md, by a second implementation in Python from the spec alone: test/second/login_classic.py, whose requests these are."
    with open(PATH, "w", encoding="utf-8") as file:
        json.dump({"about": about, "requests": vectors()}, file, indent=2)
        file.write("\n")
