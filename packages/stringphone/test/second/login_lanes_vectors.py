#!/usr/bin/python3
"""Test vectors for lanes, refreshes, errors and sealed calls: a second implementation of spec/login.md §4 to §6 and
§8.1, in Python on PyNaCl, from the specification (and RFC 9292) alone. Writes test/vectors/login-lanes.json;
`--check` compares.
"""
import json
import pathlib
import sys

from nacl.bindings import crypto_aead_chacha20poly1305_ietf_encrypt as box_seal
from nacl.bindings import crypto_scalarmult_base

from topic_bytes import base64url, dh, h, hkdf, label, mac, public_key, sign, to_json, u

PATH = pathlib.Path(__file__).parent.parent / "vectors" / "login-lanes.json"
NONE = b""
REALM = b"lamp.example"

def derive(secret, salt, info):
    return hkdf(secret, salt, info, 32)

def box(key, number, ad, plain):
    return box_seal(plain, ad, bytes(4) + u(64, number), key)

def varint(number):
    return u(8, number) if number < 64 else u(16, 0x4000 + number)

def counted(data):
    return varint(len(data)) + data

def section(fields):
    return counted(NONE.join(counted(name) + counted(value) for name, value in fields))

def padme(data):
    exponent = len(data).bit_length() - 1
    step = 1 << (exponent - exponent.bit_length())
    return data + bytes(-len(data) % step)

inputs = {
    name: h(f"login lanes: {name}".encode())[:size]
    for name, size in [("session", 16), ("root", 32), ("lane", 16), ("clientRandom", 16),
                       ("clientEphemeral", 32), ("serverEphemeral", 32), ("serverSeed", 32)]
}
session, root, lane, seed = (inputs[name] for name in ("session", "root", "lane", "serverSeed"))
scopes, lifetimes = ["lamp:read", "lamp:switch"], {"accessSeconds": 3600, "refreshSeconds": 7776000}
one = u(32, 1)

# 4: keys
of_generation = {
    name: derive(root, NONE, label(f"login {words}") + session + one)
    for name, words in [("laneOpeningKey", "lanes"), ("refreshKey", "refresh"), ("errorKey", "errors"),
                        ("knownDeviceKey", "known device")]
}
of_lane = {
    f"{name}Key": derive(root, NONE, label(f"login {words}") + session + one + lane)
    for name, words in [("requestSigning", "request signing"), ("answerSigning", "answer signing"),
                        ("requestSealing", "request sealing"), ("answerSealing", "answer sealing")]
}

# 5: a lane
before = b"\x05" + session + one + inputs["clientRandom"]
open_lane = before + mac(of_generation["laneOpeningKey"], label("login open lane") + before)
before = b"\x06" + lane
lane_answer = before + mac(of_generation["laneOpeningKey"], label("login lane") + h(open_lane) + before)

# 6.1: a refresh
before = b"\x07" + session + one + crypto_scalarmult_base(inputs["clientEphemeral"])
refresh = before + mac(of_generation["refreshKey"], label("login refresh request") + before)
server_key = crypto_scalarmult_base(inputs["serverEphemeral"])
transcript = h(label("login refresh answer") + refresh + b"\x08" + server_key)
secret = dh(inputs["clientEphemeral"], server_key, "6.1") + root
next_root = derive(secret, transcript, label("login next root"))
answer_key = derive(secret, transcript, label("login refreshed key"))
exchange_key = crypto_scalarmult_base(derive(seed, bytes(32), label("identity exchange key")))
card = u(8, 1) + public_key(seed) + exchange_key + sign(seed, label("identity card") + exchange_key)
terms = {"scopes": scopes} | lifetimes | {"card": base64url(card)}
text = json.dumps(terms, separators=(",", ":")).encode()
sealed = box(answer_key, 0, transcript, text + b" " * (-len(text) % 256))
signature = sign(seed, label("login refreshed") + u(8, len(REALM)) + REALM + transcript + sealed)
refreshed = b"\x08" + server_key + signature + sealed

# 6.4: errors
content = u(8, 4) + u(32, 0)
proven = label("login error") + h(open_lane) + content
with_mac = b"\x0e" + content + u(8, 1) + mac(of_generation["errorKey"], proven)
with_signature = b"\x0e" + content + u(8, 2) + sign(seed, proven)

# 8.1: a sealed call
head = b"\x10" + lane + u(64, 1)
control = counted(b"POST") + counted(b"http") + counted(b"lamp.example") + counted(b"/lamps/7?on=1")
request = u(8, 0) + control + section([(b"content-type", b"text/plain")]) + counted(b"brighter") + section([])
call = head + box(of_lane["requestSealingKey"], 1, head, padme(request))
response = u(8, 1) + varint(200) + section([(b"x", b"y")]) + counted(b"it is bright") + section([])
answer = b"\x11" + box(of_lane["answerSealingKey"], 1, h(call) + b"\x11", padme(response))

# 6.4: an error to it, of which no more than the head was read
content = u(8, 3) + u(32, 0)
with_head = b"\x0e" + content + u(8, 3) + sign(seed, label("login error unread") + call[:25] + content)

outputs = of_generation | of_lane | {
    "openLane": open_lane,
    "laneAnswer": lane_answer,
    "refresh": refresh,
    "transcript": transcript,
    "nextRoot": next_root,
    "answerKey": answer_key,
    "refreshed": refreshed,
    "expiredWithMac": with_mac,
    "expiredWithSignature": with_signature,
    "unknownLaneUnread": with_head,
    "binaryRequest": request,
    "sealedCall": call,
    "binaryResponse": response,
    "sealedAnswer": answer,
}
ABOUT = ("Test vectors for spec/login.md §4 to §6 and §8.1, by a second implementation in Python from the spec "
         "alone: test/second/login_lanes_vectors.py. Generation 1; call number 1; the errors "
         "are `expired`, to openLane, and `unknown-lane`, to sealedCall.")

if __name__ == "__main__":
    written = {"about": ABOUT, "inputs": to_json(inputs), "realm": REALM.decode(), "scopes": scopes,
               "lifetimes": lifetimes, "termsText": text.decode(), "outputs": to_json(outputs)}
    out = json.dumps(written, indent=1, ensure_ascii=False) + "\n"
    if sys.argv[1:] == ["--check"]:
        with open(PATH, encoding="utf-8") as file:
            if file.read() != out:
                sys.exit("login-lanes.json is not what login_lanes_vectors.py makes.")
        print(f"{len(outputs)} checks passed")
    else:
        with open(PATH, "w", encoding="utf-8") as file:
            file.write(out)
