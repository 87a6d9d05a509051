"""Primitives, layouts, JSON and the emoji of topic.py."""
import base64
import hashlib
import hmac
import re

from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt as aead_open
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt as aead_seal
from nacl.bindings import crypto_scalarmult
from nacl.exceptions import CryptoError
from nacl.signing import SigningKey, VerifyKey

FIELD = re.compile(r"(\w+):?(\S*)")
NO_NONCE = bytes(24)
TEXT = {"do", "type", "channelName", "name", "topicName", "address", "text", "code"}
EMOJI = (
    "🐶 Dog|🐱 Cat|🦁 Lion|🐎 Horse|🦄 Unicorn|🐷 Pig|🐘 Elephant|🐰 Rabbit|🐼 Panda|🐓 Rooster|🐧 Penguin|"
    "🐢 Turtle|🐟 Fish|🐙 Octopus|🦋 Butterfly|🌷 Flower|🌳 Tree|🌵 Cactus|🍄 Mushroom|🌏 Globe|🌙 Moon|"
    "☁️ Cloud|🔥 Fire|🍌 Banana|🍎 Apple|🍓 Strawberry|🌽 Corn|🍕 Pizza|🎂 Cake|❤️ Heart|😀 Smiley|🤖 Robot|"
    "🎩 Hat|👓 Glasses|🔧 Spanner|🎅 Santa|👍 Thumbs Up|☂️ Umbrella|⌛ Hourglass|⏰ Clock|🎁 Gift|"
    "💡 Light Bulb|📕 Book|✏️ Pencil|📎 Paperclip|✂️ Scissors|🔒 Lock|🔑 Key|🔨 Hammer|☎️ Telephone|"
    "🏁 Flag|🚂 Train|🚲 Bicycle|✈️ Aeroplane|🚀 Rocket|🏆 Trophy|⚽ Ball|🎸 Guitar|🎺 Trumpet|🔔 Bell|"
    "⚓ Anchor|🎧 Headphones|📁 Folder|📌 Pin"
).split("|")

class Refused(Exception):
    pass

def need(condition, rule, words):
    if not condition:
        raise Refused(f"{rule}: {words}")

def attempt(rule, words, run, *arguments):
    try:
        return run(*arguments)
    except (CryptoError, RuntimeError, ValueError):
        need(False, rule, words)

def label(name):
    return b"stringphone/2 " + name.encode() + b"\0"

def h(data):
    return hashlib.sha256(data).digest()

def mac(key, data):
    return hmac.digest(key, data, "sha256")

def hkdf(secret, salt, info, length):
    key, out, last = mac(salt, secret), b"", b""
    while len(out) < length:
        last = mac(key, last + info + u(8, len(out) // 32 + 1))
        out += last
    return out[:length]

def seal(key, nonce, plain, ad=b""):
    return aead_seal(plain, ad, nonce, key)

def unseal(key, nonce, sealed, ad, rule):
    return attempt(rule, "does not decrypt", aead_open, sealed, ad, nonce, key)

def dh(secret, public, rule):
    return attempt(rule, "a public key of low order", crypto_scalarmult, secret, public)

def public_key(seed):
    return bytes(SigningKey(seed).verify_key)

def sign(seed, data):
    return SigningKey(seed).sign(data).signature

def verify(key, data, signature, rule):
    attempt(rule, "wrong signature", lambda: VerifyKey(key).verify(data, signature))

def u(bits, number):
    return number.to_bytes(bits // 8, "big")

def fields(layout):
    """A layout has "key:32" (so many bytes), "n:u16" (a number), "name" (short text), "rest:*"."""
    return [(name, size[:1], int(size.strip("u*") or 0)) for name, size in FIELD.findall(layout)]

def pack(layout, values):
    out = b""
    for name, kind, size in fields(layout):
        value = values[name] if kind else values[name].encode()
        out += b"" if kind else u(8, len(value))
        out += u(size, value) if kind == "u" else value
    return out

def unpack(layout, data, rule):
    out = {}
    for name, kind, size in fields(layout):
        if not kind:
            need(data, rule, "too short")
            size, data = data[0], data[1:]
            need(size <= 64, rule, "a name of more than 64 bytes")
        size = {"u": size // 8, "*": len(data)}.get(kind, size)
        need(size <= len(data), rule, "too short")
        value, data = data[:size], data[size:]
        read = int.from_bytes(value, "big") if kind == "u" else value
        out[name] = read if kind else utf8(value, rule)
    need(not data, rule, "too long")
    return out

def utf8(data, rule):
    return attempt(rule, "not UTF-8", data.decode)

def starting(message, kind):
    need(message[:1] == kind, "0.1", f"not a {kind.decode()}")
    return message[1:]

def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

def from_text(text, prefix, rule):
    text = text.strip()
    need(text.startswith(prefix), rule, f"does not begin with {prefix}")
    text = text[len(prefix) :]
    need(re.fullmatch("[A-Za-z0-9_-]*", text) and len(text) % 4 != 1, rule, "not base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(base64url(data) == text, rule, "not canonical base64url")
    return data

def walk(value, change, key=""):
    if isinstance(value, dict):
        return {name: walk(inner, change, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [walk(inner, change, key) for inner in value]
    return change(value, key)

def from_json(value):
    is_hex = lambda inner, key: isinstance(inner, str) and key not in TEXT
    return walk(value, lambda inner, key: bytes.fromhex(inner) if is_hex(inner, key) else inner)

def to_json(value):
    return walk(value, lambda inner, _: inner.hex() if isinstance(inner, bytes) else inner)
