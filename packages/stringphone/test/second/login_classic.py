#!/usr/bin/python3
"""Classic login a second time, client and server, in Python on PyNaCl, from spec/login-classic.md alone.

Reads one JSON object per line, writes one per line: {ok: …} or {error: code}. Bytes are hexadecimal, texts
are texts; args are [[name, value]]. A side is all that one end has and draws in one login:

  client   {realm, login, password, nonce, dh: secret | null, bounds: {m, passes, kib: [least, most]}}
  server   {realm, secret, record | null, passes, kib, m, nonce, dh: secret | null, token, tokenKey, boxNonce}

`do` is one of:

  kdf        realm, login, password, salt, passes, kib, n, more
                                                 -> {boundSalt, chainKey, base, key, advanced}
  record     realm, login, password, salt, passes, kib   -> record
  decode     kind, text                          -> its parts
  request    client                              -> request
  challenge  server, request                     -> challenge
  prove      client, challenge                   -> proof
  check      server, request, proof              -> grant
  accept     client, challenge, grant, args      -> the first call
  call       login, token, tokenKey, seq, args   -> call
  take       login, token, tokenKey, last, call  -> {seq, args}
"""
import hashlib
import hmac
import json
import re
import sys
import unicodedata
from urllib.parse import quote_plus, unquote_to_bytes

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
    crypto_scalarmult,
    crypto_scalarmult_base,
)
from nacl.exceptions import CryptoError
from nacl.exceptions import RuntimeError as SodiumError
from nacl.pwhash import argon2id


class Refused(Exception):
    pass


def hmac256(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def sha256(data):
    return hashlib.sha256(data).digest()


def label(name):
    return b"stringphone/2 " + name + b"\0"


def sized(text):
    raw = text.encode()
    return bytes([len(raw)]) + raw


# Section 2


def bound_salt(realm, login, salt):
    return sha256(label(b"login classic salt") + sized(realm) + sized(login) + salt)[:16]  # [YAAS-2-4]


def chain_key_of(bound):
    return sha256(label(b"login classic chain") + bound)  # [YAAS-2-5]


def advance(chain_key, x, times):
    for _ in range(times):
        x = hmac256(chain_key, b"\x01" + x)  # [YAAS-2-6]
    return x


def base_of(password, bound, passes, kib):
    typed = unicodedata.normalize("NFKC", password).encode()
    if not 1 <= len(typed) <= 1024:
        raise Refused("bad-password")  # [YAAS-2-2]
    return argon2id.kdf(32, typed, bound, passes, kib * 1024)  # [YAAS-2-5]


def kdf(realm, login, password, salt, passes, kib, n):
    bound = bound_salt(realm, login, salt)
    return advance(chain_key_of(bound), base_of(password, bound, passes, kib), n)


# Section 3


def encode(fields):
    def one(text):
        return quote_plus(text, safe="*-._").replace("~", "%7E")  # [YAAS-3-1]

    return "&".join(f"{one(name)}={one(value)}" for name, value in fields)


def parse(text, longest):
    if len(text) > longest:
        raise Refused("malformed")  # [YAAS-3-3]
    fields = []
    try:
        for field in text.split("&"):
            name, value = (unquote_to_bytes(part.replace("+", " ")).decode() for part in field.split("="))
            fields.append((name, value))
    except ValueError:
        raise Refused("malformed") from None
    if encode(fields) != text:
        raise Refused("malformed")
    return fields


def number(least, most):
    def read(text):
        if not re.fullmatch(r"0|[1-9][0-9]{0,15}", text) or not least <= int(text) <= most:
            raise Refused("malformed")  # [YAAS-3-2]
        return int(text)

    return read


def raw(length):
    def read(text):
        if not re.fullmatch(f"[0-9a-f]{{{2 * length}}}", text):
            raise Refused("malformed")  # [YAAS-3-2]
        return bytes.fromhex(text)

    return read


def login_name(text):
    controls = [c for c in text if ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F]
    if controls or unicodedata.normalize("NFC", text) != text or not 1 <= len(text.encode()) <= 64:
        raise Refused("malformed")  # [YAAS-2-1]
    return text


COST = {"passes": number(1, 16), "kib": number(8, 4194304)}
M = number(2, 1048576)
SEQ = number(1, 9007199254740991)
KINDS = {
    "request": {"user": login_name, "nonce": raw(16), "dh": raw(32)},
    "challenge": {"m": M, "salt": raw(16), **COST, "nonce": raw(16), "dh": raw(32)},
    "proof": {"user": login_name, "nonce": raw(16), "sign": raw(32)},
    "grant": {"token": raw(16), "box": raw(72)},
    "call": {"user": login_name, "token": raw(16), "seq": SEQ, "sign": raw(32)},
    "record": {"user": login_name, "salt": raw(16), **COST, "n": number(1, 1047576), "h": raw(32)},
}


def decode(kind, text):
    fields = parse(text, 65536 if kind == "call" else 1024)
    readers = dict(KINDS[kind])
    args = None
    if kind == "call":
        args = fields[3:-1]
        names = [name for name, _ in args]
        if len(set(names)) < len(names) or {"", "user", "token", "seq", "sign"} & set(names):
            raise Refused("malformed")  # [YAAS-3-8]
        fields = fields[:3] + fields[-1:]
    if "dh" in readers and "dh" not in [name for name, _ in fields]:
        del readers["dh"]
    if [name for name, _ in fields] != list(readers):
        raise Refused("malformed")
    parts = {name: readers[name](value) for name, value in fields}
    if args is not None:
        parts["args"] = [list(each) for each in args]
    return parts


def signed(text, key):
    return text + "&sign=" + hmac256(key, text.encode()).hex()  # [YAAS-3-4]


def is_signed(text, key):
    before, _, sign = text.rpartition("&sign=")
    return hmac.compare_digest(hmac256(key, before.encode()).hex(), sign)


# Section 3.1


def shared_of(ours, theirs):
    try:
        return crypto_scalarmult(ours, theirs)
    except SodiumError:
        raise Refused("bad-exchange") from None


def session_key(key, shared, request, challenge):
    nonces = decode("request", request)["nonce"] + decode("challenge", challenge)["nonce"]
    info = label(b"login classic session") + sha256(f"{request}\n{challenge}".encode())
    return hmac256(hmac256(nonces, key + shared), info + b"\x01")  # [YAAS-3.1-2]


def grant_key(k):
    return hmac256(k, label(b"login classic grant") + b"\x01")  # [YAAS-3.1-3]


# Section 4


def request_of(client):
    fields = [("user", client["login"]), ("nonce", client["nonce"].hex())]
    if client["dh"]:
        fields.append(("dh", crypto_scalarmult_base(client["dh"]).hex()))
    return encode(fields)


def client_key(client, challenge):
    parts = decode("challenge", challenge)
    for name in ("m", "passes", "kib"):
        if parts[name] < client["bounds"][name][0]:
            raise Refused("weak-challenge")  # [YAAS-4-2]
    for name in ("m", "passes", "kib"):
        if parts[name] > client["bounds"][name][1]:
            raise Refused("costly-challenge")
    if bool(client["dh"]) != ("dh" in parts):
        raise Refused("bad-exchange")  # [YAAS-4-3]
    shared = shared_of(client["dh"], parts["dh"]) if client["dh"] else b""
    names = (client["realm"], client["login"], client["password"])
    key = kdf(*names, parts["salt"], parts["passes"], parts["kib"], parts["m"])
    return session_key(key, shared, request_of(client), challenge)


def prove(client, challenge):
    k = client_key(client, challenge)
    nonce = decode("challenge", challenge)["nonce"].hex()
    return signed(encode([("user", client["login"]), ("nonce", nonce)]), k)


def accept(client, challenge, grant, args):
    parts = decode("grant", grant)
    box, token = parts["box"], parts["token"]
    key = grant_key(client_key(client, challenge))
    try:
        token_key = crypto_aead_xchacha20poly1305_ietf_decrypt(box[24:], token, box[:24], key)
    except CryptoError:
        raise Refused("server-unproven") from None  # [YAAS-5-1]
    return call(client["login"], token, token_key, 1, args)


def record_at(server, login):
    if server["record"] is not None:
        return decode("record", server["record"])
    names = sized(server["realm"]) + sized(login)  # [YAAS-4-5]
    salt = hmac256(server["secret"], label(b"login classic unknown salt") + names)[:16]
    h = hmac256(server["secret"], label(b"login classic unknown key") + names)
    return {"salt": salt, "passes": server["passes"], "kib": server["kib"], "n": 1000, "h": h}


def challenge_of(server, request):
    asked = decode("request", request)
    record = record_at(server, asked["user"])
    fields = [("m", str(server["m"])), ("salt", record["salt"].hex())]
    fields += [("passes", str(record["passes"])), ("kib", str(record["kib"])), ("nonce", server["nonce"].hex())]
    if server["dh"] and "dh" in asked:
        shared_of(server["dh"], asked["dh"])  # [YAAS-4-9]
        fields.append(("dh", crypto_scalarmult_base(server["dh"]).hex()))
    return encode(fields)


def check(server, request, proof):
    challenge = challenge_of(server, request)
    asked = decode("request", request)
    said = decode("proof", proof)
    record = record_at(server, asked["user"])
    chain_key = chain_key_of(bound_salt(server["realm"], asked["user"], record["salt"]))
    shared = shared_of(server["dh"], asked["dh"]) if server["dh"] and "dh" in asked else b""
    key = advance(chain_key, record["h"], server["m"] - record["n"])
    k = session_key(key, shared, request, challenge)
    is_ours = said["nonce"] == server["nonce"] and said["user"] == asked["user"]
    if not is_signed(proof, k) or not is_ours or server["record"] is None:
        raise Refused("login-refused")  # [YAAS-4-8]
    nonce, token = server["boxNonce"], server["token"]
    box = crypto_aead_xchacha20poly1305_ietf_encrypt(server["tokenKey"], token, nonce, grant_key(k))  # [YAAS-3-9]
    return encode([("token", token.hex()), ("box", (nonce + box).hex())])


# Section 5


def call(login, token, token_key, seq, args):
    return signed(encode([("user", login), ("token", token.hex()), ("seq", str(seq)), *args]), token_key)


def take(login, token, token_key, last, text):
    parts = decode("call", text)
    if parts["token"] != token or parts["user"] != login:
        raise Refused("unknown-token")  # [YAAS-5-3]
    if not is_signed(text, token_key):
        raise Refused("bad-signature")
    if parts["seq"] <= last:
        raise Refused("replayed")
    return {"seq": parts["seq"], "args": parts["args"]}


def answer(ask):
    bytes_in = {"salt", "nonce", "dh", "secret", "token", "tokenKey", "boxNonce"}

    def side(given):
        return {key: bytes.fromhex(one) if key in bytes_in and one else one for key, one in given.items()}

    def deriving():
        bound = bound_salt(ask["realm"], ask["login"], of["salt"])
        base = base_of(ask["password"], bound, ask["passes"], ask["kib"])
        chain_key = chain_key_of(bound)
        key = advance(chain_key, base, ask["n"])
        advanced = advance(chain_key, key, ask["more"])
        return {"boundSalt": bound, "chainKey": chain_key, "base": base, "key": key, "advanced": advanced}

    def recording():
        names = (ask["realm"], ask["login"], ask["password"])
        h = kdf(*names, of["salt"], ask["passes"], ask["kib"], 1000)
        fields = [("user", ask["login"]), ("salt", ask["salt"]), ("passes", str(ask["passes"]))]
        return encode([*fields, ("kib", str(ask["kib"])), ("n", "1000"), ("h", h.hex())])

    of = side(ask)
    client = side(ask["client"]) if "client" in ask else None
    server = side(ask["server"]) if "server" in ask else None
    return {
        "kdf": deriving,
        "record": recording,
        "decode": lambda: decode(ask["kind"], ask["text"]),
        "request": lambda: request_of(client),
        "challenge": lambda: challenge_of(server, ask["request"]),
        "prove": lambda: prove(client, ask["challenge"]),
        "check": lambda: check(server, ask["request"], ask["proof"]),
        "accept": lambda: accept(client, ask["challenge"], ask["grant"], ask["args"]),
        "call": lambda: call(ask["login"], of["token"], of["tokenKey"], ask["seq"], ask["args"]),
        "take": lambda: take(ask["login"], of["token"], of["tokenKey"], ask["last"], ask["call"]),
    }[ask["do"]]()


def answered(ask):
    try:
        out = {"ok": answer(ask)}
    except Refused as refused:
        out = {"error": str(refused)}
    return json.loads(json.dumps(out, default=lambda value: value.hex()))


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answered(json.loads(line))), flush=True)
