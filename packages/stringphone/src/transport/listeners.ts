import type { TransportEvent } from "./port.js"

/** Who wants to know what happens to a transport. */
export class Listeners {
  readonly #entries = new Set<{ readonly call: (event: TransportEvent) => void }>()

  /** @returns a function that takes the listener off again. */
  add(call: (event: TransportEvent) => void): () => void {
    const entry = { call }
    this.#entries.add(entry)
    return () => {
      this.#entries.delete(entry)
    }
  }

  emit(event: TransportEvent): void {
    for (const entry of [...this.#entries]) {
      try {
        entry.call(event)
      } catch (error) {
        // As EventTarget does it: a listener's bug is shown, but does not break the transport.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
