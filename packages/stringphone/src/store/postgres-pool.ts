import { createRequire } from "node:module"
import { ChannelError } from "../bytes/index.js"
import type { PostgresPlace } from "./postgres-place.js"
import { postgresFailure } from "./postgres-failure.js"

/** As much of the package `pg` as we need. */
export interface PostgresClient {
  query(sql: string | PostgresStatement, values?: readonly unknown[]): Promise<PostgresResult>
}

/** The server keeps its plan under the name, for each connection. */
export interface PostgresStatement {
  readonly name: string
  readonly text: string
}

export interface PostgresResult {
  readonly rows: readonly unknown[]
  readonly rowCount: number | null
}

interface PooledClient extends PostgresClient {
  release(isBroken: boolean): void
}

interface NewClient {
  on(event: "error", listener: () => void): void
}

interface Pool extends PostgresClient {
  connect(): Promise<PooledClient>
  on(event: "error", listener: () => void): void
  on(event: "connect", listener: (client: NewClient) => void): void
  end(): Promise<void>
}

interface Package {
  readonly Pool: new (options: Readonly<Record<string, unknown>>) => Pool
}

/** Also the longest wait for one of the connections to be free. */
const CONNECT_WITHIN_MS = 30_000
const ANSWER_WITHIN_MS = 60_000

/*
 * Of one transaction alone, so that it also works through a pooler, and whatever the server's defaults
 * are: what is read after the lock was had is newer than what its last owner wrote, what is committed is
 * durable, and whoever vanishes without a word lets go of the lock after a while.
 */
const BEGIN =
  "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL synchronous_commit = on; " +
  "SET LOCAL lock_timeout = '30s'; SET LOCAL idle_in_transaction_session_timeout = '30s'"

/** A few connections, made when they are needed; a lost one is replaced by the next use. */
export class PostgresPool {
  readonly #place: PostgresPlace
  readonly #pool: Pool

  /** @throws {ChannelError} `missing-peer`, `store-failed` */
  constructor(place: PostgresPlace, maxConnections: number) {
    this.#place = place
    const { Pool } = requirePackage()
    try {
      this.#pool = new Pool({
        connectionString: place.url,
        max: maxConnections,
        connectionTimeoutMillis: CONNECT_WITHIN_MS,
        query_timeout: ANSWER_WITHIN_MS,
        keepAlive: true,
        application_name: "stringphone",
      })
    } catch (error) {
      throw postgresFailure(error, place)
    }
    // A lost connection fails what was asked over it; an idle one the pool forgets by itself.
    this.#pool.on("connect", (client) => client.on("error", () => {}))
    this.#pool.on("error", () => {})
  }

  /** One statement. @throws {ChannelError} `store-failed` and others */
  query(sql: string | PostgresStatement, values: readonly unknown[] = []): Promise<PostgresResult> {
    return this.#use((client) => client.query(sql, values))
  }

  /** All or nothing. @throws {ChannelError} `store-failed` and others */
  transact<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    return this.#use(async (client) => {
      await client.query(BEGIN)
      const result = await work(client)
      await client.query("COMMIT")
      return result
    })
  }

  async end(): Promise<void> {
    await this.#pool.end().catch(() => {})
  }

  async #use<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    let client: PooledClient | null = null
    let isBroken = true
    try {
      client = await this.#pool.connect()
      const result = await work(client)
      isBroken = false
      return result
    } catch (error) {
      throw postgresFailure(error, this.#place)
    } finally {
      // A connection that is ended rolls back, also when nobody knows what state it is in.
      client?.release(isBroken)
    }
  }
}

function requirePackage(): Package {
  try {
    return createRequire(import.meta.url)("pg") as Package
  } catch (cause) {
    throw new ChannelError(
      "missing-peer",
      'PostgreSQL needs the package "pg", which could not be loaded. Run: npm install pg',
      { cause },
    )
  }
}
