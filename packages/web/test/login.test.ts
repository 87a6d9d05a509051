import { describe, expect, it } from "vitest"
import { fromHex, utf8 } from "stringphone/bytes"
import { readHomeInfo } from "../src/lib/home-info.ts"
import { alteredByte, isWhole, sameTarget } from "../src/login/attack.ts"
import { type Exchange, readExchange, targetOf, type WireRequest } from "../src/login/exchange.ts"
import {
  describeRequest,
  errorNameOf,
  headText,
  hexDump,
  outcomeOf,
  readBody,
} from "../src/login/exchange-words.ts"
import { type Inside, OwnExchanges, type SentRequest } from "../src/login/own-exchanges.ts"

const loginType = ["Content-Type", "application/stringphone-login"] as const

function message(...bytes: readonly number[]): WireRequest {
  const body = Uint8Array.from(bytes)
  const target = "/.stringphone/login"
  return { method: "POST", target, fields: [loginType], body, bytes: body.length }
}

function signed(body = ""): WireRequest {
  const fields = [
    ["Signature-Input", 'sp=("@method");nonce="7"'],
    ["signature", "sp=:bHVjaw==:"],
  ] as const
  const bytes = utf8(body)
  return { method: "PUT", target: "/api/x", fields, body: bytes, bytes: bytes.length }
}

function answered(request: WireRequest, status: number, ...bytes: readonly number[]): Exchange {
  const { body, fields } = message(...bytes)
  const answer = { status, fields, body, bytes: body.length }
  return { n: 1, atMs: 0, from: "this computer", request, answer }
}

function refused(request: WireRequest, status: number, name: string): Exchange {
  const fields = [["stringphone-error", name]] as const
  const answer = { status, fields, body: new Uint8Array(), bytes: 0 }
  return { n: 1, atMs: 0, from: "this computer", request, answer }
}

describe("what a home tells of its API", () => {
  const home = { protocol: 2, channel: "c", mqttPath: "/mqtt" }
  const login = { realm: "home-1a2b3c4d", base: "/b", api: "/api", wire: "/login-wire" }

  it("is taken when all of it is there", () => {
    expect(readHomeInfo({ ...home, login })?.login).toEqual(login)
  })

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["no realm", { ...login, realm: "" }],
    ["a realm with white space", { ...login, realm: "a b" }],
    ["a path of another server", { ...login, wire: "//elsewhere/wire" }],
    ["no path", { ...login, api: "api" }],
    ["an address", { ...login, base: "http://elsewhere/" }],
  ])("is no API where there is %s, and the home stays one", (_, value) => {
    const read = readHomeInfo({ ...home, login: value })
    expect(read?.channel).toBe("c")
    expect(read?.login).toBeNull()
  })
})

describe("an exchange that the home recorded", () => {
  const part = { fields: [["Host", "a"]], body: "AQL/", bytes: 3 }
  const told = {
    ...{ n: 4, atMs: 5, from: "192.168.1.7" },
    request: { ...part, method: "POST", target: "/x?y" },
    answer: { ...part, status: 200 },
  }

  it("is read byte for byte", () => {
    const read = readExchange(JSON.parse(JSON.stringify(told)))
    expect(read).toMatchObject({ n: 4, from: "192.168.1.7", answer: { status: 200 } })
    expect(read?.request).toMatchObject({ target: "/x?y", fields: [["Host", "a"]], bytes: 3 })
    expect(read?.request.body).toEqual(fromHex("0102ff"))
  })

  it.each<[string, unknown]>([
    ["no object", "POST /"],
    ["a list", [told]],
    ["without a number", { ...told, n: "4" }],
    ["of a negative number", { ...told, n: -1 }],
    ["of a time beyond all calendars", { ...told, atMs: Number.MAX_SAFE_INTEGER }],
    ["without an answer", { ...told, answer: null }],
    ["with a body that is no base64", { ...told, request: { ...told.request, body: "{}" } }],
    ["with fields that are none", { ...told, request: { ...told.request, fields: [["a"]] } }],
    ["with a method that is none", { ...told, request: { ...told.request, method: "get /" } }],
    ["with a status that is none", { ...told, answer: { ...told.answer, status: "200" } }],
  ])("is left out when it is %s", (_, value) => {
    expect(readExchange(value)).toBeNull()
  })

  it("is of a path and a query, wherever it went", () => {
    expect(targetOf("http://192.168.1.7:8080/api/x%20y?a=b#c")).toBe("/api/x%20y?a=b")
  })
})

describe("what a request is called", () => {
  it.each([
    [0x01, "A login begins", false],
    [0x10, "A sealed call", true],
    [0x22, "A registration is finished", false],
    [0x99, "A message of no kind that is known", false],
  ])("by its first byte %i", (type, title, isCall) => {
    expect(describeRequest(message(type, 1, 2))).toMatchObject({ title, isCall })
  })

  it("by its signature, or that it has none", () => {
    expect(describeRequest(signed()).title).toBe("A signed call")
    expect(describeRequest({ ...signed(), fields: [] }).title).toBe("A call that nobody proved")
    // The type byte counts in messages of logins alone.
    expect(describeRequest({ ...message(0x10), fields: [] }).isCall).toBe(false)
  })
})

describe("what comes of a request that somebody sends again", () => {
  it("is a refusal that everybody can read, in both modes", () => {
    const sealed = answered(message(0x10, 7), 200, 0x0e, 5, 0, 0, 0, 0, 0)
    expect(errorNameOf(sealed.answer)).toBe("used")
    expect(outcomeOf(sealed)).toMatchObject({ answer: "200 used", isBad: false })
    const open = outcomeOf(refused(signed(), 401, "used"))
    expect(open).toMatchObject({ answer: "401 used", isBad: false })
    expect(open.sentence).toMatch(/none counts twice/)
    expect(outcomeOf(refused(signed(), 403, "denied")).sentence).toMatch(/does not fit/)
  })

  it("can be no refusal, where that is no harm", () => {
    const begun = outcomeOf(answered(message(0x01, 7), 200, 0x02, 1))
    expect(begun).toMatchObject({ answer: "200", isBad: false })
    expect(begun.sentence).toMatch(/one more login that begins/)
  })

  it("is never called harmless when a call was taken", () => {
    for (const request of [message(0x10, 7), signed()]) {
      const outcome = outcomeOf(answered(request, 200, 0x11, 1))
      expect(outcome.isBad).toBe(true)
      expect(outcome.sentence).toMatch(/must not have been/)
    }
  })

  it("does not show what a network writes as anything else", () => {
    expect(outcomeOf(refused(signed(), 401, "us\u202eed")).answer).toBe("401 us\\u{202e}ed")
  })
})

describe("a request with one byte changed", () => {
  it("differs in the last byte of its body, and nowhere else", () => {
    const request = message(0x10, 7, 0xa3)
    const altered = alteredByte(request)
    expect(altered?.request.body).toEqual(fromHex("1007a2"))
    expect(request.body).toEqual(fromHex("1007a3"))
    expect(altered?.what).toBe("with byte 3 of the body changed from a3 to a2")
    expect({ ...altered?.request, body: null }).toEqual({ ...request, body: null })
  })

  it("differs in its signature, where there is no body", () => {
    const altered = alteredByte(signed())
    expect(altered?.request.fields).toEqual([signed().fields[0], ["signature", "sp=:AHVjaw==:"]])
    expect(altered?.what).toBe("with a character of the signature changed from b to A")
  })

  it("can not be made of nothing, or sent when only its beginning is there", () => {
    expect(alteredByte({ ...signed(), fields: [] })).toBeNull()
    expect(isWhole(signed("{}"))).toBe(true)
    expect(isWhole({ ...signed("{}"), bytes: 5_000 })).toBe(false)
  })
})

describe("where a page sends a recorded request", () => {
  const origin = "http://127.0.0.1:8484"

  it.each(["/api/me", "/api/x%20y?a=%2e%2e/b", "/.stringphone/login", "//evil.example/"])(
    "is where it went: %s",
    (target) => expect(sameTarget(target, origin)?.href).toBe(origin + target),
  )

  it.each([
    "/api/../eavesdropper",
    "/api/%2e%2e/eavesdropper",
    "/api/.%2E/eavesdropper",
    "/api/..\\eavesdropper",
    "/api/me#x",
    "/api/\u00e9",
    ".evil.example/api/me",
    "@evil.example/api/me",
    "1/api/me",
    "http://evil.example/api/me",
    "*",
    "",
  ])("is nowhere when a browser would ask for something else: %s", (target) => {
    expect(sameTarget(target, origin)).toBeNull()
  })
})

describe("how bytes are shown", () => {
  it("is text where it can be read, and byte by byte where not", () => {
    expect(readBody({ body: utf8('{"on":true}\n') })).toEqual({
      text: '{"on":true}\n',
      isReadable: true,
    })
    const noise = readBody({ body: Uint8Array.from([0x10, 0x41, 0xff, 1, 2, 3, 4, 5, 0x42]) })
    expect(noise).toEqual({
      text: `10 41 ff 01 02 03 04 05  ·A······\n42${" ".repeat(22)} B`,
      isReadable: false,
    })
    expect(readBody({ body: utf8("a\u202eb") }).text).toBe("a\\u{202e}b")
    expect(hexDump(new Uint8Array())).toBe("")
  })

  it("leaves fields as they were written", () => {
    expect(headText(signed())).toBe(
      'PUT /api/x HTTP/1.1\nSignature-Input: sp=("@method");nonce="7"\nsignature: sp=:bHVjaw==:',
    )
  })
})

describe("what this page sent, on the wire", () => {
  const step: Inside = { kind: "step" }
  const attack: Inside = { kind: "attack", what: "the same bytes once more" }
  const sent = (request: WireRequest, signature: string | null = null): SentRequest => {
    const { body, method, target } = request
    return { method, target, signature, body }
  }

  it("is found once, in the order of sending", () => {
    const own = new OwnExchanges()
    own.add(sent(message(0x10, 7)), step)
    own.add(sent(message(0x10, 7)), attack)
    expect(own.take({ request: message(0x10, 8) })).toBeNull()
    expect(own.take({ request: message(0x10, 7) })).toBe(step)
    expect(own.take({ request: message(0x10, 7) })).toBe(attack)
    expect(own.take({ request: message(0x10, 7) })).toBeNull()
  })

  it("is told apart by its signature, and known by its beginning", () => {
    const own = new OwnExchanges()
    own.add(sent(signed(), "sp=:other==:"), attack)
    own.add(sent(signed(), "sp=:bHVjaw==:"), step)
    expect(own.take({ request: signed() })).toBe(step)
    own.add(sent(message(...Array<number>(5_000).fill(7))), step)
    const beginning = { ...message(...Array<number>(4_096).fill(7)), bytes: 5_000 }
    expect(own.take({ request: { ...beginning, bytes: 4_999 } })).toBeNull()
    expect(own.take({ request: beginning })).toBe(step)
  })

  it("is forgotten after some time", () => {
    const own = new OwnExchanges()
    for (let i = 0; i < 300; i++) own.add(sent(message(0x10, i >> 8, i & 255)), step)
    expect(own.take({ request: message(0x10, 0, 99) })).toBeNull()
    expect(own.take({ request: message(0x10, 0, 100) })).toBe(step)
  })
})
