import { readFile } from "node:fs/promises"
import { fileFailure, isSystemError } from "./file-failure.js"
import { decodeTable, encodeTable } from "./file-format.js"
import { acquireLock } from "./file-lock.js"
import { preparePlace } from "./file-place.js"
import { replaceFile } from "./file-write.js"
import type { Commit, Entry, Store } from "./port.js"
import { type Table, applyCommit, emptyTable, tableEntries, tableEntry } from "./table.js"
import { ownCommit, storeClosed } from "./usage.js"

export interface FileStoreOptions {
  /** The file; it and its directory are made when they are missing. */
  readonly path: string
  /**
   * How long a commit waits for other processes, in milliseconds; 30 000 unless given. A process
   * that stalls in its commit for a third of it is overtaken, and will start its commit over.
   */
  readonly lockTimeoutMs?: number
}

/**
 * A store in one JSON file (Node). Each commit replaces the file as a whole, atomically and durably:
 * after a crash it is the old one or the new one. Any number of processes of one machine may use it
 * at once. It is private to its user (mode 0600), but not encrypted. Beside it is a directory
 * `<path>.lock`, which may be deleted at any time.
 *
 * All methods may throw {ChannelError} `store-corrupt`, `store-newer` and `store-failed`; the file
 * is then as it was.
 *
 * @throws {ChannelError} `store-corrupt`, `store-newer`, `store-failed`
 * @example
 * const store = await openFileStore({ path: "/home/ann/.config/stringphone/store.json" })
 */
export async function openFileStore(options: FileStoreOptions): Promise<Store> {
  const { path, lockTimeoutMs = 30_000 } = options
  try {
    const store = new FileStore(await preparePlace(path), lockTimeoutMs)
    // Tells of a damaged file now, not in the middle of the work.
    await store.list("")
    return store
  } catch (error) {
    throw fileFailure(error, path)
  }
}

class FileStore implements Store {
  readonly #path: string
  readonly #lockTimeoutMs: number
  #lastRead: { readonly bytes: Uint8Array; readonly table: Table } | null = null
  #lastCommit: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(path: string, lockTimeoutMs: number) {
    this.#path = path
    this.#lockTimeoutMs = lockTimeoutMs
  }

  async get(key: string): Promise<Entry | null> {
    this.#assertOpen()
    return tableEntry(await this.#read(), key)
  }

  async list(prefix: string): Promise<readonly Entry[]> {
    this.#assertOpen()
    return tableEntries(await this.#read(), prefix)
  }

  async commit(commit: Commit): Promise<boolean> {
    this.#assertOpen()
    const owned = ownCommit(commit)
    // One at a time: waiting in line here is cheaper than polling for our own lock.
    const result = this.#lastCommit.then(() => this.#commitLocked(owned))
    this.#lastCommit = result.catch(() => {})
    return result
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#lastCommit
    this.#lastRead = null
  }

  #assertOpen(): void {
    if (this.#closed) throw storeClosed()
  }

  // Needs no lock: the file is only ever replaced as a whole.
  async #read(): Promise<Table> {
    try {
      const bytes = await readFile(this.#path)
      // Times and inode numbers repeat within one tick of the clock; the bytes themselves do not lie.
      if (this.#lastRead !== null && bytes.equals(this.#lastRead.bytes)) return this.#lastRead.table
      const table = decodeTable(bytes, this.#path)
      this.#lastRead = { bytes, table }
      return table
    } catch (error) {
      if (isSystemError(error, "ENOENT")) return emptyTable
      throw fileFailure(error, this.#path)
    }
  }

  async #commitLocked(commit: Required<Commit>): Promise<boolean> {
    try {
      for (;;) {
        const hold = await acquireLock(`${this.#path}.lock`, this.#lockTimeoutMs)
        try {
          const table = await this.#read()
          const next = applyCommit(table, commit)
          if (next === null) return false
          if (next === table) return true
          const bytes = encodeTable(next)
          if (await replaceFile(this.#path, hold.draft, bytes)) {
            this.#lastRead = { bytes, table: next }
            return true
          }
        } finally {
          await hold.release()
        }
      }
    } catch (error) {
      throw fileFailure(error, this.#path)
    }
  }
}
