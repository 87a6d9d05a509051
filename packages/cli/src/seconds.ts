import { UsageError } from "stringphone/bytes"

/** @throws {UsageError} `bad-seconds` */
export function parseSeconds(text: string): number {
  const seconds = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (seconds >= 1 && seconds <= 600) return seconds
  throw new UsageError("bad-seconds", "Give a number of seconds from 1 to 600.")
}

/** How long a message is valid: up to 30 days. @throws {UsageError} `bad-seconds` */
export function parseValidity(text: string): number {
  const seconds = /^\d{1,7}$/.test(text) ? Number(text) : 0
  if (seconds >= 1 && seconds <= 2_592_000) return seconds
  throw new UsageError("bad-seconds", "Give a number of seconds from 1 to 2592000 (30 days).")
}

/** @throws {UsageError} `bad-count` */
export function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new UsageError("bad-count", "Give a number of messages, 1 or more.")
}
