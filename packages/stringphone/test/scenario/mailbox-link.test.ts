// Hubs find each other on a channel, find out what each lacks and send it: whatever the channel does.
import { afterEach, describe, expect, test } from "vitest"
import { concat, fromHex } from "../../src/bytes/index.js"
import {
  encodeFrame,
  encodeHello,
  encodeParcels,
  encodeRunStart,
  type FrameKind,
  toAll,
} from "../../src/mailbox/hub/index.js"
import { type HubLink, openHubLink } from "../../src/session/mailbox/hub-link.js"
import type { MailHubOptions } from "../../src/session/mailbox/hub-types.js"
import type { HubLinkEvent, HubLinkLimits } from "../../src/session/mailbox/link-types.js"
import { SimulatedClock } from "../../src/transport/clock.js"
import { createMemoryNetwork, type MemoryNetwork } from "../../src/transport/memory.js"
import type { Transport } from "../../src/transport/index.js"
import { SeededRandom } from "../../src/transport/random.js"
import { envelope, parcels, seededBytes, type TestHub, testHub } from "./mailbox-hub-fixtures.js"

interface Node extends TestHub {
  readonly link: HubLink
  readonly linkEvents: HubLinkEvent[]
  readonly transport: Transport
}

const opened: Node[] = []
afterEach(async () => {
  for (const { hub, link } of opened.splice(0)) {
    await link.close()
    await hub.close()
  }
})

interface NodeOptions {
  readonly limits?: Partial<HubLinkLimits>
  readonly hub?: Partial<MailHubOptions>
}

async function node(
  network: MemoryNetwork,
  clock: SimulatedClock,
  name: string,
  options: NodeOptions = {},
): Promise<Node> {
  const seed = [...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7)
  const hub = await testHub(clock, options.hub, seed)
  const linkEvents: HubLinkEvent[] = []
  const transport = network.connect(name)
  const made = {
    ...hub,
    linkEvents,
    transport,
    connect: () =>
      openHubLink({
        hub: hub.hub,
        transport,
        clock,
        limits: options.limits ?? {},
        randomBytes: seededBytes(seed),
        onEvent: (event) => void linkEvents.push(event),
      }),
  }
  const link = made.connect()
  const whole = { ...made, link }
  opened.push(whole)
  return whole
}

const runsOf = ({ linkEvents }: Node) =>
  linkEvents.flatMap((event) => (event.kind === "run" ? [event.outcome] : []))
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i)
const mails = (from: number, to: number): Uint8Array[] => range(from, to).map((i) => envelope(i))
const countOf = ({ hub }: Node): number => hub.usage.count

describe("two hubs", () => {
  test("send each other what the other lacks, once, and then what is new", async () => {
    const clock = new SimulatedClock()
    const network = createMemoryNetwork({ clock })
    const alice = await node(network, clock, "alice")
    await alice.hub.accept(parcels(...mails(0, 300)), "tcp://x")
    const bob = await node(network, clock, "bob")
    await bob.hub.accept(parcels(...mails(200, 500)), "tcp://y")
    await clock.advance(10_000)
    expect([countOf(alice), countOf(bob)]).toEqual([500, 500])
    expect(runsOf(alice)).toMatchObject([
      { isComplete: true, sentParcels: 200, receivedParcels: 200 },
    ])
    expect(runsOf(bob)).toMatchObject([
      { isComplete: true, sentParcels: 200, receivedParcels: 200 },
    ])
    expect(bob.hub.usage.links.get("memory:bob alice")?.count).toBe(200)

    await alice.hub.add(envelope(1_000))
    await clock.advance(100)
    expect(bob.has(envelope(1_000))).toBe(true)
    expect(runsOf(bob)).toHaveLength(1)
    await clock.advance(1_200_000)
    const last = runsOf(bob).at(-1)
    expect(last).toMatchObject({ isComplete: true, sentParcels: 0, receivedParcels: 0 })
    expect(last?.reconcileBytes).toBeLessThan(100)
  })

  test("pass large mail through a narrow channel and a narrow window", async () => {
    const clock = new SimulatedClock()
    const network = createMemoryNetwork({ clock, maxMessageBytes: 4_096 })
    const limits = { windowBytes: 16_384 }
    const alice = await node(network, clock, "alice", { limits })
    const large = [envelope(1, undefined, 5), envelope(2, undefined, 3), ...mails(3, 40)]
    await alice.hub.accept(parcels(...large), "tcp://x")
    const bob = await node(network, clock, "bob", { limits })
    await clock.advance(10_000)
    expect(large.filter((one) => !bob.has(one))).toEqual([])
    // New, and too large for one frame: it comes by the next run, at once.
    await bob.hub.add(envelope(50, undefined, 4))
    await clock.advance(10_000)
    expect(alice.has(envelope(50, undefined, 4))).toBe(true)
  })

  test("never have more under way than the receiver granted", async () => {
    const clock = new SimulatedClock()
    const network = createMemoryNetwork({ clock, faults: { delayMs: { min: 100, max: 100 } } })
    const limits = { windowBytes: 32_768 }
    const alice = await node(network, clock, "alice", { limits })
    await alice.hub.accept(parcels(...mails(0, 400)), "tcp://x")
    const bob = await node(network, clock, "bob", { limits })
    const counts: number[] = []
    for (let i = 0; i < 400; i++) {
      await clock.advance(50)
      counts.push(countOf(bob))
    }
    const steps = counts.map((count, i) => count - (counts[i - 1] ?? 0))
    expect(Math.max(...steps)).toBeLessThanOrEqual(32)
    expect(counts.at(-1)).toBe(400)
  })

  test("go on after an interruption, and send nothing twice that arrived", async () => {
    const clock = new SimulatedClock()
    const network = createMemoryNetwork({ clock, faults: { delayMs: { min: 50, max: 50 } } })
    const limits = { windowBytes: 65_536 }
    const alice = await node(network, clock, "alice", { limits })
    await alice.hub.accept(parcels(...mails(0, 1_000)), "tcp://x")
    const bob = await node(network, clock, "bob", { limits })
    let breaks = 0
    for (let i = 0; i < 3_000 && countOf(bob) < 1_000; i++) {
      await clock.advance(20)
      if (i % 60 === 59) {
        breaks += 1
        network.disconnect("bob")
        await clock.advance(100)
        network.reconnect("bob")
      }
    }
    expect(countOf(bob)).toBe(1_000)
    expect(breaks).toBeGreaterThan(1)
    await clock.advance(20_000)
    const received = runsOf(bob).reduce((sum, run) => sum + run.receivedParcels, 0)
    expect(received).toBe(1_000)
  })

  test("do not offer again what the other one refuses to keep", async () => {
    const clock = new SimulatedClock()
    const network = createMemoryNetwork({ clock })
    const alice = await node(network, clock, "alice")
    await alice.hub.accept(parcels(...mails(0, 100)), "tcp://x")
    const limits = { maxBytes: 40 * 1_024, linkShare: 1 }
    const bob = await node(network, clock, "bob", { hub: { limits } })
    await clock.advance(10_000)
    expect(countOf(bob)).toBe(40)
    await clock.advance(1_200_000)
    expect(runsOf(alice).length).toBeGreaterThan(1)
    const sent = runsOf(alice).reduce((sum, run) => sum + run.sentParcels, 0)
    expect(sent).toBe(100)
  })

  test("say good-bye", async () => {
    const clock = new SimulatedClock()
    const network = createMemoryNetwork({ clock })
    const alice = await node(network, clock, "alice")
    const bob = await node(network, clock, "bob")
    await clock.advance(5_000)
    expect(alice.link.status.peers).toMatchObject([{ completeRuns: 1, isRunning: false }])
    await bob.link.close()
    await clock.advance(1)
    expect(alice.link.status.peers).toEqual([])
    expect(alice.linkEvents).toContainEqual({ kind: "peer-left", peer: bob.link.status.number })
  })
})

describe("five hubs on one channel", () => {
  const names = ["a", "b", "c", "d", "e"]

  test("all have everything, and what is new is said once", async () => {
    const clock = new SimulatedClock()
    const network = createMemoryNetwork({ clock })
    const nodes: Node[] = []
    for (const [i, name] of names.entries()) {
      const one = await node(network, clock, name)
      await one.hub.accept(parcels(...mails(i * 40, i * 40 + 60)), "tcp://x")
      nodes.push(one)
    }
    await clock.advance(30_000)
    expect(nodes.map(countOf)).toEqual([220, 220, 220, 220, 220])
    let pushed = 0
    const spy = network.connect("spy")
    void (async () => {
      for await (const { bytes } of spy.messages) if (bytes[0] === 0x70) pushed += 1
    })()
    await nodes[2]?.hub.add(envelope(5_000))
    await clock.advance(1_000)
    expect(nodes.map(({ has }) => has(envelope(5_000)))).toEqual(Array(5).fill(true))
    expect(pushed).toBe(1)
    await spy.close()
  })

  test("take turns when each has room for one run only", { timeout: 60_000 }, async () => {
    const clock = new SimulatedClock()
    const network = createMemoryNetwork({ clock, faults: { delayMs: { min: 5, max: 50 } } })
    const limits = { maxRuns: 1, windowBytes: 16_384 }
    const nodes: Node[] = []
    for (const [i, name] of names.entries()) {
      const one = await node(network, clock, name, { limits })
      await one.hub.accept(parcels(...mails(i * 40, i * 40 + 60)), "tcp://x")
      nodes.push(one)
    }
    await clock.advance(120_000)
    expect(nodes.map(countOf)).toEqual([220, 220, 220, 220, 220])
    const reasons = nodes.flatMap((one) => runsOf(one).map(({ reason }) => reason))
    expect(reasons).toContain("declined")
    expect(reasons).not.toContain("peer-error")
    expect(
      nodes.flatMap(({ linkEvents }) => linkEvents.filter(({ kind }) => kind === "rejected")),
    ).toEqual([])
  })

  test.each([1, 2, 3, 4, 5])(
    "all have everything in the end: loss, copies, disorder, partitions (seed %i)",
    { timeout: 120_000 },
    async (seed) => {
      const clock = new SimulatedClock()
      const faults = { drop: 0.1, duplicate: 0.1, reorder: 0.1, delayMs: { min: 1, max: 20 } }
      const network = createMemoryNetwork({ clock, seed, faults, maxMessageBytes: 16_384 })
      const random = new SeededRandom(seed)
      const limits = { stallMs: 5_000, runEveryMs: 60_000, helloEveryMs: 10_000 }
      const nodes: Node[] = []
      for (const [i, name] of names.entries()) {
        const one = await node(network, clock, name, { limits })
        await one.hub.accept(parcels(...mails(i * 40, i * 40 + 60)), "tcp://x")
        nodes.push(one)
      }
      for (let i = 0; i < 20; i++) {
        await nodes[random.below(5)]?.hub.add(envelope(10_000 + i, undefined, i % 3))
        const name = names[random.below(5)] as string
        if (i % 4 === 0) network.partition(names.slice(0, 1 + random.below(4)))
        if (i % 4 === 2) network.heal()
        if (i % 2 === 0) network.disconnect(name)
        await clock.advance(random.below(20_000))
        network.reconnect(name)
      }
      network.heal()
      for (let i = 0; i < 60 && nodes.some((one) => countOf(one) < 240); i++) {
        await clock.advance(30_000)
      }
      expect(nodes.map(countOf)).toEqual([240, 240, 240, 240, 240])
    },
  )
})

describe("a hub between two channels", () => {
  test("carries from one to the other, after a random time, and not back", async () => {
    const clock = new SimulatedClock()
    const [left, right] = [createMemoryNetwork({ clock }), createMemoryNetwork({ clock })]
    const alice = await node(left, clock, "alice")
    const carol = await node(right, clock, "carol")
    const mixing = { meanMs: 60_000, batchMs: 5_000 }
    const bob = await node(left, clock, "bob", { hub: { mixing } })
    const rightTransport = right.connect("bob2")
    const more = openHubLink({ hub: bob.hub, transport: rightTransport, clock })
    await clock.advance(10_000)
    let pushedBack = 0
    const spy = left.connect("spy")
    void (async () => {
      for await (const { bytes, from } of spy.messages) {
        if (bytes[0] === 0x70 && from === "bob") pushedBack += 1
      }
    })()
    for (let i = 0; i < 10; i++) await alice.hub.add(envelope(i))
    await clock.advance(1_000)
    expect([countOf(bob), countOf(carol)]).toEqual([10, 0])
    const arrivals: number[] = []
    for (let i = 0; i < 100; i++) {
      await clock.advance(5_000)
      arrivals.push(countOf(carol))
    }
    expect(arrivals.at(-1)).toBe(10)
    expect(new Set(arrivals).size).toBeGreaterThan(3)
    expect(pushedBack).toBe(0)
    await more.close()
    await spy.close()
  })

  test("says on a channel only what was not said there", async () => {
    const clock = new SimulatedClock()
    const [left, right] = [createMemoryNetwork({ clock }), createMemoryNetwork({ clock })]
    const alice = await node(left, clock, "alice")
    const carol = await node(right, clock, "carol")
    const between: HubLink[] = []
    for (const name of ["bob", "dave"]) {
      // Dave hears Bob say it while he still holds it back himself.
      const meanMs = name === "bob" ? 0 : 60_000
      const one = await node(left, clock, name, { hub: { mixing: { meanMs } } })
      between.push(openHubLink({ hub: one.hub, transport: right.connect(`${name}2`), clock }))
    }
    await clock.advance(10_000)
    let pushed = 0
    const spy = right.connect("spy")
    void (async () => {
      for await (const { bytes } of spy.messages) if (bytes[0] === 0x70) pushed += 1
    })()
    await alice.hub.add(envelope(1))
    await clock.advance(500_000)
    expect([carol.has(envelope(1)), pushed]).toEqual([true, 1])
    for (const link of between) await link.close()
    await spy.close()
  })
})

describe("a hostile peer", () => {
  const number = new Uint8Array(8).fill(0xee)
  const frame = (kind: FrameKind, to: Uint8Array, body: Uint8Array): Uint8Array =>
    encodeFrame({ kind, from: number, to, body })

  test("sends anything, and the hub goes on", { timeout: 60_000 }, async () => {
    const clock = new SimulatedClock()
    const network = createMemoryNetwork({ clock })
    const alice = await node(network, clock, "alice")
    const eve = network.connect("eve")
    const random = new SeededRandom(5)
    const ours = fromHex(alice.link.status.number)
    await eve.send(frame("hello", toAll, encodeHello({ maxFrameBytes: 4_096 })))
    const start = { run: 7, nonce: new Uint8Array(16), windowBytes: 16_384 }
    const kinds: FrameKind[] = ["start", "accept", "decline", "reconcile", "parcels", "piece"]
    kinds.push("credit", "end", "hello", "bye")
    for (let i = 0; i < 2_000; i++) {
      if (i % 20 === 0) await eve.send(frame("start", ours, encodeRunStart(start)))
      const junk = Uint8Array.from({ length: random.below(60) }, () => random.below(256))
      const kind = kinds[random.below(kinds.length)] as FrameKind
      const body = random.chance(0.5) ? junk : concat(Uint8Array.of(0, 0, 0, 7), junk)
      const isRaw = random.chance(0.1)
      await eve.send(isRaw ? junk : frame(kind, random.chance(0.7) ? ours : toAll, body))
      if (i % 10 === 0) await clock.advance(100)
    }
    await clock.advance(1_000)
    const rejected = alice.linkEvents.filter(({ kind }) => kind === "rejected")
    expect(rejected.length).toBeGreaterThan(500)
    expect(alice.linkEvents.filter(({ kind }) => kind === "trouble")).toEqual([])
    const bob = await node(network, clock, "bob")
    await bob.hub.add(envelope(1))
    await clock.advance(60_000)
    expect(alice.has(envelope(1))).toBe(true)
  })

  test("who sends more than was granted is cut off, and its junk is charged to it", async () => {
    const clock = new SimulatedClock()
    const network = createMemoryNetwork({ clock })
    const alice = await node(network, clock, "alice", { limits: { windowBytes: 16_384 } })
    const ours = fromHex(alice.link.status.number)
    const eve = network.connect("eve")
    await eve.send(frame("hello", toAll, encodeHello({ maxFrameBytes: 4_096 })))
    const start = { run: 7, nonce: new Uint8Array(16), windowBytes: 16_384 }
    await eve.send(frame("start", ours, encodeRunStart(start)))
    await clock.advance(1)
    for (let i = 0; i < 40; i++) {
      const body = encodeParcels({ run: 7, position: 0, parcels: parcels(envelope(i)) })
      await eve.send(frame("parcels", ours, body))
    }
    await clock.advance(10)
    expect(alice.linkEvents).toContainEqual(
      expect.objectContaining({ kind: "rejected", from: "eve", code: "over-credit" }),
    )
    // It claimed to have sent nothing: the first window's worth came in, and no more.
    expect(alice.hub.usage.links.get("memory:alice eve")?.count).toBe(15)
    expect(runsOf(alice)).toMatchObject([{ isComplete: false, reason: "peer-error" }])
  })

  test("numbers cost nothing: hubs that proved themselves are kept", async () => {
    const clock = new SimulatedClock()
    const network = createMemoryNetwork({ clock })
    const limits = { maxPeers: 8, stallMs: 2_000 }
    const alice = await node(network, clock, "alice", { limits })
    const bob = await node(network, clock, "bob")
    await clock.advance(5_000)
    const eve = network.connect("eve")
    for (let i = 0; i < 100; i++) {
      const from = new Uint8Array(8).fill(i + 1)
      const body = encodeHello({ maxFrameBytes: 4_096 })
      await eve.send(encodeFrame({ kind: "hello", from, to: toAll, body }))
    }
    await clock.advance(20_000)
    const { peers } = alice.link.status
    expect(peers).toHaveLength(8)
    expect(peers.map((peer) => peer.number)).toContain(bob.link.status.number)
  })
})

test("a channel that takes too little is refused", async () => {
  const clock = new SimulatedClock()
  const network = createMemoryNetwork({ clock, maxMessageBytes: 4_095 })
  const { hub } = await testHub(clock)
  expect(() => openHubLink({ hub, transport: network.connect("a"), clock })).toThrow(
    expect.objectContaining({ code: "channel-too-small" }),
  )
})
