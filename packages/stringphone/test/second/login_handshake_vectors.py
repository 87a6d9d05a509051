#!/usr/bin/python3
"""Writes ../vectors/login.json from spec/login.md alone, §1, 2.1, 3, 8.2 and 9.3: all of a login and of a
registration that is not OPAQUE's. With --check only compares. Always the same bytes."""

import base64
import hashlib
import hmac
import json
import os
import struct
import sys
import unicodedata

from nacl.bindings import (
    crypto_aead_chacha20poly1305_ietf_encrypt,
    crypto_scalarmult,
    crypto_scalarmult_base,
)
from nacl.signing import SigningKey

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors", "login.json")


def label(name):
    return b"stringphone/2 " + name.encode() + b"\0"


def sha256(data):
    return hashlib.sha256(data).digest()


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def derive(secret, salt, info):
    return mac(mac(salt, secret), info + b"\x01")


def box(key, aad, message):
    return crypto_aead_chacha20poly1305_ietf_encrypt(message, aad, bytes(12), key)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def text8(text):
    data = text.encode()
    return struct.pack(">B", len(data)) + data


def padded(value):  # 3.3
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return data + b" " * (-len(data) % 256)


def fold(text):  # 1.2
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower())


def sample(name, length):
    return b"".join(sha256(f"{name} {i}".encode()) for i in range(length // 32 + 1))[:length]


def identities(login, realm, key, price):  # 2.1
    cost = " ".join(map(str, price))
    return {"client": login, "server": f"stringphone/2 login {realm} {b64(key)} argon2id {cost}"}


def card(seed):  # identity.md 2
    signing = SigningKey(seed)
    secret = derive(seed, bytes(32), label("identity exchange key"))
    exchange = crypto_scalarmult_base(secret)
    signature = signing.sign(label("identity card") + exchange).signature
    return b"\x01" + bytes(signing.verify_key) + exchange + signature, secret


def handshake(name, login, realm, price, known, finish_text, extra):
    seed = sample("server", 32)
    server_card, _ = card(seed)
    server_key = server_card[1:33]
    ke1, ke2, ke3 = (sample(f"{name} {k}", n) for k, n in (("ke1", 96), ("ke2", 320), ("ke3", 64)))
    session_key, attempt = sample(f"{name} S", 64), sample(f"{name} attempt", 16)
    start = b"\x01\x02" + ke1 + text8(login)
    known_key = sample("known device key", 32)
    known_session = sample("known session", 16)
    if known:
        start += b"\x01" + known_session + mac(known_key, label("login known start") + ke1)
    else:
        start += b"\x00"
    challenge = b"\x02" + attempt + struct.pack(">BIB", *price) + server_key + text8(realm) + ke2
    t1 = sha256(label("login challenge") + start + challenge)
    finish_key = derive(session_key, t1, label("login finish key"))
    finish = b"\x03" + attempt + ke3 + box(finish_key, t1, padded(finish_text))
    t2 = sha256(label("login finish") + t1 + finish)
    welcome_key = derive(session_key, t2, label("login welcome key"))
    welcome_text = {
        "session": b64(sample(f"{name} session", 16)),
        "scopes": ["lamps", "lamps:read"],
        "accessSeconds": 3600,
        "refreshSeconds": 7776000,
        "card": b64(server_card),
        "isOutdated": False,
        **dict(zip(("passes", "kib", "lanes"), price)),
        **extra,
    }
    welcome = b"\x04" + box(welcome_key, t2, padded(welcome_text))
    return {
        "name": name,
        "login": login,
        "realm": realm,
        "price": list(price),
        "serverSeed": seed.hex(),
        "serverKey": server_key.hex(),
        "identities": identities(login, realm, server_key, price),
        "knownKey": known_key.hex() if known else None,
        "knownSession": known_session.hex() if known else None,
        "ke1": ke1.hex(),
        "ke2": ke2.hex(),
        "ke3": ke3.hex(),
        "attempt": attempt.hex(),
        "sessionKey": session_key.hex(),
        "start": start.hex(),
        "challenge": challenge.hex(),
        "t1": t1.hex(),
        "finishKey": finish_key.hex(),
        "finishText": finish_text,
        "finish": finish.hex(),
        "t2": t2.hex(),
        "welcomeKey": welcome_key.hex(),
        "welcomeText": welcome_text,
        "welcome": welcome.hex(),
        "root": derive(session_key, t2, label("login root")).hex(),
    }


def registration(name, url, realm, login, asked):
    seed = sample("server", 32)
    server_card, exchange_secret = card(seed)
    code, last_day = sample(f"{name} code", 16), 20_000
    ephemeral_secret = sample(f"{name} ephemeral", 32)
    ephemeral = crypto_scalarmult_base(ephemeral_secret)
    invitation = b"\x01" + server_card[1:65] + code + struct.pack(">H", last_day)
    invitation += text8(url) + text8(realm) + text8(login)
    invitation_id = sha256(label("login invitation") + code)[:16]
    shared = crypto_scalarmult(exchange_secret, ephemeral)
    assert shared == crypto_scalarmult(ephemeral_secret, server_card[33:65])
    transcript = sha256(label("login registration") + invitation_id + ephemeral)
    keys = [derive(shared + code, transcript, label(f"login register {i}")) for i in range(4)]
    price = {"passes": 3, "kib": 65536, "lanes": 4}
    request, response, record = (sample(f"{name} {k}", n) for k, n in (("q", 32), ("a", 64), ("r", 192)))
    heads = [b"\x20" + invitation_id + ephemeral, b"\x21", b"\x22" + invitation_id, b"\x23"]
    texts = [
        {"login": asked, "request": b64(request)},
        {"response": b64(response), **price},
        {"record": b64(record)},
        {"login": asked},
    ]
    messages = [head + box(key, head, padded(text)) for head, key, text in zip(heads, keys, texts)]
    taken = heads[1] + box(keys[1], heads[1], padded({"error": "login-taken"}))
    return {
        "name": name,
        "serverSeed": seed.hex(),
        "code": code.hex(),
        "lastDay": last_day,
        "url": url,
        "realm": realm,
        "login": login,
        "text": "stringphone:login/" + b64(invitation),
        "invitationId": invitation_id.hex(),
        "ephemeralSecret": ephemeral_secret.hex(),
        "ephemeral": ephemeral.hex(),
        "keys": [key.hex() for key in keys],
        "asked": asked,
        "request": request.hex(),
        "response": response.hex(),
        "record": record.hex(),
        "messages": [message.hex() for message in messages],
        "taken": taken.hex(),
    }


typed = ["alice", "ALICE@Example.COM", "\ufb01nn", "\uff21lice", "A\u030a", "J\u030c", "\u1e9e", "\u0130"]
register_request = b64(sample("register", 32))
vectors = {
    "//": "Written by second/login_handshake_vectors.py after spec/login.md.",
    "names": [{"typed": one, "login": fold(one)} for one in typed],
    "logins": [
        handshake("plain", "alice", "lamp.example", (3, 65536, 4), False, {"device": "phone"}, {}),
        handshake(
            "all that can be there",
            "zo\u00eb",
            "l\u00e4mp.example",
            (16, 2097152, 16),
            True,
            {"device": "Zo\u00eb's \u260e", "scopes": ["lamps", "a/b"], "register": register_request},
            {"isOutdated": True, "register": b64(sample("response", 64))},
        ),
    ],
    "registrations": [
        registration("the user chooses", "http://192.168.0.7:8080", "lamp.example", "", "alice"),
        registration("for one login", "https://l\u00e4mp.example/x", "l\u00e4mp.example", "zo\u00eb", "zo\u00eb"),
    ],
}

if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        with open(PATH, encoding="utf-8") as file:
            sys.exit(None if json.load(file) == vectors else "login.json is not what login_handshake_vectors.py makes")
    with open(PATH, "w", encoding="utf-8") as file:
        json.dump(vectors, file, indent=2)
        file.write("\n")
