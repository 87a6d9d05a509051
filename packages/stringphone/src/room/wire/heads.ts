import { concat, type Reader, u8 } from "../../bytes/index.js"

/** Message IDs in one list of heads or parents, at most. */
export const maxHeads = 8
/** Of a message ID. */
export const messageIdBytes = 16

/** Count u8 ≤ 8 ‖ 16 bytes each. [ROOM-5-7] */
export function encodeHeads(heads: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  if (heads.length > maxHeads) throw new RangeError("More than 8 heads.")
  return concat(u8(heads.length), ...heads)
}

export function readHeads(r: Reader, field = "heads"): readonly Uint8Array[] {
  const count = r.u8(`number of ${field}`)
  if (count > maxHeads) throw r.fail(`more than ${maxHeads} ${field}`)
  return readIds(r, count, field)
}

export function readIds(r: Reader, count: number, field: string): readonly Uint8Array[] {
  return Array.from({ length: count }, () => r.take(messageIdBytes, field).slice())
}
