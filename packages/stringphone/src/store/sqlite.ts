import type { Store } from "./port.js"
import {
  type SqliteFormat,
  assertFormat,
  formatStatement,
  isEmptyDatabase,
  prepareDatabaseFile,
  transact,
} from "./sqlite-database.js"
import { type SqliteDatabase, requireSqlite } from "./sqlite-engine.js"
import { sqliteFailure } from "./sqlite-failure.js"
import { SqliteStore } from "./sqlite-store.js"
import { whenFree } from "./sqlite-wait.js"

export interface SqliteStoreOptions {
  /** The file; it and its directory are made when they are missing. */
  readonly path: string
  /** How long to wait for other processes, in milliseconds; 30 000 unless given. */
  readonly lockTimeoutMs?: number
}

/*
 * Two tables:
 *
 *     entries    key (key-bytes.ts), value, version: the counter of the commit that wrote it
 *     head       one row: counter, the number of commits that wrote. It only rises
 */

/** "SPKv" */
const FORMAT: SqliteFormat = { applicationId: 0x53504b76, version: 1 }

/**
 * A store in an SQLite database (Node), for more entries than a file that is written as a whole can have.
 * Any number of processes of one machine may use it at once. Uses Node's own SQLite (22.13 or later), else
 * the package better-sqlite3. Private to its user (0600), but not encrypted.
 *
 * The database writes ahead (WAL) with `synchronous = FULL`: what `commit` resolved survives a power
 * failure. It works synchronously: while the disk is busy, so is the thread.
 *
 * @throws {ChannelError} `missing-peer`, `store-locked`, `store-corrupt`, `store-newer`, `store-failed`
 * @example
 * const store = await openSqliteStore({ path: "/var/lib/stringphone/store.sqlite" })
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { path, lockTimeoutMs = 30_000 } = options
  const openSqlite = requireSqlite()
  try {
    const file = await prepareDatabaseFile(path)
    const database = openSqlite(file)
    try {
      return await whenFree(file, lockTimeoutMs, () => {
        prepare(database, file)
        return new SqliteStore(file, database, lockTimeoutMs)
      })
    } catch (error) {
      database.close()
      throw error
    }
  } catch (error) {
    throw sqliteFailure(error, path)
  }
}

function prepare(database: SqliteDatabase, path: string): void {
  const isNew = isEmptyDatabase(database)
  if (!isNew) assertFormat(database, path, FORMAT)
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
  if (!isNew) return
  transact(database, () => {
    // Another process may have come first.
    if (!isEmptyDatabase(database)) return assertFormat(database, path, FORMAT)
    database.exec(
      `CREATE TABLE entries (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL,
         version INTEGER NOT NULL);
       CREATE TABLE head (counter INTEGER NOT NULL);
       INSERT INTO head VALUES (0);
       ${formatStatement(FORMAT)}`,
    )
  })
}
