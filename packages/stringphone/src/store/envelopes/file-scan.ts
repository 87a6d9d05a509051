import { u32 } from "../../bytes/index.js"
import { type NewRow, ownStamp } from "./envelope-index.js"
import { keyOf } from "./envelope-key.js"
import { type DayLog, PIECE_BYTES } from "./file-log.js"
import {
  type LogRecord,
  MAX_HEADER_BYTES,
  addedLength,
  decodeHeader,
  isIntact,
  recordLength,
} from "./file-record.js"
import { LogWindow } from "./file-window.js"

export interface Scan {
  /** Where an envelope is, is where its record starts. */
  readonly rows: readonly NewRow<number>[]
  readonly lastNumber: number
  /** The end of the last record that is whole. */
  readonly end: number
  readonly deadBytes: number
}

/**
 * Reads the headers of a log, and the bytes of those records that a power failure may have torn.
 * Skips what is damaged.
 */
export async function scanLog(log: DayLog): Promise<Scan> {
  const window = new LogWindow(log)
  const rows = new Rows(log.day)
  let end = 0
  for (let at = 0; at < log.length;) {
    // Waiting for what has been read already would take longer than looking at it.
    const start = window.seen(at, MAX_HEADER_BYTES) ?? (await window.read(at, MAX_HEADER_BYTES))
    const record = decodeHeader(start, log.mark)
    const next = at + (record === null ? 0 : recordLength(record))
    if (record === null || next > log.length) {
      at = await window.find(u32(log.mark), at + 1)
      continue
    }
    let isWhole = true
    if (record.kind === "added" && mayBeTorn(log, at, next)) {
      const bytes = window.seen(at, next - at) ?? (await window.read(at, next - at))
      isWhole = isIntact(record, bytes)
    }
    if (isWhole) {
      rows.apply(record, at)
      end = next
    }
    at = next
  }
  return { ...rows.result(), end, deadBytes: end - rows.liveBytes }
}

/** Each piece was durable before the next was begun. */
function mayBeTorn(log: DayLog, start: number, end: number): boolean {
  return end === log.length || start >= log.length - PIECE_BYTES
}

/** What the records of a log come to. */
class Rows {
  readonly #day: number
  readonly #rows = new Map<number, NewRow<number>>()
  #lastNumber = 0
  liveBytes = 0

  constructor(day: number) {
    this.#day = day
  }

  apply(record: LogRecord, place: number): void {
    const { number } = record
    this.#lastNumber = Math.max(this.#lastNumber, number)
    if (record.kind === "added") {
      const { id, stamp, stampBits, link, size } = record
      const key = keyOf(id)
      const day = this.#day
      this.#rows.set(number, {
        key,
        day,
        number,
        link,
        size,
        stamp: ownStamp(stamp),
        stampBits,
        place,
      })
      this.liveBytes += recordLength(record)
      return
    }
    const row = this.#rows.get(number)
    if (row === undefined) return
    if (record.kind === "dropped") {
      this.#rows.delete(number)
      this.liveBytes -= addedLength(row)
    } else {
      const { stamp, stampBits } = record
      this.#rows.set(number, { ...row, stamp: ownStamp(stamp), stampBits })
    }
  }

  result(): Pick<Scan, "rows" | "lastNumber"> {
    return { rows: [...this.#rows.values()], lastNumber: this.#lastNumber }
  }
}
