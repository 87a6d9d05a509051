import type { Store } from "./port.js"
import { ENTRY_TABLES } from "./postgres-entries.js"
import { PostgresStore } from "./postgres-store.js"
import { postgresPlace } from "./postgres-place.js"
import { PostgresPool } from "./postgres-pool.js"
import { prepareSchema } from "./postgres-schema.js"

export interface PostgresStoreOptions {
  /** As `postgres://user:password@host:5432/database`; the password never shows in errors. */
  readonly url: string
  /** Made when it is missing; it may have other tables. Default `stringphone`. */
  readonly schema?: string
  /** At most so many connections. Default 8. */
  readonly maxConnections?: number
}

/**
 * A store in a PostgreSQL database (12 or later); any number of processes on any machines may use it at
 * once. Needs the package `pg`. `get` and `commit` are one round trip each, of prepared statements: between
 * us and the server only a pooler that knows them will do (PgBouncer 1.21 or later).
 *
 * When the connection is lost, what was asked throws `store-failed`, and nobody knows whether it was
 * done; a commit that checks what it writes may be tried again. Later calls connect anew.
 *
 * @throws {UsageError} `bad-url`, `bad-schema`
 * @throws {ChannelError} `missing-peer`, `store-corrupt`, `store-newer`, `store-locked`, `store-failed`
 * @example
 * const store = await openPostgresStore({ url: "postgres://hub@localhost/stringphone" })
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { url, schema = "stringphone", maxConnections = 8 } = options
  const place = postgresPlace(url, schema, "entries")
  const pool = new PostgresPool(place, maxConnections)
  try {
    await pool.transact((client) => prepareSchema(client, place, ENTRY_TABLES))
  } catch (error) {
    await pool.end()
    throw error
  }
  return new PostgresStore(pool, place)
}
