// spec/login.md §7.4: an answer belongs to one request, and nothing of it can be changed.
import { describe, expect, it } from "vitest"
import { UsageError, utf8 } from "../../src/bytes/index.js"
import {
  type Answer,
  signAnswer,
  signCall,
  verifyAnswer,
  type VerifiedAnswer,
} from "../../src/login/signatures/index.js"
import {
  answer,
  answerKey,
  answered,
  call,
  codeOf,
  keys,
  lane,
  laneText,
  received,
  sent,
  withField,
  without,
} from "./signed-calls-scene.js"

describe("a signed answer", () => {
  const { proof } = sent(call, 12)
  const verified = (given: Answer, to = proof): VerifiedAnswer => verifyAnswer(given, to, keys)

  it("is these fields, byte for byte", () => {
    const fields = signAnswer(answer, proof, answerKey)
    expect(fields).toEqual([
      ["content-digest", "sha-256=:/Mc4fhqJzmXHgYee/24PakwEKZzk/hnWYgnxxlqDzY0=:"],
      [
        "signature-input",
        'sp=("@status" "content-digest" "cache-control" "content-type" "signature";req;key="sp")' +
          `;nonce="12";keyid="${laneText}";tag="stringphone-login"`,
      ],
      ["signature", "sp=:yVTppktlohUjIkpkX9UG/wm7GUf69UPAP3Ea3wg/hrg=:"],
    ])
    const request = received(sent(call, 12).call)
    expect(signAnswer(answer, request.proof, answerKey)).toEqual(fields)
  })

  it("comes with its covered fields, and no others", () => {
    const given = answered(proof)
    const extended = { ...given, fields: [...given.fields, ["set-cookie", "x"] as const] }
    expect(verified(extended)).toEqual({
      status: 200,
      signer: "lane",
      fields: [
        ["cache-control", "no-store"],
        ["content-type", "application/json"],
      ],
    })
  })

  it.each([100, 204, 304, 599])("of the status %s", (status) => {
    const given = answered(proof, { status, fields: [], body: new Uint8Array(0) })
    expect(verified(given)).toEqual({ status, fields: [], signer: "lane" })
  })

  const good = answered(proof)
  const otherProof = sent(call, 13).proof
  const changed = (name: string, change: (value: string) => string): Answer => ({
    ...good,
    fields: withField(good.fields, name, change),
  })
  it.each([
    ["another status", { ...good, status: 201 }, "bad-signature"],
    ["no status", { ...good, status: 0 }, "malformed"],
    ["another body", { ...good, body: utf8("{}") }, "bad-digest"],
    ["another field", changed("cache-control", () => "public"), "bad-signature"],
    [
      "a field more",
      { ...good, fields: [...good.fields, ["cache-control", "a"]] },
      "bad-signature",
    ],
    ["a field less", { ...good, fields: without(good.fields, "cache-control") }, "malformed"],
    ["another type", changed("content-type", () => "text/html"), "bad-signature"],
    [
      "an encoding",
      { ...good, fields: [...good.fields, ["content-encoding", "gzip"]] },
      "malformed",
    ],
    [
      "another digest",
      changed("content-digest", () => signCall(call, lane, 1).fields[0]![1]),
      "bad-signature",
    ],
    ["no signature", { ...answer }, "unsigned"],
    ["half a signature", { ...good, fields: without(good.fields, "signature") }, "malformed"],
    ["the answer to another call", answered(otherProof), "bad-signature"],
    [
      "its number in it",
      changed("signature-input", (v) => v.replace('"12"', '"13"')),
      "bad-signature",
    ],
    [
      "no request",
      changed("signature-input", (v) => v.replace(' "signature";req;key="sp"', "")),
      "malformed",
    ],
    [
      "another part of the request",
      changed("signature-input", (v) => v.replace('key="sp"', 'key="s"')),
      "malformed",
    ],
    [
      "more of the request",
      changed("signature-input", (v) =>
        v.replace(' "signature"', ' "signature-input";req;key="sp" "signature"'),
      ),
      "bad-signature",
    ],
    [
      "fields behind the request",
      changed("signature-input", (v) => v.replace('"sp")', '"sp" "x")')),
      "malformed",
    ],
    [
      "no status covered",
      changed("signature-input", (v) => v.replace('"@status" ', "")),
      "malformed",
    ],
    [
      "no digest covered",
      changed("signature-input", (v) => v.replace('"content-digest" ', "")),
      "malformed",
    ],
    ["another label", changed("signature-input", (v) => `a${v}`), "malformed"],
    ["another form", changed("signature-input", (v) => `${v} `), "bad-signature"],
    ["a time", changed("signature-input", (v) => `${v};created=1`), "bad-signature"],
    ["a request's signature", { ...good, fields: sent(call, 12).call.fields }, "malformed"],
    ["a short signature", changed("signature", () => "sp=:AAAA:"), "malformed"],
  ] as [string, Answer, string][])("with %s is refused", (_, given, code) => {
    expect(codeOf(() => verified(given))).toBe(code)
  })

  it("of another lane, or by the key of requests, is refused", () => {
    const other = { ...lane, id: new Uint8Array(16) }
    expect(codeOf(() => verified(answered(sent(call, 12, other).proof)))).toBe("bad-signature")
    const fields = signAnswer(answer, proof, lane.key)
    expect(codeOf(() => verified({ ...answer, fields: [...answer.fields, ...fields] }))).toBe(
      "bad-signature",
    )
  })

  it("two answers do not change places", () => {
    const second = sent({ ...call, path: "/lamps/2" }, 13).proof
    const [first_, second_] = [answered(proof), answered(second)]
    expect([verified(first_).status, verified(second_, second).status]).toEqual([200, 200])
    expect(codeOf(() => verified(first_, second))).toBe("bad-signature")
    expect(codeOf(() => verified(second_, proof))).toBe("bad-signature")
    // The same number, of another call.
    const third = sent({ ...call, path: "/lamps/2" }, 12).proof
    expect(codeOf(() => verified(first_, third))).toBe("bad-signature")
  })

  it.each([
    { status: 99 },
    { status: 600 },
    { status: 200.5 },
    { status: NaN },
    { fields: [["x", "a\r\nset-cookie: b"]] },
    { fields: [["x", "é"]] },
    { fields: [["X", "a"]] },
    { fields: [["signature", "a"]] },
    {
      fields: [
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2"],
      ],
    },
    { fields: [["x", "a".repeat(70_000)]] },
  ] as Partial<Answer>[])("no answer can be so, %#", (change) => {
    expect(() => signAnswer({ ...answer, ...change }, proof, answerKey)).toThrow(UsageError)
  })
})
