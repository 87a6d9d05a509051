import fc from "fast-check"
import { expect, test } from "vitest"
import { PeerError } from "../../src/bytes/index.js"
import { fragment, Reassembler } from "../../src/room/classic/index.js"

const packetText = fc
  .tuple(
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: 0, max: 4000 }),
    fc.string({ minLength: 1, maxLength: 6, unit: "binary-ascii" }),
  )
  .map(([opcode, length, seed]) =>
    `0${opcode}${seed.replaceAll("!", "A")}`.padEnd(length, seed.replaceAll("!", "B")),
  )

test("whatever is cut comes together, in any order and with duplicates", () => {
  fc.assert(
    fc.property(
      packetText,
      fc.integer({ min: 1, max: 380 }),
      fc.infiniteStream(fc.nat()),
      (text, size, numbers) => {
        fc.pre(text.length / size <= 999)
        const next = () => numbers.next().value as number
        const lines = fragment(text, size)
        const shuffled = [...lines, ...lines.filter(() => next() % 3 === 0)]
          .map((line) => ({ line, at: next() }))
          .sort((a, b) => a.at - b.at)
        const reassembler = new Reassembler()
        const results = shuffled.map(({ line }) =>
          reassembler.add({ from: "a", target: "b", text: line }),
        )
        expect(results.filter((result) => result !== null)[0]).toBe(text)
      },
    ),
    { numRuns: 150 },
  )
}, 60_000)

test("senders who speak at the same time, in any interleaving, are all heard", () => {
  const speech = fc.array(packetText, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(
      fc.array(speech, { minLength: 1, maxLength: 6 }),
      fc.infiniteStream(fc.nat()),
      (speeches, numbers) => {
        const waiting = speeches.map((texts, i) => ({
          from: `sender ${i}`,
          lines: texts.flatMap((text) => fragment(text, 97)),
          texts,
          heard: [] as string[],
        }))
        const reassembler = new Reassembler()
        for (;;) {
          const speaking = waiting.filter(({ lines }) => lines.length > 0)
          if (speaking.length === 0) break
          const one = speaking[(numbers.next().value as number) % speaking.length]!
          const text = reassembler.add({ from: one.from, target: "#", text: one.lines.shift()! })
          if (text !== null) one.heard.push(text)
        }
        for (const { heard, texts } of waiting) expect(heard).toEqual(texts)
        expect(reassembler.waiting).toBe(0)
      },
    ),
    { numRuns: 100 },
  )
}, 60_000)

test("after any loss, a packet that comes whole and in order is heard", () => {
  fc.assert(
    fc.property(
      fc.array(packetText, { minLength: 1, maxLength: 5 }),
      packetText,
      fc.infiniteStream(fc.boolean()),
      (lossy, last, lost) => {
        const reassembler = new Reassembler()
        const hear = (text: string) => reassembler.add({ from: "a", target: "#", text })
        for (const text of lossy) {
          for (const line of fragment(text, 53)) if (!lost.next().value) hear(line)
        }
        const marked = `${last}${"~".repeat(200)}end`
        const results = fragment(marked, 53).map((line) => hear(line))
        // Also when it came together with the rest of an older packet before.
        expect(results.at(-1)).toBe(marked)
        expect(
          fragment("03again", 4)
            .map((line) => hear(line))
            .at(-1),
        ).toBe("03again")
      },
    ),
    { numRuns: 150 },
  )
}, 60_000)

test("any lines give a text, null or a PeerError, and memory stays bounded", () => {
  const line = fc.oneof(
    fc.string(),
    fc.string().map((rest) => `?VLA,${rest}`),
    fc
      .tuple(
        fc.integer({ min: -1, max: 1001 }),
        fc.integer({ min: -1, max: 1001 }),
        fc.string({ maxLength: 500 }),
      )
      .map(([k, n, piece]) => `?VLA,${k},${n}!${piece}`),
  )
  const heard = fc.record({
    from: fc.constantFrom("a", "b", "c", "d"),
    target: fc.constantFrom("#", "us"),
    text: line,
  })
  fc.assert(
    fc.property(fc.array(heard, { maxLength: 60 }), (lines) => {
      const reassembler = new Reassembler({ maxPartials: 4, maxChars: 1000 })
      for (const each of lines) {
        try {
          const text = reassembler.add(each)
          expect(text === null || typeof text === "string").toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(PeerError)
        }
        expect(reassembler.waiting).toBeLessThanOrEqual(4)
      }
    }),
    { numRuns: 200 },
  )
}, 60_000)
