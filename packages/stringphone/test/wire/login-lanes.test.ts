// Each format of lanes, refreshes, errors and sealed calls, written down by hand after its diagram in spec/login.md.
import { describe, expect, test } from "vitest"
import { concat, fromHex, PeerError, sameBytes, UsageError, utf8 } from "../../src/bytes/index.js"
import { authenticate, hash } from "../../src/crypto/index.js"
import { loginErrors, type LoginErrorName } from "../../src/login/error-codes.js"
import { encodeCallNumber } from "../../src/login/wire/call-number.js"
import { decodeError, encodeError } from "../../src/login/wire/error.js"
import { decodeLane, encodeLane, openLaneAnswer } from "../../src/login/wire/lane.js"
import { decodeOpenLane, encodeOpenLane, provesOpenLane } from "../../src/login/wire/open-lane.js"
import { decodeRefresh, encodeRefresh, provesRefresh } from "../../src/login/wire/refresh.js"
import { decodeRefreshed, encodeRefreshed } from "../../src/login/wire/refreshed.js"
import {
  decodeSealedAnswer,
  decodeSealedCall,
  encodeSealedAnswer,
  encodeSealedCall,
  mostRequestBytes,
} from "../../src/login/wire/sealed-call.js"
import { decodeSessionTerms, encodeSessionTerms } from "../../src/login/wire/session-terms.js"
import { eachBit, flipped, viewAtOffset } from "./fixtures.js"

const bytes = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte)
const parts = (...all: (string | Uint8Array)[]): Uint8Array =>
  concat(
    ...all.map((part) => (typeof part === "string" ? fromHex(part.replaceAll(" ", "")) : part)),
  )
const key = bytes(32, 9)
const request = utf8("a request")
const mac = (...of: (string | Uint8Array)[]): Uint8Array =>
  authenticate(concat(...of.map((one) => (typeof one === "string" ? utf8(one) : one))), key)

const openLaneStart = parts("05", bytes(16, 1), "00000007", bytes(16, 2))
const openLaneMac = mac("stringphone/2 login open lane\0", openLaneStart)
const laneMac = mac("stringphone/2 login lane\0", hash(request), parts("06", bytes(16, 3)))
const refreshStart = parts("07", bytes(16, 1), "00000007", bytes(32, 4))
const refreshMac = mac("stringphone/2 login refresh request\0", refreshStart)

interface Format {
  readonly name: string
  readonly encoded: Uint8Array
  readonly value: unknown
  readonly decode: (encoded: Uint8Array) => unknown
  /** `null`: what was decoded says less than what was encoded. */
  readonly encode: ((value: never) => Uint8Array) | null
  readonly made: () => Uint8Array
  /** An input of this length is another value. */
  readonly isWhole?: (length: number) => boolean
}

const formats: readonly Format[] = [
  {
    name: "open lane",
    encoded: concat(openLaneStart, openLaneMac),
    value: { session: bytes(16, 1), generation: 7, clientRandom: bytes(16, 2), mac: openLaneMac },
    decode: decodeOpenLane,
    encode: null,
    made: () =>
      encodeOpenLane({ session: bytes(16, 1), generation: 7, clientRandom: bytes(16, 2) }, key),
  },
  {
    name: "lane",
    encoded: parts("06", bytes(16, 3), laneMac),
    value: { lane: bytes(16, 3), mac: laneMac },
    decode: decodeLane,
    encode: null,
    made: () => encodeLane(bytes(16, 3), request, key),
  },
  {
    name: "refresh",
    encoded: concat(refreshStart, refreshMac),
    value: { session: bytes(16, 1), generation: 7, ephemeralKey: bytes(32, 4), mac: refreshMac },
    decode: decodeRefresh,
    encode: null,
    made: () =>
      encodeRefresh({ session: bytes(16, 1), generation: 7, ephemeralKey: bytes(32, 4) }, key),
  },
  {
    name: "refreshed",
    encoded: parts("08", bytes(32, 5), bytes(64, 8), bytes(272, 6)),
    value: { ephemeralKey: bytes(32, 5), signature: bytes(64, 8), sealed: bytes(272, 6) },
    decode: decodeRefreshed,
    encode: encodeRefreshed,
    made: () =>
      encodeRefreshed({
        ephemeralKey: bytes(32, 5),
        signature: bytes(64, 8),
        sealed: bytes(272, 6),
      }),
  },
  {
    name: "error that nobody proves",
    encoded: parts("0e 02 0000000c 00"),
    value: { name: "slow-down", seconds: 12, proof: { kind: "none" } },
    decode: decodeError,
    encode: encodeError,
    made: () => encodeError({ name: "slow-down", seconds: 12, proof: { kind: "none" } }),
  },
  {
    name: "error with a mac",
    encoded: parts("0e 07 00000000 01", bytes(32, 7)),
    value: { name: "revoked", seconds: 0, proof: { kind: "mac", mac: bytes(32, 7) } },
    decode: decodeError,
    encode: encodeError,
    made: () =>
      encodeError({ name: "revoked", seconds: 0, proof: { kind: "mac", mac: bytes(32, 7) } }),
  },
  {
    name: "error with a signature",
    encoded: parts("0e 0a ffffffff 02", bytes(64, 8)),
    value: {
      name: "unprotected",
      seconds: 0xffff_ffff,
      proof: { kind: "signature", signature: bytes(64, 8) },
    },
    decode: decodeError,
    encode: encodeError,
    made: () =>
      encodeError({
        name: "unprotected",
        seconds: 0xffff_ffff,
        proof: { kind: "signature", signature: bytes(64, 8) },
      }),
  },
  {
    name: "error about a call that was not read",
    encoded: parts("0e 03 00000000 03", bytes(64, 8)),
    value: {
      name: "unknown-lane",
      seconds: 0,
      proof: { kind: "call-signature", signature: bytes(64, 8) },
    },
    decode: decodeError,
    encode: encodeError,
    made: () =>
      encodeError({
        name: "unknown-lane",
        seconds: 0,
        proof: { kind: "call-signature", signature: bytes(64, 8) },
      }),
  },
  {
    name: "sealed call",
    encoded: parts("10", bytes(16, 3), "00000001 00000002", bytes(20, 4)),
    value: { lane: bytes(16, 3), number: 2 ** 32 + 2, box: bytes(20, 4) },
    decode: decodeSealedCall,
    encode: encodeSealedCall,
    made: () => encodeSealedCall({ lane: bytes(16, 3), number: 2 ** 32 + 2, box: bytes(20, 4) }),
    isWhole: (length) => length >= 41,
  },
  {
    name: "sealed answer",
    encoded: parts("11", bytes(20, 4)),
    value: bytes(20, 4),
    decode: decodeSealedAnswer,
    encode: encodeSealedAnswer,
    made: () => encodeSealedAnswer(bytes(20, 4)),
    isWhole: (length) => length >= 17,
  },
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

describe.each(formats)("$name", ({ decode, encode, encoded, isWhole, made, value }) => {
  test("is as written down", () => {
    expect(made()).toEqual(encoded)
    expect(decode(encoded)).toEqual(value)
    expect(decode(viewAtOffset(encoded))).toEqual(value)
  })

  test("is read whole", () => {
    for (let length = 0; length < encoded.length; length++) {
      const isOther = isWhole?.(length) ?? false
      const cut = encoded.subarray(0, length)
      expect([length, isMalformed(() => decode(cut))]).toEqual([length, !isOther])
    }
    const isOther = isWhole?.(encoded.length + 1) ?? false
    expect(isMalformed(() => decode(concat(encoded, bytes(1, 0))))).toBe(!isOther)
  })

  test("has its own type", () => {
    for (let type = 0; type < 256; type++) {
      const other = concat(Uint8Array.of(type), encoded.subarray(1))
      expect([type, isMalformed(() => decode(other))]).toEqual([type, type !== encoded[0]])
    }
  })

  test("with any bit flipped is malformed, or another value of just these bytes", () => {
    eachBit(0, encoded.length, (bit) => {
      const changed = flipped(encoded, bit)
      if (isMalformed(() => decode(changed))) return
      const found = decode(changed)
      expect(found).not.toEqual(value)
      if (encode) expect([bit, sameBytes(encode(found as never), changed)]).toEqual([bit, true])
    })
  })
})

describe("macs", () => {
  test("are those of one key", () => {
    const [openLane, , refresh] = formats.map(({ encoded }) => encoded)
    expect([provesOpenLane(openLane!, key), provesRefresh(refresh!, key)]).toEqual([true, true])
    const other = bytes(32, 8)
    expect([provesOpenLane(openLane!, other), provesRefresh(refresh!, other)]).toEqual([
      false,
      false,
    ])
  })

  test("with any bit of the message flipped are wrong", () => {
    const [openLane, lane, refresh] = formats.map(({ encoded }) => encoded)
    const right: number[] = []
    eachBit(0, openLane!.length, (bit) => {
      if (provesOpenLane(flipped(openLane!, bit), key)) right.push(bit)
    })
    eachBit(0, refresh!.length, (bit) => {
      if (provesRefresh(flipped(refresh!, bit), key)) right.push(bit)
    })
    eachBit(8, lane!.length, (bit) => {
      try {
        openLaneAnswer(flipped(lane!, bit), request, key)
        right.push(bit)
      } catch (error) {
        expect(error).toMatchObject({ code: "unauthenticated-answer" })
      }
    })
    expect(right).toEqual([])
    expect(openLaneAnswer(lane!, request, key)).toEqual(bytes(16, 3))
  })
})

test("each error has a code, and no other code is one", () => {
  for (let code = 0; code < 256; code++) {
    const encoded = parts("0e", Uint8Array.of(code), "00000000 00")
    const known = Object.entries(loginErrors).find(([, one]) => one === code)?.[0]
    expect([code, isMalformed(() => decodeError(encoded))]).toEqual([code, known === undefined])
    if (known === undefined) continue
    const name = known as LoginErrorName
    expect(decodeError(encoded).name).toBe(name)
    expect(encodeError({ name, seconds: 0, proof: { kind: "none" } })).toEqual(encoded)
  }
})

test("a kind of proof that nobody knows is malformed", () => {
  for (const kind of [4, 5, 255]) {
    for (const proof of [0, 32, 64]) {
      const encoded = parts("0e 01 00000000", Uint8Array.of(kind), bytes(proof, 1))
      expect(isMalformed(() => decodeError(encoded))).toBe(true)
    }
  }
})

test("seconds are whole, and as many as there is room for", () => {
  const encoded = (seconds: number): Uint8Array =>
    encodeError({ name: "slow-down", seconds, proof: { kind: "none" } })
  expect(encoded(0.2)).toEqual(parts("0e 02 00000001 00"))
  expect(encoded(2 ** 40)).toEqual(parts("0e 02 ffffffff 00"))
})

describe("numbers of calls", () => {
  const call = (number: string): Uint8Array => parts("10", bytes(16, 3), number, bytes(16, 4))

  test.each([
    ["00000000 00000001", 1],
    ["00000000 ffffffff", 2 ** 32 - 1],
    ["001fffff ffffffff", 2 ** 53 - 1],
  ])("%s", (text, number) => {
    expect(decodeSealedCall(call(text)).number).toBe(number)
    expect(encodeCallNumber(number)).toEqual(parts(text))
  })

  test.each(["00000000 00000000", "00200000 00000000", "ffffffff ffffffff"])("not %s", (text) => {
    expect(isMalformed(() => decodeSealedCall(call(text)))).toBe(true)
  })

  test.each([0, -1, 0.5, 2 ** 53, NaN])("%d is none", (number) => {
    expect(() => encodeCallNumber(number)).toThrow(UsageError)
  })
})

test("what is longer than a request may be is not read", () => {
  const largest = new Uint8Array(mostRequestBytes)
  largest.set(parts("10", bytes(16, 3), "00000000 00000001"))
  expect(decodeSealedCall(largest).box).toHaveLength(mostRequestBytes - 25)
  const longer = new Uint8Array(mostRequestBytes + 1)
  longer.set(largest)
  expect(isMalformed(() => decodeSealedCall(longer))).toBe(true)
  longer[0] = 0x11
  expect(isMalformed(() => decodeSealedAnswer(longer))).toBe(true)
})

describe("terms of a session", () => {
  const terms = {
    scopes: ["lamp:read", "a"],
    accessSeconds: 3_600,
    refreshSeconds: 7_776_000,
    card: bytes(129, 1),
  }
  const text = (value: object | string): Uint8Array => {
    const json = utf8(typeof value === "string" ? value : JSON.stringify(value))
    return concat(json, bytes(Math.ceil(json.length / 256) * 256 - json.length, 0x20))
  }
  const card = "AQEB".repeat(43)
  const raw = { ...terms, card }

  test("are JSON, in steps of 256 bytes", () => {
    expect(decodeSessionTerms(text(raw))).toEqual(terms)
    expect(encodeSessionTerms(terms)).toEqual(text(raw))
    expect(decodeSessionTerms(text({ ...raw, more: 1 }))).toEqual(terms)
  })

  test.each<[string, object | string]>([
    ["no JSON", "{"],
    ["a list", "[]"],
    ["null", "null"],
    ["no scopes", { ...raw, scopes: undefined }],
    ["scopes as text", { ...raw, scopes: "lamp" }],
    ["a scope in upper case", { ...raw, scopes: ["Lamp"] }],
    ["an empty scope", { ...raw, scopes: [""] }],
    ["a scope that is too long", { ...raw, scopes: ["a".repeat(65)] }],
    ["a scope that is no text", { ...raw, scopes: [1] }],
    ["no seconds", { ...raw, accessSeconds: 0 }],
    ["part of a second", { ...raw, accessSeconds: 0.5 }],
    ["seconds before now", { ...raw, refreshSeconds: -1 }],
    ["seconds as text", { ...raw, refreshSeconds: "1" }],
    ["no card", { ...raw, card: undefined }],
    ["a short card", { ...raw, card: card.slice(4) }],
    ["a card in another writing", { ...raw, card: `${card.slice(1)}=` }],
  ])("%s are none", (_, value) => {
    expect(isMalformed(() => decodeSessionTerms(text(value)))).toBe(true)
  })

  test("of another length are none", () => {
    for (const length of [0, 1, 254, 255]) {
      const cut = text(raw).subarray(0, length)
      expect(isMalformed(() => decodeSessionTerms(cut))).toBe(true)
    }
  })
})
