import { UsageError } from "../bytes/index.js"
import type { Commit, Entry, Store } from "../store/index.js"
import { dataName, type RingEntries } from "./entries.js"

const folder = `${dataName}/`

/** A store within a key ring: its entries are those of the ring under `data/`. [IDENTITY-5-7] */
export class DataStore implements Store {
  readonly #entries: RingEntries
  #closed = false

  constructor(entries: RingEntries) {
    this.#entries = entries
  }

  async get(key: string): Promise<Entry | null> {
    this.#assertOpen()
    const entry = await this.#entries.get(folder + key)
    return entry && { ...entry, key }
  }

  async list(prefix: string): Promise<readonly Entry[]> {
    this.#assertOpen()
    const entries = await this.#entries.list(folder + prefix)
    return entries.map((entry) => ({ ...entry, key: entry.key.slice(folder.length) }))
  }

  async commit({ checks = [], writes }: Commit): Promise<boolean> {
    this.#assertOpen()
    // A change of the passphrase could not check a key that is not there yet; it checks this one.
    const notice = writes.length > 0 ? [{ key: dataName, value: new Uint8Array(0) }] : []
    return this.#entries.commit({
      checks: checks.map(({ key, version }) => ({ key: folder + key, version })),
      writes: [...writes.map(({ key, value }) => ({ key: folder + key, value })), ...notice],
    })
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #assertOpen(): void {
    if (this.#closed) {
      throw new UsageError("closed", "This view of the key ring was closed; take another one.")
    }
  }
}
