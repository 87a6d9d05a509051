// What a hub keeps, whom it charges for the room, and what it lets others see of when mail came.
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  ClockWatch,
  channelOfLink,
  coverTick,
  findStamp,
  holdMs,
  HoldQueue,
  linkName,
  noStamp,
  ownLink,
  Shelf,
  type ShelfItem,
  shuffled,
  stampBits,
  unfitness,
  untilTickMs,
} from "../../src/mailbox/hub/index.js"
import { SeededRandom } from "../../src/transport/random.js"

const today = 20_000
const limits = { maxBytes: 100_000, linkMaxBytes: Infinity, linkShare: 1 }

/** Random bytes that are the same in each run. */
function seeded(seed: number): (length: number) => Uint8Array {
  const random = new SeededRandom(seed)
  return (length) => Uint8Array.from({ length }, () => random.below(256))
}

const item = (key: string, more: Partial<ShelfItem> = {}): ShelfItem => ({
  key,
  day: today,
  size: 1_000,
  stampBits: 0,
  link: "tcp://a",
  ...more,
})

/** Of what is stored, in the order of going. */
function evictedFor(shelf: Shelf, next: ShelfItem): readonly string[] {
  const placement = shelf.place(next)
  if (placement.kind !== "stored") throw new Error(`${next.key} is ${placement.kind}.`)
  return placement.evicted.map(({ key }) => key)
}

describe("admission", () => {
  const admission = { maxEnvelopeBytes: 4_096, minStampBits: 8 }
  const unfit = (day: number, size: number, bits: number): string | null =>
    unfitness({ day, size }, bits, today, admission)

  test.each([
    [today, 4_096, 8, null],
    [today - 1, 4_096, 8, "expired"],
    [today + 35, 1_024, 8, null],
    [today + 36, 1_024, 8, "too-far"],
    [today, 4_097, 8, "too-large"],
    [today, 1_024, 7, "stamp"],
  ] as const)("day %i, %i bytes, %i bits: %s", (day, size, bits, expected) => {
    expect(unfit(day, size, bits)).toBe(expected)
  })
})

describe("stamps", () => {
  const id = new Uint8Array(32).fill(7)

  test("none is worth nothing", () => {
    expect(stampBits(id, noStamp)).toBe(0)
  })

  test("are searched for in steps, and found are worth what was asked", () => {
    let from = 1
    for (;;) {
      const { next, stamp } = findStamp(id, 10, from, 100)
      expect(next).toBeGreaterThan(from)
      from = next
      if (stamp === null) continue
      expect(stampBits(id, stamp)).toBeGreaterThanOrEqual(10)
      expect(stampBits(new Uint8Array(32), stamp)).toBeLessThan(10)
      break
    }
    // The same search in one step ends at the same stamp.
    expect(findStamp(id, 10, 1, 100_000).next).toBe(from)
  })
})

describe("the shelf", () => {
  test("knows what it has", () => {
    const shelf = new Shelf(limits)
    expect(shelf.place(item("x"))).toEqual({ kind: "stored", evicted: [] })
    expect(shelf.place(item("x", { link: "tcp://b" }))).toEqual({ kind: "known" })
    expect(shelf.get("x", today)?.link).toBe("tcp://a")
    expect(shelf.get("x", today + 1)).toBeNull()
  })

  test("drops the least stamp of the link that stores most, and refuses a lesser one", () => {
    const shelf = new Shelf({ ...limits, maxBytes: 3_000 })
    shelf.place(item("high", { stampBits: 9 }))
    shelf.place(item("low", { stampBits: 3 }))
    shelf.place(item("other", { link: "tcp://b" }))
    const lesser = item("lesser", { stampBits: 2 })
    expect(shelf.place(lesser)).toEqual({ kind: "refused", why: "quota" })
    expect(evictedFor(shelf, item("equal", { stampBits: 3 }))).toEqual(["low"])
    expect(evictedFor(shelf, item("better", { stampBits: 4 }))).toEqual(["equal"])
    // Another link may come in, whatever its stamp: the heaviest pays.
    expect(evictedFor(shelf, item("new", { link: "tcp://c" }))).toEqual(["better"])
    expect(shelf.usage().get("tcp://a")).toMatchObject({ count: 1, bytes: 1_000 })
  })

  test("of equal stamps drops what came first, whatever its day", () => {
    const shelf = new Shelf({ ...limits, maxBytes: 4_000 })
    shelf.add(item("first", { day: today + 30 }))
    shelf.add(item("second", { day: today + 1 }))
    shelf.place(item("third", { day: today + 20 }))
    shelf.place(item("fourth"))
    expect(evictedFor(shelf, item("fifth"))).toEqual(["first"])
    expect(evictedFor(shelf, item("wide", { size: 2_000 }))).toEqual(["second", "third"])
    // What comes again has come last.
    expect(evictedFor(shelf, item("first", { day: today + 30 }))).toEqual(["fourth"])
    expect(evictedFor(shelf, item("sixth"))).toEqual(["fifth"])
    expect(evictedFor(shelf, item("seventh"))).toEqual(["wide"])
    expect(shelf.get("first", today + 30)).not.toBeNull()
  })

  test("a better stamp changes the stamp, and not when it came", () => {
    const shelf = new Shelf({ ...limits, maxBytes: 3_000 })
    for (const key of ["a", "b", "c"]) shelf.place(item(key))
    for (const key of ["c", "b", "a"]) shelf.restamp(key, today, 5)
    shelf.restamp("nothing", today, 9)
    expect(shelf.get("b", today)).toEqual(item("b", { stampBits: 5 }))
    expect([shelf.count, shelf.bytes]).toEqual([3, 3_000])
    expect(shelf.place(item("d", { stampBits: 4 })).kind).toBe("refused")
    expect(evictedFor(shelf, item("e", { stampBits: 5 }))).toEqual(["a"])
    expect(evictedFor(shelf, item("f", { stampBits: 6 }))).toEqual(["b"])
    expect(evictedFor(shelf, item("g", { stampBits: 6 }))).toEqual(["c"])
  })

  test("what is refused leaves the order as it was, also of another link", () => {
    const shelf = new Shelf({ ...limits, maxBytes: 9_000 })
    for (const key of ["a", "b", "c", "d", "e", "f"]) shelf.place(item(key))
    for (const key of ["x", "y", "z"]) shelf.place(item(key, { link: "tcp://b", stampBits: 9 }))
    // The other link makes room first; then its own is the heaviest, and would lose a strong one.
    const wide = item("wide", { size: 2_500, link: "tcp://b", stampBits: 1 })
    expect(shelf.place(wide)).toEqual({ kind: "refused", why: "quota" })
    expect([shelf.count, shelf.bytes]).toEqual([9, 9_000])
    expect(evictedFor(shelf, item("g"))).toEqual(["a"])
    expect(evictedFor(shelf, item("h"))).toEqual(["b"])
  })

  test("a newcomer that would be the heaviest pays itself", () => {
    const shelf = new Shelf({ ...limits, maxBytes: 3_000 })
    shelf.place(item("a"))
    shelf.place(item("b", { link: "tcp://b" }))
    const large = item("large", { size: 2_500, link: "tcp://c", stampBits: 60 })
    expect(shelf.place(large)).toEqual({ kind: "refused", why: "quota" })
    expect(shelf.count).toBe(2)
  })

  test("many peers on one channel have no more than one neighbour on another", () => {
    const shelf = new Shelf({ ...limits, maxBytes: 10_000 })
    for (let i = 0; i < 5; i++) shelf.place(item(`honest ${i}`, { link: "tcp://b" }))
    for (let i = 0; i < 1_000; i++) {
      shelf.place(item(`junk ${i}`, { link: linkName("ws://hub", `peer${i}`) }))
    }
    expect(shelf.usage().get("tcp://b")?.count).toBe(5)
    expect(shelf.count).toBe(10)
  })

  test("a link has its quota, also where there is room", () => {
    const shelf = new Shelf({ maxBytes: 10_000, linkMaxBytes: 3_000, linkShare: 0.25 })
    for (let i = 0; i < 5; i++) shelf.place(item(`${i}`))
    expect(shelf.usage().get("tcp://a")).toEqual({ count: 2, bytes: 2_000, quotaBytes: 2_500 })
    expect(shelf.place(item("huge", { size: 2_501, link: "tcp://b" }))).toMatchObject({
      kind: "refused",
    })
  })

  test("own mail pushes others out, others never push it out", () => {
    const shelf = new Shelf({ ...limits, maxBytes: 4_000 })
    for (let i = 0; i < 4; i++) shelf.place(item(`${i}`))
    for (let i = 0; i < 4; i++) {
      expect(shelf.place(item(`own ${i}`, { link: ownLink })).kind).toBe("stored")
    }
    expect(shelf.place(item("junk", { stampBits: 60 }))).toEqual({ kind: "refused", why: "full" })
    const more = item("one more", { link: ownLink })
    expect(shelf.place(more)).toEqual({ kind: "refused", why: "full" })
    expect(shelf.usage().get(ownLink)?.count).toBe(4)
  })

  test("expires days", () => {
    const shelf = new Shelf(limits)
    shelf.place(item("old", { day: today - 1 }))
    shelf.place(item("new"))
    expect(shelf.expire(today)).toEqual(["old"])
    expect([shelf.count, shelf.bytes]).toEqual([1, 1_000])
    expect(shelf.get("old", today - 1)).toBeNull()
  })

  test(
    "a flood of a million from one link displaces nobody else's mail",
    { timeout: 120_000 },
    () => {
      const shelf = new Shelf({ ...limits, maxBytes: 20_000_000 })
      const honest = Array.from({ length: 1_000 }, (_, i) => `honest ${i}`)
      for (const [i, key] of honest.entries()) shelf.place(item(key, { link: `tcp://n${i % 5}` }))
      for (let i = 0; i < 1_000_000; i++) {
        shelf.place(item(`junk ${i}`, { link: "tcp://flood", stampBits: 20 }))
      }
      expect(honest.filter((key) => shelf.get(key, today) === null)).toEqual([])
      expect(shelf.usage().get("tcp://flood")).toMatchObject({ bytes: 19_000_000, count: 19_000 })
      // And what comes from others while it is full gets in as well.
      expect(shelf.place(item("late", { link: "tcp://n1" })).kind).toBe("stored")
    },
  )

  test("a link that is flooded keeps what came last, and all that has a better stamp", () => {
    const shelf = new Shelf({ ...limits, maxBytes: 1_000_000 })
    for (let i = 0; i < 20_000; i++) {
      shelf.place(item(`${i}`, { stampBits: i % 1_000 === 0 ? 1 : 0 }))
    }
    const kept = Array.from({ length: 20_000 }, (_, i) => i).filter((i) => shelf.get(`${i}`, today))
    const stamped = Array.from({ length: 20 }, (_, i) => i * 1_000)
    const last = Array.from({ length: 980 }, (_, i) => 19_020 + i)
    expect(kept).toEqual([...stamped, ...last])
  })

  test(
    "a million that get better stamps in the worst order cost no more than others",
    { timeout: 120_000 },
    () => {
      const million = 1_000_000
      const shelf = new Shelf({ ...limits, maxBytes: million })
      for (let i = 0; i < million; i++) shelf.place(item(`${i}`, { size: 1 }))
      for (let i = million - 1; i >= 0; i--) shelf.restamp(`${i}`, today, 1)
      for (let i = 0; i < 1_000; i++) {
        expect(evictedFor(shelf, item(`new ${i}`, { size: 1, stampBits: 1 }))).toEqual([`${i}`])
      }
    },
  )
})

describe("whatever comes", () => {
  const links = [ownLink, "tcp://a", "tcp://b", "ws://c one", "ws://c two", "ws://c three"]
  const arbitraryItem = fc.record({
    key: fc.integer({ min: 0, max: 60 }).map((n) => `k${n}`),
    day: fc.integer({ min: today, max: today + 3 }),
    size: fc.constantFrom(1, 4, 16, 64),
    stampBits: fc.integer({ min: 0, max: 3 }),
    link: fc.constantFrom(...links),
  })

  test("sums are right, limits hold, and no link below its share pays", () => {
    fc.assert(
      fc.property(fc.array(arbitraryItem, { maxLength: 120 }), (items) => {
        const shelf = new Shelf({ maxBytes: 200, linkMaxBytes: 150, linkShare: 1 })
        const here = new Map<string, ShelfItem>()
        for (const next of items) {
          const before = shelf.usage()
          const placement = shelf.place(next)
          const name = `${next.day} ${next.key}`
          expect(placement.kind === "known").toBe(here.has(name))
          if (placement.kind === "refused") expect(shelf.usage()).toEqual(before)
          if (placement.kind !== "stored") continue
          checkEvicted(placement.evicted, next, before)
          checkOrder(placement.evicted, next, here)
          for (const { day, key } of placement.evicted) here.delete(`${day} ${key}`)
          here.set(name, next)
          expect(shelf.bytes).toBeLessThanOrEqual(200)
        }
        expect(shelf.count).toBe(here.size)
        const bytes = [...here.values()].reduce((sum, { size }) => sum + size, 0)
        expect(shelf.bytes).toBe(bytes)
        const used = [...shelf.usage().values()].reduce((sum, link) => sum + link.bytes, 0)
        expect(used).toBe(bytes)
        shelf.expire(today + 4)
        expect([shelf.count, shelf.bytes, shelf.usage().size]).toEqual([0, 0, 0])
      }),
    )
  })

  /** @param here in the order of coming */
  function checkOrder(
    evicted: readonly ShelfItem[],
    next: ShelfItem,
    here: ReadonlyMap<string, ShelfItem>,
  ): void {
    for (const name of new Set(evicted.map(({ link }) => link))) {
      const gone = evicted.filter(({ link }) => link === name)
      const all = [...here.values()].filter(({ link }) => link === name)
      // Stable: of equal stamps the first remains the first.
      const inOrder = all.sort((a, b) => a.stampBits - b.stampBits)
      expect(gone).toEqual(inOrder.slice(0, gone.length))
      if (name !== next.link) continue
      expect(gone.every(({ stampBits }) => stampBits <= next.stampBits)).toBe(true)
    }
  }

  function checkEvicted(
    evicted: readonly ShelfItem[],
    next: ShelfItem,
    before: ReadonlyMap<string, { readonly bytes: number }>,
  ): void {
    const own = (before.get(ownLink)?.bytes ?? 0) + (next.link === ownLink ? next.size : 0)
    const names = new Set([...before.keys(), next.link].filter((link) => link !== ownLink))
    const channels = new Set([...names].map(channelOfLink))
    for (const { link } of evicted) {
      expect(link).not.toBe(ownLink)
      const peers = [...names].filter((name) => channelOfLink(name) === channelOfLink(link)).length
      const share = (200 - own) / channels.size / peers
      const bytes = (before.get(link)?.bytes ?? 0) + (link === next.link ? next.size : 0)
      if (link !== next.link) expect(bytes).toBeGreaterThan(share - 64)
    }
  }
})

describe("hold and mix", () => {
  test("times are exponential about their mean, and bounded", () => {
    const random = seeded(3)
    const times = Array.from({ length: 20_000 }, () => holdMs(1_000, random))
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length
    expect(mean).toBeGreaterThan(960)
    expect(mean).toBeLessThan(1_040)
    const overMean = times.filter((time) => time > 1_000).length / times.length
    expect(Math.abs(overMean - Math.exp(-1))).toBeLessThan(0.02)
    expect(Math.max(...times)).toBeLessThanOrEqual(8_000)
    expect(holdMs(0, random)).toBe(0)
  })

  test("a batch comes out in an order that says nothing", () => {
    const random = seeded(4)
    const firsts = new Map<number, number>()
    for (let i = 0; i < 5_000; i++) {
      const order = shuffled([0, 1, 2, 3, 4], random)
      expect([...order].sort()).toEqual([0, 1, 2, 3, 4])
      const first = order[0] ?? -1
      firsts.set(first, (firsts.get(first) ?? 0) + 1)
    }
    for (const count of firsts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(120)
  })

  test("is let go of at the batches' times only, each once", () => {
    const queue = new HoldQueue<number>({ meanMs: 3_000, batchMs: 1_000 }, seeded(5))
    for (let i = 0; i < 500; i++) queue.hold(i, 250)
    const out: number[] = []
    while (queue.nextMs !== null) {
      const at: number = queue.nextMs
      expect(at % 1_000).toBe(0)
      expect(queue.release(at - 1)).toEqual([])
      out.push(...queue.release(at))
    }
    expect(out).not.toEqual([...out].sort((a, b) => a - b))
    expect([...out].sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, i) => i))
  })
})

describe("cover", () => {
  test("mail goes when its tick comes, a dummy when there is none", () => {
    const first = coverTick(["a", "b"])
    expect(first).toEqual({ post: "a", waiting: ["b"] })
    expect(coverTick(coverTick(first.waiting).waiting)).toEqual({ post: null, waiting: [] })
  })

  test("ticks stay on their grid", () => {
    expect(untilTickMs(500, 1_000, 500)).toBe(1_000)
    expect(untilTickMs(500, 1_000, 1_700)).toBe(800)
    expect(untilTickMs(500, 1_000, 1_499)).toBe(1_001)
    expect(untilTickMs(500, 1_000, 99_500)).toBe(1_000)
  })
})

test("a clock that jumps is not believed for a day", () => {
  const day = 86_400_000
  const watch = new ClockWatch(0, 0)
  expect(watch.look(3_600_000, 3_600_000)).toBe(0)
  expect(watch.isTrusted(3_600_000)).toBe(true)
  expect(watch.look(30 * day + 7_200_000, 7_200_000)).toBe(30)
  expect(watch.isTrusted(7_200_000)).toBe(false)
  expect(watch.isTrusted(7_200_000 + day)).toBe(true)
  expect(watch.look(7_300_000, 7_300_000)).toBe(-30)
  watch.trust()
  expect(watch.isTrusted(7_300_000)).toBe(true)
})

test("links are named by their channel, and their peer where the channel knows it", () => {
  expect(linkName("mqtt://host/a b", null)).toBe("mqtt://host/a_b")
  const name = linkName(`ws://${"x".repeat(80)}`, "4f0c6a3e-7f6b-4d7e-9d0e-000000000000")
  expect(name).toHaveLength(64)
  expect(channelOfLink(name)).toBe(linkName(`ws://${"x".repeat(80)}`, null))
})
