import { setImmediate as afterInput } from "node:timers/promises"
import { ChannelError } from "../bytes/index.js"
import { decodeKey, encodeKey, endOfPrefix } from "./key-bytes.js"
import type { Commit, Entry, Store } from "./port.js"
import { RunningWork } from "./running-work.js"
import { transact } from "./sqlite-database.js"
import type { SqliteDatabase } from "./sqlite-engine.js"
import { corruptDatabase, sqliteFailure } from "./sqlite-failure.js"
import { whenFree } from "./sqlite-wait.js"
import { ownCommit, storeClosed } from "./usage.js"

interface WaitingCommit {
  readonly commit: Required<Commit>
  resolve(isWritten: boolean): void
  reject(error: unknown): void
}

/** What is committed while the disk is busy goes into one transaction, with one wait for the disk. */
export class SqliteStore implements Store {
  readonly #path: string
  readonly #database: SqliteDatabase
  readonly #lockTimeoutMs: number
  readonly #statements: Statements
  readonly #running = new RunningWork()
  #waiting: WaitingCommit[] = []
  #isWriting = false
  #closing: Promise<void> | null = null

  constructor(path: string, database: SqliteDatabase, lockTimeoutMs: number) {
    this.#path = path
    this.#database = database
    this.#lockTimeoutMs = lockTimeoutMs
    this.#statements = prepareStatements(database)
  }

  async get(key: string): Promise<Entry | null> {
    const row = await this.#read(() => this.#statements.get.get(encodeKey(key)))
    return row === undefined ? null : entryOf(row as Row, this.#path)
  }

  async list(prefix: string): Promise<readonly Entry[]> {
    const start = encodeKey(prefix)
    const end = endOfPrefix(start)
    const { from, between } = this.#statements
    const rows = await this.#read(() => (end === null ? from.all(start) : between.all(start, end)))
    return rows.map((row) => entryOf(row as Row, this.#path))
  }

  async commit(commit: Commit): Promise<boolean> {
    this.#assertOpen()
    const own = ownCommit(commit)
    const done = new Promise<boolean>((resolve, reject) => {
      this.#waiting.push({ commit: own, resolve, reject })
    })
    if (!this.#isWriting) void this.#writeWaiting()
    return this.#running.add(done)
  }

  async close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#running.ended()
      try {
        this.#database.close()
      } catch (error) {
        throw sqliteFailure(error, this.#path)
      }
    })()
    await this.#closing
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw storeClosed()
  }

  async #read<T>(work: () => T): Promise<T> {
    this.#assertOpen()
    return this.#running.add(whenFree(this.#path, this.#lockTimeoutMs, work))
  }

  async #writeWaiting(): Promise<void> {
    this.#isWriting = true
    while (this.#waiting.length > 0) {
      // Whoever has just heard of something may have a commit to add.
      await afterInput()
      const group = this.#waiting
      this.#waiting = []
      await this.#write(group)
    }
    this.#isWriting = false
  }

  async #write(group: readonly WaitingCommit[]): Promise<void> {
    try {
      const areWritten = await whenFree(this.#path, this.#lockTimeoutMs, () =>
        transact(this.#database, () => this.#apply(group)),
      )
      group.forEach(({ resolve }, i) => resolve(areWritten[i] as boolean))
    } catch (error) {
      const isLocked = error instanceof ChannelError && error.code === "store-locked"
      if (isLocked || group.length === 1) return group.forEach(({ reject }) => reject(error))
      // One of them may be too large for the disk; the others need not fail with it.
      for (const one of group) await this.#write([one])
    }
  }

  /** Inside a transaction. @returns for each whether it was written */
  #apply(group: readonly WaitingCommit[]): readonly boolean[] {
    const { counter, setCounter, put, drop } = this.#statements
    const { value: before } = counter.get() as { readonly value: number }
    let count = before
    const areWritten = group.map(({ commit: { checks, writes } }) => {
      if (!checks.every(({ key, version }) => this.#versionOf(key) === version)) return false
      if (writes.length > 0) count++
      for (const { key, value } of writes) {
        if (value === null) drop.run(encodeKey(key))
        else put.run(encodeKey(key), value, count)
      }
      return true
    })
    if (count > before) setCounter.run(count)
    return areWritten
  }

  #versionOf(key: string): string | null {
    const row = this.#statements.version.get(encodeKey(key)) as Pick<Row, "version"> | undefined
    return row === undefined ? null : String(row.version)
  }
}

type Statements = ReturnType<typeof prepareStatements>

function prepareStatements(database: SqliteDatabase) {
  const select = "SELECT key, value, version FROM entries WHERE"
  return {
    get: database.prepare(`${select} key = ?`),
    from: database.prepare(`${select} key >= ? ORDER BY key`),
    between: database.prepare(`${select} key >= ? AND key < ? ORDER BY key`),
    version: database.prepare("SELECT version FROM entries WHERE key = ?"),
    put: database.prepare(
      `INSERT INTO entries VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version`,
    ),
    drop: database.prepare("DELETE FROM entries WHERE key = ?"),
    counter: database.prepare("SELECT counter AS value FROM head"),
    setCounter: database.prepare("UPDATE head SET counter = ?"),
  }
}

interface Row {
  readonly key: unknown
  readonly value: unknown
  readonly version: unknown
}

function entryOf({ key, value, version }: Row, path: string): Entry {
  const text = key instanceof Uint8Array ? decodeKey(key) : null
  if (text === null || !(value instanceof Uint8Array)) throw corruptDatabase(path)
  return { key: text, value: new Uint8Array(value), version: String(version) }
}
