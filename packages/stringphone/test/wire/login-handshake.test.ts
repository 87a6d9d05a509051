// Messages of a login and of a registration: bytes written down by hand after spec/login.md §3 and §8.
import { describe, expect, test } from "vitest"
import { concat, fromHex, PeerError, utf8 } from "../../src/bytes/index.js"
import { decodePaddedJson, encodePaddedJson } from "../../src/login/padded-json.js"
import { decodeChallenge, encodeChallenge } from "../../src/login/wire/challenge.js"
import {
  decodeFinish,
  decodeFinishText,
  encodeFinish,
  encodeFinishText,
} from "../../src/login/wire/finish.js"
import {
  decodeRecordMessage,
  decodeRecordText,
  decodeRegistered,
  decodeRegisteredText,
  encodeRecordMessage,
  encodeRecordText,
  encodeRegistered,
  encodeRegisteredText,
} from "../../src/login/wire/record.js"
import {
  decodeRegister,
  decodeRegistering,
  decodeRegisteringText,
  decodeRegisterText,
  encodeRegister,
  encodeRegistering,
  encodeRegisteringText,
  encodeRegisterText,
} from "../../src/login/wire/register.js"
import { decodeStart, encodeStart } from "../../src/login/wire/start.js"
import {
  decodeWelcome,
  decodeWelcomeText,
  encodeWelcome,
  encodeWelcomeText,
} from "../../src/login/wire/welcome.js"
import { viewAtOffset } from "./fixtures.js"

const fill = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte)
const hexOf = (length: number, byte: string): string => byte.repeat(length)
const sealed = fill(272, 0xbb)
const sealedHex = hexOf(272, "bb")

interface Format {
  readonly bytes: Uint8Array
  readonly value: unknown
  readonly encoded: Uint8Array
  readonly decode: (bytes: Uint8Array) => unknown
}

const start = { ke1: fill(96, 0x11), login: "al", known: null }
const known = { session: fill(16, 0x33), mac: fill(32, 0x44) }
const challenge = {
  attempt: fill(16, 0xa0),
  price: { passes: 3, kib: 65_536, lanes: 4 },
  serverKey: fill(32, 0x77),
  realm: "l.x",
  ke2: fill(320, 0x22),
}
const finish = { attempt: fill(16, 0xa0), ke3: fill(64, 0x55), sealed }
const register = { invitation: fill(16, 0x1d), ephemeralKey: fill(32, 0xee), sealed }
const record = { invitation: fill(16, 0x1d), sealed }

const formats: Readonly<Record<string, Format>> = {
  start: {
    bytes: fromHex(`0102${hexOf(96, "11")}02616c00`),
    value: start,
    encoded: encodeStart(start),
    decode: decodeStart,
  },
  "start of a known device": {
    bytes: fromHex(`0102${hexOf(96, "11")}02616c01${hexOf(16, "33")}${hexOf(32, "44")}`),
    value: { ...start, known },
    encoded: encodeStart({ ...start, known }),
    decode: decodeStart,
  },
  challenge: {
    bytes: fromHex(`02${hexOf(16, "a0")}030001000004${hexOf(32, "77")}036c2e78${hexOf(320, "22")}`),
    value: challenge,
    encoded: encodeChallenge(challenge),
    decode: decodeChallenge,
  },
  finish: {
    bytes: fromHex(`03${hexOf(16, "a0")}${hexOf(64, "55")}${sealedHex}`),
    value: finish,
    encoded: encodeFinish(finish),
    decode: decodeFinish,
  },
  welcome: {
    bytes: fromHex(`04${sealedHex}`),
    value: sealed,
    encoded: encodeWelcome(sealed),
    decode: decodeWelcome,
  },
  register: {
    bytes: fromHex(`20${hexOf(16, "1d")}${hexOf(32, "ee")}${sealedHex}`),
    value: register,
    encoded: encodeRegister(register),
    decode: decodeRegister,
  },
  registering: {
    bytes: fromHex(`21${sealedHex}`),
    value: sealed,
    encoded: encodeRegistering(sealed),
    decode: decodeRegistering,
  },
  record: {
    bytes: fromHex(`22${hexOf(16, "1d")}${sealedHex}`),
    value: record,
    encoded: encodeRecordMessage(record),
    decode: decodeRecordMessage,
  },
  registered: {
    bytes: fromHex(`23${sealedHex}`),
    value: sealed,
    encoded: encodeRegistered(sealed),
    decode: decodeRegistered,
  },
}

function outcome(run: () => unknown): string {
  try {
    run()
    return "read"
  } catch (error) {
    return error instanceof PeerError ? error.code : `another error: ${String(error)}`
  }
}

describe.each(Object.entries(formats))("%s", (_, { bytes, decode, encoded, value }) => {
  test("is as written down", () => {
    expect(encoded).toEqual(bytes)
    expect(decode(bytes)).toEqual(value)
    expect(decode(viewAtOffset(bytes))).toEqual(value)
  })

  test("is read whole", () => {
    const lengths = Array.from({ length: bytes.length }, (_, length) => length)
    const read = lengths.filter(
      (length) => outcome(() => decode(bytes.subarray(0, length))) !== "malformed",
    )
    expect(read).toEqual([])
    for (const byte of [0, 0x20, 0xff]) {
      expect(outcome(() => decode(concat(bytes, Uint8Array.of(byte))))).toBe("malformed")
    }
  })

  test("has one type", () => {
    const types = Array.from({ length: 256 }, (_, type) => type)
    const read = types.filter((type) => {
      const other = bytes.slice()
      other[0] = type
      return outcome(() => decode(other)) === "read"
    })
    expect(read).toEqual([bytes[0]])
  })

  test("is no text of any other length", () => {
    if (!bytes.subarray(-272).every((byte) => byte === 0xbb)) return
    const head = bytes.subarray(0, -272)
    const kept = [0, 16, 255, 256, 271, 272, 273, 528, 32_784, 32_785, 33_040, 1_000_000].filter(
      (length) => outcome(() => decode(concat(head, fill(length, 0xbb)))) === "read",
    )
    expect(kept).toEqual([272, 528, 32_784])
  })
})

test("a start has its version, and is known or not", () => {
  const { bytes } = formats["start"]!
  for (const [at, right] of [
    [1, 2],
    [101, 0],
  ] as const) {
    for (let byte = 0; byte < 256; byte++) {
      const other = bytes.slice()
      other[at] = byte
      expect(outcome(() => decodeStart(other))).toBe(byte === right ? "read" : "malformed")
    }
  }
})

test.each(["", "Alice", "al ice", "\u200b", "ａ"])("a login or realm of %j is none", (name) => {
  expect(outcome(() => decodeStart(encodeStart({ ...start, login: name })))).toBe("malformed")
  const realm = encodeChallenge({ ...challenge, realm: name })
  expect(outcome(() => decodeChallenge(realm))).toBe("malformed")
})

test("a login that is no UTF-8 is none", () => {
  const bytes = formats["start"]!.bytes.slice()
  bytes[99] = 0xff
  expect(outcome(() => decodeStart(bytes))).toBe("malformed")
})

describe("a text", () => {
  const card = fill(129, 0x01)
  const welcome = {
    session: fill(16, 0x5e),
    scopes: ["lamps"],
    accessSeconds: 3_600,
    refreshSeconds: 7_776_000,
    card,
    isOutdated: false,
    price: challenge.price,
    register: null,
  }
  const registering = { response: fill(64, 0x44), price: challenge.price }
  const texts: Readonly<Record<string, Omit<Format, "bytes"> & { readonly json: string }>> = {
    "of a finish": {
      json: '{"device":"phone"}',
      value: { device: "phone", scopes: null, register: null },
      encoded: encodeFinishText({ device: "phone", scopes: null, register: null }),
      decode: decodeFinishText,
    },
    "of a finish with all": {
      json: `{"device":"phone","scopes":["a","b"],"register":"${"A".repeat(43)}"}`,
      value: { device: "phone", scopes: ["a", "b"], register: fill(32, 0) },
      encoded: encodeFinishText({ device: "phone", scopes: ["a", "b"], register: fill(32, 0) }),
      decode: decodeFinishText,
    },
    "of a welcome": {
      json: `{"session":"Xl5eXl5eXl5eXl5eXl5eXg","scopes":["lamps"],"accessSeconds":3600,"refreshSeconds":7776000,"card":"${"AQEB".repeat(43)}","isOutdated":false,"passes":3,"kib":65536,"lanes":4}`,
      value: welcome,
      encoded: encodeWelcomeText(welcome),
      decode: decodeWelcomeText,
    },
    "of a welcome with a response": {
      json: `{"session":"Xl5eXl5eXl5eXl5eXl5eXg","scopes":["lamps"],"accessSeconds":3600,"refreshSeconds":7776000,"card":"${"AQEB".repeat(43)}","isOutdated":true,"passes":3,"kib":65536,"lanes":4,"register":"${"A".repeat(86)}"}`,
      value: { ...welcome, isOutdated: true, register: fill(64, 0) },
      encoded: encodeWelcomeText({ ...welcome, isOutdated: true, register: fill(64, 0) }),
      decode: decodeWelcomeText,
    },
    "of a registration": {
      json: `{"login":"alice","request":"${"A".repeat(43)}"}`,
      value: { login: "alice", request: fill(32, 0) },
      encoded: encodeRegisterText({ login: "alice", request: fill(32, 0) }),
      decode: decodeRegisterText,
    },
    "of its answer": {
      json: `{"response":"${"RERE".repeat(21)}RA","passes":3,"kib":65536,"lanes":4}`,
      value: registering,
      encoded: encodeRegisteringText(registering),
      decode: decodeRegisteringText,
    },
    "of its answer, if the login is taken": {
      json: '{"error":"login-taken"}',
      value: { error: "login-taken" },
      encoded: encodeRegisteringText({ error: "login-taken" }),
      decode: decodeRegisteringText,
    },
    "of a record": {
      json: `{"record":"${"A".repeat(256)}"}`,
      value: fill(192, 0),
      encoded: encodeRecordText(fill(192, 0)),
      decode: decodeRecordText,
    },
    "of the end": {
      json: '{"login":"alice"}',
      value: "alice",
      encoded: encodeRegisteredText("alice"),
      decode: decodeRegisteredText,
    },
  }

  describe.each(Object.entries(texts))("%s", (_, { decode, encoded, json, value }) => {
    test("is as written down", () => {
      expect(encoded).toEqual(utf8(json.padEnd(Math.ceil(json.length / 256) * 256)))
      expect(decode(encoded)).toEqual(value)
    })

    test("with any field left out or of another type is read or malformed, and nothing else", () => {
      const fields = decodePaddedJson(encoded)
      const optional = new Set(["scopes", "register"])
      for (const name of Object.keys(fields)) {
        const { [name]: _, ...rest } = fields
        const isOptional = optional.has(name) && !("session" in fields && name === "scopes")
        const without = outcome(() => decode(encodePaddedJson(rest)))
        expect([name, without]).toEqual([name, isOptional ? "read" : "malformed"])
        for (const wrong of [null, -1, 1.5, "", "\n", [], {}, [1], "x".repeat(400)]) {
          const changed = encodePaddedJson({ ...fields, [name]: wrong })
          const isEmptyList = name === "scopes" && Array.isArray(wrong) && wrong.length === 0
          const code = outcome(() => decode(changed))
          expect([name, wrong, code]).toEqual([name, wrong, isEmptyList ? "read" : "malformed"])
        }
      }
    })

    test("is padded JSON of an object", () => {
      const wrong = [
        ...["", "[]", "null", "1", '"x"', "{", "{}x"].map((text) => utf8(text.padEnd(256))),
        ...[new Uint8Array(0), encoded.subarray(1), concat(encoded, utf8(" ")), fill(256, 0xff)],
      ]
      expect(wrong.map((one) => outcome(() => decode(one)))).toEqual(wrong.map(() => "malformed"))
    })
  })
})
