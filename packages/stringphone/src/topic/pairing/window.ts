import { UsageError } from "../../bytes/index.js"
import { maxWindowMs } from "./limits.js"

/**
 * When a window that opens now is over.
 * @throws {UsageError} `bad-window`
 */
export function windowEnd(nowMs: number, forMs: number): number {
  if (!(forMs > 0 && forMs <= maxWindowMs)) {
    throw new UsageError(
      "bad-window",
      `A pairing window is open for more than 0 and at most ${maxWindowMs / 1_000} seconds.`,
    ) // [TOPIC-9-7]
  }
  return nowMs + forMs
}

/** Messages of spec/topic.md §9, by their first byte. All other ones are for somebody else. */
export function isPairingMessage(bytes: Uint8Array): boolean {
  const type = bytes[0] ?? 0
  return type >= 0x31 && type <= 0x36
}
