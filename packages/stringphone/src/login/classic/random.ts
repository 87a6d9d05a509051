import { UsageError } from "../../bytes/index.js"
import { drawBytes, type RandomBytes } from "../random-bytes.js"

/**
 * Evenly from 0 to `limit` − 1, at most 65,536: what would make some numbers likelier is drawn again.
 * @throws {UsageError} `bad-random`
 */
export function drawBelow(random: RandomBytes, limit: number): number {
  const end = 0x10000 - (0x10000 % limit)
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const [high, low] = drawBytes(random, 2) as unknown as readonly [number, number]
    const value = high * 256 + low
    if (value < end) return value % limit
  }
  throw new UsageError(
    "bad-random",
    "`random` gives the same bytes again and again. Give it those of the system.",
  )
}

/** More than chance ever needs. */
const maxAttempts = 128
