import { describe, expect, it } from "vitest"
import { base85, base85Capacity, fromBase85, fromHex } from "../../src/bytes/index.js"
import { errorName } from "./fixtures.js"

describe("base 85", () => {
  it("is Z85 where the length is a multiple of four", () => {
    // ZeroMQ RFC 32, the test case of its reference implementation.
    expect(base85(fromHex("864fd26fb559f75b"))).toBe("HelloWorld")
    expect(fromBase85("HelloWorld")).toEqual(fromHex("864fd26fb559f75b"))
    expect(base85(new Uint8Array(4).fill(255))).toBe("%nSc0")
    expect(base85(new Uint8Array(4))).toBe("00000")
  })

  it("has a text for every length, as long as its capacity says", () => {
    for (let length = 0; length < 40; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 89 + length)
      const text = base85(bytes)
      expect(text).toHaveLength(Math.ceil((length * 5) / 4))
      expect(base85Capacity(text.length)).toBe(length)
      expect(fromBase85(text)).toEqual(bytes)
    }
  })

  it("keeps all values of a tail apart", () => {
    for (let value = 0; value < 65_536; value += 1) {
      const bytes = Uint8Array.of(value >> 8, value)
      const back = fromBase85(base85(bytes))
      if (back[0] !== bytes[0] || back[1] !== bytes[1]) expect(back).toEqual(bytes)
    }
    expect(new Set(Array.from({ length: 256 }, (_, i) => base85(Uint8Array.of(i)))).size).toBe(256)
  })

  it("takes nothing that its encoder does not write", () => {
    const bad = [
      "0",
      "000000",
      "%nSc1",
      "#####",
      "00 00",
      "00,00",
      "00;0",
      "é0000",
      '0"',
      "##",
      "###",
      "####",
    ]
    for (const text of bad)
      expect([text, errorName(() => fromBase85(text))]).toEqual([text, "PeerError"])
    // Of the 85 × 85 texts of two characters, 256 stand for a byte.
    const alphabet =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
    let accepted = 0
    for (const a of alphabet) {
      for (const b of alphabet) if (errorName(() => fromBase85(a + b)) === "none") accepted += 1
    }
    expect(accepted).toBe(256)
  })
})
