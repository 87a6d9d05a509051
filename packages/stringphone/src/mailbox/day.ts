/** Time as a mailbox sees it: days since 1970-01-01 UTC, and periods of seven. spec/mailbox.md */
export const dayMs = 86_400_000
/** Nobody keeps what expires later than this many days from now. [MAILBOX-1-2] */
export const maxDaysAhead = 35
/** Days that a writer may choose. [MAILBOX-1-2] */
export const lives = [1, 3, 7, 14, 28] as const
export const longestLifeDays = 28

export function dayOf(unixMs: number): number {
  return Math.floor(unixMs / dayMs)
}

export function periodOf(day: number): number {
  return Math.floor(day / 7)
}

/** When an envelope of this day is gone, in milliseconds since 1970. */
export function endOfDay(day: number): number {
  return (day + 1) * dayMs
}
