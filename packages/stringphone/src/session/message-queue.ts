import { UsageError } from "../bytes/index.js"

/**
 * What waits to be handled. An item counts as handled when its reader asks for the next one: so what
 * a reader was working on when the program died is shown again.
 */
export class MessageQueue<T extends object> implements AsyncIterable<T> {
  // In the order of arrival; a Set, so that taking the first one away is cheap.
  readonly #waiting = new Set<T>()
  readonly #onHandled: (item: T) => void
  #wake: (() => void) | null = null
  #drained: (() => void) | null = null
  #isEnded = false
  #hasReader = false

  constructor(onHandled: (item: T) => void) {
    this.#onHandled = onHandled
  }

  get length(): number {
    return this.#waiting.size
  }

  /** Somebody reads. */
  get hasReader(): boolean {
    return this.#hasReader
  }

  push(...items: readonly T[]): void {
    for (const item of items) this.#waiting.add(item)
    this.#wake?.()
  }

  /** Takes the oldest away unread. */
  shift(): T | undefined {
    const [first] = this.#waiting
    if (first !== undefined) this.#waiting.delete(first)
    return first
  }

  end(): void {
    this.#isEnded = true
    this.#wake?.()
    this.#drained?.()
  }

  /** Resolves when fewer than `length` wait, or at the end. */
  async below(length: number): Promise<void> {
    while (this.#waiting.size >= length && !this.#isEnded) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve
      })
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    if (this.#hasReader) {
      throw new UsageError("already-read", "There is a reader of these messages already.")
    }
    this.#hasReader = true
    try {
      for (;;) {
        while (this.#waiting.size > 0) {
          const item = this.shift() as T
          this.#drained?.()
          // A reader that stops in the middle (break, throw) has not handled this one.
          yield item
          this.#onHandled(item)
        }
        if (this.#isEnded) return
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      this.#hasReader = false
      this.#drained?.()
    }
  }
}
