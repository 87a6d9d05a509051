// The examples of RFC 9421 and RFC 9530.
import { describe, expect, it } from "vitest"
import { hex, utf8 } from "../../src/bytes/index.js"
import { fromBase64 } from "../../src/login/signatures/base64.js"
import { checkContentDigest, contentDigest } from "../../src/login/signatures/content-digest.js"
import type { Fields, RequestHead } from "../../src/login/signatures/message.js"
import {
  checkSignature,
  readSignatures,
  signatureBase,
  signMessage,
} from "../../src/login/signatures/message-signature.js"
import {
  sharedSecret,
  publicKey,
  secretKey,
  byHmac,
  byEd25519,
  requestDigest,
  testRequest,
  components,
  lines,
  linesOf,
  codeOf,
  withSignature,
} from "./signatures-scene.js"

describe("RFC 9421 §2: components", () => {
  it("header fields, §2.1", () => {
    const fields: Fields = [
      ["host", "www.example.com"],
      ["date", "Tue, 20 Apr 2021 02:07:56 GMT"],
      ["x-ows-header", "   Leading and trailing whitespace.   "],
      ["x-obs-fold-header", "Obsolete\r\n    line folding."],
      ["cache-control", "max-age=60"],
      ["cache-control", "    must-revalidate"],
      ["example-dict", "  a=1,    b=2;x=1;y=2,   c=(a   b   c)"],
      ["x-empty-header", ""],
    ]
    const names = "host date x-ows-header x-obs-fold-header cache-control example-dict"
    expect(lines({ fields }, ...names.split(" "), "x-empty-header")).toEqual([
      '"host": www.example.com',
      '"date": Tue, 20 Apr 2021 02:07:56 GMT',
      '"x-ows-header": Leading and trailing whitespace.',
      '"x-obs-fold-header": Obsolete line folding.',
      '"cache-control": max-age=60, must-revalidate',
      '"example-dict": a=1,    b=2;x=1;y=2,   c=(a   b   c)',
      '"x-empty-header": ',
    ])
  })

  it("members of dictionaries, §2.1.2", () => {
    const fields: Fields = [["example-dict", "  a=1, b=2;x=1;y=2, c=(a   b    c), d"]]
    const keys = ["a", "d", "b", "c"].map((key) => `"example-dict";key="${key}"`)
    expect(lines({ fields }, ...keys)).toEqual([
      '"example-dict";key="a": 1',
      '"example-dict";key="d": ?1',
      '"example-dict";key="b": 2;x=1;y=2',
      '"example-dict";key="c": (a b c)',
    ])
    expect(codeOf(() => lines({ fields }, '"example-dict";key="e"'))).toBe("missing-component")
  })

  it("fields as bytes, §2.1.3", () => {
    const two: Fields = [
      ["example-header", "value, with, lots"],
      ["example-header", "of, commas"],
    ]
    const one: Fields = [["example-header", "value, with, lots, of, commas"]]
    expect(lines({ fields: two }, '"example-header";bs')).toEqual([
      '"example-header";bs: :dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:',
    ])
    expect(lines({ fields: one }, '"example-header";bs')).toEqual([
      '"example-header";bs: :dmFsdWUsIHdpdGgsIGxvdHMsIG9mLCBjb21tYXM=:',
    ])
    expect(lines({ fields: two }, "example-header")).toEqual(
      lines({ fields: one }, "example-header"),
    )
  })

  const target = { path: "/path", query: "?param=value" }
  it.each([
    [{ method: "POST" }, "@method", "POST"],
    [{ ...target, scheme: "https" }, "@target-uri", "https://www.example.com/path?param=value"],
    [target, "@authority", "www.example.com"],
    [{ authority: "WWW.Example.com:80", scheme: "http" }, "@authority", "www.example.com"],
    [{ authority: "WWW.Example.com:80", scheme: "https" }, "@authority", "www.example.com:80"],
    [{ authority: "www.example.com:443", scheme: "https" }, "@authority", "www.example.com"],
    [{ authority: "[::1]:8080" }, "@authority", "[::1]:8080"],
    [{ scheme: "http" }, "@scheme", "http"],
    [target, "@request-target", "/path?param=value"],
    [target, "@path", "/path"],
    [{ path: "" }, "@path", "/"],
    [{ path: "/a%2Fb/../c//d" }, "@path", "/a%2Fb/../c//d"],
    [
      { query: "?param=value&foo=bar&baz=bat%2Dman" },
      "@query",
      "?param=value&foo=bar&baz=bat%2Dman",
    ],
    [{ query: "?queryString" }, "@query", "?queryString"],
    [{ query: "" }, "@query", "?"],
    [{ query: "?" }, "@query", "?"],
  ] as [Partial<RequestHead>, string, string][])("of %j, %s is %s", (request, name, value) => {
    expect(lines(request, name)).toEqual([`"${name}": ${value}`])
  })

  it("query parameters, §2.2.8", () => {
    const query = "?param=value&foo=bar&baz=batman&qux="
    const named = (name: string): string => `"@query-param";name="${name}"`
    expect(lines({ query }, named("baz"), named("qux"), named("param"))).toEqual([
      '"@query-param";name="baz": batman',
      '"@query-param";name="qux": ',
      '"@query-param";name="param": value',
    ])
    const encoded =
      "?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something"
    const names = [named("var"), named("bar"), named("fa%C3%A7ade%22%3A%20")]
    expect(lines({ query: encoded }, ...names)).toEqual([
      '"@query-param";name="var": this%20is%20a%20big%0Amultiline%20value',
      '"@query-param";name="bar": with%20plus%20whitespace',
      '"@query-param";name="fa%C3%A7ade%22%3A%20": something',
    ])
    expect(codeOf(() => lines({ query: "?a=1&a=2" }, named("a")))).toBe("missing-component")
    expect(codeOf(() => lines({ query: "?a=1" }, named("b")))).toBe("missing-component")
    expect(codeOf(() => lines({ query: "?a=%ff" }, named("a")))).toBe("malformed")
    expect(codeOf(() => lines({ query: "?a=1" }, "@query-param"))).toBe("unknown-component")
  })

  it("of an answer, and of its request, §2.4", () => {
    const digest =
      "sha-512=:0Y6iCBzGg5rZtoXS95Ijz03mslf6KAMCloESHObfwnHJDbkkWWQz6PhhU9kxsTbARtY2PTBOzq24uJFpHsMuAg==:"
    const fields: Fields = [
      ["date", "Tue, 20 Apr 2021 02:07:56 GMT"],
      ["content-type", "application/json"],
      ["content-length", "62"],
      ["content-digest", digest],
    ]
    const names = ["@status", "content-digest", "content-type"]
    const ofRequest = ["@authority", "@method", "@path", "content-digest"].map((n) => `"${n}";req`)
    const message = { request: testRequest, answer: { status: 503, fields } }
    expect(linesOf(message, ...names, ...ofRequest)).toEqual([
      '"@status": 503',
      `"content-digest": ${digest}`,
      '"content-type": application/json',
      '"@authority";req: example.com',
      '"@method";req: POST',
      '"@path";req: /foo',
      `"content-digest";req: ${requestDigest}`,
    ])
  })
})

describe("RFC 9421 appendix B", () => {
  const inputs = {
    b25: 'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
    b26: 'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
  }
  const signatures = {
    b25: "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:",
    b26: "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
  }

  it("has the key of B.1.4", () => {
    expect(hex(publicKey)).toBe(hex(fromBase64("JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=")!))
  })

  it("B.2.5: hmac-sha256, verified and made again", () => {
    const request = withSignature(testRequest, inputs.b25, signatures.b25)
    const [read] = readSignatures(request.fields)
    expect(signatureBase({ request }, read!.input)).toBe(
      '"date": Tue, 20 Apr 2021 02:07:55 GMT\n"@authority": example.com\n' +
        '"content-type": application/json\n"@signature-params": ("date" "@authority" ' +
        '"content-type");created=1618884473;keyid="test-shared-secret"',
    )
    checkSignature({ request }, read!, byHmac)
    const parameters = { created: 1618884473, keyid: "test-shared-secret" }
    expect(
      signMessage({ request: testRequest }, "sig-b25", components.b25, parameters, {
        alg: "hmac-sha256",
        key: sharedSecret,
      }),
    ).toEqual(request.fields.slice(-2))
  })

  it("B.2.6: ed25519, verified and made again", () => {
    const request = withSignature(testRequest, inputs.b26, signatures.b26)
    checkSignature({ request }, readSignatures(request.fields)[0]!, byEd25519)
    const parameters = { created: 1618884473, keyid: "test-key-ed25519" }
    expect(
      signMessage({ request: testRequest }, "sig-b26", components.b26, parameters, {
        alg: "ed25519",
        secretKey,
      }),
    ).toEqual(request.fields.slice(-2))
  })

  it("several signatures of one message are read, each with its key", () => {
    const both = withSignature(
      testRequest,
      `${inputs.b25}, ${inputs.b26}`,
      `${signatures.b26}, ${signatures.b25}`,
    )
    const [first, second] = readSignatures(both.fields)
    expect([first!.label, second!.label]).toEqual(["sig-b25", "sig-b26"])
    checkSignature({ request: both }, first!, byHmac)
    checkSignature({ request: both }, second!, byEd25519)
    expect(codeOf(() => checkSignature({ request: both }, first!, byEd25519))).toBe("bad-signature")
    expect(codeOf(() => checkSignature({ request: both }, second!, byHmac))).toBe("bad-signature")
  })

  const transformed: RequestHead = {
    method: "GET",
    authority: "example.org",
    path: "/demo",
    query: "?name1=Value1&Name2=value2",
    fields: [
      ["date", "Fri, 15 Jul 2022 14:24:55 GMT"],
      ["accept", "application/json"],
      ["accept", "*/*"],
    ],
  }
  const verifiesTransformed = (change: Partial<RequestHead>): string => {
    const request = withSignature(
      { ...transformed, ...change },
      'transform=("@method" "@path" "@authority" "accept");created=1618884473;keyid="test-key-ed25519"',
      "transform=:ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA==:",
    )
    return codeOf(() => checkSignature({ request }, readSignatures(request.fields)[0]!, byEd25519))
  }

  it.each([
    ["as it is", {}],
    ["another query", { query: "?name1=Value1&Name2=value2&param=added" }],
    ["one accept", { fields: [["accept", "application/json, */*"]] }],
    ["other fields", { fields: [...transformed.fields, ["accept-language", "en-US,en;q=0.5"]] }],
    ["other letters of the host", { authority: "EXAMPLE.org" }],
  ] as [string, Partial<RequestHead>][])("B.4: still verifies: %s", (_, change) => {
    expect(verifiesTransformed(change)).toBe("none")
  })

  it.each([
    ["method", { method: "POST" }],
    ["method's letters", { method: "get" }],
    ["host", { authority: "example.com" }],
    ["path", { path: "/demo/" }],
    [
      "order of a field",
      {
        fields: [
          ["accept", "*/*"],
          ["accept", "application/json"],
        ],
      },
    ],
  ] as [string, Partial<RequestHead>][])("B.4: no longer verifies: another %s", (_, change) => {
    expect(verifiesTransformed(change)).toBe("bad-signature")
  })
})

describe("RFC 9530: content-digest", () => {
  it.each([
    ['{"hello": "world"}\n', "RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg="],
    ['{"hello": "world"}', "X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="],
    ["", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
  ])("of %j", (body, digest) => {
    expect(contentDigest(utf8(body))).toBe(`sha-256=:${digest}:`)
    checkContentDigest(`sha-256=:${digest}:`, utf8(body))
    checkContentDigest(`${requestDigest}, sha-256=:${digest}:`, utf8(body))
    expect(codeOf(() => checkContentDigest(`sha-256=:${digest}:`, utf8(`${body} `)))).toBe(
      "bad-digest",
    )
  })

  it.each([
    [requestDigest, "bad-digest"],
    ["", "bad-digest"],
    ["sha-256=1", "bad-digest"],
    ["sha-256=(:47DE:)", "bad-digest"],
    ["sha-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "malformed"],
    ["sha-256=:47DE", "malformed"],
    ["sha-256=:47DE:, sha-256=:47DE:", "malformed"],
  ])("%s is none", (value, code) => {
    expect(codeOf(() => checkContentDigest(value, new Uint8Array(0)))).toBe(code)
  })
})
