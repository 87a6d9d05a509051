import { PeerError, sameBytes } from "../../bytes/index.js"
import { hash } from "../../crypto/index.js"
import { base64 } from "./base64.js"
import { parseDictionary } from "./structured-fields.js"

/** The field `content-digest`, by SHA-256. RFC 9530 §2 */
export function contentDigest(body: Uint8Array): string {
  return `sha-256=:${base64(hash(body))}:`
}

/**
 * Digests of other kinds may stand beside it.
 * @throws {PeerError} `malformed`; `bad-digest`: none by SHA-256, or that of another body
 */
export function checkContentDigest(value: string, body: Uint8Array): void {
  const member = parseDictionary(value).get("sha-256")
  const isRight =
    member !== undefined &&
    "value" in member &&
    member.value.type === "bytes" &&
    sameBytes(member.value.value, hash(body))
  if (!isRight) throw badDigest()
}

export function badDigest(): PeerError {
  return new PeerError(
    "bad-digest",
    "The body is not the one that was signed: it was changed on the way, or encoded anew.",
  )
}
