import * as crypto from "../../crypto/index.js"

/** A segment begins with so many random bytes, which no two segments share. */
export const segmentSaltBytes = 32
/** A sealed chunk; all are of this length, the last one too. */
export const chunkBytes = 16_384
/** What a chunk carries of the stream of parcels: without its tag and the place of its first one. */
export const chunkDataBytes: number = chunkBytes - 16 - 2
/** 64 MiB. [STICK-3-5] */
export const maxChunks = 4_096
export const maxSegmentBytes: number = segmentSaltBytes + maxChunks * chunkBytes

/** `firstAt` of a chunk in which no parcel begins. */
export const noneBegins = 0xffff

export interface Chunk {
  /** Where in `data` the first parcel begins, or {@link noneBegins}. */
  readonly firstAt: number
  /** {@link chunkDataBytes}. */
  readonly data: Uint8Array
  readonly isLast: boolean
}

const nothing = new Uint8Array()

/** Every segment has a key of its own, so that chunks may simply be counted. [STICK-3-2] */
export function segmentKey(stickKey: Uint8Array, salt: Uint8Array): Uint8Array {
  return crypto.derive(stickKey, salt, crypto.labelled("stick segment"), 32)
}

/**
 * A chunk, spec/mailbox-stick.md §3: STREAM (Hoang, Reyhanitabar, Rogaway and Vizár 2015).
 *
 *   0             2            16,368     16,384
 *   +-------------+------------+----------+
 *   | first at    | data       | tag      |
 *   | u16, sealed | sealed     | 16       |
 *   +-------------+------------+----------+
 *
 * @param plain room for first at ‖ data, of which `data` is filled already
 */
export function sealChunk(
  key: Uint8Array,
  number: number,
  chunk: { readonly plain: Uint8Array; readonly firstAt: number; readonly isLast: boolean },
  out: Uint8Array,
): void {
  const { plain, firstAt, isLast } = chunk
  plain[0] = firstAt >>> 8
  plain[1] = firstAt
  crypto.seal(plain, chunkNonce(number, isLast), key, nothing, out)
}

/** @returns `null` when it is not this chunk of this segment, or was altered */
export function openChunk(key: Uint8Array, number: number, sealed: Uint8Array): Chunk | null {
  if (sealed.length !== chunkBytes) return null
  for (const isLast of [false, true]) {
    const plain = crypto.open(sealed, chunkNonce(number, isLast), key, nothing)
    if (plain === null) continue
    const firstAt = (plain[0] as number) * 256 + (plain[1] as number)
    return { firstAt, data: plain.subarray(2), isLast }
  }
  return null
}

/** Zeros 19 ‖ number u32 ‖ whether it is the last one. [STICK-3-3] */
function chunkNonce(number: number, isLast: boolean): Uint8Array {
  const nonce = new Uint8Array(24)
  new DataView(nonce.buffer).setUint32(19, number)
  nonce[23] = isLast ? 1 : 0
  return nonce
}
