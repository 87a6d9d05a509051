import fc from "fast-check"
import { beforeEach, describe, expect, it } from "vitest"
import { hex } from "../../src/bytes/index.js"
import type { EnvelopeStore, NewEnvelope, StoredEnvelope } from "../../src/store/envelopes/port.js"
import { bytesOf, idOf, sample, samples, stamp } from "./envelope-store-samples.js"

export interface EnvelopeStoreContractOptions {
  /** Does `open` with the same place again, after `close`, give the same envelopes? */
  readonly isDurable: boolean
}

/**
 * What every envelope store keeps. Free of Node, so that browsers run it too.
 *
 * @param open opens the store at a place; a place that was never opened is empty.
 */
export function envelopeStoreContract(
  name: string,
  open: (place: string) => Promise<EnvelopeStore>,
  { isDurable }: EnvelopeStoreContractOptions,
): void {
  let places = 0
  const newPlace = () => `contract-${places++}`

  describe(`${name} keeps the envelope store contract`, { timeout: 60_000 }, () => {
    let place: string
    let store: EnvelopeStore

    beforeEach(async () => {
      place = newPlace()
      store = await open(place)
      return () => store.close()
    })

    const reopen = async () => {
      if (!isDurable) return
      await store.close()
      store = await open(place)
    }
    const numbers = async (after = 0, limit = 1000) =>
      (await store.since(after, limit)).map(({ number }) => number)
    const first = async (id: Uint8Array) => (await store.get([id]))[0] ?? null

    describe("add, has and get", () => {
      it("has nothing at first", async () => {
        expect(await store.has([idOf(1)])).toEqual([false])
        expect(await store.get([idOf(1)])).toEqual([null])
        expect(await store.index()).toEqual([])
        expect(await store.since(0, 10)).toEqual([])
        expect(await store.usage()).toEqual({
          count: 0,
          bytes: 0,
          links: new Map(),
          lastNumber: 0,
        })
      })

      it("gives what was added, in the order asked for", async () => {
        const [a, b] = [sample(1), sample(2, { day: 65_535, link: "bob", stampBits: 256 })]
        expect(await store.add([a, b])).toEqual([true, true])
        await reopen()
        expect(await store.has([idOf(2), idOf(3), idOf(1)])).toEqual([true, false, true])
        expect(await store.get([idOf(2), idOf(3), idOf(1), idOf(2)])).toEqual([
          { ...b, number: 2 },
          null,
          { ...a, number: 1 },
          { ...b, number: 2 },
        ])
      })

      it("adds nothing when there is nothing to add", async () => {
        expect(await store.add([])).toEqual([])
        expect(await store.get([])).toEqual([])
        expect(await store.drop([])).toBe(0)
      })

      it("adds one only once, also when it is twice in one call", async () => {
        expect(await store.add([sample(1), sample(1, { link: "bob" })])).toEqual([true, false])
        const again = sample(1, { link: "carol", bytes: bytesOf(9, 9) })
        expect(await store.add([again, sample(2)])).toEqual([false, true])
        expect(await first(idOf(1))).toEqual({ ...sample(1), number: 1 })
        expect(await numbers()).toEqual([1, 2])
      })

      it("adds one only once when it comes several times at once", async () => {
        const added = await Promise.all(Array.from({ length: 20 }, () => store.add(samples(10))))
        const isNew = added.map((batch) => batch.filter(Boolean).length)
        expect(isNew.reduce((sum, count) => sum + count)).toBe(10)
        expect(await store.usage()).toMatchObject({ count: 10, bytes: 2000, lastNumber: 10 })
      })

      it("keeps any bytes, from none to 1 MiB, and any link", async () => {
        const sizes = [0, 1, 255, 4096, 65_536, 1 << 20]
        const links = ["", "a".repeat(64), "ä€😀".repeat(10), "'; DROP TABLE", "\0", "__proto__"]
        const envelopes = sizes.map((size, i) =>
          sample(i, { bytes: bytesOf(i, size), link: links[i]! }),
        )
        await store.add(envelopes)
        await reopen()
        const found = await store.get(envelopes.map(({ id }) => id))
        for (const [i, envelope] of found.entries()) {
          expect(isSame(envelope?.bytes, envelopes[i]!.bytes)).toBe(true)
          expect(envelope?.bytes.constructor).toBe(Uint8Array)
          expect(envelope?.link).toBe(links[i])
        }
        const { links: shares } = await store.usage()
        expect([...shares.keys()].sort()).toEqual([...links].sort())
      })

      it("copies in and out", async () => {
        const large = bytesOf(1, 500)
        const id = idOf(1)
        const mark = stamp("marked")
        const envelope = { ...sample(1), id, stamp: mark, bytes: large.subarray(100, 300) }
        const expected = { ...envelope, id: idOf(1), stamp: stamp("marked"), number: 1 }
        expected.bytes = large.slice(100, 300)
        const list = [envelope]
        const added = store.add(list)
        list.length = 0
        large.fill(0)
        id.fill(0)
        mark.fill(0)
        await added
        const spoil = ({ id, stamp, bytes }: StoredEnvelope) => {
          for (const array of [id, stamp, bytes]) array.fill(7)
        }
        const got = await first(idOf(1))
        expect(got).toEqual(expected)
        expect(got?.bytes.buffer.byteLength).toBe(200)
        spoil(got!)
        const [listed] = await store.since(0, 1)
        expect(listed).toEqual(expected)
        spoil(listed!)
        const [entry] = await store.index()
        entry!.id.fill(7)
        expect(await first(idOf(1))).toEqual(expected)
        expect((await store.index())[0]?.id).toEqual(idOf(1))
      })

      it("refuses what is no envelope, and adds none of the others", async () => {
        const wrong: Partial<NewEnvelope>[] = [
          { id: new Uint8Array(31) },
          { id: "id" as unknown as Uint8Array },
          { day: -1 },
          { day: 65_536 },
          { day: 1.5 },
          { stamp: new Uint8Array(7) },
          { stampBits: 257 },
          { stampBits: -1 },
          { link: "a".repeat(65) },
          { link: "\ud800" },
          { link: undefined as unknown as string },
          { bytes: "text" as unknown as Uint8Array },
        ]
        const refused = { name: "UsageError", code: "bad-envelope" }
        for (const change of wrong) {
          await expect(store.add([sample(1), sample(2, change)])).rejects.toMatchObject(refused)
        }
        const short = [new Uint8Array(3)]
        await expect(store.get(short)).rejects.toMatchObject(refused)
        await expect(store.has(short)).rejects.toMatchObject(refused)
        await expect(store.drop(short)).rejects.toMatchObject(refused)
        await expect(store.expire(65_536)).rejects.toMatchObject(refused)
        expect((await store.usage()).count).toBe(0)
      })
    })

    describe("stamps", () => {
      const weak = { stamp: stamp("weak"), stampBits: 10 }
      const strong = { stamp: stamp("strong"), stampBits: 20 }

      it("keeps the better of two, and the link and number of the first", async () => {
        await store.add([sample(1, weak), sample(2)])
        expect(await store.add([sample(1, { ...strong, link: "bob" })])).toEqual([false])
        expect(await first(idOf(1))).toEqual({ ...sample(1, strong), number: 1 })
        await store.add([sample(1, weak)])
        await store.add([sample(1)])
        await reopen()
        expect(await first(idOf(1))).toEqual({ ...sample(1, strong), number: 1 })
        const entries = await store.index()
        expect(entries.find(({ number }) => number === 1)).toMatchObject({ stampBits: 20 })
        expect(await numbers()).toEqual([1, 2])
      })

      it("keeps the better one of one call", async () => {
        await store.add([sample(1, weak), sample(1, strong), sample(1)])
        expect(await first(idOf(1))).toEqual({ ...sample(1, strong), number: 1 })
        const best = { stamp: stamp("best"), stampBits: 30 }
        await store.add([sample(1, best), sample(1, strong)])
        await reopen()
        expect(await first(idOf(1))).toEqual({ ...sample(1, best), number: 1 })
      })
    })

    describe("index", () => {
      it("is sorted by day, then ID, and has everything but the bytes", async () => {
        const envelopes = Array.from({ length: 60 }, (_, i) =>
          sample(i, { day: 300 - (i % 3) * 100, link: `link ${i % 2}`, bytes: bytesOf(i, i) }),
        )
        await store.add(envelopes.slice(0, 30))
        await store.index()
        await store.add(envelopes.slice(30))
        const expected = envelopes
          .map(({ id, day, stampBits, link, bytes }, i) => {
            return { id, day, stampBits, link, size: bytes.length, number: i + 1 }
          })
          .sort((a, b) => a.day - b.day || (hex(a.id) < hex(b.id) ? -1 : 1))
        expect(await store.index()).toEqual(expected)
        await reopen()
        expect(await store.index()).toEqual(expected)
      })

      it("is a snapshot", async () => {
        await store.add(samples(3))
        const before = await store.index()
        const copy = structuredClone(before)
        await store.add([sample(1, { stamp: stamp("new"), stampBits: 5 }), sample(9)])
        await store.drop([idOf(0)])
        expect(before).toEqual(copy)
      })
    })

    describe("since", () => {
      it("goes on after a number, across days, up to a limit", async () => {
        const envelopes = Array.from({ length: 25 }, (_, i) => sample(i, { day: 100 + (i % 4) }))
        await store.add(envelopes)
        await reopen()
        expect(await numbers()).toEqual(Array.from({ length: 25 }, (_, i) => i + 1))
        expect(await numbers(0, 3)).toEqual([1, 2, 3])
        expect(await numbers(3, 3)).toEqual([4, 5, 6])
        expect(await numbers(24, 3)).toEqual([25])
        expect(await numbers(25, 3)).toEqual([])
        expect(await numbers(99, 3)).toEqual([])
        expect(await numbers(0, 0)).toEqual([])
        const [sixth] = await store.since(5, 1)
        expect(sixth).toEqual({ ...envelopes[5], number: 6 })
      })

      it("leaves out what was dropped or expired", async () => {
        await store.add(Array.from({ length: 9 }, (_, i) => sample(i, { day: 100 + (i % 3) })))
        await store.drop([idOf(4)])
        await store.expire(101)
        expect(await numbers()).toEqual([2, 3, 6, 8, 9])
        expect(await numbers(2, 2)).toEqual([3, 6])
        await reopen()
        expect(await numbers()).toEqual([2, 3, 6, 8, 9])
      })

      it("never gives a number again, also not when the last one was dropped", async () => {
        await store.add(samples(3))
        await store.drop([idOf(2)])
        await reopen()
        await store.add([sample(3)])
        expect(await numbers(3)).toEqual([4])
        await store.drop([0, 1, 3].map(idOf))
        await reopen()
        expect((await store.usage()).lastNumber).toBe(4)
        await store.add([sample(2), sample(5, { day: 10 })])
        expect(await numbers()).toEqual([5, 6])
        await store.expire(65_535)
        await reopen()
        await store.add([sample(6)])
        expect(await numbers()).toEqual([7])
      })
    })

    describe("drop", () => {
      it("tells how many were there", async () => {
        await store.add(samples(5))
        expect(await store.drop([idOf(1), idOf(1), idOf(7), idOf(3)])).toBe(2)
        expect(await store.drop([idOf(1), idOf(3)])).toBe(0)
        await reopen()
        expect(await store.has(samples(5).map(({ id }) => id))).toEqual([
          true,
          false,
          true,
          false,
          true,
        ])
        expect((await store.usage()).count).toBe(3)
      })

      it("lets one be added anew, with a new number", async () => {
        await store.add([sample(1), sample(2)])
        await store.drop([idOf(1)])
        const anew = sample(1, { link: "bob" })
        expect(await store.add([anew])).toEqual([true])
        await reopen()
        expect(await first(idOf(1))).toEqual({ ...anew, number: 3 })
        expect(await numbers()).toEqual([2, 3])
      })

      it("does not disturb who reads meanwhile", async () => {
        const all = samples(200, { bytes: bytesOf(1, 1000) })
        const ids = all.map(({ id }) => id)
        await store.add(all)
        const reading = store.get(ids)
        const dropping = store.drop(ids.slice(0, 150))
        for (const [i, envelope] of (await reading).entries()) {
          expect(envelope === null ? i : envelope.bytes).toEqual(
            envelope === null ? i : bytesOf(1, 1000),
          )
        }
        expect(await dropping).toBe(150)
        await reopen()
        const left = await store.get(ids)
        for (const [i, envelope] of left.entries()) {
          expect(envelope?.bytes ?? null).toEqual(i < 150 ? null : bytesOf(1, 1000))
        }
      })
    })

    describe("expire", () => {
      it("drops the days before the one given, and no other", async () => {
        await store.add(Array.from({ length: 12 }, (_, i) => sample(i, { day: 100 + (i % 4) })))
        expect(await store.expire(100)).toBe(0)
        expect(await store.expire(102)).toBe(6)
        expect(await store.expire(102)).toBe(0)
        await reopen()
        expect((await store.index()).map(({ day }) => day)).toEqual([102, 102, 102, 103, 103, 103])
        expect(await store.add([sample(0, { day: 100 })])).toEqual([true])
        expect((await store.index())[0]?.day).toBe(100)
        expect(await store.expire(65_535)).toBe(7)
      })
    })

    describe("usage", () => {
      it("counts by link", async () => {
        await store.add([
          sample(1, { link: "ann", bytes: bytesOf(1, 10) }),
          sample(2, { link: "bob", bytes: bytesOf(2, 20), day: 10 }),
          sample(3, { link: "ann", bytes: bytesOf(3, 30) }),
          sample(3, { link: "bob" }),
        ])
        const expected = {
          count: 3,
          bytes: 60,
          links: new Map([
            ["ann", { count: 2, bytes: 40 }],
            ["bob", { count: 1, bytes: 20 }],
          ]),
          lastNumber: 3,
        }
        expect(await store.usage()).toEqual(expected)
        await reopen()
        expect(await store.usage()).toEqual(expected)
        await store.drop([idOf(1)])
        await store.expire(11)
        expect(await store.usage()).toEqual({
          count: 1,
          bytes: 30,
          links: new Map([["ann", { count: 1, bytes: 30 }]]),
          lastNumber: 3,
        })
      })
    })

    describe("close", () => {
      it("may be called twice", async () => {
        await store.close()
        await store.close()
      })

      it("finishes what was begun", async () => {
        const added = [store.add(samples(5)), store.add(samples(6))]
        const dropped = store.drop([idOf(0)])
        await store.close()
        const isNew = (await Promise.all(added)).map((batch) => batch.filter(Boolean).length)
        expect(isNew).toEqual([5, 1])
        expect(await dropped).toBe(1)
        if (isDurable) store = await open(place)
        if (isDurable) expect((await store.usage()).count).toBe(5)
      })

      it("ends all use", async () => {
        await store.close()
        const closed = { name: "UsageError", code: "closed" }
        const uses = [
          () => store.add([sample(1)]),
          () => store.get([idOf(1)]),
          () => store.has([idOf(1)]),
          () => store.index(),
          () => store.since(0, 1),
          () => store.drop([idOf(1)]),
          () => store.expire(1),
          () => store.usage(),
        ]
        for (const use of uses) await expect(use()).rejects.toMatchObject(closed)
      })
    })

    it("behaves like a list", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          const place = newPlace()
          let tested = await open(place)
          let model: readonly StoredEnvelope[] = []
          let last = 0
          for (const { kind, seeds, bits, day } of steps) {
            const ids = new Set(seeds.map((seed) => hex(idOf(seed))))
            const isNamed = ({ id }: StoredEnvelope) => ids.has(hex(id))
            if (kind === "add") {
              const envelopes = seeds.map((seed) =>
                sample(seed, { day: dayOf(seed), stamp: stamp(`${bits}`), stampBits: bits }),
              )
              const isNew = await tested.add(envelopes)
              for (const [i, envelope] of envelopes.entries()) {
                const { stampBits } = envelope
                const found = model.find(({ id }) => hex(id) === hex(envelope.id))
                expect(isNew[i]).toBe(found === undefined)
                if (found === undefined) model = [...model, { ...envelope, number: ++last }]
                else if (stampBits > found.stampBits) {
                  const better = { ...found, stamp: envelope.stamp, stampBits }
                  model = model.map((one) => (one === found ? better : one))
                }
              }
            } else if (kind === "drop") {
              const count = model.filter(isNamed).length
              expect(await tested.drop(seeds.map(idOf))).toBe(count)
              model = model.filter((one) => !isNamed(one))
            } else if (kind === "expire") {
              const count = model.filter((one) => one.day < day).length
              expect(await tested.expire(day)).toBe(count)
              model = model.filter((one) => one.day >= day)
            } else if (isDurable) {
              await tested.close()
              tested = await open(place)
            }
          }
          expect(await tested.since(0, 1000)).toEqual(model)
          expect(await tested.usage()).toMatchObject({ count: model.length, lastNumber: last })
          const inOrder = [...model].sort(
            (a, b) => a.day - b.day || (hex(a.id) < hex(b.id) ? -1 : 1),
          )
          const indexed = (await tested.index()).map(({ number, stampBits }) => [number, stampBits])
          expect(indexed).toEqual(inOrder.map(({ number, stampBits }) => [number, stampBits]))
          await tested.close()
        }),
        { numRuns: 40 },
      )
    })
  })
}

const seed = fc.integer({ min: 0, max: 7 })
const step = fc.record({
  kind: fc.constantFrom("add", "add", "add", "drop", "expire", "reopen"),
  seeds: fc.array(seed, { minLength: 1, maxLength: 4 }),
  bits: fc.integer({ min: 0, max: 3 }),
  day: fc.integer({ min: 99, max: 102 }),
})

function dayOf(seed: number): number {
  return 100 + (seed % 3)
}

// The matcher takes seconds for a mebibyte.
function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a?.length === b.length && b.every((byte, i) => byte === a[i])
}
