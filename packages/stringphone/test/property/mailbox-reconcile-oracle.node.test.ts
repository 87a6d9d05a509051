// The same sets through an independent implementation of range-based reconciliation, negentropy.
import fc from "fast-check"
import { nip77 } from "nostr-tools"
import { expect, test } from "vitest"
import { hex } from "../../src/bytes/index.js"
import type { ReconcileItem } from "../../src/mailbox/reconcile/index.js"
import { itemsOf, reconcile, sidesOf } from "./mailbox-reconcile-scene.js"

/**
 * What a has and b lacks, and the other way round; and the bytes of its messages. This implementation
 * does not list back: as with ours, what the two sides learn is together the difference.
 */
function negentropy(a: readonly ReconcileItem[], b: readonly ReconcileItem[]) {
  const storage = (items: readonly ReconcileItem[]) => {
    const vector = new nip77.NegentropyStorageVector()
    for (const { day, id } of items) vector.insert(day, hex(id))
    vector.seal()
    return vector
  }
  const sides = [new nip77.Negentropy(storage(a)), new nip77.Negentropy(storage(b))] as const
  const onlyA = new Set<string>()
  const onlyB = new Set<string>()
  const add = (ids: Set<string>) => (id: string) => void ids.add(id)
  let bytes = 0
  let message: string | null = sides[0].initiate()
  for (let isToB = true; message !== null; isToB = !isToB) {
    bytes += message.length / 2
    message = isToB
      ? sides[1].reconcile(message, add(onlyB), add(onlyA))
      : sides[0].reconcile(message, add(onlyA), add(onlyB))
  }
  return { onlyA: [...onlyA].sort(), onlyB: [...onlyB].sort(), bytes }
}

const count = fc.oneof(fc.nat(30), fc.nat(2_000))

test("the same differences", () => {
  fc.assert(
    fc.property(count, count, count, fc.constantFrom(1, 5, 35), (both, atA, atB, days) => {
      const common = itemsOf(0, both, days)
      const a = [...common, ...itemsOf(10_000, 10_000 + atA, days)]
      const b = [...common, ...itemsOf(20_000, 20_000 + atB, days)]
      const { onlyA, onlyB } = negentropy(a, b)
      expect(reconcile(sidesOf(a, b))).toMatchObject({ missingAtB: onlyA, missingAtA: onlyB })
    }),
    { numRuns: 25 },
  )
})

test("100 differences of 100,000: at most half of its bytes", () => {
  const all = itemsOf(0, 100_000, 35)
  const a = all.filter((_, i) => i >= 100 || i % 2 === 0)
  const b = all.filter((_, i) => i >= 100 || i % 2 === 1)
  const { onlyA, onlyB, bytes } = negentropy(a, b)
  const ours = reconcile(sidesOf(a, b))
  expect(ours).toMatchObject({ missingAtB: onlyA, missingAtA: onlyB, isExact: true })
  expect(onlyA.length + onlyB.length).toBe(100)
  expect(ours.bytes).toBeLessThan(bytes / 2)
})
