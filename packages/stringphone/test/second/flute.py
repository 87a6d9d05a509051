#!/usr/bin/python3
"""Classic rooms a second time, in Python on PyNaCl, from spec/room-classic.md alone.

Reads one JSON object per line, writes one per line. Bytes are hexadecimal. `do` is one of:

  decode     text                                             -> the packet's parts
  verify     text, key | null                                 -> true | false
  introduce  seed                                             -> text
  join       seed, room                                       -> text
  transport  seed, key, transport, counter, members, nonces   -> text
  say        seed, key, nonce, plaintext                      -> text
  openKey    text, room                                       -> key | null
  open       text, key                                        -> plaintext | null

and, for one client (section 5) of its own, that this program plays:

  become     seed, friends: [key]             a client, in no room, with nobody heard
  start                                       it leads a room
  askIn                                       -> lines to send to the channel
  speak      plaintext                        -> lines
  hear       from, line                       -> {lines, shown: [[nick, signer | null, plaintext]]}
  left       who                              -> lines
"""
import base64
import json
import os
import re
import sys
from nacl.bindings import (
    crypto_box,
    crypto_box_open,
    crypto_scalarmult_base,
    crypto_secretbox,
    crypto_secretbox_open,
)
from nacl.exceptions import BadSignatureError, CryptoError
from nacl.signing import SigningKey, VerifyKey

MALFORMED = "MalformedPacketError"
KINDS = {"00": "introduction", "01": "room-join", "02": "key-transport", "03": "room-message"}


class Refused(Exception):
    pass


def unpack(text):  # section 3
    """Opcode, signature, signed bytes."""
    opcode, payload = text[:2], text[2:]
    if opcode not in KINDS:
        raise Refused(MALFORMED)  # [FLUTE-3-1]
    try:
        raw = base64.b64decode(payload.encode("ascii"), validate=True)
    except ValueError:
        raw = b""
    if base64.b64encode(raw).decode() != payload:
        raise Refused(MALFORMED)  # [FLUTE-3-2]
    signed = raw[64:]
    counts = {"00": len(signed) == 32, "01": len(signed) == 64, "03": len(signed) >= 40}
    counts["02"] = len(signed) >= 140 and (len(signed) - 68) % 72 == 0  # [FLUTE-4.3-2]
    if len(raw) < 64 or not counts[opcode]:
        raise Refused(MALFORMED)  # [FLUTE-3-3]
    if opcode == "02" and signed[64:68] == bytes(4):
        raise Refused(MALFORMED)  # [FLUTE-4.3-3]
    return opcode, raw[:64], signed


def pack(opcode, seed, signed):
    return opcode + base64.b64encode(SigningKey(seed).sign(signed).signature + signed).decode()


def identity(seed):
    return bytes(SigningKey(seed).verify_key)


def verifies(text, key=None):
    opcode, signature, signed = unpack(text)
    claimed = key if opcode == "03" else signed[:32]
    if claimed is None or (key or claimed) != claimed:
        return False
    try:
        return bool(VerifyKey(claimed).verify(signed, signature))
    except (BadSignatureError, CryptoError, ValueError):
        return False


def decode(text):
    opcode, signature, signed = unpack(text)
    parts = {"kind": KINDS[opcode], "signature": signature}
    if opcode in ("00", "01"):
        parts["identityKey"] = signed[:32]
    if opcode == "01":
        parts["participantKey"] = signed[32:]
    if opcode == "02":
        parts["captainIdentityKey"], parts["captainTransportKey"] = signed[:32], signed[32:64]
        parts["counter"] = int.from_bytes(signed[64:68], "big")
        parts["cells"] = [signed[at : at + 72] for at in range(68, len(signed), 72)]
    if opcode == "03":
        parts["nonce"], parts["box"] = signed[:24], signed[24:]
    return parts


def transport(seed, key, private, counter, members, nonces):  # section 4.3
    fields = identity(seed) + crypto_scalarmult_base(private) + counter.to_bytes(4, "big")
    for member, nonce in zip(members, nonces):
        fields += nonce + crypto_box(key, nonce, member, private)
    return pack("02", seed, fields)


def say(seed, key, nonce, plaintext):  # section 4.4
    return pack("03", seed, nonce + crypto_secretbox(plaintext, nonce, key))


def open_key(text, room):
    parts = decode(text)
    for cell in parts["cells"]:
        try:
            return crypto_box_open(cell[24:], cell[:24], parts["captainTransportKey"], room)
        except CryptoError:
            continue
    return None


def open_message(text, key):
    parts = decode(text)
    try:
        return crypto_secretbox_open(parts["box"], parts["nonce"], key)
    except CryptoError:
        return None


def fragment(text):  # section 2
    pieces = [text[at : at + 380] for at in range(0, max(1, len(text)), 380)]
    return [f"?VLA,{k},{len(pieces)}!{piece}" for k, piece in enumerate(pieces, 1)]


class Client:  # section 5, for a channel that loses and changes nothing
    def __init__(self, seed, friends):
        self.seed, self.friends = seed, friends
        self.phase, self.counter, self.keys = "outside", 0, []
        self.members, self.seen, self.partial = {}, {}, {}

    def start(self):
        self.phase = "captain"

    def ask_in(self):
        self.phase, self.room = "joining", os.urandom(32)  # [FLUTE-4.2-2]
        fields = identity(self.seed) + crypto_scalarmult_base(self.room)
        return fragment(pack("01", self.seed, fields))

    def speak(self, plaintext):
        if self.phase not in ("captain", "member") or not self.keys:
            raise Refused("not keyed")  # [FLUTE-5.3-2]
        return fragment(say(self.seed, self.keys[0], os.urandom(24), plaintext))

    def rekey(self):
        if not self.members:
            self.keys = []  # [FLUTE-5.1-7]
            return []
        self.counter += 1
        self.keys = [os.urandom(32), *self.keys][:10]
        cells = list(self.members.values()), [os.urandom(24) for _ in self.members]
        return fragment(transport(self.seed, self.keys[0], os.urandom(32), self.counter, *cells))

    def hear(self, nick, line):
        k, n, piece = re.fullmatch(r"\?VLA,(\d+),(\d+)!(.*)", line).groups()
        pieces = self.partial.setdefault((nick, n), {})
        pieces[int(k)] = piece
        if len(pieces) == int(n):
            del self.partial[(nick, n)]
            return self.handle(nick, "".join(pieces[i] for i in sorted(pieces)))
        return {"lines": [], "shown": []}

    def handle(self, nick, text):
        parts, lines, shown = decode(text), [], []
        if parts["kind"] == "room-message":
            for key in self.keys:  # [FLUTE-5.3-1]
                plaintext = open_message(text, key)
                if plaintext is not None:
                    known = *self.seen.values(), *self.friends  # [FLUTE-5.3-3]
                    signer = next((key for key in known if verifies(text, key)), None)
                    shown.append([nick, signer, plaintext])
                    break
        elif not verifies(text):
            pass  # [FLUTE-4-2]
        elif parts["kind"] == "room-join":
            self.seen[nick] = parts["identityKey"]
            if self.phase == "captain" and parts["identityKey"] in self.friends:  # [FLUTE-5.1-3]
                self.members[nick] = parts["participantKey"]
                lines = self.rekey()
        elif parts["kind"] == "key-transport" and self.phase in ("joining", "member"):
            trusted = parts["captainIdentityKey"] in self.friends  # [FLUTE-5.2-3]
            fresh = self.phase == "joining" or parts["counter"] > self.counter  # [FLUTE-5.2-5]
            key = open_key(text, self.room) if trusted and fresh else None
            if key:
                self.phase, self.counter = "member", parts["counter"]
                self.keys = [key, *self.keys][:10]
        return {"lines": lines, "shown": shown}

    def left(self, who):
        if self.phase == "captain" and self.members.pop(who, None):
            return self.rekey()  # [FLUTE-5.1-5]
        return []


client = None


def answer(ask):
    def get(name):
        value = ask[name]
        if isinstance(value, list):
            return [bytes.fromhex(each) for each in value]
        return value and bytes.fromhex(value)

    def joining():
        return pack("01", get("seed"), identity(get("seed")) + crypto_scalarmult_base(get("room")))

    def transporting():
        given = [get("seed"), get("key"), get("transport"), ask["counter"]]
        return transport(*given, get("members"), get("nonces"))

    def becoming():
        global client
        client = Client(get("seed"), get("friends"))

    return {
        "decode": lambda: decode(ask["text"]),
        "verify": lambda: verifies(ask["text"], get("key")),
        "introduce": lambda: pack("00", get("seed"), identity(get("seed"))),
        "join": joining,
        "transport": transporting,
        "say": lambda: say(get("seed"), get("key"), get("nonce"), get("plaintext")),
        "openKey": lambda: open_key(ask["text"], get("room")),
        "open": lambda: open_message(ask["text"], get("key")),
        "become": becoming,
        "start": lambda: client.start() or [],
        "askIn": lambda: client.ask_in(),
        "speak": lambda: client.speak(get("plaintext")),
        "hear": lambda: client.hear(ask["from"], ask["line"]),
        "left": lambda: client.left(ask["who"]),
    }[ask["do"]]()


for line in sys.stdin:
    try:
        out = {"ok": answer(json.loads(line))}
    except Refused as refused:
        out = {"error": str(refused)}
    print(json.dumps(out, default=lambda value: value.hex()), flush=True)
