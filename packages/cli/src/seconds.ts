import { UsageError } from "stringphone/bytes"

/** @throws {UsageError} `bad-seconds` */
export function parseSeconds(text: string): number {
  const seconds = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (seconds >= 1 && seconds <= 600) return seconds
  throw new UsageError("bad-seconds", "Give a number of seconds from 1 to 600.")
}
