// Fragments, spec/topic.md §5, against a model that keeps whole messages in a list.
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { concat, hex, PeerError, u32 } from "../../src/bytes/index.js"
import { cut, Reassembly } from "../../src/topic/fragments.js"
import { decodeFragment, encodeFragment } from "../../src/topic/wire/fragment.js"

const start = 1_800_000_000_000
const message = (length: number, id: number): Uint8Array =>
  new Uint8Array(length).map((_, i) => (i * 31 + id * 7 + (i >> 8)) & 255)

function add(reassembly: Reassembly, piece: Uint8Array, nowMs = start): Uint8Array | string | null {
  try {
    return reassembly.add(decodeFragment(piece), nowMs)
  } catch (error) {
    if (error instanceof PeerError) return error.code
    throw error
  }
}

test("pieces fit, are alike but for the last, and at most 256", () => {
  const sizes = fc.tuple(fc.integer({ min: 8, max: 60 }), fc.nat(8000))
  fc.assert(
    fc.property(sizes, ([maxBytes, length]) => {
      const whole = message(length, 1)
      if (length > maxBytes && Math.ceil(length / (maxBytes - 7)) > 256) {
        expect(() => cut(whole, maxBytes, u32(1))).toThrow("does not go through")
        return
      }
      const pieces = cut(whole, maxBytes, u32(1))
      if (length <= maxBytes) {
        expect(pieces).toEqual([whole])
        return
      }
      for (const piece of pieces.slice(0, -1)) expect(piece.length).toBe(maxBytes)
      expect(pieces.at(-1)!.length).toBeGreaterThan(7)
      expect(concat(...pieces.map((piece) => piece.subarray(7)))).toEqual(whole)
    }),
    { numRuns: 200 },
  )
})

test.each([0, 1, 7])("a channel of %i bytes takes no pieces", (maxBytes) => {
  expect(() => cut(message(100, 1), maxBytes, u32(1))).toThrow("does not go through")
})

test("in any order, interleaved, with repetitions and losses: right messages, each as a whole", () => {
  const plan = fc.record({
    lengths: fc.array(fc.integer({ min: 30, max: 900 }), { minLength: 1, maxLength: 10 }),
    seed: fc.infiniteStream(fc.nat(0xffff)),
    losesSome: fc.boolean(),
  })
  fc.assert(
    fc.property(plan, ({ lengths, losesSome, seed }) => {
      const draw = (): number => seed.next().value as number
      const sent = lengths.flatMap((length, id) =>
        cut(message(length, id), 29, u32(id)).map((piece) => ({ id, piece })),
      )
      const delivered = [...sent, ...sent.filter(() => draw() % 4 === 0)]
        .filter(() => !losesSome || draw() % 20 > 0)
        .map((one) => ({ one, at: draw() }))
        .sort((a, b) => a.at - b.at)
        .map(({ one }) => one)
      const reassembly = new Reassembly()
      const done = new Set<number>()
      const seen = new Set<string>()
      for (const { id, piece } of delivered) {
        const whole = add(reassembly, piece)
        seen.add(hex(piece))
        if (whole === null) continue
        expect(whole).toEqual(message(lengths[id]!, id))
        done.add(id)
      }
      // Whatever all pieces of arrived was put together.
      lengths.forEach((_, id) => {
        const isThere = sent.every((one) => one.id !== id || seen.has(hex(one.piece)))
        expect(done.has(id)).toBe(isThere)
      })
    }),
    { numRuns: 60 },
  )
})

describe("what is held is bounded [TOPIC-5-2]", () => {
  const pieceOf = (id: number, index: number, last: number, bytes: number): Uint8Array =>
    encodeFragment({ messageId: u32(id), index, last, piece: new Uint8Array(bytes) })

  test("any flood: at most 16 messages and 1 MiB, the oldest go first", () => {
    const flood = fc.array(fc.tuple(fc.integer({ min: 1, max: 300 }), fc.nat(400)), {
      minLength: 1,
      maxLength: 60,
      size: "max",
    })
    fc.assert(
      fc.property(flood, (sizes) => {
        const reassembly = new Reassembly()
        let model: { id: number; bytes: number }[] = []
        sizes.forEach(([kib, more], id) => {
          const bytes = kib * 1024 + more
          expect(add(reassembly, pieceOf(id, 0, 1, bytes))).toBeNull()
          model.push({ id, bytes })
          const held = (): number => model.reduce((sum, one) => sum + one.bytes, 0)
          while (model.length > 16 || held() > 1_048_576) model = model.slice(1)
        })
        // The newest first, so that what begins anew pushes nothing out.
        const kept = sizes
          .map((_, id) => sizes.length - 1 - id)
          .filter((id) => add(reassembly, pieceOf(id, 1, 1, 1)) instanceof Uint8Array)
        expect(kept.toReversed()).toEqual(model.map(({ id }) => id))
      }),
      { numRuns: 20 },
    )
  })

  test("more than 1 MiB at once is not kept", () => {
    const reassembly = new Reassembly()
    expect(add(reassembly, pieceOf(1, 0, 1, 1_048_577))).toBeNull()
    expect(add(reassembly, pieceOf(1, 1, 1, 1))).toBeNull()
    expect(add(reassembly, pieceOf(2, 0, 1, 1_048_575))).toBeNull()
    expect(add(reassembly, pieceOf(2, 1, 1, 1))).toBeInstanceOf(Uint8Array)
  })

  test("30 seconds, from the first piece on", () => {
    const reassembly = new Reassembly()
    add(reassembly, pieceOf(1, 0, 2, 9))
    expect(add(reassembly, pieceOf(1, 1, 2, 9), start + 29_999)).toBeNull()
    expect(add(reassembly, pieceOf(1, 2, 2, 9), start + 30_000)).toBeNull()
    expect(add(reassembly, pieceOf(1, 0, 2, 9), start + 30_001)).toBeNull()
    expect(add(reassembly, pieceOf(1, 1, 2, 9), start + 30_002)).toBeInstanceOf(Uint8Array)
  })

  test("what was dropped gives its room back", () => {
    const reassembly = new Reassembly()
    for (let id = 0; id < 100; id++) {
      add(reassembly, pieceOf(id, 0, 1, 500_000), start + id * 30_000)
      expect(add(reassembly, pieceOf(id, 1, 1, 500_000), start + id * 30_000)).not.toBeNull()
    }
    for (let id = 0; id < 3; id++) add(reassembly, pieceOf(id, 0, 1, 300_000), start + 1e8)
    for (let id = 0; id < 3; id++) {
      expect(add(reassembly, pieceOf(id, 1, 1, 5), start + 1e8)).toBeInstanceOf(Uint8Array)
    }
  })
})

describe("a piece that contradicts the others is dropped, and the others stay", () => {
  const piece = (index: number, last: number, length: number): Uint8Array =>
    encodeFragment({ messageId: u32(9), index, last, piece: message(length, index) })

  test.each([
    ["another last", [piece(0, 2, 9)], piece(1, 3, 9)],
    ["a shorter one in the middle", [piece(0, 2, 9)], piece(1, 2, 8)],
    ["a longer one in the middle", [piece(0, 2, 9)], piece(1, 2, 10)],
    ["a last one longer than the others", [piece(0, 2, 9)], piece(2, 2, 10)],
    ["one shorter than the last", [piece(2, 2, 9)], piece(0, 2, 8)],
  ])("%s", (_, before, odd) => {
    const reassembly = new Reassembly()
    for (const one of before) expect(add(reassembly, one)).toBeNull()
    expect(add(reassembly, odd)).toBe("malformed")
    const rest = [piece(0, 2, 9), piece(1, 2, 9), piece(2, 2, 9)]
    const whole = rest.map((one) => add(reassembly, one)).find((one) => one !== null)
    expect(whole).toEqual(concat(...rest.map((one) => one.subarray(7))))
  })

  test("a repeated piece with other bytes: the first one counts", () => {
    const reassembly = new Reassembly()
    add(reassembly, piece(0, 1, 9))
    const other = encodeFragment({ messageId: u32(9), index: 0, last: 1, piece: new Uint8Array(9) })
    expect(add(reassembly, other)).toBeNull()
    expect(add(reassembly, piece(1, 1, 9))).toEqual(concat(message(9, 0), message(9, 1)))
  })
})
