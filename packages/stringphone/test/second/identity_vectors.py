# Second implementation of identity derivation, from the RFCs, on python3-nacl and the standard library.
import hashlib, hmac, json, nacl.signing, nacl.bindings, sys
words = json.load(open(sys.argv[1]))
def hkdf(ikm, salt, info, n):
    prk = hmac.new(salt, ikm, hashlib.sha256).digest()
    out, t, i = b"", b"", 1
    while len(out) < n:
        t = hmac.new(prk, t + info + bytes([i]), hashlib.sha256).digest(); out += t; i += 1
    return out[:n]
label = lambda name: b"stringphone/2 " + name.encode() + b"\0"
out = []
for seed in [bytes(32), bytes(range(32)), b"\xff"*32, hashlib.sha256(b"string phone").digest()]:
    sk = nacl.signing.SigningKey(seed); pk = bytes(sk.verify_key)
    x = hkdf(seed, bytes(32), label("identity exchange key"), 32)
    xp = nacl.bindings.crypto_scalarmult_base(x)
    sig = sk.sign(label("identity card") + xp).signature
    d = hashlib.sha256(label("fingerprint") + pk).digest()
    bits = int.from_bytes(d, "big")
    w = [words[(bits >> (256 - 11*(i+1))) & 2047] for i in range(8)]
    digits = " ".join("%05d" % (int.from_bytes(d[5*i:5*i+5], "big") % 100000) for i in range(6))
    h = d.hex()
    out.append(dict(seed=seed.hex(), publicKey=pk.hex(), exchangePublicKey=xp.hex(), card=(b"\x01"+pk+xp+sig).hex(), words=" ".join(w), digits=digits, hex=" ".join(h[i:i+4] for i in range(0, 64, 4))))
json.dump({"source": "a second implementation in Python (hashlib, hmac, PyNaCl), from spec/identity.md", "identities": out}, sys.stdout, indent=1)
