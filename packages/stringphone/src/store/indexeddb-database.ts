import { ChannelError, UsageError } from "../bytes/index.js"
import { storeClosed } from "./usage.js"

/** A connection to a database that is opened anew when the browser has closed it. */
export class Database {
  readonly #name: string
  readonly #version: number
  readonly #stores: readonly string[]
  readonly #make: (database: IDBDatabase) => void
  #connection: Promise<IDBDatabase> | null = null
  #isClosed = false

  /** @param make makes the stores in a database that is new */
  constructor(
    name: string,
    version: number,
    stores: readonly string[],
    make: (database: IDBDatabase) => void,
  ) {
    this.#name = name
    this.#version = version
    this.#stores = stores
    this.#make = make
  }

  /**
   * Runs `work`, which may wait for nothing but requests of this transaction, and resolves when the
   * transaction is durable.
   */
  async transact<T>(
    mode: IDBTransactionMode,
    work: (transaction: IDBTransaction) => Promise<T>,
  ): Promise<T> {
    if (this.#isClosed) throw storeClosed()
    try {
      const database = await this.#connect()
      return await complete(
        database.transaction(this.#stores, mode, { durability: "strict" }),
        work,
      )
    } catch (error) {
      throw databaseFailure(error, this.#name)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const connection = this.#connection
    this.#connection = null
    // Lets the transactions that are under way finish.
    const database = await connection?.catch(() => null)
    database?.close()
  }

  #connect(): Promise<IDBDatabase> {
    if (this.#connection !== null) return this.#connection
    const forget = () => {
      if (this.#connection === connection) this.#connection = null
    }
    const connection = connect(this.#name, this.#version, this.#make, forget)
    connection.catch(forget)
    this.#connection = connection
    return connection
  }
}

export function answer<T>(request: IDBRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result as T)
    request.onerror = () => reject(reasonOf(request))
  })
}

function reasonOf({ error }: { readonly error: DOMException | null }): Error {
  return error ?? new Error("the browser gave no reason")
}

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
function connect(
  name: string,
  version: number,
  make: (database: IDBDatabase) => void,
  lost: () => void,
): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, version)
    let isBlocked = false
    request.onblocked = () => {
      isBlocked = true
      reject(blocked(name))
    }
    request.onupgradeneeded = () => make(request.result)
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
