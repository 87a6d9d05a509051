import { Buffer } from "node:buffer"
import { randomInt } from "node:crypto"
import { type FileHandle, open, rename, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import { syncDirectory } from "../file-place.js"

/**
 * How much is written before the disk is told to keep it. What a power failure can tear is no more than
 * this, or one record.
 */
export const PIECE_BYTES: number = 8 << 20

const NAME = /^(\d{1,5})-(\d{1,9})-([0-9a-f]{8})\.log$/

/** Ends the name of a log that is being made. */
export const DRAFT = ".new"

export interface LogName {
  readonly day: number
  /** Of two logs of a day the one with the higher generation counts: it was made from the other. */
  readonly generation: number
  readonly mark: number
}

export function decodeLogName(name: string): LogName | null {
  const [, day, generation, mark] = NAME.exec(name) ?? []
  if (day === undefined || generation === undefined || mark === undefined) return null
  return { day: Number(day), generation: Number(generation), mark: Number.parseInt(mark, 16) }
}

function encodeLogName({ day, generation, mark }: LogName): string {
  return `${day}-${generation}-${mark.toString(16).padStart(8, "0")}.log`
}

/** A file of records about the envelopes of one day; only its end is ever written. */
export class DayLog {
  readonly day: number
  readonly generation: number
  readonly mark: number
  /** Where the next record goes. */
  length = 0
  /** Of it, bytes of records that mean nothing any more. */
  deadBytes = 0
  /** Records for which there was no room: they go before whatever is written next. */
  owed: readonly Uint8Array[] = []
  /** The highest number in it. */
  lastNumber = 0
  #path: string
  readonly #handle: FileHandle
  #readerCount = 0
  #isClosing = false

  constructor({ day, generation, mark }: LogName, path: string, handle: FileHandle) {
    this.day = day
    this.generation = generation
    this.mark = mark
    this.#path = path
    this.#handle = handle
  }

  /** A new one, durable under its name. */
  static async create(folder: string, day: number): Promise<DayLog> {
    const log = await DayLog.#make(folder, { day, generation: 1, mark: randomInt(2 ** 32) }, "")
    try {
      await syncDirectory(folder)
    } catch (error) {
      // A day has one log.
      await log.remove()
      throw error
    }
    return log
  }

  /** One that does not count before `publish`. */
  static draft(folder: string, { day, generation }: DayLog): Promise<DayLog> {
    const name = { day, generation: generation + 1, mark: randomInt(2 ** 32) }
    return DayLog.#make(folder, name, DRAFT)
  }

  static async #make(folder: string, name: LogName, suffix: string): Promise<DayLog> {
    const path = join(folder, encodeLogName(name) + suffix)
    return new DayLog(name, path, await open(path, "wx+", 0o600))
  }

  static async open(folder: string, name: string): Promise<DayLog> {
    const path = join(folder, name)
    const log = new DayLog(decodeLogName(name) as LogName, path, await open(path, "r+"))
    log.length = (await log.#handle.stat()).size
    return log
  }

  /** Durable when it resolves; on failure the caller truncates. */
  async append(records: readonly Uint8Array[]): Promise<void> {
    let piece: Uint8Array[] = []
    let bytes = 0
    for (const record of [...this.owed, ...records]) {
      if (piece.length > 0 && bytes + record.length > PIECE_BYTES) {
        await this.#write(piece, bytes)
        piece = []
        bytes = 0
      }
      piece.push(record)
      bytes += record.length
    }
    await this.#write(piece, bytes)
    this.owed = []
  }

  async truncate(length: number): Promise<void> {
    await this.#handle.truncate(length)
    await this.#handle.datasync()
    this.length = length
  }

  /** May be shorter than `length`. */
  async read(offset: number, length: number): Promise<Buffer> {
    this.#readerCount++
    try {
      const bytes = Buffer.allocUnsafe(length)
      let filled = 0
      while (filled < length) {
        const at = offset + filled
        const { bytesRead } = await this.#handle.read(bytes, filled, length - filled, at)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      return bytes.subarray(0, filled)
    } finally {
      this.#readerCount--
      if (this.#isClosing && this.#readerCount === 0) await this.#handle.close()
    }
  }

  /** Who is reading may finish. */
  async close(): Promise<void> {
    this.#isClosing = true
    if (this.#readerCount === 0) await this.#handle.close()
  }

  async remove(): Promise<void> {
    await this.close()
    await rm(this.#path, { force: true })
  }

  /** From now on this one counts, and the one that it was made from does not. */
  async publish(): Promise<void> {
    const path = this.#path.slice(0, -DRAFT.length)
    await rename(this.#path, path)
    this.#path = path
    await syncDirectory(dirname(path))
  }

  async #write(piece: readonly Uint8Array[], length: number): Promise<void> {
    if (length === 0) return
    const bytes = piece.length === 1 ? (piece[0] as Uint8Array) : Buffer.concat(piece, length)
    for (let done = 0; done < length;) {
      const at = this.length + done
      done += (await this.#handle.write(bytes, done, length - done, at)).bytesWritten
    }
    await this.#handle.datasync()
    this.length += length
  }
}
