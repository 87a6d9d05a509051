#!/usr/bin/python3
"""Classic topics a second time, in Python on PyNaCl, from spec/topic-classic.md alone.

Reads one JSON object per line, writes one per line. Bytes are hexadecimal. `do` is one of:

  id           publicKey                                    -> id
  encode       seed, topicKey, nonce, payload               -> message
  decode       message, topicKey | null, id, trusted: [publicKey] -> payload | null
  introduce    seed, encryptionSecret                       -> message
  reply        message, seed, topicKey, encryptionSecret, nonce   -> message
  parse        message, id, encryptionSecret                -> topicKey | null

Where a message is refused, the answer is {"error": name}, with the names of spec section 6.
"""
import hashlib
import json
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


class Refused(Exception):
    pass


def participant_id(public_key):  # [CLASSIC-2-1]
    return hashlib.sha256(public_key).digest()[:16]


def split(message, kind, *lengths):
    """The fields after the type byte; the last of length None takes the rest."""
    if message[:1] != kind:
        raise Refused("MalformedMessageError")
    fields, at = [], 1
    for length in lengths:
        end = len(message) if length is None else at + length
        if end > len(message):
            raise Refused("MalformedMessageError")
        fields.append(message[at:end])
        at = end
    if at != len(message):
        raise Refused("MalformedMessageError")
    return fields


def verify(key, signed, signature):
    try:
        VerifyKey(key).verify(signed, signature)
    except (BadSignatureError, CryptoError):
        raise Refused("BadSignatureError")


def encode(seed, topic_key, nonce, payload):  # section 3.1
    signer = SigningKey(seed)
    signed = participant_id(bytes(signer.verify_key)) + nonce
    signed += crypto_secretbox(payload, nonce, topic_key)
    return b"s" + signer.sign(signed).signature + signed


def decode(message, topic_key, own_id, trusted):  # section 4
    kind = message[:1]
    if kind == b"i":
        signing_key, _, _ = split(message, b"i", 32, 64, 32)
        if participant_id(signing_key) == own_id or topic_key is None:
            return None
        raise Refused("IntroductionError")
    if kind == b"r":
        _, _, _, signing_key = split(message, b"r", 16, 72, 32, 32)
        if participant_id(signing_key) == own_id or topic_key is not None:
            return None
        raise Refused("IntroductionReplyError")
    signature, sender, nonce, box = split(message, b"s", 64, 16, 24, None)
    if len(box) < 16:
        raise Refused("MalformedMessageError")
    if sender == own_id:
        return None
    keys = [key for key in trusted if participant_id(key) == sender]
    if not keys:
        raise Refused("UntrustedKeyError")
    verify(keys[0], message[65:], signature)
    if topic_key is None:
        raise Refused("MissingTopicKeyError")
    try:
        return crypto_secretbox_open(box, nonce, topic_key)
    except CryptoError:
        raise Refused("DecryptionError")


def introduce(seed, encryption_secret):  # section 3.2
    signer = SigningKey(seed)
    encryption_key = crypto_scalarmult_base(encryption_secret)
    signature = signer.sign(encryption_key).signature
    return b"i" + bytes(signer.verify_key) + signature + encryption_key


def reply(message, seed, topic_key, encryption_secret, nonce):  # section 3.3
    signing_key, signature, encryption_key = split(message, b"i", 32, 64, 32)
    verify(signing_key, encryption_key, signature)
    try:
        box = crypto_box(topic_key, nonce, encryption_key, encryption_secret)
    except CryptoError:
        raise Refused("MalformedMessageError")
    own_key = bytes(SigningKey(seed).verify_key)
    own_encryption_key = crypto_scalarmult_base(encryption_secret)
    return b"r" + participant_id(signing_key) + nonce + box + own_encryption_key + own_key


def parse(message, own_id, encryption_secret):  # section 3.3
    recipient, encrypted, encryption_key, _ = split(message, b"r", 16, 72, 32, 32)
    if recipient != own_id:
        return None
    try:
        return crypto_box_open(encrypted[24:], encrypted[:24], encryption_key, encryption_secret)
    except CryptoError:
        raise Refused("DecryptionError")


def answer(ask):
    def get(name):
        value = ask[name]
        return None if value is None else bytes.fromhex(value)

    what = ask["do"]
    if what == "id":
        return participant_id(get("publicKey"))
    if what == "encode":
        return encode(get("seed"), get("topicKey"), get("nonce"), get("payload"))
    if what == "decode":
        trusted = [bytes.fromhex(key) for key in ask["trusted"]]
        return decode(get("message"), get("topicKey"), get("id"), trusted)
    if what == "introduce":
        return introduce(get("seed"), get("encryptionSecret"))
    if what == "reply":
        secret, nonce = get("encryptionSecret"), get("nonce")
        return reply(get("message"), get("seed"), get("topicKey"), secret, nonce)
    if what == "parse":
        return parse(get("message"), get("id"), get("encryptionSecret"))
    raise ValueError(what)


for line in sys.stdin:
    try:
        result = answer(json.loads(line))
        out = {"ok": None if result is None else result.hex()}
    except Refused as refused:
        out = {"error": str(refused)}
    print(json.dumps(out), flush=True)
