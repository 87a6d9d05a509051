import type { DayLog } from "./file-log.js"
import { openAdded } from "./file-record.js"

/** Records that follow each other are read at once, up to this. */
const RUN_BYTES = 1 << 20
/** So much between two of them is read as well. */
const GAP_BYTES = 1 << 12

export interface RecordPlace {
  readonly log: DayLog | null
  readonly number: number
  readonly offset: number
  readonly length: number
}

/** @returns the bytes of the envelopes, in this order; `null`: not there as they were written */
export async function readPlaces(
  places: readonly RecordPlace[],
): Promise<readonly (Uint8Array | null)[]> {
  const found: (Uint8Array | null)[] = places.map(() => null)
  await Promise.all(
    runsOf(places).map(async ({ log, start, end, members }) => {
      const bytes = await log.read(start, end - start)
      for (const i of members) {
        const { number, offset, length } = places[i] as RecordPlace
        const record = bytes.subarray(offset - start, offset - start + length)
        found[i] = openAdded(record, log.mark, number)
      }
    }),
  )
  return found
}

interface Run {
  readonly log: DayLog
  readonly start: number
  end: number
  /** Indices of places. */
  readonly members: number[]
}

function runsOf(places: readonly RecordPlace[]): readonly Run[] {
  const order = [...places.keys()].sort(
    (a, b) => (places[a] as RecordPlace).offset - (places[b] as RecordPlace).offset,
  )
  const runs: Run[] = []
  const last = new Map<DayLog, Run>()
  for (const i of order) {
    const { log, offset, length } = places[i] as RecordPlace
    if (log === null) continue
    const end = offset + length
    const run = last.get(log)
    if (run !== undefined && offset - run.end <= GAP_BYTES && end - run.start <= RUN_BYTES) {
      run.end = Math.max(run.end, end)
      run.members.push(i)
    } else {
      const next = { log, start: offset, end, members: [i] }
      runs.push(next)
      last.set(log, next)
    }
  }
  return runs
}
