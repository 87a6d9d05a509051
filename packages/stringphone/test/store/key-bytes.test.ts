import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { utf8 } from "../../src/bytes/index.js"
import { decodeKey, encodeKey, endOfPrefix } from "../../src/store/key-bytes.js"

/** Of any code units, many of them where encodings differ. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(0, 0x7f, 0x80, 0x7ff, 0x800, 0xd000, 0xd7ff, 0xe000, 0xfeff, 0xffff),
      fc.integer({ min: 0xd800, max: 0xdfff }),
      fc.integer({ min: 0, max: 0xffff }),
    ),
    { maxLength: 6 },
  )
  .map((units) => String.fromCharCode(...units))

describe("keys as bytes", () => {
  it("come back, also without sense", () => {
    fc.assert(fc.property(text, (key) => decodeKey(new Uint8Array(encodeKey(key))) === key))
  })

  it("sort as their code units do", () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const expected = a < b ? -1 : a > b ? 1 : 0
        expect(encodeKey(a).compare(encodeKey(b))).toBe(expected)
      }),
    )
  })

  it("begin with their prefixes and nothing else, and the end is behind all of these", () => {
    fc.assert(
      fc.property(text, text, (prefix, other) => {
        const start = encodeKey(prefix)
        const end = endOfPrefix(start)
        for (const key of [other, prefix + other, prefix]) {
          const bytes = encodeKey(key)
          const isWithin = bytes.compare(start) >= 0 && (end === null || bytes.compare(end) < 0)
          expect(isWithin).toBe(key.startsWith(prefix))
        }
      }),
    )
  })

  it("are UTF-8 where there are no surrogates", () => {
    for (const key of ["", "session/1", "é\0ﬁ\uffff", "한국어"]) {
      expect(new Uint8Array(encodeKey(key))).toEqual(utf8(key))
    }
  })

  it("are only what a text gives", () => {
    const wrong = ["80", "c0af", "c3", "e281", "ed", "eda0", "f09f9880", "ff", "61ed61"]
    for (const hex of wrong) expect(decodeKey(Buffer.from(hex, "hex"))).toBeNull()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6 }), (bytes) => {
        const key = decodeKey(bytes)
        if (key !== null) expect(new Uint8Array(encodeKey(key))).toEqual(bytes)
      }),
    )
  })
})
