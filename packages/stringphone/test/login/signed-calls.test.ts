// spec/login.md §7: nothing of a call can be changed.
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { base64url, hex, utf8 } from "../../src/bytes/index.js"
import {
  type Call,
  type Fields,
  readCallSignature,
  signCall,
} from "../../src/login/signatures/index.js"
import {
  answerKey,
  call,
  codeOf,
  lane,
  laneText,
  received,
  sent,
  withField,
  without,
} from "./signed-calls-scene.js"

describe("a signed call", () => {
  // The two signatures were made by Python's hmac and hashlib.
  it("is these fields, byte for byte", () => {
    const { fields } = signCall(call, lane, 12)
    expect(fields).toEqual([
      ["content-digest", "sha-256=:XjnViOXDjqfbtVNh5vywRl+mE+fFBL72CgnFOQkQRwI=:"],
      [
        "signature-input",
        'sp=("@method" "@authority" "@path" "@query" "content-digest" "accept" "content-type")' +
          `;nonce="12";keyid="${laneText}";tag="stringphone-login"`,
      ],
      ["signature", "sp=:yR4vFbMqEjfx3t2tHhwT7HFMzoQMnbJESG2dreHfnog=:"],
    ])
  })

  it("comes with its lane, number and covered fields, and no others", () => {
    const { call: request, proof } = sent(call, 2 ** 53 - 1)
    const extended = {
      ...request,
      fields: [["x-forwarded-for", "é\0"] as const, ...request.fields],
    }
    const verified = received(extended)
    expect(verified).toMatchObject({ number: 2 ** 53 - 1, proof: { ...proof, lane: lane.id } })
    expect(hex(verified.lane)).toBe(hex(lane.id))
    expect(verified.fields).toEqual([
      ["accept", "application/json, */*"],
      ["content-type", "application/json"],
    ])
  })

  it("says its lane and number before its key is known", () => {
    const read = readCallSignature(sent(call, 77).call.fields)
    expect(read).toMatchObject({ number: 77, covered: ["accept", "content-type"] })
    expect(hex(read.lane)).toBe(hex(lane.id))
  })

  it.each([
    ["no fields", { fields: [] }],
    ["no body", { body: new Uint8Array(0) }],
    ["no path and query", { path: "", query: "" }],
    ["a field of nothing", { fields: [["x", ""]] }],
    ["a large body", { body: new Uint8Array(1_000_000).fill(5) }],
    ["a method of its own", { method: "M-SEARCH" }],
    ["an IPv6 address", { authority: "[fe80::1]:80" }],
    ["the scheme's own port", { authority: "Lamp.Example:80", scheme: "http" }],
    ["64 fields", { fields: Array.from({ length: 64 }, (_, i) => [`x${i}`, `${i}`]) }],
    ["tabs within a value", { fields: [["x", "a\tb"]] }],
  ] as [string, Partial<Call>][])("with %s", (_, change) => {
    const request = sent({ ...call, ...change }).call
    expect(received(request).number).toBe(1)
  })

  it("is the same for an address with and without the port of its scheme", () => {
    const request = sent({ ...call, authority: "lamp.example", scheme: "http" }).call
    expect(received({ ...request, authority: "LAMP.example:80" }).number).toBe(1)
  })

  it("is for one of the server's own addresses, if they are set", () => {
    const request = sent(call).call
    expect(received(request, lane.key, new Set(["a.example", "lamp.example:8080"])).number).toBe(1)
    const run = (): unknown => received(request, lane.key, new Set(["lamp.example"]))
    expect(codeOf(run)).toBe("wrong-authority")
  })

  it.each([
    ["method", { method: "PUT" }],
    ["method's letters", { method: "post" }],
    ["authority", { authority: "lamp.example" }],
    ["path", { path: "/lamps/2" }],
    ["path, another way to say it", { path: "/lamps/%31" }],
    ["path, to none", { path: "" }],
    ["query", { query: "?fade=3&x=%20" }],
    ["query, to none", { query: "" }],
    ["query, another way to say it", { query: "?fade=2&x=+" }],
    ["way from path to query", { path: "/lamps/1&", query: "?fade=2&x=%20" }],
  ] as [string, Partial<Call>][])("with another %s is refused", (_, change) => {
    expect(codeOf(() => received({ ...sent(call).call, ...change }))).toBe("bad-signature")
  })

  it.each([
    ["another body", { body: utf8('{"on":false}') }],
    ["a longer body", { body: utf8('{"on":true} ') }],
    ["no body", { body: new Uint8Array(0) }],
  ] as [string, Partial<Call>][])("with %s is refused", (_, change) => {
    expect(codeOf(() => received({ ...sent(call).call, ...change }))).toBe("bad-digest")
  })

  const digestOfOther = signCall({ ...call, body: utf8("other") }, lane, 1).fields[0]![1]
  it.each([
    ["a changed field", withField(sent(call).call.fields, "accept", () => "text/html")],
    ["a field once more", [...sent(call).call.fields, ["accept", "text/html"]]],
    ["another type of its body", withField(sent(call).call.fields, "content-type", () => "a/b")],
    ["another digest", withField(sent(call).call.fields, "content-digest", () => digestOfOther)],
    [
      "another number",
      withField(sent(call).call.fields, "signature-input", (v) => v.replace('"1"', '"2"')),
    ],
    [
      "another lane",
      withField(sent(call).call.fields, "signature-input", (v) =>
        v.replace(laneText, base64url(new Uint8Array(16))),
      ),
    ],
    [
      "a field less that is covered",
      withField(sent(call).call.fields, "signature-input", (v) => v.replace(' "accept"', "")),
    ],
    [
      "another call's signature",
      withField(sent(call).call.fields, "signature", () => sent(call, 2).call.fields.at(-1)![1]),
    ],
  ] as [string, Fields][])("with %s is refused", (_, fields) => {
    expect(codeOf(() => received({ ...call, fields }))).toBe("bad-signature")
  })

  it("of another key is refused", () => {
    expect(codeOf(() => received(sent(call).call, answerKey))).toBe("bad-signature")
  })

  it("whose covered field was taken away is refused", () => {
    const fields = without(sent(call).call.fields, "accept")
    expect(codeOf(() => received({ ...call, fields }))).toBe("malformed")
  })

  it.each(["content-type", "content-encoding"])("has to cover %s where it is", (name) => {
    const request = sent({ ...call, fields: [] }).call
    const fields: Fields = [...request.fields, [name, "a"]]
    expect(codeOf(() => received({ ...request, fields }))).toBe("malformed")
  })

  it("any one change of one character is refused", () => {
    const { call: request } = sent(call, 123)
    const texts = ["method", "authority", "path", "query"] as const
    fc.assert(
      fc.property(
        fc.nat(texts.length + request.fields.length),
        fc.nat(),
        fc.string({ minLength: 1, maxLength: 1, unit: "binary-ascii" }),
        (what, where, character) => {
          const replaced = (text: string): string => {
            const at = where % text.length
            return text.slice(0, at) + character + text.slice(at + 1)
          }
          let changed: Call
          const text = texts[what]
          if (text) {
            changed = { ...request, [text]: replaced(request[text]) }
          } else if (what - texts.length < request.fields.length) {
            const fields = request.fields.map(([name, value], i) =>
              i === what - texts.length
                ? ([name, replaced(value)] as const)
                : ([name, value] as const),
            )
            changed = { ...request, fields }
          } else {
            const body = request.body.slice()
            body[where % body.length]! ^= 1 + (where % 255)
            changed = { ...request, body }
          }
          // Neither the letters of a host nor white space around a value say anything.
          fc.pre(!isSame(changed, request))
          expect(codeOf(() => received(changed))).not.toBe("none")
        },
      ),
      { numRuns: 3_000 },
    )
  })
})

function isSame(a: Call, b: Call): boolean {
  const plain = ({ method, authority, path, query, fields, body }: Call): string =>
    JSON.stringify([
      ...[method, authority.toLowerCase(), path, query, [...body]],
      fields.map(([name, value]) => [
        name,
        name.startsWith("sig") ? value : value.replace(/^[\t ]+|[\t ]+$/g, ""),
      ]),
    ])
  return plain(a) === plain(b)
}
