import { concat, u16, u8 } from "../../bytes/index.js"

export const slotCounts = [1, 4, 16, 64] as const
export const sizes = [1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576] as const
export const slotBytes = 64
export const headerBytes = 68
const version = 2
const authenticatorBytes = 16

export interface Header {
  /** 1, 4, 16 or 64. */
  readonly slotCount: number
  /** Of the whole envelope, in bytes. */
  readonly size: number
  readonly expiryDay: number
  /** 32 bytes, X25519. */
  readonly ephemeralKey: Uint8Array
  /** 32 bytes. */
  readonly commitment: Uint8Array
}

export interface EnvelopeParts extends Header {
  /** The first 68 bytes. */
  readonly header: Uint8Array
  readonly slots: readonly Uint8Array[]
  /** Everything before the body. */
  readonly head: Uint8Array
  readonly body: Uint8Array
}

/** The plaintext that fits. */
export function roomFor(slotCount: number, size: number): number {
  return size - headerBytes - slotCount * slotBytes - authenticatorBytes
}

/**
 * spec/mailbox.md §1
 *
 *   0         1       2            4               36               68
 *   +---------+-------+------------+---------------+----------------+--------+-------------+
 *   | version | shape | expiry day | ephemeral key | key commitment | slots  | sealed body |
 *   | u8 = 2  | u8    | u16        | 32            | 32             | 64 × n | the rest    |
 *   +---------+-------+------------+---------------+----------------+--------+-------------+
 */
export function encodeHeader(header: Header): Uint8Array {
  const { slotCount, size, expiryDay, ephemeralKey, commitment } = header
  const shape = (codeOf(sizes, size) << 4) | codeOf(slotCounts, slotCount)
  return concat(u8(version), u8(shape), u16(expiryDay), ephemeralKey, commitment)
}

/** What anybody can see of it, with views into the bytes. `null`: it is no envelope. [MAILBOX-1-1] */
export function readEnvelope(bytes: Uint8Array): EnvelopeParts | null {
  const shape = shapeOf(bytes)
  if (!shape) return null
  const { slotCount, size } = shape
  const bodyAt = headerBytes + slotCount * slotBytes
  return {
    slotCount,
    size,
    expiryDay: dayAt(bytes),
    ephemeralKey: bytes.subarray(4, 36),
    commitment: bytes.subarray(36, 68),
    header: bytes.subarray(0, headerBytes),
    slots: Array.from({ length: slotCount }, (_, i) =>
      bytes.subarray(headerBytes + i * slotBytes, headerBytes + (i + 1) * slotBytes),
    ),
    head: bytes.subarray(0, bodyAt),
    body: bytes.subarray(bodyAt),
  }
}

export function shapeOf(
  bytes: Uint8Array,
): { readonly slotCount: number; readonly size: number } | null {
  const shape = bytes[1] ?? 0
  const slotCount = slotCounts[shape & 15]
  const size = sizes[shape >> 4]
  if (bytes[0] !== version || slotCount === undefined || size !== bytes.length) return null
  return canHold(slotCount, size) ? { slotCount, size } : null
}

export function dayAt(bytes: Uint8Array): number {
  return ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0)
}

/** 16 slots need 4 KiB, 64 need 16 KiB. */
export function canHold(slotCount: number, size: number): boolean {
  return size >= Math.max(1_024, slotCount * 256)
}

function codeOf(all: readonly number[], value: number): number {
  const code = all.indexOf(value)
  if (code < 0) throw new RangeError(`No envelope has ${value} of that.`)
  return code
}
