import { randomBytes } from "node:crypto"
import type { WireExchange } from "./wire-tap.js"

/** Counted from 1, by when they ended. */
export interface NumberedExchange extends WireExchange {
  readonly n: number
}

const mostExchanges = 60

/** The last exchanges on the wire, and who wants to know of new ones. */
export class WireTape {
  /** Numbers are of this tape alone: the next start has another. */
  readonly id: string = randomBytes(4).toString("hex")
  readonly #watchers = new Set<() => void>()
  #exchanges: readonly NumberedExchange[] = []
  #last = 0

  record(exchange: WireExchange): void {
    this.#last += 1
    this.#exchanges = [...this.#exchanges, { n: this.#last, ...exchange }].slice(-mostExchanges)
    for (const watcher of this.#watchers) watcher()
  }

  /** What came after this one. */
  after(n: number): readonly NumberedExchange[] {
    return this.#exchanges.filter((one) => one.n > n)
  }

  /** @returns a function that ends it. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }
}
