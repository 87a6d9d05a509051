import type { RandomBytes } from "../../bytes/index.js"

export interface MixLimits {
  /** How long an envelope is held on average before others may see that it is here. 0: not at all. */
  readonly meanMs: number
  /** Envelopes are let go of together, at whole multiples of this. */
  readonly batchMs: number
}

/** Nobody waits longer than so many times the mean. */
const maxMeans = 8

/** How long one is held: exponential, so that how long it was held already says nothing. [HUB-4-1] */
export function holdMs(meanMs: number, randomBytes: RandomBytes): number {
  if (meanMs === 0) return 0
  return Math.min(-Math.log(1 - fraction(randomBytes(4))), maxMeans) * meanMs
}

/** The same in random order (Fisher and Yates). [HUB-4-2] */
export function shuffled<T>(items: readonly T[], randomBytes: RandomBytes): T[] {
  const out = [...items]
  const random = randomBytes(4 * out.length)
  for (let at = out.length - 1; at > 0; at--) {
    const other = Math.floor(fraction(random.subarray(4 * at, 4 * at + 4)) * (at + 1))
    const kept = out[at] as T
    out[at] = out[other] as T
    out[other] = kept
  }
  return out
}

/** What is held. It changes in place: batches are few, and what is in them is not. */
export class HoldQueue<T> {
  readonly #limits: MixLimits
  readonly #randomBytes: RandomBytes
  /** By the time at which they go. */
  readonly #batches = new Map<number, Set<T>>()

  constructor(limits: MixLimits, randomBytes: RandomBytes) {
    this.#limits = limits
    this.#randomBytes = randomBytes
  }

  /** When the next batch goes; `null`: nothing is held. */
  get nextMs(): number | null {
    let next: number | null = null
    for (const at of this.#batches.keys()) if (next === null || at < next) next = at
    return next
  }

  hold(item: T, nowMs: number): void {
    const { batchMs, meanMs } = this.#limits
    const due = nowMs + holdMs(meanMs, this.#randomBytes)
    const at = meanMs === 0 || batchMs === 0 ? due : Math.ceil(due / batchMs) * batchMs
    const batch = this.#batches.get(at)
    if (batch) batch.add(item)
    else this.#batches.set(at, new Set([item]))
  }

  /** Takes out what may go now, shuffled. */
  release(nowMs: number): T[] {
    const due: T[] = []
    for (const [at, batch] of this.#batches) {
      if (at > nowMs) continue
      this.#batches.delete(at)
      due.push(...batch)
    }
    return shuffled(due, this.#randomBytes)
  }
}

/** From 0 up to 1, from four random bytes. */
function fraction(random: Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = random
  return (((a * 256 + b) * 256 + c) * 256 + d) / 2 ** 32
}
