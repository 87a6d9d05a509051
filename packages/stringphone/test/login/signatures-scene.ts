import { expect } from "vitest"
import { PeerError } from "../../src/bytes/index.js"
import { signingKeyPair } from "../../src/crypto/index.js"
import { fromBase64 } from "../../src/login/signatures/base64.js"
import type { Fields, Message, RequestHead } from "../../src/login/signatures/message.js"
import {
  type MessageVerifyingKey,
  signatureBase,
} from "../../src/login/signatures/message-signature.js"
import { parseItem } from "../../src/login/signatures/structured-fields.js"

export const sharedSecret = fromBase64(
  "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==",
)!
/** PKCS #8: the seed is its end. */
export const privateKey = fromBase64(
  "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF",
)!
export const { publicKey, secretKey } = signingKeyPair(privateKey.slice(-32))
export const byHmac: MessageVerifyingKey = { alg: "hmac-sha256", key: sharedSecret }
export const byEd25519: MessageVerifyingKey = { alg: "ed25519", publicKey }

export const requestDigest =
  "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"

/** test-request of RFC 9421 appendix B.2. */
export const testRequest: RequestHead = {
  method: "POST",
  authority: "example.com",
  path: "/foo",
  query: "?param=Value&Pet=dog",
  fields: [
    ["host", "example.com"],
    ["date", "Tue, 20 Apr 2021 02:07:55 GMT"],
    ["content-type", "application/json"],
    ["content-digest", requestDigest],
    ["content-length", "18"],
  ],
}

export const components = {
  b25: ["date", "@authority", "content-type"],
  b26: ["date", "@method", "@path", "@authority", "content-type", "content-length"],
}

export function lines(request: Partial<RequestHead>, ...covered: readonly string[]): string[] {
  const head = { method: "GET", authority: "www.example.com", path: "/", query: "", fields: [] }
  return linesOf({ request: { ...head, ...request } }, ...covered)
}

export function linesOf(message: Message, ...covered: readonly string[]): string[] {
  const items = covered.map((text) => parseItem(text.startsWith('"') ? text : `"${text}"`))
  const base = signatureBase(message, { items, parameters: new Map() })
  const all = base.split("\n")
  expect(all.pop()).toMatch(/^"@signature-params": \(/)
  return all
}

export function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(PeerError)
    return (error as PeerError).code
  }
  return "none"
}

export function withSignature(request: RequestHead, input: string, signature: string): RequestHead {
  const added: Fields = [
    ["signature-input", input],
    ["signature", signature],
  ]
  return { ...request, fields: [...request.fields, ...added] }
}
