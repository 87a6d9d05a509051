/** Who wants to know what happens. */
export class ListenerSet<Event> {
  readonly #entries = new Set<{ readonly call: (event: Event) => void }>()

  get size(): number {
    return this.#entries.size
  }

  /** @returns a function that takes the listener off again. */
  add(call: (event: Event) => void): () => void {
    const entry = { call }
    this.#entries.add(entry)
    return () => {
      this.#entries.delete(entry)
    }
  }

  emit(event: Event): void {
    for (const entry of [...this.#entries]) {
      try {
        entry.call(event)
      } catch (error) {
        // As EventTarget does it: a listener's bug is shown, but does not break the channel.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
