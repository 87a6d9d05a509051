import { open } from "node:fs/promises"
import { join } from "node:path"
import { ChannelError, fromUtf8 } from "../../bytes/index.js"
import { preparePlace } from "../file-place.js"
import { EnvelopeIndex, ownStamp } from "./envelope-index.js"
import { keyOf } from "./envelope-key.js"
import { DATABASE_NAME, assertKind } from "./folder-kind.js"
import { IndexedEnvelopeStore } from "./indexed-store.js"
import type { EnvelopeStore } from "./port.js"
import { SqliteDisk } from "./sqlite-disk.js"
import { type OpenSqlite, type SqliteDatabase, requireSqlite } from "./sqlite-engine.js"
import { corruptDatabase, sqliteFailure } from "./sqlite-failure.js"

export interface SqliteEnvelopeStoreOptions {
  /** Made when it is missing; for one process at a time. */
  readonly folder: string
}

/** "SPEn" */
const APPLICATION_ID = 0x5350456e
const VERSION = 1

/**
 * An envelope store in an SQLite database (Node): tables for each day of expiry, dropped as a whole when
 * the day is over. Uses Node's own SQLite (22.13 or later), else the package better-sqlite3. The index
 * is in memory, some 300 bytes an envelope. Private to its user (0600).
 *
 * The database writes ahead (WAL) with `synchronous = FULL`: what `add` resolved survives a power
 * failure. It works synchronously: while the disk is busy, so is the thread.
 *
 * @throws {ChannelError} `missing-peer`, `store-locked`, `store-corrupt`, `store-newer`, `store-failed`
 * @example
 * const store = await openSqliteEnvelopeStore({ folder: "/var/lib/stringphone/envelopes" })
 */
export async function openSqliteEnvelopeStore({
  folder,
}: SqliteEnvelopeStoreOptions): Promise<EnvelopeStore> {
  const openSqlite = requireSqlite()
  try {
    await assertKind(folder, "sqlite")
    const path = await preparePlace(join(folder, DATABASE_NAME))
    // SQLite would let others read what it makes.
    await (await open(path, "a", 0o600)).close()
    return openDatabase(openSqlite, path)
  } catch (error) {
    throw sqliteFailure(error, folder)
  }
}

function openDatabase(openSqlite: OpenSqlite, path: string): EnvelopeStore {
  const database = openSqlite(path)
  try {
    prepare(database, path)
    const index = load(database, path)
    return new IndexedEnvelopeStore(index, new SqliteDisk(path, database, index))
  } catch (error) {
    database.close()
    throw error
  }
}

function prepare(database: SqliteDatabase, path: string): void {
  // Nobody else gets in until we close, so the index in memory stays right.
  database.exec("PRAGMA locking_mode = EXCLUSIVE")
  const isEmpty = numberOf(database, "SELECT count(*) AS value FROM sqlite_schema") === 0
  if (!isEmpty) assertOurs(database, path)
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE`)
  if (isEmpty) {
    database.exec(
      `CREATE TABLE head (last_number INTEGER NOT NULL);
       INSERT INTO head VALUES (0);
       PRAGMA application_id = ${APPLICATION_ID};
       PRAGMA user_version = ${VERSION}`,
    )
  }
  database.exec("COMMIT")
}

function assertOurs(database: SqliteDatabase, path: string): void {
  const application = numberOf(
    database,
    "SELECT application_id AS value FROM pragma_application_id",
  )
  if (application !== APPLICATION_ID) throw corruptDatabase(path)
  const version = numberOf(database, "SELECT user_version AS value FROM pragma_user_version")
  if (version <= VERSION) return
  throw new ChannelError(
    "store-newer",
    `The database "${path}" was written by a newer version of Stringphone. ` +
      "Update this program; nothing was changed.",
  )
}

function load(database: SqliteDatabase, path: string): EnvelopeIndex<null> {
  const index = new EnvelopeIndex<null>()
  index.skipNumbers(numberOf(database, "SELECT last_number AS value FROM head"))
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
  for (const { name } of tables as { readonly name: string }[]) {
    const [, day] = /^day_(\d{1,5})$/.exec(name) ?? []
    if (day === undefined) continue
    for (const row of database.prepare(`SELECT * FROM ${name}`).all()) {
      const { number, id, stamp, stamp_bits, link, size } = row as StoredRow
      const name = link instanceof Uint8Array ? fromUtf8(link) : null
      if (!isBytes(id, 32) || !isBytes(stamp, 8) || name === null) throw corruptDatabase(path)
      const known = { number, size, stampBits: stamp_bits, link: name, day: Number(day) }
      index.add({ ...known, key: keyOf(id), stamp: ownStamp(stamp), place: null })
    }
  }
  return index
}

interface StoredRow {
  readonly number: number
  readonly id: unknown
  readonly stamp: unknown
  readonly stamp_bits: number
  readonly link: unknown
  readonly size: number
}

function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length
}

function numberOf(database: SqliteDatabase, query: string): number {
  const row = database.prepare(query).get() as { readonly value: unknown } | undefined
  return Number(row?.value)
}
