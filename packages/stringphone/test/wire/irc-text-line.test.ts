import { describe, expect, it } from "vitest"
import { base85, concat, fromBase85, hex, u16 } from "../../src/bytes/index.js"
import { fold16 } from "../../src/transport/irc/fold16.js"
import { type TextLine, decodeTextLine, encodeTextLine } from "../../src/transport/irc/text-line.js"
import { errorName, flipped } from "./fixtures.js"

const id = Uint8Array.of(1, 2, 3, 4, 5, 6)
const bytes = Uint8Array.of(0xaa, 0xbb)

/** spec/irc.md §2: each kind of line, and its bytes. */
const lines: readonly (readonly [string, TextLine, string])[] = [
  ["whole", { kind: "whole", tag: null, bytes }, "00aabb"],
  ["empty whole", { kind: "whole", tag: null, bytes: new Uint8Array(0) }, "00"],
  ["private whole", { kind: "whole", tag: 0x1234, bytes }, "021234aabb"],
  [
    "part",
    { kind: "part", tag: null, id, total: 70_000, offset: 66_000, bytes },
    "010102030405060111700101d0aabb",
  ],
  [
    "private part",
    { kind: "part", tag: 7, id, total: 2, offset: 0, bytes },
    "030007010203040506000002000000aabb",
  ],
  [
    "request",
    {
      kind: "request",
      tag: 7,
      id,
      ranges: [
        { offset: 1, length: 2 },
        { offset: 3, length: 70_000 },
      ],
    },
    "040007010203040506000001000002000003011170",
  ],
]

describe("a line of ours", () => {
  for (const [name, line, bytesInHex] of lines) {
    it(`is, as ${name}, these bytes`, () => {
      const text = encodeTextLine(line)
      expect(text.startsWith("?SP2,")).toBe(true)
      expect(hex(bodyOf(text))).toBe(bytesInHex)
      expect(decodeTextLine(text)).toEqual(line)
    })

    it(`is malformed, as ${name}, when its header is cut`, () => {
      const encoded = bodyOf(encodeTextLine(line))
      const payload = line.kind === "request" ? 0 : line.bytes.length
      const leastPart = line.kind === "part" ? 1 : 0
      for (let length = 0; length < encoded.length - payload + leastPart; length++) {
        const cut = lineOf(encoded.subarray(0, length))
        const outcome = errorName(() => decodeTextLine(cut))
        // A request may lose whole ranges.
        const isShorter = line.kind === "request" && length === encoded.length - 6
        expect([length, outcome]).toEqual([length, isShorter ? "none" : "PeerError"])
      }
    })

    it(`is, as ${name}, another line or malformed when a bit flips`, () => {
      const encoded = bodyOf(encodeTextLine(line))
      for (let bit = 0; bit < encoded.length * 8; bit++) {
        const text = lineOf(flipped(encoded, bit))
        const outcome = errorName(() => expect(decodeTextLine(text)).not.toEqual(line))
        expect(["none", "PeerError"]).toContain(outcome)
      }
    })
  }

  it("says what is wrong with it", () => {
    const decode = (bytesOfLine: number[]) => () =>
      decodeTextLine(lineOf(Uint8Array.from(bytesOfLine)))
    expect(decode([5])).toThrow("type is 5")
    expect(decode([1, ...id, 0, 0, 2, 0, 0, 1, 8, 8])).toThrow("ends behind its message")
    expect(decode([1, ...id, 0, 0, 2, 0, 0, 1])).toThrow("piece needs 1 bytes")
    expect(decode([4, 0, 7, ...id, 0, 0, 5, 0, 0, 0])).toThrow("empty, out of order or too many")
    const range = (offset: number) => [0, 0, offset, 0, 0, 1]
    expect(decode([4, 0, 7, ...id, ...range(4), ...range(3)])).toThrow("out of order")
    const many = Array.from({ length: 17 }, (_, i) => range(2 * i)).flat()
    expect(decode([4, 0, 7, ...id, ...many])).toThrow("too many")
    expect(decode([4, 0, 7, ...id, ...many.slice(0, 96)])).not.toThrow()
  })

  it("is malformed wherever it is cut or changed on its way", () => {
    for (const [, line] of lines) {
      const text = encodeTextLine(line)
      for (let length = 0; length < text.length; length++) {
        expect(errorName(() => decodeTextLine(text.slice(0, length)))).toBe("PeerError")
      }
      const encoded = fromBase85(text.slice(5))
      for (let bit = 0; bit < encoded.length * 8; bit++) {
        const changed = `?SP2,${base85(flipped(encoded, bit))}`
        expect(errorName(() => decodeTextLine(changed))).toBe("PeerError")
      }
    }
  })

  it("has a checksum of its own", () => {
    // FNV-1a of one zero byte is 0x050c5d1f.
    expect(
      hex(
        fromBase85(encodeTextLine({ kind: "whole", tag: null, bytes: new Uint8Array(0) }).slice(5)),
      ),
    ).toBe("581300")
  })
})

function bodyOf(text: string): Uint8Array {
  return fromBase85(text.slice(5)).subarray(2)
}

/** With the checksum that belongs to it. */
function lineOf(body: Uint8Array): string {
  return `?SP2,${base85(concat(u16(fold16(body)), body))}`
}
