// Each format of spec/mailbox-sync.md §1.4, written down by hand after its diagram.
import { describe, expect, test } from "vitest"
import { concat, fromHex, hex, PeerError, sameBytes } from "../../src/bytes/index.js"
import { deriveReconcileKey } from "../../src/mailbox/reconcile/index.js"
import { maxMessageLength } from "../../src/mailbox/reconcile/wire/head.js"
import {
  decodeMessage,
  encodeMessage,
  type Message,
} from "../../src/mailbox/reconcile/wire/message.js"
import { eachBit, flipped, viewAtOffset } from "./fixtures.js"

const bytes = (...parts: string[]): Uint8Array => fromHex(parts.join("").replaceAll(" ", ""))
const head = (type: number, number = 0, received = 0) => ({ type, number, received })

const formats: readonly { name: string; encoded: Uint8Array; value: Message }[] = [
  {
    name: "days, more to follow",
    encoded: bytes("01 00000000 00000000", "0000 4e21", "4e20 010203040506", "4e21 0708090a0b0c"),
    value: {
      kind: "days",
      head: head(1),
      days: {
        fromDay: 0,
        throughDay: 20_001,
        days: [
          { day: 20_000, fingerprint: bytes("010203040506") },
          { day: 20_001, fingerprint: bytes("0708090a0b0c") },
        ],
      },
    },
  },
  {
    name: "the last days, and none",
    encoded: bytes("01 00000001 00000000", "4e22 ffff"),
    value: {
      kind: "days",
      head: head(1, 1),
      days: { fromDay: 20_002, throughDay: 65_535, days: [] },
    },
  },
  {
    name: "answers of all kinds",
    encoded: bytes(
      "02 00000002 00000100",
      "02 02 0000000001 ffeeddccbb", // two equal, a list of two
      "00 81 00000000 ffffffff", // a split in two
      "ff01 a1 80", // 256 equal, the first is wanted
      "00 00", // an empty list
      "ff00", // 255 equal
    ),
    value: {
      kind: "answers",
      head: head(2, 2, 256),
      check: null,
      answers: {
        given: [
          { equalBefore: 2, answer: { kind: "list", shortIds: [1, 0xffeeddccbb] } },
          { equalBefore: 0, answer: { kind: "split", fingerprints: [0, 0xffff_ffff] } },
          { equalBefore: 256, answer: { kind: "wanted", map: bytes("80") } },
          { equalBefore: 0, answer: { kind: "list", shortIds: [] } },
        ],
        equalAfter: 255,
      },
    },
  },
  {
    name: "answers, the last",
    encoded: bytes("03 ffffffff 00000000", "0102030405060708", "00 b0", "01".repeat(16), "00"),
    value: {
      kind: "answers",
      head: head(3, 0xffff_ffff),
      check: bytes("0102030405060708"),
      answers: {
        given: [{ equalBefore: 0, answer: { kind: "wanted", map: new Uint8Array(16).fill(1) } }],
        equalAfter: 0,
      },
    },
  },
]

/** What it decodes to encodes to just these bytes; or it is malformed. */
function isStrict(encoded: Uint8Array): boolean {
  try {
    return sameBytes(encodeMessage(decodeMessage(encoded)), encoded)
  } catch (error) {
    return error instanceof PeerError && error.code === "malformed"
  }
}

function isMalformed(encoded: Uint8Array): boolean {
  try {
    decodeMessage(encoded)
    return false
  } catch (error) {
    return error instanceof PeerError && error.code === "malformed"
  }
}

describe.each(formats)("$name", ({ encoded, value }) => {
  test("both ways", () => {
    expect(hex(encodeMessage(value))).toBe(hex(encoded))
    expect(decodeMessage(encoded)).toEqual(value)
    expect(decodeMessage(viewAtOffset(encoded))).toEqual(value)
  })

  test("each truncation, and each byte more, is malformed or another message", () => {
    const cut = Array.from({ length: encoded.length }, (_, length) => encoded.slice(0, length))
    const longer = Array.from({ length: 256 }, (_, byte) => concat(encoded, Uint8Array.of(byte)))
    for (const other of [...cut, ...longer]) expect(isStrict(other), hex(other)).toBe(true)
    for (const short of cut.slice(0, 9)) expect(isMalformed(short)).toBe(true)
  })

  test("each bit flipped is malformed or another message", () => {
    const wrong: number[] = []
    eachBit(0, encoded.length, (bit) => {
      if (!isStrict(flipped(encoded, bit))) wrong.push(bit)
    })
    expect(wrong).toEqual([])
  })
})

const answers = "02 00000000 00000000"

test.each([
  ["nothing", ""],
  ["type 0", "00 00000000 00000000 00"],
  ["type 4", "04 00000000 00000000 00"],
  ["no answers at all, not even a count", answers],
  ["a count that does not end", `${answers} ff`],
  ["an answer without a count after it", `${answers} 00 00`],
  ["a list that is cut", `${answers} 00 02 0000000001 00000000`],
  ["a split into one", `${answers} 00 80 00000000 00`],
  ["a split into 512", `${answers} 00 89 ${"00000000".repeat(512)} 00`],
  ["an empty map", `${answers} 00 a0 00`],
  ["a map of 17 bytes", `${answers} 00 b1 ${"ff".repeat(17)} 00`],
  ["an unknown head", `${answers} 00 ff 00`],
  ["a check that is cut", "03 00000000 00000000 01020304050607"],
  ["days that do not ascend", "01 00000000 00000000 0000 ffff 0002 000000000000 0001 000000000000"],
  ["a day twice", "01 00000000 00000000 0000 ffff 0002 000000000000 0002 000000000000"],
  ["a day before the first", "01 00000000 00000000 0003 ffff 0002 000000000000"],
  ["a day behind the last", "01 00000000 00000000 0000 0001 0002 000000000000"],
  ["days that end before they begin", "01 00000000 00000000 0002 0001"],
])("[SYNC-1-11] [SYNC-1-12] [SYNC-1-13] %s: malformed", (_, text) =>
  expect(isMalformed(bytes(text))).toBe(true),
)

test("[SYNC-1-10] longer than any message: too-much, before a byte is read", () => {
  const long = new Uint8Array(maxMessageLength + 1)
  expect(() => decodeMessage(long)).toThrow(expect.objectContaining({ code: "too-much" }))
})

test("[SYNC-1-3] the key depends on both nonces and on who began", () => {
  const [a, b] = [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)]
  expect(hex(deriveReconcileKey(a, b))).not.toBe(hex(deriveReconcileKey(b, a)))
  expect(hex(deriveReconcileKey(a, b))).not.toBe(hex(deriveReconcileKey(a, a)))
  for (const bad of [new Uint8Array(15), new Uint8Array(17)]) {
    expect(() => deriveReconcileKey(a, bad)).toThrow(expect.objectContaining({ code: "bad-nonce" }))
  }
})
