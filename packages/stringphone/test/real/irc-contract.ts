import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { utf8 } from "../../src/bytes/index.js"
import {
  type IrcConnection,
  type IrcOptions,
  attachIrc,
  connectIrc,
  connectIrcTransport,
  ircTransport,
  linkOfClient,
} from "../../src/transport/irc/index.js"
import type { TextChannelEvent, Transport, TransportEvent } from "../../src/transport/index.js"
import { reader, transportContract, until, watchEvents } from "../contract/transport-contract.js"
import { observe } from "./irc-observer.js"
import type { IrcServerProcess, LinkedServers } from "./ngircd.js"

/** How one kind of server is started. */
export interface IrcServerKindUnderTest {
  readonly kind: string
  start(options?: {
    readonly isFast?: boolean
    readonly password?: string
  }): Promise<IrcServerProcess>
  startLinked(): Promise<LinkedServers>
  /** Whether it sends too long lines cut off, or hangs up. */
  readonly longestHost?: number
}

// Servers look at what they left in their buffers once a second.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const poll = <T>(look: () => T) => expect.poll(look, { timeout: 30_000 })

/** A channel of its own for each test: late lines of one must not reach the next. */
let channels = 0
const nextChannel = (): string => `#test${channels++}`

const soon = { initialMs: 50, maxMs: 200, random: () => 1 }

/** As fast as a server takes it that does not mind. */
const noPace = { burst: 100_000, linesPerSecond: 100_000 }

/** The contract of all transports and what is special to IRC, on one kind of server. */
export function ircContract(under: IrcServerKindUnderTest): void {
  describe(`${under.kind} that does not mind speed`, () => {
    let server: IrcServerProcess
    beforeAll(async () => {
      server = await under.start({ isFast: true })
    })
    afterAll(() => server.stop())

    transportContract(
      `IRC transport`,
      async ({ inbox = {}, backoff }) => {
        const channel = nextChannel()
        const connections: IrcConnection[] = []
        const come = async (nick: string, pauses: typeof soon): Promise<Transport> => {
          const connection = await connectIrc({
            ...place(server),
            nick,
            pace: noPace,
            backoff: pauses,
          })
          connections.push(connection)
          return ircTransport(await connection.join(channel), { inbox })
        }
        const id = channels
        return {
          left: await come(`left${id}`, { ...soon, ...backoff?.left }),
          right: await come(`right${id}`, { ...soon, ...backoff?.right }),
          outage: server,
          async close() {
            await Promise.all(connections.map((connection) => connection.close()))
          },
        }
      },
      // As many as an inbox holds: when `send` resolves, the last are still on their way.
      { pausable: false, canFail: true, flood: 500 },
    )
  })

  describe(`${under.kind} as it comes`, () => {
    let server: IrcServerProcess
    const here: { close(): Promise<void> }[] = []
    beforeAll(async () => {
      server = await under.start()
    })
    afterAll(async () => {
      await Promise.all(here.map((connection) => connection.close()))
      await server.stop()
    })
    const connect = async (
      nick: string,
      options: Partial<IrcOptions> = {},
    ): Promise<IrcConnection> => {
      const connection = await connectIrc({ ...place(server), nick, backoff: soon, ...options })
      here.push(connection)
      return connection
    }

    it("is recognised, over TLS with a certificate that is checked", async () => {
      const options = { host: "localhost", port: server.tlsPort, nick: "tls" }
      await expect(connectIrc(options)).rejects.toMatchObject({ code: "untrusted-certificate" })
      const connection = await connectIrc({ ...options, ca: server.ca })
      expect(connection.address).toBe(`ircs://localhost:${server.tlsPort}`)
      expect(connection.server).toMatchObject({ kind: under.kind, name: server.name })
      await connection.close()
    })

    it("carries 6 kB and emoji, and nobody there reads them", { timeout: 120_000 }, async () => {
      const channel = nextChannel()
      const observer = await observe(server.port, "watch", channel)
      const [ada, bob] = [await connect("ada"), await connect("bob")]
      const left = ircTransport(await ada.join(channel))
      const right = ircTransport(await bob.join(channel))
      const atRight = reader(right)
      const words = "Tea at five? 🫖☕ "
      await left.send(utf8(words))
      expect(await atRight.next()).toEqual({ from: "ada", bytes: utf8(words) })
      const large = utf8(words.repeat(1_000)).subarray(0, 6_000)
      const [received] = await Promise.all([atRight.next(), left.send(large)])
      expect(received.bytes.length).toBe(6_000)
      expect(received).toEqual({ from: "ada", bytes: large })
      const lines = observer.lines
        .filter((line) => line.includes(`PRIVMSG ${channel} :`))
        .map((line) => line.replace(/^@\S+ /, "")) // tags have a length of their own
      expect(lines.length).toBeGreaterThan(15)
      for (const line of lines) {
        expect(line).toMatch(/ PRIVMSG \S+ :\?SP2,[!-~]+$/)
        expect(utf8(line).length).toBeLessThanOrEqual(510)
      }
      // As full as they can be: our own idea of our prefix is right to the byte.
      expect(Math.max(...lines.map((line) => utf8(line).length))).toBeGreaterThanOrEqual(509)
      expect(observer.lines.join("\n")).not.toContain("Tea")
      await observer.leave()
      await Promise.all([left.close(), right.close()])
    })

    it("does not put us out for 60 lines in a row", { timeout: 400_000 }, async () => {
      const channel = nextChannel()
      const [ada, bob] = [await connect("flood"), await connect("ear")]
      const [from, to] = [await ada.join(channel), await bob.join(channel)]
      const got: string[] = []
      const statuses: string[] = []
      const all = new Promise<void>((resolve) => {
        to.onEvent((event) => {
          if (event.kind === "line" && got.push(event.text) === 60) resolve()
        })
      })
      ada.onEvent((event) => event.kind === "status" && statuses.push(event.status))
      const lines = Array.from({ length: 60 }, (_, i) => `${i} `.padEnd(from.maxLineBytes(), "x"))
      await Promise.all(lines.map((line) => from.send(line)))
      await all
      expect(got).toEqual(lines)
      expect(statuses).toEqual([])
      await Promise.all([from.close(), to.close()])
    })

    it("changes our nick in the middle of a message", { timeout: 60_000 }, async () => {
      const channel = nextChannel()
      const [ada, bob] = [await connect("mid"), await connect("mate")]
      const left = ircTransport(await ada.join(channel))
      const right = ircTransport(await bob.join(channel))
      const events = watchEvents(right)
      const atRight = reader(right)
      const large = new Uint8Array(3_000).map((_, i) => i * 7)
      const sent = left.send(large)
      await poll(() => ada.nick).toBe("mid")
      ada.changeNick("a_much_longer_nick")
      const message = await atRight.next()
      expect(message).toEqual({ from: "a_much_longer_nick", bytes: large })
      expect(events).toContainEqual({ kind: "renamed", who: "mid", to: "a_much_longer_nick" })
      await sent
      const [again] = await Promise.all([atRight.next(), left.send(large)])
      expect(again.bytes).toEqual(large)
      await Promise.all([left.close(), right.close()])
    })

    it(
      "gives us another nick while ours is in use, and then ours",
      { timeout: 60_000 },
      async () => {
        const channel = nextChannel()
        const first = await connectIrc({ ...place(server), nick: "twin" })
        await first.join(channel)
        const second = await connect("twin")
        expect(second.nick).toBe("twin_")
        const kitchen = await second.join(channel)
        expect([...kitchen.names].sort()).toEqual(["twin", "twin_"])
        const events = watchLines(kitchen)
        await first.close("bye")
        await poll(() => second.nick).toBe("twin")
        expect(events).toContainEqual({ kind: "left", who: "twin", reason: "quit" })
        expect(events).toContainEqual({ kind: "renamed", who: "twin_", to: "twin", isSelf: true })
        await kitchen.close()
      },
    )

    it("carries lines also under long names, and refuses longer", { timeout: 60_000 }, async () => {
      const channel = nextChannel().padEnd(45, "x")
      await expect(connect("n".repeat(40))).rejects.toMatchObject({
        code: "refused",
        message: expect.stringContaining("the nick nnn") as string,
      })
      const [ada, bob] = [await connect("a".repeat(30)), await connect("b".repeat(30))]
      const left = ircTransport(await ada.join(channel))
      const right = ircTransport(await bob.join(channel))
      const bytes = new Uint8Array(1_000).fill(3)
      await left.send(bytes)
      expect(await reader(right).next()).toEqual({ from: "a".repeat(30), bytes })
      await right.send(bytes, { to: "A".repeat(30) })
      expect(await reader(left).next()).toEqual({ from: "b".repeat(30), bytes })
      // In use, and too long with one more character.
      const third = await connect("a".repeat(30))
      expect(third.nick).toBe("aaaaaaa__")
      await Promise.all([left.close(), right.close()])
    })

    it(
      "is one transport, whose end is the end of its connection",
      { timeout: 60_000 },
      async () => {
        const channel = nextChannel()
        const observer = await observe(server.port, "looker", channel)
        const options = { ...place(server), nick: "single", channel }
        /** Whether the server knows this nick. */
        const isThere = async (nick: string): Promise<boolean> => {
          const before = observer.lines.length
          observer.raw(`ISON ${nick}`)
          const answer = () => observer.lines.slice(before).find((line) => line.includes(" 303 "))
          await poll(answer).toBeDefined()
          return answer()?.includes(nick) ?? false
        }
        const transport = await connectIrcTransport(options)
        expect(transport.address).toBe(`irc://127.0.0.1:${server.port}/${channel}`)
        expect(await isThere("single")).toBe(true)
        await transport.close()
        await poll(() => isThere("single")).toBe(false)
        const again = await connectIrcTransport({ ...options, nick: "other" })
        observer.raw(`KICK ${channel} other`)
        await poll(() => isThere("other")).toBe(false)
        expect(again.status).toBe("closed")
        observer.raw(`MODE ${channel} +k sesame`)
        const isLocked = () => observer.lines.some((line) => line.includes("+k"))
        await poll(isLocked).toBe(true)
        await expect(connectIrcTransport({ ...options, key: "wrong" })).rejects.toMatchObject({
          code: "refused",
        })
        await observer.leave()
      },
    )

    it("tells who comes and goes; a kick is for good", { timeout: 60_000 }, async () => {
      const channel = nextChannel()
      const observer = await observe(server.port, "boss", channel)
      const bob = await connect("guest")
      const transport = ircTransport(await bob.join(channel))
      const events = watchEvents(transport)
      await poll(() => events).toEqual([{ kind: "joined", who: "boss" }])
      observer.say(channel, "hello in clear")
      await poll(() => events[1]).toEqual({
        kind: "cleartext",
        who: "boss",
        text: "hello in clear",
      })
      observer.raw(`KICK ${channel} guest :out`)
      await poll(() => transport.status).toBe("closed")
      expect(events.at(-1)).toMatchObject({
        error: { code: "kicked", message: expect.stringContaining("boss: out") as string },
      })
      await expect(transport.send(utf8("x"))).rejects.toMatchObject({ code: "kicked" })
      expect(bob.status).toBe("open")
      await observer.leave()
    })

    it("refuses to let us in where we may not be, in words", { timeout: 60_000 }, async () => {
      const channel = nextChannel()
      const observer = await observe(server.port, "keeper", channel)
      observer.raw(`MODE ${channel} +k sesame`)
      const bob = await connect("caller")
      await poll(() => observer.lines.some((line) => line.includes("+k"))).toBe(true)
      await expect(bob.join(channel)).rejects.toMatchObject({
        code: "refused",
        message: expect.stringContaining("key") as string,
      })
      const inside = await bob.join(channel, { key: "sesame" })
      expect([...inside.names].sort()).toEqual(["caller", "keeper"])
      await observer.leave()
    })

    it("lets us use the connection of another client", { timeout: 60_000 }, async () => {
      const channel = nextChannel()
      const bot = await observe(server.port, "bot", channel)
      const bob = await connect("friend")
      const right = ircTransport(await bob.join(channel))
      const atRight = reader(right)
      const attached = await attachIrc(linkOfClient(bot.client), { nick: "bot" })
      const left = ircTransport(await attached.join(channel))
      await left.send(new Uint8Array(1_000).fill(5))
      expect(await atRight.next()).toEqual({ from: "bot", bytes: new Uint8Array(1_000).fill(5) })
      await Promise.all([left.close(), right.close(), attached.close()])
      await bot.leave()
    })

    it("is come back to when it was away", { timeout: 60_000 }, async () => {
      const channel = nextChannel()
      const [ada, bob] = [await connect("here"), await connect("there")]
      const left = ircTransport(await ada.join(channel))
      const right = ircTransport(await bob.join(channel))
      const events: TransportEvent[] = watchEvents(right)
      await server.down()
      await until(left, "reconnecting")
      await server.up()
      await Promise.all([until(left, "open"), until(right, "open")])
      await poll(() => events.filter(({ kind }) => kind === "joined").length).toBeGreaterThan(0)
      const atRight = reader(right)
      const [message] = await Promise.all([
        atRight.next(),
        (async () => {
          await poll(() => left.status).toBe("open")
          await left.send(utf8("back"))
        })(),
      ])
      expect(message.bytes).toEqual(utf8("back"))
      await Promise.all([left.close(), right.close()])
    })
  })

  describe(`two linked ${under.kind}`, () => {
    let servers: LinkedServers
    beforeAll(async () => {
      servers = await under.startLinked()
    }, 60_000)
    afterAll(() => servers.stop())

    it("lose each other and find each other", { timeout: 120_000 }, async () => {
      const channel = nextChannel()
      const ada = await connectIrc({ ...place(servers.one), nick: "ada" })
      const bob = await connectIrc({ ...place(servers.two), nick: "bob" })
      const left = ircTransport(await ada.join(channel))
      const right = ircTransport(await bob.join(channel))
      const [atLeft, atRight] = [watchEvents(left), watchEvents(right)]
      const together = (events: TransportEvent[], who: string) =>
        poll(() => events.at(-1)).toEqual({ kind: "joined", who })
      await Promise.all([together(atLeft, "bob"), together(atRight, "ada")])
      servers.split()
      const apart = (events: TransportEvent[], who: string) =>
        poll(() => events.at(-1)).toEqual({ kind: "left", who, reason: "netsplit" })
      await Promise.all([apart(atLeft, "bob"), apart(atRight, "ada")])
      await expect(left.send(utf8("x"), { to: "bob" })).rejects.toMatchObject({
        code: "not-connected",
      })
      servers.heal()
      await Promise.all([together(atLeft, "bob"), together(atRight, "ada")])
      const [message] = await Promise.all([
        reader(right).next(),
        left.send(new Uint8Array(1_500).fill(1)),
      ])
      expect(message).toEqual({ from: "ada", bytes: new Uint8Array(1_500).fill(1) })
      await Promise.all([ada.close(), bob.close()])
    })
  })
}

function place(server: IrcServerProcess): { host: string; port: number; tls: false } {
  return { host: "127.0.0.1", port: server.port, tls: false }
}

function watchLines(channel: { onEvent(listener: (event: TextChannelEvent) => void): unknown }) {
  const events: TextChannelEvent[] = []
  channel.onEvent((event) => events.push(event))
  return events
}
