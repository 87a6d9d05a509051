import type { Row } from "./envelope-index.js"
import { idOf } from "./envelope-key.js"
import { DayLog } from "./file-log.js"
import { readPlaces } from "./file-read.js"
import { addedLength, encodeAdded } from "./file-record.js"

/** How many envelopes are in memory at a time. */
const BATCH = 256

export interface Rewritten {
  /** To be published. */
  readonly draft: DayLog
  readonly moved: readonly { readonly row: Row<number>; readonly offset: number }[]
}

/** Writes a log anew, with these alone. What can not be read any more stays behind. */
export async function rewriteLog(
  folder: string,
  log: DayLog,
  rows: readonly Row<number>[],
): Promise<Rewritten> {
  const draft = await DayLog.draft(folder, log)
  const moved: { readonly row: Row<number>; readonly offset: number }[] = []
  const inOrder = [...rows].sort((a, b) => a.place - b.place)
  try {
    for (let at = 0; at < inOrder.length; at += BATCH) {
      const batch = inOrder.slice(at, at + BATCH)
      const places = batch.map((row) => {
        return { log, number: row.number, offset: row.place, length: addedLength(row) }
      })
      const records: Uint8Array[] = []
      let offset = draft.length
      for (const [i, bytes] of (await readPlaces(places)).entries()) {
        const row = batch[i] as Row<number>
        if (bytes === null) continue
        const record = encodeAdded(draft.mark, { ...row, id: idOf(row.key), bytes })
        records.push(record)
        moved.push({ row, offset })
        offset += record.length
        draft.lastNumber = row.number
      }
      await draft.append(records)
    }
  } catch (error) {
    await draft.remove().catch(() => {})
    throw error
  }
  return { draft, moved }
}
