/** What one tick does: our oldest mail, or `null`, a dummy in its place. [HUB-4-3] */
export interface CoverTick<T> {
  readonly post: T | null
  readonly waiting: readonly T[]
}

export function coverTick<T>(waiting: readonly T[]): CoverTick<T> {
  const [post = null, ...rest] = waiting
  return { post, waiting: rest }
}

/**
 * How long until the next tick. Ticks stay on their grid however long the work of one took, and those
 * that a sleeping computer missed are not made up for: a burst would tell. A timer that rings a bit
 * early rings for its own tick. [HUB-4-3]
 */
export function untilTickMs(startedMs: number, everyMs: number, nowMs: number): number {
  const passed = Math.round((nowMs - startedMs) / everyMs)
  return startedMs + (passed + 1) * everyMs - nowMs
}
