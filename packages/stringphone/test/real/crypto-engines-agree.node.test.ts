import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { hex } from "../../src/bytes/index.js"
import type { CryptoEngine } from "../../src/crypto/engine.js"
import { loadNativeEngine } from "../../src/crypto/native.js"
import * as portable from "../../src/crypto/portable.js"

const native = loadNativeEngine()

/** A result in a form that can be compared; a refusal is a refusal, whatever it says. */
function outcome(engine: CryptoEngine, operation: (engine: CryptoEngine) => unknown): string {
  try {
    const result = operation(engine)
    return result instanceof Uint8Array ? hex(result) : JSON.stringify(result, inHex)
  } catch {
    return "refused"
  }
}

function inHex(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? hex(value) : value
}

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const message = fc.uint8Array({ maxLength: 300 })
const [key, nonce, signature] = [bytes(32), bytes(24), bytes(64)]
/** Mostly random, sometimes a point of low order or not canonical. */
const publicKey = fc.oneof(
  { weight: 4, arbitrary: key },
  key.map((random) => Uint8Array.from(random).fill(0xff, 1)),
  key.map((random) => Uint8Array.from(random).fill(0, 1)),
)
const numRuns = 150

describe.skipIf(native === null)("native and portable give the same bytes", () => {
  function agree<T>(
    name: string,
    inputs: fc.Arbitrary<T>,
    operation: (engine: CryptoEngine, input: T) => unknown,
    runs = numRuns,
  ): void {
    test(name, () => {
      fc.assert(
        fc.property(inputs, (input) => {
          const found = outcome(portable, (engine) => operation(engine, input))
          expect(found).toBe(outcome(native as CryptoEngine, (engine) => operation(engine, input)))
        }),
        { numRuns: runs },
      )
    })
  }

  agree("signingKeyPair", key, (e, seed) => e.signingKeyPair(seed))
  agree("sign", fc.tuple(message, key), (e, [text, seed]) =>
    e.sign(text, e.signingKeyPair(seed).secretKey),
  )
  agree(
    "verify, right or with one byte changed",
    fc.tuple(message, key, fc.nat(95), fc.nat(255)),
    (e, [text, seed, at, change]) => {
      const pair = e.signingKeyPair(seed)
      const whole = new Uint8Array(96)
      whole.set(e.sign(text, pair.secretKey))
      whole.set(pair.publicKey, 64)
      whole[at] = (whole[at] as number) ^ change
      return e.verify(whole.subarray(0, 64), text, whole.subarray(64))
    },
  )
  agree("verify, anything", fc.tuple(signature, message, publicKey), (e, [s, text, p]) =>
    e.verify(s, text, p),
  )
  agree("exchangePublicKey", key, (e, secret) => e.exchangePublicKey(secret))
  agree("exchange", fc.tuple(key, publicKey), (e, [secret, p]) => e.exchange(secret, p))
  agree("sealSecretbox", fc.tuple(message, nonce, key), (e, [text, n, k]) =>
    e.sealSecretbox(text, n, k),
  )
  agree("openSecretbox, right", fc.tuple(message, nonce, key), (e, [text, n, k]) =>
    e.openSecretbox(e.sealSecretbox(text, n, k), n, k),
  )
  agree("openSecretbox, anything", fc.tuple(message, nonce, key), (e, [text, n, k]) =>
    e.openSecretbox(text, n, k),
  )
  agree("sealBox", fc.tuple(message, nonce, publicKey, key), (e, [text, n, p, k]) =>
    e.sealBox(text, n, p, k),
  )
  agree("openBox, right", fc.tuple(message, nonce, key, key), (e, [text, n, a, b]) =>
    e.openBox(
      e.sealBox(text, n, e.exchangePublicKey(a), b) as Uint8Array,
      n,
      e.exchangePublicKey(b),
      a,
    ),
  )
  agree("openBox, anything", fc.tuple(message, nonce, publicKey, key), (e, [text, n, p, k]) =>
    e.openBox(text, n, p, k),
  )
  agree("seal", fc.tuple(message, nonce, key, message), (e, [text, n, k, data]) =>
    e.seal(text, n, k, data),
  )
  agree("open, right", fc.tuple(message, nonce, key, message), (e, [text, n, k, data]) =>
    e.open(e.seal(text, n, k, data), n, k, data),
  )
  agree("open, anything", fc.tuple(message, nonce, key, message), (e, [text, n, k, data]) =>
    e.open(text, n, k, data),
  )
  agree("hash", message, (e, text) => e.hash(text))
  agree("authenticate", fc.tuple(message, message), (e, [text, k]) => e.authenticate(text, k))
  agree("derive", fc.tuple(message, message, message, fc.nat(9000)), (e, [s, salt, info, length]) =>
    e.derive(s, salt, info, length),
  )
  agree(
    "derive, long info",
    fc.tuple(key, bytes(1500)),
    (e, [s, info]) => e.derive(s, s, info, 64),
    5,
  )
  agree(
    "stretch, refused or not",
    fc.tuple(
      message,
      fc.integer({ min: 15, max: 17 }),
      fc.nat(2),
      fc.integer({ min: 6, max: 40 }),
      fc.integer({ min: 14, max: 70 }),
    ),
    (e, [password, salt, passes, memoryKib, length]) =>
      e.stretch(password, new Uint8Array(salt).fill(1), { passes, memoryKib }, length),
  )

  test("64 KiB", () => {
    const long = new Uint8Array(65_536).map((_, i) => (i * 31) >> 3)
    const k = long.subarray(1, 33)
    const n = long.subarray(77, 101)
    const operations: ((e: CryptoEngine) => unknown)[] = [
      (e) => e.sign(long, e.signingKeyPair(k).secretKey),
      (e) =>
        e.verify(e.sign(long, e.signingKeyPair(k).secretKey), long, e.signingKeyPair(k).publicKey),
      (e) => e.sealSecretbox(long, n, k),
      (e) => e.openSecretbox(e.sealSecretbox(long, n, k), n, k),
      (e) => e.sealBox(long, n, e.exchangePublicKey(k), k),
      (e) =>
        e.openBox(
          e.sealBox(long, n, e.exchangePublicKey(k), k) as Uint8Array,
          n,
          e.exchangePublicKey(k),
          k,
        ),
      (e) => e.seal(long, n, k, long),
      (e) => e.open(e.seal(long, n, k, long), n, k, long),
      (e) => e.hash(long),
      (e) => e.authenticate(long, long),
      (e) => e.derive(long, long, long, 8160),
      (e) => e.stretch(long, new Uint8Array(16), { passes: 1, memoryKib: 64 }, 1000),
    ]
    for (const operation of operations) {
      expect(outcome(portable, operation)).toBe(outcome(native as CryptoEngine, operation))
      expect(outcome(portable, operation)).not.toBe("refused")
    }
  })

  // A wrong length is the caller's mistake: an engine may throw or refuse, but never give a result.
  test("keys and nonces of another length give no result", () => {
    const z = (length: number) => new Uint8Array(length)
    const operations: ((e: CryptoEngine) => unknown)[] = [
      (e) => e.signingKeyPair(z(31)),
      (e) => e.sign(z(1), z(63)),
      (e) => e.sign(z(1), z(32)),
      (e) => e.verify(z(63), z(1), e.signingKeyPair(z(32)).publicKey) || null,
      (e) => e.verify(z(65), z(1), e.signingKeyPair(z(32)).publicKey) || null,
      (e) => e.verify(z(64), z(1), z(33)) || null,
      (e) => e.exchangePublicKey(z(33)),
      (e) => e.exchange(z(31), e.exchangePublicKey(z(32))),
      (e) => e.sealSecretbox(z(1), z(23), z(32)),
      (e) => e.sealSecretbox(z(1), z(24), z(33)),
      (e) => e.openSecretbox(z(17), z(25), z(32)),
      (e) => e.openSecretbox(z(17), z(24), z(31)),
      (e) => e.sealBox(z(1), z(23), e.exchangePublicKey(z(32)), z(32)),
      (e) => e.openBox(z(17), z(23), e.exchangePublicKey(z(32)), z(32)),
      (e) => e.seal(z(1), z(12), z(32), z(0)),
      (e) => e.seal(z(1), z(24), z(31), z(0)),
      (e) => e.open(z(17), z(12), z(32), z(0)),
    ]
    for (const engine of [native as CryptoEngine, portable]) {
      for (const operation of operations) {
        expect(["refused", "null"]).toContain(outcome(engine, operation))
      }
    }
  })
})

test("the native engine is there where it must be", () => {
  if (process.env["CI"] === "true") expect(native).not.toBeNull()
})
