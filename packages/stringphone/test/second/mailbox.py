#!/usr/bin/python3
"""Our own mailbox a second time, in Python on PyNaCl, from spec/mailbox.md and spec/identity.md alone:
formats, derivations, and what a reader refuses. No store, no state, no clock.

Reads one JSON object per line, writes one per line: the outcome, or {"error": "<rule>: <words>"}.
Bytes are lower-case hexadecimal; what is named in TEXT is text, all else numbers. `x?` may be left out.

  identity        seed -> identityKey, exchangeKey
  envelopeId      envelope -> id
  contentKeys     contentKey, padded -> commitment, bodyKey
  pairSlot        root, sender, receiver, firstPeriod, period, number, ephemeralKey -> chain, tag, slotKey
  nextChain       chain -> next
  invitationSlot  secret, number, DH -> tag, slotKey       DH: ephemeralSecret, prekey
  wordsSlot       secret, ephemeralKey -> tag, slotKey      or prekeySecret, ephemeralKey
  trialSlot       DH -> tag, slotKey
  makeAddress     kind, seed, prekey, lastDay, secret? -> text, address
  readAddress     text -> kind, identityKey, exchangeKey, prekey, lastDay, secret?
  writerRoot      seed, secretE, identityKey, exchangeKey, prekey, firstPeriod, secret? (all of the
                  address) -> root, authorshipKey, rank, introduction
  readerRoot      seed, prekeySecret, introduction, secret?, today? -> root, authorshipKey, rank
  makeContent     kind, messageId, writtenDay, authorship, introduction?, replyTo?, confirm?, sender,
                  receivers, text, files: [{name, bytes}], seed? | authorshipKeys? -> content
  makeEnvelope    sizeCode, slotCode, expiryDay, ephemeralSecret, contentKey, content,
                  slots: [{tag, slotKey} | {random}], as many as the slot code says -> envelope, id
  makeDummy       sizeCode, slotCode, expiryDay, ephemeralSecret, contentKey, slots -> envelope, id
  readHead        envelope, today? -> sizeCode, slotCode, expiryDay, ephemeralKey, commitment, id
  openEnvelope    envelope, tag, slotKey -> contentKey, content (without padding)
  readMail        envelope, seed, today?, pairs?: [{identityKey, authorshipKey, chain}] (of one period),
                  invitations?: [{secret, prekeySecret}], prekeys?: [secret] -> slot (pair,
                  invitation, trial), all fields of the content, introduced? (the new pair's authorship key)
  readWords       envelope, words -> what readAddress gives
  makeWords       secret -> words
  openWords       words -> secret
"""
import json
import pathlib
import re
import sys

from nacl.bindings import crypto_aead_chacha20poly1305_ietf_decrypt as box_open
from nacl.bindings import crypto_aead_chacha20poly1305_ietf_encrypt as box_seal
from nacl.bindings import crypto_scalarmult_base

import topic_bytes
from topic_bytes import Refused, attempt, base64url, dh, from_json, from_text, h, hkdf, label, mac, need
from topic_bytes import pack, public_key, sign, to_json, u, unpack, utf8, verify

topic_bytes.TEXT |= {"slot", "words"}
PREFIX, HEAD, NOBODY = "stringphone:mail/", 68, bytes(32)
SIZES, SLOTS = (1, 4, 16, 64, 256, 1024), (1, 4, 16, 64)

def derive(secret, info, length=32):
    return hkdf(secret, bytes(32), info, length)

def seal(key, plain, ad):
    return box_seal(plain, ad, bytes(12), key)

def unseal(key, sealed, ad, rule):
    return attempt(rule, "does not decrypt", box_open, sealed, ad, bytes(12), key)

def exchange_secret(seed):  # identity 1.3
    return derive(seed, label("identity exchange key"))

def identity(ask):
    key = crypto_scalarmult_base(exchange_secret(ask["seed"]))
    return {"identityKey": public_key(ask["seed"]), "exchangeKey": key}

# 1: the envelope

def envelope_id(ask):  # 1.3
    return {"id": h(label("mailbox envelope") + ask["envelope"])}

def content_keys(ask):  # 1.4
    key = ask["contentKey"]
    commitment = derive(key, label("mailbox commitment") + h(ask["padded"]))
    return {"commitment": commitment, "bodyKey": derive(key, label("mailbox body"))}

def shape_of(shape):  # 1.1
    size, slots = shape >> 4, shape & 15
    need(size < len(SIZES) and slots < len(SLOTS), "1.1", "an unknown shape")
    need(HEAD + 64 * SLOTS[slots] + 16 < SIZES[size] * 1024, "1.1", "too small for so many slots")
    return SIZES[size] * 1024, SLOTS[slots]

def read_head(ask):
    envelope = ask["envelope"]
    out = unpack("version:u8 shape:u8 expiryDay:u16 ephemeralKey:32 commitment:32 rest:*", envelope, "1.1")
    need(out.pop("version") == 2, "1.1", "another version")
    shape = out.pop("shape")
    size, _ = shape_of(shape)
    need(len(envelope) == size, "1.1", "another size than its shape says")
    if "today" in ask:
        need(ask["today"] <= out["expiryDay"] <= ask["today"] + 35, "1.2", "expired or too far ahead")
    del out["rest"]
    return out | {"sizeCode": shape >> 4, "slotCode": shape & 15} | envelope_id(ask)

def body_ad(envelope_start):  # 1.4
    return h(label("mailbox head") + envelope_start)

def build(ask, padded_of):
    size, count = shape_of(ask["sizeCode"] << 4 | ask["slotCode"])
    slots, padded = ask["slots"], padded_of(size - HEAD - 64 * count - 16)
    need(len(slots) == count, "1.1", "not as many slots as the shape says")
    keys = content_keys(ask | {"padded": padded})
    start = b"\x02" + u(8, ask["sizeCode"] << 4 | ask["slotCode"]) + u(16, ask["expiryDay"])
    start += crypto_scalarmult_base(ask["ephemeralSecret"]) + keys["commitment"]
    head = start
    for slot in slots:  # 2
        full = "random" not in slot
        start += slot["tag"] + seal(slot["slotKey"], ask["contentKey"], head) if full else slot["random"]
    envelope = start + seal(keys["bodyKey"], padded, body_ad(start))
    return {"envelope": envelope} | envelope_id({"envelope": envelope})

def make_envelope(ask):
    def padded(room):  # 1.4
        need(len(ask["content"]) < room, "4.6", "the content does not fit")
        return (ask["content"] + b"\x80").ljust(room, b"\0")
    return build(ask, padded)

def make_dummy(ask):  # 6.1
    return build(ask, bytes)

def open_body(envelope, key):
    at, start = HEAD + 64 * SLOTS[envelope[1] & 15], envelope[:HEAD]
    body_key = derive(key, label("mailbox body"))
    padded = unseal(body_key, envelope[at:], body_ad(envelope[:at]), "1.4")
    need(content_keys({"contentKey": key, "padded": padded})["commitment"] == start[36:], "1.4", "another commitment")
    plain = padded.rstrip(b"\0")
    need(plain[-1:] == b"\x80", "1.4", "not padded")
    return {"contentKey": key, "content": plain[:-1]}

def open_envelope(ask):
    """The first slot with this tag that opens all of it."""
    envelope, refused = ask["envelope"], Refused("2: no slot of ours")
    read_head({"envelope": envelope})
    for at in range(HEAD, HEAD + 64 * SLOTS[envelope[1] & 15], 64):
        if envelope[at : at + 16] != ask["tag"]:
            continue
        try:
            key = unseal(ask["slotKey"], envelope[at + 16 : at + 64], envelope[:HEAD], "2")
            return open_body(envelope, key)
        except Refused as why:
            refused = why
    raise refused

# 2: slots

def agreed(ask):
    """X25519 between ephemeral key and prekey, by whoever asks, and both public keys."""
    if "prekeySecret" in ask:
        prekey = crypto_scalarmult_base(ask["prekeySecret"])
        return dh(ask["prekeySecret"], ask["ephemeralKey"], "2.4"), ask["ephemeralKey"], prekey
    ephemeral = crypto_scalarmult_base(ask["ephemeralSecret"])
    return dh(ask["ephemeralSecret"], ask["prekey"], "2.4"), ephemeral, ask["prekey"]

def tag_and_secret(k, number):  # 2.3, 3.3, 5.2
    return mac(k, b"\0" + number)[:16], mac(k, b"\1" + number)

def invitation_slot(ask):  # 2.3
    (shared, ephemeral, _), k = agreed(ask), derive(ask["secret"], label("mailbox invitation"))
    tag, secret = tag_and_secret(k, u(32, ask["number"]))
    return {"tag": tag, "slotKey": derive(shared + secret, label("mailbox invitation slot") + ephemeral)}

def words_slot(ask):  # 5.2
    tag, secret = tag_and_secret(derive(ask["secret"], label("mailbox words")), b"")
    return {"tag": tag, "slotKey": derive(secret, label("mailbox words slot") + ask["ephemeralKey"])}

def trial_slot(ask):  # 2.4
    shared, ephemeral, prekey = agreed(ask)
    both = derive(shared, label("mailbox trial slot") + ephemeral + prekey, 48)
    return {"tag": both[:16], "slotKey": both[16:]}

def next_chain(ask):  # 3.3
    return {"next": derive(ask["chain"], label("mailbox next period"))}

def pair_slot(ask):  # 3.3
    need(ask["sender"] != ask["receiver"], "3.2", "a pair with oneself")
    chain = derive(ask["root"], label("mailbox chain") + ask["sender"] + ask["receiver"])
    need(ask["period"] >= ask["firstPeriod"], "3.3", "before the first period")
    for _ in range(ask["period"] - ask["firstPeriod"]):
        chain = next_chain({"chain": chain})["next"]
    return {"chain": chain} | chain_slot(chain, ask["number"], ask["ephemeralKey"])

def chain_slot(chain, number, ephemeral_key):
    tag, secret = tag_and_secret(derive(chain, label("mailbox tags")), u(32, number))
    return {"tag": tag, "slotKey": derive(secret, label("mailbox slot") + ephemeral_key)}

# 3: addresses, roots

ADDRESS = "version:u8 kind:u8 identityKey:32 exchangeKey:32 prekey:32 lastDay:u16"
INTRODUCTION = "identityKey:32 exchangeKey:32 cardSignature:64 e:32 prekey:32 firstPeriod:u32"

def make_address(ask):  # 3.1
    signed = pack(ADDRESS, {"version": 1} | ask | identity(ask))
    address = signed + sign(ask["seed"], label("mailbox address") + signed) + ask.get("secret", b"")
    return {"text": PREFIX + base64url(address), "address": address}

def read_address(ask):
    data = from_text(ask["text"], PREFIX, "3.1")
    out = unpack(ADDRESS + " signature:64 secret:*", data, "3.1")
    need(out.pop("version") == 1, "3.1", "another version")
    need(out["kind"] < 2, "3.1", "an unknown kind")
    need(len(out["secret"]) == 16 * out["kind"], "3.1", "another length")
    verify(out["identityKey"], label("mailbox address") + data[:100], out.pop("signature"), "3.1")
    if not out["secret"]:
        del out["secret"]
    return out

def root_keys(shared, ask, info):  # 3.2, 3.4
    secret = ask.get("secret", bytes(16))
    root = derive(b"".join(shared) + secret, label("mailbox root") + info)
    authorship_key = derive(root, label("mailbox authorship"))
    rank = h(label("mailbox pair") + authorship_key)  # 3.7
    return {"root": root, "authorshipKey": authorship_key, "rank": rank}

def card_signature(seed, exchange_key):  # identity 2.2
    return sign(seed, label("identity card") + exchange_key)

def writer_root(ask):
    own, e = identity(ask), crypto_scalarmult_base(ask["secretE"])
    need(own["identityKey"] != ask["identityKey"], "3.2", "a pair with oneself")
    secrets = exchange_secret(ask["seed"]), ask["secretE"], ask["secretE"]
    publics = ask["prekey"], ask["exchangeKey"], ask["prekey"]
    shared = [dh(secret, public, "3.2") for secret, public in zip(secrets, publics)]
    more = {"cardSignature": card_signature(ask["seed"], own["exchangeKey"]), "e": e}
    introduction = pack(INTRODUCTION, own | more | {"prekey": ask["prekey"], "firstPeriod": ask["firstPeriod"]})
    parts = own["identityKey"], own["exchangeKey"], ask["identityKey"], ask["exchangeKey"], e, ask["prekey"]
    return root_keys(shared, ask, b"".join(parts)) | {"introduction": introduction}

def reader_root(ask):
    its, own = unpack(INTRODUCTION, ask["introduction"], "3.2"), identity(ask)
    verify(its["identityKey"], label("identity card") + its["exchangeKey"], its["cardSignature"], "3.2")
    need(its["identityKey"] != own["identityKey"], "3.2", "a pair with oneself")
    need(its["prekey"] == crypto_scalarmult_base(ask["prekeySecret"]), "3.2", "another prekey")
    secrets = ask["prekeySecret"], exchange_secret(ask["seed"]), ask["prekeySecret"]
    publics = its["exchangeKey"], its["e"], its["e"]
    shared = [dh(secret, public, "3.2") for secret, public in zip(secrets, publics)]
    first = ask.get("today", 7 * its["firstPeriod"]) // 7 - its["firstPeriod"]
    need(-1 <= first <= 9, "3.2", "a first period that is not near")
    parts = its["identityKey"], its["exchangeKey"], own["identityKey"], own["exchangeKey"], its["e"], its["prekey"]
    return root_keys(shared, ask, b"".join(parts))

# 4: the content

START = "version:u8 kind:u8 messageId:16 writtenDay:u16 authorship:u8 flags:u8"
ANONYMOUS, DENIABLE, SIGNED = 0, 1, 2

def make_content(ask):
    flags = ("introduction" in ask) | ("replyTo" in ask) << 1 | ask.get("confirm", 0) << 2
    out = pack(START, {"version": 1, "flags": flags} | ask)
    out += ask.get("introduction", b"") + ask.get("replyTo", b"") + ask["sender"]
    out += u(8, len(ask["receivers"])) + b"".join(ask["receivers"])
    out += u(32, len(ask["text"].encode())) + ask["text"].encode() + u(8, len(ask["files"]))
    for file in ask["files"]:
        name = file["name"].encode()
        out += u(8, len(name)) + name + u(32, len(file["bytes"])) + file["bytes"]
    said = label("mailbox mail") + h(out)  # 4.1
    if ask["authorship"] == SIGNED:
        out += sign(ask["seed"], said)
    if ask["authorship"] == DENIABLE:
        out += b"".join(mac(key, said)[:16] for key in ask["authorshipKeys"])
    return {"content": out}

def file_name(data):  # 4.6
    name = utf8(data, "4.6")
    bad = re.search("[/\\\\\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", name)
    need(name and not bad and name not in (".", ".."), "4.6", "not a file name")
    return name

def parse_content(data):
    """The fields, what is before the proofs, and the proofs."""
    at = 0
    def take(length):
        nonlocal at
        need(at + length <= len(data), "4", "too short")
        at += length
        return data[at - length : at]
    number = lambda length: int.from_bytes(take(length), "big")
    out = unpack(START, take(22), "4")
    flags = out.pop("flags")
    need(out.pop("version") == 1, "4", "another version")
    need(1 <= out["kind"] <= 3, "4", "an unknown kind")
    need(out["authorship"] <= SIGNED, "4.1", "an unknown authorship")
    need(flags < 8, "4", "unknown flags")
    if flags & 1:
        out["introduction"] = take(196)
    if flags & 2:
        out["replyTo"] = take(16)
    out["confirm"] = flags >> 2
    out["sender"] = take(32)
    out["receivers"] = [take(32) for _ in range(number(1))]
    out["text"] = utf8(take(number(4)), "4")
    out["files"] = [{"name": file_name(take(number(1))), "bytes": take(number(4))} for _ in range(number(1))]
    length = {SIGNED: 64, DENIABLE: 16 * len(out["receivers"]), ANONYMOUS: 0}[out["authorship"]]
    before, proofs = data[:at], take(length)
    need(at == len(data), "4", "too long")
    need((out["sender"] == NOBODY) == (out["authorship"] == ANONYMOUS), "4.1", "anonymous or not")
    need(len(set(out["receivers"])) == len(out["receivers"]), "4.2", "a receiver twice")
    need(out["sender"] not in out["receivers"], "4.2", "to oneself")
    need(out["kind"] != 2 or "replyTo" in out, "4.5", "a receipt of nothing")
    return out, before, proofs

def check_day(out, envelope):  # 1.5
    need(0 <= int.from_bytes(envelope[2:4], "big") - out["writtenDay"] <= 28, "1.5", "another day")

def check_mail(content, own, slot, authorship_keys, peer=None):
    """4.1 to 4.3. `authorship_keys`: of the pair, or of its introduction, by identity key."""
    out, before, proofs = parse_content(content)
    sender, said = out["sender"], label("mailbox mail") + h(before)
    is_anonymous, is_introduced = out["authorship"] == ANONYMOUS, "introduction" in out
    need(own in out["receivers"], "4.2", "not to us")
    need(not is_anonymous or slot == "trial", "4.3", "anonymous, and in no trial slot")
    need(is_introduced == (slot != "pair" and not is_anonymous), "4.3", "with or without introduction")
    need(not is_introduced or out["introduction"][:32] == sender, "3.2", "an introduction of another")
    need(slot != "pair" or sender == peer, "4.3", "not by the pair's other side")
    if out["authorship"] == SIGNED:
        verify(sender, said, proofs, "4.1")
    if out["authorship"] == DENIABLE:
        at = 16 * out["receivers"].index(own)
        need(mac(authorship_keys[sender], said)[:16] == proofs[at : at + 16], "4.1", "a wrong proof")
    return out

def candidates(ask):
    """Of all that may be ours: the slot, its tag and key, what it is of."""
    ephemeral = {"ephemeralKey": ask["envelope"][4:36]}
    for pair in ask.get("pairs", []):
        for number in range(32):  # 2.5
            yield "pair", chain_slot(pair["chain"], number, ephemeral["ephemeralKey"]), pair
    for source in ask.get("invitations", []):
        for number in range(32):  # 2.5
            yield "invitation", invitation_slot(source | ephemeral | {"number": number}), source
    for source in ({"prekeySecret": secret} for secret in ask.get("prekeys", [])):
        yield "trial", trial_slot(source | ephemeral), source

def read_mail(ask):
    own, envelope = public_key(ask["seed"]), ask["envelope"]
    read_head({"envelope": envelope})
    slots = [envelope[at : at + 16] for at in range(HEAD, HEAD + 64 * SLOTS[envelope[1] & 15], 64)]
    for slot, its, source in candidates(ask):
        if its["tag"] not in slots:
            continue
        content = open_envelope(ask | its)["content"]
        fields, roots = parse_content(content)[0], {}
        check_day(fields, envelope)
        keys = {source.get("identityKey"): source.get("authorshipKey")}
        if slot != "pair" and "introduction" in fields:
            known = {name: ask[name] for name in ("seed", "today") if name in ask}
            roots = reader_root(source | known | {"introduction": fields["introduction"]})
            keys = {fields["introduction"][:32]: roots["authorshipKey"]}
        out = check_mail(content, own, slot, keys, source.get("identityKey"))
        introduced = {"introduced": roots["authorshipKey"]} if roots else {}
        return {"slot": slot} | out | introduced
    need(False, "2", "no slot of ours")

# 5: words

def word_list():
    root = pathlib.Path(__file__).resolve().parents[4]
    text = (root / "node_modules/@scure/bip39/wordlists/english.js").read_text()
    return re.search("`([^`]+)`", text)[1].split("\n")

def make_words(ask):  # BIP-39
    bits = int.from_bytes(ask["secret"] + h(ask["secret"])[:1], "big") >> 4
    return {"words": " ".join(word_list()[bits >> 11 * at & 2047] for at in range(11, -1, -1))}

def open_words(ask):
    words, known = ask["words"].lower().split(), word_list()
    need(len(words) == 12 and set(words) <= set(known), "5.2", "not twelve words")
    bits = 0
    for word in words:
        bits = bits << 11 | known.index(word)
    secret = (bits >> 4).to_bytes(16, "big")
    need(h(secret)[0] >> 4 == bits & 15, "5.2", "a wrong word")
    return {"secret": secret}

def read_words(ask):
    ephemeral = {"ephemeralKey": ask["envelope"][4:36]}
    content = open_envelope(ask | words_slot(open_words(ask) | ephemeral))["content"]
    out, _, _ = parse_content(content)
    check_day(out, ask["envelope"])
    need(out["kind"] == 3 and out["authorship"] == ANONYMOUS, "5.2", "not what words lead to")
    address = read_address(out)
    need(address["kind"] == 1, "5.2", "not an invitation")
    return address

# The line protocol

def answer(request):
    function = re.sub("[A-Z]", lambda capital: "_" + capital[0].lower(), request["do"])
    try:
        return globals()[function](request)
    except Refused as refused:
        return {"error": str(refused)}

if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(to_json(answer(from_json(json.loads(line)))), ensure_ascii=False), flush=True)
