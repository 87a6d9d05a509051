import { afterEach, describe, expect, it } from "vitest"
import { utf8 } from "../../src/bytes/index.js"
import type { Transport, TransportEvent } from "../../src/transport/index.js"
import { SimulatedClock } from "../../src/transport/clock.js"
import { type TextTransportOptions, ircTransport } from "../../src/transport/irc/index.js"
import { channelTag } from "../../src/transport/irc/channel-tag.js"
import { decodeTextLine, encodeTextLine } from "../../src/transport/irc/text-line.js"
import {
  type MemoryTextChannels,
  type ServerLine,
  createMemoryTextChannels,
} from "../../src/transport/memory-text.js"
import { transportContract, watchEvents } from "../contract/transport-contract.js"

transportContract(
  "lines in memory",
  async ({ inbox = {} }) => {
    const server = createMemoryTextChannels()
    const present = new Set(["left", "right"])
    const come = (name: string): Transport => {
      const transport = ircTransport(server.connect(name), { inbox })
      transport.onEvent((event) => {
        if (event.kind === "status" && event.status === "closed") present.delete(name)
      })
      return transport
    }
    return {
      left: come("left"),
      right: come("right"),
      outage: {
        async down() {
          server.disconnect("left")
          server.disconnect("right")
        },
        async up() {
          for (const name of ["right", "left"]) if (present.has(name)) server.reconnect(name)
        },
      },
    }
  },
  { pausable: false, canFail: true },
)

const open: Transport[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((transport) => transport.close()))
})

interface Visitor {
  readonly transport: Transport
  readonly got: { readonly from: string | null; readonly bytes: Uint8Array }[]
  readonly events: TransportEvent[]
}

/** A channel whose time only passes when told to. */
function channel(): {
  readonly clock: SimulatedClock
  readonly server: MemoryTextChannels
  come(name: string, options?: TextTransportOptions): Visitor
} {
  const clock = new SimulatedClock()
  const server = createMemoryTextChannels({ clock, maxLineBytes: 400, channel: "#kitchen" })
  return {
    clock,
    server,
    come(name, options = {}) {
      const transport = ircTransport(server.connect(name), { clock, ...options })
      open.push(transport)
      const got: Visitor["got"] = []
      void (async () => {
        for await (const { from, bytes } of transport.messages) got.push({ from, bytes })
      })()
      return { transport, got, events: watchEvents(transport) }
    },
  }
}

const long = (length = 2000, first = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => first + i * 7 + (i >> 8))

function isOurs(text: string, kind: string): boolean {
  return text.startsWith("?SP2,") && decodeTextLine(text).kind === kind
}

describe("messages in lines", () => {
  it("need one line as long as they fit", async () => {
    const { server, come, clock } = channel()
    const [ada, bob] = [come("ada"), come("bob")]
    // 400 bytes less ?SP2, are 395 characters: 316 bytes, of which the header has three.
    await ada.transport.send(long(313))
    expect(server.lines).toHaveLength(1)
    expect(server.lines[0]?.text).toHaveLength(400)
    await ada.transport.send(long(314))
    expect(server.lines).toHaveLength(3)
    await ada.transport.send(long(311), { to: "bob" })
    expect(server.lines).toHaveLength(4)
    await clock.runUntilIdle()
    expect(bob.got.map(({ bytes }) => bytes)).toEqual([long(313), long(314), long(311)])
  })

  it("go around lines of others, which are shown as what they are", async () => {
    const { server, come, clock } = channel()
    const ada = come("ada")
    server.connect("bob")
    server.inject({ from: "bob", to: null, text: "good morning" })
    server.inject({ from: "bob", to: null, text: "?VLA,1,1!00abc" })
    server.inject({ from: "bob", to: null, text: "?SP2,this is not base 85" })
    server.inject({ from: "bob", to: null, text: "?SP2" })
    server.inject({ from: "bob", to: "ada", text: "psst" })
    await clock.runUntilIdle()
    expect(ada.events).toEqual([
      { kind: "joined", who: "bob" },
      { kind: "cleartext", who: "bob", text: "good morning" },
      { kind: "cleartext", who: "bob", text: "?SP2" },
      { kind: "dropped", count: 1 },
    ])
    expect(ada.got).toEqual([])
  })

  it("leave the channel to others, where they are told to", async () => {
    const { server } = channel()
    const shared = server.connect("ada")
    const one = ircTransport(shared, { keepChannel: true })
    const other = ircTransport(shared)
    await one.close()
    expect([one.status, shared.status]).toEqual(["closed", "open"])
    await other.close()
    expect(shared.status).toBe("closed")
  })

  it("belong to one channel, also on private lines", async () => {
    const { server, come, clock } = channel()
    const [ada] = [come("ada"), come("bob")]
    const whole = (tag: number | null): string =>
      encodeTextLine({ kind: "whole", tag, bytes: utf8("x") })
    const inject = (to: string | null, text: string): void =>
      server.inject({ from: "bob", to, text })
    inject("ada", whole(channelTag("irc://b/#garden")))
    inject("ada", whole(null)) // not for a private line
    inject(null, whole(channelTag("irc://b/#kitchen"))) // only for a private line
    await clock.runUntilIdle()
    expect(ada.got).toEqual([])
    inject("ada", whole(channelTag("irc://b/#Kitchen")))
    await clock.runUntilIdle()
    expect(ada.got).toHaveLength(1)
  })

  it("arrive although everything is doubled and out of order", async () => {
    const { server, come, clock } = channel()
    const [ada, bob, eve] = [come("ada"), come("bob"), come("eve")]
    server.setFaults({ duplicate: 0.5, reorder: 0.5, replay: 0.2 })
    await Promise.all([ada.transport.send(long(5000, 1)), eve.transport.send(long(5000, 2))])
    await clock.runUntilIdle(600_000)
    const froms = bob.got.map(({ from }) => from).sort()
    expect(froms).toEqual(["ada", "eve"])
    expect(bob.got.find(({ from }) => from === "ada")?.bytes).toEqual(long(5000, 1))
    expect(bob.got.find(({ from }) => from === "eve")?.bytes).toEqual(long(5000, 2))
  })

  it("that are too large are not taken in", async () => {
    const { come, clock } = channel()
    const [ada, bob] = [come("ada"), come("bob", { maxMessageBytes: 100 })]
    await ada.transport.send(long(101))
    await ada.transport.send(long(1000))
    await ada.transport.send(long(100))
    await clock.runUntilIdle()
    expect(bob.got.map(({ bytes }) => bytes.length)).toEqual([100])
  })

  it("end when we are put out of the channel", async () => {
    const { server, come } = channel()
    const ada = come("ada")
    server.kick("ada")
    expect(ada.transport.status).toBe("closed")
    expect(ada.events.at(-1)).toMatchObject({ kind: "status", error: { code: "kicked" } })
    await expect(ada.transport.send(long(1))).rejects.toMatchObject({ code: "kicked" })
  })
})

describe("pieces that are lost", () => {
  const dropping =
    (...numbers: number[]) =>
    (server: MemoryTextChannels, receiver = "bob"): void => {
      let count = 0
      server.setFilter((line, to) => {
        if (line.to !== null || to !== receiver) return true
        count += 1
        return !numbers.includes(count)
      })
    }

  it.each([
    ["the first", [1]],
    ["one in the middle", [3]],
    ["the last", [7]],
    ["most of them", [1, 2, 4, 5, 7]],
  ])("are asked for in private, and come: %s", async (_, lost) => {
    const { server, come, clock } = channel()
    const [ada, bob, eve] = [come("ada"), come("bob"), come("eve")]
    dropping(...lost)(server)
    await ada.transport.send(long())
    await clock.runUntilIdle()
    expect(bob.got).toEqual([{ from: "ada", bytes: long() }])
    expect(eve.got).toEqual([{ from: "ada", bytes: long() }])
    const whispered = server.lines.filter(({ to }) => to !== null)
    expect(whispered.filter(({ text }) => isOurs(text, "request"))).toHaveLength(1)
    expect(whispered.filter(({ to }) => to === "eve")).toEqual([])
  })

  it("are asked for anew when the answer is lost too", async () => {
    const { server, come, clock } = channel()
    const [ada, bob] = [come("ada"), come("bob")]
    let privately = 0
    let publicly = 0
    server.setFilter((line) => (line.to === null ? ++publicly !== 2 : ++privately !== 2))
    await ada.transport.send(long())
    await clock.runUntilIdle()
    expect(bob.got).toEqual([{ from: "ada", bytes: long() }])
  })

  it("are given up after a few times", async () => {
    const { server, come, clock } = channel()
    const [ada, bob] = [come("ada"), come("bob")]
    let publicly = 0
    server.setFilter((line) => line.to === null && ++publicly !== 2)
    await ada.transport.send(long())
    await clock.runUntilIdle()
    expect(bob.got).toEqual([])
    expect(bob.events.at(-1)).toEqual({ kind: "dropped", count: 1 })
    expect(server.lines.filter(({ text }) => isOurs(text, "request"))).toHaveLength(4)
  })

  it("are found again after their sender changed its name", async () => {
    const { server, come, clock } = channel()
    const [ada, bob] = [come("ada"), come("bob")]
    dropping(2)(server)
    await ada.transport.send(long())
    await clock.advance(10)
    server.rename("ada", "ada_")
    await clock.runUntilIdle()
    expect(bob.got.map(({ bytes }) => bytes)).toEqual([long()])
    expect(bob.events).toContainEqual({ kind: "renamed", who: "ada", to: "ada_" })
  })

  it("are sent again only so often: nobody makes us flood", async () => {
    const { server, come, clock } = channel()
    const ada = come("ada")
    server.connect("eve")
    await ada.transport.send(long())
    const first = decodeTextLine(server.lines[0]?.text ?? "")
    if (first.kind !== "part") throw new Error("Expected a part.")
    const tag = channelTag("#kitchen")
    const ask = async (ranges: { offset: number; length: number }[], id = first.id) => {
      const before = server.lines.length
      const text = encodeTextLine({ kind: "request", tag, id, ranges })
      server.inject({ from: "eve", to: "ada", text } satisfies ServerLine)
      await clock.advance(100)
      return server.lines.length - before
    }
    const all = [{ offset: 0, length: 2000 }]
    expect(await ask(all, new Uint8Array(6))).toBe(0) // a guess
    expect(await ask([{ offset: 5000, length: 10 }])).toBe(0)
    expect(await ask([{ offset: 0, length: 16_000_000 }])).toBe(7)
    expect(await ask(all)).toBe(7)
    for (let i = 0; i < 20; i++) expect(await ask(all)).toBe(0)
    expect(server.lines.filter(({ to }) => to === "eve")).toHaveLength(14)
  })

  it("are not kept for ever, and what was for one alone not for others", async () => {
    const { server, come, clock } = channel()
    const ada = come("ada")
    for (const name of ["bob", "eve"]) server.connect(name)
    await ada.transport.send(long(), { to: "bob" })
    const first = decodeTextLine(server.lines[0]?.text ?? "")
    if (first.kind !== "part") throw new Error("Expected a part.")
    const ask = async (from: string) => {
      const before = server.lines.length
      const ranges = [{ offset: 0, length: 10 }]
      const text = encodeTextLine({
        kind: "request",
        tag: channelTag("#kitchen"),
        id: first.id,
        ranges,
      })
      server.inject({ from, to: "ada", text })
      await clock.advance(100)
      return server.lines.length - before
    }
    expect(await ask("eve")).toBe(0)
    expect(await ask("bob")).toBe(1)
    await clock.advance(120_000)
    expect(await ask("bob")).toBe(0)
  })
})

describe("who is there", () => {
  it("is told to the first listener, whenever it comes", async () => {
    const { server, clock } = channel()
    server.connect("ada")
    const transport = ircTransport(server.connect("bob"), { clock })
    open.push(transport)
    server.connect("eve")
    await clock.advance(1)
    const events = watchEvents(transport)
    await clock.advance(1)
    expect(events).toEqual([
      { kind: "joined", who: "ada" },
      { kind: "joined", who: "eve" },
    ])
  })

  it("is told as it changes, with reasons; after a reconnection, what changed meanwhile", async () => {
    const { server, come, clock } = channel()
    const bob = come("bob")
    const [ada, eve] = [server.connect("ada"), server.connect("eve")]
    await clock.advance(1)
    server.split(["eve"])
    server.heal()
    await ada.close()
    await clock.advance(1)
    expect(bob.events.splice(0)).toEqual([
      { kind: "joined", who: "ada" },
      { kind: "joined", who: "eve" },
      { kind: "left", who: "eve", reason: "netsplit" },
      { kind: "joined", who: "eve" },
      { kind: "left", who: "ada", reason: "parted" },
    ])
    server.disconnect("bob")
    await eve.close()
    server.connect("dan")
    server.reconnect("bob")
    expect(bob.events.slice(1)).toEqual([
      { kind: "status", status: "open" },
      { kind: "left", who: "eve" },
      { kind: "joined", who: "dan" },
    ])
  })
})

it("text of ours is nowhere in clear", async () => {
  const { server, come } = channel()
  const ada = come("ada")
  await ada.transport.send(utf8("the words"))
  const [line] = server.lines
  expect(line?.text).toMatch(/^\?SP2,\S+$/)
  expect(line?.text).not.toContain("words")
})
