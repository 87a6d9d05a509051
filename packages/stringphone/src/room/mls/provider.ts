import { PeerError } from "../../bytes/index.js"
import {
  authenticate,
  equal,
  exchangePublicKey,
  hash,
  openIetf,
  sealIetf,
  sign,
  signingKeyPair,
  verify,
} from "../../crypto/index.js"
import {
  deriveExchangeKeyPair,
  expand,
  extract,
  openWithKey,
  receiveExport,
  sealToKey,
  sendExport,
  type ExchangeKeyPair,
} from "./hpke.js"
import type { CiphersuiteImpl } from "./ts-mls.js"

export const suiteName = "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519"

const none = new Uint8Array(0)

/** The suite on our own engines, for the MLS library. Needs no WebCrypto, which plain HTTP lacks. */
export function suiteOn(randomBytes: (length: number) => Uint8Array): CiphersuiteImpl {
  return {
    name: suiteName,
    rng: { randomBytes },
    hash: {
      digest: async (data) => hash(data),
      mac: async (key, data) => authenticate(data, key),
      verifyMac: async (key, mac, data) => equal(authenticate(data, key), mac),
    },
    kdf: {
      size: 32,
      extract: async (salt, secret) => extract(salt, secret),
      expand: async (key, info, length) => expand(key, info, length),
    },
    signature: {
      sign: async (secretKey, message) => sign(message, secretKey),
      verify: async (publicKey, message, signature) =>
        publicKey.length === 32 && signature.length === 64 && verify(signature, message, publicKey),
      async keygen() {
        const { publicKey, secretKey } = signingKeyPair(randomBytes(32))
        return { publicKey, signKey: secretKey }
      },
    },
    hpke: hpkeOn(randomBytes),
  }
}

function hpkeOn(randomBytes: (length: number) => Uint8Array): CiphersuiteImpl["hpke"] {
  const fresh = () => pairOf(randomBytes(32))
  return {
    keyLength: 32,
    nonceLength: 12,
    async seal(publicKey, plaintext, info, associatedData = none) {
      const ephemeral = fresh()
      const ct = sealToKey(bytesOf(publicKey), ephemeral, info, associatedData, plaintext)
      return { ct, enc: ephemeral.publicKey }
    },
    open: async (privateKey, encapsulated, sealed, info, associatedData = none) =>
      opened(openWithKey(keysOf(privateKey), encapsulated, info, associatedData, sealed)),
    async exportSecret(publicKey, context, length, info) {
      const ephemeral = fresh()
      const secret = sendExport(bytesOf(publicKey), ephemeral, info, context, length)
      return { enc: ephemeral.publicKey, secret }
    },
    importSecret: async (privateKey, context, encapsulated, length, info) =>
      receiveExport(keysOf(privateKey), encapsulated, info, context, length),
    encryptAead: async (key, nonce, associatedData, plaintext) =>
      sealIetf(plaintext, nonce, key, associatedData ?? none),
    decryptAead: async (key, nonce, associatedData, sealed) =>
      opened(openIetf(sealed, nonce, key, associatedData ?? none)),
    deriveKeyPair: async (secret) => theirPair(remembered(deriveExchangeKeyPair(secret))),
    generateKeyPair: async () => theirPair(fresh()),
    importPrivateKey: async (secretKey) => theirs(pairOf(secretKey)),
    importPublicKey: async (publicKey) => theirs(publicKey),
    exportPublicKey: async (publicKey) => bytesOf(publicKey),
    exportPrivateKey: async (privateKey) => keysOf(privateKey).secretKey,
  }
}

function pairOf(secretKey: Uint8Array): ExchangeKeyPair {
  return { publicKey: publicKeyOf(secretKey), secretKey }
}

/** The library keeps secret keys alone, and deriving the others costs as much as opening something. */
const publicKeys = new WeakMap<Uint8Array, Uint8Array>()

/** @param secretKey X25519; never overwritten later. */
export function publicKeyOf(secretKey: Uint8Array): Uint8Array {
  const known = publicKeys.get(secretKey)
  if (known) return known
  const publicKey = exchangePublicKey(secretKey)
  publicKeys.set(secretKey, publicKey)
  return publicKey
}

function remembered(pair: ExchangeKeyPair): ExchangeKeyPair {
  publicKeys.set(pair.secretKey, pair.publicKey)
  return pair
}

function opened(plaintext: Uint8Array | null): Uint8Array {
  if (plaintext === null) throw new PeerError("not-authentic", "A room message does not open.")
  return plaintext
}

// The library hands keys of WebCrypto's types from one of these functions to another, and never
// looks inside: ours are bytes. `never` fits any type of its.

function theirs(key: Uint8Array | ExchangeKeyPair): never {
  return key as never
}

function theirPair(pair: ExchangeKeyPair): { publicKey: never; privateKey: never } {
  return { publicKey: theirs(pair.publicKey), privateKey: theirs(pair) }
}

function bytesOf(publicKey: unknown): Uint8Array {
  return publicKey as Uint8Array
}

function keysOf(privateKey: unknown): ExchangeKeyPair {
  return privateKey as ExchangeKeyPair
}
