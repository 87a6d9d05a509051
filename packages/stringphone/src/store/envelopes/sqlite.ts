import { join } from "node:path"
import { fromUtf8 } from "../../bytes/index.js"
import {
  type SqliteFormat,
  assertFormat,
  formatStatement,
  isEmptyDatabase,
  numberOf,
  prepareDatabaseFile,
  transact,
} from "../sqlite-database.js"
import { type OpenSqlite, type SqliteDatabase, requireSqlite } from "../sqlite-engine.js"
import { corruptDatabase } from "../sqlite-failure.js"
import { EnvelopeIndex, ownStamp } from "./envelope-index.js"
import { keyOf } from "./envelope-key.js"
import { DATABASE_NAME, assertKind } from "./folder-kind.js"
import { IndexedEnvelopeStore } from "./indexed-store.js"
import type { EnvelopeStore } from "./port.js"
import { SqliteDisk } from "./sqlite-disk.js"
import { envelopesFailure } from "./sqlite-failure.js"

export interface SqliteEnvelopeStoreOptions {
  /** Made when it is missing; for one process at a time. */
  readonly folder: string
}

/** "SPEn" */
const FORMAT: SqliteFormat = { applicationId: 0x5350456e, version: 1 }

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
    return openDatabase(openSqlite, await prepareDatabaseFile(join(folder, DATABASE_NAME)))
  } catch (error) {
    throw envelopesFailure(error, folder)
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
  const isEmpty = isEmptyDatabase(database)
  if (!isEmpty) assertFormat(database, path, FORMAT)
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
  transact(database, () => {
    if (!isEmpty) return
    database.exec(
      `CREATE TABLE head (last_number INTEGER NOT NULL);
       INSERT INTO head VALUES (0);
       ${formatStatement(FORMAT)}`,
    )
  })
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
