// A channel with simulated time: who hears whom, how late, and what the channel says about it.
import { SeededRandom } from "../../src/transport/random.js"

/** All chances of a run, from its seed. */
export class Chances extends SeededRandom {
  between(from: number, to: number): number {
    return from + this.next() * (to - from)
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256))
  }
}

interface Due {
  readonly at: number
  readonly order: number
  readonly run: () => Promise<void> | void
}

/** What happens when, one after the other. */
export class Agenda {
  now = 0
  #order = 0
  readonly #heap: Due[] = []

  at(at: number, run: Due["run"]): void {
    const heap = this.#heap
    heap.push({ at: Math.max(at, this.now), order: this.#order++, run })
    for (let i = heap.length - 1; i > 0;) {
      const parent = (i - 1) >> 1
      if (!this.#isBefore(i, parent)) break
      this.#swap(i, parent)
      i = parent
    }
  }

  after(pauseMs: number, run: Due["run"]): void {
    this.at(this.now + pauseMs, run)
  }

  async runUntil(until: number): Promise<void> {
    for (let next = this.#heap[0]; next && next.at <= until; next = this.#heap[0]) {
      this.#take()
      this.now = next.at
      await next.run()
    }
    this.now = until
  }

  #take(): void {
    const heap = this.#heap
    const last = heap.pop() as Due
    if (heap.length === 0) return
    heap[0] = last
    for (let i = 0; ;) {
      const [left, right] = [2 * i + 1, 2 * i + 2]
      let first = i
      if (left < heap.length && this.#isBefore(left, first)) first = left
      if (right < heap.length && this.#isBefore(right, first)) first = right
      if (first === i) return
      this.#swap(i, first)
      i = first
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [first, second] = [this.#heap[a] as Due, this.#heap[b] as Due]
    return first.at < second.at || (first.at === second.at && first.order < second.order)
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap
    ;[heap[a], heap[b]] = [heap[b] as Due, heap[a] as Due]
  }
}

/** Who hears whom just now. People are numbers. */
export class Links {
  /** Whoever is in different groups does not hear the other. */
  groups: readonly number[]
  /** `from > to`: this direction is lost. */
  readonly deaf: Set<string> = new Set()
  loss = 0
  readonly #offline = new Set<number>()

  constructor(size: number) {
    this.groups = new Array<number>(size).fill(0)
  }

  isOnline(person: number): boolean {
    return !this.#offline.has(person)
  }

  setOnline(person: number, isOnline: boolean): void {
    if (isOnline) this.#offline.delete(person)
    else this.#offline.add(person)
  }

  /** On one channel, as far as servers know. */
  isTogether(a: number, b: number): boolean {
    return this.isOnline(a) && this.isOnline(b) && this.groups[a] === this.groups[b]
  }

  isHeard(from: number, to: number): boolean {
    return this.isTogether(from, to) && !this.deaf.has(`${from}>${to}`)
  }

  heal(): void {
    this.groups = this.groups.map(() => 0)
    this.deaf.clear()
    this.loss = 0
  }
}
