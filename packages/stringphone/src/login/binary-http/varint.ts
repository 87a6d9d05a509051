import { concat, type Reader, u16, u32, u8 } from "../../bytes/index.js"

/**
 * RFC 9000 §16, in as few bytes as possible. Up to 2³⁰ − 1: nothing here is longer.
 *
 *   first two bits  bytes  bits of the number
 *   00              1      6
 *   01              2      14
 *   10              4      30
 *   11              8      62
 */
export function encodeVarint(value: number): Uint8Array {
  if (value < 2 ** 6) return u8(value)
  if (value < 2 ** 14) return u16(value + 0x4000)
  if (value < 2 ** 30) return u32(value + 2 ** 31)
  throw new RangeError(`No part of a message has a length of ${value}.`)
}

/** Longer than need be is no error: RFC 9000 §16. */
export function readVarint(r: Reader, field: string, maximum: number): number {
  const first = r.u8(field)
  let value = first & 0x3f
  for (let more = (1 << (first >> 6)) - 1; more > 0; more--) value = value * 256 + r.u8(field)
  if (value > maximum) throw r.fail(`${field} is ${value}, at most ${maximum} will do`)
  return value
}

/** A message may end before the length of a section that is empty. RFC 9292 §3.8 */
export function readSectionLength(r: Reader, field: string, maximum: number): number {
  return r.remaining === 0 ? 0 : readVarint(r, field, maximum)
}

export function encodeCounted(bytes: Uint8Array): Uint8Array {
  return concat(encodeVarint(bytes.length), bytes)
}

/** A view. */
export function readCounted(r: Reader, field: string, maximum: number): Uint8Array {
  return r.take(readVarint(r, `length of the ${field}`, maximum), field)
}
