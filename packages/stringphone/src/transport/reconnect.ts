import { type Clock, systemClock } from "./clock.js"

/** How long to wait between attempts to connect. */
export interface BackoffOptions {
  /** Before the second attempt. Default 500 ms. */
  readonly initialMs?: number
  /** Never longer than this. Default 30 000 ms. */
  readonly maxMs?: number
  /** Each pause is this many times the one before. Default 2. */
  readonly factor?: number
  /** From 0 up to 1, for the jitter. Default `Math.random`: nothing secret depends on it. */
  readonly random?: () => number
  /** Default: the platform's time. */
  readonly clock?: Clock
}

/** A connection that held this long is taken for a good one: the pauses start over. */
const steadyMs = 5_000

/**
 * Exponential backoff with jitter: each pause is between half and all of its nominal length, so
 * that a thousand clients of one broken broker do not come back in the same instant.
 */
export class Backoff {
  readonly #initialMs: number
  readonly #maxMs: number
  readonly #factor: number
  readonly #random: () => number
  readonly #clock: Clock
  #nominalMs: number
  #connectedAt: number | null = null

  constructor(options: BackoffOptions = {}) {
    this.#initialMs = options.initialMs ?? 500
    this.#maxMs = options.maxMs ?? 30_000
    this.#factor = options.factor ?? 2
    this.#random = options.random ?? Math.random
    this.#clock = options.clock ?? systemClock
    this.#nominalMs = this.#initialMs
  }

  /** A connection was made; if it holds, the next pause is a short one again. */
  connected(): void {
    this.#connectedAt = this.#clock.now()
  }

  /** Waits before the next attempt; `signal` ends the wait early, without an error. */
  async pause(signal: AbortSignal): Promise<void> {
    if (this.#connectedAt !== null && this.#clock.now() - this.#connectedAt >= steadyMs) {
      this.#nominalMs = this.#initialMs
    }
    this.#connectedAt = null
    const delayMs = Math.min(this.#nominalMs, this.#maxMs) * (0.5 + this.#random() / 2)
    this.#nominalMs = Math.min(this.#nominalMs * this.#factor, this.#maxMs)
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        cancel()
        signal.removeEventListener("abort", done)
        resolve()
      }
      const cancel = this.#clock.schedule(delayMs, done)
      signal.addEventListener("abort", done)
    })
  }
}
