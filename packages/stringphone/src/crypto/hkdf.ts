import { concat, u8 } from "../bytes/index.js"

/**
 * The second half of HKDF (RFC 5869 §2.3) on an engine's HMAC-SHA256, for a key that is a pseudorandom
 * one already; the first half is `hmac(secret, salt)`. Shared: `node:crypto`'s refuses an info longer
 * than 1,024 bytes, and a second implementation would be dead weight on a page.
 */
export function hkdfExpand(
  hmac: (message: Uint8Array, key: Uint8Array) => Uint8Array,
  key: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  if (length > 255 * 32) throw new RangeError("At most 8,160 bytes can be derived.")
  const out = new Uint8Array(length)
  let block: Uint8Array = new Uint8Array(0)
  for (let at = 0; at < length; at += 32) {
    block = hmac(concat(block, info, u8(at / 32 + 1)), key)
    out.set(block.subarray(0, length - at), at)
  }
  return out
}
