import { once } from "node:events"
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { join } from "node:path"
import { Aedes } from "aedes"
import { connectAsync } from "mqtt"
import { describe, expect, it, onTestFinished } from "vitest"
import { freePort, mosquitto, startMosquitto } from "./mosquitto.js"
import { freshHome } from "./folder.js"
import { keyOf, openWindow, pair, type Ready, startHome } from "./home.js"
import { encodeHomeMessage, type HomeMessage } from "../src/home/messages.js"
import { Phone } from "./phone.js"
import { type Event, Running, stringphone } from "./program.js"

const isReading = (message: HomeMessage): boolean =>
  message.kind === "state" && message.device === "computer"

describe("a home on a broker elsewhere", () => {
  it.skipIf(mosquitto === null)("survives that the broker goes and comes back", async () => {
    const broker = await startMosquitto()
    const { home, ready } = await startHome(freshHome(), "--broker", broker.url)
    expect(ready.broker).toMatchObject({ address: broker.url, embedded: false, tcp: null })
    const told: unknown = await (await fetch(new URL("home.json", ready.page))).json()
    expect(told).toMatchObject({ eavesdropper: false, embedded: false })
    const asked = await fetch(new URL("eavesdropper", ready.page), { method: "POST" })
    expect(asked.status).toBe(405)
    // The page's socket is a pipe to that broker.
    const phone = await pair(home, ready)
    await phone.hear(isReading)

    await broker.down()
    expect(await home.next("status")).toMatchObject({ broker: "lost" })
    phone.forget()
    await broker.up()
    await home.next("status", ({ broker: how }) => how === "back")
    await phone.hear(isReading)
    await phone.command(keyOf(ready, "lamp"), { on: true })
    await home.next("command")
    expect(await home.end()).toBe(0)
  })

  it("starts without its broker, and says so", async () => {
    const broker = `mqtt://127.0.0.1:${await freePort()}`
    const { home, ready } = await startHome(freshHome(), "--broker", broker)
    expect(ready.broker).toMatchObject({ reached: false })
    expect(await home.next("status")).toMatchObject({ broker: "lost", code: "unreachable" })
    expect(await home.end()).toBe(0)
  })

  it("keeps the broker's password from the page, which gets in all the same", async () => {
    const url = await startBrokerWithLogin("hausmeister", "s3cret/%?")
    const home = Running.start(freshHome(), ["up", "--port", "0", "--broker", url])
    const ready = (await home.next("ready")) as Event & Ready
    const phone = await pair(home, ready)
    await phone.hear(isReading)
    const told = await (await fetch(new URL("home.json", ready.page))).text()
    await home.end()
    expect(JSON.stringify([ready, home.events]) + told + home.stderr).not.toMatch(
      /s3cret|hausmeister/,
    )

    const wrong = url.replace("s3cret", "guess")
    const refused = await stringphone(freshHome(), ["up", "--port", "0", "--broker", wrong])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/^stringphone: [^\n]*user name and password[^\n]*\n$/)
  })
})

describe("a home in trouble", () => {
  it("keeps a state that can not be saved, and says so", async () => {
    const folder = freshHome()
    const { home, ready } = await startHome(folder)
    const phone = await pair(home, ready)
    const lamp = keyOf(ready, "lamp")
    await phone.command(lamp, { on: true })
    await home.next("command")

    const lock = join(ready.directory, "lamp.state.json.lock")
    renameSync(lock, `${lock}-away`)
    writeFileSync(lock, "")
    await phone.command(lamp, { on: false })
    expect(await home.next("failed")).toMatchObject({ device: "lamp", code: "store-failed" })
    const page = await (await fetch(new URL("lamp", ready.page))).text()
    expect(page).toContain('data-state="on"')

    rmSync(lock)
    mkdirSync(lock)
    const id = await phone.command(lamp, { on: false })
    expect(await home.next("command")).toMatchObject({ id, set: { on: false } })
    expect(await home.end()).toBe(0)
  })

  it("counts what strangers send, and goes on", async () => {
    const { home, ready } = await startHome(freshHome())
    const stranger = await connectAsync(ready.broker.address)
    onTestFinished(() => stranger.endAsync(true))
    const channel = new URL(ready.address).pathname.slice(1)
    const short = Buffer.from("M is the first letter")
    const torn = Buffer.from("K, too")
    // What is not of this protocol at all is not even counted.
    for (const bytes of [short, torn, short, Buffer.from("sir"), Buffer.alloc(0)]) {
      await stranger.publishAsync(channel, bytes, { qos: 1 })
    }
    // Messages wait a moment after the start, rekeys do not: they may be told apart.
    let count = 0
    while (count < 3) {
      const rejected = await home.next("rejected")
      expect(rejected).toMatchObject({ code: "malformed", claimed: null })
      count += Number(rejected["count"])
    }
    expect(count).toBe(3)
    await pair(home, ready)
    expect(await home.end()).toBe(0)
  })

  it("obeys no command that does not say when it was sent", async () => {
    const { home, ready } = await startHome(freshHome())
    const phone = await pair(home, ready)
    const lamp = keyOf(ready, "lamp")
    const command = encodeHomeMessage({
      kind: "command",
      to: lamp,
      id: "0123456789abcdef",
      set: { on: true },
    })
    await phone.session.send(command)
    expect(await home.next("rejected")).toMatchObject({ code: "not-timed", claimed: "phone" })
    expect(home.events.filter(({ event }) => event === "command")).toEqual([])
    expect(await home.end()).toBe(0)
  })

  it("obeys no command that came late", async () => {
    const { home, ready } = await startHome(freshHome())
    // Its clock says what a delayed message says.
    const wallClock = (): number => Date.now() - 60_000
    const late = await Phone.visit(ready.page, { name: "late", wallClock })
    const code = await openWindow(home)
    const { request } = await late.ask(code)
    await request.outcome
    await late.command(keyOf(ready, "lamp"), { on: true })
    expect(await home.next("rejected")).toMatchObject({ code: "stale", claimed: "late" })
    expect(home.events.filter(({ event }) => event === "command")).toEqual([])
    expect(await home.end()).toBe(0)
  })
})

/** @returns the broker's URL, with the login. */
async function startBrokerWithLogin(user: string, password: string): Promise<string> {
  const broker = await Aedes.createBroker({
    authenticate: (_client, username, given, done) =>
      done(null, username === user && given?.toString() === password),
  })
  const server = createServer((socket) => broker.handle(socket)).listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => {
    broker.close()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return `mqtt://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}`
}
