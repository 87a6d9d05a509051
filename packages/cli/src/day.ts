/** `2026-11-21`: of a time that nobody knows better than to the day. */
export function dayOf(atMs: number): string {
  const date = new Date(atMs)
  return Number.isNaN(date.getTime()) ? "????-??-??" : date.toISOString().slice(0, 10)
}

/** The last day of what ends at this moment, when that day is over. */
export function lastDayOf(endMs: number): string {
  return dayOf(endMs - 1)
}
