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
    fc.property(
      everything,
      fc.infiniteStream(fc.nat(0xffffffff)),
      ([list, kib, linkShare], ranks) => {
        const maxBytes = kib * 1_024
        const shelf = new Shelf({ maxBytes, linkMaxBytes: Infinity, linkShare })
        const stores = new Stores({ nodes: 2, maxBytes, linkShare, mostItems: Infinity })
        const used = new Set<number>()
        list.forEach(({ link, size }, id) => {
          const { value: rank } = ranks.next() as IteratorYieldResult<number>
          if (used.has(rank)) return
          used.add(rank)
          const isOwn = link === simulatedOwn
          const name = isOwn ? ownLink : `link-${link}`
          const placement = shelf.place({
            key: `${id}`,
            day: 1,
            size,
            stampBits: 0,
            link: name,
            rank,
          })
          const isStored = stores.place(1, { id, size, rank, from: link, hops: 1 }, link)
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
      },
    ),
    { seed: 1, numRuns: 150 },
  )
  expect(dropped).toBeGreaterThan(1_000)
  expect(refused).toBeGreaterThan(1_000)
})
