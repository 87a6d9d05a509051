import { PeerError } from "../bytes/index.js"

/** How old a message may be, spec/topic.md §3.7. */
export interface FreshnessOptions {
  readonly nowMs: number
  /** Asked for by the receiver; only timed messages pass then. */
  readonly maxAgeMs?: number
  /** By how much clocks may differ; default 2,000. */
  readonly allowedSkewMs?: number
}

/**
 * @param timed `null`: the message says no time
 * @throws {PeerError} `not-timed`, `stale`, `from-the-future`
 */
export function checkFreshness(
  timed: { readonly sentMs: number; readonly validForMs: number } | null,
  { allowedSkewMs = 2_000, maxAgeMs = Infinity, nowMs }: FreshnessOptions,
): void {
  if (!timed) {
    if (maxAgeMs === Infinity) return
    throw new PeerError("not-timed", "A message does not say when it was sent.")
  }
  const limitMs = Math.min(timed.validForMs === 0 ? Infinity : timed.validForMs, maxAgeMs)
  if (nowMs > timed.sentMs + limitMs + allowedSkewMs) {
    throw new PeerError("stale", "A message came too late to count.")
  }
  if (timed.sentMs > nowMs + allowedSkewMs) {
    throw new PeerError("from-the-future", "A message was sent in the future: compare the clocks.")
  }
}
