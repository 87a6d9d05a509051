import { ChannelError } from "../bytes/index.js"
import { foreignTables } from "./postgres-failure.js"
import type { PostgresPlace } from "./postgres-place.js"
import type { PostgresClient } from "./postgres-pool.js"

export interface PostgresTables {
  /** The table of one row that says with its `version` which tables these are. */
  readonly head: string
  readonly version: number
  /** Makes all of them, the head too. */
  create(client: PostgresClient, schema: string): Promise<void>
}

/**
 * Inside a transaction: makes what is missing. When several come at once, the first does it.
 *
 * @throws {ChannelError} `store-corrupt`, `store-newer`
 */
export async function prepareSchema(
  client: PostgresClient,
  place: PostgresPlace,
  tables: PostgresTables,
): Promise<void> {
  const { schema, name, contents } = place
  await client.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [
    `stringphone ${schema}`,
  ])
  // Not IF NOT EXISTS: that needs the right to make one, even when there is one.
  const { rows } = await client.query(
    "SELECT to_regnamespace($1) AS schema, to_regclass($2) AS head",
    [schema, `${schema}.${tables.head}`],
  )
  const found = rows[0] as { readonly schema: string | null; readonly head: string | null }
  if (found.schema === null) await client.query(`CREATE SCHEMA ${schema}`)
  if (found.head === null) return tables.create(client, schema)
  const head = (await client.query(`SELECT version FROM ${schema}.${tables.head}`)).rows[0]
  const version = Number((head as { readonly version: unknown } | undefined)?.version)
  if (!(version >= 1)) throw foreignTables(place)
  if (version <= tables.version) return
  throw new ChannelError(
    "store-newer",
    `The ${contents} in ${name} were written by a newer version of Stringphone. ` +
      "Update this program; nothing was changed.",
  )
}
