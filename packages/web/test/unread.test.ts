import { describe, expect, it } from "vitest"
import { type Reader, unreadBecause } from "../src/lib/unread.ts"

const member: Reader = { standing: "member", epoch: 3, isPairing: false }
const outside: Reader = { standing: "outside", epoch: 0, isPairing: false }

function data(letter: string, epoch: number): Uint8Array {
  const bytes = new Uint8Array(120)
  bytes.set([letter.charCodeAt(0), epoch >> 8, epoch & 0xff])
  return bytes
}

function of(letter: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  bytes[0] = letter.charCodeAt(0)
  return bytes
}

const text = (bytes: Uint8Array, reader: Reader): string => {
  const { isTaken, sentence } = unreadBecause(bytes, reader)
  return `${isTaken ? "taken" : "unread"}: ${sentence}`
}

describe("what became of a message that was neither opened nor refused", () => {
  it("depends on the key that this phone has", () => {
    expect(text(data("M", 3), outside)).toMatch(/^unread: Unreadable: this phone has no key/)
    expect(text(data("M", 3), { ...member, standing: "removed" })).toMatch(/was removed/)
    expect(text(data("M", 4), member)).toMatch(/^unread: Of an epoch/)
    expect(text(data("M", 3), member)).toMatch(/^unread: Nothing was shown/)
    expect(text(data("C", 3), member)).toMatch(/^taken: Genuine/)
  })

  it("depends on whether it pairs", () => {
    expect(text(of("1", 57), outside)).toMatch(/^unread: Two others pair/)
    expect(text(of("1", 57), { ...outside, isPairing: true })).toMatch(/^taken: Pairing/)
  })

  it("depends on its type", () => {
    expect(text(of("K", 200), member)).toMatch(/^taken/)
    expect(text(of("K", 200), outside)).toMatch(/^unread/)
    expect(text(of("Q", 187), member)).toMatch(/^taken/)
    expect(text(of("X", 157), member)).toMatch(/^unread/)
    expect(text(Uint8Array.of(1), member)).toBe("unread: This is no message of a topic.")
  })
})
