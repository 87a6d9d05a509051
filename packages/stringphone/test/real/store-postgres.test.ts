import { inspect } from "node:util"
import { Client } from "pg"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { fromUtf8, utf8 } from "../../src/bytes/index.js"
import { openPostgresEnvelopeStore } from "../../src/store/envelopes/postgres.js"
import { type Store, update } from "../../src/store/index.js"
import { openPostgresStore } from "../../src/store/postgres.js"
import { storeContract } from "../contract/store-contract.js"
import { sample } from "../contract/envelope-store-samples.js"
import { type Incrementer, assertBuilt, startIncrementer } from "../store/children.js"
import { newFolder } from "../store/folder.js"
import {
  type PostgresServer,
  postgresPassword,
  postgresPrograms,
  startPostgresServer,
} from "./envelope-store-postgres-server.js"

describe.skipIf(postgresPrograms === null)("a store in PostgreSQL", { timeout: 120_000 }, () => {
  let server: PostgresServer
  let schemas = 0
  let schema: string
  const open = (): Promise<Store> => openPostgresStore({ url: server.url, schema })

  beforeAll(async () => {
    server = await startPostgresServer()
  }, 120_000)
  afterAll(() => server.stop())
  beforeEach(() => {
    schema = `test_${schemas++}`
  })

  /** As a person at the server does it. */
  const ask = async (sql: string): Promise<readonly Record<string, unknown>[]> => {
    const client = new Client({ connectionString: server.url })
    await client.connect()
    const { rows } = await client.query<Record<string, unknown>>(sql)
    await client.end()
    return rows
  }

  const put = (store: Store, key: string, value = key) =>
    store.commit({ writes: [{ key, value: utf8(value) }] })
  const number = async (store: Store, key: string) => numberOf((await store.get(key))?.value)
  const increment = (store: Store, key: string) =>
    update(store, key, (value) => utf8(String(numberOf(value) + 1)))

  storeContract(
    "postgres",
    (place) => openPostgresStore({ url: server.url, schema: place.replace("-", "_") }),
    { isShared: true },
  )

  describe("used by several at once", () => {
    const own = (child: Incrementer) => `process ${child.pid}`
    const start = async (count?: number): Promise<Incrementer> => {
      assertBuilt()
      const place = { kind: "postgres", url: server.url, schema } as const
      return startIncrementer(await newFolder(), count === undefined ? place : { ...place, count })
    }

    it("loses none of the increments of ten processes", async () => {
      const children = await Promise.all(Array.from({ length: 10 }, () => start(40)))
      expect(await Promise.all(children.map((child) => child.ended))).toEqual(Array(10).fill(0))
      const store = await open()
      expect(await number(store, "n")).toBe(400)
      for (const child of children) expect(await number(store, own(child))).toBe(40)
      await store.close()
    })

    it("loses nothing that was acknowledged when processes and the server are killed", async () => {
      const store = await open()
      const busy = "state = 'active' AND application_name = 'stringphone'"
      let total = 0
      for (let round = 0; round < 5; round++) {
        const children = await Promise.all([start(), start()])
        await Promise.all(children.map((child) => child.started))
        await increment(store, "ours")
        if (round % 2 === 1) server.down()
        for (const child of children) {
          child.kill("SIGKILL")
          await child.ended
        }
        if (round % 2 === 1) server.up()
        // What a killed process asked last, the server may still be about.
        await expect.poll(() => countOf(busy), { timeout: 60_000 }).toBe(0)
        for (const child of children) {
          const stored = await number(store, own(child))
          expect(stored - child.acknowledged()).toBeOneOf([0, 1])
          total += stored
        }
        expect(await number(store, "n")).toBe(total)
      }
      await store.close()
    })

    it("is made by one of many that come at once", async () => {
      const stores = await Promise.all(Array.from({ length: 6 }, open))
      await Promise.all(stores.map((store, i) => put(store, `key ${i}`)))
      for (const store of stores) expect(await store.list("key ")).toHaveLength(6)
      for (const store of stores) await store.close()
    })

    it("moves between keys, few and very many at once, and loses nothing", async () => {
      const stores = await Promise.all([open(), open(), open()])
      const keys = Array.from({ length: 100 }, (_, i) => `account ${i}`)
      const writes = keys.map((key) => ({ key, value: utf8("10") }))
      await stores[0].commit({ writes })
      const move = async (store: Store, turn: number): Promise<void> => {
        // In any order, and every seventh time with all of them, which is locked in another way.
        const [from, to] = [keys[(turn * 37) % 6]!, keys[(turn * 23 + 1) % 6]!]
        if (from === to) return
        const touched = turn % 7 === 0 ? keys : [from, to]
        const found = await Promise.all(touched.map((key) => store.get(key)))
        const checks = found.map((entry) => ({ key: entry!.key, version: entry!.version }))
        const value = (entry: (typeof found)[number]) => {
          const by = entry!.key === from ? -1 : entry!.key === to ? 1 : 0
          return utf8(String(numberOf(entry!.value) + by))
        }
        const writes = found.map((entry) => ({ key: entry!.key, value: value(entry) }))
        if (!(await store.commit({ checks, writes }))) await move(store, turn)
      }
      const work = stores.flatMap((store, s) =>
        Array.from({ length: 4 }, async (_, w) => {
          for (let i = 0; i < 12; i++) await move(store, s * 1_000 + w * 100 + i)
        }),
      )
      await Promise.all(work)
      const entries = await stores[0].list("account ")
      expect(entries.reduce((sum, { value }) => sum + numberOf(value), 0)).toBe(1_000)
      for (const store of stores) await store.close()
    })

    it("shows lists of one moment", async () => {
      const [writer, reader] = [await open(), await open()]
      const keys = Array.from({ length: 20 }, (_, i) => `key ${i}`)
      const writing = { isOver: false }
      const write = (text: string) =>
        writer.commit({ writes: keys.map((key) => ({ key, value: utf8(text) })) })
      await write("0")
      const reading = (async () => {
        while (!writing.isOver) {
          const texts = (await reader.list("")).map(({ value }) => fromUtf8(value))
          expect(new Set(texts).size).toBe(1)
        }
      })()
      for (let i = 0; i < 100; i++) await write(String(i))
      writing.isOver = true
      await reading
      await writer.close()
      await reader.close()
    })

    it("keeps the order of commits that share a key, also when nobody waits for them", async () => {
      const store = await open()
      const commits = Array.from({ length: 30 }, (_, i) => put(store, "a", String(i)))
      await Promise.all(commits)
      expect(await number(store, "a")).toBe(29)
      await store.close()
    })

    it("asks for what it needs, whatever the server does by default", async () => {
      for (const level of ["serializable", "repeatable read"]) {
        schema = `test_${schemas++}`
        const settings =
          `-c default_transaction_isolation=${level.replace(" ", "\\ ")} ` +
          "-c synchronous_commit=off -c default_transaction_read_only=on"
        const url = `${server.url}?options=${encodeURIComponent(settings)}`
        const stores = await Promise.all([0, 1, 2].map(() => openPostgresStore({ url, schema })))
        await Promise.all(
          stores.flatMap((store) => Array.from({ length: 15 }, () => increment(store, "n"))),
        )
        expect(await number(stores[0]!, "n")).toBe(45)
        for (const store of stores) await store.close()
      }
    })

    it("makes durable what it writes where the server would not", async () => {
      await (await open()).close()
      const client = new Client({ connectionString: server.url })
      await client.connect()
      await client.query("BEGIN; SET LOCAL synchronous_commit = off")
      await client.query(`SELECT ${schema}.store_commit('{1}', '{}', '{}', '{}', '{}', '')`)
      const { rows } = await client.query("SHOW synchronous_commit")
      expect(rows).toEqual([{ synchronous_commit: "on" }])
      await client.end()
    })
  })

  it("lives beside envelopes in one schema", async () => {
    const envelopes = await openPostgresEnvelopeStore({ url: server.url, schema })
    const store = await open()
    await envelopes.add([sample(1)])
    await put(store, "a")
    expect((await envelopes.usage()).count).toBe(1)
    expect(await store.list("")).toHaveLength(1)
    await envelopes.close()
    await store.close()
  })

  it("finds keys by their index, also when the server remembers a small table", async () => {
    const store = await open()
    await put(store, "a")
    await ask(`ANALYZE ${schema}.store_entries`)
    for (let i = 0; i < 10; i++) await store.get("a")
    const writes = Array.from({ length: 3_000 }, (_, i) => `k${i}`)
    await store.commit({ writes: writes.map((key) => ({ key, value: utf8(key) })) })
    const scans = async () => {
      const [row] = await ask(
        `SELECT seq_scan FROM pg_stat_user_tables
         WHERE schemaname = '${schema}' AND relname = 'store_entries'`,
      )
      return Number(row!["seq_scan"])
    }
    for (let i = 0; i < 50; i++) expect((await store.get(`k${i}`))?.value).toEqual(utf8(`k${i}`))
    for (let i = 0; i < 50; i++) await increment(store, `n${i}`)
    await store.close()
    const ours = "application_name = 'stringphone'"
    // The server counts what a connection did when this one ends; ANALYZE counts too.
    await expect.poll(() => countOf(ours), { timeout: 60_000 }).toBe(0)
    expect(await scans()).toBeLessThan(3)
  })

  describe("when something is wrong", () => {
    /** All that can be seen of it, with its causes. */
    const failureOf = async (work: Promise<unknown>): Promise<{ code: string; shown: string }> => {
      const error: unknown = await work.then(
        () => null,
        (reason: unknown) => reason,
      )
      const { code } = error as { readonly code: string }
      return { code, shown: inspect(error, { depth: 10, showHidden: true }) }
    }

    it("works again after the server was away", async () => {
      const store = await open()
      await put(store, "a")
      const before = await store.get("a")
      server.down()
      for (const use of [() => store.get("a"), () => store.list(""), () => put(store, "b")]) {
        const { code, shown } = await failureOf(use())
        expect(code).toBe("store-failed")
        expect(shown).not.toContain(postgresPassword)
      }
      server.up()
      expect(await store.get("a")).toEqual(before)
      expect(await put(store, "a")).toBe(true)
      expect((await store.get("a"))?.version).not.toBe(before?.version)
      await store.close()
    })

    it("loses nothing when its connections end in the middle", async () => {
      const stores = await Promise.all([open(), open()])
      let failureCount = 0
      const work = stores.flatMap((store) =>
        Array.from({ length: 3 }, async (_, w) => {
          for (let done = 0; done < 40;) {
            // Of a failed commit nobody knows whether it was done: the mark in the value tells.
            const mark = `${done} ${w} ${stores.indexOf(store)}`
            const next = (value: Uint8Array | null) => {
              const marks = value === null ? [] : (fromUtf8(value) ?? "").split("\n")
              return utf8([...marks.filter((known) => known !== mark), mark].join("\n"))
            }
            const isDone = await update(store, "marks", next).then(
              () => true,
              (error: unknown) => {
                expect(error).toMatchObject({ name: "ChannelError", code: "store-failed" })
                return false
              },
            )
            if (isDone) done++
            else failureCount++
          }
        }),
      )
      const ending = (async () => {
        for (let i = 0; i < 5; i++) {
          await increment(stores[0], "ours").catch(() => null)
          await ask(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE application_name = 'stringphone'`,
          )
        }
      })()
      await Promise.all([...work, ending])
      const marks = (fromUtf8((await stores[0].get("marks"))!.value) ?? "").split("\n")
      expect(marks).toHaveLength(240)
      expect(failureCount).toBeGreaterThan(0)
      for (const store of stores) await store.close()
    })

    it("tries again what the server gave up for others' sake", async () => {
      const store = await open()
      await trouble(`IF nextval('${schema}.troubles') < 4 THEN
        RAISE EXCEPTION 'in the way' USING ERRCODE = 'serialization_failure'; END IF`)
      expect(await put(store, "a")).toBe(true)
      expect(await ask(`SELECT last_value FROM ${schema}.troubles`)).toEqual([{ last_value: "4" }])
      await store.close()
    })

    it("changes nothing when there is no room", async () => {
      const store = await open()
      await put(store, "a")
      const before = await store.list("")
      await trouble(`IF new.key = 'c' THEN
        RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END IF`)
      const writes = ["a", "b", "c"].map((key) => ({ key, value: utf8("new") }))
      expect((await failureOf(store.commit({ writes }))).code).toBe("store-full")
      expect(await store.list("")).toEqual(before)
      await store.close()
    })

    it("says when another keeps a key too long", async () => {
      const store = await open()
      await put(store, "a")
      await ask(
        `ALTER FUNCTION ${schema}.store_commit(integer[], bytea[], bigint[], bytea[], integer[], bytea)
         SET lock_timeout = '300ms'`,
      )
      const other = new Client({ connectionString: server.url })
      await other.connect()
      await other.query("BEGIN")
      await other.query(`SELECT * FROM ${schema}.store_entries FOR UPDATE`)
      const { code, shown } = await failureOf(put(store, "a"))
      expect(code).toBe("store-locked")
      expect(shown).toContain("the entries in")
      // Reads and other keys do not wait.
      expect((await store.get("a"))?.value).toEqual(utf8("a"))
      expect(await put(store, "b")).toBe(true)
      await other.query("ROLLBACK")
      await other.end()
      expect(await put(store, "a")).toBe(true)
      await store.close()
    })

    it("says what, and never the password", async () => {
      const secret = "hunter2-very-secret"
      const at = `127.0.0.1:${server.port}`
      const wrong = [
        ["bad-url", `http://hub:${secret}@${at}/postgres`],
        ["store-failed", `postgres://hub:${secret}@${at}/postgres`],
        ["store-failed", `postgres://hub:${secret}@127.0.0.1:1/postgres`],
        ["store-failed", `postgres://${at}/postgres?user=hub&password=${secret}`],
      ] as const
      for (const [expected, url] of wrong) {
        const { code, shown } = await failureOf(openPostgresStore({ url }))
        expect(code).toBe(expected)
        expect(shown).not.toContain(secret)
      }
    })

    it("leaves tables of others, and of newer versions, as they are", async () => {
      await ask(`CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.store_entries (paper text)`)
      expect((await failureOf(open())).code).toBe("store-corrupt")
      expect(await ask(`SELECT * FROM ${schema}.store_entries`)).toEqual([])
      schema = `test_${schemas++}`
      await (await open()).close()
      await ask(`UPDATE ${schema}.store_head SET version = 2`)
      const { code, shown } = await failureOf(open())
      expect(code).toBe("store-newer")
      expect(shown).toContain("The entries in")
    })

    it("tells of a key that is none of ours", async () => {
      const store = await open()
      await put(store, "a")
      await ask(`UPDATE ${schema}.store_entries SET key = '\\xff'`)
      expect((await failureOf(store.list(""))).code).toBe("store-corrupt")
      await store.close()
    })

    it("works for a user who may make no schema, in one that was made", async () => {
      await ask(`CREATE USER poor PASSWORD 'poor'; CREATE SCHEMA ${schema} AUTHORIZATION poor`)
      const url = `postgres://poor:poor@127.0.0.1:${server.port}/postgres`
      const store = await openPostgresStore({ url, schema })
      expect(await put(store, "a")).toBe(true)
      await store.close()
      const missing = await failureOf(openPostgresStore({ url, schema: "not_there" }))
      expect(missing.code).toBe("store-failed")
    })
  })

  /** From now on this runs before a row is written. */
  async function trouble(statement: string): Promise<void> {
    await ask(
      `CREATE SEQUENCE ${schema}.troubles;
       CREATE FUNCTION ${schema}.trouble() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN ${statement}; RETURN new; END $$;
       CREATE TRIGGER trouble BEFORE INSERT OR UPDATE ON ${schema}.store_entries
       FOR EACH ROW EXECUTE FUNCTION ${schema}.trouble()`,
    )
  }

  /** How many connections of others there are, of this kind. */
  async function countOf(condition: string): Promise<number> {
    const [row] = await ask(
      `SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND ${condition}`,
    )
    return Number(row!["count"])
  }
})

function numberOf(value: Uint8Array | null | undefined): number {
  return value ? Number(fromUtf8(value)) : 0
}
