// What two hubs find out, against plain set difference. spec/mailbox-sync.md §1
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { hex } from "../../src/bytes/index.js"
import { ReconcileIndex, Reconciliation } from "../../src/mailbox/reconcile/index.js"
import {
  difference,
  firstDay,
  idOf,
  itemsOf,
  keyOf,
  names,
  reconcile,
  sidesOf,
} from "./mailbox-reconcile-scene.js"

/** How many items both have, only a, only b. */
const sizes = fc.oneof(
  fc.record({ both: fc.nat(40), onlyA: fc.nat(40), onlyB: fc.nat(40) }),
  fc.record({ both: fc.nat(5_000), onlyA: fc.nat(20), onlyB: fc.nat(20) }),
  fc.record({ both: fc.nat(1_500), onlyA: fc.nat(1_500), onlyB: fc.nat(1_500) }),
  fc.record({ both: fc.nat(100), onlyA: fc.nat(5_000), onlyB: fc.constantFrom(0, 1) }),
  fc.record({ both: fc.nat(100), onlyA: fc.constantFrom(0, 1), onlyB: fc.nat(5_000) }),
)
const limits = fc.record({
  maxMessageBytes: fc.constantFrom(2_048, 4_096, 60_000),
  turnBytes: fc.constantFrom(0, 1_000, 12_000, Infinity),
})

describe("both sides learn what the other lacks", () => {
  test("whatever they have, and however the messages are cut", () => {
    fc.assert(
      fc.property(
        sizes,
        fc.constantFrom(1, 2, 35, 300),
        limits,
        limits,
        fc.nat(60_000),
        ({ both, onlyA, onlyB }, days, ofA, ofB, seed) => {
          const common = itemsOf(0, both, days)
          const a = [...common, ...itemsOf(10_000, 10_000 + onlyA, days)]
          const b = [...common, ...itemsOf(20_000, 20_000 + onlyB, days)]
          const outcome = reconcile(sidesOf(a, b, { seed, ofA, ofB }))
          expect(outcome.missingAtB).toEqual(difference(a, b))
          expect(outcome.missingAtA).toEqual(difference(b, a))
          expect([outcome.isDone, outcome.isExact]).toEqual([true, true])
          const limit = Math.max(ofA.maxMessageBytes, ofB.maxMessageBytes)
          expect(outcome.messages.every(({ length }) => length <= limit)).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  test("items of the same days or of others, in any order", () => {
    const some = fc.uniqueArray(fc.nat(200), { maxLength: 120 })
    fc.assert(
      fc.property(some, some, fc.nat(5), (ofA, ofB, width) => {
        const items = (numbers: number[]) =>
          numbers.map((number) => ({ day: number % (width + 1), id: idOf(number) }))
        const [a, b] = [items(ofA), items(ofB)]
        const outcome = reconcile(sidesOf(a, b, { ofA: { turnBytes: 0 }, ofB: { turnBytes: 0 } }))
        expect(outcome.missingAtB).toEqual(difference(a, b))
        expect(outcome.missingAtA).toEqual(difference(b, a))
      }),
    )
  })

  test("[SYNC-1-4] of the days that both want", () => {
    const day = fc.integer({ min: firstDay - 2, max: firstDay + 12 })
    fc.assert(
      fc.property(day, day, (fromA, fromB) => {
        const a = itemsOf(0, 100, 10)
        const b = itemsOf(50, 150, 10)
        const sides = sidesOf(a, b, { ofA: { fromDay: fromA }, ofB: { fromDay: fromB } })
        const outcome = reconcile(sides)
        const isWanted = ({ day }: { day: number }) => day >= Math.max(fromA, fromB)
        expect(outcome.missingAtB).toEqual(difference(a.filter(isWanted), b))
        expect(outcome.missingAtA).toEqual(difference(b.filter(isWanted), a))
        expect([outcome.isDone, outcome.isExact]).toEqual([true, true])
      }),
    )
  })
})

describe("what it costs", () => {
  const all = itemsOf(0, 5_000, 35)

  test("equal sets: one round trip, nine bytes a message and eight a day", () => {
    const { bytes, turns, missingAtA } = reconcile(sidesOf(all, all))
    expect([turns, missingAtA]).toEqual([2, []])
    expect(bytes).toBe(9 + 4 + 35 * 8 + 9 + 8 + 1)
  })

  test("two empty ones", () => {
    expect(reconcile(sidesOf([], []))).toMatchObject({ isDone: true, bytes: 31, turns: 2 })
  })

  test("one that has nothing is told so without listing anything", () => {
    const { bytes, missingAtB } = reconcile(sidesOf(all, []))
    expect(missingAtB).toEqual(names(all.map(({ id }) => id)))
    expect(bytes).toBeLessThan(400)
    expect(reconcile(sidesOf([], all))).toMatchObject({ missingAtA: missingAtB, bytes: 31 })
  })

  test("a few differences: a small part of a list", () => {
    const { bytes, turns } = reconcile(sidesOf(all.slice(20), all.slice(0, -20)))
    expect(bytes).toBeLessThan(5_000 * 5 * 0.6)
    expect(turns).toBeLessThanOrEqual(5)
  })

  test("nothing in common: little more than the list of one side, in short IDs", () => {
    const { bytes } = reconcile(sidesOf(itemsOf(0, 2_500, 10), itemsOf(5_000, 7_500, 10)))
    expect(bytes).toBeLessThan(2_500 * 5 * 1.5)
  })

  test("turnBytes: bytes for round trips", () => {
    const [a, b] = [all.slice(150), all.slice(0, -150)]
    const cost = (turnBytes: number) =>
      reconcile(sidesOf(a, b, { ofA: { turnBytes }, ofB: { turnBytes } }))
    expect(cost(0).bytes).toBeLessThan(cost(Infinity).bytes)
    expect(cost(0).turns).toBeGreaterThan(cost(Infinity).turns)
    expect(cost(Infinity).turns).toBe(4)
  })
})

test("[SYNC-1-6] under another key everything has other numbers", () => {
  const sent = (seed: number) => {
    const { messages } = reconcile(sidesOf(itemsOf(0, 400), itemsOf(10, 410), { seed }))
    return messages.slice(0, 2).map((message) => hex(message.subarray(13)))
  }
  const [one, same, other] = [sent(1), sent(1), sent(2)]
  expect(one).toEqual(same)
  expect(one[0]).not.toBe(other[0])
  expect(one[1]).not.toBe(other[1])
})

test("an index serves many sessions, and takes items in any order and twice", () => {
  const items = itemsOf(0, 200, 3)
  const index = ReconcileIndex.of([...items].reverse().concat(items))
  expect(index.count).toBe(200)
  expect([...index.days()]).toEqual([firstDay, firstDay + 1, firstDay + 2])
  for (const seed of [1, 2]) {
    const a = new Reconciliation({ index, key: keyOf(seed), isInitiator: true })
    const { b } = sidesOf([], items, { seed })
    expect(reconcile({ a, b })).toMatchObject({ bytes: 55, missingAtA: [], isExact: true })
  }
})

test.each([
  ["a short ID", () => ReconcileIndex.of([{ day: 1, id: new Uint8Array(31) }]), "bad-item"],
  ["a day too late", () => ReconcileIndex.of([{ day: 65_536, id: idOf(1) }]), "bad-item"],
  ["half a day", () => ReconcileIndex.of([{ day: 1.5, id: idOf(1) }]), "bad-item"],
  ["tiny messages", () => sidesOf([], [], { ofA: { maxMessageBytes: 2_047 } }), "bad-options"],
  ["huge messages", () => sidesOf([], [], { ofA: { maxMessageBytes: 65_536 } }), "bad-options"],
  ["no number", () => sidesOf([], [], { ofA: { maxMessageBytes: NaN } }), "bad-options"],
  ["a day before 1970", () => sidesOf([], [], { ofA: { fromDay: -1 } }), "bad-options"],
  [
    "a short key",
    () =>
      new Reconciliation({
        index: ReconcileIndex.of([]),
        key: new Uint8Array(31),
        isInitiator: true,
      }),
    "bad-options",
  ],
  ["a responder that starts", () => sidesOf([], []).b.start(), "wrong-order"],
  ["receiving before starting", () => sidesOf([], []).a.receive(idOf(1)), "wrong-order"],
])("the caller's mistake: %s", (_, run, code) =>
  expect(run).toThrow(expect.objectContaining({ name: "UsageError", code })),
)
