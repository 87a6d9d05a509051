import { concat, u16, UsageError } from "../../bytes/index.js"
import { authenticate, derive, hash, labelled } from "../../crypto/index.js"

/** Of each side's nonce. */
export const reconcileNonceBytes = 16
export const reconcileKeyBytes = 32
/** Of a whole day. Nothing checks it afterwards, so it is longer than a range's. */
export const dayFingerprintBytes = 6

/**
 * The key of one session, 32 bytes. Who wants to place items whose fingerprints collide would have to
 * know it beforehand, and both sides draw half of it anew. spec/mailbox-sync.md [SYNC-1-3]
 *
 * @param initiatorNonce 16 random bytes
 * @param responderNonce 16 random bytes
 * @throws {UsageError} `bad-nonce`
 *
 * @example
 * const key = deriveReconcileKey(new Uint8Array(16).fill(1), new Uint8Array(16).fill(2))
 * key.length // → 32
 */
export function deriveReconcileKey(
  initiatorNonce: Uint8Array,
  responderNonce: Uint8Array,
): Uint8Array {
  for (const nonce of [initiatorNonce, responderNonce]) {
    if (nonce.length !== reconcileNonceBytes) {
      throw new UsageError("bad-nonce", "A reconciliation nonce is 16 random bytes.")
    }
  }
  const info = labelled("mailbox reconcile key")
  return derive(concat(initiatorNonce, responderNonce), new Uint8Array(0), info, reconcileKeyBytes)
}

/** @param digest of the day's IDs, the same in all sessions. [SYNC-1-5] */
export function dayFingerprint(day: number, digest: Uint8Array, key: Uint8Array): Uint8Array {
  const message = labelled("mailbox reconcile day", u16(day), digest)
  return authenticate(message, key).slice(0, dayFingerprintBytes)
}

/** Makes the number of an item, 8 bytes: SHA-256 over label, key and ID, cut. [SYNC-1-6] */
export function itemHasher(key: Uint8Array): (id: Uint8Array) => Uint8Array {
  // Written to again and again: joining the parts anew takes as long as hashing them.
  const input = labelled("mailbox reconcile item", key, new Uint8Array(32))
  const at = input.length - 32
  return (id) => {
    input.set(id, at)
    return hash(input)
  }
}
