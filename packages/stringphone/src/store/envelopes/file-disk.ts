import { ChannelError } from "../../bytes/index.js"
import { fileFailure } from "../file-failure.js"
import { syncDirectory } from "../file-place.js"
import type { Changes, EnvelopeDisk } from "./disk.js"
import type { EnvelopeIndex, Row } from "./envelope-index.js"
import { writeHead } from "./file-folder.js"
import { DayLog } from "./file-log.js"
import type { FolderOwner } from "./file-owner.js"
import { readPlaces } from "./file-read.js"
import {
  DROPPED_BYTES,
  addedLength,
  encodeAdded,
  encodeDropped,
  encodeStamped,
} from "./file-record.js"
import { type Rewritten, rewriteLog } from "./file-rewrite.js"

/** A log that has more dead bytes than these, and more than live ones, is written anew. */
const MAX_DEAD_BYTES = 1 << 16

/** The place of an envelope is where its record starts in the log of its day. */
export class FileDisk implements EnvelopeDisk<number> {
  readonly #folder: string
  readonly #owner: FolderOwner
  readonly #logs: Map<number, DayLog>
  readonly #index: EnvelopeIndex<number>
  /** Why nobody can know any more what is on the disk. */
  #failure: unknown = null

  constructor(
    folder: string,
    owner: FolderOwner,
    logs: readonly DayLog[],
    index: EnvelopeIndex<number>,
  ) {
    this.#folder = folder
    this.#owner = owner
    this.#logs = new Map(logs.map((log) => [log.day, log]))
    this.#index = index
  }

  write({ added, stamped }: Changes<number>): Promise<readonly number[]> {
    return this.#guard(async () => {
      const drafts = new Map<number, Draft>()
      const draftOf = async (day: number): Promise<Draft> => {
        const known = drafts.get(day)
        if (known !== undefined) return known
        const draft = new Draft(await this.#logOf(day))
        drafts.set(day, draft)
        return draft
      }
      const places: number[] = []
      for (const envelope of added) {
        const draft = await draftOf(envelope.day)
        places.push(draft.add(encodeAdded(draft.log.mark, envelope)))
        draft.lastNumber = envelope.number
      }
      for (const { row, stamp, stampBits } of stamped) {
        const draft = await draftOf(row.day)
        const record = encodeStamped(draft.log.mark, { number: row.number, stamp, stampBits })
        draft.add(record)
        draft.deadBytes += record.length
      }
      await this.#append([...drafts.values()])
      return places
    })
  }

  async read(rows: readonly Row<number>[]): Promise<readonly (Uint8Array | null)[]> {
    try {
      // Before the first `await`: places go with the log that is there now.
      return await readPlaces(
        rows.map((row) => ({
          log: this.#logs.get(row.day) ?? null,
          number: row.number,
          offset: row.place,
          length: addedLength(row),
        })),
      )
    } catch (error) {
      throw fileFailure(error, this.#folder)
    }
  }

  drop(rows: readonly Row<number>[]): Promise<void> {
    return this.#guard(async () => {
      for (const day of new Set(rows.map((row) => row.day))) {
        const dropped = rows.filter((row) => row.day === day)
        const log = this.#logs.get(day)
        if (log === undefined) continue
        for (const row of dropped) log.deadBytes += addedLength(row) + DROPPED_BYTES
        const isLast = dropped.length === this.#index.rowsOf(day).size
        if (isLast) await this.#remove([log])
        else if (!(await this.#shrink(log, dropped))) await this.#note(log, dropped)
      }
    })
  }

  expire(beforeDay: number): Promise<void> {
    return this.#guard(() =>
      this.#remove([...this.#logs.values()].filter(({ day }) => day < beforeDay)),
    )
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#logs.values(), (log) => log.close()))
    await this.#owner.release()
  }

  async #guard<T>(change: () => Promise<T>): Promise<T> {
    if (this.#failure !== null) throw fileFailure(this.#failure, this.#folder)
    try {
      await this.#owner.assertOwned()
      return await change()
    } catch (error) {
      throw fileFailure(error, this.#folder)
    }
  }

  async #logOf(day: number): Promise<DayLog> {
    let log = this.#logs.get(day)
    if (log === undefined) this.#logs.set(day, (log = await DayLog.create(this.#folder, day)))
    return log
  }

  async #append(drafts: readonly Draft[]): Promise<void> {
    const before = drafts.map(({ log: { length, owed } }) => ({ length, owed }))
    const results = await Promise.allSettled(drafts.map(({ log, records }) => log.append(records)))
    const failed = results.find((result) => result.status === "rejected")
    if (failed === undefined) return drafts.forEach((draft) => draft.settle())
    try {
      for (const [i, { log }] of drafts.entries()) {
        const { length, owed } = before[i] as (typeof before)[number]
        await log.truncate(length)
        log.owed = owed
      }
    } catch (error) {
      this.#failure = error
    }
    // Only of a full disk we know that what it kept so far is still there.
    if (!isFull(failed.reason, this.#folder)) this.#failure = failed.reason
    throw failed.reason
  }

  /** Without room for it, it stays in memory and is written with whatever comes next. */
  async #note(log: DayLog, dropped: readonly Row<number>[]): Promise<void> {
    const notes = dropped.map(({ number }) => encodeDropped(log.mark, number))
    const draft = new Draft(log)
    for (const note of notes) draft.add(note)
    try {
      await this.#append([draft])
    } catch (error) {
      if (!isFull(error, this.#folder) || this.#failure !== null) throw error
      log.owed = [...log.owed, ...notes]
    }
  }

  /** @returns `false`: it is not worth it, or there is no room for it */
  async #shrink(log: DayLog, dropped: readonly Row<number>[]): Promise<boolean> {
    const { deadBytes, length } = log
    if (deadBytes < MAX_DEAD_BYTES || deadBytes * 2 < length) return false
    const gone = new Set(dropped)
    const rest = [...this.#index.rowsOf(log.day)].filter((row) => !gone.has(row))
    let rewritten: Rewritten
    try {
      // The new log may end with a lower number.
      await this.#saveNumbers([log])
      rewritten = await rewriteLog(this.#folder, log, rest)
    } catch (error) {
      if (isFull(error, this.#folder)) return false
      throw error
    }
    const { draft, moved } = rewritten
    try {
      await draft.publish()
    } catch (error) {
      // It may have its name, and then what is written to the old one would be lost.
      this.#failure = error
      throw error
    }
    this.#logs.set(log.day, draft)
    for (const { row, offset } of moved) row.place = offset
    await log.remove()
    return true
  }

  async #remove(logs: readonly DayLog[]): Promise<void> {
    if (logs.length === 0) return
    const isSaved = await this.#saveNumbers(logs).then(
      () => true,
      (error: unknown) => {
        // Room comes with what we remove.
        if (isFull(error, this.#folder)) return false
        throw error
      },
    )
    for (const log of logs) {
      this.#logs.delete(log.day)
      await log.remove()
    }
    await syncDirectory(this.#folder)
    if (!isSaved) await this.#saveNumbers(logs)
  }

  /** The last number, if no log but these has it. */
  async #saveNumbers(gone: readonly DayLog[]): Promise<void> {
    const { lastNumber } = this.#index
    const rest = [...this.#logs.values()].filter((log) => !gone.includes(log))
    if (rest.some((log) => log.lastNumber >= lastNumber)) return
    await writeHead(this.#folder, lastNumber)
  }
}

/** What is to be appended to a log. */
class Draft {
  readonly log: DayLog
  readonly records: Uint8Array[] = []
  deadBytes = 0
  lastNumber = 0
  #end: number

  constructor(log: DayLog) {
    this.log = log
    this.#end = log.owed.reduce((sum, { length }) => sum + length, log.length)
  }

  /** @returns where it will be */
  add(record: Uint8Array): number {
    this.records.push(record)
    this.#end += record.length
    return this.#end - record.length
  }

  /** It was appended. */
  settle(): void {
    this.log.deadBytes += this.deadBytes
    this.log.lastNumber = Math.max(this.log.lastNumber, this.lastNumber)
  }
}

function isFull(error: unknown, folder: string): boolean {
  const failure = fileFailure(error, folder)
  return failure instanceof ChannelError && failure.code === "store-full"
}
