// A hub: what it takes, what it tells and when, what it lets others see, and what survives a crash.
import { describe, expect, test } from "vitest"
import { ChannelError } from "../../src/bytes/index.js"
import { findStamp, stampBits } from "../../src/mailbox/hub/index.js"
import { dayMs, envelopeId } from "../../src/mailbox/index.js"
import { createMemoryEnvelopeStore } from "../../src/store/envelopes/memory.js"
import type { EnvelopeStore } from "../../src/store/envelopes/port.js"
import { SimulatedClock } from "../../src/transport/clock.js"
import {
  envelope,
  noStamp,
  numbered,
  parcel,
  parcels,
  testHub,
  today,
} from "./mailbox-hub-fixtures.js"

const kib = 1_024
const whys = (results: readonly { kind: string; why?: string }[]): string[] =>
  results.map(({ kind, why }) => why ?? kind)
const shown = async ({ hub }: Awaited<ReturnType<typeof testHub>>): Promise<number> =>
  (await hub.entries()).length

describe("a hub", () => {
  test("takes mail, knows it again, and says why it takes none", async () => {
    const { events, hub } = await testHub(new SimulatedClock(), {
      limits: { maxEnvelopeBytes: 4 * kib },
    })
    const results = await hub.accept(
      [
        parcel(envelope(1)),
        parcel(envelope(1)),
        parcel(envelope(2, today - 1)),
        parcel(envelope(3, today + 36)),
        parcel(envelope(4, today, 2)),
        parcel(envelope(5).subarray(1)),
        new Uint8Array(8),
        new Uint8Array(0),
        parcel(envelope(6, today + 35)),
      ],
      "tcp://a",
    )
    const bad = ["expired", "too-far", "too-large", "malformed", "malformed", "malformed"]
    expect(whys(results)).toEqual(["stored", "known", ...bad, "stored"])
    const counts = { expired: 1, "too-far": 1, "too-large": 1, malformed: 3 }
    expect(events).toContainEqual({ kind: "refused", link: "tcp://a", counts })
    const news = events.flatMap((event) => (event.kind === "new" ? event.envelopes : []))
    expect(news.map(({ bytes }) => bytes)).toEqual([envelope(1), envelope(6, today + 35)])
    expect(hub.usage).toMatchObject({ count: 2, bytes: 2 * kib, heldCount: 0 })
    expect(await hub.parcels([envelopeId(envelope(1)), new Uint8Array(32)])).toEqual(
      parcels(envelope(1)),
    )
    await hub.close()
    await hub.close()
    await expect(hub.accept([], "tcp://a")).rejects.toMatchObject({ code: "closed" })
  })

  test("tells nothing as stored before it is durable", async () => {
    const clock = new SimulatedClock()
    const store = createMemoryEnvelopeStore()
    let finish = (): void => {}
    const slow: EnvelopeStore = {
      ...bound(store),
      add: async (added) => {
        await new Promise<void>((resolve) => (finish = resolve))
        return store.add(added)
      },
    }
    const { events, hub } = await testHub(clock, { store: slow })
    let isTold = false
    const accepted = hub.accept(parcels(envelope(1)), "tcp://a").then(() => (isTold = true))
    await clock.advance(10)
    expect([isTold, events.length, await hub.entries()]).toEqual([false, 0, []])
    finish()
    await accepted
    expect(events.map(({ kind }) => kind)).toEqual(["new", "released"])
  })

  test("when the store fails, nothing was taken and the next attempt works", async () => {
    const store = createMemoryEnvelopeStore()
    let failure: ChannelError | null = new ChannelError("store-full", "The disk is full.")
    const flaky: EnvelopeStore = {
      ...bound(store),
      add: async (added) => {
        if (failure) throw failure
        return store.add(added)
      },
    }
    const { events, hub } = await testHub(new SimulatedClock(), { store: flaky })
    expect(whys(await hub.accept(parcels(envelope(1)), "tcp://a"))).toEqual(["full"])
    expect(events).toMatchObject([{ kind: "trouble", error: { code: "store-full" } }])
    await expect(hub.add(envelope(2))).rejects.toMatchObject({ code: "refused" })
    failure = new ChannelError("store-failed", "The disk broke.")
    await expect(hub.accept(parcels(envelope(1)), "a")).rejects.toMatchObject({
      code: "store-failed",
    })
    expect(hub.usage.count).toBe(0)
    failure = null
    expect(whys(await hub.accept(parcels(envelope(1)), "tcp://a"))).toEqual(["stored"])
  })

  test("when the store can not even be read, it takes later what it could not store", async () => {
    const store = createMemoryEnvelopeStore()
    let isAway = false
    const away: EnvelopeStore = new Proxy(bound(store), {
      get(target, name) {
        if (isAway && name !== "close") throw new ChannelError("store-failed", "It is away.")
        return Reflect.get(target, name) as unknown
      },
    })
    const { events, hub } = await testHub(new SimulatedClock(), { store: away })
    isAway = true
    for (let i = 0; i < 3; i++) {
      const accepted = hub.accept(parcels(envelope(1), envelope(2)), "tcp://a")
      await expect(accepted).rejects.toMatchObject({ code: "store-failed" })
    }
    isAway = false
    // One of them had been stored after all.
    const bytes = envelope(2)
    const facts = { id: envelopeId(bytes), day: today + 7, stamp: noStamp, stampBits: 0 }
    await store.add([{ ...facts, link: "tcp://a", bytes }])
    const results = await hub.accept(parcels(envelope(1), envelope(2)), "tcp://a")
    expect(whys(results)).toEqual(["stored", "known"])
    expect(await store.usage()).toMatchObject({ count: 2 })
    expect(hub.usage.count).toBe(2)
    expect(await hub.entries()).toHaveLength(2)
    expect(events.filter(({ kind }) => kind === "new")).toHaveLength(1)
  })

  test("charges the link that floods, also after a restart", { timeout: 180_000 }, async () => {
    const store = createMemoryEnvelopeStore()
    const options = { store: { ...bound(store), close: async () => {} } }
    const limits = { maxBytes: 200 * kib, linkShare: 1 }
    const first = await testHub(new SimulatedClock(), { ...options, limits })
    const honest = Array.from({ length: 50 }, (_, i) => envelope(i))
    await first.hub.accept(parcels(...honest.slice(0, 25)), "tcp://a")
    await first.hub.add(honest[25]!)
    // 100,000 of them, in the end.
    for (let i = 0; i < 200; i++) {
      const junk = Array.from({ length: 500 }, (_, j) => numbered(i * 500 + j))
      await first.hub.accept(parcels(...junk), "tcp://flood")
    }
    expect(honest.slice(0, 26).every((one) => first.has(one))).toBe(true)
    expect(first.hub.usage.bytes).toBe(200 * kib)
    expect(first.hub.usage.links.get("tcp://flood")?.count).toBe(174)
    await first.hub.close()

    const { events, has, hub } = await testHub(new SimulatedClock(), { ...options, limits }, 9)
    await hub.accept(parcels(...honest.slice(26)), "tcp://b")
    expect(honest.every(has)).toBe(true)
    expect(events).toContainEqual({ kind: "evicted", counts: new Map([["tcp://flood", 24]]) })
    // The store has what the shelf has, and neighbours are told that the rest is known.
    const stored = await store.index()
    expect(stored).toHaveLength(200)
    expect(stored.every(({ day, id }) => hub.has(id, day))).toBe(true)
    expect(await hub.entries()).toHaveLength(224)
  })

  test("prefers better stamps within a link, and keeps the better of two", async () => {
    const store = createMemoryEnvelopeStore()
    const { has, hub } = await testHub(new SimulatedClock(), {
      store,
      limits: { maxBytes: 2 * kib, linkShare: 1 },
    })
    const stampFor = (bytes: Uint8Array, bits: number): Uint8Array =>
      findStamp(envelopeId(bytes), bits, 1, 1_000_000).stamp!
    const [a, b, c] = [envelope(1), envelope(2), envelope(3)]
    await hub.accept([parcel(a, stampFor(a, 6)), parcel(b)], "tcp://a")
    expect(whys(await hub.accept([parcel(c, stampFor(c, 4))], "tcp://a"))).toEqual(["stored"])
    expect([has(a), has(b), has(c)]).toEqual([true, false, true])
    expect(whys(await hub.accept([parcel(b)], "tcp://a"))).toEqual(["quota"])
    // Anybody may bring a better stamp; the link that pays stays the same.
    const better = stampFor(c, 9)
    expect(whys(await hub.accept([parcel(c, better)], "tcp://b"))).toEqual(["known"])
    const [found] = await store.get([envelopeId(c)])
    expect(found).toMatchObject({ stamp: better, link: "tcp://a" })
    expect(await hub.parcels([envelopeId(c)])).toEqual([parcel(c, better)])
    expect(stampBits(envelopeId(c), better)).toBeGreaterThanOrEqual(9)
  })

  test("drops what came first, in the same order after a restart", async () => {
    const store = createMemoryEnvelopeStore()
    const options = { store: { ...bound(store), close: async () => {} } }
    const limits = { maxBytes: 8 * kib, linkShare: 1 }
    // Neither by day nor by ID, in which the store lists them.
    const all = Array.from({ length: 24 }, (_, i) => envelope(i, today + 1 + ((i * 5) % 7)))
    const first = await testHub(new SimulatedClock(), { ...options, limits })
    await first.hub.accept(parcels(...all.slice(0, 12)), "tcp://a")
    // One with a better stamp stays as old as it is, and goes after those without one.
    const { stamp } = findStamp(envelopeId(all[9]!), 3, 1, 10_000)
    await first.hub.accept([parcel(all[9]!, stamp!)], "tcp://b")
    expect(all.filter(first.has)).toEqual(all.slice(4, 12))
    await first.hub.close()

    const second = await testHub(new SimulatedClock(), { ...options, limits }, 9)
    expect(all.filter(second.has)).toEqual(all.slice(4, 12))
    for (let i = 12; i < 16; i++) {
      expect(whys(await second.hub.accept(parcels(all[i]!), "tcp://a"))).toEqual(["stored"])
      const gone = all.slice(0, i + 1).filter((one) => !second.has(one))
      expect(gone).toEqual(all.slice(0, i - 7))
    }
    await second.hub.accept(parcels(...all.slice(16)), "tcp://a")
    expect(all.filter(second.has)).toEqual([all[9], ...all.slice(17)])
    // What was dropped and comes again has come last.
    await second.hub.accept(parcels(all[0]!), "tcp://a")
    expect(all.filter(second.has)).toEqual([all[0], all[9], ...all.slice(18)])
  })

  test("can ask for stamps, but not of its own mail", async () => {
    const { hub } = await testHub(new SimulatedClock(), { limits: { minStampBits: 4 } })
    const bytes = envelope(1)
    expect(whys(await hub.accept(parcels(bytes), "tcp://a"))).toEqual(["stamp"])
    const { stamp } = findStamp(envelopeId(bytes), 4, 1, 10_000)
    expect(whys(await hub.accept([parcel(bytes, stamp!)], "tcp://a"))).toEqual(["stored"])
    await hub.add(envelope(2))
    expect(hub.usage.links.get("own")?.count).toBe(1)
    await expect(hub.accept(parcels(envelope(3)), "own")).rejects.toMatchObject({
      code: "bad-link",
    })
    await expect(hub.add(new Uint8Array(5))).rejects.toMatchObject({ code: "refused" })
  })
})

describe("time", () => {
  test("what has expired goes at midnight", async () => {
    const clock = new SimulatedClock()
    const { events, hub } = await testHub(clock)
    await hub.accept(parcels(envelope(1, today), envelope(2, today + 1)), "tcp://a")
    await clock.advance(23 * 3_600_000 - 1)
    expect(hub.usage.count).toBe(2)
    await clock.advance(600_001)
    expect(hub.usage.count).toBe(1)
    expect(events).toContainEqual({ kind: "expired", count: 1 })
  })

  test("a clock that is wrong by a month costs no mail, once it is put right within a day", async () => {
    const clock = new SimulatedClock()
    let errorMs = 0
    const wallClock = (): number => today * dayMs + clock.now() + errorMs
    const { events, hub } = await testHub(clock, { wallClock })
    await hub.accept(parcels(envelope(1, today + 3)), "tcp://a")
    errorMs = 30 * dayMs
    await clock.advance(20 * 3_600_000)
    expect(events).toContainEqual({ kind: "clock-jumped", days: 30 })
    expect(hub.usage.count).toBe(1)
    errorMs = 0
    await clock.advance(600_000)
    expect(events).toContainEqual({ kind: "clock-jumped", days: -30 })
    await clock.advance(2 * dayMs)
    expect(hub.usage.count).toBe(1)
    errorMs = 30 * dayMs
    await hub.trustClock()
    expect(hub.usage.count).toBe(0)
  })
})

describe("what others see", () => {
  const mixing = { meanMs: 60_000, batchMs: 10_000 }

  test("appears after a random time, in batches, own mail and others' alike", async () => {
    const clock = new SimulatedClock()
    const mixed = await testHub(clock, { mixing })
    const { events, hub } = mixed
    await hub.accept(parcels(...Array.from({ length: 20 }, (_, i) => envelope(i))), "tcp://a")
    for (let i = 20; i < 40; i++) await hub.add(envelope(i))
    expect(hub.usage).toMatchObject({ count: 40, heldCount: 40 })
    expect([await shown(mixed), (await hub.parcels([envelopeId(envelope(3))])).length]).toEqual([
      0, 0,
    ])
    const seen: number[] = []
    for (let second = 0; second <= 480; second++) {
      if (second % 10 !== 0) expect(await shown(mixed)).toBe(seen.at(-1) ?? 0)
      else seen.push(await shown(mixed))
      await clock.advance(1_000)
    }
    expect(await shown(mixed)).toBe(40)
    expect(new Set(seen).size).toBeGreaterThan(5)
    const released = events.flatMap((event) => (event.kind === "released" ? event.envelopes : []))
    expect(released).toHaveLength(40)
    const firstHalf = released.slice(0, 20).filter(({ link }) => link === "own").length
    expect(firstHalf).toBeGreaterThan(3)
    expect(firstHalf).toBeLessThan(17)
  })

  test("at a steady rate says nothing of how much we write", async () => {
    const outgoing = async (mails: number): Promise<number[]> => {
      const clock = new SimulatedClock()
      let dummies = 0
      const cover = { everyMs: 60_000, makeDummy: () => envelope(9_000 + dummies++) }
      const covered = await testHub(clock, { cover })
      for (let i = 0; i < mails; i++) await covered.hub.add(envelope(i))
      const rate: number[] = []
      for (let minute = 0; minute < 10; minute++) {
        await clock.advance(60_000)
        rate.push(await shown(covered))
      }
      expect(dummies).toBe(Math.max(0, 10 - mails))
      return rate
    }
    const quiet = await outgoing(0)
    expect(quiet).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(await outgoing(3)).toEqual(quiet)
    expect(await outgoing(30)).toEqual(quiet)
  })

  test("after a restart is no more than before", async () => {
    const clock = new SimulatedClock()
    const store = createMemoryEnvelopeStore()
    let mark = 0
    const options = {
      store: { ...bound(store), close: async () => {} },
      mixing,
      released: { load: async () => mark, save: async (number: number) => void (mark = number) },
    }
    const first = await testHub(clock, options)
    await first.hub.accept(parcels(envelope(1), envelope(2)), "tcp://a")
    await clock.advance(500_000)
    expect([await shown(first), mark]).toEqual([2, 2])
    await first.hub.add(envelope(3))
    await first.hub.close()
    const second = await testHub(clock, options)
    expect([await shown(second), second.hub.usage.heldCount]).toEqual([2, 1])
    await clock.advance(500_000)
    expect([await shown(second), mark]).toEqual([3, 3])
  })
})

/** A store's methods, to be replaced one by one. */
function bound(store: EnvelopeStore): EnvelopeStore {
  return {
    add: (envelopes) => store.add(envelopes),
    get: (ids) => store.get(ids),
    has: (ids) => store.has(ids),
    index: () => store.index(),
    since: (number, limit) => store.since(number, limit),
    drop: (ids) => store.drop(ids),
    expire: (beforeDay) => store.expire(beforeDay),
    usage: () => store.usage(),
    close: () => store.close(),
  }
}
