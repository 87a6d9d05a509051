/** Time as the transports see it; hand in a {@link SimulatedClock} to test without waiting. */
export interface Clock {
  /** Milliseconds; only differences mean anything. */
  now(): number
  /** Calls `run` once, `delayMs` from now. @returns a function that cancels it. */
  schedule(delayMs: number, run: () => void): () => void
}

/** The platform's own time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  schedule(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

interface Appointment {
  readonly at: number
  readonly run: () => void
}

/**
 * Time that passes only when told to. What is due runs in order of its time; at equal times, in
 * the order in which it was scheduled.
 *
 * @example
 * const clock = new SimulatedClock()
 * clock.schedule(500, () => ring())
 * await clock.advance(500) // ring() was called, and no real time has passed
 */
export class SimulatedClock implements Clock {
  #now = 0
  // In order of scheduling; a Set, so that cancelling is one deletion.
  readonly #appointments = new Set<Appointment>()

  now(): number {
    return this.#now
  }

  schedule(delayMs: number, run: () => void): () => void {
    const appointment = { at: this.#now + Math.max(0, delayMs), run }
    this.#appointments.add(appointment)
    return () => {
      this.#appointments.delete(appointment)
    }
  }

  /** Lets `ms` pass. Promises settle between one appointment and the next. */
  async advance(ms: number): Promise<void> {
    await this.#runUntil(this.#now + ms)
  }

  /**
   * Lets time pass until nothing is scheduled any more, at most `maxMs` of it: a transport that
   * tries to reconnect for ever is never idle.
   */
  async runUntilIdle(maxMs = 3_600_000): Promise<void> {
    const end = this.#now + maxMs
    await settle()
    for (let next = this.#next(); next && next.at <= end; next = this.#next()) {
      await this.#runUntil(next.at)
    }
  }

  async #runUntil(end: number): Promise<void> {
    await settle()
    for (let next = this.#next(); next && next.at <= end; next = this.#next()) {
      this.#now = next.at
      this.#appointments.delete(next)
      next.run()
      await settle()
    }
    this.#now = end
  }

  #next(): Appointment | undefined {
    let next: Appointment | undefined
    for (const appointment of this.#appointments) {
      if (!next || appointment.at < next.at) next = appointment
    }
    return next
  }
}

/** Lets chains of promises run dry: a macrotask comes after all microtasks. */
function settle(): Promise<void> {
  // Where there is one, the macrotask that does not wait for a millisecond to pass.
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") return void setImmediate(resolve)
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}
