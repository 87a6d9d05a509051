import { postgresPlace } from "../postgres-place.js"
import { PostgresPool } from "../postgres-pool.js"
import { prepareSchema } from "../postgres-schema.js"
import type { EnvelopeStore } from "./port.js"
import { PostgresEnvelopeStore } from "./postgres-store.js"
import { ENVELOPE_TABLES } from "./postgres-tables.js"

export interface PostgresEnvelopeStoreOptions {
  /** As `postgres://user:password@host:5432/database`; the password never shows in errors. */
  readonly url: string
  /** Made when it is missing, with all in it. Default `stringphone`. */
  readonly schema?: string
  /** At most so many connections. Default 4. */
  readonly maxConnections?: number
}

/**
 * An envelope store in a PostgreSQL database (12 or later), for archives larger than one machine keeps;
 * several processes may use one at once. Needs the package `pg`. A day of expiry is a table of its own,
 * dropped as a whole. Nothing is kept in memory: every call asks the server.
 *
 * When the connection is lost, what was asked throws `store-failed`, and nobody knows whether it was
 * done; asking again is safe. Later calls connect anew.
 *
 * @throws {UsageError} `bad-url`, `bad-schema`
 * @throws {ChannelError} `missing-peer`, `store-corrupt`, `store-newer`, `store-locked`, `store-failed`
 * @example
 * const store = await openPostgresEnvelopeStore({ url: "postgres://hub@localhost/mail" })
 */
export async function openPostgresEnvelopeStore({
  url,
  schema = "stringphone",
  maxConnections = 4,
}: PostgresEnvelopeStoreOptions): Promise<EnvelopeStore> {
  const place = postgresPlace(url, schema, "envelopes")
  const pool = new PostgresPool(place, maxConnections)
  try {
    await pool.transact((client) => prepareSchema(client, place, ENVELOPE_TABLES))
  } catch (error) {
    await pool.end()
    throw error
  }
  return new PostgresEnvelopeStore(pool, place.schema)
}
