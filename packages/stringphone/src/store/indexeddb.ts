import { ChannelError, UsageError } from "../bytes/index.js"
import type { Commit, Entry, Store } from "./port.js"
import { ownCommit, storeClosed } from "./usage.js"

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
  readonly #name: string
  #connection: Promise<IDBDatabase> | null = null
  #closed = false

  constructor(name: string) {
    this.#name = name
  }

  async get(key: string): Promise<Entry | null> {
    const row = await this.#transact("readonly", (transaction) =>
      answer<Row | undefined>(transaction.objectStore(ENTRIES).get(key)),
    )
    return row === undefined ? null : entry(row)
  }

  async list(prefix: string): Promise<readonly Entry[]> {
    const rows = await this.#transact("readonly", (transaction) =>
      answer<Row[]>(transaction.objectStore(ENTRIES).getAll(startingWith(prefix))),
    )
    return rows.map(entry)
  }

  async commit(commit: Commit): Promise<boolean> {
    const { checks, writes } = ownCommit(commit)
    return await this.#transact("readwrite", async (transaction) => {
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

  async close(): Promise<void> {
    this.#closed = true
    const connection = this.#connection
    this.#connection = null
    // Lets the transactions that are under way finish.
    const database = await connection?.catch(() => null)
    database?.close()
  }

  async #transact<T>(
    mode: IDBTransactionMode,
    work: (transaction: IDBTransaction) => Promise<T>,
  ): Promise<T> {
    if (this.#closed) throw storeClosed()
    try {
      const database = await this.#connect()
      const stores = [ENTRIES, NUMBERS]
      return await complete(database.transaction(stores, mode, { durability: "strict" }), work)
    } catch (error) {
      throw databaseFailure(error, this.#name)
    }
  }

  #connect(): Promise<IDBDatabase> {
    if (this.#connection !== null) return this.#connection
    const forget = () => {
      if (this.#connection === connection) this.#connection = null
    }
    const connection = connect(this.#name, forget)
    connection.catch(forget)
    this.#connection = connection
    return connection
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

function answer<T>(request: IDBRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result as T)
    request.onerror = () => reject(reasonOf(request))
  })
}

function reasonOf({ error }: { readonly error: DOMException | null }): Error {
  return error ?? new Error("the browser gave no reason")
}

/**
 * Runs `work`, which may wait for nothing but requests of this transaction, and resolves when the
 * transaction is durable.
 */
function complete<T>(
  transaction: IDBTransaction,
  work: (transaction: IDBTransaction) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const result = work(transaction)
    transaction.oncomplete = () => resolve(result)
    // The transaction knows the reason; its requests only that they were aborted.
    transaction.onabort = () => reject(reasonOf(transaction))
    result.catch((error: unknown) => {
      reject(transaction.error ?? error)
      abort(transaction)
    })
  })
}

// A transaction whose work failed half-way would otherwise keep that half.
function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort()
  } catch {
    // It has ended already.
  }
}

/** `lost` is called when the browser, or another tab that wants it, has closed the database. */
function connect(name: string, lost: () => void): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, VERSION)
    let isBlocked = false
    request.onblocked = () => {
      isBlocked = true
      reject(blocked(name))
    }
    request.onupgradeneeded = () => {
      request.result.createObjectStore(ENTRIES, { keyPath: "key" })
      request.result.createObjectStore(NUMBERS)
    }
    request.onerror = () => reject(reasonOf(request))
    request.onsuccess = () => {
      const database = request.result
      database.onclose = lost
      // Another tab wants to upgrade or delete the database, and would wait for us for ever.
      database.onversionchange = () => {
        database.close()
        lost()
      }
      if (isBlocked) database.close()
      else resolve(database)
    }
  })
}

function blocked(name: string): ChannelError {
  return new ChannelError(
    "store-locked",
    `The database "${name}" is in use by an older version of this page in another tab. ` +
      "Close or reload the other tabs, then try again.",
  )
}

function databaseFailure(cause: unknown, name: string): ChannelError | UsageError {
  if (cause instanceof ChannelError || cause instanceof UsageError) return cause
  switch (cause instanceof Error ? cause.name : "") {
    case "QuotaExceededError":
      return new ChannelError(
        "store-full",
        `The browser has no more room for the database "${name}". Nothing was changed; ` +
          "free some space on the disk or delete the data of other sites, then try again.",
        { cause },
      )
    case "VersionError":
      return new ChannelError(
        "store-newer",
        `The database "${name}" was made by a newer version of this page. Reload the page.`,
        { cause },
      )
    case "NotFoundError":
      return new ChannelError(
        "store-corrupt",
        `The database "${name}" was not made by Stringphone and was left as it is. ` +
          "Choose another name.",
        { cause },
      )
    default:
      return new ChannelError(
        "store-failed",
        `The browser could not use the database "${name}"${inBrackets(cause)}. A private window or a ` +
          "setting may forbid it: allow this site to keep data, or use another window.",
        { cause },
      )
  }
}

function inBrackets(cause: unknown): string {
  return cause instanceof Error && cause.message !== "" ? ` (${cause.message})` : ""
}
