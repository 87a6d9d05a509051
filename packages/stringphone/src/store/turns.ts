/** Lets work that has a key in common run one after the other, in its order, and all other at once. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  take<T>(keys: ReadonlySet<string>, work: () => Promise<T>): Promise<T> {
    const earlier = [...keys].flatMap((key) => this.#last.get(key) ?? [])
    const done = earlier.length === 0 ? work() : Promise.allSettled(earlier).then(work)
    for (const key of keys) this.#last.set(key, done)
    const forget = (): void => {
      for (const key of keys) if (this.#last.get(key) === done) this.#last.delete(key)
    }
    done.then(forget, forget)
    return done
  }
}
