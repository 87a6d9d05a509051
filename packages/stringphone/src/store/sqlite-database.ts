import { closeSync, openSync } from "node:fs"
import { ChannelError } from "../bytes/index.js"
import { isSystemError } from "./file-failure.js"
import { preparePlace } from "./file-place.js"
import type { SqliteDatabase } from "./sqlite-engine.js"
import { corruptDatabase } from "./sqlite-failure.js"

/** What a database says of itself, so that none is taken for another. */
export interface SqliteFormat {
  readonly applicationId: number
  readonly version: number
}

/** Makes the file and its folder when they are missing. @returns the path of the file itself */
export async function prepareDatabaseFile(path: string): Promise<string> {
  const place = await preparePlace(path)
  // SQLite would let others read what it makes. In one go, and only where there is no file: closing a
  // file takes from this process all its locks on it, also those of a database that it has open.
  try {
    closeSync(openSync(place, "wx", 0o600))
  } catch (error) {
    if (!isSystemError(error, "EEXIST")) throw error
  }
  return place
}

export function isEmptyDatabase(database: SqliteDatabase): boolean {
  return numberOf(database, "SELECT count(*) AS value FROM sqlite_schema") === 0
}

/** To be run in the transaction that makes the tables. */
export function formatStatement({ applicationId, version }: SqliteFormat): string {
  return `PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version}`
}

/** @throws {ChannelError} `store-corrupt` when it is another's, `store-newer` */
export function assertFormat(database: SqliteDatabase, path: string, format: SqliteFormat): void {
  const application = numberOf(
    database,
    "SELECT application_id AS value FROM pragma_application_id",
  )
  if (application !== format.applicationId) throw corruptDatabase(path)
  const version = numberOf(database, "SELECT user_version AS value FROM pragma_user_version")
  if (version <= format.version) return
  throw new ChannelError(
    "store-newer",
    `The database "${path}" was written by a newer version of Stringphone. ` +
      "Update this program; nothing was changed.",
  )
}

/** @param query gives one row with a `value` */
export function numberOf(database: SqliteDatabase, query: string): number {
  const row = database.prepare(query).get() as { readonly value: unknown } | undefined
  return Number(row?.value)
}

/** All of `work` or, when it throws, nothing of it. Nobody else writes meanwhile. */
export function transact<T>(database: SqliteDatabase, work: () => T): T {
  try {
    database.exec("BEGIN IMMEDIATE")
    const result = work()
    database.exec("COMMIT")
    return result
  } catch (error) {
    rollBack(database)
    throw error
  }
}

function rollBack(database: SqliteDatabase): void {
  try {
    database.exec("ROLLBACK")
  } catch {
    // SQLite did it by itself, or the transaction was not begun.
  }
}
