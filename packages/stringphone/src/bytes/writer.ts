/** All parts, one after the other, in new bytes. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

export function u8(value: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(value)
}

/** Big-endian. (Uint8Array.of takes several times as long.) */
export function u16(value: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(2)
  out[0] = value >>> 8
  out[1] = value
  return out
}

/** Big-endian. */
export function u32(value: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(4)
  out[0] = value >>> 24
  out[1] = value >>> 16
  out[2] = value >>> 8
  out[3] = value
  return out
}

/** Big-endian; up to 2⁴⁸ − 1. */
export function u48(value: number): Uint8Array<ArrayBuffer> {
  return concat(u16(Math.floor(value / 2 ** 32)), u32(value))
}

/**
 * Equality of public bytes. Not constant time: compare secrets with `equal` of the crypto layer.
 */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
