/** What was begun and has not ended, for a `close` that waits for it. */
export class RunningWork {
  readonly #running = new Set<Promise<unknown>>()

  /** @returns the same promise */
  add<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work)
    const forget = (): void => void this.#running.delete(work)
    work.then(forget, forget)
    return work
  }

  /** Resolves when all has ended that was added before, well or not. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#running)
  }
}
