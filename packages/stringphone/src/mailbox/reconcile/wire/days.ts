import { concat, type Reader, u16 } from "../../../bytes/index.js"
import { dayFingerprintBytes } from "../key.js"

/**
 * Which days the initiator has something on. spec/mailbox-sync.md §1.4
 *
 *   0          2             4
 *   +----------+-------------+  for each day, ascending
 *   | from day | through day |  +-----+---------------+
 *   | u16      | u16         |  | day | fingerprint   |
 *   +----------+-------------+  | u16 | 6             |
 *                               +-----+---------------+
 */
export interface Days {
  readonly fromDay: number
  /** What is between the two and not listed, the initiator has nothing on. */
  readonly throughDay: number
  readonly days: readonly DayFingerprint[]
}

export interface DayFingerprint {
  readonly day: number
  /** 6 bytes. */
  readonly fingerprint: Uint8Array
}

/** What ends with it, is the end of all days. */
export const lastDay = 0xffff
export const daysHeadBytes = 4
export const dayEntryBytes: number = 2 + dayFingerprintBytes

export function encodeDays({ fromDay, throughDay, days }: Days): Uint8Array {
  const listed = days.flatMap(({ day, fingerprint }) => [u16(day), fingerprint])
  return concat(u16(fromDay), u16(throughDay), ...listed)
}

export function decodeDays(r: Reader): Days {
  const fromDay = r.u16("from day")
  const throughDay = r.u16("through day")
  const days: DayFingerprint[] = []
  let lowest = fromDay
  while (r.remaining > 0) {
    const day = r.u16("day")
    if (day < lowest || day > throughDay) throw r.fail(`day ${day} is out of order`) // [SYNC-1-12]
    days.push({ day, fingerprint: r.take(dayFingerprintBytes, "fingerprint") })
    lowest = day + 1
  }
  if (throughDay < fromDay) throw r.fail("it ends before it begins") // [SYNC-1-12]
  return { fromDay, throughDay, days }
}
