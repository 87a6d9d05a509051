import { randomBytes } from "../../crypto/index.js"
import {
  type ListEntry,
  segmentKey,
  segmentSaltBytes,
  SegmentWriter,
  sortedEntries,
  stickFileName,
} from "../../mailbox/stick/index.js"
import type { EnvelopeEntry, EnvelopeStore } from "../../store/envelopes/port.js"
import type { StickFolder, StickWriter } from "../../store/stick-folder/port.js"

/** Envelopes that are taken from the store at once: so many, or as soon as they are so large. */
const maxTaken = 256
const maxTakenBytes = 1_048_576
/** Bytes that go to the disk at once. */
const pieceBytes = 1_048_576
/** Most exports are small: memory grows with them. */
const smallestPieceBytes = 65_536

export interface WrittenSegment {
  readonly name: string
  readonly salt: Uint8Array
  readonly bytes: number
  readonly lastDay: number
  readonly entries: readonly ListEntry[]
  /** How many were not written because it was stopped. */
  readonly left: number
  readonly isDurable: boolean
}

/** Writes one segment to its end, also when it is stopped; what the store has dropped is left out. */
export async function writeSegment(
  folder: StickFolder,
  stickKey: Uint8Array,
  envelopes: readonly EnvelopeEntry[],
  options: {
    readonly store: Pick<EnvelopeStore, "get">
    readonly onProgress: (bytes: number) => void
    readonly signal: AbortSignal | undefined
  },
): Promise<WrittenSegment> {
  const name = stickFileName(randomBytes(16), "mail")
  const salt = randomBytes(segmentSaltBytes)
  const file = await folder.create(name)
  const pieces = new Pieces(file, options.onProgress)
  try {
    pieces.give(salt)
    const segment = new SegmentWriter(segmentKey(stickKey, salt))
    const entries: ListEntry[] = []
    const give = (chunk: Uint8Array) => pieces.give(chunk)
    let at = 0
    while (at < envelopes.length && !options.signal?.aborted) {
      const taken = takenFrom(envelopes, at)
      at += taken.length
      const ids = taken.map(({ id }) => id)
      for (const stored of await options.store.get(ids)) {
        if (stored === null) continue
        const { id, day, stamp, bytes } = stored
        entries.push({ id, day, ...segment.add([stamp, bytes], give) })
        await pieces.flushWhenLarge()
      }
    }
    segment.end(give)
    await pieces.flush()
    const isDurable = await file.sync()
    const sorted = sortedEntries(entries)
    return {
      name,
      salt,
      bytes: pieces.written,
      lastDay: sorted.at(-1)?.day ?? 0,
      entries: sorted,
      left: envelopes.length - at,
      isDurable,
    }
  } finally {
    await file.close()
  }
}

function takenFrom(envelopes: readonly EnvelopeEntry[], start: number): readonly EnvelopeEntry[] {
  let end = start
  let bytes = 0
  while (end < envelopes.length && end - start < maxTaken && bytes < maxTakenBytes) {
    bytes += (envelopes[end] as EnvelopeEntry).size
    end++
  }
  return envelopes.slice(start, end)
}

/** Writes one piece while the next one is being sealed. */
class Pieces {
  readonly #file: StickWriter
  readonly #onProgress: (bytes: number) => void
  #piece: Uint8Array = new Uint8Array(smallestPieceBytes)
  #filled = 0
  /** The one before, to be used again. */
  #spare: Uint8Array | null = null
  #underWay: Promise<void> = Promise.resolve()
  written = 0

  constructor(file: StickWriter, onProgress: (bytes: number) => void) {
    this.#file = file
    this.#onProgress = onProgress
  }

  /** Copies it. */
  give(bytes: Uint8Array): void {
    if (this.#filled + bytes.length > this.#piece.length) this.#grow()
    this.#piece.set(bytes, this.#filled)
    this.#filled += bytes.length
  }

  async flushWhenLarge(): Promise<void> {
    if (this.#filled >= pieceBytes) await this.#write()
  }

  async flush(): Promise<void> {
    await this.#write()
    await this.#underWay
  }

  async #write(): Promise<void> {
    await this.#underWay
    this.#onProgress(this.written)
    const piece = this.#piece.subarray(0, this.#filled)
    this.written += piece.length
    this.#underWay = this.#file.append(piece)
    // Told by the next one who waits for it.
    this.#underWay.catch(() => {})
    const spare = this.#spare ?? new Uint8Array(this.#piece.length)
    this.#spare = this.#piece
    this.#piece = spare
    this.#filled = 0
  }

  #grow(): void {
    const larger = new Uint8Array(2 * this.#piece.length)
    larger.set(this.#piece)
    this.#piece = larger
  }
}
