import { UsageError } from "../../bytes/index.js"
import {
  type Chunk,
  chunkBytes,
  chunkDataBytes,
  maxChunks,
  noneBegins,
  sealChunk,
} from "./chunk.js"

/** Stamp ‖ envelope of at most 1 MiB. [STICK-3-6] */
export const maxParcelBytes: number = 8 + 1_048_576
export const minParcelBytes = 9
/** In one segment. [STICK-3-5] */
export const maxParcels = 65_535

/** Of a segment's stream of parcels. */
export const maxStreamBytes: number = maxChunks * chunkDataBytes

const lengthBytes = 3

/** What a parcel takes in the stream. */
export function framedBytes(parcelBytes: number): number {
  return lengthBytes + parcelBytes
}

/** Where in the stream a parcel lies, its length before it not counted. */
export interface ParcelPlace {
  readonly offset: number
  readonly length: number
}

/**
 * Puts parcels into the sealed chunks of a segment, one after the other; spec/mailbox-stick.md §3.
 *
 *   +--------+--------+----------+--------+--------+----------+--- - - -+-------+
 *   | length | stamp  | envelope | length | stamp  | envelope |         | zeros |
 *   | u24    | 8      |          | u24    | 8      |          |         |       |
 *   +--------+--------+----------+--------+--------+----------+--- - - -+-------+
 */
export class SegmentWriter {
  readonly #key: Uint8Array
  readonly #plain = new Uint8Array(2 + chunkDataBytes)
  readonly #sealed = new Uint8Array(chunkBytes)
  #filled = 0
  #firstAt = noneBegins
  #number = 0

  constructor(key: Uint8Array) {
    this.#key = key
  }

  /** Into the stream so far. */
  get length(): number {
    return this.#number * chunkDataBytes + this.#filled
  }

  hasRoomFor(parcelBytes: number): boolean {
    return this.length + framedBytes(parcelBytes) <= maxStreamBytes
  }

  /**
   * @param give gets each chunk that is full, and copies it at once: the next one takes its place
   * @throws {UsageError} `bad-parcel`
   */
  add(parts: readonly Uint8Array[], give: (chunk: Uint8Array) => void): ParcelPlace {
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    if (length < minParcelBytes || length > maxParcelBytes || !this.hasRoomFor(length)) {
      throw new UsageError("bad-parcel", `A parcel of ${length} bytes does not go into a segment.`)
    }
    // Only with more to write is it sure that the full chunk is not the last one.
    if (this.#filled === chunkDataBytes) this.#flush(false, give)
    if (this.#firstAt === noneBegins) this.#firstAt = this.#filled
    this.#write(Uint8Array.of(length >>> 16, length >>> 8, length), give)
    const offset = this.length
    for (const part of parts) this.#write(part, give)
    return { offset, length }
  }

  /** The last chunk; nothing may be added any more. */
  end(give: (chunk: Uint8Array) => void): void {
    this.#plain.fill(0, 2 + this.#filled)
    this.#flush(true, give)
  }

  #write(bytes: Uint8Array, give: (chunk: Uint8Array) => void): void {
    let at = 0
    while (at < bytes.length) {
      if (this.#filled === chunkDataBytes) this.#flush(false, give)
      const count = Math.min(bytes.length - at, chunkDataBytes - this.#filled)
      this.#plain.set(bytes.subarray(at, at + count), 2 + this.#filled)
      this.#filled += count
      at += count
    }
  }

  #flush(isLast: boolean, give: (chunk: Uint8Array) => void): void {
    const chunk = { plain: this.#plain, firstAt: this.#firstAt, isLast }
    sealChunk(this.#key, this.#number, chunk, this.#sealed)
    this.#number++
    this.#filled = 0
    this.#firstAt = noneBegins
    give(this.#sealed)
  }
}

/**
 * Takes the parcels out of the chunks of a segment, in their order. A chunk that is missing costs the
 * parcels that lie on it, and no others: the next one says where its first parcel begins. [STICK-4-3]
 */
export class SegmentScanner {
  /** Not yet whole; `null`: we do not know where we are. */
  #pending: Uint8Array | null = new Uint8Array()
  #pendingAt = 0
  #number = 0
  #isEnded = false
  #lost = 0

  /** How often a length was none, so that what followed is lost up to the next chunk. */
  get lost(): number {
    return this.#lost
  }

  /** Zeros follow, or the last chunk has come. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  /** @param chunk `null`: it could not be read */
  next(chunk: Chunk | null): { readonly place: ParcelPlace; readonly parcel: Uint8Array }[] {
    const start = this.#number * chunkDataBytes
    this.#number++
    if (chunk === null) {
      this.#pending = null
      return []
    }
    if (chunk.isLast) this.#isEnded = true
    if (this.#pending === null) {
      if (chunk.firstAt >= chunkDataBytes) return []
      this.#pending = chunk.data.subarray(chunk.firstAt)
      this.#pendingAt = start + chunk.firstAt
    } else {
      this.#pending = joined(this.#pending, chunk.data)
    }
    return this.#take()
  }

  #take() {
    const found: { place: ParcelPlace; parcel: Uint8Array }[] = []
    const pending = this.#pending as Uint8Array
    let at = 0
    let rest: Uint8Array
    for (;;) {
      rest = pending.subarray(at)
      if (rest.length < lengthBytes) break
      const [a = 0, b = 0, c = 0] = rest
      const length = a * 65_536 + b * 256 + c
      if (length === 0) {
        this.#isEnded = true
        break
      }
      if (length < minParcelBytes || length > maxParcelBytes) {
        this.#pending = null
        this.#lost++
        return found
      }
      if (rest.length < lengthBytes + length) break
      const offset = this.#pendingAt + at + lengthBytes
      const parcel = rest.subarray(lengthBytes, lengthBytes + length)
      found.push({ place: { offset, length }, parcel })
      at += lengthBytes + length
    }
    this.#pending = rest
    this.#pendingAt += at
    return found
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length)
  out.set(a)
  out.set(b, a.length)
  return out
}
