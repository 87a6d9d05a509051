import { crc32 } from "node:zlib"
import { utf8 } from "../../bytes/index.js"
import { transact } from "../sqlite-database.js"
import type { SqliteDatabase, SqliteStatement } from "../sqlite-engine.js"
import type { Changes, EnvelopeDisk } from "./disk.js"
import type { EnvelopeIndex, Row } from "./envelope-index.js"
import { idOf } from "./envelope-key.js"
import { envelopesFailure } from "./sqlite-failure.js"

/*
 * Two tables for a day, so that what is read at the opening lies together:
 *
 *     day_20000    number, id, stamp, stamp_bits, link (UTF-8), size
 *     bytes_20000  number, crc (CRC-32 of ID and bytes), bytes
 *
 * and one of one row, which outlives them: `head`, with the last number.
 */

/** An envelope is found by its day and number. */
export class SqliteDisk implements EnvelopeDisk<null> {
  readonly #path: string
  readonly #database: SqliteDatabase
  readonly #index: EnvelopeIndex<null>
  readonly #days: Map<number, DayTables>
  readonly #setLastNumber: SqliteStatement

  constructor(path: string, database: SqliteDatabase, index: EnvelopeIndex<null>) {
    this.#path = path
    this.#database = database
    this.#index = index
    this.#days = new Map(index.days().map((day) => [day, new DayTables(database, day)]))
    this.#setLastNumber = database.prepare("UPDATE head SET last_number = ?")
  }

  async write({ added, stamped }: Changes<null>): Promise<readonly null[]> {
    this.#transact(() => {
      for (const { number, id, day, stamp, stampBits, link, bytes } of added) {
        const tables = this.#tablesOf(day)
        tables.insert.run(number, id, stamp, stampBits, utf8(link), bytes.length)
        tables.insertBytes.run(number, crc32(bytes, crc32(id)), bytes)
      }
      for (const { row, stamp, stampBits } of stamped) {
        this.#tablesOf(row.day).restamp.run(stamp, stampBits, row.number)
      }
      const last = added.at(-1)
      if (last !== undefined) this.#setLastNumber.run(last.number)
    })
    return added.map(() => null)
  }

  async read(rows: readonly Row<null>[]): Promise<readonly (Uint8Array | null)[]> {
    try {
      return rows.map((row) => {
        const found = this.#days.get(row.day)?.selectBytes.get(row.number) as BytesRow | undefined
        if (!(found?.bytes instanceof Uint8Array)) return null
        const bytes = new Uint8Array(found.bytes)
        return crc32(bytes, crc32(idOf(row.key))) === found.crc ? bytes : null
      })
    } catch (error) {
      throw envelopesFailure(error, this.#path)
    }
  }

  async drop(rows: readonly Row<null>[]): Promise<void> {
    this.#transact(() => {
      for (const day of new Set(rows.map((row) => row.day))) {
        const dropped = rows.filter((row) => row.day === day)
        if (dropped.length === this.#index.rowsOf(day).size) {
          this.#forget(day)
          continue
        }
        const tables = this.#tablesOf(day)
        for (const { number } of dropped) {
          tables.delete.run(number)
          tables.deleteBytes.run(number)
        }
      }
    })
  }

  async expire(beforeDay: number): Promise<void> {
    const days = [...this.#days.keys()].filter((day) => day < beforeDay)
    if (days.length > 0) this.#transact(() => days.forEach((day) => this.#forget(day)))
  }

  async close(): Promise<void> {
    try {
      this.#database.close()
    } catch (error) {
      throw envelopesFailure(error, this.#path)
    }
  }

  #forget(day: number): void {
    this.#days.delete(day)
    this.#database.exec(`DROP TABLE day_${day}; DROP TABLE bytes_${day}`)
  }

  #tablesOf(day: number): DayTables {
    let tables = this.#days.get(day)
    if (tables === undefined) this.#days.set(day, (tables = new DayTables(this.#database, day)))
    return tables
  }

  #transact(work: () => void): void {
    const before = new Map(this.#days)
    try {
      transact(this.#database, work)
    } catch (error) {
      // Tables that were made or dropped in vain.
      this.#days.clear()
      for (const [day, tables] of before) this.#days.set(day, tables)
      throw envelopesFailure(error, this.#path)
    }
  }
}

interface BytesRow {
  readonly crc: number
  readonly bytes: unknown
}

/** The tables of a day; made when they are missing. */
class DayTables {
  readonly insert: SqliteStatement
  readonly insertBytes: SqliteStatement
  readonly restamp: SqliteStatement
  readonly selectBytes: SqliteStatement
  readonly delete: SqliteStatement
  readonly deleteBytes: SqliteStatement

  constructor(database: SqliteDatabase, day: number) {
    const [rows, bytes] = [`day_${day}`, `bytes_${day}`]
    database.exec(
      `CREATE TABLE IF NOT EXISTS ${rows} (number INTEGER PRIMARY KEY, id BLOB NOT NULL,
         stamp BLOB NOT NULL, stamp_bits INTEGER NOT NULL, link BLOB NOT NULL,
         size INTEGER NOT NULL);
       CREATE TABLE IF NOT EXISTS ${bytes} (number INTEGER PRIMARY KEY, crc INTEGER NOT NULL,
         bytes BLOB NOT NULL)`,
    )
    this.insert = database.prepare(`INSERT INTO ${rows} VALUES (?, ?, ?, ?, ?, ?)`)
    this.insertBytes = database.prepare(`INSERT INTO ${bytes} VALUES (?, ?, ?)`)
    this.restamp = database.prepare(`UPDATE ${rows} SET stamp = ?, stamp_bits = ? WHERE number = ?`)
    this.selectBytes = database.prepare(`SELECT crc, bytes FROM ${bytes} WHERE number = ?`)
    this.delete = database.prepare(`DELETE FROM ${rows} WHERE number = ?`)
    this.deleteBytes = database.prepare(`DELETE FROM ${bytes} WHERE number = ?`)
  }
}
