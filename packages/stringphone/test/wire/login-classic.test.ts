import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { hex, utf8 } from "../../src/bytes/index.js"
import { ClassicRecord } from "../../src/login/classic/index.js"
import { drawBelow } from "../../src/login/classic/random.js"
import { ClassicSession } from "../../src/login/classic/session.js"
import { decodeCall, encodeCall } from "../../src/login/classic/wire/call.js"
import { decodeChallenge, encodeChallenge } from "../../src/login/classic/wire/challenge.js"
import { decodeForm, encodeForm, type Field } from "../../src/login/classic/wire/form.js"
import { decodeGrant, openGrant, sealGrant } from "../../src/login/classic/wire/grant.js"
import { decodeProof, encodeProof } from "../../src/login/classic/wire/proof.js"
import { decodeRecord, encodeRecord } from "../../src/login/classic/wire/record.js"
import { decodeRequest, encodeRequest } from "../../src/login/classic/wire/request.js"
import { secret } from "./fixtures.js"
import { recordOf } from "./login-classic-fixtures.js"
import { failure } from "./mailbox-classic-fixtures.js"

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const isName = (text: string) => text !== "" && utf8(text).length <= 64 && !/\p{Cc}/u.test(text)
const login = fc
  .string({ unit: "binary", minLength: 1, maxLength: 16 })
  .map((text) => text.normalize("NFC"))
  .filter(isName)
const dh = fc.option(bytes(32), { nil: null })
const cost = fc.record({
  passes: fc.integer({ min: 1, max: 16 }),
  memoryKib: fc.integer({ min: 8, max: 4_194_304 }),
})
const value = fc.string({ unit: "binary" })
const args = fc
  .uniqueArray(fc.tuple(fc.string({ unit: "binary", minLength: 1 }), value), {
    selector: ([name]) => name,
  })
  .filter((all) => !all.some(([name]) => ["user", "token", "seq", "sign"].includes(name)))

const grantKey = secret(9)
const sample = {
  request: encodeRequest({ login: "alice", nonce: secret(1).subarray(16), exchangeKey: secret(2) }),
  challenge: encodeChallenge({
    steps: 1500,
    salt: secret(3).subarray(16),
    cost: { passes: 3, memoryKib: 65_536 },
    nonce: secret(4).subarray(16),
    exchangeKey: secret(5),
  }),
  proof: encodeProof({ login: "alice", nonce: secret(4).subarray(16) }, secret(6)),
  grant: sealGrant(
    { token: secret(7).subarray(16), tokenKey: secret(8) },
    secret(1).subarray(8),
    grantKey,
  ),
  call: encodeCall(
    { login: "alice", token: secret(7).subarray(16), number: 12, args: [["do", "open it"]] },
    secret(8),
  ),
  record: recordOf("alice").toText(),
}
const decoders = {
  request: decodeRequest,
  challenge: decodeChallenge,
  proof: decodeProof,
  grant: decodeGrant,
  call: decodeCall,
  record: decodeRecord,
}
const kinds = Object.keys(sample) as (keyof typeof sample)[]

describe("messages come back as they were written", () => {
  test("request", () => {
    fc.assert(
      fc.property(login, bytes(16), dh, (who, nonce, exchangeKey) => {
        const request = { login: who, nonce, exchangeKey }
        expect(decodeRequest(encodeRequest(request))).toEqual(request)
      }),
    )
  })

  test("challenge", () => {
    const steps = fc.integer({ min: 2, max: 1_048_576 })
    fc.assert(
      fc.property(steps, bytes(16), cost, bytes(16), dh, (m, salt, how, nonce, exchangeKey) => {
        const challenge = { steps: m, salt, cost: how, nonce, exchangeKey }
        expect(decodeChallenge(encodeChallenge(challenge))).toEqual(challenge)
      }),
    )
  })

  test("proof, grant and record", () => {
    fc.assert(
      fc.property(login, bytes(16), bytes(32), bytes(24), cost, (who, name, key, nonce, how) => {
        const proof = { login: who, nonce: name }
        expect(decodeProof(encodeProof(proof, key))).toEqual(proof)
        const grant = { token: name, tokenKey: key }
        expect(openGrant(sealGrant(grant, nonce, key), key)).toEqual(grant)
        const record = { login: who, salt: name, cost: how, steps: 1000, key }
        expect(decodeRecord(encodeRecord(record))).toEqual(record)
      }),
    )
  })

  test("call, with arguments of any letters, in their order", () => {
    const number = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
    fc.assert(
      fc.property(login, bytes(16), number, args, (who, token, seq, given) => {
        const call = { login: who, token, number: seq, args: given }
        expect(decodeCall(encodeCall(call, secret(1)))).toEqual(call)
      }),
    )
  })

  test("forms are written as URLSearchParams writes them [YAAS-3-1]", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { minLength: 1 }), (fields) => {
        const text = encodeForm(fields)
        expect(text).toBe(new URLSearchParams(fields).toString())
        let read: readonly Field[] = []
        const withEnd = `${text}&end=`
        decodeForm(
          withEnd,
          "form",
          (form) => {
            read = form.allButLast()
            form.bytes("end", 0)
          },
          Infinity,
        )
        expect(read).toEqual(fields)
      }),
    )
  })
})

describe("malformed", () => {
  test.each(kinds)("every %s that lacks a character, anywhere, or its end", (kind) => {
    const text = sample[kind]
    // Without its last field it is one without exchange.
    const exchangeAt = text.indexOf("&dh=")
    for (let at = 0; at < text.length; at++) {
      expect(
        failure(() => decoders[kind](text.slice(0, at))),
        `first ${at}`,
      ).toBe(at === exchangeAt ? "none" : "PeerError malformed")
    }
  })

  test.each(kinds)("every %s that has one more, or is of another kind", (kind) => {
    for (const more of ["&", "=", "&x=y", "&=", " ", "+", "\n", "0", "\u0000"]) {
      expect(
        failure(() => decoders[kind](sample[kind] + more)),
        more,
      ).toBe("PeerError malformed")
      expect(
        failure(() => decoders[kind](more + sample[kind])),
        more,
      ).toBe("PeerError malformed")
    }
    for (const other of kinds.filter((one) => one !== kind)) {
      expect(
        failure(() => decoders[kind](sample[other])),
        other,
      ).toBe("PeerError malformed")
    }
  })

  test.each(kinds)("a %s with fields in another order, or one of them twice", (kind) => {
    const fields = sample[kind].split("&")
    for (let i = 1; i < fields.length; i++) {
      const swapped = fields
        .with(i, fields[i - 1]!)
        .with(i - 1, fields[i]!)
        .join("&")
      const twice = fields.toSpliced(i, 0, fields[i]!).join("&")
      // Arguments of a call are the caller's.
      if (kind !== "call" || i < 3) {
        expect(
          failure(() => decoders[kind](swapped)),
          swapped,
        ).toBe("PeerError malformed")
      }
      expect(
        failure(() => decoders[kind](twice)),
        twice,
      ).toBe("PeerError malformed")
    }
  })

  test("A20 whatever decodes has no other form", () => {
    const changed = fc.tuple(
      fc.constantFrom(...kinds),
      fc.nat(),
      fc.string({ maxLength: 3 }),
      fc.nat(3),
    )
    fc.assert(
      fc.property(changed, ([kind, at, added, gone]) => {
        const whole = sample[kind]
        const place = at % whole.length
        const text = whole.slice(0, place) + added + whole.slice(place + gone)
        const outcome = failure(() => decoders[kind](text))
        expect(["none", "PeerError malformed"]).toContain(outcome)
        const isCanonical = new URLSearchParams(text).toString() === text
        if (outcome === "none") expect(isCanonical).toBe(true)
      }),
      { numRuns: 2000 },
    )
  }, 60_000)

  test("a login of 1 MB, and 65,537 characters of a call, are not looked at [YAAS-3-3]", () => {
    const long = sample.request.replace("alice", "a".repeat(1_000_000))
    expect(failure(() => decodeRequest(long))).toBe("PeerError malformed")
    const [before, sign] = sample.call.split("&sign=") as [string, string]
    const withSize = (size: number) => {
      const head = `${before}&a=`
      return `${head}${"b".repeat(size - head.length - 70)}&sign=${sign}`
    }
    expect(decodeCall(withSize(65_536)).args[1]?.[1]).toMatch(/^b{65000,}$/)
    expect(failure(() => decodeCall(withSize(65_537)))).toBe("PeerError malformed")
    const none = undefined as unknown as string
    for (const kind of kinds)
      expect(failure(() => decoders[kind](none))).toBe("PeerError malformed")
  })
})

describe("calls that can not be written", () => {
  const session = new ClassicSession("alice", {
    token: secret(7).subarray(16),
    tokenKey: secret(8),
  })
  const call = (given: unknown) => failure(() => session.call(given as Record<string, string>))

  test.each([
    ["no name", { "": "x" }],
    ["user is reserved", { user: "x" }],
    ["token is reserved", { token: "x" }],
    ["seq is reserved", { seq: "1" }],
    ["sign is reserved", { sign: "x" }],
    [
      "twice",
      [
        ["a", "1"],
        ["a", "2"],
      ],
    ],
    ["number", { a: 1 }],
    ["half a surrogate in a value", { a: "\ud83d" }],
    ["half a surrogate in a name", { "\udc26": "a" }],
    ["too long", { a: "x".repeat(65_500) }],
    ["too long when written", { a: "🐦".repeat(6000) }],
  ])("%s", (_, given) => {
    expect(call(given)).toBe("UsageError bad-arguments")
  })

  test("take no number; a record, pairs and a Map are alike", () => {
    expect(decodeCall(session.call({ a: "1", __proto__x: "2" })).number).toBe(1)
    expect(decodeCall(session.call([["a", "1"]])).args).toEqual([["a", "1"]])
    expect(decodeCall(session.call(new Map([["a", "1"]]))).args).toEqual([["a", "1"]])
    expect(decodeCall(session.call()).number).toBe(4)
    const last = new ClassicSession(
      "alice",
      { token: secret(7).subarray(16), tokenKey: secret(8) },
      Number.MAX_SAFE_INTEGER - 1,
    )
    expect(decodeCall(last.call()).number).toBe(Number.MAX_SAFE_INTEGER)
    expect(failure(() => last.call())).toBe("UsageError bad-limits")
  })
})

describe("small parts", () => {
  test("a record comes back from its text", () => {
    expect(ClassicRecord.fromText(sample.record).toText()).toBe(sample.record)
    expect(failure(() => ClassicRecord.fromText(sample.request))).toBe("PeerError malformed")
  })

  test("every number below a limit is drawn evenly: once for each 65 two bytes", () => {
    const counts = new Array<number>(1000).fill(0)
    for (let word = 0; word < 65_000; word++) {
      const number = drawBelow(() => Uint8Array.of(word >>> 8, word), 1000)
      counts[number]!++
    }
    expect(new Set(counts)).toEqual(new Set([65]))
    // 65,000 and more would make the first 536 likelier: drawn again.
    const drawn = [
      Uint8Array.of(0xff, 0xff),
      Uint8Array.of(65_000 >>> 8, 65_000),
      Uint8Array.of(0, 7),
    ]
    expect(drawBelow(() => drawn.shift()!, 1000)).toBe(7)
    expect(failure(() => drawBelow((length) => new Uint8Array(length).fill(0xff), 1000))).toBe(
      "UsageError bad-random",
    )
  })

  test("a box under another key, nonce or token does not open", () => {
    expect(hex(openGrant(sample.grant, grantKey).tokenKey)).toBe("08".repeat(32))
    expect(failure(() => openGrant(sample.grant, secret(1)))).toBe("PeerError server-unproven")
    for (const at of [6, 50, 150]) {
      const flipped = sample.grant.slice(0, at) + "f" + sample.grant.slice(at + 1)
      expect(failure(() => openGrant(flipped, grantKey))).toBe("PeerError server-unproven")
    }
  })
})
