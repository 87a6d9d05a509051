import { concat, u32 } from "../bytes/index.js"
import { openIetf, sealIetf } from "../crypto/index.js"

export const boxTagBytes = 16

/** ChaCha20-Poly1305 with the nonce 4 zero bytes ‖ u64 n. A key that is used once has n = 0. */
export function box(
  key: Uint8Array,
  number: number,
  associatedData: Uint8Array,
  message: Uint8Array,
): Uint8Array {
  return sealIetf(message, nonce(number), key, associatedData)
}

/** @returns `null`: it is no such box */
export function openBox(
  key: Uint8Array,
  number: number,
  associatedData: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | null {
  return openIetf(sealed, nonce(number), key, associatedData)
}

function nonce(number: number): Uint8Array {
  return concat(u32(0), u32(Math.floor(number / 2 ** 32)), u32(number % 2 ** 32))
}
