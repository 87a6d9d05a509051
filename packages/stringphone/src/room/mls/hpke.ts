/**
 * HPKE (RFC 9180), base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305: one
 * message a key, which is all that MLS wants.
 */
import { concat, PeerError, u16, utf8 } from "../../bytes/index.js"
import {
  authenticate,
  exchange,
  exchangePublicKey,
  hkdfExpand,
  openIetf,
  sealIetf,
} from "../../crypto/index.js"

export interface ExchangeKeyPair {
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

const none = new Uint8Array(0)
const version = utf8("HPKE-v1")
const kemSuite = concat(utf8("KEM"), u16(0x0020))
const suite = concat(utf8("HPKE"), u16(0x0020), u16(0x0001), u16(0x0003))
const baseMode = Uint8Array.of(0)

/** RFC 5869 §2.2 */
export function extract(salt: Uint8Array, secret: Uint8Array): Uint8Array {
  return authenticate(secret, salt)
}

/** RFC 5869 §2.3 */
export function expand(key: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return hkdfExpand(authenticate, key, info, length)
}

/** RFC 9180 §7.1.3 */
export function deriveExchangeKeyPair(secret: Uint8Array): ExchangeKeyPair {
  const key = labelledExtract(kemSuite, none, "dkp_prk", secret)
  const secretKey = labelledExpand(kemSuite, key, "sk", none, 32)
  return { publicKey: exchangePublicKey(secretKey), secretKey }
}

/**
 * RFC 9180 §6.1
 * @param ephemeral must be fresh.
 * @throws {PeerError} `refused`: the public key is of low order.
 */
export function sealToKey(
  publicKey: Uint8Array,
  ephemeral: ExchangeKeyPair,
  info: Uint8Array,
  associatedData: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const { key, nonce } = schedule(encapsulate(publicKey, ephemeral), info)
  return sealIetf(plaintext, nonce, key, associatedData)
}

/**
 * @returns `null` when it does not open.
 * @throws {PeerError} `refused`: the encapsulated key is of low order.
 */
export function openWithKey(
  own: ExchangeKeyPair,
  encapsulated: Uint8Array,
  info: Uint8Array,
  associatedData: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | null {
  const { key, nonce } = schedule(decapsulate(own, encapsulated), info)
  return openIetf(sealed, nonce, key, associatedData)
}

/** RFC 9180 §6.2: a secret that the key's owner can derive, too. */
export function sendExport(
  publicKey: Uint8Array,
  ephemeral: ExchangeKeyPair,
  info: Uint8Array,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const { exporter } = schedule(encapsulate(publicKey, ephemeral), info)
  return labelledExpand(suite, exporter, "sec", context, length)
}

export function receiveExport(
  own: ExchangeKeyPair,
  encapsulated: Uint8Array,
  info: Uint8Array,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const { exporter } = schedule(decapsulate(own, encapsulated), info)
  return labelledExpand(suite, exporter, "sec", context, length)
}

/** RFC 9180 §4.1 */
function encapsulate(publicKey: Uint8Array, ephemeral: ExchangeKeyPair): Uint8Array {
  const shared = exchanged(ephemeral.secretKey, publicKey)
  return kemSecret(shared, concat(ephemeral.publicKey, publicKey))
}

function decapsulate(own: ExchangeKeyPair, encapsulated: Uint8Array): Uint8Array {
  return kemSecret(exchanged(own.secretKey, encapsulated), concat(encapsulated, own.publicKey))
}

function kemSecret(shared: Uint8Array, context: Uint8Array): Uint8Array {
  const key = labelledExtract(kemSuite, none, "eae_prk", shared)
  return labelledExpand(kemSuite, key, "shared_secret", context, 32)
}

function exchanged(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const shared = publicKey.length === 32 ? exchange(secretKey, publicKey) : null
  if (shared === null) throw new PeerError("refused", "A key of the room can not be used.")
  return shared
}

/** RFC 9180 §5.1, without a pre-shared key. */
function schedule(
  shared: Uint8Array,
  info: Uint8Array,
): { readonly key: Uint8Array; readonly nonce: Uint8Array; readonly exporter: Uint8Array } {
  const pskIdHash = labelledExtract(suite, none, "psk_id_hash", none)
  const context = concat(baseMode, pskIdHash, labelledExtract(suite, none, "info_hash", info))
  const secret = labelledExtract(suite, shared, "secret", none)
  return {
    key: labelledExpand(suite, secret, "key", context, 32),
    nonce: labelledExpand(suite, secret, "base_nonce", context, 12),
    exporter: labelledExpand(suite, secret, "exp", context, 32),
  }
}

/** RFC 9180 §4 */
function labelledExtract(
  id: Uint8Array,
  salt: Uint8Array,
  label: string,
  secret: Uint8Array,
): Uint8Array {
  return extract(salt, concat(version, id, utf8(label), secret))
}

function labelledExpand(
  id: Uint8Array,
  key: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  return expand(key, concat(u16(length), version, id, utf8(label), info), length)
}
