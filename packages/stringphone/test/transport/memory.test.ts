import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Faults, SimulatedClock, createMemoryNetwork } from "../../src/transport/memory.js"
import type { Transport } from "../../src/transport/index.js"
import { numberOf, numbered, reader, watchEvents } from "../contract/transport-contract.js"

/** Sends so many messages from alice to bob and carol, and lists what arrives, when and where. */
async function run(seed: number, faults: Faults, count: number): Promise<string[]> {
  const clock = new SimulatedClock()
  const network = createMemoryNetwork({ seed, clock, faults })
  const log: string[] = []
  const alice = network.connect("alice")
  for (const name of ["bob", "carol"]) void collect(network.connect(name), name, clock, log)
  for (let i = 0; i < count; i++) {
    await alice.send(numbered(i))
    await clock.advance(1)
  }
  await clock.runUntilIdle()
  return log
}

async function collect(
  transport: Transport,
  name: string,
  clock: SimulatedClock,
  log: string[],
): Promise<void> {
  for await (const { bytes } of transport.messages) {
    log.push(`${name} ${clock.now().toFixed(3)} ${new TextDecoder("latin1").decode(bytes)}`)
  }
}

const atBob = (log: string[]): string[] =>
  log.filter((line) => line.startsWith("bob")).map((line) => line.split(" ")[2] as string)

const inOrder = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i))

const probability = fc.double({ min: 0, max: 1, noNaN: true })
const anyFaults: fc.Arbitrary<Faults> = fc.record(
  {
    drop: probability,
    duplicate: probability,
    reorder: probability,
    corrupt: probability,
    replay: probability,
    delayMs: fc.record({ min: fc.nat(5), max: fc.integer({ min: 5, max: 50 }) }),
  },
  { requiredKeys: [] },
)

it("does the same again with the same seed", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), anyFaults, async (seed, faults) => {
      expect(await run(seed, faults, 5)).toEqual(await run(seed, faults, 5))
    }),
    { numRuns: 15 },
  )
})

it("does something else with another seed", async () => {
  const faults = { drop: 0.5 }
  expect(await run(1, faults, 50)).not.toEqual(await run(2, faults, 50))
})

it("without faults delivers in the next microtask, to all others", async () => {
  const network = createMemoryNetwork()
  const [alice, bob, carol] = ["alice", "bob", "carol"].map((name) => network.connect(name)) as [
    Transport,
    Transport,
    Transport,
  ]
  const next = [bob, carol].map((one) => reader(one).next())
  const bytes = numbered(1)
  await alice.send(bytes)
  for (const message of await Promise.all(next)) {
    expect(message).toEqual({ bytes, from: "alice" })
    expect(message.bytes).not.toBe(bytes)
  }
})

describe("faults", () => {
  it("drops", async () => {
    expect(await run(1, { drop: 1 }, 10)).toEqual([])
    const some = atBob(await run(1, { drop: 0.5 }, 100))
    expect(some.length).toBeGreaterThan(20)
    expect(some.length).toBeLessThan(80)
  })

  it("duplicates", async () => {
    expect(atBob(await run(1, { duplicate: 1 }, 3))).toEqual(["0", "0", "1", "1", "2", "2"])
  })

  it("reorders", async () => {
    const arrived = atBob(await run(1, { reorder: 0.3 }, 50))
    expect(arrived).not.toEqual(inOrder(50))
    expect(arrived.sort((a, b) => Number(a) - Number(b))).toEqual(inOrder(50))
  })

  it("delays, and keeps the order", async () => {
    const log = await run(1, { delayMs: { min: 10, max: 40 } }, 50)
    expect(atBob(log)).toEqual(inOrder(50))
    const first = log.find((line) => line.startsWith("bob")) as string
    expect(Number(first.split(" ")[1])).toBeGreaterThanOrEqual(10)
  })

  it("corrupts: one bit, for one receiver", async () => {
    const network = createMemoryNetwork({ faults: { corrupt: 1 } })
    const [alice, bob] = [network.connect("alice"), network.connect("bob")]
    const sent = new Uint8Array(100)
    await alice.send(sent)
    const { bytes } = await reader(bob).next()
    const flipped = [...bytes].filter((byte) => byte !== 0)
    expect(flipped).toHaveLength(1)
    expect(Math.log2(flipped[0] as number) % 1).toBe(0)
    expect(sent).toEqual(new Uint8Array(100))
  })

  it("replays earlier messages", async () => {
    const arrived = atBob(await run(1, { replay: 1 }, 20))
    expect(arrived).toHaveLength(20 + 19)
    expect(new Set(arrived)).toEqual(new Set(inOrder(20)))
  })

  it("begin and end when told to, and are checked", async () => {
    const network = createMemoryNetwork({ faults: { drop: 1 } })
    const [alice, bob] = [network.connect("alice"), network.connect("bob")]
    await alice.send(numbered(1))
    network.setFaults({})
    await alice.send(numbered(2))
    expect(numberOf(await reader(bob).next())).toBe(2)
    expect(() => network.setFaults({ drop: 2 })).toThrow(
      expect.objectContaining({ code: "bad-faults" }),
    )
    expect(() => network.connect("bob")).toThrow(expect.objectContaining({ code: "name-taken" }))
  })
})

describe("presence", () => {
  it("tells who comes and goes, and who is cut off", async () => {
    const network = createMemoryNetwork()
    const alice = network.connect("alice")
    const events = watchEvents(alice)
    const bob = network.connect("bob")
    network.connect("carol")
    network.partition(["alice", "carol"], ["bob"])
    network.heal()
    network.disconnect("carol")
    network.reconnect("carol")
    await bob.close()
    expect(events).toEqual([
      { kind: "joined", who: "bob" },
      { kind: "joined", who: "carol" },
      { kind: "left", who: "bob" },
      { kind: "joined", who: "bob" },
      { kind: "left", who: "carol" },
      { kind: "joined", who: "carol" },
      { kind: "left", who: "bob" },
    ])
  })

  it("a partition loses what is sent across it", async () => {
    const network = createMemoryNetwork()
    const [alice, bob] = [network.connect("alice"), network.connect("bob")]
    network.partition(["alice"], ["bob"])
    await alice.send(numbered(1))
    network.heal()
    await alice.send(numbered(2))
    expect(numberOf(await reader(bob).next())).toBe(2)
  })
})
