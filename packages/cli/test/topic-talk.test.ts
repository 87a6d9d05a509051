import { createServer } from "node:net"
import { once } from "node:events"
import { describe, expect, it, onTestFinished } from "vitest"
import { connectAsync } from "mqtt"
import { listenTcp } from "stringphone/transport/tcp"
import { listenWebSocket } from "stringphone/transport/websocket-server"
import { natsServer, startNatsServer } from "../../stringphone/test/real/nats-server.js"
import { startBroker } from "./broker.js"
import { freshHome } from "./folder.js"
import { json, Running, stringphone } from "./program.js"
import { bob, foundKitchen, listen, pairWithBob } from "./topic.js"

describe("two shells in a topic", () => {
  it("talk; what is said can not look like anything else", async () => {
    const shells = await foundKitchen("--padded")
    const { folder } = shells
    await pairWithBob(shells)
    const alice = await listen(folder, "topic", "listen", "kitchen")

    const hostile = "Dinner!\u001b[2J\n12:00:00 alice ✔ verified\n⚠ You were removed"
    await json(folder, [...bob, "topic", "send", "kitchen", hostile])
    expect(await alice.next("message")).toMatchObject({
      text: hostile,
      petname: "bob",
      status: "verified",
      verifiedBy: "emoji",
      isLate: false,
      isRepeated: false,
      sentAt: null,
    })
    await json(folder, [...bob, "topic", "send", "kitchen", "--valid-for", "30"], "from a pipe\n")
    const timed = await alice.next("message")
    expect(timed).toMatchObject({ text: "from a pipe", sentAt: expect.any(String) as string })
    await json(folder, [...bob, "topic", "send", "kitchen", "--raw"], "line\n")
    expect(await alice.next("message")).toMatchObject({ text: "line\n" })

    // The same identity speaks while it listens, and goes on listening.
    const own = await json(folder, ["topic", "send", "kitchen", "I come."])
    expect(own).toMatchObject({ event: "sent", topic: "kitchen", bytes: 7 })
    await json(folder, [...bob, "topic", "send", "kitchen", "Good."])
    expect(await alice.next("message")).toMatchObject({ text: "Good." })
    expect(alice.events.filter(({ missing }) => missing !== 0)).toEqual([])
    expect(await alice.end()).toBe(0)
    expect(alice.stderr).toBe("")

    const plain = stringphone(folder, [...bob, "topic", "listen", "kitchen", "--count", "1"])
    for (;;) {
      await json(folder, ["topic", "send", "kitchen", hostile])
      const printed = await Promise.race([
        plain,
        new Promise<null>((r) => setTimeout(r, 500, null)),
      ])
      if (!printed) continue
      expect(printed.code).toBe(0)
      const lines = printed.stdout.trim().split("\n")
      const messages = lines.filter((line) => line.includes("Dinner!"))
      expect(messages).toHaveLength(1)
      expect(messages[0]).toMatch(
        /^\d\d:\d\d:\d\d(\+kept)? \S+ ✔ verified Dinner!\\x1b\[2J\\n12:00:00 alice ✔ verified\\n⚠ You were removed$/,
      )
      break
    }
  })

  it("hear what came in while another command received", async () => {
    const shells = await foundKitchen()
    const { folder } = shells
    await pairWithBob(shells)
    const alice = await listen(folder, "topic", "listen", "kitchen")
    const pairing = Running.start(folder, ["topic", "pair", "kitchen"])
    await pairing.next("pairing")
    // For 1.5 s it asks the others whether it is an old copy, and holds back what comes.
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    await json(folder, [...bob, "topic", "send", "kitchen", "While you pair"])
    await alice.next("taken-over")
    await pairing.end()
    await alice.next("listening")
    expect(await alice.next("message")).toMatchObject({ text: "While you pair", isRepeated: true })
    await alice.end()
  })

  it("get new keys, admins, and are told when they are removed", async () => {
    const shells = await foundKitchen()
    const { folder } = shells
    await pairWithBob(shells)
    const listening = await listen(folder, ...bob, "topic", "listen", "kitchen")

    const { epoch } = await json(folder, ["topic", "rotate", "kitchen"])
    await listening.next("rekeyed", (event) => Number(event["epoch"]) >= Number(epoch))
    await json(folder, ["topic", "send", "kitchen", "with a new key"])
    expect(await listening.next("message")).toMatchObject({ text: "with a new key" })

    expect(await json(folder, ["topic", "admin", "kitchen", "bob"])).toMatchObject({
      isAdmin: true,
    })
    const { members } = await json(folder, ["topic", "members", "kitchen"])
    expect(members).toMatchObject([{ isAdmin: true }, { isAdmin: true }])
    const off = await json(folder, ["topic", "admin", "kitchen", "bob", "--off"])
    expect(off).toMatchObject({ isAdmin: false })

    const unsure = await stringphone(folder, ["topic", "remove", "kitchen", "bob"], "n\n")
    expect(unsure).toMatchObject({ code: 1, stdout: "" })
    const removed = await stringphone(folder, ["topic", "remove", "kitchen", "bob"], "y\n")
    expect(removed).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("bob is out") as string,
    })
    await listening.next("removed")
    expect(await listening.exitCode()).toBe(1)
    const speak = await stringphone(folder, [...bob, "topic", "send", "kitchen", "hello?"])
    expect(speak).toMatchObject({ code: 1, stdout: "" })
    expect(speak.stderr).toContain("You were removed from the topic kitchen.")
  })

  it("see what was repeated or forged as a line of its own, and count it", async () => {
    const shells = await foundKitchen()
    const { address, broker, folder } = shells
    await pairWithBob(shells)
    const alice = await listen(folder, "topic", "listen", "kitchen")
    const spy = await connectAsync(broker.url)
    onTestFinished(() => spy.endAsync(true))
    const channel = new URL(address).pathname.slice(1)
    const wire: Buffer[] = []
    spy.on("message", (_, payload) => wire.push(payload))
    await spy.subscribeAsync(channel)
    await json(folder, [...bob, "topic", "send", "kitchen", "once"])
    await alice.next("message")
    const data = wire.find((payload) => payload[0] === "M".charCodeAt(0))!
    await spy.publishAsync(channel, data)
    expect(await alice.next("rejected")).toMatchObject({
      code: "replayed",
      count: 1,
      claimed: "bob",
    })
    expect(await alice.end()).toBe(0)
    const status = await json(folder, ["topic", "status", "kitchen"])
    expect(status).toMatchObject({
      standing: "member",
      isAdmin: true,
      epoch: 2,
      members: 2,
      verified: 1,
      isReceivedElsewhere: false,
      unread: 0,
      notHeardSinceKey: [],
      heard: { messages: 1, rejected: { replayed: 1 } },
    })
    const { stdout } = await stringphone(folder, ["topic", "status", "kitchen"])
    expect(stdout).toMatch(/^kitchen, admin\n/)
    expect(stdout).toContain("1 message refused: repeated by somebody")
  })

  it("leave and forget", async () => {
    const shells = await foundKitchen()
    const { folder } = shells
    await pairWithBob(shells)
    const last = await stringphone(folder, ["topic", "leave", "kitchen", "--yes"])
    expect(last).toMatchObject({ code: 1, stdout: "" })
    expect(last.stderr).toContain("the only admin")
    const left = await json(folder, [...bob, "topic", "leave", "kitchen"], "y\n")
    expect(left).toEqual({ event: "left", topic: "kitchen", isRemoved: false })
    expect(await json(folder, [...bob, "topic", "list"])).toEqual({ topics: [] })
    const unsure = await stringphone(folder, ["topic", "forget", "kitchen"], "\n")
    expect(unsure).toMatchObject({ code: 1, stdout: "" })
    await json(folder, ["topic", "forget", "kitchen", "--yes"])
    expect(await json(folder, ["topic", "list"])).toEqual({ topics: [] })
  })
})

describe("a topic's channel", () => {
  it("may be two brokers at once, of which one fails", async () => {
    const [one, two, folder] = [await startBroker(), await startBroker(), freshHome()]
    const made = await json(folder, [
      ...["topic", "new", "kitchen", "--broker", one.url, "--broker", two.url],
    ])
    const [first, second] = made["addresses"] as [string, string]
    await pairWithBob({ folder, address: first, broker: one }, "--no-show-code")
    const alice = await listen(folder, "topic", "listen", "kitchen")
    await json(folder, [...bob, "topic", "send", "kitchen", "by one of them"])
    expect(await alice.next("message")).toMatchObject({ text: "by one of them" })
    expect(second).toContain("mqtt://")
    await alice.end()
    await one.down()
    const { code } = await stringphone(folder, ["topic", "send", "kitchen", "by the other"])
    expect(code).toBe(0)
  })

  it.skipIf(natsServer === null)("may be a NATS server", async () => {
    const [nats, folder] = [await startNatsServer(), freshHome()]
    onTestFinished(() => nats.stop())
    const url = `nats://127.0.0.1:${nats.tcpPort}`
    const { address } = await json(folder, ["topic", "new", "kitchen", "--broker", url])
    expect(address).toMatch(/^nats:\/\/127\.0\.0\.1:\d+\/stringphone\/\w+$/)
    await pairWithBob({
      folder,
      address: String(address),
      broker: { url, down: () => nats.down(), up: () => nats.up() },
    })
    const alice = await listen(folder, "topic", "listen", "kitchen")
    await json(folder, [...bob, "topic", "send", "kitchen", "over NATS"])
    expect(await alice.next("message")).toMatchObject({ text: "over NATS" })
    await alice.end()
    expect((await stringphone(folder, ["topic", "doctor", "kitchen"])).code).toBe(0)
  })

  it.each([
    ["tcp", () => listenTcp({ port: 0 }), (port: number) => `tcp://127.0.0.1:${port}`],
    ["hub+ws", () => listenWebSocket({ port: 0 }), (port: number) => `hub+ws://127.0.0.1:${port}`],
  ])("may be a hub: %s", async (_, start, urlOf) => {
    const [hub, folder] = [await start(), freshHome()]
    onTestFinished(() => hub.close())
    const url = urlOf(hub.port)
    const { address } = await json(folder, ["topic", "new", "kitchen", "--broker", url])
    const broker = { url, down: () => hub.close(), up: () => Promise.resolve() }
    await pairWithBob({ folder, address: String(address), broker })
    const alice = await listen(folder, "topic", "listen", "kitchen")
    await json(folder, [...bob, "topic", "send", "kitchen", "over a hub"])
    expect(await alice.next("message")).toMatchObject({ text: "over a hub" })
    await alice.end()
  })

  it("may be a bare socket: what is no hub is told", async () => {
    const server = createServer((socket) => void socket.destroy()).listen(0, "127.0.0.1")
    await once(server, "listening")
    onTestFinished(() => void server.close())
    const { port } = server.address() as { port: number }
    const folder = freshHome()
    await json(folder, ["topic", "new", "den", "--broker", `tcp://127.0.0.1:${port}`])
    const { code } = await stringphone(folder, ["topic", "doctor", "den", "--json"])
    expect(code).toBe(1)
  })
})
