import type { Commit, Entry, Store } from "./port.js"
import { type Table, applyCommit, emptyTable, tableEntries, tableEntry } from "./table.js"
import { ownCommit, storeClosed } from "./usage.js"

/**
 * A store that forgets everything with the process, for tests and for what need not last.
 *
 * @example
 * const store = createMemoryStore()
 * await store.commit({ writes: [{ key: "greeting", value: utf8("hello") }] })
 */
export function createMemoryStore(): Store {
  return new MemoryStore()
}

class MemoryStore implements Store {
  #table: Table = emptyTable
  #closed = false

  async get(key: string): Promise<Entry | null> {
    this.#assertOpen()
    return tableEntry(this.#table, key)
  }

  async list(prefix: string): Promise<readonly Entry[]> {
    this.#assertOpen()
    return tableEntries(this.#table, prefix)
  }

  async commit(commit: Commit): Promise<boolean> {
    this.#assertOpen()
    const next = applyCommit(this.#table, ownCommit(commit))
    if (next !== null) this.#table = next
    return next !== null
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#table = emptyTable
  }

  #assertOpen(): void {
    if (this.#closed) throw storeClosed()
  }
}
