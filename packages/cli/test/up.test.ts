import { once } from "node:events"
import { statSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { createMemoryStore } from "stringphone/store/memory"
import { connectAsync } from "mqtt"
import { describe, expect, it, onTestFinished } from "vitest"
import { WebSocket } from "ws"
import { freshHome } from "./folder.js"
import { keyOf, pair, type Ready, startHome } from "./home.js"
import { Phone } from "./phone.js"
import { type Event, Running } from "./program.js"

describe("stringphone up", () => {
  it("is ready soon, pairs a phone by emoji, measures, obeys, and forgets nothing", async () => {
    const folder = freshHome()
    const startMs = performance.now()
    const { home, ready } = await startHome(folder)
    expect(performance.now() - startMs).toBeLessThan(10_000)
    expect(statSync(ready.directory).mode & 0o777).toBe(0o700)
    const told: unknown = await (await fetch(new URL("home.json", ready.page))).json()
    expect(told).toMatchObject({ protocol: 2, eavesdropper: true })

    const wire: Buffer[] = []
    const spy = await connectAsync(ready.broker.address)
    onTestFinished(() => spy.endAsync(true))
    spy.on("message", (_topic, payload) => wire.push(payload))
    await spy.subscribeAsync("#")

    const store = createMemoryStore()
    const phone = await pair(home, ready, { store })
    expect(phone.session.name).toBe("Home")
    expect(phone.session.isAdmin).toBe(true)
    expect(phone.session.participants()).toHaveLength(4)
    const measured = await phone.hear(({ from }) => from === keyOf(ready, "computer"))
    expect(measured).toMatchObject({ readings: { load: expect.any(Number) as number } })

    const lamp = keyOf(ready, "lamp")
    const id = await phone.command(lamp, { on: true })
    const lit = await phone.hear((message) => message.kind === "state" && message.done === id)
    expect(lit).toMatchObject({ from: lamp, device: "lamp", on: true })
    expect(await home.next("command")).toMatchObject({ device: "lamp", petname: "phone", id })

    const wrong = await phone.command(lamp, { locked: true })
    expect(await phone.hear(({ kind }) => kind === "refused")).toMatchObject({
      command: wrong,
      to: phone.publicKey,
      because: "not-mine",
    })
    const unlock = await phone.command(keyOf(ready, "lock"), { locked: false })
    await phone.hear((message) => message.kind === "state" && message.done === unlock)

    const page = await (await fetch(new URL("lamp", ready.page))).text()
    expect(page).toContain('data-state="on"')
    expect(page).toContain(ready.devices.find(({ device }) => device === "lamp")!.words)

    const types = wire.map((payload) => String.fromCharCode(payload[0]!))
    expect([...new Set(types)]).toEqual(expect.arrayContaining(["M", "T", "C", "K", "1", "2"]))
    for (const payload of wire) {
      expect(payload.toString("latin1")).not.toMatch(/kind|lamp|phone|readings|Home/)
    }

    await phone.session.close()
    const stopMs = performance.now()
    expect(await home.end()).toBe(0)
    expect(performance.now() - stopMs).toBeLessThan(2_000)
    expect(home.stderr).toBe("")

    // The next day: the same devices, the same members, the same state.
    const again = await startHome(folder)
    expect(again.ready.devices.map(({ publicKey }) => publicKey)).toEqual(
      ready.devices.map(({ publicKey }) => publicKey),
    )
    again.home.type("m")
    const { members } = (await again.home.next("members")) as unknown as {
      members: readonly { petname: string; trust: string }[]
    }
    expect(members).toMatchObject([
      { device: "computer", isAdmin: true, trust: "itself" },
      { device: "lamp", isAdmin: false, petname: "Lamp" },
      { device: "lock", isAdmin: false, petname: "Door lock" },
      { device: null, isAdmin: true, petname: "phone", publicKey: phone.publicKey },
    ])
    expect(members[1]!.trust).toMatch(/^verified by invitation on \d{4}-/)
    expect(members[3]!.trust).toMatch(/^verified by emoji on \d{4}-/)
    const back = await Phone.visit(again.ready.page, { store })
    const state = await back.hear(({ from }) => from === lamp)
    expect(state).toMatchObject({ on: true, done: id })
    await back.command(lamp, { on: false })
    expect(await again.home.next("command")).toMatchObject({ petname: "phone" })
    expect(await again.home.end("SIGTERM")).toBe(0)
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
    await pair(again.home, again.ready)
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
    expect(response.headers.get("permissions-policy")).toBe(
      "camera=(self), microphone=(), geolocation=()",
    )
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
