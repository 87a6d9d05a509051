// Each format of spec/room.md, as the second implementation wrote it: cut, lengthened and changed, it
// is refused, or is another value that encodes to exactly those bytes.
import { describe, expect, test } from "vitest"
import { concat, fromHex, PeerError, sameBytes } from "../../src/bytes/index.js"
import { decodeRoomPacket } from "../../src/room/wire/packet.js"
import { type Format, formats } from "../second/room-answers.js"
import vectors from "../vectors/room.json" with { type: "json" }
import { eachBit, flipped, viewAtOffset } from "./fixtures.js"

const samples = vectors.requests.flatMap(({ answer, ask, name }) => {
  const { bytes, credential } = answer as { readonly bytes?: string; readonly credential?: string }
  if (ask.do === "encode") return [{ name, format: ask.format!, encoded: fromHex(bytes!) }]
  return credential ? [{ name, format: "credential", encoded: fromHex(credential) }] : []
})

/** Whose last field takes all that is left, from a shortest length on, in steps. */
const openEnded: Readonly<Record<string, { readonly from: number; readonly step: number }>> = {
  "grant: with a proof": { from: 132, step: 1 },
  "grant: without a proof": { from: 116, step: 1 },
  "packet: offer": { from: 81, step: 1 },
  "packet: request": { from: 49, step: 1 },
  "packet: answer": { from: 49, step: 1 },
  "packet: grant": { from: 49, step: 1 },
  "packet: entry": { from: 77, step: 1 },
  "packet: order": { from: 77, step: 1 },
  "payload: text": { from: 44, step: 1 },
  "payload: empty text": { from: 12, step: 1 },
  "payload: again": { from: 66, step: 1 },
  "payload: pulse": { from: 44, step: 81 },
  "payload: pulse with branch": { from: 44, step: 81 },
  "payload: ask": { from: 60, step: 16 },
  "payload: proof": { from: 64, step: 20 },
}

type Outcome = "refused" | "same" | "another"

/** @throws when it is neither refused nor decodes to what encodes to it. */
function outcome({ decode, encode }: Format, original: Uint8Array, changed: Uint8Array): Outcome {
  let value: unknown
  try {
    value = decode(changed)
  } catch (error) {
    if (error instanceof PeerError && ["malformed", "not-for-us"].includes(error.code))
      return "refused"
    throw error
  }
  if (!sameBytes(encode(value as never), changed)) throw new Error("It has two encodings.")
  return sameBytes(changed, original) ? "same" : "another"
}

describe.each(samples)("$name", ({ encoded, format: of, name }) => {
  const format = formats[of]!
  const open = openEnded[name]
  const expected = (length: number): Outcome => {
    const isWhole = open && length >= open.from && (length - open.from) % open.step === 0
    return isWhole ? "another" : "refused"
  }

  test("at an odd place in memory it is the same", () => {
    expect(format.decode(viewAtOffset(encoded))).toEqual(format.decode(encoded))
    expect(outcome(format, encoded, encoded)).toBe("same")
  })

  test("every truncation", () => {
    const lengths = Array.from({ length: encoded.length }, (_, length) => length)
    const found = lengths.map((length) => outcome(format, encoded, encoded.subarray(0, length)))
    // Text may be cut within a character.
    const isText = /: (text|again)$/.test(name)
    const wrong = lengths.filter(
      (length) => found[length] !== expected(length) && !(isText && expected(length) === "another"),
    )
    expect(wrong).toEqual([])
    expect(found).toContain("refused")
  })

  test("one byte too many", () => {
    const longer = concat(encoded, Uint8Array.of(0x20))
    expect(outcome(format, encoded, longer)).toBe(expected(longer.length))
  })

  test("every flipped bit", { timeout: 60_000 }, () => {
    const found: Outcome[] = []
    eachBit(0, encoded.length, (bit) => found.push(outcome(format, encoded, flipped(encoded, bit))))
    expect(found).not.toContain("same")
    expect(found).toHaveLength(8 * encoded.length)
  })
})

test("every format has a sample, and every kind of packet", () => {
  expect(new Set(samples.map(({ format }) => format))).toEqual(new Set(Object.keys(formats)))
  const kinds = samples
    .filter(({ format }) => format === "packet")
    .map(({ encoded }) => decodeRoomPacket(encoded)?.kind)
  expect(new Set(kinds)).toEqual(
    new Set([
      ...["knock", "offer", "request", "answer", "grant", "entry", "order"],
      ...["commit", "message", "behind", "claim"],
    ]),
  )
})

test("what begins with another byte, or has none, is not for us", () => {
  const letters = new Set(Array.from("koragescmbv").map((letter) => letter.charCodeAt(0)))
  const ours: number[] = []
  for (let first = 0; first < 256; first++) {
    try {
      if (decodeRoomPacket(Uint8Array.of(first)) !== null) ours.push(first)
    } catch (error) {
      expect(error).toMatchObject({ code: "malformed" })
      ours.push(first)
    }
  }
  expect(new Set(ours)).toEqual(letters)
  expect(decodeRoomPacket(new Uint8Array(0))).toBeNull()
})
