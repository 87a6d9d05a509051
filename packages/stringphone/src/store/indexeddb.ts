import { answer, Database } from "./indexeddb-database.js"
import type { Commit, Entry, Store } from "./port.js"
import { ownCommit } from "./usage.js"

export interface IndexedDbStoreOptions {
  /** Name of the database; every page of the same origin that uses it shares the entries. */
  readonly name: string
}

/**
 * A store in an IndexedDB database (browsers). Any number of tabs and workers may use it at once.
 *
 * All methods may throw {ChannelError} `store-failed`, and those of `openIndexedDbStore`: the
 * connection is opened anew when the browser has closed it.
 *
 * @throws {ChannelError} `store-failed` when the browser has no database for us (private window,
 * blocked by a setting), `store-corrupt` when the database belongs to something else, `store-newer`
 * when a newer version of this page made it, `store-locked` when an older one keeps it open.
 * @example
 * const store = await openIndexedDbStore({ name: "stringphone" })
 */
export async function openIndexedDbStore({ name }: IndexedDbStoreOptions): Promise<Store> {
  const store = new IndexedDbStore(name)
  // Tells of a database that can not be used now, not in the middle of the work.
  await store.get("")
  return store
}

const VERSION = 1
/** Of type {@link Row}, under their own `key`. Databases order strings by code units, as we do. */
const ENTRIES = "entries"
/** Under {@link COUNTER}: the number of commits so far. It only rises; no version comes back. */
const NUMBERS = "numbers"
const COUNTER = "counter"

interface Row {
  readonly key: string
  readonly value: Uint8Array
  /** The counter of the commit that wrote it. */
  readonly version: number
}

class IndexedDbStore implements Store {
  readonly #database: Database

  constructor(name: string) {
    this.#database = new Database(name, VERSION, [ENTRIES, NUMBERS], (database) => {
      database.createObjectStore(ENTRIES, { keyPath: "key" })
      database.createObjectStore(NUMBERS)
    })
  }

  async get(key: string): Promise<Entry | null> {
    const row = await this.#database.transact("readonly", (transaction) =>
      answer<Row | undefined>(transaction.objectStore(ENTRIES).get(key)),
    )
    return row === undefined ? null : entry(row)
  }

  async list(prefix: string): Promise<readonly Entry[]> {
    const rows = await this.#database.transact("readonly", (transaction) =>
      answer<Row[]>(transaction.objectStore(ENTRIES).getAll(startingWith(prefix))),
    )
    return rows.map(entry)
  }

  async commit(commit: Commit): Promise<boolean> {
    const { checks, writes } = ownCommit(commit)
    return await this.#database.transact("readwrite", async (transaction) => {
      const entries = transaction.objectStore(ENTRIES)
      const numbers = transaction.objectStore(NUMBERS)
      for (const { key, version } of checks) {
        const row = await answer<Row | undefined>(entries.get(key))
        if (version !== (row === undefined ? null : String(row.version))) return false
      }
      const counter = (await answer<number | undefined>(numbers.get(COUNTER))) ?? 0
      const version = counter + 1
      // What fails here aborts the transaction, and that is reported.
      numbers.put(version, COUNTER)
      for (const { key, value } of writes) {
        if (value === null) entries.delete(key)
        else entries.put({ key, value, version } satisfies Row)
      }
      return true
    })
  }

  close(): Promise<void> {
    return this.#database.close()
  }
}

function entry({ key, value, version }: Row): Entry {
  return { key, value, version: String(version) }
}

/** The range of all keys with this prefix; `null` is the range of all keys. */
function startingWith(prefix: string): IDBKeyRange | null {
  // The first key behind them: the last code unit that can be raised is, and the rest falls off.
  const stem = prefix.replace(/\uffff+$/, "")
  if (stem === "") return prefix === "" ? null : IDBKeyRange.lowerBound(prefix)
  const end = stem.slice(0, -1) + String.fromCharCode(stem.charCodeAt(stem.length - 1) + 1)
  return IDBKeyRange.bound(prefix, end, false, true)
}
