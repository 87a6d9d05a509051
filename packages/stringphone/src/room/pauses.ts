import type { RoomTime } from "./time.js"

const maxWaiting = 256

/** What is to be done after a pause. */
export class Pauses<T> {
  #waiting: readonly { readonly at: number; readonly what: T }[] = []

  add(pauseMs: number, { now }: RoomTime, what: T): void {
    this.#waiting = [...this.#waiting, { at: now + pauseMs, what }].slice(-maxWaiting)
  }

  /** What is due, and not waited for any more. */
  take({ now }: RoomTime): readonly T[] {
    const due = this.#waiting.filter(({ at }) => at <= now)
    this.#waiting = this.#waiting.filter(({ at }) => at > now)
    return due.map(({ what }) => what)
  }
}
