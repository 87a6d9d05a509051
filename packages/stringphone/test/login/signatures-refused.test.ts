// What a strict reader of RFC 9421 has to refuse.
import { describe, expect, it } from "vitest"
import type { Fields, Message } from "../../src/login/signatures/message.js"
import {
  checkSignature,
  readSignatures,
  signMessage,
} from "../../src/login/signatures/message-signature.js"
import {
  sharedSecret,
  byHmac,
  testRequest,
  lines,
  linesOf,
  codeOf,
  withSignature,
} from "./signatures-scene.js"

describe("what is refused", () => {
  const fields: Fields = [["a", "1"]]
  it.each([
    ["another one's name", "@nothing", "unknown-component"],
    ["an answer's status", "@status", "missing-component"],
    ["a request's request", '"@method";req', "unknown-component"],
    ["an unknown parameter", '"a";sf', "unknown-component"],
    ["a trailer", '"a";tr', "unknown-component"],
    ["req that is no flag", '"a";req="1"', "unknown-component"],
    ["a key of bytes", '"a";bs;key="b"', "unknown-component"],
    ["a key of a method", '"@method";key="b"', "unknown-component"],
    ["bytes of a method", '"@method";bs', "unknown-component"],
    ["a key that is no text", '"a";key=b', "unknown-component"],
    ["capitals", "A", "unknown-component"],
    ["no name", '""', "unknown-component"],
    ["no text", "1", "missing-component"],
    ["what is not there", "b", "missing-component"],
    ["a scheme that is not known", "@scheme", "missing-component"],
    ["an address that is not known", "@target-uri", "missing-component"],
  ])("%s", (_, component, code) => {
    expect(codeOf(() => lines({ fields }, component))).toBe(code)
  })

  it("a component that is covered twice, in whatever order of its parameters", () => {
    expect(codeOf(() => lines({ fields }, "a", "a"))).toBe("malformed")
    const dictionary: Message = {
      request: { ...testRequest, fields: [["a", "b=1"]] },
      answer: { status: 200, fields: [] },
    }
    const run = (): unknown => linesOf(dictionary, '"a";req;key="b"', '"a";key="b";req')
    expect(codeOf(run)).toBe("malformed")
  })

  it.each(["a\nb", "a\r\nb", "a\rb", "a\0b", "é", "a\u007f", "a\n", "\n a\0", "€"])(
    "the value %j",
    (value) => {
      expect(codeOf(() => lines({ fields: [["a", value]] }, "a"))).toBe("malformed")
      expect(codeOf(() => lines({ fields: [["a", value]] }, '"a";bs'))).toBe("malformed")
    },
  )

  it.each([
    { method: "GET\n" },
    { method: "" },
    { method: "GE T" },
    { authority: "a b" },
    { authority: "a/b" },
    { authority: "user@a" },
    { authority: "" },
    { authority: "ä.example" },
    { path: "no/slash" },
    { path: "/a?b" },
    { path: "/a#b" },
    { path: "/a b" },
    { path: "/ä" },
    { path: '/a\n"@query": ?b' },
    { query: "a=b" },
    { query: "?a#b" },
    { query: "?a\nb" },
  ])("the request %j", (change) => {
    expect(codeOf(() => lines(change, "@method"))).toBe("malformed")
  })

  const input = 'a=("@method");keyid="k"'
  const signature = "a=:AAAA:"
  it.each([
    ["no input", "", signature],
    ["no signature", input, ""],
    ["another label", input, "b=:AAAA:"],
    ["a label twice", `${input}, ${input}`, signature],
    ["a signature twice", input, `${signature}, ${signature}`],
    ["an input that is no list", 'a="@method"', signature],
    ["a signature that is a list", input, "a=(:AAAA:)"],
    ["a signature that is a text", input, 'a="AAAA"'],
    ["an unknown parameter", 'a=();new="k"', signature],
    ["a parameter of all objects", 'a=();toString="k"', signature],
    ["a time that is a text", 'a=();created="1"', signature],
    ["a key that is a token", "a=();keyid=k", signature],
    ["a parameter twice", 'a=();keyid="k";keyid="k"', signature],
    ["a list that does not end", 'a=("@method"', signature],
    ["a huge input", `a=(${'"x" '.repeat(5_000)})`, signature],
    ["very many", Array.from({ length: 17 }, (_, i) => `a${i}=()`).join(), ""],
  ])("fields with %s", (_, givenInput, givenSignature) => {
    const added = withSignature(testRequest, givenInput, givenSignature).fields.filter(
      ([, value]) => value !== "",
    )
    expect(codeOf(() => readSignatures(added))).toBe("malformed")
  })

  it("an algorithm that is not the key's", () => {
    const parameters = { alg: "ed25519" }
    const key = { alg: "hmac-sha256", key: sharedSecret } as const
    const added = signMessage({ request: testRequest }, "a", ["@method"], parameters, key)
    const [read] = readSignatures(added)
    const run = (): void => checkSignature({ request: testRequest }, read!, byHmac)
    expect(codeOf(run)).toBe("bad-signature")
  })
})
