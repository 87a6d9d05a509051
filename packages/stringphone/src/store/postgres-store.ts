import { Buffer } from "node:buffer"
import { crc32 } from "node:zlib"
import { decodeKey, encodeKey, endOfPrefix } from "./key-bytes.js"
import type { Commit, Entry, Store } from "./port.js"
import { foreignTables, isTransient } from "./postgres-failure.js"
import type { PostgresPlace } from "./postgres-place.js"
import type { PostgresPool, PostgresStatement } from "./postgres-pool.js"
import { RunningWork } from "./running-work.js"
import { Turns } from "./turns.js"
import { ownCommit, storeClosed } from "./usage.js"

/** More often than that, nobody is in our way by chance. */
const MAX_TRIES = 20

/** Asks the server for everything; commits of this process that share a key wait for each other here. */
export class PostgresStore implements Store {
  readonly #pool: PostgresPool
  readonly #place: PostgresPlace
  readonly #getStatement: PostgresStatement
  readonly #commitStatement: PostgresStatement
  readonly #running = new RunningWork()
  readonly #turns = new Turns()
  /** By its defaults the server does not run a single statement as a commit needs it. */
  #needsTransaction = false
  #closing: Promise<void> | null = null

  constructor(pool: PostgresPool, place: PostgresPlace) {
    this.#pool = pool
    this.#place = place
    this.#getStatement = {
      name: "stringphone_get",
      text: `SELECT entry_value AS value, entry_version AS version FROM ${place.schema}.store_get($1)`,
    }
    this.#commitStatement = {
      name: "stringphone_commit",
      text: `SELECT ${place.schema}.store_commit($1, $2, $3, $4, $5, $6) AS is_written`,
    }
  }

  async get(key: string): Promise<Entry | null> {
    const [row] = await this.#read(this.#getStatement, [encodeKey(key)])
    return row === undefined ? null : entryOf(key, row as Row)
  }

  async list(prefix: string): Promise<readonly Entry[]> {
    const start = encodeKey(prefix)
    const end = endOfPrefix(start)
    const isBefore = end === null ? "" : "AND key < $2"
    const rows = await this.#read(
      `SELECT key, value, version FROM ${this.#place.schema}.store_entries
       WHERE key >= $1 ${isBefore} ORDER BY key`,
      end === null ? [start] : [start, end],
    )
    return (rows as readonly KeyRow[]).map((row) => {
      const key = decodeKey(row.key)
      if (key === null) throw foreignTables(this.#place)
      return entryOf(key, row)
    })
  }

  async commit(commit: Commit): Promise<boolean> {
    this.#assertOpen()
    const own = ownCommit(commit)
    const keys = new Set([...own.checks, ...own.writes].map(({ key }) => key))
    return this.#running.add(
      this.#turns.take(keys, () => this.#retry(() => this.#commit(keys, own))),
    )
  }

  async close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#running.ended()
      await this.#pool.end()
    })()
    await this.#closing
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw storeClosed()
  }

  async #read(
    sql: string | PostgresStatement,
    values: readonly unknown[],
  ): Promise<readonly unknown[]> {
    this.#assertOpen()
    const reading = this.#retry(() => this.#pool.query(sql, values))
    return (await this.#running.add(reading)).rows
  }

  async #retry<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await work()
      } catch (error) {
        if (tries === MAX_TRIES || !isTransient(error)) throw error
      }
    }
  }

  async #commit(keys: ReadonlySet<string>, { checks, writes }: Required<Commit>): Promise<boolean> {
    if (!checks.every(({ version }) => version === null || isVersion(version))) return false
    const values = [
      locksOf(keys),
      checks.map(({ key }) => encodeKey(key)),
      checks.map(({ version }) => version),
      writes.map(({ key }) => encodeKey(key)),
      writes.map(({ value }) => value && value.length),
      Buffer.concat(writes.flatMap(({ value }) => value ?? [])),
    ]
    if (!this.#needsTransaction) {
      const { rows } = await this.#pool.query(this.#commitStatement, values)
      const { is_written } = rows[0] as CommitRow
      if (is_written !== null) return is_written
      this.#needsTransaction = true
    }
    return this.#pool.transact(async (client) => {
      const { rows } = await client.query(this.#commitStatement, values)
      return (rows[0] as CommitRow).is_written === true
    })
  }
}

interface CommitRow {
  readonly is_written: boolean | null
}

interface Row {
  readonly value: Uint8Array
  readonly version: string
}

interface KeyRow extends Row {
  readonly key: Uint8Array
}

function entryOf(key: string, { value, version }: Row): Entry {
  return { key, value: new Uint8Array(value), version }
}

/** Of others the server would say that they are no numbers. */
function isVersion(version: string): boolean {
  return /^[1-9]\d{0,17}$/.test(version)
}

/** The numbers to lock; keys that share one wait for each other in vain. */
function locksOf(keys: ReadonlySet<string>): readonly number[] {
  const locks = new Set(Array.from(keys, (key) => crc32(encodeKey(key)) | 0))
  return [...locks].sort((a, b) => a - b)
}
