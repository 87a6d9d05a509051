// spec/login.md §7.1: there is one way to write the signature of a call.
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { UsageError } from "../../src/bytes/index.js"
import {
  type Call,
  type Fields,
  readCallSignature,
  signCall,
} from "../../src/login/signatures/index.js"
import {
  call,
  codeOf,
  lane,
  laneText,
  received,
  sent,
  withField,
  without,
} from "./signed-calls-scene.js"

describe("the signature of a call has one form", () => {
  const good = Object.fromEntries(signCall(call, lane, 1).fields) as Record<string, string>
  const input = good["signature-input"]!
  const signature = good["signature"]!
  const bodies = input.slice(3)

  it.each([
    ["nothing", ""],
    ["no label", bodies],
    ["another label", `sig1=${bodies}`],
    ["a label twice", `${input}, ${input}`],
    ["another signature beside it", `${input}, b=();keyid="x"`],
    ["another signature before it", `b=();keyid="x", ${input}`],
    ["space before it", ` ${input}`],
    ["space behind it", `${input} `],
    ["two spaces", input.replace('" "', '"  "')],
    ["space in the list", input.replace("(", "( ")],
    ["space between parameters", input.replace(";keyid", "; keyid")],
    ["no method", input.replace('"@method" ', "")],
    ["no authority", input.replace('"@authority" ', "")],
    ["no path", input.replace('"@path" ', "")],
    ["no query", input.replace('"@query" ', "")],
    ["no digest", input.replace('"content-digest" ', "")],
    ["nothing covered", input.replace(/\(.*\)/, "()")],
    ["another order", input.replace('"@method" "@authority"', '"@authority" "@method"')],
    [
      "fields in another order",
      input.replace('"accept" "content-type"', '"content-type" "accept"'),
    ],
    ["a field twice", input.replace('"accept"', '"accept" "accept"')],
    ["a digest twice", input.replace('"accept"', '"accept" "content-digest"')],
    ["its own field", input.replace('"content-type"', '"content-type" "signature"')],
    ["its own input", input.replace('"content-type"', '"content-type" "signature-input"')],
    ["a derived component more", input.replace('"accept"', '"@scheme" "accept"')],
    ["a component's parameter", input.replace('"accept"', '"accept";bs')],
    ["a part of the request", input.replace('"@method"', '"@method";req')],
    ["capitals", input.replace('"accept"', '"Accept"')],
    ["an empty name", input.replace('"accept"', '""')],
    ["no end of the list", input.replace(")", "")],
    ["two lists", input.replace(")", ")()")],
    ["no number", input.replace(';nonce="1"', "")],
    ["no lane", input.replace(`;keyid="${laneText}"`, "")],
    ["no tag", input.replace(';tag="stringphone-login"', "")],
    ["another tag", input.replace("stringphone-login", "stringphone-other")],
    ["another parameter", `${input};created=1`],
    ["an algorithm", input.replace(";tag", ';alg="hmac-sha256";tag')],
    ["a parameter twice", input.replace(";keyid", ';nonce="1";keyid')],
    ["parameters in another order", input.replace(/(;nonce="1")(;keyid="[^"]*")/, "$2$1")],
    ["the number 0", input.replace('"1"', '"0"')],
    ["a number below 0", input.replace('"1"', '"-1"')],
    ["a leading zero", input.replace('"1"', '"01"')],
    ["a plus", input.replace('"1"', '"+1"')],
    ["a fraction", input.replace('"1"', '"1.0"')],
    ["an exponent", input.replace('"1"', '"1e3"')],
    ["a hexadecimal number", input.replace('"1"', '"0x1"')],
    ["the number 2⁵³", input.replace('"1"', '"9007199254740992"')],
    ["a number of 17 digits", input.replace('"1"', '"10000000000000000"')],
    ["an empty number", input.replace('"1"', '""')],
    ["a number that is no text", input.replace('"1"', "1")],
    ["a short lane", input.replace(laneText, laneText.slice(1))],
    ["a long lane", input.replace(laneText, `${laneText}A`)],
    ["a lane with spare bits", input.replace(laneText, `${laneText.slice(0, -1)}x`)],
    ["a lane in base64", input.replace(laneText, `+${laneText.slice(1)}`)],
    ["a line break", `${input}\n`],
    ["a NUL", `${input}\0`],
    ["no ASCII", input.replace('"accept"', '"äccept"')],
    [
      "65 fields",
      input.replace(
        /"accept".*\)/,
        `${Array.from({ length: 65 }, (_, i) => `"x${100 + i}"`).join(" ")})`,
      ),
    ],
    ["very much", input.replace('"accept"', `"${"a".repeat(9_000)}"`)],
  ])("signature-input with %s", (_, changed) => {
    expect(changed).not.toBe(input)
    const fields = withField(sent(call).call.fields, "signature-input", () => changed)
    expect(codeOf(() => received({ ...call, fields }))).toBe("malformed")
  })

  it.each([
    ["nothing", ""],
    ["no label", signature.slice(3)],
    ["another label", `a${signature}`],
    ["a label twice", `${signature}, ${signature}`],
    ["another one beside it", `${signature}, b=:AAAA:`],
    ["a parameter", `${signature};a`],
    ["space", `${signature} `],
    ["no padding", signature.replace("=:", ":").replace("spa", "sp=a")],
    ["spare bits", signature.replace(/.=:$/, "B=:")],
    ["31 bytes", `sp=:${"A".repeat(40)}AA==:`],
    ["64 bytes", `sp=:${"A".repeat(86)}==:`],
    ["no bytes", "sp=::"],
    ["one colon", "sp=:"],
    ["a text", `sp="${signature.slice(4, -1)}"`],
    ["very much", `sp=:${"A".repeat(100_000)}:`],
    ["no ASCII", signature.replace(/:./, ":é")],
  ])("signature with %s", (_, changed) => {
    const fields = withField(sent(call).call.fields, "signature", () => changed)
    expect(codeOf(() => received({ ...call, fields }))).toBe("malformed")
  })

  it.each(["signature", "signature-input", "content-digest"])(
    "one %s, no more and no fewer",
    (name) => {
      const { fields } = sent(call).call
      const again = fields.find(([found]) => found === name)!
      const run = (fields: Fields): string => codeOf(() => received({ ...call, fields }))
      expect(run([...fields, again])).toBe("malformed")
      expect(run(without(fields, name))).toBe("malformed")
      expect(run(without(without(fields, "signature"), "signature-input"))).toBe("unsigned")
    },
  )

  it.each([
    { method: "GET\n" },
    { method: "G\0T" },
    { authority: 'a\n"@path": /' },
    { authority: "" },
    { path: "lamps" },
    { path: "/lämps" },
    { path: "/a b" },
    { path: "/a\r\nb" },
    { query: "x" },
    { query: "?a#b" },
    { query: "?a\0" },
    { path: `/${"a".repeat(70_000)}` },
    { fields: [["x", "a\nb"]] },
    { fields: [["x", "a\r\n"]] },
    { fields: [["x", "\r\na"]] },
    { fields: [["x", "a\0"]] },
    { fields: [["x", "é"]] },
    { fields: [["X", "a"]] },
    { fields: [["x y", "a"]] },
    { fields: [["", "a"]] },
    { fields: [["@method", "a"]] },
    { fields: [['x"', "a"]] },
    { fields: [["signature", "a"]] },
    { fields: [["signature-input", "a"]] },
    { fields: [["content-digest", "a"]] },
    {
      fields: [
        ["set-cookie", "a"],
        ["set-cookie", "b"],
      ],
    },
    { fields: [["x", "a".repeat(70_000)]] },
    { fields: Array.from({ length: 65 }, (_, i) => [`x${i}`, ""]) },
  ] as Partial<Call>[])("no call can be so, %#", (change) => {
    expect(() => signCall({ ...call, ...change }, lane, 1)).toThrow(UsageError)
    const request = sent(call).call
    const fields = change.fields ? [...request.fields, ...change.fields] : request.fields
    const names = new Set([...call.fields, ...(change.fields ?? [])].map(([name]) => name))
    const covered = [...names]
      .sort()
      .map((name) => ` "${name}"`)
      .join("")
    const changed = withField(fields, "signature-input", (value) =>
      value.replace(/(content-digest").*\)/, `$1${covered})`),
    )
    expect(codeOf(() => received({ ...request, ...change, fields: changed }))).toBe("malformed")
  })

  it("is not read when it is very long", () => {
    const read = (length: number): string => {
      const changed = input.replace('"accept"', `"accept" "b${"x".repeat(length)}"`)
      return codeOf(() => readCallSignature([["signature-input", changed], ...others]))
    }
    const others = Object.entries(good).filter(([name]) => name !== "signature-input")
    expect([read(7_900), read(8_192)]).toEqual(["none", "malformed"])
  })

  it.each([0, -1, 1.5, 2 ** 53, NaN, Infinity])("no call has the number %s", (number) => {
    expect(() => signCall(call, lane, number)).toThrow(UsageError)
  })

  it("any bytes in its fields are refused by an error of the peer", () => {
    const value = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(input, signature, "sp=(", "sp=:"),
    )
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        const fields: Fields = [
          ["content-digest", a],
          ["signature-input", b],
          ["signature", c],
        ]
        expect(codeOf(() => received({ ...call, fields }))).toMatch(/^(malformed|bad-signature)$/)
      }),
      { numRuns: 1_000 },
    )
  })
})
