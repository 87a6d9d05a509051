import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { inspect, promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { Client } from "pg"
import { openPostgresEnvelopeStore } from "../../src/store/envelopes/postgres.js"
import type { EnvelopeStore } from "../../src/store/envelopes/port.js"
import { envelopeStoreContract } from "../contract/envelope-store-contract.js"
import { idOf, sample, samples } from "../contract/envelope-store-samples.js"
import {
  type PostgresServer,
  postgresPassword,
  postgresPrograms,
  startPostgresServer,
} from "./envelope-store-postgres-server.js"

describe.skipIf(postgresPrograms === null)("envelopes in PostgreSQL", { timeout: 120_000 }, () => {
  let server: PostgresServer
  let schemas = 0
  const newSchema = (): string => `test_${schemas++}`
  const open = (schema: string): Promise<EnvelopeStore> =>
    openPostgresEnvelopeStore({ url: server.url, schema })

  beforeAll(async () => {
    server = await startPostgresServer()
  }, 120_000)
  afterAll(() => server.stop())

  /** As a person at the server does it. */
  const ask = async (sql: string): Promise<readonly Record<string, unknown>[]> => {
    const client = new Client({ connectionString: server.url })
    await client.connect()
    const { rows } = await client.query<Record<string, unknown>>(sql)
    await client.end()
    return rows
  }

  envelopeStoreContract("postgres", (place) => open(place.replace("-", "_")), { isDurable: true })

  describe("used by several at once", () => {
    it("opens an empty one at the same time", async () => {
      const schema = newSchema()
      const stores = await Promise.all(Array.from({ length: 6 }, () => open(schema)))
      const added = await Promise.all(stores.map((store) => store.add(samples(20))))
      const newCounts = added.map((isNew) => isNew.filter(Boolean).length)
      expect(newCounts.sort((a, b) => a - b)).toEqual([0, 0, 0, 0, 0, 20])
      for (const store of stores) expect((await store.usage()).lastNumber).toBe(20)
      for (const store of stores) await store.close()
    })

    it("shows no number after a higher one was read", async () => {
      const schema = newSchema()
      const [reader, ...writers] = await Promise.all(Array.from({ length: 4 }, () => open(schema)))
      const writing = { isOver: false }
      const seen: number[] = []
      const reading = (async () => {
        while (!writing.isOver || (await reader!.since(seen.at(-1) ?? 0, 1)).length > 0) {
          const found = await reader!.since(seen.at(-1) ?? 0, 7)
          seen.push(...found.map(({ number }) => number))
        }
      })()
      await Promise.all(
        writers.map(async (writer, w) => {
          for (let i = 0; i < 60; i++) {
            const seed = w * 1_000 + i * 2
            await writer.add([sample(seed, { day: 100 + (i % 7) }), sample(seed + 1)])
          }
        }),
      )
      writing.isOver = true
      await reading
      expect(seen).toEqual(Array.from({ length: 360 }, (_, i) => i + 1))
      for (const store of [reader!, ...writers]) await store.close()
    })

    it("is one store to several processes", async () => {
      const schema = newSchema()
      const [one, two] = [0, 1].map((which) => addInProcess(server.url, schema, which))
      const newCounts = await Promise.all([one, two])
      // 50 of its own each, and 50 that both bring.
      expect(newCounts.reduce((sum, count) => sum! + count!)).toBe(150)
      const store = await open(schema)
      expect(await store.usage()).toMatchObject({ count: 150, bytes: 15_000, lastNumber: 150 })
      const numbers = (await store.since(0, 999)).map(({ number }) => number)
      expect(numbers).toEqual(Array.from({ length: 150 }, (_, i) => i + 1))
      await store.close()
    })

    it("asks for what it needs, whatever the server does by default", async () => {
      const schema = newSchema()
      const settings = "-c default_transaction_isolation=serializable -c synchronous_commit=off"
      const url = `${server.url}?options=${encodeURIComponent(settings)}`
      const stores = await Promise.all(
        Array.from({ length: 3 }, () => openPostgresEnvelopeStore({ url, schema })),
      )
      await Promise.all(
        stores.flatMap((store, s) =>
          Array.from({ length: 20 }, (_, i) => store.add([sample(s * 20 + i), sample(999)])),
        ),
      )
      for (const store of stores) expect((await store.usage()).count).toBe(61)
      for (const store of stores) await store.close()
    })

    it("reads, drops and expires while another adds", async () => {
      const schema = newSchema()
      const [one, other] = [await open(schema), await open(schema)]
      const work = Array.from({ length: 20 }, async (_, i) => {
        await one.add(samples(8, { day: 100 + i }).map((e, n) => ({ ...e, id: idOf(i * 8 + n) })))
        await other.expire(100 + i - 3)
        await other.drop([idOf(i * 8)])
        return (await other.index()).length
      })
      for (const count of await Promise.all(work)) expect(count).toBeLessThanOrEqual(160)
      await other.expire(120)
      expect(await one.usage()).toMatchObject({ count: 0, bytes: 0, lastNumber: 160 })
      await one.close()
      await other.close()
    })
  })

  it("expires a day by dropping its table", async () => {
    const schema = newSchema()
    const store = await open(schema)
    await store.add([sample(1, { day: 100 }), sample(2, { day: 101 }), sample(3, { day: 102 })])
    const tables = async (): Promise<unknown[]> =>
      (
        await ask(
          `SELECT tablename FROM pg_tables WHERE schemaname = '${schema}' AND tablename LIKE 'day%' ORDER BY 1`,
        )
      ).map(({ tablename }) => tablename)
    expect(await tables()).toEqual(["day_100", "day_101", "day_102"])
    expect(await store.expire(102)).toBe(2)
    expect(await tables()).toEqual(["day_102"])
    await store.close()
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
      const store = await open(newSchema())
      await store.add(samples(5))
      server.down()
      const uses = [() => store.usage(), () => store.add([sample(9)]), () => store.get([idOf(1)])]
      for (const use of uses) {
        const { code, shown } = await failureOf(use())
        expect(code).toBe("store-failed")
        expect(shown).not.toContain(postgresPassword)
      }
      server.up()
      expect(await store.add([sample(9)])).toEqual([true])
      expect(await store.usage()).toMatchObject({ count: 6, lastNumber: 6 })
      await store.close()
    })

    it("works again after its connections were ended in the middle", async () => {
      const store = await open(newSchema())
      const adding = Array.from({ length: 30 }, (_, i) => store.add([sample(i)]))
      const ended = Promise.allSettled(adding)
      await adding[3]
      await ask(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'stringphone'`,
      )
      const failures = (await ended).filter((result) => result.status === "rejected")
      for (const { reason } of failures) expect(reason).toMatchObject({ code: "store-failed" })
      await store.add(samples(30))
      expect(await store.usage()).toMatchObject({ count: 30, lastNumber: 30 })
      expect((await store.since(0, 99)).map(({ number }) => number)).toHaveLength(30)
      await store.close()
    })

    it("says what, and never the password", async () => {
      const secret = "hunter2-very-secret"
      const at = `127.0.0.1:${server.port}`
      const wrong = [
        ["bad-url", `http://hub:${secret}@${at}/postgres`],
        ["bad-url", `postgres://hub:${secret}@${at}:what/postgres`],
        ["store-failed", `postgres://hub:${secret}@${at}/postgres`],
        ["store-failed", `postgres://nobody:${secret}@${at}/postgres`],
        ["store-failed", `postgres://hub:${secret}@127.0.0.1:1/postgres`],
        ["store-failed", `postgres://${at}/postgres?user=hub&password=${secret}`],
        ["store-failed", `postgres://hub:${secret}@${at}/postgres?sslmode=verify-full`],
      ] as const
      for (const [expected, url] of wrong) {
        const { code, shown } = await failureOf(openPostgresEnvelopeStore({ url }))
        expect(code).toBe(expected)
        expect(shown).not.toContain(secret)
      }
      const missing = server.url.replace(/postgres$/, "nowhere")
      const { code, shown } = await failureOf(openPostgresEnvelopeStore({ url: missing }))
      expect(code).toBe("store-failed")
      expect(shown).toContain("createdb")
      expect(shown).not.toContain(postgresPassword)
    })

    it("says what to install where the package pg is missing", async () => {
      const folder = await mkdtemp(join(tmpdir(), "stringphone-no-pg-"))
      onTestFinished(() => rm(folder, { recursive: true }))
      // Away from node_modules.
      await cp(fileURLToPath(new URL("../../dist", import.meta.url)), folder, { recursive: true })
      await writeFile(join(folder, "package.json"), '{"type":"module"}')
      const code = `
        import { openPostgresEnvelopeStore } from "${folder}/store/envelopes/postgres.js"
        const url = "postgres://hub@127.0.0.1:1/mail"
        const error = await openPostgresEnvelopeStore({ url }).catch((reason) => reason)
        process.stdout.write(error.name + " " + error.code + " " + error.message)`
      const options = ["--input-type=module", "--eval", code]
      const { stdout } = await promisify(execFile)(process.execPath, options, { cwd: folder })
      expect(stdout).toMatch(/^ChannelError missing-peer .*npm install pg$/)
    })

    it("takes a word of SQL for a schema", async () => {
      const store = await open("order")
      await store.add([sample(1, { day: 100 })])
      expect(await store.expire(101)).toBe(1)
      await store.close()
    })

    it("takes no schema that is no name", async () => {
      for (const schema of ["", "a b", 'a"; DROP', "pg_mine", "1a", "A", "a".repeat(64)]) {
        expect((await failureOf(open(schema))).code).toBe("bad-schema")
      }
    })

    it("leaves tables of others, and of newer versions, as they are", async () => {
      await ask("CREATE SCHEMA theirs; CREATE TABLE theirs.envelopes (paper text)")
      expect((await failureOf(open("theirs"))).code).toBe("store-corrupt")
      await ask("CREATE SCHEMA other; CREATE TABLE other.head (hat text)")
      expect((await failureOf(open("other"))).code).toBe("store-corrupt")
      expect(await ask("SELECT * FROM theirs.envelopes")).toEqual([])
      const schema = newSchema()
      await (await open(schema)).close()
      await ask(`UPDATE ${schema}.head SET version = 2`)
      expect((await failureOf(open(schema))).code).toBe("store-newer")
    })

    it("works for a user who may make no schema, in one that was made", async () => {
      await ask(
        `CREATE USER poor PASSWORD 'poor'; CREATE SCHEMA poor_mail AUTHORIZATION poor;
         CREATE SCHEMA closed_mail`,
      )
      const url = `postgres://poor:poor@127.0.0.1:${server.port}/postgres`
      const store = await openPostgresEnvelopeStore({ url, schema: "poor_mail" })
      expect(await store.add([sample(1)])).toEqual([true])
      await store.close()
      for (const schema of ["closed_mail", "not_there"]) {
        const { code, shown } = await failureOf(openPostgresEnvelopeStore({ url, schema }))
        expect(code).toBe("store-failed")
        expect(shown).toContain(`the schema "${schema}"`)
      }
    })
  })
})

// Real processes can not load TypeScript, so they use the build.
const built = new URL("../../dist/store/envelopes/postgres.js", import.meta.url)

/** Adds 50 envelopes of its own, and 50 that all bring. Prints how many were new. */
const adding = `
import { openPostgresEnvelopeStore } from "${built.href}"

const [url, schema, which] = process.argv.slice(1)
const store = await openPostgresEnvelopeStore({ url, schema })
const [stamp, bytes] = [new Uint8Array(8), new Uint8Array(100)]
const envelope = (id, day) => ({ id, day, stamp, stampBits: 0, link: "link " + which, bytes })
let newCount = 0
for (let i = 0; i < 50; i++) {
  const own = envelope(new Uint8Array(32).fill(i).fill(1 + Number(which), 31), 100 + (i % 5))
  const shared = envelope(new Uint8Array(32).fill(i).fill(0, 31), 200)
  newCount += (await store.add([own, shared])).filter(Boolean).length
}
await store.close()
process.stdout.write(String(newCount))
`

async function addInProcess(url: string, schema: string, which: number): Promise<number> {
  if (!existsSync(fileURLToPath(built))) {
    throw new Error("The library is not built; run: npx tsc -b packages/stringphone")
  }
  const options = ["--input-type=module", "--eval", adding, url, schema, String(which)]
  const { stdout } = await promisify(execFile)(process.execPath, options)
  return Number(stdout)
}
