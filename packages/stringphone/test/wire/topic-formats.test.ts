// Each format of spec/topic.md, written down by hand after its diagram: encode and decode agree with
// it, and whatever else decodes is another value that encodes to exactly those bytes.
import { describe, expect, test } from "vitest"
import { concat, fromHex, PeerError, sameBytes, utf8 } from "../../src/bytes/index.js"
import { padmeLength } from "../../src/bytes/index.js"
import { pad, unpad } from "../../src/topic/padding.js"
import {
  decodeBundle,
  decodeTimed,
  encodeBundle,
  encodeTimed,
} from "../../src/topic/wire/content.js"
import { type Control, decodeControl, encodeControl } from "../../src/topic/wire/control.js"
import { decodeData, encodeDataHeader } from "../../src/topic/wire/data.js"
import { decodeFragment, encodeFragment } from "../../src/topic/wire/fragment.js"
import {
  decodeKeyRequest,
  decodeKeyRequestBody,
  encodeKeyRequest,
  encodeKeyRequestBody,
} from "../../src/topic/wire/key-request.js"
import {
  decodeRekey,
  decodeRekeyBody,
  encodeRekeyBody,
  encodeRekeyOuter,
  maxParticipants,
  maxTombstones,
  type RekeyBody,
} from "../../src/topic/wire/rekey.js"
import {
  decodeRemovalBody,
  decodeRemovalNotice,
  encodeRemovalBody,
  encodeRemovalNotice,
} from "../../src/topic/wire/removal-notice.js"
import { decodeSending, encodeSending } from "../../src/topic/wire/state.js"
import { eachBit, flipped, viewAtOffset } from "./fixtures.js"

/** So many bytes alike. */
const bytes = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte)
/** The bytes of text and of hexadecimal numbers, one after the other. */
const parts = (...all: (string | Uint8Array)[]): Uint8Array =>
  concat(
    ...all.map((part) => (typeof part === "string" ? fromHex(part.replaceAll(" ", "")) : part)),
  )

function isMalformed(run: () => unknown): boolean {
  try {
    run()
    return false
  } catch (error) {
    if (error instanceof PeerError && error.code === "malformed") return true
    throw error
  }
}

interface Format {
  readonly name: string
  readonly encoded: Uint8Array
  readonly value: unknown
  readonly decode: (encoded: Uint8Array) => unknown
  readonly encode: (value: never) => Uint8Array
  /** Lengths at which a truncation is another, shorter value, too. */
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

/** The last field takes all that is left. */
const from =
  (shortest: number) =>
  (length: number): boolean =>
    length >= shortest

const data = (letter: string, type: "message" | "timed" | "bundle" | "control"): Format =>
  format(
    `data message ${letter}`,
    parts(utf8(letter), "0102 03040506 0708090a", bytes(8, 0x11), bytes(81, 0x22)),
    {
      header: { type, epoch: 0x0102, tag: 0x03040506, counter: 0x0708090a, guard: bytes(8, 0x11) },
      sealed: bytes(81, 0x22),
    },
    decodeData,
    ({ header, sealed }) => concat(encodeDataHeader(header), sealed),
    from(99),
  )

const control = (name: string, encoded: Uint8Array, value: Control): Format =>
  format(
    `control: ${name}`,
    encoded,
    value,
    decodeControl,
    // Of an unknown kind nothing is kept: it is as good as what came in.
    (found) => (found.kind === "unknown" ? unknownKind : encodeControl(found)),
  )
const unknownKind = new Uint8Array(0)

const body: RekeyBody = {
  topicId: bytes(16, 1),
  requestKey: bytes(32, 2),
  epoch: 0x03000004,
  parent: bytes(32, 5),
  madeMs: 0x060000000007,
  isPadded: true,
  signer: bytes(32, 8),
  name: "été",
  participants: [
    {
      publicKey: bytes(32, 0x10),
      serial: 0x120000000013,
      rekeyKey: bytes(32, 0x14),
      joinId: bytes(8, 0x15),
      isAdmin: true,
    },
    {
      publicKey: bytes(32, 0x20),
      serial: 1,
      rekeyKey: bytes(32, 0x24),
      joinId: bytes(8, 0x25),
      isAdmin: false,
    },
  ],
  tombstones: [bytes(8, 0x31), bytes(8, 0x30)],
}
const bodyBytes = parts(
  ...[bytes(16, 1), bytes(32, 2), "03000004", bytes(32, 5), "060000000007 01", bytes(32, 8)],
  ...["05 c3a974c3a9", "0002"],
  ...[bytes(32, 0x10), "120000000013", bytes(32, 0x14), bytes(8, 0x15), "01"],
  ...[bytes(32, 0x20), "000000000001", bytes(32, 0x24), bytes(8, 0x25), "00"],
  ...["0002", bytes(8, 0x31), bytes(8, 0x30)],
)

const request = {
  publicKey: bytes(32, 1),
  epoch: 0x02000003,
  failed: bytes(8, 4),
  serial: 0x050000000006,
  rekeyKey: bytes(32, 7),
}
const requestBytes = parts(bytes(32, 1), "02000003", bytes(8, 4), "050000000006", bytes(32, 7))

const formats: readonly Format[] = [
  data("M", "message"),
  data("T", "timed"),
  data("B", "bundle"),
  data("C", "control"),
  format(
    "timed content",
    parts("010000000002 03000004", bytes(3, 5)),
    { sentMs: 0x010000000002, validForMs: 0x03000004, payload: bytes(3, 5) },
    decodeTimed,
    encodeTimed,
    from(10),
  ),
  format(
    "bundle content",
    parts("00 02 aaaa 4040", bytes(64, 0xbb), "80004000", bytes(16_384, 0xcc), "01 dd"),
    [bytes(0, 0), bytes(2, 0xaa), bytes(64, 0xbb), bytes(16_384, 0xcc), bytes(1, 0xdd)],
    decodeBundle,
    encodeBundle,
    (length) => [1, 4, 70, 16_458, 16_461].includes(length),
  ),
  control("rekey key", parts("01 020000000003", bytes(32, 4)), {
    kind: "rekey-key",
    serial: 0x020000000003,
    rekeyKey: bytes(32, 4),
  }),
  control("sync", parts("02", bytes(16, 3), "04000005"), {
    kind: "sync",
    challenge: bytes(16, 3),
    counters: 0x04000005,
  }),
  control("sync of who does not know", parts("02", bytes(16, 3), "ffffffff"), {
    kind: "sync",
    challenge: bytes(16, 3),
    counters: null,
  }),
  control("report", parts("03", bytes(16, 4), "05000006 07000008", bytes(8, 9)), {
    kind: "report",
    challenge: bytes(16, 4),
    tag: 0x05000006,
    counters: 0x07000008,
    guard: bytes(8, 9),
  }),
  control("closing", parts("04 05000006 07000008"), {
    kind: "closing",
    epoch: 0x05000006,
    counters: 0x07000008,
  }),
  format(
    "fragment",
    parts(utf8("F"), "01020304 05 06", bytes(5, 7)),
    { messageId: fromHex("01020304"), index: 5, last: 6, piece: bytes(5, 7) },
    decodeFragment,
    encodeFragment,
    from(8),
  ),
  format(
    "rekey message",
    parts(
      ...[utf8("K"), "01000002", bytes(32, 3), "0002"],
      ...[bytes(8, 4), bytes(48, 5), bytes(8, 6), bytes(48, 7), bytes(20, 8)],
    ),
    {
      epoch: 0x01000002,
      ephemeralKey: bytes(32, 3),
      slots: [
        { hint: bytes(8, 4), sealedSecret: bytes(48, 5) },
        { hint: bytes(8, 6), sealedSecret: bytes(48, 7) },
      ],
      sealedBody: bytes(20, 8),
      outer: parts(
        ...[utf8("K"), "01000002", bytes(32, 3), "0002"],
        ...[bytes(8, 4), bytes(48, 5), bytes(8, 6), bytes(48, 7)],
      ),
    },
    decodeRekey,
    (message) => concat(encodeRekeyOuter(message), message.sealedBody),
    from(39 + 2 * 56 + 16),
  ),
  format(
    "rekey body",
    concat(bodyBytes, bytes(64, 0x40)),
    { body, unsigned: bodyBytes, signature: bytes(64, 0x40) },
    decodeRekeyBody,
    (found) => concat(encodeRekeyBody(found.body), found.signature),
  ),
  format(
    "key request",
    parts(utf8("Q"), bytes(24, 1), bytes(162, 2)),
    { nonce: bytes(24, 1), sealed: bytes(162, 2) },
    decodeKeyRequest,
    ({ nonce, sealed }) => encodeKeyRequest(nonce, sealed),
  ),
  format(
    "key request, opened",
    concat(requestBytes, bytes(64, 8)),
    { request, unsigned: requestBytes, signature: bytes(64, 8) },
    decodeKeyRequestBody,
    (found) => concat(encodeKeyRequestBody(found.request), found.signature),
  ),
  format(
    "removal notice",
    parts(utf8("X"), bytes(32, 1), bytes(8, 2), bytes(116, 3)),
    { ephemeralKey: bytes(32, 1), hint: bytes(8, 2), sealed: bytes(116, 3) },
    decodeRemovalNotice,
    encodeRemovalNotice,
  ),
  format(
    "removal notice, opened",
    parts(bytes(32, 1), "02000003", bytes(64, 4)),
    { admin: bytes(32, 1), epoch: 0x02000003, signature: bytes(64, 4) },
    decodeRemovalBody,
    ({ admin, epoch, signature }) => encodeRemovalBody(admin, epoch, signature),
  ),
  format(
    "sending state (saved, never sent)",
    parts("01", bytes(32, 1), bytes(32, 2), "03000004 000000000101"),
    { commitment: bytes(32, 1), chain: { chainKey: bytes(32, 2), block: 0x03000004 }, used: 256 },
    decodeSending,
    encodeSending,
  ),
]

describe.each(formats)("$name", ({ decode, encode, encoded, isWhole, value }) => {
  /** `false`: malformed; `true`: it is the encoding of something; otherwise what it encodes to. */
  function canonical(input: Uint8Array): boolean | Uint8Array {
    let found: unknown
    if (isMalformed(() => (found = decode(input)))) return false
    const again = encode(found as never)
    return again === unknownKind || sameBytes(again, input) ? true : again
  }

  test("the fields are where the diagram puts them", () => {
    expect(encode(value as never)).toEqual(encoded)
    expect(decode(encoded)).toEqual(value)
    expect(decode(viewAtOffset(encoded))).toEqual(value)
  })

  test("every truncation", () => {
    const lengths = Array.from({ length: encoded.length }, (_, length) => length)
    // Of a long payload, the cuts in its middle are all alike.
    for (const length of lengths.filter((at) => at < 600 || at > encoded.length - 20)) {
      const found = canonical(encoded.subarray(0, length))
      expect([length, found]).toEqual([length, isWhole(length)])
    }
  })

  test("one trailing byte", () => {
    expect(canonical(concat(encoded, bytes(1, 0)))).toBe(isWhole(encoded.length + 1))
  })

  test("every bit flipped: malformed, or the encoding of something else", () => {
    const wrong: unknown[] = []
    const visit = (bit: number): void => {
      const found = canonical(flipped(encoded, bit))
      if (typeof found !== "boolean") wrong.push([`byte ${bit >> 3} bit ${bit & 7}`, found])
    }
    eachBit(0, encoded.length > 1000 ? 100 : encoded.length, visit)
    if (encoded.length > 1000) eachBit(encoded.length - 4, encoded.length, visit)
    expect(wrong).toEqual([])
  })
})

test("every type byte that is none of M T B C is no data message", () => {
  const encoded = Uint8Array.from(formats[0]!.encoded)
  const types = Array.from({ length: 256 }, (_, type) => {
    encoded[0] = type
    return isMalformed(() => decodeData(encoded)) ? "" : String.fromCharCode(type)
  })
  expect(types.join("")).toBe("BCMT")
})

test("a control message of a kind that is not known yet", () => {
  expect(decodeControl(fromHex("05"))).toEqual({ kind: "unknown" })
  expect(decodeControl(fromHex("ff0102"))).toEqual({ kind: "unknown" })
  expect(isMalformed(() => decodeControl(new Uint8Array(0)))).toBe(true)
})

describe("bundles", () => {
  test.each([
    ["1 in 2 bytes", "4001 aa"],
    ["63 in 2 bytes", `403f ${"aa".repeat(63)}`],
    ["0 in 2 bytes", "4000"],
    ["1 in 4 bytes", "80000001 aa"],
    ["64 in 4 bytes", `80000040 ${"aa".repeat(64)}`],
    ["16,383 in 4 bytes", `80003fff ${"aa".repeat(16_383)}`],
    ["1 in 8 bytes", "c000000000000001 aa"],
    ["2³⁰ in 8 bytes", "c000000040000000 aa"],
    ["a cut length", "40"],
    ["a cut length behind a payload", "01 aa 800000"],
    ["more than there is", "02 aa"],
    ["nothing at all", ""],
  ])("malformed: %s", (_, content) => {
    expect(isMalformed(() => decodeBundle(parts(content)))).toBe(true)
  })

  test("1,024 payloads and no more", () => {
    expect(decodeBundle(new Uint8Array(1024)).length).toBe(1024)
    expect(isMalformed(() => decodeBundle(new Uint8Array(1025)))).toBe(true)
    expect(encodeBundle(Array.from({ length: 1024 }, () => bytes(0, 0))).length).toBe(1024)
    expect(() => encodeBundle(Array.from({ length: 1025 }, () => bytes(0, 0)))).toThrow("1 to 1024")
    expect(() => encodeBundle([])).toThrow("1 to 1024")
  })

  test.each([0, 1, 63, 64, 65, 16_383, 16_384, 16_385])("a payload of %i bytes", (length) => {
    const prefix = length < 64 ? 1 : length < 16_384 ? 2 : 4
    const encoded = encodeBundle([bytes(length, 1)])
    expect(encoded.length).toBe(prefix + length)
    expect(decodeBundle(encoded).map((payload) => payload.length)).toEqual([length])
  })
})

describe("fragments", () => {
  test.each([
    ["an index after the last", "46 00000000 02 01 aa"],
    ["an empty piece", "46 00000000 00 01"],
  ])("malformed: %s", (_, encoded) => {
    expect(isMalformed(() => decodeFragment(parts(encoded)))).toBe(true)
  })
})

describe("a roster is refused", () => {
  const [admin, other] = body.participants as [
    RekeyBody["participants"][0],
    RekeyBody["participants"][0],
  ]
  const numbered = (length: number, i: number): Uint8Array =>
    bytes(length, 0).map((_, at) => (at < 4 ? (i >>> (24 - 8 * at)) & 255 : 9))
  const many = (count: number): RekeyBody["participants"] =>
    Array.from({ length: count }, (_, i) => ({
      ...admin,
      publicKey: numbered(32, i),
      joinId: numbered(8, i),
    }))
  const isRefused = (changed: Partial<RekeyBody>): boolean =>
    isMalformed(() =>
      decodeRekeyBody(concat(encodeRekeyBody({ ...body, ...changed }), bytes(64, 0))),
    )

  test.each<[string, Partial<RekeyBody>]>([
    ["a key twice", { participants: [admin, { ...admin, joinId: bytes(8, 0x77) }] }],
    ["the same participant twice", { participants: [admin, admin] }],
    ["a join ID twice", { participants: [admin, { ...other, joinId: admin.joinId }] }],
    ["no admin", { participants: [other] }],
    ["nobody", { participants: [] }],
    ["a participant with a tombstone", { tombstones: [bytes(8, 0x31), other.joinId] }],
    ["a tombstone twice", { tombstones: [bytes(8, 0x31), bytes(8, 0x31)] }],
    ["epoch 0", { epoch: 0 }],
    ["a first epoch with a parent", { epoch: 1 }],
    ["a later epoch without a parent", { parent: bytes(32, 0) }],
    ["the admin with a tombstone", { tombstones: [admin.joinId] }],
    [`${maxParticipants + 1} participants`, { participants: many(maxParticipants + 1) }],
    [
      `${maxTombstones + 1} tombstones`,
      { tombstones: Array.from({ length: maxTombstones + 1 }, (_, i) => numbered(8, i)) },
    ],
    ["a name of 65 bytes", { name: "x".repeat(65) }],
    ["a name of 65 bytes in 64 letters", { name: "x".repeat(63) + "é" }],
  ])("%s", (_, changed) => {
    expect(isRefused(changed)).toBe(true)
  })

  test("and just within the limits is not", () => {
    expect(isRefused({})).toBe(false)
    expect(isRefused({ participants: [admin], tombstones: [] })).toBe(false)
    expect(isRefused({ participants: many(maxParticipants) })).toBe(false)
    const tombstones = Array.from({ length: maxTombstones }, (_, i) => numbered(8, i))
    expect(isRefused({ tombstones })).toBe(false)
    expect(isRefused({ name: "" })).toBe(false)
    expect(isRefused({ name: "x".repeat(62) + "é" })).toBe(false)
  })

  const at = { options: 16 + 32 + 4 + 32 + 6, name: 16 + 32 + 4 + 32 + 6 + 1 + 32 + 1 }
  const firstFlags = at.name + 5 + 2 + 78
  test.each([
    ["options", at.options],
    ["flags", firstFlags],
    ["flags of the second", firstFlags + 79],
  ])("unknown bits in the %s", (_, offset) => {
    for (let bit = 1; bit < 8; bit++) {
      const changed = flipped(concat(bodyBytes, bytes(64, 0)), offset * 8 + bit)
      expect(isMalformed(() => decodeRekeyBody(changed))).toBe(true)
    }
  })

  test("a name that is not UTF-8", () => {
    const changed = concat(bodyBytes, bytes(64, 0))
    changed[at.name + 1] = 0xff
    expect(isMalformed(() => decodeRekeyBody(changed))).toBe(true)
  })

  test("1,024 slots: with the maker they would be 1,025", () => {
    const slot = { hint: bytes(8, 1), sealedSecret: bytes(48, 2) }
    const message = (count: number): Uint8Array =>
      concat(
        encodeRekeyOuter({
          epoch: 1,
          ephemeralKey: bytes(32, 3),
          slots: Array.from({ length: count }, () => slot),
        }),
        bytes(16, 0),
      )
    expect(decodeRekey(message(1023)).slots.length).toBe(1023)
    expect(isMalformed(() => decodeRekey(message(1024)))).toBe(true)
  })
})

describe("padding [TOPIC-3-6]", () => {
  test.each([
    // Length of the content, of the padded content.
    ...[
      [0, 1],
      [1, 2],
      [2, 3],
      [6, 7],
      [7, 8],
      [8, 10],
      [9, 10],
      [10, 12],
      [16, 18],
      [17, 18],
    ],
    ...[
      [63, 64],
      [64, 72],
      [99, 104],
      [255, 256],
      [256, 272],
      [999, 1024],
      [1024, 1088],
    ],
    ...[
      [65_535, 65_536],
      [65_536, 67_584],
      [1_000_000, 1_015_808],
    ],
  ] as [number, number][])("%i bytes become %i", (length, padded) => {
    const content = bytes(length, 0x80)
    expect(padmeLength(length + 1)).toBe(padded)
    expect(pad(content).length).toBe(padded)
    expect(sameBytes(unpad(pad(content)), content)).toBe(true)
  })

  test.each([
    ["nothing at all", ""],
    ["no 0x80", "0000"],
    ["another mark", "aa01"],
    ["a byte behind the mark", "aa8001"],
    ["zeros where none belong", "aa8000"],
    ["one zero too many", "01020304050607088000 00"],
    ["one zero too few", "010203040506070880"],
  ])("malformed: %s", (_, padded) => {
    expect(isMalformed(() => unpad(parts(padded)))).toBe(true)
  })

  test("every bit flipped: malformed, or what another content is padded to", () => {
    const padded = pad(bytes(100, 0x80))
    eachBit(0, padded.length, (bit) => {
      const changed = flipped(padded, bit)
      let content = bytes(0, 0)
      if (!isMalformed(() => (content = unpad(changed)))) expect(pad(content)).toEqual(changed)
    })
  })
})
