import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  base64url,
  ChannelError,
  concat,
  decodeAll,
  fromBase64url,
  fromHex,
  fromUtf8,
  hex,
  PeerError,
  Reader,
  sameBytes,
  u16,
  u32,
  u8,
  UsageError,
  utf8,
} from "../../src/bytes/index.js"

const anyBytes = fc.uint8Array({ maxLength: 300 })

describe("hex", () => {
  test("every byte, both ways", () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i)
    expect(hex(all).length).toBe(512)
    expect(hex(all).slice(0, 34)).toBe("000102030405060708090a0b0c0d0e0f10")
    expect(fromHex(hex(all))).toEqual(all)
    expect(fromHex(hex(all).toUpperCase())).toEqual(all)
    expect(fromHex("")).toEqual(new Uint8Array(0))
  })

  test.each(["0", "abc", "0g", "0x00", " 00", "00 ", "0 0 ", "-1", "+1", "１２", "00\n0", "ſſ"])(
    "%j is none",
    (text) => expect(() => fromHex(text)).toThrow(expect.objectContaining({ code: "bad-hex" })),
  )
})

describe("base64url", () => {
  // RFC 4648 §10, in the alphabet of §5 and without padding.
  test.each([
    ["", ""],
    ["f", "Zg"],
    ["fo", "Zm8"],
    ["foo", "Zm9v"],
    ["foob", "Zm9vYg"],
    ["fooba", "Zm9vYmE"],
    ["foobar", "Zm9vYmFy"],
  ])("RFC 4648 §10 %j is %j", (text, encoded) => {
    expect(base64url(utf8(text))).toBe(encoded)
    expect(fromBase64url(encoded)).toEqual(utf8(text))
  })

  test("62 and 63 are - and _", () => {
    expect(base64url(Uint8Array.of(0xfb, 0xff, 0xfe))).toBe("-__-")
    expect(fromBase64url("-__-")).toEqual(Uint8Array.of(0xfb, 0xff, 0xfe))
  })

  test.each([
    ["padding", "Zg=="],
    ["the other alphabet", "+//+"],
    ["white space", "Zm 9v"],
    ["a line end", "Zm9v\n"],
    ["a character alone", "Z"],
    ["a character alone, no bit set", "A"],
    ["five characters, no bit set", "AAAAA"],
    ["five characters", "Zm9vY"],
    ["spare bits, two characters", "Zh"],
    ["all spare bits, two characters", "Z_"],
    ["spare bits, three characters", "Zm9"],
    ["another script", "Жg"],
    ["a pair of surrogates", "🐎"],
    ["a zero byte", "Zm9v\0"],
  ])("refuses %s", (_, text) =>
    expect(() => fromBase64url(text)).toThrow(expect.objectContaining({ code: "bad-base64url" })),
  )

  test("of each number of spare bits only zero is taken: no two texts for the same bytes", () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    const taken = (prefix: string) =>
      alphabet.split(/(?:)/).filter((last) => {
        try {
          return base64url(fromBase64url(prefix + last)) === prefix + last
        } catch {
          return false
        }
      }).length
    expect(taken("A")).toBe(4)
    expect(taken("AA")).toBe(16)
    expect(taken("AAA")).toBe(64)
    expect(taken("AAAA")).toBe(0)
  })

  test("any bytes come back", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(fromBase64url(base64url(bytes))).toEqual(bytes)
        expect(base64url(bytes)).toMatch(/^[A-Za-z0-9_-]*$/)
        expect(fromHex(hex(bytes))).toEqual(bytes)
      }),
    )
  })

  test("any text is refused or comes back as it was", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        let bytes: Uint8Array
        try {
          bytes = fromBase64url(text)
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError)
          return
        }
        expect(base64url(bytes)).toBe(text)
      }),
    )
  })
})

describe("UTF-8", () => {
  test.each(["", "a", "ß", "€", "🐎", "\0", "\ufeffmarked", "a\u0301"])("%j comes back", (text) =>
    expect(fromUtf8(utf8(text))).toBe(text),
  )

  test.each(["ff", "c0af", "e08080", "eda080", "f4908080", "c3", "80", "e282", "f09f90"])(
    "%s is none",
    (bytes) => expect(fromUtf8(fromHex(bytes))).toBeNull(),
  )

  test("half a surrogate pair becomes U+FFFD", () => {
    expect(fromUtf8(utf8("\ud83d"))).toBe("\ufffd")
  })
})

describe("writer", () => {
  test("numbers are big-endian", () => {
    expect(hex(concat(u8(0x12), u16(0x3456), u32(0x789abcde)))).toBe("123456789abcde")
    expect(hex(concat(u8(255), u16(65_535), u32(0xffff_ffff)))).toBe("ffffffffffffff")
    expect(hex(concat())).toBe("")
  })

  test("concat copies", () => {
    const part = Uint8Array.of(1, 2)
    const whole = concat(part, part)
    part.fill(0)
    expect(whole).toEqual(Uint8Array.of(1, 2, 1, 2))
  })

  test("sameBytes", () => {
    expect(sameBytes(u16(7), u16(7))).toBe(true)
    expect(sameBytes(u16(7), u16(8))).toBe(false)
    expect(sameBytes(u16(7), u8(0))).toBe(false)
    expect(sameBytes(concat(), concat())).toBe(true)
  })
})

describe("reader", () => {
  const malformed = (message: string) => new PeerError("malformed", message)
  const read = (text: string) => new Reader(fromHex(text), "letter", malformed)

  test("reads forward", () => {
    const reader = read("12345678 9abcde 0102 0304".replaceAll(" ", ""))
    expect(reader.u8("a")).toBe(0x12)
    expect(reader.u16("b")).toBe(0x3456)
    expect(reader.u32("c")).toBe(0x789abcde)
    expect(reader.remaining).toBe(4)
    expect(reader.take(2, "d")).toEqual(Uint8Array.of(1, 2))
    expect(reader.take(0, "e")).toEqual(new Uint8Array(0))
    expect(reader.rest("f")).toEqual(Uint8Array.of(3, 4))
    expect(reader.rest("g")).toEqual(new Uint8Array(0))
    reader.end()
  })

  test("u32 is never negative", () => expect(read("ffffffff").u32("n")).toBe(0xffff_ffff))

  test.each([
    ["u8", (r: Reader) => r.u8("age"), "", "age needs 1 bytes but only 0 are left"],
    ["u16", (r: Reader) => r.u16("age"), "01", "age needs 2 bytes but only 1 are left"],
    ["u32", (r: Reader) => r.u32("age"), "010203", "age needs 4 bytes but only 3 are left"],
    ["take", (r: Reader) => r.take(3, "age"), "0102", "age needs 3 bytes but only 2 are left"],
    ["rest", (r: Reader) => r.rest("age", 3), "0102", "age needs 3 bytes but only 2 are left"],
    ["expect", (r: Reader) => r.expect(7, "age"), "08", "age is 8, expected 7"],
    ["end", (r: Reader) => r.end(), "0000", "2 bytes too many"],
  ])("%s names format and field", (_, use, bytes, problem) => {
    expect(() => use(read(bytes))).toThrow(malformed(`Malformed letter: ${problem}.`))
  })

  test("what fails takes nothing", () => {
    const reader = read("0102")
    expect(() => reader.u32("n")).toThrow(PeerError)
    expect(reader.u16("n")).toBe(0x0102)
  })

  test("takes views, within the view it was given", () => {
    const whole = Uint8Array.of(9, 1, 2, 3, 9)
    const reader = new Reader(whole.subarray(1, 4), "letter", malformed)
    expect(reader.rest("all").byteOffset).toBe(1)
    expect(() => reader.u8("more")).toThrow(PeerError)
  })

  test("decodeAll wants all bytes, and says it its own way", () => {
    expect(decodeAll(u16(7), "letter", (r) => r.u16("n"))).toBe(7)
    expect(() => decodeAll(u32(7), "letter", (r) => r.u16("n"))).toThrow(
      expect.objectContaining({ name: "PeerError", code: "malformed" }),
    )
    const own = (message: string) => new RangeError(message)
    expect(() => decodeAll(u8(7), "letter", (r) => r.u16("n"), own)).toThrow(RangeError)
  })
})

test("the three families of errors", () => {
  const cause = new Error("disk full")
  const error = new ChannelError("disk", "The disk is full. Make room.", { cause })
  expect([error.name, error.code, error.message]).toEqual([
    "ChannelError",
    "disk",
    "The disk is full. Make room.",
  ])
  expect(error.cause).toBe(cause)
  expect(String(error)).toBe("ChannelError: The disk is full. Make room.")
  for (const Family of [PeerError, UsageError, ChannelError]) {
    expect(new Family("code", "text")).toBeInstanceOf(Error)
    expect(new Family("code", "text").name).toBe(Family.name)
  }
})
