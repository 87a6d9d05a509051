import type { PostgresClient } from "../postgres-pool.js"
import type { PostgresTables } from "../postgres-schema.js"

/*
 * In a schema of their own:
 *
 *     head         one row: version, last_number. Whoever changes anything locks it first
 *     envelopes    number, id, day, stamp, stamp_bits, link (UTF-8), size, bytes;
 *                  a partition for each day: day_20000
 */

const VERSION = 1

/** Everything but the bytes. */
export const ENTRY_COLUMNS = "number, id, day, stamp, stamp_bits, link, size"

export const ENVELOPE_TABLES: PostgresTables = {
  head: "head",
  version: VERSION,
  create: createTables,
}

async function createTables(client: PostgresClient, schema: string): Promise<void> {
  // What is encrypted can not be compressed: EXTERNAL does not try.
  await client.query(
    `CREATE TABLE ${schema}.envelopes (number bigint NOT NULL, id bytea NOT NULL,
       day integer NOT NULL, stamp bytea NOT NULL, stamp_bits integer NOT NULL,
       link bytea NOT NULL, size integer NOT NULL, bytes bytea NOT NULL,
       PRIMARY KEY (id, day)) PARTITION BY LIST (day);
     ALTER TABLE ${schema}.envelopes ALTER COLUMN bytes SET STORAGE EXTERNAL;
     CREATE INDEX ON ${schema}.envelopes (number);
     CREATE TABLE ${schema}.head (version integer NOT NULL, last_number bigint NOT NULL);
     INSERT INTO ${schema}.head VALUES (${VERSION}, 0)`,
  )
}

/**
 * From here to the end of the transaction nobody else changes anything. A transaction shows to others
 * before it lets go of its locks, so numbers that are given under this one show in their order.
 *
 * @returns the last number given
 */
export async function lockHead(client: PostgresClient, schema: string): Promise<number> {
  const { rows } = await client.query(`SELECT last_number FROM ${schema}.head FOR UPDATE`)
  return Number((rows[0] as { readonly last_number: string }).last_number)
}

/** Under the lock of the head. Looks first: making one stops all readers for a moment. */
export async function makeDays(
  client: PostgresClient,
  schema: string,
  days: readonly number[],
): Promise<void> {
  const there = new Set(await daysOf(client, schema))
  for (const day of days) {
    if (there.has(day)) continue
    await client.query(
      `CREATE TABLE ${schema}.day_${day} PARTITION OF ${schema}.envelopes FOR VALUES IN (${day})`,
    )
  }
}

/** The days that have a table. */
export async function daysOf(client: PostgresClient, schema: string): Promise<readonly number[]> {
  const { rows } = await client.query(
    `SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
     WHERE inhparent = '${schema}.envelopes'::regclass`,
  )
  return (rows as { readonly relname: string }[]).map(({ relname }) => Number(relname.slice(4)))
}
