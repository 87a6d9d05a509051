import { mkdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { natsServer, startNatsServer } from "../../stringphone/test/real/nats-server.js"
import { freshHome } from "./folder.js"
import { mosquitto, startMosquitto } from "./mosquitto.js"
import { json, Running, stringphone } from "./program.js"

const text = "The bridge is down. Come by the ferry."

/** Ann has an invitation of Bob's, and nothing in common with him but a hub. */
async function annAndBob(): Promise<{ ann: string; bob: string; write: () => Promise<string> }> {
  const [ann, bob] = [freshHome(), freshHome()]
  const { text: invitation } = await json(bob, ["mail", "invite"])
  const write = async (): Promise<string> => {
    const letter = await json(ann, ["mail", "write", "--address", String(invitation), text])
    return String(letter["id"])
  }
  return { ann, bob, write }
}

async function textsOf(home: string): Promise<readonly unknown[]> {
  const { letters } = await json(home, ["mail", "inbox"])
  return (letters as { text: unknown }[]).map((letter) => letter.text)
}

async function startHub(home: string, ...args: readonly string[]): Promise<Running> {
  const hub = Running.start(home, ["hub", "--hold", "0", ...args])
  await hub.next("started")
  return hub
}

async function get(url: string): Promise<{ status: number; body: string }> {
  const response = await fetch(url)
  return { status: response.status, body: await response.text() }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (let i = 0; !(await isSo()); i++) {
    if (i > 600) throw new Error("It did not happen within a minute.")
    await sleep(100)
  }
}

describe("a hub as a service", { timeout: 180_000 }, () => {
  it("carries mail over TCP and WebSockets, says how it is, and stops in order", async () => {
    const { ann, bob, write } = await annAndBob()
    const home = freshHome()
    const hub = Running.start(home, [
      ...["hub", "--hold", "0", "--listen-tcp", "0", "--listen-ws", "127.0.0.1:0"],
      ...["--http", "0", "--max-bytes", "8MiB"],
    ])
    const base = `http://127.0.0.1:${String((await hub.next("http"))["port"])}`
    const tcp = String(
      (await hub.next("listening", ({ address }) => /^tcp/.test(String(address))))["address"],
    )
    const ws = String(
      (await hub.next("listening", ({ address }) => /^ws/.test(String(address))))["address"],
    )
    await hub.next("started")
    expect(await get(`${base}/healthz`)).toEqual({ status: 200, body: "ok\n" })
    expect(await get(`${base}/readyz`)).toEqual({ status: 200, body: "ok\n" })

    const id = await write()
    expect(await json(ann, ["mail", "sync", tcp])).toMatchObject({
      event: "synced",
      hubs: 1,
      isComplete: true,
      sentParcels: 1,
      receivedParcels: 0,
      letters: 0,
    })
    expect(await json(bob, ["mail", "sync", ws])).toMatchObject({
      isComplete: true,
      receivedParcels: 1,
      letters: 1,
    })
    expect(await textsOf(bob)).toEqual([text])
    const again = await stringphone(bob, ["mail", "sync", ws])
    expect(again.stdout).toMatch(
      /^1 hub at hub\+ws:\/\/127\.0\.0\.1:\d+: sent 0 envelopes \(0 bytes\), received 0 \(0 bytes\)\.\n$/,
    )

    const { body } = await get(`${base}/metrics`)
    for (const line of body.trimEnd().split("\n")) {
      expect(line).toMatch(
        /^(# (HELP|TYPE) stringphone_hub_\w+ .+|stringphone_hub_\w+(\{\w+="[^"\n]*"\})? [\d.e+-]+)$/,
      )
    }
    expect(body).toContain("\nstringphone_hub_envelopes 1\n")
    expect(body).toContain("\nstringphone_hub_bytes_limit 8388608\n")
    expect(body).toContain("\nstringphone_hub_stored_total 1\n")
    expect(body).toMatch(/\nstringphone_hub_link_envelopes\{link="tcp:[^"]*"\} 1\n/)
    expect(await get(`${base}/else`)).toMatchObject({ status: 404 })
    expect((await fetch(`${base}/metrics`, { method: "POST" })).status).toBe(405)

    expect(await hub.end("SIGTERM")).toBe(0)
    expect(await hub.next("stopped")).toBeDefined()
    expect(hub.stderr).toBe("")
    const logged = JSON.stringify(hub.events)
    for (const secret of [text, id, await keyOf(ann), await keyOf(bob), "stringphone:mail"]) {
      expect(logged).not.toContain(secret)
    }

    // What it had is there after a restart.
    const late = freshHome()
    const restarted = Running.start(home, ["hub", "--hold", "0", "--listen-tcp", "0"])
    const there = String((await restarted.next("listening"))["address"])
    expect(await restarted.next("started")).toMatchObject({ envelopes: 1 })
    expect(await json(late, ["mail", "sync", there])).toMatchObject({ receivedParcels: 1 })
    expect(await restarted.end("SIGINT")).toBe(0)
  })

  it.each([
    ["mosquitto", mosquitto],
    ["nats-server", natsServer],
  ])("meets others on a channel of %s", async (name, program) => {
    if (program === null) return
    const { ann, bob, write } = await annAndBob()
    const channel = name === "mosquitto" ? await mqttChannel() : await natsChannel()
    const hub = Running.start(freshHome(), [
      ...["hub", "--hold", "0", "--connect", channel, "--http", "0"],
    ])
    const base = `http://127.0.0.1:${String((await hub.next("http"))["port"])}`
    await until(async () => (await get(`${base}/readyz`)).status === 200)
    await write()
    expect(await json(ann, ["mail", "sync", channel])).toMatchObject({
      isComplete: true,
      sentParcels: 1,
    })
    expect(await json(bob, ["mail", "sync", channel])).toMatchObject({ letters: 1 })
    expect(await textsOf(bob)).toEqual([text])
    expect(await hub.end()).toBe(0)
  })

  it("keeps a shared folder level with what others bring there and to it", async () => {
    const { ann, bob, write } = await annAndBob()
    const shared = join(freshHome(), "shared drive")
    mkdirSync(shared)
    const hub = Running.start(freshHome(), [
      ...["hub", "--hold", "0", "--listen-tcp", "0", "--watch", shared, "--watch-every", "1"],
    ])
    const tcp = String((await hub.next("listening"))["address"])
    await hub.next("started")
    await write()
    await json(ann, ["mail", "export", shared])
    expect(await hub.next("folder", ({ took }) => took === 1)).toMatchObject({ path: shared })
    expect(await json(bob, ["mail", "sync", tcp])).toMatchObject({ letters: 1 })

    await json(bob, ["mail", "invite", "--words"])
    expect(await json(bob, ["mail", "sync", tcp])).toMatchObject({ sentParcels: 1 })
    await hub.next("folder", ({ wrote }) => wrote === 1)
    expect(await json(ann, ["mail", "import", shared])).toMatchObject({ new: 1 })
    expect(await hub.end()).toBe(0)
  })

  it("holds what comes before others may see it", async () => {
    const { ann, bob, write } = await annAndBob()
    const hub = Running.start(freshHome(), [
      "hub",
      "--hold",
      "3600",
      "--listen-tcp",
      "0",
      "--http",
      "0",
    ])
    const base = `http://127.0.0.1:${String((await hub.next("http"))["port"])}`
    const tcp = String((await hub.next("listening"))["address"])
    await hub.next("started")
    await write()
    expect(await json(ann, ["mail", "sync", tcp])).toMatchObject({ sentParcels: 1 })
    await until(async () => (await get(`${base}/metrics`)).body.includes("_envelopes_held 1\n"))
    expect(await json(bob, ["mail", "sync", tcp])).toMatchObject({ receivedParcels: 0, letters: 0 })
    expect(await hub.end()).toBe(0)
  })

  it("asks for work where it is told to, and counts what it refused", async () => {
    const { ann, write } = await annAndBob()
    const hub = Running.start(freshHome(), [
      ...["hub", "--listen-tcp", "0", "--http", "0", "--min-stamp-bits", "40"],
    ])
    const base = `http://127.0.0.1:${String((await hub.next("http"))["port"])}`
    const tcp = String((await hub.next("listening"))["address"])
    await hub.next("started")
    await write()
    await stringphone(ann, ["mail", "sync", tcp, "--wait", "5"])
    const { body } = await get(`${base}/metrics`)
    expect(body).toContain(`stringphone_hub_refused_total{why="stamp"} 1\n`)
    expect(body).toContain("stringphone_hub_envelopes 0\n")
    expect(await hub.next("refused")).toMatchObject({ count: 1, why: "stamp" })
    expect(await hub.end()).toBe(0)
  })

  it("posts dummies as cover, which nobody can tell from mail", async () => {
    const hub = Running.start(freshHome(), ["hub", "--hold", "0", "--cover", "1", "--http", "0"])
    const base = `http://127.0.0.1:${String((await hub.next("http"))["port"])}`
    await hub.next("started")
    await until(async () => /_hub_envelopes [2-9]\n/.test((await get(`${base}/metrics`)).body))
    expect(await hub.end()).toBe(0)
  })

  it("keeps its envelopes to itself, and is not in the way of mail commands", async () => {
    const home = freshHome()
    const hub = await startHub(home, "--listen-tcp", "0")
    const folder = join(home, "hub-service")
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(await json(home, ["mail", "status"])).toMatchObject({ letters: 0 })
    const second = await stringphone(home, ["hub"])
    expect(second).toMatchObject({ code: 1, stdout: "" })
    expect(second.stderr).toMatch(/^stringphone: The envelopes in [^\n]* use[^\n]*\n$/)
    expect(await hub.end()).toBe(0)
  })

  it("does not start with a date that it can not believe, and drops nothing", async () => {
    const { ann, write } = await annAndBob()
    const home = freshHome()
    const hub = Running.start(home, ["hub", "--hold", "0", "--listen-tcp", "0"])
    const tcp = String((await hub.next("listening"))["address"])
    await write()
    await json(ann, ["mail", "sync", tcp])
    expect(await hub.end()).toBe(0)

    onTestFinished(() => void vi.unstubAllEnvs())
    for (const days of [40, -40]) {
      const leap = `const%20now=Date.now;Date.now=()=>now()+(${days})*864e5`
      vi.stubEnv("NODE_OPTIONS", `--import=data:text/javascript,${leap}`)
      const refused = await stringphone(home, ["hub"])
      expect(refused).toMatchObject({ code: 1, stdout: "" })
      expect(refused.stderr).toMatch(/^stringphone: This hub last ran on [^\n]*--confirm-date\.\n$/)
    }
    const leapt = Running.start(home, ["hub", "--confirm-date"])
    await leapt.next("started")
    expect(await leapt.end()).toBe(0)

    vi.unstubAllEnvs()
    expect(await stringphone(home, ["hub"])).toMatchObject({ code: 1 })
    const right = Running.start(home, ["hub", "--confirm-date"])
    expect(await right.next("started")).toMatchObject({ envelopes: 1 })
    expect(await right.end()).toBe(0)
  })

  it("says what is wrong before it starts, and what a configuration means", async () => {
    const home = freshHome()
    for (const [args, code] of [
      [["hub", "--listen-tcp", "nowhere"], 2],
      [["hub", "--connect", "http://x"], 2],
      [["hub", "--max-bytes", "lots"], 2],
      [["hub", "--config", "/nowhere"], 2],
      [["hub", "--listen-tcp", "192.0.2.1:1"], 1],
      [["hub", "--http", "192.0.2.1:1"], 1],
      [["hub", "extra"], 2],
    ] as const) {
      const { code: exit, stderr } = await stringphone(home, args)
      expect([args, exit]).toEqual([args, code])
      expect(stderr).toMatch(/^stringphone: [^\n]*\n$/)
      expect(stderr).not.toContain("Unexpected")
    }
    const check = await stringphone(home, ["hub", "--check", "--listen-tcp", "0.0.0.0:4040"])
    expect(check).toMatchObject({ code: 0, stderr: "" })
    expect(check.stdout).toContain("Listens at   tcp://0.0.0.0:4040\n")
  })
})

async function keyOf(home: string): Promise<string> {
  return String((await json(home, ["id"]))["publicKey"])
}

async function mqttChannel(): Promise<string> {
  return `${(await startMosquitto()).url}/our-street`
}

async function natsChannel(): Promise<string> {
  const server = await startNatsServer()
  onTestFinished(() => server.stop())
  return `nats://127.0.0.1:${server.tcpPort}/our-street`
}
