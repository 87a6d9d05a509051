import { describe, expect, test } from "vitest"
import { concat, fromHex, hex, utf8 } from "../../src/bytes/index.js"
import type { CryptoEngine } from "../../src/crypto/engine.js"
import argon2 from "../vectors/crypto/argon2id-libsodium.json" with { type: "json" }
import chacha from "../vectors/crypto/chacha20poly1305-rfc8439.json" with { type: "json" }
import points from "../vectors/crypto/ed25519-points.json" with { type: "json" }
import ed25519 from "../vectors/crypto/ed25519-rfc8032.json" with { type: "json" }
import speccheck from "../vectors/crypto/ed25519-speccheck.json" with { type: "json" }
import hkdf from "../vectors/crypto/hkdf-rfc5869.json" with { type: "json" }
import hmac from "../vectors/crypto/hmac-rfc4231.json" with { type: "json" }
import nacl from "../vectors/crypto/nacl.json" with { type: "json" }
import sha256 from "../vectors/crypto/sha256-fips180.json" with { type: "json" }
import lowOrder from "../vectors/crypto/x25519-low-order.json" with { type: "json" }
import x25519 from "../vectors/crypto/x25519-rfc7748.json" with { type: "json" }
import xchacha from "../vectors/crypto/xchacha20poly1305-draft03.json" with { type: "json" }

const zeros = (length: number) => new Uint8Array(length)

/** What every engine must do. The vectors are published; their files name the source. */
export function cryptoContract(engine: Omit<CryptoEngine, "engineName">): void {
  describe("Ed25519", () => {
    test.each(ed25519.vectors)("RFC 8032 §7.1 $name", (vector) => {
      const { publicKey, secretKey } = engine.signingKeyPair(fromHex(vector.seed))
      const message = fromHex(vector.message)
      expect(hex(publicKey)).toBe(vector.publicKey)
      expect(hex(secretKey)).toBe(vector.seed + vector.publicKey)
      expect(hex(engine.sign(message, secretKey))).toBe(vector.signature)
      expect(engine.verify(fromHex(vector.signature), message, publicKey)).toBe(true)
    })

    test("every bit of signature, message and key counts", () => {
      const { seed, publicKey, message, signature } = ed25519
        .vectors[2] as (typeof ed25519.vectors)[0]
      expect(hex(engine.signingKeyPair(fromHex(seed)).publicKey)).toBe(publicKey)
      const whole = fromHex(signature + message + publicKey)
      for (let bit = 0; bit < whole.length * 8; bit++) {
        const wrong = Uint8Array.from(whole)
        wrong[bit >> 3] = (wrong[bit >> 3] as number) ^ (1 << (bit & 7))
        const verified = engine.verify(wrong.slice(0, 64), wrong.slice(64, 66), wrong.slice(66))
        expect([bit, verified]).toEqual([bit, false])
      }
    })

    test.each(speccheck.vectors)("Taming the many EdDSAs $index: $note", (vector) => {
      const { signature, message, publicKey, accepted } = vector
      expect(engine.verify(fromHex(signature), fromHex(message), fromHex(publicKey))).toBe(accepted)
    })

    test("S + L, S + 2L … are refused", () => {
      const { publicKey, message, signature } = ed25519.vectors[1] as (typeof ed25519.vectors)[0]
      const wrong = fromHex(signature)
      for (let times = 1; times <= 7; times++) {
        addLittleEndian(wrong.subarray(32), fromHex(points.groupOrder))
        expect(engine.verify(wrong, fromHex(message), fromHex(publicKey))).toBe(false)
      }
    })

    const small = [...points.smallOrder, ...points.nonCanonicalSmallOrder]

    test("no key and no R of small order, however encoded", () => {
      const scalars = [zeros(32), Uint8Array.of(1, ...zeros(31))]
      for (const { point: key } of small) {
        for (const { point: r } of [...small, ...points.nonCanonical]) {
          for (const scalar of scalars) {
            const signature = concat(fromHex(r), scalar)
            expect([key, r, engine.verify(signature, utf8("any"), fromHex(key))]).toEqual([
              key,
              r,
              false,
            ])
          }
        }
      }
    })

    test("no key and no R that is not canonical", () => {
      const { secretKey, publicKey } = engine.signingKeyPair(zeros(32))
      const signature = engine.sign(utf8("any"), secretKey)
      for (const { point } of points.nonCanonical) {
        expect(engine.verify(signature, utf8("any"), fromHex(point))).toBe(false)
        const otherR = concat(fromHex(point), signature.subarray(32))
        expect(engine.verify(otherR, utf8("any"), publicKey)).toBe(false)
      }
    })

    test("the empty message", () => {
      const { secretKey, publicKey } = engine.signingKeyPair(zeros(32))
      expect(engine.verify(engine.sign(zeros(0), secretKey), zeros(0), publicKey)).toBe(true)
    })
  })

  describe("X25519", () => {
    test.each(x25519.scalarMultiplication)(
      "RFC 7748 §5.2 scalar $scalar",
      ({ scalar, u, result }) => {
        expect(exchanged(fromHex(scalar), fromHex(u))).toBe(result)
      },
    )

    test("RFC 7748 §5.2, 1,000 times in a row", () => {
      const { start, after1, after1000 } = x25519.iterated
      let k = fromHex(start)
      let u = fromHex(start)
      for (let times = 1; times <= 1000; times++) {
        const next = engine.exchange(k, u) as Uint8Array<ArrayBuffer>
        u = k
        k = next
        if (times === 1) expect(hex(k)).toBe(after1)
      }
      expect(hex(k)).toBe(after1000)
    })

    test("RFC 7748 §6.1", () => {
      const { aliceSecret, alicePublic, bobSecret, bobPublic, shared } = x25519.diffieHellman
      expect(hex(engine.exchangePublicKey(fromHex(aliceSecret)))).toBe(alicePublic)
      expect(hex(engine.exchangePublicKey(fromHex(bobSecret)))).toBe(bobPublic)
      expect(exchanged(fromHex(aliceSecret), fromHex(bobPublic))).toBe(shared)
      expect(exchanged(fromHex(bobSecret), fromHex(alicePublic))).toBe(shared)
    })

    test.each(lowOrder.lowOrder)("a public key of low order is refused: $note", ({ point }) => {
      const secret = zeros(32).fill(7)
      const plain = utf8("any")
      for (const topBit of [0, 0x80]) {
        const key = fromHex(point)
        key[31] = (key[31] as number) | topBit
        expect(engine.exchange(secret, key)).toBeNull()
        expect(engine.sealBox(plain, zeros(24), key, secret)).toBeNull()
        expect(engine.openBox(zeros(17), zeros(24), key, secret)).toBeNull()
      }
    })

    test.each(lowOrder.overflowing)("the top bit is ignored: $note", ({ point }) => {
      const secret = zeros(32).fill(7)
      const masked = fromHex(point)
      masked[31] = (masked[31] as number) & 0x7f
      expect(engine.exchange(secret, fromHex(point))).not.toBeNull()
      expect(engine.exchange(secret, fromHex(point))).toEqual(engine.exchange(secret, masked))
    })

    function exchanged(secretKey: Uint8Array, publicKey: Uint8Array): string {
      return hex(engine.exchange(secretKey, publicKey) ?? zeros(0))
    }
  })

  describe("secretbox and box", () => {
    const [key, nonce, plaintext, box] = [nacl.firstKey, nacl.nonce, nacl.plaintext, nacl.box].map(
      fromHex,
    ) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
    const alice = fromHex(nacl.aliceSecret)
    const bob = fromHex(nacl.bobSecret)

    test("NaCl tests/secretbox.c and secretbox2.c", () => {
      expect(hex(engine.sealSecretbox(plaintext, nonce, key))).toBe(nacl.box)
      const within = new Uint8Array(box.length + 8)
      engine.sealSecretbox(plaintext, nonce, key, within.subarray(5, 5 + box.length))
      expect(within).toEqual(Uint8Array.of(0, 0, 0, 0, 0, ...box, 0, 0, 0))
      expect(engine.openSecretbox(box, nonce, key)).toEqual(plaintext)
    })

    test("NaCl tests/box.c and box2.c", () => {
      const alicePublic = engine.exchangePublicKey(alice)
      const bobPublic = engine.exchangePublicKey(bob)
      expect([hex(alicePublic), hex(bobPublic)]).toEqual([nacl.alicePublic, nacl.bobPublic])
      expect(engine.sealBox(plaintext, nonce, bobPublic, alice)).toEqual(box)
      expect(engine.openBox(box, nonce, alicePublic, bob)).toEqual(plaintext)
    })

    test("every bit of a box counts, and every length", () => {
      for (let bit = 0; bit < box.length * 8; bit++) {
        const wrong = Uint8Array.from(box)
        wrong[bit >> 3] = (wrong[bit >> 3] as number) ^ (1 << (bit & 7))
        expect(engine.openSecretbox(wrong, nonce, key)).toBeNull()
      }
      for (let length = 0; length < box.length; length++) {
        expect(engine.openSecretbox(box.subarray(0, length), nonce, key)).toBeNull()
      }
    })

    test("nothing in a box", () => {
      const empty = engine.sealSecretbox(zeros(0), nonce, key)
      expect(empty.length).toBe(16)
      expect(engine.openSecretbox(empty, nonce, key)).toEqual(zeros(0))
    })
  })

  describe("XChaCha20-Poly1305", () => {
    const key = fromHex(xchacha.key)
    const nonce = fromHex(xchacha.nonce)
    const associatedData = fromHex(xchacha.associatedData)
    const sealed = fromHex(xchacha.ciphertext + xchacha.tag)

    test("draft-irtf-cfrg-xchacha-03 A.3.1", () => {
      const found = engine.seal(fromHex(xchacha.plaintext), nonce, key, associatedData)
      expect(hex(found)).toBe(hex(sealed))
      expect(hex(engine.open(sealed, nonce, key, associatedData) ?? zeros(0))).toBe(
        xchacha.plaintext,
      )
    })

    test("every bit counts, and every length", () => {
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        const wrong = Uint8Array.from(sealed)
        wrong[bit >> 3] = (wrong[bit >> 3] as number) ^ (1 << (bit & 7))
        expect(engine.open(wrong, nonce, key, associatedData)).toBeNull()
      }
      for (let length = 0; length < sealed.length; length++) {
        expect(engine.open(sealed.subarray(0, length), nonce, key, associatedData)).toBeNull()
      }
      expect(engine.open(sealed, nonce, key, associatedData.subarray(1))).toBeNull()
      expect(engine.open(sealed, nonce, key, zeros(0))).toBeNull()
    })

    test("nothing sealed with nothing", () => {
      const empty = engine.seal(zeros(0), nonce, key, zeros(0))
      expect(empty.length).toBe(16)
      expect(engine.open(empty, nonce, key, zeros(0))).toEqual(zeros(0))
    })
  })

  describe("ChaCha20-Poly1305", () => {
    const key = fromHex(chacha.key)
    const nonce = fromHex(chacha.nonce)
    const associatedData = fromHex(chacha.associatedData)
    const sealed = fromHex(chacha.ciphertext + chacha.tag)

    test("RFC 8439 §2.8.2", () => {
      const found = engine.sealIetf(fromHex(chacha.plaintext), nonce, key, associatedData)
      expect(hex(found)).toBe(hex(sealed))
      expect(hex(engine.openIetf(sealed, nonce, key, associatedData) ?? zeros(0))).toBe(
        chacha.plaintext,
      )
    })

    test("every bit counts, and every length", () => {
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        const wrong = Uint8Array.from(sealed)
        wrong[bit >> 3] = (wrong[bit >> 3] as number) ^ (1 << (bit & 7))
        expect(engine.openIetf(wrong, nonce, key, associatedData)).toBeNull()
      }
      for (let length = 0; length < sealed.length; length++) {
        expect(engine.openIetf(sealed.subarray(0, length), nonce, key, associatedData)).toBeNull()
      }
      expect(engine.openIetf(sealed, nonce, key, associatedData.subarray(1))).toBeNull()
      expect(engine.openIetf(sealed, nonce, key, zeros(0))).toBeNull()
    })

    test("nothing sealed with nothing", () => {
      const empty = engine.sealIetf(zeros(0), nonce, key, zeros(0))
      expect(empty.length).toBe(16)
      expect(engine.openIetf(empty, nonce, key, zeros(0))).toEqual(zeros(0))
    })
  })

  describe("hashes", () => {
    test.each(sha256.vectors)("SHA-256: $name", ({ message, repeat, digest }) => {
      const once = fromHex(message)
      const whole = zeros(once.length * repeat)
      for (let at = 0; at < whole.length; at += once.length) whole.set(once, at)
      expect(hex(engine.hash(whole))).toBe(digest)
    })

    test.each(hmac.vectors)("HMAC-SHA256: RFC 4231 $name", ({ key, message, mac }) => {
      expect(hex(engine.authenticate(fromHex(message), fromHex(key))).slice(0, mac.length)).toBe(
        mac,
      )
    })

    test.each(hkdf.vectors)(
      "HKDF-SHA256: RFC 5869 $name",
      ({ secret, salt, info, length, okm }) => {
        expect(hex(engine.derive(fromHex(secret), fromHex(salt), fromHex(info), length))).toBe(okm)
      },
    )

    test("HKDF gives 0 to 8,160 bytes, and takes an info of any length", () => {
      const longest = engine.derive(zeros(1), zeros(0), zeros(2000), 8160)
      expect(longest.length).toBe(8160)
      for (const length of [0, 1, 31, 32, 33, 8159]) {
        const shorter = engine.derive(zeros(1), zeros(0), zeros(2000), length)
        expect(shorter).toEqual(longest.subarray(0, length))
      }
      expect(() => engine.derive(zeros(1), zeros(0), zeros(0), 8161)).toThrow(/./)
    })

    test.each(argon2.vectors)(
      "Argon2id: libsodium, $passes passes over $memoryKib KiB",
      (vector) => {
        const { password, salt, passes, memoryKib, length, hash } = vector
        const cost = { passes, memoryKib }
        expect(hex(engine.stretch(fromHex(password), fromHex(salt), cost, length))).toBe(hash)
      },
    )

    test("Argon2id refuses what is too little, and another salt than 16 bytes", () => {
      const least = { passes: 1, memoryKib: 8 }
      expect(engine.stretch(zeros(0), zeros(16), least, 16).length).toBe(16)
      expect(() => engine.stretch(zeros(0), zeros(16), { ...least, passes: 0 }, 16)).toThrow(/./)
      expect(() => engine.stretch(zeros(0), zeros(16), { ...least, memoryKib: 7 }, 16)).toThrow(/./)
      expect(() => engine.stretch(zeros(0), zeros(15), least, 16)).toThrow(/./)
      expect(() => engine.stretch(zeros(0), zeros(17), least, 16)).toThrow(/./)
      expect(() => engine.stretch(zeros(0), zeros(16), least, 15)).toThrow(/./)
    })
  })

  test("random bytes: any number, never the same", () => {
    for (const length of [0, 1, 24, 65_536, 65_537, 200_000]) {
      expect(engine.randomBytes(length).length).toBe(length)
    }
    // The last bytes of a long request are random, too.
    expect(
      engine
        .randomBytes(200_000)
        .subarray(-32)
        .some((byte) => byte !== 0),
    ).toBe(true)
    const filled = new Uint8Array(200_000)
    engine.fillRandom(filled.subarray(0, 199_000))
    expect(new Set(filled.subarray(0, 199_000)).size).toBe(256)
    expect(new Set(filled.subarray(199_000)).size).toBe(1)
    const seen = new Set(Array.from({ length: 1000 }, () => hex(engine.randomBytes(16))))
    expect(seen.size).toBe(1000)
  })

  test("results are plain bytes of their own", () => {
    const input = zeros(32).fill(9)
    const pair = engine.signingKeyPair(input)
    const results = [
      pair.publicKey,
      pair.secretKey,
      engine.sign(input, pair.secretKey),
      engine.sealSecretbox(input, zeros(24), input),
      engine.openSecretbox(engine.sealSecretbox(input, zeros(24), input), zeros(24), input),
      engine.seal(input, zeros(24), input, input),
      engine.open(engine.seal(input, zeros(24), input, input), zeros(24), input, input),
      engine.sealIetf(input, zeros(12), input, input),
      engine.openIetf(engine.sealIetf(input, zeros(12), input, input), zeros(12), input, input),
      engine.exchangePublicKey(input),
      engine.hash(input),
      engine.authenticate(input, input),
      engine.derive(input, input, input, 32),
    ]
    for (const result of results) {
      expect(result?.constructor).toBe(Uint8Array)
      result?.fill(0)
    }
    expect(input).toEqual(zeros(32).fill(9))
  })

  test("inputs may be views at odd offsets", () => {
    const whole = zeros(200).map((_, i) => i)
    const at = (offset: number, length: number) => whole.subarray(offset, offset + length)
    const copy = (bytes: Uint8Array) => Uint8Array.from(bytes)
    const [plaintext, nonce, key, other] = [at(1, 33), at(35, 24), at(61, 32), at(97, 32)]
    const publicKey = engine.exchangePublicKey(copy(other))
    const views = whole.slice()
    views.set(publicKey, 131)
    const publicView = views.subarray(131, 163)
    expect(engine.sealBox(plaintext, nonce, publicView, key)).toEqual(
      engine.sealBox(copy(plaintext), copy(nonce), publicKey, copy(key)),
    )
    expect(engine.seal(plaintext, nonce, key, other)).toEqual(
      engine.seal(copy(plaintext), copy(nonce), copy(key), copy(other)),
    )
    const short = nonce.subarray(0, 12)
    expect(engine.sealIetf(plaintext, short, key, other)).toEqual(
      engine.sealIetf(copy(plaintext), copy(short), copy(key), copy(other)),
    )
    const { secretKey } = engine.signingKeyPair(key)
    expect(secretKey).toEqual(engine.signingKeyPair(copy(key)).secretKey)
    expect(engine.sign(plaintext, secretKey)).toEqual(engine.sign(copy(plaintext), secretKey))
    expect(engine.hash(plaintext)).toEqual(engine.hash(copy(plaintext)))
  })
}

function addLittleEndian(number: Uint8Array, other: Uint8Array): void {
  let carry = 0
  for (let i = 0; i < number.length; i++) {
    carry += (number[i] as number) + (other[i] as number)
    number[i] = carry
    carry >>= 8
  }
}
