import { fileFailure } from "../file-failure.js"
import { EnvelopeIndex } from "./envelope-index.js"
import { FileDisk } from "./file-disk.js"
import { findLogs, prepareFolder, readHead, writeHead } from "./file-folder.js"
import { DayLog } from "./file-log.js"
import { FolderOwner } from "./file-owner.js"
import { scanLog } from "./file-scan.js"
import { assertKind } from "./folder-kind.js"
import { IndexedEnvelopeStore } from "./indexed-store.js"
import type { EnvelopeStore } from "./port.js"

export interface FileEnvelopeStoreOptions {
  /** Made when it is missing; for one process at a time. */
  readonly folder: string
  /**
   * How long another container or machine that had the folder open must not have been heard of before
   * it counts as dead, in milliseconds; 15 000 unless given. One of this machine is known at once.
   */
  readonly ownerSilenceMs?: number
}

/**
 * An envelope store in a folder (Node, no other package): a log for each day of expiry, only ever
 * appended to, and removed as a whole when the day is over. What `add` resolved survives a power
 * failure; what was being written is cut off at the next opening. A record that was damaged on the disk
 * is skipped, and its envelope can be added anew. The index is in memory, some 300 bytes an envelope.
 * Private to its user (0700, files 0600).
 *
 * On a full disk `drop` and `expire` go on working, but what `drop` could not note down is there again
 * after the next opening.
 *
 * @throws {ChannelError} `store-locked`, `store-corrupt`, `store-newer`, `store-failed`
 * @example
 * const store = await openFileEnvelopeStore({ folder: "/var/lib/stringphone/envelopes" })
 */
export async function openFileEnvelopeStore(
  options: FileEnvelopeStoreOptions,
): Promise<EnvelopeStore> {
  const { folder, ownerSilenceMs = 15_000 } = options
  try {
    await assertKind(folder, "file")
    const place = await prepareFolder(folder)
    const owner = await FolderOwner.own(place, ownerSilenceMs)
    try {
      const { index, logs } = await load(place)
      const disk = new FileDisk(place, owner, logs, index)
      return new IndexedEnvelopeStore(index, disk)
    } catch (error) {
      await owner.release()
      throw error
    }
  } catch (error) {
    throw fileFailure(error, folder)
  }
}

interface Loaded {
  readonly index: EnvelopeIndex<number>
  readonly logs: readonly DayLog[]
}

async function load(folder: string): Promise<Loaded> {
  const index = new EnvelopeIndex<number>()
  const saved = await readHead(folder)
  if (saved === null) await writeHead(folder, 0)
  index.skipNumbers(saved ?? 0)
  const logs: DayLog[] = []
  try {
    const ends = new Map<DayLog, number>()
    const empty = new Set<DayLog>()
    for (const name of await findLogs(folder)) {
      const log = await DayLog.open(folder, name)
      logs.push(log)
      const { rows, lastNumber, end, deadBytes } = await scanLog(log)
      index.skipNumbers(lastNumber)
      Object.assign(log, { deadBytes, lastNumber })
      for (const row of rows) index.add(row)
      if (rows.length === 0) empty.add(log)
      if (end < log.length) ends.set(log, end)
    }
    await repair(folder, index, ends, empty)
    return { index, logs: logs.filter((log) => !empty.has(log)) }
  } catch (error) {
    await Promise.all(logs.map((log) => log.close()))
    throw error
  }
}

/** Cuts off what is not whole, and removes logs of nothing. */
async function repair(
  folder: string,
  index: EnvelopeIndex<number>,
  ends: ReadonlyMap<DayLog, number>,
  empty: ReadonlySet<DayLog>,
): Promise<void> {
  // Some of it may have been whole once, and known to others by its number. A record has more bytes
  // than one, so none of the lost numbers is given again.
  for (const [log, end] of ends) index.skipNumbers(index.lastNumber + log.length - end)
  if (ends.size + empty.size > 0) await writeHead(folder, index.lastNumber)
  for (const [log, end] of ends) if (!empty.has(log)) await log.truncate(end)
  for (const log of empty) await log.remove()
}
