/** All parts, one after the other, in new bytes. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return setAll(new Uint8Array(lengthOf(parts)), parts)
}

/**
 * All parts, one after the other, for as long as `use` runs: in memory that is there already, and is
 * wiped afterwards. New memory of more than 64 bytes costs as much as hashing what it holds.
 */
export function withJoined<T>(parts: readonly Uint8Array[], use: (joined: Uint8Array) => T): T {
  const start = roomUsed
  const end = start + lengthOf(parts)
  if (end > room.length) return use(concat(...parts))
  roomUsed = end
  try {
    return use(setAll(room.subarray(start, end), parts))
  } finally {
    room.fill(0, start, end)
    roomUsed = start
  }
}

/** A stack: uses within uses come behind. */
const room = new Uint8Array(4096)
let roomUsed = 0

function lengthOf(parts: readonly Uint8Array[]): number {
  let length = 0
  for (const part of parts) length += part.length
  return length
}

function setAll(
  out: Uint8Array<ArrayBuffer>,
  parts: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
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

/** Big-endian. */
export function u16(value: number): Uint8Array<ArrayBuffer> {
  return bigEndian(value, 2)
}

/** Big-endian. */
export function u32(value: number): Uint8Array<ArrayBuffer> {
  return bigEndian(value, 4)
}

/** Not Uint8Array.of, which takes several times as long. */
function bigEndian(value: number, length: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(length)
  for (let i = length - 1; i >= 0; i--) {
    out[i] = value
    value >>>= 8
  }
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
