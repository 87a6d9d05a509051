// The limits of spec/room.md on both sides, and numbers that promise more than there is.
import { describe, expect, test } from "vitest"
import { concat, PeerError, u16, u32, u48, u8, utf8 } from "../../src/bytes/index.js"
import { decodeAnswerFields, encodeAnswerFields } from "../../src/room/wire/answer.js"
import { decodeBehind, encodeBehind } from "../../src/room/wire/behind.js"
import { decodeClaim, encodeClaim } from "../../src/room/wire/claim.js"
import { decodeCommitData, encodeCommitData } from "../../src/room/wire/commit-data.js"
import { decodeCredential, encodeCredential } from "../../src/room/wire/credential.js"
import { encodeHeads } from "../../src/room/wire/heads.js"
import { encodeOfferFields } from "../../src/room/wire/offer.js"
import { decodeOrderFields, encodeOrderFields } from "../../src/room/wire/order.js"
import { decodePayload, encodePayload, type PayloadBody } from "../../src/room/wire/payload.js"
import { encodeRequestFields } from "../../src/room/wire/request.js"
import { decodeSettings, encodeSettings } from "../../src/room/wire/settings.js"

const bytes = (length: number, byte = 7): Uint8Array => new Uint8Array(length).fill(byte)
const ids = (count: number) => Array.from({ length: count }, (_, i) => bytes(16, i))
const settings = { isDeniable: false, captainKey: bytes(32), term: 1, takeovers: 0, title: "" }
const signed = { kind: "signed", identityKey: bytes(32), ownName: "", binding: bytes(64) } as const
const head = { number: 1, sentAt: 2, parents: [] }
const payload = (body: PayloadBody) => encodePayload({ ...head, ...body })
const payloadHead = (kind: number) => concat(u8(kind), u32(1), u48(2), u8(0))

function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof PeerError) return error.message
    throw error
  }
  throw new Error("It was not refused.")
}

describe("names", () => {
  test.each(["x".repeat(64), "é".repeat(32), `${"🐙".repeat(15)}1234`])("64 bytes: %s", (name) => {
    expect(decodeSettings(encodeSettings({ ...settings, title: name })).title).toBe(name)
    expect(decodeCredential(encodeCredential({ ...signed, ownName: name })).ownName).toBe(name)
  })

  test.each(["x".repeat(65), `${"é".repeat(32)}x`])("65 bytes: %s", (name) => {
    expect(() => encodeSettings({ ...settings, title: name })).toThrow(RangeError)
    expect(() => encodeCredential({ ...signed, ownName: name })).toThrow(RangeError)
    const long = concat(u8(65), utf8(name))
    const inSettings = concat(encodeSettings(settings).subarray(0, 42), long)
    expect(refusal(() => decodeSettings(inSettings))).toMatch(/title has more than 64 bytes/)
    const inCredential = concat(u8(1), bytes(32), long, bytes(64))
    expect(refusal(() => decodeCredential(inCredential))).toMatch(/own name has more than 64 bytes/)
  })

  test("that are not UTF-8", () => {
    const wrong = concat(u8(3), Uint8Array.of(0xed, 0xa0, 0x80))
    const inSettings = concat(encodeSettings(settings).subarray(0, 42), wrong)
    expect(refusal(() => decodeSettings(inSettings))).toMatch(/title is not UTF-8/)
  })
})

describe("counts", () => {
  test("8 and 9 heads and parents", () => {
    const order = { commitHash: bytes(32), heads: ids(8), signature: bytes(64) }
    expect(decodeOrderFields(encodeOrderFields(order))).toEqual(order)
    const text = { ...head, parents: ids(8), kind: "text", text: "" } as const
    expect(decodePayload(encodePayload(text))).toEqual(text)

    expect(() => encodeHeads(ids(9))).toThrow(RangeError)
    const nine = concat(u8(9), ...ids(9))
    const inOrder = concat(bytes(32), nine, bytes(64))
    expect(refusal(() => decodeOrderFields(inOrder))).toMatch(/more than 8 heads/)
    const inText = concat(u8(1), u32(1), u48(2), nine)
    expect(refusal(() => decodePayload(inText))).toMatch(/more than 8 parents/)
    expect(refusal(() => decodeCommitData(concat(u8(2), nine)))).toMatch(/more than 8 heads/)
  })

  test("0, 16 and 17 messages asked for", () => {
    const ask = { ...head, kind: "ask", ids: ids(16) } as const
    expect(decodePayload(encodePayload(ask))).toEqual(ask)
    for (const count of [0, 17]) {
      expect(() => payload({ kind: "ask", ids: ids(count) })).toThrow(RangeError)
      const wrong = concat(payloadHead(4), ...ids(count))
      expect(refusal(() => decodePayload(wrong))).toMatch(/has not 1 to 16 items/)
    }
  })

  test("0, 32 and 33 proofs", () => {
    const proofs = (count: number) =>
      Array.from({ length: count }, (_, leaf) => ({ leaf, proof: bytes(16) }))
    const most = { ...head, kind: "proof", proofs: proofs(32) } as const
    expect(decodePayload(encodePayload(most))).toEqual(most)
    for (const count of [0, 33]) {
      expect(() => payload({ kind: "proof", proofs: proofs(count) })).toThrow(RangeError)
      const items = proofs(count).flatMap(({ leaf, proof }) => [u32(leaf), proof])
      const wrong = concat(payloadHead(6), ...items)
      expect(refusal(() => decodePayload(wrong))).toMatch(/has not 1 to 32 items/)
    }
  })

  test("0, 16 and 17 epochs", () => {
    const epochs = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ epoch: 100 - i, auth8: bytes(8) }))
    const most = { roomId: bytes(16), epochs: epochs(16) }
    expect(decodeBehind(encodeBehind(most))).toEqual(most)
    for (const count of [0, 17]) {
      expect(() => encodeBehind({ ...most, epochs: epochs(count) })).toThrow(RangeError)
      const wrong = concat(utf8("b"), bytes(16), u8(count), bytes(12 * count))
      expect(refusal(() => decodeBehind(wrong))).toMatch(/has not 1 to 16 epochs/)
    }
  })

  test("an epoch twice, or the older one first", () => {
    for (const [first, second] of [
      [5, 5],
      [5, 6],
    ] as const) {
      const marks = [u32(first), bytes(8), u32(second), bytes(8)]
      const wrong = concat(utf8("b"), bytes(16), u8(2), ...marks)
      expect(refusal(() => decodeBehind(wrong))).toMatch(/the newest epoch is not the first/)
    }
  })
})

describe("texts", () => {
  const longest = "é".repeat(32_768)

  test("65,536 bytes", () => {
    const again = { kind: "again", id: bytes(16), originalSentAt: 3, text: longest } as const
    for (const body of [{ kind: "text", text: longest } as const, again]) {
      expect(decodePayload(payload(body))).toEqual({ ...head, ...body })
    }
  })

  test("65,537 bytes", () => {
    const text = `${longest}x`
    expect(() => payload({ kind: "text", text })).toThrow(RangeError)
    const again = { kind: "again", id: bytes(16), originalSentAt: 3, text } as const
    expect(() => payload(again)).toThrow(RangeError)
    const tooLong = /a text of more than 65536 bytes/
    expect(refusal(() => decodePayload(concat(payloadHead(1), utf8(text))))).toMatch(tooLong)
    const wrong = concat(payloadHead(7), bytes(16), u48(3), utf8(text))
    expect(refusal(() => decodePayload(wrong))).toMatch(tooLong)
  })

  test("a reason of 255 and 256 bytes", () => {
    const answer = { answer: "declined", reason: "x".repeat(255) } as const
    expect(decodeAnswerFields(encodeAnswerFields(answer))).toEqual(answer)
    expect(() => encodeAnswerFields({ ...answer, reason: "x".repeat(256) })).toThrow(RangeError)
  })

  test("fields too long for their length", () => {
    const offer = {
      ...{ roomId: bytes(16), epoch: 1, captainLeaf: 0, signature: bytes(64) },
      ...{ settings: bytes(10), credential: bytes(65_536) },
    }
    expect(() => encodeOfferFields(offer)).toThrow(RangeError)
    const request = { roomKey: bytes(32), formerLeaf: null, signature: bytes(64) }
    const proof = bytes(256)
    expect(() => encodeRequestFields({ ...request, credential: bytes(9), proof })).toThrow(
      RangeError,
    )
  })
})

describe("lists of leaves", () => {
  const vote = (leaf: number) => ({ leaf, signature: bytes(64, leaf) })
  const proof = {
    step: "election",
    leaf: 1,
    auth8: bytes(8),
    term: 2,
    signature: bytes(64),
  } as const

  test("are sent in their order", () => {
    const votes = [vote(9), vote(0), vote(4)]
    const sorted = [vote(0), vote(4), vote(9)]
    const election = { kind: "election", heads: [] } as const
    const decoded = decodeCommitData(encodeCommitData({ ...election, votes }))
    expect(decoded).toEqual({ ...election, votes: sorted })
    const claim = { roomId: bytes(16), from: 3, proof }
    expect(decodeClaim(encodeClaim({ ...claim, votes }))).toEqual({ ...claim, votes: sorted })
    const takeover = { kind: "takeover", heads: [] } as const
    const encoded = encodeCommitData({ ...takeover, removed: [300, 2, 10] })
    expect(decodeCommitData(encoded)).toEqual({ ...takeover, removed: [2, 10, 300] })
  })

  test("name nobody twice", () => {
    const doubled = [vote(4), vote(4)]
    const claim = { roomId: bytes(16), from: 3, proof, votes: doubled }
    const proofs = [4, 4].map((leaf) => ({ leaf, proof: bytes(16) }))
    const removed = [4, 4].map((leaf) => ({ leaf, reason: "left" as const }))
    const wrong = [
      () => decodeCommitData(encodeCommitData({ kind: "election", heads: [], votes: doubled })),
      () => decodeCommitData(encodeCommitData({ kind: "takeover", heads: [], removed: [4, 4] })),
      () => decodeCommitData(encodeCommitData({ kind: "change", heads: [], removed })),
      () => decodeClaim(encodeClaim(claim)),
      () => decodePayload(payload({ kind: "proof", proofs })),
    ]
    const messages = wrong.map(refusal)
    expect(messages.filter((message) => message.includes("its leaves do not ascend"))).toHaveLength(
      5,
    )
  })

  test("only elections have votes", () => {
    const claim = { roomId: bytes(16), from: 3, votes: [vote(1)] }
    for (const step of ["change", "abdication", "takeover", "entry", "witness"] as const) {
      const wrong = encodeClaim({ ...claim, proof: { ...proof, step } })
      expect(refusal(() => decodeClaim(wrong))).toMatch(/votes without an election/)
    }
  })
})

describe("numbers that promise more than there is", () => {
  const many = u16(0xffff)
  const claim = concat(utf8("v"), bytes(16), u32(1), u8(3), u32(0), bytes(8), u32(1), bytes(64))

  test.each<readonly [string, () => unknown]>([
    ["removed members", () => decodeCommitData(concat(u8(1), u8(0), many))],
    ["votes", () => decodeCommitData(concat(u8(3), u8(0), many, u32(0), bytes(64)))],
    ["leaves", () => decodeCommitData(concat(u8(4), u8(0), many, u32(0)))],
    ["votes of a claim", () => decodeClaim(concat(claim, many))],
    ["heads", () => decodeCommitData(concat(u8(2), u8(8), bytes(16)))],
    ["epochs", () => decodeBehind(concat(utf8("b"), bytes(16), u8(16), bytes(12, 0)))],
  ])("%s", (_, decode) => {
    expect(refusal(decode)).toMatch(/needs \d+ bytes but only \d+ are left/)
  })
})
