import { isolated } from "../isolated.js"

/** Who wants to know what happens. Nobody is waited for, and a listener's bug ends nothing. */
export class HubListeners<Event> {
  readonly #entries = new Set<{ readonly call: (event: Event) => void | Promise<void> }>()

  /** @returns a function that takes the listener off again */
  add(call: (event: Event) => void | Promise<void>): () => void {
    const entry = { call }
    this.#entries.add(entry)
    return () => {
      this.#entries.delete(entry)
    }
  }

  emit(event: Event): void {
    for (const { call } of [...this.#entries]) void isolated(() => call(event))
  }
}
