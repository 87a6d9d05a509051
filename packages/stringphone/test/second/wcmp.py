#!/usr/bin/python3
"""The classic mailbox a second time, in Python on PyNaCl, from spec/mailbox-classic.md alone.

Reads one JSON object per line, writes one per line: {ok: …} or {error: code}. Bytes are hexadecimal.
`do` is one of:

  keys     seed, number                            -> {publicKey}
  create   sender: {seed, number}, receivers: [public key], message, expires,
           nonce1, key, nonce2, ephemerals: [secret, in the order of the receivers]   -> mail
  decode   mail                                    -> its parts
  verify   mail, publicKey                         -> true | false
  open     mail, mine: [{seed, number}], contacts: [[name, public key]]
                                                   -> null | {message, number, sender: name | null}
  relay    mails, now, maxBytes, maxLife | null    -> {passed: [mail], dropped: [reason, in the order given]}
  list     mails                                   -> bytes
  unlist   bytes                                   -> [mail]
"""
import hashlib
import hmac
import json
import sys
from nacl.bindings import (
    crypto_box,
    crypto_box_open,
    crypto_scalarmult,
    crypto_scalarmult_base,
    crypto_secretbox,
    crypto_secretbox_open,
)
from nacl.exceptions import BadSignatureError, CryptoError
from nacl.exceptions import RuntimeError as SodiumError
from nacl.signing import SigningKey, VerifyKey


class Refused(Exception):
    pass


def u16(value):
    return value.to_bytes(2, "big")


def u32(value):
    return value.to_bytes(4, "big")


def hmac256(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def hkdf32(secret, salt, info):  # RFC 5869; one block is 32 bytes
    return hmac256(hmac256(salt, secret), info + b"\x01")


def key_pair(seed, number):  # section 2
    def derive(name):
        return hkdf32(seed, bytes(32), b"stringphone/2 " + name + b"\0" + u32(number))

    signing = SigningKey(derive(b"mailbox classic signing key"))  # [WCMP-2-3]
    exchange = derive(b"mailbox classic exchange key")
    return signing, exchange, bytes(signing.verify_key) + crypto_scalarmult_base(exchange)


def tag(public_key, nonce):
    return hmac256(public_key, nonce)  # [WCMP-2-4]


def seal_key(key, public_key, ephemeral):  # section 3.1
    try:
        crypto_scalarmult(ephemeral, public_key[32:])
    except SodiumError:
        raise Refused("bad-key") from None  # [WCMP-3.1-3]
    ours = crypto_scalarmult_base(ephemeral)
    nonce = hashlib.sha256(ours + public_key[32:]).digest()[:24]  # [WCMP-3.1-2]
    return ours + crypto_box(key, nonce, public_key[32:], ephemeral)


def open_key(sealed, public_key, exchange):
    nonce = hashlib.sha256(sealed[:32] + public_key[32:]).digest()[:24]
    try:
        return crypto_box_open(sealed[32:], nonce, sealed[:32], exchange)
    except CryptoError:
        return None


def create(sender, receivers, message, expires, nonce1, key, nonce2, ephemerals):  # sections 3, 4
    signing, _, own = key_pair(*sender)
    if not 1 <= len(set(receivers)) == len(receivers) <= 0xFFFF:
        raise Refused("bad-receivers")
    box = crypto_secretbox(message, nonce1, key)
    slots = [
        (tag(receiver, nonce2), seal_key(key, receiver, ephemeral))
        for receiver, ephemeral in zip(receivers, ephemerals, strict=True)
    ]
    signed = b"\x01" + nonce1 + tag(own, nonce1) + u32(expires) + u32(len(box)) + box + nonce2
    signed += u16(len(slots)) + b"".join(sealed + mark for mark, sealed in sorted(slots))  # [WCMP-3-7]
    return signed + signing.sign(signed).signature


def decode(mail):
    at = 0

    def take(length):
        nonlocal at
        if len(mail) - at < length:
            raise Refused("malformed")
        at += length
        return mail[at - length : at]

    if take(1) != b"\x01":
        raise Refused("malformed")  # [WCMP-3-2]
    parts = {"nonce1": take(24), "senderTag": take(32)}
    parts["expires"] = int.from_bytes(take(4), "big")
    length = int.from_bytes(take(4), "big")
    if length < 16:
        raise Refused("malformed")  # [WCMP-3-5]
    parts["ciphertext"] = take(length)
    parts["nonce2"] = take(24)
    count = int.from_bytes(take(2), "big")
    parts["slots"] = [{"sealedKey": take(80), "tag": take(32)} for _ in range(count)]
    tags = [slot["tag"] for slot in parts["slots"]]
    if not tags or tags != sorted(set(tags)):
        raise Refused("malformed")  # [WCMP-3-6] [WCMP-3-7]
    parts["signature"] = take(64)
    if at != len(mail):
        raise Refused("malformed")  # [WCMP-3-1]
    return parts


def verifies(mail, public_key):
    parts = decode(mail)
    if parts["senderTag"] != tag(public_key, parts["nonce1"]):
        return False
    try:
        return bool(VerifyKey(public_key[:32]).verify(mail[:-64], mail[-64:]))
    except (BadSignatureError, CryptoError, ValueError):
        return False


def open_mail(mail, mine, contacts):  # section 5
    parts = decode(mail)
    found = []
    for seed, number in mine:
        _, exchange, public_key = key_pair(seed, number)
        for slot in parts["slots"]:
            if slot["tag"] == tag(public_key, parts["nonce2"]):  # [WCMP-5-1]
                found.append((number, slot["sealedKey"], public_key, exchange))
    if not found:
        return None
    claimed = [each for each in contacts if tag(each[1], parts["nonce1"]) == parts["senderTag"]]
    if claimed and not verifies(mail, claimed[0][1]):
        raise Refused("bad-signature")  # [WCMP-5-3]
    for number, sealed, public_key, exchange in found:
        key = open_key(sealed, public_key, exchange)
        try:
            message = key and crypto_secretbox_open(parts["ciphertext"], parts["nonce1"], key)
        except CryptoError:
            continue
        if message is not None:
            return {"message": message, "number": number, "sender": claimed[0][0] if claimed else None}
    raise Refused("decryption-failed")  # [WCMP-5-5]


def relay(mails, now, max_bytes, max_life):  # section 6
    passed, dropped = {}, []

    def why(mail):
        if len(mail) > max_bytes:
            return "oversized"
        try:
            expires = decode(mail)["expires"]
        except Refused:
            return "malformed"
        if expires <= now:
            return "expired"  # [WCMP-6-1]
        if max_life is not None and expires - now > max_life:
            return "too-long-lived"
        return "duplicate" if hashlib.sha256(mail).digest() in passed else None

    for mail in mails:
        reason = why(mail)
        if reason:
            dropped.append(reason)
        else:
            passed[hashlib.sha256(mail).digest()] = mail
    return {"passed": [passed[digest] for digest in sorted(passed)], "dropped": dropped}  # [WCMP-6-4]


def unlist(data):
    mails = []
    while data:
        length = int.from_bytes(data[:4], "big")
        if len(data) < 4 + length:
            raise Refused("malformed")  # [WCMP-6-5]
        mails.append(data[4 : 4 + length])
        data = data[4 + length :]
    return mails


def answer(ask):
    def of(name):
        value = ask[name]
        if isinstance(value, list):
            return [bytes.fromhex(each) for each in value]
        return bytes.fromhex(value)

    def pair(named):
        return bytes.fromhex(named["seed"]), named["number"]

    def creating():
        given = [of(name) for name in ("nonce1", "key", "nonce2", "ephemerals")]
        return create(pair(ask["sender"]), of("receivers"), of("message"), ask["expires"], *given)

    def opening():
        contacts = [(name, bytes.fromhex(key)) for name, key in ask["contacts"]]
        return open_mail(of("mail"), [pair(each) for each in ask["mine"]], contacts)

    return {
        "keys": lambda: {"publicKey": key_pair(*pair(ask))[2]},
        "create": creating,
        "decode": lambda: decode(of("mail")),
        "verify": lambda: verifies(of("mail"), of("publicKey")),
        "open": opening,
        "relay": lambda: relay(of("mails"), ask["now"], ask["maxBytes"], ask["maxLife"]),
        "list": lambda: b"".join(u32(len(mail)) + mail for mail in of("mails")),
        "unlist": lambda: unlist(of("bytes")),
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
