import { createRequire } from "node:module"
import { ChannelError } from "../bytes/index.js"

/** What Node's SQLite and better-sqlite3 have in common, as far as we need it. */
export interface SqliteDatabase {
  exec(sql: string): void
  prepare(sql: string): SqliteStatement
  close(): void
}

export interface SqliteStatement {
  run(...values: readonly SqliteValue[]): unknown
  get(...values: readonly SqliteValue[]): unknown
  all(...values: readonly SqliteValue[]): unknown[]
}

export type SqliteValue = number | string | Uint8Array

/** Opens a file that is there; never waits for a lock. */
export type OpenSqlite = (path: string) => SqliteDatabase

/** @returns `null`: neither has this Node SQLite, nor is better-sqlite3 installed */
export function findSqlite(): OpenSqlite | null {
  try {
    return requireSqlite()
  } catch {
    return null
  }
}

/** @throws {ChannelError} `missing-peer` */
export function requireSqlite(): OpenSqlite {
  // `import` would be an error where it is missing, and bundlers would look for it.
  const found = process.getBuiltinModule("node:sqlite") as NodeSqlite | undefined
  if (found !== undefined) return (path) => new found.DatabaseSync(path)
  try {
    const Database = createRequire(import.meta.url)("better-sqlite3") as BetterSqlite
    return (path) => new Database(path, { timeout: 0 })
  } catch (cause) {
    throw new ChannelError(
      "missing-peer",
      `Node ${process.versions.node} has no SQLite, and the package "better-sqlite3" could not be ` +
        "loaded. Use Node 22.13 or later, or run: npm install better-sqlite3",
      { cause },
    )
  }
}

interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => SqliteDatabase
}

type BetterSqlite = new (path: string, options: { readonly timeout: number }) => SqliteDatabase
