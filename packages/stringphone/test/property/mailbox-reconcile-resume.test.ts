// A session that goes on after its connection was lost, spec/mailbox-sync.md §1.5.
import fc from "fast-check"
import { expect, test } from "vitest"
import { PeerError } from "../../src/bytes/index.js"
import type { Reconciliation } from "../../src/mailbox/reconcile/index.js"
import { difference, itemsOf, names, sidesOf } from "./mailbox-reconcile-scene.js"

const limits = { maxMessageBytes: 2_048, turnBytes: 0 }

test("[SYNC-1-15] connections break anywhere, any number of times", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(12), { maxLength: 20 }),
      fc.nat(400),
      fc.nat(400),
      (lifetimes, onlyA, onlyB) => {
        const common = itemsOf(0, 1_500, 300)
        const ofA = [...common, ...itemsOf(2_000, 2_000 + onlyA, 300)]
        const ofB = [...common, ...itemsOf(3_000, 3_000 + onlyB, 300)]
        const { a, b } = sidesOf(ofA, ofB, { ofA: limits, ofB: limits })
        const missing = new Map<Reconciliation, Uint8Array[]>([
          [a, []],
          [b, []],
        ])
        a.start()
        while (!a.isDone || !b.isDone) {
          // What was under way when the last connection broke is lost.
          const underway = [
            ...a.resume(b.received).map((message) => ({ to: b, message })),
            ...b.resume(a.received).map((message) => ({ to: a, message })),
          ]
          let left = lifetimes.pop() ?? Infinity
          for (let next = underway.shift(); next && left > 0; next = underway.shift(), left--) {
            const { to } = next
            const step = to.receive(next.message)
            missing.get(to)?.push(...step.missingThere)
            expect(step.isExact).toBe(true)
            underway.push(...step.send.map((message) => ({ to: to === a ? b : a, message })))
          }
        }
        expect(names(missing.get(a) ?? [])).toEqual(difference(ofA, ofB))
        expect(names(missing.get(b) ?? [])).toEqual(difference(ofB, ofA))
      },
    ),
    { numRuns: 30 },
  )
})

test("a message that comes again changes nothing", () => {
  const { a, b } = sidesOf(itemsOf(0, 50), itemsOf(10, 60))
  const [days] = a.start()
  const once = b.receive(days as Uint8Array)
  expect(once.send.length).toBe(1)
  expect(b.receive(days as Uint8Array)).toMatchObject({ send: [], missingThere: [] })
  expect(b.received).toBe(1)
  expect(b.resume(0)).toEqual(once.send)
  expect(b.resume(1)).toEqual([])
})

test("[SYNC-1-15] a count that can not be is refused", () => {
  const { a, b } = sidesOf(itemsOf(0, 50), itemsOf(10, 60))
  const [days] = a.start()
  const [answer] = b.receive(days as Uint8Array).send
  a.receive(answer as Uint8Array)
  expect(() => a.resume(3)).toThrow(PeerError)
  // It said before that it has the first.
  expect(() => a.resume(0)).toThrow(PeerError)
})
