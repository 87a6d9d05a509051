import { hash, labelled } from "../crypto/index.js"

/**
 * Twelve digits of an epoch, in groups of four: all who see the same ones are in one room with the
 * same members. [ROOM-1-7]
 */
export function roomDigits(authenticator: Uint8Array): string {
  const bytes = hash(labelled("room digits", authenticator))
  let value = 0n
  for (const byte of bytes.subarray(0, 16)) value = value * 256n + BigInt(byte)
  const digits = (value % 1_000_000_000_000n).toString().padStart(12, "0")
  return digits.replace(/(\d{4})(?=\d)/g, "$1 ")
}
