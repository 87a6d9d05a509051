import * as fc from "fast-check"
import { expect, test } from "vitest"
import { Stores, ownLink as simulatedOwn } from "../../simulate/stores.mjs"
import { ownLink } from "../../src/mailbox/hub/link-name.js"
import { Shelf } from "../../src/mailbox/hub/shelf.js"

const items = fc.array(
  fc.record({
    link: fc.oneof({ weight: 12, arbitrary: fc.nat(5) }, { weight: 1, arbitrary: fc.constant(-1) }),
    size: fc.constantFrom(1_024, 1_024, 1_024, 4_096, 16_384),
  }),
  { minLength: 1, maxLength: 300, size: "max" },
)

test("The simulation decides as the hub does: what is stored, what is dropped, who is charged", () => {
  const everything = fc.tuple(items, fc.integer({ min: 8, max: 40 }), fc.constantFrom(1, 0.5, 0.25))
  let dropped = 0
  let refused = 0
  fc.assert(
    fc.property(everything, ([list, kib, linkShare]) => {
      const maxBytes = kib * 1_024
      const shelf = new Shelf({ maxBytes, linkMaxBytes: Infinity, linkShare })
      const stores = new Stores({ nodes: 2, maxBytes, linkShare, mostItems: Infinity })
      list.forEach(({ link, size }, id) => {
        const name = link === simulatedOwn ? ownLink : `link-${link}`
        const placement = shelf.place({ key: `${id}`, day: 1, size, stampBits: 0, link: name })
        const isStored = stores.place(1, { id, size, order: id, from: link, hops: 1 }, link)
        expect(isStored).toBe(placement.kind === "stored")
        if (placement.kind === "stored") {
          expect(stores.dropped.map(String)).toEqual(placement.evicted.map(({ key }) => key))
          dropped += placement.evicted.length
        } else refused++
        expect(stores.usedBytes[1]).toBe(shelf.bytes)
        const usage = [...shelf.usage()].filter(([link]) => link !== ownLink)
        const simulated = [...stores.usage(1)].map(([link, bytes]) => [`link-${link}`, bytes])
        expect(Object.fromEntries(simulated)).toEqual(
          Object.fromEntries(usage.map(([link, { bytes }]) => [link, bytes])),
        )
      })
      const stored = [...stores.slotsOf(1)].map((slot) => stores.id[slot])
      expect(stored).toHaveLength(shelf.count)
      expect([...stores.slotsOf(0)]).toEqual([])
    }),
    { seed: 1, numRuns: 150 },
  )
  expect(dropped).toBeGreaterThan(1_000)
  expect(refused).toBeGreaterThan(1_000)
})

test("Any order can be simulated: of one link the lowest goes, and what is lower still is refused", () => {
  const orders = fc.uniqueArray(fc.nat(0xffffffff), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(orders, fc.integer({ min: 1, max: 8 }), (list, room) => {
      const limits = { nodes: 1, maxBytes: room * 1_024, linkShare: 1, mostItems: Infinity }
      const stores = new Stores(limits)
      list.forEach((order, id) => {
        stores.place(0, { id, size: 1_024, order, from: 0, hops: 1 }, 0)
        const kept = [...stores.slotsOf(0)].map((slot) => list[stores.id[slot]!]!)
        const best = list.slice(0, id + 1).sort((a, b) => b - a)
        expect(kept.sort((a, b) => b - a)).toEqual(best.slice(0, room))
      })
    }),
    { seed: 1 },
  )
})
