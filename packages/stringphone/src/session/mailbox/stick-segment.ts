import { ChannelError } from "../../bytes/index.js"
import {
  type Chunk,
  chunkBytes,
  chunkDataBytes,
  maxChunks,
  openChunk,
  type ParcelPlace,
  segmentKey,
  segmentSaltBytes,
} from "../../mailbox/stick/index.js"
import type { StickFile, StickFolder, StickReader } from "../../store/stick-folder/port.js"

/** Chunks that are read at once, when one follows the other. */
const maxAhead = 16
/** Chunks on which the keys are tried. */
const maxTried = 64

/** One segment of a stick, opened for reading. */
export class SegmentFile {
  readonly name: string
  readonly bytes: number
  readonly salt: Uint8Array
  readonly chunkCount: number
  readonly #folder: StickFolder
  readonly #reader: StickReader
  #key: Uint8Array | null = null
  #ahead: { readonly first: number; readonly sealed: Uint8Array } = {
    first: 0,
    sealed: new Uint8Array(),
  }
  #last: { number: number; chunk: Chunk | null } | null = null
  #hasReadFailure = false

  private constructor(folder: StickFolder, name: string, reader: StickReader, salt: Uint8Array) {
    this.#folder = folder
    this.name = name
    this.#reader = reader
    this.bytes = reader.bytes
    this.salt = salt
    const chunks = Math.floor(Math.max(0, reader.bytes - segmentSaltBytes) / chunkBytes)
    this.chunkCount = Math.min(chunks, maxChunks)
  }

  /** Close it. `gone`: another hub has removed it in the meantime. */
  static async open(
    folder: StickFolder,
    { name }: StickFile,
  ): Promise<SegmentFile | "gone" | "damaged"> {
    let reader: StickReader | null = null
    try {
      reader = await folder.open(name)
      // One that was interrupted before its salt was whole is told from others by what it has of it.
      const salt = new Uint8Array(segmentSaltBytes)
      salt.set(await reader.read(0, segmentSaltBytes))
      return new SegmentFile(folder, name, reader, salt)
    } catch (error) {
      await reader?.close()
      if (!(error instanceof ChannelError)) throw error
      await folder.list(1)
      return error.code === "stick-missing" ? "gone" : "damaged"
    }
  }

  /** The disk did not give all that it has; another time it may. */
  get hasReadFailure(): boolean {
    return this.#hasReadFailure
  }

  /** Bytes after the last whole chunk, or before the first. */
  get hasTail(): boolean {
    return (this.bytes - segmentSaltBytes) % chunkBytes !== 0
  }

  useKey(stickKey: Uint8Array): void {
    this.#key = segmentKey(stickKey, this.salt)
    this.#last = null
  }

  /** The stick's key that this segment is sealed under. */
  async findKey(stickKeys: readonly Uint8Array[]): Promise<Uint8Array | null> {
    for (let number = 0; number < Math.min(this.chunkCount, maxTried); number++) {
      const sealed = await this.#sealed(number)
      if (sealed === null) continue
      for (const stickKey of stickKeys) {
        if (openChunk(segmentKey(stickKey, this.salt), number, sealed) === null) continue
        this.useKey(stickKey)
        return stickKey
      }
    }
    return null
  }

  /** `null`: it can not be read, or was altered. */
  async chunk(number: number): Promise<Chunk | null> {
    if (this.#last?.number === number) return this.#last.chunk
    const sealed = await this.#sealed(number)
    const isReadable = sealed !== null && this.#key !== null
    const chunk = isReadable ? openChunk(this.#key as Uint8Array, number, sealed) : null
    this.#last = { number, chunk }
    return chunk
  }

  /** `null`: a chunk that it lies on can not be read. */
  async parcel({ offset, length }: ParcelPlace): Promise<Uint8Array | null> {
    const out = new Uint8Array(length)
    for (let at = 0; at < length;) {
      const number = Math.floor((offset + at) / chunkDataBytes)
      const from = (offset + at) % chunkDataBytes
      const chunk = await this.chunk(number)
      if (chunk === null) return null
      const part = chunk.data.subarray(from, from + length - at)
      out.set(part, at)
      at += part.length
    }
    return out
  }

  async close(): Promise<void> {
    await this.#reader.close()
  }

  async #sealed(number: number): Promise<Uint8Array | null> {
    if (number >= this.chunkCount) return null
    const { first, sealed } = this.#ahead
    const count = sealed.length / chunkBytes
    if (number < first || number >= first + count) {
      // Who goes on where the last piece ended gets a longer one; who jumps, just what it wants.
      const isNext = count > 0 && number === first + count
      const wanted = isNext ? Math.min(2 * count, maxAhead, this.chunkCount - number) : 1
      const next = (await this.#read(number, wanted)) ?? (await this.#read(number, 1))
      if (next === null) return null
      this.#ahead = { first: number, sealed: next }
    }
    const at = (number - this.#ahead.first) * chunkBytes
    return this.#ahead.sealed.subarray(at, at + chunkBytes)
  }

  async #read(number: number, count: number): Promise<Uint8Array | null> {
    try {
      const offset = segmentSaltBytes + number * chunkBytes
      const bytes = await this.#reader.read(offset, count * chunkBytes)
      return bytes.length === count * chunkBytes ? bytes : null
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error
      // A bad place on the disk; or the stick was pulled out, which this tells.
      await this.#folder.list(1)
      if (count === 1) this.#hasReadFailure = true
      return null
    }
  }
}
