/** A bound on keys that are remembered: others could make up new ones for ever. */
const maxKeys = 10_000

/** So many at once, and so many a second from then on, for each key by itself. */
export class Rate {
  readonly #perSecond: number
  readonly #burst: number
  /** When each key will have its burst again, milliseconds; the oldest use first. */
  readonly #fullAt = new Map<string, number>()

  constructor(perSecond: number, burst: number = Math.max(1, 2 * perSecond)) {
    this.#perSecond = perSecond
    this.#burst = burst
  }

  /** @returns 0: it was taken; else in how many milliseconds there will be one */
  take(key: string, nowMs: number): number {
    const eachMs = 1_000 / this.#perSecond
    const fullAt = Math.max(nowMs, this.#fullAt.get(key) ?? 0)
    const waitMs = fullAt + eachMs - nowMs - this.#burst * eachMs
    if (waitMs > 0.001) return waitMs
    this.#fullAt.delete(key)
    this.#fullAt.set(key, fullAt + eachMs)
    if (this.#fullAt.size > maxKeys) this.#forget(nowMs)
    return 0
  }

  #forget(nowMs: number): void {
    for (const [key, fullAt] of this.#fullAt) if (fullAt <= nowMs) this.#fullAt.delete(key)
    for (const key of this.#fullAt.keys()) {
      if (this.#fullAt.size <= maxKeys / 2) break
      this.#fullAt.delete(key)
    }
  }
}
