/** The engine of browsers, and of any machine without the native one: @noble, pure JavaScript. */
import { chacha20poly1305, xchacha20poly1305 } from "@noble/ciphers/chacha.js"
import { hsalsa, xsalsa20poly1305 } from "@noble/ciphers/salsa.js"
import { randomBytes as platformRandomBytes } from "@noble/ciphers/utils.js"
import { ed25519, x25519 } from "@noble/curves/ed25519.js"
import { argon2id } from "@noble/hashes/argon2.js"
import { hmac } from "@noble/hashes/hmac.js"
import { sha256, sha512 } from "@noble/hashes/sha2.js"
import { concat, sameBytes } from "../bytes/index.js"
import type { CryptoEngine } from "./engine.js"
import { hkdfExpand } from "./hkdf.js"

export const engineName = "portable" as const

export const randomBytes: CryptoEngine["randomBytes"] = (length) => {
  const out = new Uint8Array(length)
  fillRandom(out)
  return out
}

/** The platform gives at most 64 KiB a call. */
export const fillRandom: CryptoEngine["fillRandom"] = (out) => {
  for (let at = 0; at < out.length; at += 65_536) {
    out.set(platformRandomBytes(Math.min(65_536, out.length - at)), at)
  }
}

export const signingKeyPair: CryptoEngine["signingKeyPair"] = (seed) => {
  const publicKey = ed25519.getPublicKey(seed)
  return { publicKey, secretKey: concat(seed, publicKey) }
}

/**
 * RFC 8032 §5.1.6 with the public key that is part of the secret key, as libsodium does it. The
 * library's own `sign` computes that key again each time, which is half of the work.
 */
export const sign: CryptoEngine["sign"] = (message, secretKey) => {
  // A seed in its place would work here, and nowhere else.
  if (secretKey.length !== 64) throw new RangeError("The secret key must be 64 bytes.")
  const { Point } = ed25519
  const expanded = sha512(secretKey.subarray(0, 32))
  const scalar = expanded.subarray(0, 32)
  scalar[0] = (scalar[0] as number) & 0xf8
  scalar[31] = ((scalar[31] as number) & 0x7f) | 0x40
  const r = scalarOf(expanded.subarray(32), message)
  const commitment = Point.BASE.multiply(r).toBytes()
  const challenge = scalarOf(commitment, secretKey.subarray(32), message)
  const s = Point.Fn.create(r + challenge * Point.Fn.create(littleEndian(scalar)))
  return concat(commitment, Point.Fn.toBytes(s))
}

/**
 * RFC 8032 §5.1.7 without the cofactor. The library's own `verify` multiplies by it and so accepts
 * signatures (of keys with a torsion component) that libsodium refuses; engines must not disagree.
 */
export const verify: CryptoEngine["verify"] = (signature, message, publicKey) => {
  const { Point } = ed25519
  const claimed = signature.subarray(0, 32)
  try {
    const negatedKey = Point.fromBytes(publicKey).negate()
    if (negatedKey.isSmallOrder()) return false
    const challenge = scalarOf(claimed, publicKey, message)
    // multiplyUnsafe is variable-time, which is fine: everything here is public. It throws for S ≥ L.
    const expected = Point.BASE.multiplyUnsafe(littleEndian(signature.subarray(32))).add(
      negatedKey.multiplyUnsafe(challenge),
    )
    return sameBytes(expected.toBytes(), claimed) && !expected.isSmallOrder()
  } catch {
    return false
  }
}

export const exchangePublicKey: CryptoEngine["exchangePublicKey"] = (secretKey) =>
  x25519.getPublicKey(secretKey)

export const exchange: CryptoEngine["exchange"] = (secretKey, publicKey) => {
  try {
    return x25519.getSharedSecret(secretKey, publicKey)
  } catch {
    return null
  }
}

export const sealSecretbox: CryptoEngine["sealSecretbox"] = (plaintext, nonce, key, out) => {
  const box = xsalsa20poly1305(key, nonce).encrypt(plaintext)
  out?.set(box) // The library's own output argument wants room to spare.
  return out ?? box
}

export const openSecretbox: CryptoEngine["openSecretbox"] = (box, nonce, key) => {
  if (box.length < 16) return null
  try {
    return xsalsa20poly1305(key, nonce).decrypt(box)
  } catch {
    return null
  }
}

export const sealBox: CryptoEngine["sealBox"] = (plaintext, nonce, publicKey, secretKey) => {
  const key = boxKey(publicKey, secretKey)
  return key && sealSecretbox(plaintext, nonce, key)
}

export const openBox: CryptoEngine["openBox"] = (box, nonce, publicKey, secretKey) => {
  const key = boxKey(publicKey, secretKey)
  return key && openSecretbox(box, nonce, key)
}

export const seal: CryptoEngine["seal"] = (plaintext, nonce, key, associatedData, out) =>
  xchacha20poly1305(key, nonce, associatedData).encrypt(plaintext, out)

export const open: CryptoEngine["open"] = (sealed, nonce, key, associatedData) => {
  if (sealed.length < 16) return null
  try {
    return xchacha20poly1305(key, nonce, associatedData).decrypt(sealed)
  } catch {
    return null
  }
}

export const sealIetf: CryptoEngine["sealIetf"] = (plaintext, nonce, key, associatedData) =>
  chacha20poly1305(key, nonce, associatedData).encrypt(plaintext)

export const openIetf: CryptoEngine["openIetf"] = (sealed, nonce, key, associatedData) => {
  if (sealed.length < 16) return null
  try {
    return chacha20poly1305(key, nonce, associatedData).decrypt(sealed)
  } catch {
    return null
  }
}

export const hash: CryptoEngine["hash"] = (message) => sha256(message)

export const authenticate: CryptoEngine["authenticate"] = (message, key) =>
  hmac(sha256, key, message)

export const derive: CryptoEngine["derive"] = (secret, salt, info, length) =>
  hkdfExpand(authenticate, authenticate(secret, salt), info, length)

export const stretch: CryptoEngine["stretch"] = (password, salt, cost, length) => {
  // libsodium's limits; the library's own are wider.
  if (salt.length !== 16) throw new RangeError("The salt must be 16 bytes.")
  if (length < 16) throw new RangeError("At least 16 bytes must be asked for.")
  return argon2id(password, salt, { t: cost.passes, m: cost.memoryKib, p: 1, dkLen: length })
}

/** NaCl's key of a box: HSalsa20(X25519(secret, public), 0), the constant "expand 32-byte k". */
function boxKey(publicKey: Uint8Array, secretKey: Uint8Array): Uint8Array | null {
  const shared = exchange(secretKey, publicKey)
  if (shared === null) return null
  const key = new Uint32Array(8)
  hsalsa(sigma, words(shared), new Uint32Array(4), key)
  return new Uint8Array(key.buffer)
}

const sigma = Uint32Array.of(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574)

/** The platform's own word order, as the cipher library expects: a copy is always aligned. */
function words(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(Uint8Array.from(bytes).buffer)
}

/** SHA-512 of the parts, as a number modulo the group's order. */
function scalarOf(...parts: readonly Uint8Array[]): bigint {
  const hash = sha512.create()
  for (const part of parts) hash.update(part)
  return ed25519.Point.Fn.create(littleEndian(hash.digest()))
}

function littleEndian(bytes: Uint8Array): bigint {
  let digits = "0x"
  for (let i = bytes.length - 1; i >= 0; i--)
    digits += (bytes[i] as number).toString(16).padStart(2, "0")
  return BigInt(digits)
}
