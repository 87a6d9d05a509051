import { once } from "node:events"
import { statSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { connectAsync } from "mqtt"
import { describe, expect, it, onTestFinished } from "vitest"
import { WebSocket } from "ws"
import { freshHome } from "./folder.js"
import { idOf, pair, type Ready, startHome } from "./home.js"
import { Phone } from "./phone.js"
import { type Event, Running } from "./program.js"

describe("stringphone up", () => {
  it("is ready soon, pairs a phone by its words, measures, and obeys each command once", async () => {
    const folder = freshHome()
    const startMs = performance.now()
    const { home, ready } = await startHome(folder)
    expect(performance.now() - startMs).toBeLessThan(10_000)
    expect(statSync(ready.directory).mode & 0o777).toBe(0o700)

    const wire: { topic: string; payload: Buffer }[] = []
    const spy = await connectAsync(ready.broker.address)
    onTestFinished(() => spy.endAsync(true))
    spy.on("message", (topic, payload) => wire.push({ topic, payload }))
    await spy.subscribeAsync("#")

    const phone = await pair(home, ready)
    expect(home.events.filter(({ event }) => event === "request")).toEqual([])
    const measured = await phone.hear(
      (message) => message.kind === "state" && message.device === "computer",
    )
    expect(measured).toMatchObject({ readings: { load: expect.any(Number) as number } })

    const lamp = idOf(ready, "lamp")
    await phone.command(lamp, 7, { on: true })
    const done = { from: phone.id, sequence: 7 }
    await phone.hear((message) => message.kind === "state" && message.done?.sequence === 7)
    expect(await home.next("command")).toMatchObject({ device: "lamp", petname: "phone" })

    for (const sequence of [7, 3]) {
      await phone.command(lamp, sequence, { on: false })
      const refused = await phone.hear((message) => message.kind === "refused")
      expect(refused).toMatchObject({ because: "stale", command: { ...done, sequence } })
    }
    await phone.command(lamp, 8, { locked: true })
    expect(await phone.hear((message) => message.kind === "refused")).toMatchObject({
      because: "not-mine",
    })
    await phone.command(idOf(ready, "lock"), 1, { locked: false })
    await phone.hear(
      (message) => message.kind === "state" && message.device === "lock" && !message.locked,
    )

    const page = await (await fetch(new URL("lamp", ready.page))).text()
    expect(page).toContain('data-state="on"')
    expect(page).toContain(ready.devices.find(({ device }) => device === "lamp")!.words)

    expect(wire.length).toBeGreaterThan(5)
    for (const { payload } of wire) {
      expect("sir").toContain(String.fromCharCode(payload[0]!))
      expect(payload.toString("latin1")).not.toMatch(/kind|lamp|phone|readings/)
    }
    expect(wire.map(({ payload }) => String.fromCharCode(payload[0]!))).toEqual(
      expect.arrayContaining(["s", "i", "r"]),
    )

    const stopMs = performance.now()
    expect(await home.end()).toBe(0)
    expect(performance.now() - stopMs).toBeLessThan(2_000)
    expect(home.stderr).toBe("")

    // The next day: the same devices, the same state, and still no old command.
    const again = await startHome(folder)
    expect(again.ready.devices.map(({ publicKey }) => publicKey)).toEqual(
      ready.devices.map(({ publicKey }) => publicKey),
    )
    const lit = await (await fetch(new URL("lamp", again.ready.page))).text()
    expect(lit).toContain('data-state="on"')
    again.home.type("l")
    expect(await again.home.next("phones")).toMatchObject({
      phones: [{ petname: "phone", publicKey: phone.publicKey }],
    })
    expect(await again.home.end("SIGTERM")).toBe(0)
  })

  it("trusts nobody after n, and nobody any more after u", async () => {
    const { home, ready } = await startHome(freshHome())
    const stranger = await Phone.visit(ready.page)
    home.type("p")
    await home.next("pairing")
    await stranger.session.openPairing(20_000)
    await home.next("request")
    home.type("n")
    await home.next("turned-away")
    home.type("l")
    expect(await home.next("phones")).toMatchObject({ phones: [] })
    expect(stranger.session.membership).toBe("outside")
    stranger.session.closePairing()
    home.type("c")
    await home.next("pairing", ({ open }) => open === false)

    const phone = await pair(home, ready)
    const lamp = idOf(ready, "lamp")
    await phone.command(lamp, 1, { on: true })
    await home.next("command")
    home.type("u")
    await home.next("phones", ({ phones }) => (phones as unknown[]).length === 1)
    home.type("1")
    expect(await home.next("untrusted")).toMatchObject({ petname: "phone" })
    await phone.command(lamp, 2, { on: false })
    expect(await home.next("rejected")).toMatchObject({ code: "untrusted-key" })
    expect(home.events.filter(({ event }) => event === "command")).toEqual([])
    await home.end()
  })

  it("runs beside another one, and takes other ports than those in use", async () => {
    const folder = freshHome()
    const taken = createServer().listen(0, "127.0.0.1")
    await once(taken, "listening")
    onTestFinished(() => void taken.close())
    const { port } = taken.address() as { port: number }
    const { home, ready } = await startHome(folder, "--port", String(port))
    expect(ready.page).not.toContain(`:${port}/`)
    expect(await home.next("notice")).toMatchObject({ level: "warning" })

    const second = Running.start(folder, ["up", "--port", "0", "--mqtt-port", "0"])
    const told = await second.next("notice")
    expect(told["text"]).toContain(`A home is already running at ${ready.page}`)
    const other = (await second.next("ready")) as Event & Ready
    expect(other.directory).toBe(join(folder, "home-2"))
    expect(other.address).not.toBe(ready.address)
    expect(await second.end()).toBe(0)
    expect(await home.end()).toBe(0)

    const third = await startHome(folder)
    expect(third.ready.directory).toBe(join(folder, "home"))
    await third.home.end()
  })

  it("takes over from a home that was killed", async () => {
    const folder = freshHome()
    const { home, ready } = await startHome(folder)
    await home.end("SIGKILL")
    const again = await startHome(folder)
    expect(again.ready.directory).toBe(ready.directory)
    await again.home.end()
  })

  it("answers its own page only", async () => {
    const { home, ready } = await startHome(freshHome())
    const socket = new URL("mqtt", ready.page.replace("http:", "ws:"))
    const attempt = async (headers: Record<string, string>): Promise<string> => {
      const client = new WebSocket(socket, "mqtt", { headers })
      client.on("error", () => {})
      return Promise.race([
        once(client, "open").then(() => (client.terminate(), "open")),
        once(client, "unexpected-response").then(([, response]) =>
          String((response as { statusCode: number }).statusCode),
        ),
      ])
    }
    expect(await attempt({ Origin: new URL(ready.page).origin })).toBe("open")
    expect(await attempt({ Origin: "http://evil.example" })).toBe("403")
    expect(await attempt({ Origin: "null" })).toBe("403")
    const rebound = { Origin: "http://evil.example", Host: "evil.example" }
    expect(await attempt(rebound)).toBe("403")

    const response = await fetch(new URL("home.json", ready.page))
    expect(response.headers.get("content-security-policy")).toContain("frame-ancestors 'none'")
    expect(response.headers.get("x-content-type-options")).toBe("nosniff")
    expect((await fetch(new URL("nowhere", ready.page))).status).toBeGreaterThanOrEqual(404)
    expect((await fetch(ready.page, { method: "POST" })).status).toBe(405)
    await home.end()
  })

  it("is open to the network only when asked, and says what that means", async () => {
    const { home, ready } = await startHome(freshHome(), "--host", "0.0.0.0")
    expect(await home.next("notice")).toMatchObject({ level: "warning" })
    for (const url of ready.lan) {
      expect((await fetch(new URL("home.json", url))).status).toBe(200)
      expect((await fetch(new URL("lamp", url))).status).toBe(403)
    }
    expect((await fetch(new URL("lamp", ready.page))).status).toBe(200)
    await home.end()
  })
})
