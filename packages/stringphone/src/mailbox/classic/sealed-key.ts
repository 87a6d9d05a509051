import { concat } from "../../bytes/index.js"
import * as crypto from "../../crypto/index.js"

/** Ephemeral public key 32 ‖ NaCl box (16 + 32) of the content key. */
export const sealedKeyBytes = 80

/**
 * Sealed key, spec/mailbox-classic.md §3.1.
 *
 *   0                      32              80
 *   +----------------------+---------------+
 *   | ephemeral public key | box           |
 *   | 32 bytes             | 16 + 32 bytes |
 *   +----------------------+---------------+
 *
 * @param ephemeralKey X25519 secret, 32 random bytes for this box alone [WCMP-3.1-1]
 * @returns 80 bytes, or `null` when the receiver's key is of low order
 */
export function sealKey(
  contentKey: Uint8Array,
  exchangePublicKey: Uint8Array,
  ephemeralKey: Uint8Array,
): Uint8Array | null {
  const ephemeral = crypto.exchangePublicKey(ephemeralKey)
  const nonce = sealedKeyNonce(ephemeral, exchangePublicKey)
  const box = crypto.sealBox(contentKey, nonce, exchangePublicKey, ephemeralKey)
  return box && concat(ephemeral, box)
}

/** @returns the content key, 32 bytes, or `null` */
export function openSealedKey(
  sealedKey: Uint8Array,
  exchangePublicKey: Uint8Array,
  exchangeKey: Uint8Array,
): Uint8Array | null {
  const ephemeral = sealedKey.subarray(0, 32)
  const nonce = sealedKeyNonce(ephemeral, exchangePublicKey)
  return crypto.openBox(sealedKey.subarray(32), nonce, ephemeral, exchangeKey)
}

/** As libsodium's sealed boxes have it, but of SHA-256 instead of BLAKE2b. [WCMP-3.1-2] */
function sealedKeyNonce(ephemeral: Uint8Array, exchangePublicKey: Uint8Array): Uint8Array {
  return crypto.hash(concat(ephemeral, exchangePublicKey)).subarray(0, 24)
}
