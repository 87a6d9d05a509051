import type { Clock } from "../transport/index.js"

/** Appointments by name: a new one takes the place of the one before, and all end together. */
export class Timers {
  readonly #clock: Clock
  readonly #cancel = new Map<string, () => void>()
  #isClosed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  has(name: string): boolean {
    return this.#cancel.has(name)
  }

  once(name: string, delayMs: number, run: () => void): void {
    this.cancel(name)
    if (this.#isClosed) return
    this.#cancel.set(
      name,
      this.#clock.schedule(delayMs, () => {
        this.#cancel.delete(name)
        run()
      }),
    )
  }

  every(name: string, delayMs: number, run: () => void): void {
    this.once(name, delayMs, () => {
      this.every(name, delayMs, run)
      run()
    })
  }

  cancel(name: string): void {
    this.#cancel.get(name)?.()
    this.#cancel.delete(name)
  }

  close(): void {
    this.#isClosed = true
    for (const name of [...this.#cancel.keys()]) this.cancel(name)
  }
}
