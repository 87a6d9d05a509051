import { chmodSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { openHub } from "stringphone/session/mailbox/hub"
import { createMemoryEnvelopeStore } from "stringphone/store/envelopes/memory"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import {
  type PostgresServer,
  postgresPassword,
  postgresPrograms,
  startPostgresServer,
} from "../../stringphone/test/real/envelope-store-postgres-server.js"
import {
  type NatsServer,
  natsServer,
  startNatsServer,
} from "../../stringphone/test/real/nats-server.js"
import { startRelay } from "../../stringphone/test/real/relay.js"
import { HubBackbone } from "../src/hub/backbone.js"
import { freshHome } from "./folder.js"
import { type Event, json, Running, stringphone } from "./program.js"

const natsPassword = "open-barley-7741"

/** Bob's invitation is all that he and Ann have in common. */
async function annAndBob(): Promise<{ ann: string; bob: string; write: () => Promise<string> }> {
  const [ann, bob] = [freshHome(), freshHome()]
  const { text: invitation } = await json(bob, ["mail", "invite"])
  let count = 0
  const write = async (): Promise<string> => {
    const text = `Letter ${(count += 1)}.`
    await json(ann, ["mail", "write", "--address", String(invitation), text])
    return text
  }
  return { ann, bob, write }
}

async function textsOf(home: string): Promise<readonly unknown[]> {
  const { letters } = await json(home, ["mail", "inbox"])
  return (letters as { text: unknown }[]).map((letter) => letter.text).sort()
}

/** A hub that anybody can reach, and all that it said. */
class Hub {
  readonly running: Running
  readonly #said: Event[] = []
  #base = ""
  #tcp = ""

  constructor(home: string, args: readonly string[]) {
    const common = ["--hold", "0", "--listen-tcp", "0", "--http", "0"]
    this.running = Running.start(home, ["hub", ...common, ...args])
  }

  get tcp(): string {
    return this.#tcp
  }

  get output(): string {
    return JSON.stringify([this.#said, this.running.events, this.running.stderr])
  }

  async next(event: string, matches?: (event: Event) => boolean): Promise<Event> {
    const found = await this.running.next(event, matches)
    this.#said.push(found)
    return found
  }

  /** @returns what it said when it was ready */
  async started(): Promise<Event> {
    this.#base = `http://127.0.0.1:${String((await this.next("http"))["port"])}`
    this.#tcp = String((await this.next("listening"))["address"])
    return this.next("started")
  }

  async get(path: string): Promise<{ status: number; body: string }> {
    const response = await fetch(this.#base + path)
    return { status: response.status, body: await response.text() }
  }

  async metric(name: string): Promise<number> {
    const { body } = await this.get("/metrics")
    return Number(new RegExp(`^stringphone_hub_${name} (\\S+)$`, "m").exec(body)?.[1])
  }
}

async function startHub(home: string, ...args: readonly string[]): Promise<Hub> {
  const hub = new Hub(home, args)
  await hub.started()
  return hub
}

const soon = { timeout: 60_000, interval: 100 }

async function serveNats(): Promise<NatsServer> {
  const users = `authorization { users: [ { user: "hub", password: "${natsPassword}" } ] }`
  const server = await startNatsServer({ more: `max_payload: 2MB\n${users}` })
  onTestFinished(() => server.stop())
  return server
}

async function servePostgres(): Promise<PostgresServer> {
  const server = await startPostgresServer()
  onTestFinished(() => server.stop())
  return server
}

/** Logins stand in the environment; nothing of them in the arguments. */
function logIn(password = natsPassword): void {
  vi.stubEnv("STRINGPHONE_HUB_BACKBONE_USERNAME", "hub")
  vi.stubEnv("STRINGPHONE_HUB_BACKBONE_PASSWORD", password)
  vi.stubEnv("PGPASSWORD", postgresPassword)
  onTestFinished(() => void vi.unstubAllEnvs())
}

const backboneOf = ({ tcpPort }: NatsServer): readonly string[] => [
  ...["--backbone", `nats://127.0.0.1:${tcpPort}/mail`, "--backbone-max-bytes", "1GiB"],
]
const archiveOf = ({ port }: PostgresServer, schema: string): readonly string[] => [
  ...["--archive", `postgresql://hub@127.0.0.1:${port}/postgres`, "--archive-schema", schema],
]

describe.skipIf(natsServer === null)("hubs on one backbone", { timeout: 240_000 }, () => {
  it("carry the same mail, also after one was away", async () => {
    logIn()
    const server = await serveNats()
    const { ann, bob, write } = await annAndBob()
    const homes = [freshHome(), freshHome()]
    // Both at once: one of them makes the stream.
    const [a, b] = homes.map((home) => new Hub(home, backboneOf(server))) as [Hub, Hub]
    await Promise.all([a.started(), b.started()])
    const names = await Promise.all(
      [a, b].map(async (hub) => (await hub.next("backbone", isOpen))["name"]),
    )
    expect(new Set(names).size).toBe(2)
    expect(await a.get("/readyz")).toEqual({ status: 200, body: "ok\n" })

    const first = await write()
    expect(await json(ann, ["mail", "sync", a.tcp])).toMatchObject({ sentParcels: 1 })
    await expect.poll(() => b.metric("backbone_received_total"), soon).toBe(1)
    expect(await json(bob, ["mail", "sync", b.tcp])).toMatchObject({ letters: 1 })
    expect(await a.metric("backbone_published_total")).toBe(1)
    expect(await a.metric("backbone_open")).toBe(1)
    expect(await b.metric('link_envelopes{link="nats://127[^"]*/mail"}')).toBe(1)

    expect(await b.running.end("SIGTERM")).toBe(0)
    const second = await write()
    await json(ann, ["mail", "sync", a.tcp])
    const again = await startHub(homes[1]!, ...backboneOf(server))
    expect((await again.next("backbone", isOpen))["name"]).toBe(names[1])
    await expect.poll(() => again.metric("envelopes"), soon).toBe(2)
    await json(bob, ["mail", "sync", again.tcp])
    expect(await textsOf(bob)).toEqual([first, second])
    for (const hub of [a, again]) expect(await hub.running.end("SIGTERM")).toBe(0)
    for (const { output } of [a, b, again]) expect(output).not.toContain(natsPassword)
  })

  it("go on without it, say so, and make up for it", async () => {
    logIn()
    const server = await serveNats()
    const { ann, bob, write } = await annAndBob()
    const [a, b] = await Promise.all([0, 1].map(() => startHub(freshHome(), ...backboneOf(server))))
    for (const hub of [a, b]) await hub!.next("backbone", isOpen)
    await server.down()
    await expect
      .poll(() => a!.get("/readyz"), soon)
      .toEqual({ status: 200, body: "ok, but the backbone is reconnecting\n" })
    expect(await a!.metric("backbone_open")).toBe(0)
    expect(await a!.next("backbone", ({ status }) => status === "reconnecting")).toMatchObject({
      address: `nats://127.0.0.1:${server.tcpPort}/mail`,
    })
    const here = await write()
    await json(ann, ["mail", "sync", a!.tcp])
    await json(bob, ["mail", "sync", a!.tcp])
    expect(await textsOf(bob)).toEqual([here])
    expect(await a!.metric("backbone_waiting")).toBe(1)
    await server.up()
    await expect.poll(() => b!.metric("backbone_received_total"), soon).toBe(1)
    await expect.poll(() => a!.get("/readyz"), soon).toEqual({ status: 200, body: "ok\n" })
    for (const hub of [a, b]) expect(await hub!.running.end()).toBe(0)
  })

  it("that does not let them in, still carry mail, and do not tell the password", async () => {
    logIn("wr0ng-barley")
    const server = await serveNats()
    const { ann, bob, write } = await annAndBob()
    const hub = await startHub(freshHome(), ...backboneOf(server))
    const closed = await hub.next("backbone", ({ status }) => status === "closed")
    expect(closed).toMatchObject({ why: "refused" })
    const { body, status } = await hub.get("/readyz")
    expect([status, body]).toEqual([200, "ok, but the backbone is closed\n"])
    const text = await write()
    await json(ann, ["mail", "sync", hub.tcp])
    await json(bob, ["mail", "sync", hub.tcp])
    expect(await textsOf(bob)).toEqual([text])
    const shown = (await hub.get("/metrics")).body
    expect(await hub.running.end()).toBe(0)
    expect(hub.output + shown).not.toMatch(/barley/)
  })

  it("that got no stream try again", async () => {
    const [without, server] = [
      await startNatsServer({ withoutStreams: true }),
      await startNatsServer(),
    ]
    let port = without.tcpPort
    const relay = await startRelay(() => port)
    const hub = await openHub({ store: createMemoryEnvelopeStore() })
    const said: unknown[] = []
    const backbone = new HubBackbone({
      hub,
      address: { url: `nats://127.0.0.1:${relay.port}`, name: "mail" },
      hubName: "north",
      maxBytes: 1_073_741_824,
      log: { say: (_, event) => void said.push(event), count: () => {} },
      againMs: 500,
    })
    onTestFinished(async () => {
      await backbone.close()
      await hub.close()
      for (const one of [relay, without, server]) await one.stop()
    })
    await backbone.open()
    await expect
      .poll(() => said, soon)
      .toContainEqual(
        expect.objectContaining({ event: "backbone", status: "closed", why: "refused" }),
      )
    port = server.tcpPort
    await expect.poll(() => backbone.status, soon).toBe("open")
  })
})

describe.skipIf(postgresPrograms === null)("a hub with an archive", { timeout: 240_000 }, () => {
  it("keeps its mail there, also when the database was away", async () => {
    logIn()
    const server = await servePostgres()
    const { ann, bob, write } = await annAndBob()
    const home = freshHome()
    const hub = await startHub(home, ...archiveOf(server, "north"))
    const texts = [await write()]
    await json(ann, ["mail", "sync", hub.tcp])
    expect(await hub.metric("archive_up")).toBe(1)
    // One process uses a folder at a time, whatever keeps the envelopes.
    const second = await stringphone(home, ["hub", ...archiveOf(server, "south")])
    expect(second).toMatchObject({ code: 1, stdout: "" })
    expect(second.stderr).toMatch(/^stringphone: The envelopes in [^\n]* use[^\n]*\n$/)

    server.down()
    await expect.poll(async () => (await hub.get("/readyz")).status, soon).toBe(503)
    expect((await hub.get("/readyz")).body).toContain("the archive does not work")
    expect(await hub.get("/healthz")).toEqual({ status: 200, body: "ok\n" })
    expect(await hub.metric("archive_up")).toBe(0)
    expect(await hub.next("archive")).toMatchObject({ status: "down", why: "store-failed" })
    texts.push(await write())
    const futile = Running.start(ann, ["mail", "sync", hub.tcp])
    await hub.next("trouble", ({ code }) => code === "store-failed")
    await futile.end()

    server.up()
    await expect.poll(() => hub.get("/readyz"), soon).toEqual({ status: 200, body: "ok\n" })
    expect(await hub.next("archive")).toMatchObject({ status: "up" })
    // What it could not store it has not taken for stored.
    await json(ann, ["mail", "sync", hub.tcp])
    expect(await hub.metric("envelopes")).toBe(2)
    server.down()
    expect(await hub.running.end("SIGTERM")).toBe(0)

    const refused = await stringphone(home, ["hub", ...archiveOf(server, "north")])
    expect(refused).toMatchObject({ code: 1, stdout: "" })
    expect(refused.stderr).toMatch(/^stringphone: [^\n]*Check that PostgreSQL runs[^\n]*\n$/)
    server.up()
    const again = new Hub(home, archiveOf(server, "north"))
    expect(await again.started()).toMatchObject({
      envelopes: 2,
      archive: `postgresql://127.0.0.1:${server.port}/postgres, schema north`,
    })
    await json(bob, ["mail", "sync", again.tcp])
    expect(await textsOf(bob)).toEqual(texts)
    expect(await again.running.end()).toBe(0)
    const all = hub.output + again.output + refused.stderr + second.stderr
    expect(all).not.toContain(postgresPassword)
  })

  it.skipIf(natsServer === null)(
    "shares a database and a backbone with others, by logins of a private file",
    async () => {
      const [nats, postgres] = [await serveNats(), await servePostgres()]
      const { ann, bob, write } = await annAndBob()
      const files = ["north", "south"].map((schema) => {
        const path = join(freshHome(), "hub.json")
        const config = {
          backbone: `nats://hub:${natsPassword}@127.0.0.1:${nats.tcpPort}/mail`,
          archive: postgres.url,
          archiveSchema: schema,
          limits: { backboneMaxBytes: 1_073_741_824 },
        }
        writeFileSync(path, JSON.stringify(config), { mode: 0o600 })
        return path
      })
      const [north = "", south = ""] = files
      const checked = [
        await stringphone(freshHome(), ["hub", "--check", "--config", north]),
        await stringphone(freshHome(), ["--json", "hub", "--check", "--config", north]),
      ]
      for (const { code, stdout } of checked) {
        expect(code).toBe(0)
        expect(stdout).toContain(`nats://127.0.0.1:${nats.tcpPort}/mail`)
        expect(stdout).toContain(`postgresql://127.0.0.1:${postgres.port}/postgres, schema north`)
      }
      const a = await startHub(freshHome(), "--config", north)
      const b = await startHub(freshHome(), "--config", south)
      const text = await write()
      await json(ann, ["mail", "sync", a.tcp])
      await expect.poll(() => b.metric("envelopes"), soon).toBe(1)
      await json(bob, ["mail", "sync", b.tcp])
      expect(await textsOf(bob)).toEqual([text])

      // Mail comes while the database is away: the stream keeps it until it can be stored.
      postgres.down()
      await expect.poll(() => b.metric("archive_up"), soon).toBe(0)
      const plain = join(freshHome(), "hub.json")
      const { backbone } = JSON.parse(readFileSync(north, "utf8")) as { backbone: string }
      writeFileSync(plain, JSON.stringify({ backbone }), { mode: 0o600 })
      const c = await startHub(freshHome(), "--config", plain)
      await write()
      await json(ann, ["mail", "sync", c.tcp])
      await expect.poll(() => c.metric("backbone_published_total"), soon).toBe(1)
      postgres.up()
      for (const hub of [a, b, c]) await expect.poll(() => hub.metric("envelopes"), soon).toBe(2)
      const shown = await Promise.all(
        [a, b, c].map(async (hub) => (await hub.get("/metrics")).body),
      )
      for (const hub of [a, b, c]) expect(await hub.running.end("SIGTERM")).toBe(0)
      const all = [a.output, b.output, c.output, ...shown, JSON.stringify(checked)].join("\n")
      expect(all).not.toContain(natsPassword)
      expect(all).not.toContain(postgresPassword)

      chmodSync(north, 0o644)
      const open = await stringphone(freshHome(), ["hub", "--config", north])
      expect(open.code).toBe(1)
      expect(open.stderr).toContain("chmod 600")
    },
  )
})

function isOpen({ status }: Event): boolean {
  return status === "open"
}
