import { fromUtf8 } from "../../bytes/index.js"
import { RunningWork } from "../running-work.js"
import { storeClosed } from "../usage.js"
import { keyOf } from "./envelope-key.js"
import { assertDay, assertIds, ownEnvelopes } from "./own-envelopes.js"
import type {
  EnvelopeEntry,
  EnvelopeStore,
  EnvelopeUsage,
  NewEnvelope,
  StoredEnvelope,
} from "./port.js"
import { addEnvelopes } from "./postgres-add.js"
import type { PostgresPool } from "../postgres-pool.js"
import { ENTRY_COLUMNS, daysOf, lockHead } from "./postgres-tables.js"

const MAX_LIMIT = 0x7fff_ffff

/** Reads come as they are; changes of this process wait for each other, so that reads find a connection. */
export class PostgresEnvelopeStore implements EnvelopeStore {
  readonly #pool: PostgresPool
  readonly #schema: string
  readonly #running = new RunningWork()
  #lastChange: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | null = null

  constructor(pool: PostgresPool, schema: string) {
    this.#pool = pool
    this.#schema = schema
  }

  async add(envelopes: readonly NewEnvelope[]): Promise<readonly boolean[]> {
    this.#assertOpen()
    const own = ownEnvelopes(envelopes)
    if (own.length === 0) return []
    return this.#change(() =>
      this.#pool.transact((client) => addEnvelopes(client, this.#schema, own)),
    )
  }

  async get(ids: readonly Uint8Array[]): Promise<readonly (StoredEnvelope | null)[]> {
    const keys = this.#keysOf(ids)
    if (ids.length === 0) return []
    const rows = await this.#read(
      `SELECT ${ENTRY_COLUMNS}, bytes FROM ${this.#schema}.envelopes WHERE id = ANY($1)`,
      [arrayOf(ids)],
    )
    const found = new Map(rows.map((row) => [keyOf((row as FullRow).id), row as FullRow]))
    return keys.map((key) => {
      const row = found.get(key)
      return row === undefined ? null : storedOf(row)
    })
  }

  async has(ids: readonly Uint8Array[]): Promise<readonly boolean[]> {
    const keys = this.#keysOf(ids)
    if (ids.length === 0) return []
    const rows = await this.#read(`SELECT id FROM ${this.#schema}.envelopes WHERE id = ANY($1)`, [
      arrayOf(ids),
    ])
    const found = new Set(rows.map((row) => keyOf((row as EntryRow).id)))
    return keys.map((key) => found.has(key))
  }

  async index(): Promise<readonly EnvelopeEntry[]> {
    this.#assertOpen()
    const rows = await this.#read(
      `SELECT ${ENTRY_COLUMNS} FROM ${this.#schema}.envelopes ORDER BY day, id`,
    )
    return (rows as readonly EntryRow[]).map(({ id, day, stamp_bits, link, size, number }) => ({
      id: new Uint8Array(id),
      day,
      stampBits: stamp_bits,
      link: textOf(link),
      size,
      number: Number(number),
    }))
  }

  async since(number: number, limit: number): Promise<readonly StoredEnvelope[]> {
    this.#assertOpen()
    const rows = await this.#read(
      `SELECT ${ENTRY_COLUMNS}, bytes FROM ${this.#schema}.envelopes
       WHERE number > $1 ORDER BY number LIMIT $2`,
      [number, Math.min(limit, MAX_LIMIT)],
    )
    return (rows as readonly FullRow[]).map(storedOf)
  }

  async drop(ids: readonly Uint8Array[]): Promise<number> {
    this.#assertOpen()
    assertIds(ids)
    if (ids.length === 0) return 0
    const dropped = arrayOf(ids)
    return this.#change(() =>
      this.#pool.transact(async (client) => {
        await lockHead(client, this.#schema)
        const sql = `DELETE FROM ${this.#schema}.envelopes WHERE id = ANY($1)`
        return (await client.query(sql, [dropped])).rowCount ?? 0
      }),
    )
  }

  async expire(beforeDay: number): Promise<number> {
    this.#assertOpen()
    assertDay(beforeDay)
    return this.#change(() =>
      this.#pool.transact(async (client) => {
        await lockHead(client, this.#schema)
        const days = await daysOf(client, this.#schema)
        const tables = days
          .filter((day) => day < beforeDay)
          .map((day) => `${this.#schema}.day_${day}`)
        let count = 0
        for (const table of tables) {
          const { rows } = await client.query(`SELECT count(*) FROM ${table}`)
          count += Number((rows[0] as { readonly count: string }).count)
        }
        if (tables.length > 0) await client.query(`DROP TABLE ${tables.join(", ")}`)
        return count
      }),
    )
  }

  async usage(): Promise<EnvelopeUsage> {
    this.#assertOpen()
    // One statement, so one moment.
    const rows = (await this.#read(
      `SELECT last_number, link, count, bytes FROM ${this.#schema}.head LEFT JOIN
         (SELECT link, count(*) AS count, sum(size) AS bytes
          FROM ${this.#schema}.envelopes GROUP BY link) AS links ON true`,
    )) as readonly UsageRow[]
    const links = new Map<string, { readonly count: number; readonly bytes: number }>()
    for (const { link, count, bytes } of rows) {
      if (link !== null) links.set(textOf(link), { count: Number(count), bytes: Number(bytes) })
    }
    const shares = [...links.values()]
    return {
      count: shares.reduce((sum, { count }) => sum + count, 0),
      bytes: shares.reduce((sum, { bytes }) => sum + bytes, 0),
      links,
      lastNumber: Number(rows[0]?.last_number),
    }
  }

  async close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#running.ended()
      await this.#pool.end()
    })()
    await this.#closing
  }

  #assertOpen(): void {
    if (this.#closing !== null) throw storeClosed()
  }

  #keysOf(ids: readonly Uint8Array[]): readonly string[] {
    this.#assertOpen()
    assertIds(ids)
    return ids.map(keyOf)
  }

  async #read(sql: string, values: readonly unknown[] = []): Promise<readonly unknown[]> {
    const { rows } = await this.#running.add(this.#pool.query(sql, values))
    return rows
  }

  #change<T>(run: () => Promise<T>): Promise<T> {
    const done = this.#lastChange.then(run)
    this.#lastChange = done.catch(() => {})
    return this.#running.add(done)
  }
}

interface EntryRow {
  readonly number: string
  readonly id: Uint8Array
  readonly day: number
  readonly stamp: Uint8Array
  readonly stamp_bits: number
  readonly link: Uint8Array
  readonly size: number
}

interface FullRow extends EntryRow {
  readonly bytes: Uint8Array
}

interface UsageRow {
  readonly last_number: string
  readonly link: Uint8Array | null
  readonly count: string | null
  readonly bytes: string | null
}

function storedOf(row: FullRow): StoredEnvelope {
  return {
    id: new Uint8Array(row.id),
    day: row.day,
    stamp: new Uint8Array(row.stamp),
    stampBits: row.stamp_bits,
    link: textOf(row.link),
    bytes: new Uint8Array(row.bytes),
    number: Number(row.number),
  }
}

/** A copy that the client understands. */
function arrayOf(ids: readonly Uint8Array[]): readonly Buffer[] {
  return ids.map((id) => Buffer.from(id))
}

function textOf(link: Uint8Array): string {
  return fromUtf8(new Uint8Array(link)) ?? ""
}
