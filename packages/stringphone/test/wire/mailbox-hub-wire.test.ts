// Each format of links between hubs, written down by hand after its diagram in spec/mailbox-sync.md §2.
import { describe, expect, test } from "vitest"
import { concat, fromHex, PeerError, sameBytes } from "../../src/bytes/index.js"
import {
  decodeCredit,
  decodeFrame,
  decodeHello,
  decodeParcel,
  decodeParcels,
  decodePiece,
  decodeReconcilePart,
  decodeRunNumber,
  decodeRunStart,
  encodeCredit,
  encodeFrame,
  encodeHello,
  encodeParcel,
  encodeParcels,
  encodePiece,
  encodeReconcilePart,
  encodeRunNumber,
  encodeRunStart,
  frameTypes,
  Reassembly,
} from "../../src/mailbox/hub/index.js"
import { eachBit, flipped, viewAtOffset } from "./fixtures.js"

const bytes = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte)
const parts = (...all: (string | Uint8Array)[]): Uint8Array =>
  concat(
    ...all.map((part) => (typeof part === "string" ? fromHex(part.replaceAll(" ", "")) : part)),
  )

interface Format {
  readonly name: string
  readonly encoded: Uint8Array
  readonly value: unknown
  readonly decode: (encoded: Uint8Array) => unknown
  readonly encode: (value: never) => Uint8Array
  /** A shorter input of this length is another value. */
  readonly isWhole: (length: number) => boolean
}

const format = <T>(
  name: string,
  encoded: Uint8Array,
  value: T,
  decode: (encoded: Uint8Array) => T,
  encode: (value: T) => Uint8Array,
  isWhole: (length: number) => boolean = () => false,
): Format => ({ name, encoded, value, decode, encode, isWhole })

const formats: readonly Format[] = [
  format(
    "frame",
    parts("68", bytes(8, 1), bytes(8, 2), "aabb"),
    { kind: "hello", from: bytes(8, 1), to: bytes(8, 2), body: fromHex("aabb") },
    decodeFrame,
    encodeFrame,
    (length) => length >= 17,
  ),
  format("hello", parts("01 00010000"), { maxFrameBytes: 65_536 }, decodeHello, encodeHello),
  format(
    "run start",
    parts("01020304", bytes(16, 5), "00080000"),
    { run: 0x01020304, nonce: bytes(16, 5), windowBytes: 524_288 },
    decodeRunStart,
    encodeRunStart,
  ),
  format("run number", parts("01020304"), 0x01020304, decodeRunNumber, encodeRunNumber),
  format(
    "reconcile part",
    parts("01020304 00000007 0b0c"),
    { run: 0x01020304, number: 7, message: fromHex("0b0c") },
    decodeReconcilePart,
    encodeReconcilePart,
    (length) => length >= 8,
  ),
  format(
    "parcels",
    parts("01020304 000000000009 00000003 0a0b0c 00000002 0d0e"),
    { run: 0x01020304, position: 9, parcels: [fromHex("0a0b0c"), fromHex("0d0e")] },
    decodeParcels,
    encodeParcels,
    (length) => length === 17,
  ),
  format(
    "piece",
    parts("01020304 000000000009 00000064 0000000a 0b0c0d"),
    { run: 0x01020304, position: 9, total: 100, offset: 10, piece: fromHex("0b0c0d") },
    decodePiece,
    encodePiece,
    (length) => length >= 19,
  ),
  format(
    "credit",
    parts("01020304 010000000009"),
    { run: 0x01020304, position: 2 ** 40 + 9 },
    decodeCredit,
    encodeCredit,
  ),
  format(
    "parcel",
    parts(bytes(8, 3), "0405"),
    { stamp: bytes(8, 3), envelope: fromHex("0405") },
    decodeParcel,
    encodeParcel,
    (length) => length >= 9,
  ),
]

function isMalformed(run: () => unknown): boolean {
  try {
    run()
    return false
  } catch (error) {
    if (error instanceof PeerError && error.code === "malformed") return true
    throw error
  }
}

describe.each(formats)("$name", ({ decode, encode, encoded, isWhole, value }) => {
  test("is as written down", () => {
    expect(encode(value as never)).toEqual(encoded)
    expect(decode(encoded)).toEqual(value)
    expect(decode(viewAtOffset(encoded))).toEqual(value)
  })

  test("is read whole", () => {
    for (let length = 0; length < encoded.length; length++) {
      const cut = encoded.subarray(0, length)
      expect([length, isMalformed(() => decode(cut))]).toEqual([length, !isWhole(length)])
    }
    const longer = concat(encoded, bytes(1, 0))
    expect(isMalformed(() => decode(longer))).toBe(!isWhole(encoded.length + 1))
  })

  test("with any bit flipped is malformed, or another value of just these bytes", () => {
    eachBit(0, encoded.length, (bit) => {
      const changed = flipped(encoded, bit)
      if (isMalformed(() => decode(changed))) return
      const again = encode(decode(changed) as never)
      expect([bit, sameBytes(again, changed)]).toEqual([bit, true])
    })
  })
})

test("types of frames differ", () => {
  const types = Object.values(frameTypes)
  expect(new Set(types).size).toBe(types.length)
  const unknown = parts("00", bytes(8, 1), bytes(8, 2))
  expect(isMalformed(() => decodeFrame(unknown))).toBe(true)
  const fromNobody = parts("68", bytes(8, 0), bytes(8, 2))
  expect(isMalformed(() => decodeFrame(fromNobody))).toBe(true)
})

test("hellos of frames that are too small are refused", () => {
  expect(isMalformed(() => decodeHello(parts("01 00000fff")))).toBe(true)
  expect(isMalformed(() => decodeHello(parts("02 00010000")))).toBe(true)
})

describe("a parcel in pieces", () => {
  const piece = (offset: number, content: Uint8Array, total = 10, start = 100) => ({
    run: 1,
    position: start + offset + content.length,
    total,
    offset,
    piece: content,
  })
  const codeOf = (run: () => unknown): string => {
    try {
      run()
      return "none"
    } catch (error) {
      return error instanceof PeerError ? error.code : "another"
    }
  }

  test("comes together in order", () => {
    const reassembly = new Reassembly(10)
    expect(reassembly.add(piece(0, bytes(4, 1)))).toBeNull()
    expect(reassembly.add(piece(4, bytes(6, 2)))).toEqual(concat(bytes(4, 1), bytes(6, 2)))
    expect(reassembly.add(piece(0, bytes(10, 3)))).toEqual(bytes(10, 3))
  })

  test("is given up where one is missing or belongs to another; a copy does no harm", () => {
    const reassembly = new Reassembly(10)
    const [first, last] = [piece(0, bytes(4, 1)), piece(4, bytes(6, 2))]
    expect(codeOf(() => reassembly.add(last))).toBe("missing-piece")
    reassembly.add(first)
    expect(codeOf(() => reassembly.add(piece(5, bytes(5, 2))))).toBe("missing-piece")
    for (const other of [piece(4, bytes(5, 2), 9), piece(4, bytes(6, 2), 10, 110)]) {
      reassembly.add(first)
      expect(codeOf(() => reassembly.add(other))).toBe("missing-piece")
      expect(codeOf(() => reassembly.add(last))).toBe("missing-piece")
    }
    reassembly.add(first)
    expect(reassembly.add(first)).toBeNull()
    expect(reassembly.add(last)).toEqual(concat(bytes(4, 1), bytes(6, 2)))
  })

  test("takes no more than it may", () => {
    const reassembly = new Reassembly(10)
    expect(codeOf(() => reassembly.add(piece(0, bytes(4, 1), 11)))).toBe("malformed")
    expect(codeOf(() => reassembly.add(piece(8, bytes(4, 1), 10)))).toBe("malformed")
    expect(codeOf(() => reassembly.add(piece(0, bytes(4, 1), 2 ** 32 - 1)))).toBe("malformed")
    expect(codeOf(() => reassembly.add(piece(4, bytes(4, 1), 10, -5)))).toBe("malformed")
  })
})
