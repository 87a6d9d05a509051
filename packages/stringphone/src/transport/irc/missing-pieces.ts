import type { Clock } from "../clock.js"
import { type Incomplete, hasHole, missingRanges } from "./reassembly.js"
import type { Range } from "./text-line.js"

/** When to ask for what is missing. */
export interface ResendTiming {
  /** After a hole was seen. Default 3,000 ms. */
  readonly holeMs?: number
  /** After the last piece of a message whose end is missing. Default 20,000 ms. */
  readonly endMs?: number
}

/** [IRC-3-7] Each pause is twice the one before. */
const maxRequests = 4

/** So many messages are asked for at the same time. */
const maxAsked = 32

interface Watched {
  readonly incomplete: Incomplete
  requests: number
  cancel: () => void
}

/** Asks for the pieces that do not come, a few times, and then gives a message up. */
export class MissingPieces {
  readonly #clock: Clock
  readonly #holeMs: number
  readonly #endMs: number
  readonly #ask: (incomplete: Incomplete, ranges: Range[]) => void
  readonly #giveUp: (incomplete: Incomplete) => void
  readonly #watched = new Map<Incomplete, Watched>()

  constructor(
    clock: Clock,
    { holeMs = 3_000, endMs = 20_000 }: ResendTiming,
    ask: (incomplete: Incomplete, ranges: Range[]) => void,
    giveUp: (incomplete: Incomplete) => void,
  ) {
    this.#clock = clock
    this.#holeMs = holeMs
    this.#endMs = endMs
    this.#ask = ask
    this.#giveUp = giveUp
  }

  /** A piece of it came: it has time again. */
  watch(incomplete: Incomplete): void {
    const known = this.#watched.get(incomplete)
    known?.cancel()
    const watched = known ?? { incomplete, requests: 0, cancel() {} }
    this.#watched.set(incomplete, watched)
    this.#wait(watched)
  }

  forget(incomplete: Incomplete): void {
    this.#watched.get(incomplete)?.cancel()
    this.#watched.delete(incomplete)
  }

  /** The one whose pieces these are is here (again), or we are: the pauses start over. */
  stop(): void {
    for (const { cancel } of this.#watched.values()) cancel()
    this.#watched.clear()
  }

  #wait(watched: Watched): void {
    const firstMs = hasHole(watched.incomplete) ? this.#holeMs : this.#endMs
    const pauseMs = firstMs * 2 ** watched.requests
    watched.cancel = this.#clock.schedule(pauseMs, () => this.#due(watched))
  }

  #due(watched: Watched): void {
    const { incomplete } = watched
    if (watched.requests === maxRequests) {
      this.#watched.delete(incomplete)
      return this.#giveUp(incomplete)
    }
    watched.requests += 1
    if (this.#watched.size <= maxAsked) this.#ask(incomplete, missingRanges(incomplete))
    this.#wait(watched)
  }
}
