/** libsodium through sodium-native, whose package ships prebuilt binaries (Node and Bun). */
import { createHash, createHmac } from "node:crypto"
import { createRequire } from "node:module"
import type { CryptoEngine } from "./engine.js"
import { hkdfExpand } from "./hkdf.js"

/** The part of sodium-native that we call. */
interface Sodium {
  readonly crypto_pwhash_ALG_ARGON2ID13: number
  randombytes_buf(out: Uint8Array): void
  crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void
  crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void
  crypto_sign_verify_detached(
    signature: Uint8Array,
    message: Uint8Array,
    publicKey: Uint8Array,
  ): boolean
  crypto_scalarmult_base(publicKey: Uint8Array, secretKey: Uint8Array): void
  crypto_scalarmult(shared: Uint8Array, secretKey: Uint8Array, publicKey: Uint8Array): void
  crypto_secretbox_easy(
    box: Uint8Array,
    plaintext: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
  ): void
  crypto_secretbox_open_easy(
    plaintext: Uint8Array,
    box: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
  ): boolean
  crypto_box_easy(
    box: Uint8Array,
    plaintext: Uint8Array,
    nonce: Uint8Array,
    publicKey: Uint8Array,
    secretKey: Uint8Array,
  ): void
  crypto_box_open_easy(
    plaintext: Uint8Array,
    box: Uint8Array,
    nonce: Uint8Array,
    publicKey: Uint8Array,
    secretKey: Uint8Array,
  ): boolean
  crypto_aead_xchacha20poly1305_ietf_encrypt(
    sealed: Uint8Array,
    plaintext: Uint8Array,
    associatedData: Uint8Array,
    secretNonce: null,
    nonce: Uint8Array,
    key: Uint8Array,
  ): void
  crypto_aead_xchacha20poly1305_ietf_decrypt(
    plaintext: Uint8Array,
    secretNonce: null,
    sealed: Uint8Array,
    associatedData: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
  ): void
  crypto_aead_chacha20poly1305_ietf_encrypt(
    sealed: Uint8Array,
    plaintext: Uint8Array,
    associatedData: Uint8Array,
    secretNonce: null,
    nonce: Uint8Array,
    key: Uint8Array,
  ): void
  crypto_aead_chacha20poly1305_ietf_decrypt(
    plaintext: Uint8Array,
    secretNonce: null,
    sealed: Uint8Array,
    associatedData: Uint8Array,
    nonce: Uint8Array,
    key: Uint8Array,
  ): void
  crypto_hash_sha256(out: Uint8Array, message: Uint8Array): void
  crypto_pwhash(
    out: Uint8Array,
    password: Uint8Array,
    salt: Uint8Array,
    passes: number,
    memoryBytes: number,
    algorithm: number,
  ): void
}

/** @returns `null` when sodium-native is not installed or has no binary for this platform. */
export function loadNativeEngine(): CryptoEngine | null {
  try {
    return nativeEngine(createRequire(import.meta.url)("sodium-native") as Sodium)
  } catch {
    return null
  }
}

const tagBytes = 16

function nativeEngine(sodium: Sodium): CryptoEngine {
  const { hash, hmac } = sha256(sodium)
  // Written to and copied: a new array costs more once it is handed to native code.
  const signature = new Uint8Array(64)
  return {
    engineName: "native",

    randomBytes(length) {
      const out = new Uint8Array(length)
      sodium.randombytes_buf(out)
      return out
    },

    fillRandom: (out) => sodium.randombytes_buf(out),

    signingKeyPair(seed) {
      const publicKey = new Uint8Array(32)
      const secretKey = new Uint8Array(64)
      sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed)
      return { publicKey, secretKey }
    },

    sign(message, secretKey) {
      sodium.crypto_sign_detached(signature, message, secretKey)
      return signature.slice()
    },

    verify: (signature, message, publicKey) =>
      sodium.crypto_sign_verify_detached(signature, message, publicKey),

    exchangePublicKey(secretKey) {
      const publicKey = new Uint8Array(32)
      sodium.crypto_scalarmult_base(publicKey, secretKey)
      return publicKey
    },

    exchange(secretKey, publicKey) {
      const shared = new Uint8Array(32)
      return succeeds(() => sodium.crypto_scalarmult(shared, secretKey, publicKey)) ? shared : null
    },

    sealSecretbox(plaintext, nonce, key, out = new Uint8Array(plaintext.length + tagBytes)) {
      sodium.crypto_secretbox_easy(out, plaintext, nonce, key)
      return out
    },

    openSecretbox(box, nonce, key) {
      if (box.length < tagBytes) return null
      const plaintext = new Uint8Array(box.length - tagBytes)
      return sodium.crypto_secretbox_open_easy(plaintext, box, nonce, key) ? plaintext : null
    },

    sealBox(plaintext, nonce, publicKey, secretKey) {
      const box = new Uint8Array(plaintext.length + tagBytes)
      return succeeds(() => sodium.crypto_box_easy(box, plaintext, nonce, publicKey, secretKey))
        ? box
        : null
    },

    openBox(box, nonce, publicKey, secretKey) {
      if (box.length < tagBytes) return null
      const plaintext = new Uint8Array(box.length - tagBytes)
      return sodium.crypto_box_open_easy(plaintext, box, nonce, publicKey, secretKey)
        ? plaintext
        : null
    },

    seal(plaintext, nonce, key, associatedData, out = new Uint8Array(plaintext.length + tagBytes)) {
      sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
        out,
        plaintext,
        associatedData,
        null,
        nonce,
        key,
      )
      return out
    },

    open(sealed, nonce, key, associatedData) {
      if (sealed.length < tagBytes) return null
      const plaintext = new Uint8Array(sealed.length - tagBytes)
      const opened = succeeds(() =>
        sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
          plaintext,
          null,
          sealed,
          associatedData,
          nonce,
          key,
        ),
      )
      return opened ? plaintext : null
    },

    sealIetf(plaintext, nonce, key, associatedData) {
      const out = new Uint8Array(plaintext.length + tagBytes)
      sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
        out,
        plaintext,
        associatedData,
        null,
        nonce,
        key,
      )
      return out
    },

    openIetf(sealed, nonce, key, associatedData) {
      if (sealed.length < tagBytes) return null
      const plaintext = new Uint8Array(sealed.length - tagBytes)
      const opened = succeeds(() =>
        sodium.crypto_aead_chacha20poly1305_ietf_decrypt(
          plaintext,
          null,
          sealed,
          associatedData,
          nonce,
          key,
        ),
      )
      return opened ? plaintext : null
    },

    hash,

    authenticate: hmac,

    derive: (secret, salt, info, length) => hkdfExpand(hmac, hmac(secret, salt), info, length),

    stretch(password, salt, cost, length) {
      const out = new Uint8Array(length)
      const memoryBytes = cost.memoryKib * 1024
      const algorithm = sodium.crypto_pwhash_ALG_ARGON2ID13
      sodium.crypto_pwhash(out, password, salt, cost.passes, memoryBytes, algorithm)
      return out
    },
  }
}

/** What libsodium hashes faster than OpenSSL, whose objects cost a microsecond before the first byte. */
const shortBytes = 256
const blockBytes = 64

/**
 * SHA-256 and HMAC of it. Short inputs pass through memory that is there already: a new array costs
 * as much as a hash once it is handed to native code.
 */
function sha256(sodium: Sodium): {
  hash(message: Uint8Array): Uint8Array<ArrayBuffer>
  hmac(message: Uint8Array, key: Uint8Array): Uint8Array<ArrayBuffer>
} {
  const inner = new Uint8Array(blockBytes + shortBytes)
  const outer = new Uint8Array(blockBytes + 32)
  const innerDigest = outer.subarray(blockBytes)
  const digest = new Uint8Array(32)

  /** Secrets do not stay behind in what is used again. */
  function takeDigest(): Uint8Array<ArrayBuffer> {
    const taken = digest.slice()
    digest.fill(0)
    return taken
  }

  return {
    hash(message) {
      if (message.length > shortBytes) {
        return new Uint8Array(createHash("sha256").update(message).digest())
      }
      sodium.crypto_hash_sha256(digest, message)
      return takeDigest()
    },

    hmac(message, key) {
      if (message.length > shortBytes || key.length > blockBytes) {
        return new Uint8Array(createHmac("sha256", key).update(message).digest())
      }
      inner.fill(0x36, key.length, blockBytes)
      outer.fill(0x5c, key.length, blockBytes)
      for (let i = 0; i < key.length; i++) {
        inner[i] = (key[i] as number) ^ 0x36
        outer[i] = (key[i] as number) ^ 0x5c
      }
      inner.set(message, blockBytes)
      sodium.crypto_hash_sha256(innerDigest, inner.subarray(0, blockBytes + message.length))
      sodium.crypto_hash_sha256(digest, outer)
      inner.fill(0)
      outer.fill(0)
      return takeDigest()
    },
  }
}

/** sodium-native reports a bad tag and a low-order point by throwing; both are the peer's doing. */
function succeeds(operation: () => void): boolean {
  try {
    operation()
    return true
  } catch {
    return false
  }
}
