import { Buffer } from "node:buffer"

/*
 * A key as bytes, for databases: each code unit by itself in the pattern of UTF-8, one to three bytes.
 * So any text comes back, also U+0000 and half of a surrogate pair; the bytes sort as the code units do;
 * and a text begins with another when its bytes begin with those of the other. Without surrogates it is
 * plain UTF-8.
 *
 *     0000–007F    0xxxxxxx
 *     0080–07FF    110xxxxx 10xxxxxx
 *     0800–FFFF    1110xxxx 10xxxxxx 10xxxxxx
 */

const SURROGATE = /[\ud800-\udfff]/
/** What begins the three bytes of D000–DFFF, in which the surrogates are. */
const SURROGATE_BYTE = 0xed

export function encodeKey(key: string): Buffer {
  if (!SURROGATE.test(key)) return Buffer.from(key, "utf8")
  const bytes: number[] = []
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i)
    if (unit < 0x80) bytes.push(unit)
    else if (unit < 0x800) bytes.push(0xc0 | (unit >> 6), tail(unit))
    else bytes.push(0xe0 | (unit >> 12), tail(unit >> 6), tail(unit))
  }
  return Buffer.from(bytes)
}

/** @returns `null` when it is not what {@link encodeKey} gives for any text */
export function decodeKey(bytes: Uint8Array): string | null {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const key = bytes.includes(SURROGATE_BYTE) ? decodeUnits(bytes) : view.toString("utf8")
  return encodeKey(key).equals(view) ? key : null
}

/** The first bytes behind all that begin with `prefix`; `null` when there are none. */
export function endOfPrefix(prefix: Uint8Array): Buffer | null {
  const last = prefix.findLastIndex((byte) => byte !== 0xff)
  if (last < 0) return null
  const end = Buffer.from(prefix.subarray(0, last + 1))
  end[last] = (end[last] as number) + 1
  return end
}

function decodeUnits(bytes: Uint8Array): string {
  const units: string[] = []
  for (let at = 0; at < bytes.length;) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(at, at + 3)
    if (a < 0x80) units.push(String.fromCharCode(a))
    else if (a < 0xe0) units.push(String.fromCharCode(((a & 0x1f) << 6) | (b & 0x3f)))
    else units.push(String.fromCharCode(((a & 0x0f) << 12) | ((b & 0x3f) << 6) | (c & 0x3f)))
    at += a < 0x80 ? 1 : a < 0xe0 ? 2 : 3
  }
  return units.join("")
}

function tail(bits: number): number {
  return 0x80 | (bits & 0x3f)
}
