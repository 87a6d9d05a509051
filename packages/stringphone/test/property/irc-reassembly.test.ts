import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { PeerError } from "../../src/bytes/index.js"
import {
  type Added,
  type Incomplete,
  Reassembly,
  hasHole,
  missingRanges,
} from "../../src/transport/irc/reassembly.js"
import { type Part, decodeTextLine, encodeTextLine } from "../../src/transport/irc/text-line.js"

function cut(bytes: Uint8Array, size: number, id: number): Part[] {
  const parts: Part[] = []
  for (let offset = 0; offset < bytes.length; offset += size) {
    parts.push({
      kind: "part",
      tag: null,
      id: new Uint8Array(6).fill(id),
      total: bytes.length,
      offset,
      bytes: bytes.subarray(offset, offset + size),
    })
  }
  return parts
}

const sized = fc.tuple(
  fc.uint8Array({ minLength: 2, maxLength: 400 }),
  fc.integer({ min: 1, max: 60 }),
)

describe("messages in pieces", () => {
  it("come together from any order, with copies and other cuts between", () => {
    fc.assert(
      fc.property(sized, fc.integer({ min: 1, max: 60 }), fc.gen(), ([bytes, size], other, g) => {
        const pieces = [...cut(bytes, size, 1), ...cut(bytes, other, 1)]
        const order = g(fc.shuffledSubarray, pieces, { minLength: pieces.length })
        const reassembly = new Reassembly({ maxMessageBytes: 400 })
        const messages = order.flatMap((part) => reassembly.add("ada", part).message ?? [])
        expect(messages).toEqual([bytes])
      }),
    )
  })

  it("come together once what is missing was asked for and came", () => {
    fc.assert(
      fc.property(sized, fc.gen(), ([bytes, size], g) => {
        const pieces = cut(bytes, size, 1)
        const arrived = g(fc.shuffledSubarray, pieces, { minLength: 1 })
        const reassembly = new Reassembly({ maxMessageBytes: 400 })
        let last: Added | undefined
        for (const part of arrived) last = reassembly.add("ada", part)
        // Each round asks for sixteen ranges at most.
        for (let round = 0; last?.incomplete && !last.message && round < 30; round++) {
          const ranges = missingRanges(last.incomplete)
          expect(ranges.length).toBeGreaterThan(0)
          for (const { offset, length } of ranges) {
            const piece = bytes.subarray(offset, offset + length)
            last = reassembly.add("ada", { ...(pieces[0] as Part), offset, bytes: piece })
          }
        }
        expect(last?.message).toEqual(bytes)
      }),
    )
  })

  it("have a hole where something behind it came first", () => {
    const [first, second, third] = cut(new Uint8Array(30), 10, 1) as [Part, Part, Part]
    const reassembly = new Reassembly({ maxMessageBytes: 400 })
    const afterFirst = reassembly.add("ada", first).incomplete as Incomplete
    expect(hasHole(afterFirst)).toBe(false)
    const afterThird = reassembly.add("ada", third).incomplete as Incomplete
    expect(hasHole(afterThird)).toBe(true)
    expect(missingRanges(afterThird)).toEqual([{ offset: 10, length: 10 }])
    expect(reassembly.add("ada", second).message).toEqual(new Uint8Array(30))
  })

  it("keep senders and messages apart", () => {
    fc.assert(
      fc.property(sized, sized, fc.gen(), ([one, size], [two, otherSize], g) => {
        const tagged = [
          ...cut(one, size, 1).map((part) => ({ from: "ada", part })),
          ...cut(two, otherSize, 1).map((part) => ({ from: "bob", part })),
          ...cut(two, otherSize, 2).map((part) => ({ from: "ada", part })),
        ]
        const reassembly = new Reassembly({ maxMessageBytes: 400 })
        const seen: [string, Uint8Array][] = []
        for (const { from, part } of g(fc.shuffledSubarray, tagged, { minLength: tagged.length })) {
          const { message } = reassembly.add(from, part)
          if (message) seen.push([from, message])
        }
        expect(seen).toHaveLength(3)
        expect(seen.filter(([from]) => from === "bob")).toEqual([["bob", two]])
        expect(seen).toContainEqual(["ada", one])
        expect(seen).toContainEqual(["ada", two])
      }),
    )
  })

  it("follow their sender to another name", () => {
    const bytes = Uint8Array.from({ length: 10 }, (_, i) => i)
    const [first, second] = cut(bytes, 5, 1) as [Part, Part]
    const reassembly = new Reassembly({ maxMessageBytes: 400 })
    reassembly.add("ada", first)
    reassembly.rename("ada", "ada_")
    expect(reassembly.add("ada", second).message).toBeNull()
    expect(reassembly.add("ada_", second).message).toEqual(bytes)
    // A late copy under the new name starts nothing.
    expect(reassembly.add("ada_", first)).toEqual({ message: null, incomplete: null, dropped: [] })
    reassembly.rename("ada_", "ada__")
    expect(reassembly.add("ada__", first).incomplete).toBeNull()
  })

  it("take no more room than they may", () => {
    const reassembly = new Reassembly({ maxMessageBytes: 1000, maxPerSender: 2, maxBytes: 3000 })
    const start = (from: string, id: number) =>
      reassembly.add(from, cut(new Uint8Array(1000), 10, id)[0] as Part)
    expect(start("ada", 1).dropped).toEqual([])
    expect(start("ada", 2).dropped).toEqual([])
    expect(start("ada", 3).dropped.map(({ id }) => id[0])).toEqual([1])
    expect(start("bob", 1).dropped).toEqual([])
    expect(start("eve", 1).dropped.map(({ from, id }) => [from, id[0]])).toEqual([["ada", 2]])
    const large = cut(new Uint8Array(1001), 10, 9)[0] as Part
    expect(reassembly.add("eve", large).incomplete).toBeNull()
  })

  it("are given up when somebody sends them full of holes", () => {
    const reassembly = new Reassembly({ maxMessageBytes: 1000 })
    const crumbs = cut(new Uint8Array(1000), 1, 1).filter((_, i) => i % 2 === 0)
    const dropped = crumbs.flatMap((part) => reassembly.add("eve", part).dropped)
    expect(dropped).toHaveLength(1)
  })

  it("decode from any text to a line or an error, and back to the same text", () => {
    const characters = fc.constantFrom(
      ...Array.from("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH.-:+=^!/*?&<>()[]{}@%$#, ;é"),
    )
    fc.assert(
      fc.property(fc.string({ unit: characters, maxLength: 60 }), (text) => {
        try {
          expect(encodeTextLine(decodeTextLine(`?SP2,${text}`))).toBe(`?SP2,${text}`)
        } catch (error) {
          expect(error).toBeInstanceOf(PeerError)
        }
      }),
    )
  })
})
