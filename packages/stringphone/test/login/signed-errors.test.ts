// spec/login.md §7.5: errors, by the lane or by the server key.
import { describe, expect, it } from "vitest"
import { base64url, UsageError, utf8 } from "../../src/bytes/index.js"
import { signingKeyPair } from "../../src/crypto/index.js"
import { loginErrors, type LoginErrorName } from "../../src/login/error-codes.js"
import { contentDigest } from "../../src/login/signatures/content-digest.js"
import {
  type Answer,
  errorAnswer,
  type Fields,
  readCallSignature,
  readErrorName,
  readErrorSeconds,
  signServerError,
  verifyAnswer,
} from "../../src/login/signatures/index.js"
import { signMessage } from "../../src/login/signatures/message-signature.js"
import {
  answer,
  answered,
  call,
  codeOf,
  failed,
  keys,
  laneText,
  sent,
  server,
  withField,
} from "./signed-calls-scene.js"

const ofSignature = '"signature";req;key="sp"'
const ofInput = '"signature-input";req;key="sp"'

describe("an error", () => {
  const { proof } = sent(call, 12)
  const statuses: Record<LoginErrorName, number> = {
    ...{ denied: 403, "missing-scope": 403, "slow-down": 429, malformed: 400, unprotected: 400 },
    ...{ revoked: 401, expired: 401, "unknown-lane": 401, used: 401, "too-old": 401 },
  }
  const names = Object.keys(loginErrors) as LoginErrorName[]

  it.each(names)("%s, by the lane's key and by the server's", (name) => {
    const byServer = verifyAnswer(failed(proof, name), proof, keys)
    const byLane = verifyAnswer(answered(proof, errorAnswer(name, 7)), proof, keys)
    const status = statuses[name]
    expect([byServer.status, byServer.signer]).toEqual([status, "server"])
    expect([byLane.status, byLane.signer]).toEqual([status, "lane"])
    expect([readErrorName(byServer), readErrorName(byLane)]).toEqual([name, name])
    expect([readErrorSeconds(byServer.fields), readErrorSeconds(byLane.fields)]).toEqual([0, 7])
  })

  it("by the server key is these fields", () => {
    expect(failed(proof).fields).toEqual([
      ["stringphone-error", "unknown-lane"],
      ["content-digest", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"],
      [
        "signature-input",
        'sp=("@status" "content-digest" "stringphone-error" ' +
          '"signature-input";req;key="sp" "signature";req;key="sp")' +
          `;nonce="12";keyid="${base64url(server.publicKey)}";alg="ed25519";tag="stringphone-login"`,
      ],
      ["signature", expect.stringMatching(/^sp=:[A-Za-z0-9+/]{86}==:$/)],
    ])
  })

  const other = signingKeyPair(new Uint8Array(32).fill(4))
  const good = failed(proof)
  const withInput = (change: (value: string) => string): Answer => ({
    ...good,
    fields: withField(good.fields, "signature-input", change),
  })
  const asLane = (value: string): string => value.replace(/;nonce.*/, proof.parameters)
  const withoutInput = (value: string): string => value.replace(` ${ofInput}`, "")
  it.each([
    ["by another server", failed(proof, "revoked", other), "bad-signature"],
    ["for another call", failed(sent(call, 13).proof), "bad-signature"],
    [
      "of another name",
      { ...good, fields: withField(good.fields, "stringphone-error", () => "revoked") },
      "bad-signature",
    ],
    ["of another status", { ...good, status: 403 }, "bad-signature"],
    ["with another body", { ...good, body: utf8("x") }, "bad-digest"],
    ["by nobody", { ...good, fields: [["stringphone-error", "revoked"]] }, "unsigned"],
    ["by the server, as if by the lane", withInput(asLane), "bad-signature"],
    ["in the lane's form", withInput((value) => withoutInput(asLane(value))), "malformed"],
    ["without the request's input", withInput(withoutInput), "bad-signature"],
    [
      "with the input of another label",
      withInput((value) => value.replace(ofInput, ofInput.replace('"sp"', '"s"'))),
      "malformed",
    ],
    [
      "with the input behind the signature",
      withInput((value) => value.replace(`${ofInput} ${ofSignature}`, `${ofSignature} ${ofInput}`)),
      "malformed",
    ],
  ] as [string, Answer, string][])("%s is refused", (_, given, code) => {
    expect(codeOf(() => verifyAnswer(given, proof, keys))).toBe(code)
  })

  it("is all that the server key signs", () => {
    expect(() => signServerError(answer, proof, server)).toThrow(UsageError)
  })

  const byServerKey = { alg: "ed25519", secretKey: server.secretKey } as const
  const byLaneKey = { alg: "hmac-sha256", key: keys.lane } as const
  const signedBy = (
    key: typeof byServerKey | typeof byLaneKey,
    given: Answer,
    field: string,
    ofRequest: readonly string[],
  ): Answer => {
    const request = sent(call, 12).call
    const fields: Fields = [...given.fields, ["content-digest", contentDigest(given.body)]]
    const added = signMessage(
      { request, answer: { status: given.status, fields } },
      "sp",
      ["@status", "content-digest", field, ...ofRequest],
      {
        nonce: "12",
        keyid: key === byServerKey ? base64url(server.publicKey) : laneText,
        ...(key === byServerKey && { alg: "ed25519" }),
        tag: "stringphone-login",
      },
      key,
    )
    return { ...given, fields: [...fields, ...added] }
  }

  it("is all that is believed of the server key", () => {
    const plain: Answer = { ...answer, fields: [["content-type", "text/plain"]] }
    const given = signedBy(byServerKey, plain, "content-type", [ofInput, ofSignature])
    expect(() => verifyAnswer(given, proof, keys)).toThrow("the server key signs errors alone")
  })

  it("by the server key covers what its request says of its signature, by the lane's it does not", () => {
    const error = errorAnswer("unknown-lane")
    const both = [ofInput, ofSignature]
    const codes = [byServerKey, byLaneKey].map((key) =>
      [both, [ofSignature]].map((ofRequest) => {
        const given = signedBy(key, error, "stringphone-error", ofRequest)
        return codeOf(() => verifyAnswer(given, proof, keys))
      }),
    )
    expect(codes).toEqual([
      ["none", "bad-signature"],
      ["bad-signature", "none"],
    ])
  })

  it.each([
    ["lane", (input: string) => input.replace(/keyid=".../, 'keyid="BwA')],
    ["number", (input: string) => input.replace('nonce="12"', 'nonce="13"')],
    ["fields", (input: string) => input.replace(' "accept"', "")],
  ])("about the same signature with another %s is refused", (_, change) => {
    const fields = withField(sent(call, 12).call.fields, "signature-input", change)
    const other = readCallSignature(fields)
    expect([other.signature, other.input === proof.input]).toEqual([proof.signature, false])
    expect(codeOf(() => verifyAnswer(failed(other), other, keys))).toBe("none")
    expect(codeOf(() => verifyAnswer(failed(other), proof, keys))).toBe("bad-signature")
  })

  it.each([
    [401, [["stringphone-error", "nonsense"]]],
    [401, [["stringphone-error", "toString"]]],
    [200, [["stringphone-error", "revoked"]]],
    [
      401,
      [
        ["stringphone-error", "revoked"],
        ["stringphone-error", "revoked"],
      ],
    ],
  ] as [number, Fields][])("of status %s with %j is none", (status, fields) => {
    expect(codeOf(() => readErrorName({ status, fields }))).toBe("malformed")
  })

  it.each(["-1", "1.5", "x", "", "99999999999", "Wed, 21 Oct 2015 07:28:00 GMT"])(
    "to come again after %j tells no time",
    (value) => expect(readErrorSeconds([["retry-after", value]])).toBe(0),
  )
})
