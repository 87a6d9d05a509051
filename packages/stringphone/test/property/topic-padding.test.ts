import fc from "fast-check"
import { expect, test } from "vitest"
import { padmeLength } from "../../src/bytes/index.js"
import { pad, unpad } from "../../src/topic/padding.js"

const length = fc.oneof(
  fc.nat(300),
  fc.nat(2 ** 30),
  // Around powers of two, where the logarithms turn.
  fc.tuple(fc.nat(30), fc.integer({ min: -2, max: 2 })).map(([e, by]) => Math.max(0, 2 ** e + by)),
)

/** Nikitin et al., Algorithm 1, in whole numbers. */
function padme(length: number): number {
  if (length < 2) return length
  const bits = (value: number): number => value.toString(2).length
  const exponent = bits(length) - 1
  const last = exponent - bits(exponent)
  const mask = 2n ** BigInt(Math.max(0, last)) - 1n
  return Number((BigInt(length) + mask) & ~mask)
}

test("it is the paper's algorithm, never less, and at most 12 % more", () => {
  fc.assert(
    fc.property(length, (bytes) => {
      const padded = padmeLength(bytes)
      expect(padded).toBe(padme(bytes))
      expect(padded).toBeGreaterThanOrEqual(bytes)
      expect(padded).toBeLessThanOrEqual(bytes * 1.12)
    }),
    { numRuns: 1000 },
  )
})

test("a padded length is padded to itself, and longer content never to less", () => {
  fc.assert(
    fc.property(length, fc.nat(1000), (bytes, more) => {
      expect(padmeLength(padmeLength(bytes))).toBe(padmeLength(bytes))
      expect(padmeLength(bytes + more)).toBeGreaterThanOrEqual(padmeLength(bytes))
    }),
    { numRuns: 1000 },
  )
})

test("few lengths are seen: up to 1 MiB about 500, not a million", () => {
  const seen = new Set<number>()
  for (let bytes = 0; bytes <= 2 ** 20; bytes = padmeLength(bytes) + 1) seen.add(padmeLength(bytes))
  expect(seen.size).toBeLessThan(500)
})

test("any content comes back as it was, also when it ends like padding", () => {
  const tail = fc.array(fc.constantFrom(0, 0x80), { maxLength: 12 })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), tail, (start, end) => {
      const content = Uint8Array.from([...start, ...end])
      expect(unpad(pad(content))).toEqual(content)
    }),
    { numRuns: 300 },
  )
})
