import { Buffer } from "node:buffer"
import type { DayLog } from "./file-log.js"

const WINDOW_BYTES = 1 << 16

/** Looks at a log piece by piece. What it gives are views; they stay as they are. */
export class LogWindow {
  readonly #log: DayLog
  #bytes: Buffer = Buffer.alloc(0)
  #start = 0

  constructor(log: DayLog) {
    this.#log = log
  }

  /** What is at `offset`, up to `length` bytes; `null` when it has to be read first. */
  seen(offset: number, length: number): Buffer | null {
    const end = Math.min(offset + length, this.#log.length)
    if (offset < this.#start || end > this.#start + this.#bytes.length) return null
    return this.#bytes.subarray(offset - this.#start, end - this.#start)
  }

  /** The same, read from the disk. */
  async read(offset: number, length: number): Promise<Buffer> {
    this.#bytes = await this.#log.read(offset, Math.max(length, WINDOW_BYTES))
    this.#start = offset
    return this.#bytes.subarray(0, length)
  }

  /** @returns where these bytes come next, or the end of the log */
  async find(wanted: Uint8Array, from: number): Promise<number> {
    for (let at = from; at < this.#log.length;) {
      const bytes = await this.read(at, WINDOW_BYTES)
      const found = bytes.indexOf(wanted)
      if (found !== -1) return at + found
      // They may begin at the very end of what we saw.
      at += Math.max(1, bytes.length - wanted.length + 1)
    }
    return this.#log.length
  }
}
