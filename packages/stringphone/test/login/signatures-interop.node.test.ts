// Both directions with another implementation of RFC 9421, and ours against our own general one.
import { createPrivateKey, createPublicKey } from "node:crypto"
import fc from "fast-check"
import { createSigner, createVerifier, httpbis } from "http-message-signatures"
import { describe, expect, it } from "vitest"
import { base64url, concat, fromHex, utf8 } from "../../src/bytes/index.js"
import { randomBytes, signingKeyPair } from "../../src/crypto/index.js"
import { contentDigest } from "../../src/login/signatures/content-digest.js"
import {
  type Answer,
  type Call,
  errorAnswer,
  type Fields,
  readCallSignature,
  signAnswer,
  signCall,
  signServerError,
  verifyAnswer,
  verifyCall,
} from "../../src/login/signatures/index.js"
import { checkSignature, readSignatures } from "../../src/login/signatures/message-signature.js"

const lane = { id: randomBytes(16), key: randomBytes(32) }
const answerKey = randomBytes(32)
const seed = randomBytes(32)
const server = signingKeyPair(seed)
const laneText = base64url(lane.id)
const otherText = base64url(randomBytes(16))
const names = ["nonce", "keyid", "tag"]

const call: Call = {
  method: "POST",
  authority: "lamp.example:8080",
  path: "/lamps/1",
  query: "?fade=2",
  fields: [["content-type", "application/json"]],
  body: utf8('{"on":true}'),
}
const answer: Answer = { status: 200, fields: [["content-type", "text/plain"]], body: utf8("yes") }

function headersOf(fields: Fields): Record<string, string | string[]> {
  const headers: Record<string, string[]> = {}
  for (const [name, value] of fields) (headers[name] ??= []).push(value)
  return headers
}

function fieldsOf(headers: Record<string, string | string[]>): Fields {
  return Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value) => [name.toLowerCase(), value] as const),
  )
}

/** As the other one wants it: an address, and an object. */
function theirs({ method, authority, path, query, fields }: Call) {
  return { method, url: `http://${authority}${path}${query}`, headers: headersOf(fields) }
}

const sent = (call: Call, number = 1): Call => ({
  ...call,
  fields: [...call.fields, ...signCall(call, lane, number).fields],
})

function verifying(key: Buffer | ReturnType<typeof createPublicKey>, alg: string) {
  const ids: unknown[] = []
  const verify = createVerifier(key, alg)
  return {
    ids,
    config: {
      requiredParams: names,
      keyLookup: async ({ keyid }: { keyid?: string }) => {
        ids.push(keyid)
        return { id: keyid ?? "", algs: [alg], verify }
      },
    },
  }
}

const byHmac = (key: Uint8Array) => verifying(Buffer.from(key), "hmac-sha256")

const covered = ["@method", "@authority", "@path", "@query", "content-digest"]

function theirSigning(key: Uint8Array, fields: readonly string[], number: number) {
  return {
    key: createSigner(Buffer.from(key), "hmac-sha256", laneText),
    name: "sp",
    fields: [...fields],
    params: names,
    paramValues: { nonce: String(number), tag: "stringphone-login" },
  }
}

describe("requests", () => {
  it("of ours are verified by the other one", async () => {
    const request = sent(call)
    const { ids, config } = byHmac(lane.key)
    expect(await httpbis.verifyMessage(config, theirs(request))).toBe(true)
    expect(ids).toEqual([laneText])
    for (const change of [
      { method: "PUT" },
      { authority: "other.example" },
      { path: "/lamps/2" },
      { query: "" },
    ]) {
      const changed = theirs({ ...request, ...change })
      expect(await httpbis.verifyMessage(config, changed), JSON.stringify(change)).toBe(false)
    }
    expect(await httpbis.verifyMessage(byHmac(answerKey).config, theirs(request))).toBe(false)
  })

  it("of the other one are verified by ours", async () => {
    const fields: Fields = [...call.fields, ["content-digest", contentDigest(call.body)]]
    const config = theirSigning(lane.key, [...covered, "content-type"], 5)
    const signed = await httpbis.signMessage(config, theirs({ ...call, fields }))
    const request = { ...call, fields: fieldsOf(signed.headers) }
    const read = readCallSignature(request.fields)
    expect(verifyCall(request, read, lane.key)).toMatchObject({ number: 5, fields: call.fields })
    expect(request.fields).toEqual(expect.arrayContaining([...sent(call, 5).fields]))
  })

  it("of both are the same, whatever is in them", async () => {
    const letters = fc.string({
      unit: fc.constantFrom(...Array.from("abz019-_")),
      minLength: 1,
      maxLength: 8,
    })
    const name = letters.map((text) => `x-${text}`)
    const value = fc
      .string({ unit: fc.constantFrom(...Array.from(" ab,;=\"'!~")), maxLength: 12 })
      .filter((text) => text === text.trim())
    const fields = fc
      .uniqueArray(fc.tuple(name, fc.array(value, { minLength: 1, maxLength: 2 })), {
        maxLength: 4,
        selector: ([name]) => name,
      })
      .map((all) => all.flatMap(([name, values]) => values.map((v) => [name, v] as const)))
    const segment = fc.constantFrom("/a", "/b%20c", "/d-e", "/f.g", "/~h", "/i;j=k")
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          method: fc.constantFrom("GET", "POST", "DELETE", "PATCH"),
          authority: fc.constantFrom("a.example", "b.example:8080", "127.0.0.1:1", "[::1]:8000"),
          path: fc.array(segment, { minLength: 1, maxLength: 4 }).map((all) => all.join("")),
          query: fc.constantFrom("", "?a", "?a=b&c=%20d", "?e=f+g&&"),
          fields,
          body: fc.uint8Array({ maxLength: 300 }),
        }),
        fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
        async (call: Call, number) => {
          const request = sent(call, number)
          expect(await httpbis.verifyMessage(byHmac(lane.key).config, theirs(request))).toBe(true)
          const [read] = readSignatures(request.fields)
          checkSignature({ request }, read!, { alg: "hmac-sha256", key: lane.key })
          const further = [...new Set(call.fields.map(([name]) => name))].sort()
          const signing = theirSigning(lane.key, [...covered, ...further], number)
          const digest = ["content-digest", contentDigest(call.body)] as const
          const unsigned = { ...call, fields: [...call.fields, digest] }
          const signed = await httpbis.signMessage(signing, theirs(unsigned))
          const again = { ...call, fields: fieldsOf(signed.headers) }
          const verified = verifyCall(again, readCallSignature(again.fields), lane.key)
          expect(verified.number).toBe(number)
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe("answers", () => {
  const { fields: added, proof } = signCall(call, lane, 3)
  const request = { ...call, fields: [...call.fields, ...added] }
  const keys = { lane: answerKey, server: [server.publicKey] }

  it("of ours are verified by the other one, bound to their request", async () => {
    const fields = [...answer.fields, ...signAnswer(answer, proof, answerKey)]
    const given = { status: answer.status, headers: headersOf(fields) }
    const { config } = byHmac(answerKey)
    expect(await httpbis.verifyMessage(config, given, theirs(request))).toBe(true)
    const other = theirs(sent(call, 4))
    expect(await httpbis.verifyMessage(config, given, other)).toBe(false)
    const failed = { ...given, status: 500 }
    expect(await httpbis.verifyMessage(config, failed, theirs(request))).toBe(false)
    const [read] = readSignatures(fields)
    const message = { request, answer: { status: answer.status, fields } }
    checkSignature(message, read!, { alg: "hmac-sha256", key: answerKey })
  })

  it("of the other one are verified by ours", async () => {
    const fields: Fields = [...answer.fields, ["content-digest", contentDigest(answer.body)]]
    const config = theirSigning(
      answerKey,
      ["@status", "content-digest", "content-type", '"signature";req;key="sp"'],
      3,
    )
    const given = { status: answer.status, headers: headersOf(fields) }
    const signed = await httpbis.signMessage(config, given, theirs(request))
    const back = { ...answer, fields: fieldsOf(signed.headers) }
    expect(verifyAnswer(back, proof, keys)).toMatchObject({ status: 200, fields: answer.fields })
  })

  it("by the server key are verified by the other one", async () => {
    const error = errorAnswer("unknown-lane")
    const fields = [...error.fields, ...signServerError(error, proof, server)]
    const given = { status: error.status, headers: headersOf(fields) }
    const pkcs8 = concat(fromHex("302e020100300506032b657004220420"), seed)
    const secret = createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" })
    const { ids, config } = verifying(createPublicKey(secret), "ed25519")
    expect(await httpbis.verifyMessage(config, given, theirs(request))).toBe(true)
    expect(await httpbis.verifyMessage(config, given, theirs(sent(call, 4)))).toBe(false)
    // The same signature, said to be by another lane.
    const moved = request.fields.map(([name, value]) => [name, value.replace(laneText, otherText)])
    const asked = theirs({ ...request, fields: moved as unknown as Fields })
    expect(await httpbis.verifyMessage(config, given, asked)).toBe(false)
    expect(ids).toEqual(Array(3).fill(base64url(server.publicKey)))
    const [read] = readSignatures(fields)
    const message = { request, answer: { status: error.status, fields } }
    checkSignature(message, read!, { alg: "ed25519", publicKey: server.publicKey })
    expect(verifyAnswer({ ...error, fields }, proof, keys).signer).toBe("server")
  })
})
