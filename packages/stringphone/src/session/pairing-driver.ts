import { PeerError } from "../bytes/index.js"
import type { Timers } from "./timers.js"

interface DriverOptions<State, Event, Effect> {
  readonly initial: State
  readonly step: (state: State, event: Event) => readonly [State, readonly Effect[]]
  /** When a tick is due, milliseconds since 1970. */
  readonly wakesAtMs: (state: State) => number | null
  readonly tick: (nowMs: number) => Event
  readonly perform: (effect: Effect) => Promise<void>
  readonly timers: Timers
  readonly nowMs: () => number
  readonly onError: (error: unknown) => void
}

/** Runs one pure pairing machine: its effects in order, and its ticks when they are due. */
export class PairingDriver<State, Event, Effect> {
  readonly #options: DriverOptions<State, Event, Effect>
  #state: State
  #lastEffects: Promise<void> = Promise.resolve()

  constructor(options: DriverOptions<State, Event, Effect>) {
    this.#options = options
    this.#state = options.initial
  }

  get state(): State {
    return this.#state
  }

  /** @throws what the step throws; then nothing happened. */
  happen(event: Event): Promise<void> {
    const { onError, perform, step } = this.#options
    const [next, effects] = step(this.#state, event)
    this.#state = next
    this.#wake()
    for (const effect of effects) {
      this.#lastEffects = this.#lastEffects.then(() => perform(effect)).catch(onError)
    }
    return this.#lastEffects
  }

  /** Something from the channel; hostile bytes change nothing. */
  hear(event: Event): void {
    try {
      void this.happen(event)
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      this.#options.onError(error)
    }
  }

  #wake(): void {
    const { nowMs, tick, timers, wakesAtMs } = this.#options
    const atMs = wakesAtMs(this.#state)
    if (atMs === null) return timers.cancel("pairing")
    timers.once("pairing", Math.max(1, atMs - nowMs()), () => this.hear(tick(nowMs())))
  }
}
