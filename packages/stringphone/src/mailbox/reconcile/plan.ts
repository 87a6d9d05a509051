import { fingerprintBytes, maxListed, maxSplitBits, shortIdBytes } from "./wire/answers.js"

/**
 * How many items a range shall have when nothing is known about the differences: the first cut. Below
 * it fingerprints cost more, above it each difference costs more.
 */
const firstRangeItems = 64

/** Counts, head and map of a list. */
const listOverheadBytes = 4

/** What a range is about to cost, listed and at best. */
export interface Plan {
  /** Into 2^bits parts; 0: list it. */
  readonly bits: number
  readonly bytes: number
  /** Infinite where a list may not be so long. */
  readonly listBytes: number
}

/** A day of so many items, about which nothing is known but that it differs. */
export function planDay(items: number): Plan {
  const bits = Math.round(Math.log2(items / firstRangeItems))
  const listBytes = bytesOfList(items)
  if (bits < 1) return { bits: 0, bytes: listBytes, listBytes }
  const cut = Math.min(bits, maxSplitBits)
  return { bits: cut, bytes: 2 ** cut * fingerprintBytes, listBytes }
}

/**
 * A range that differs.
 *
 * @param differences how many it is likely to have, at least 1
 * @param bitsLeft how often it can still be halved
 */
export function planRange(items: number, differences: number, bitsLeft: number): Plan {
  const listBytes = bytesOfList(items)
  let best: Plan = { bits: 0, bytes: listBytes, listBytes }
  const density = Math.min(1, differences / Math.max(1, items))
  for (let bits = 1; bits <= Math.min(maxSplitBits, bitsLeft); bits++) {
    const parts = 2 ** bits
    const size = items / parts
    if (size < 1) break
    const differing = parts * (1 - (1 - density) ** size)
    const bytes = parts * fingerprintBytes + differing * (size * shortIdBytes + listOverheadBytes)
    if (bytes < best.bytes) best = { bits, bytes, listBytes }
  }
  return best
}

/**
 * Lists everything at once where that costs few bytes more than cutting once again would.
 *
 * @param turnBytes what one message less on the way is worth
 */
export function isListingBetter(plans: readonly Plan[], turnBytes: number): boolean {
  let more = 0
  for (const { listBytes, bytes } of plans) more += listBytes - bytes
  // Where one range is too large for a list, the rest saves no turn either.
  return more < Infinity && more <= turnBytes
}

/**
 * How many differences to expect in a part that differs, when so many of its siblings do: those of a
 * Poisson process with the mean that makes just so many parts differ.
 */
export function expectedDifferences(differing: number, parts: number): number {
  const mean = Math.log((parts + 0.5) / (parts - differing + 0.5))
  return mean / (1 - Math.exp(-mean))
}

function bytesOfList(items: number): number {
  return items > maxListed ? Infinity : shortIdBytes * items + listOverheadBytes
}
