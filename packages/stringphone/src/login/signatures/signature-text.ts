import { PeerError } from "../../bytes/index.js"
import { fromBase64 } from "./base64.js"
import type { Fields } from "./message.js"

/** The two fields of the one signature that a message has, and the digest of its body. */
export interface SignatureFields {
  /** What the label `sp` stands before. */
  readonly input: string
  /** Base64. */
  readonly signature: string
  readonly contentDigest: string
}

const label = "sp="
const maxInputCharacters = 8_192
export const tag = "stringphone-login"

/**
 * They are read as texts, not as structured fields: there is one way to write them. [LOGIN-7-1]
 *
 * @throws {PeerError} `unsigned`: there is no signature; `malformed`: not just one of each, or another label
 */
export function readSignatureFields(fields: Fields): SignatureFields {
  let input: string | null = null
  let signature: string | null = null
  let contentDigest: string | null = null
  for (const [name, value] of fields) {
    if (name === "signature-input") {
      if (input !== null) throw malformed("signature-input stands there twice")
      input = value
    } else if (name === "signature") {
      if (signature !== null) throw malformed("signature stands there twice")
      signature = value
    } else if (name === "content-digest") {
      if (contentDigest !== null) throw malformed("content-digest stands there twice")
      contentDigest = value
    }
  }
  if (input === null && signature === null) {
    throw new PeerError("unsigned", "The message is not signed. Sign it, or take no notice of it.")
  }
  if (input === null || signature === null || contentDigest === null) {
    throw malformed("signature-input, signature or content-digest is missing")
  }
  if (input.length > maxInputCharacters) throw malformed("signature-input is too long")
  if (!input.startsWith(`${label}(`)) throw malformed("signature-input does not begin with sp=(")
  if (!signature.startsWith(`${label}:`) || !signature.endsWith(":") || signature.length < 5) {
    throw malformed("signature is not sp=:…:")
  }
  return {
    input: input.slice(label.length),
    signature: signature.slice(label.length + 1, -1),
    contentDigest,
  }
}

export function signatureFields({ input, signature, contentDigest }: SignatureFields): Fields {
  return [
    ["content-digest", contentDigest],
    ["signature-input", label + input],
    ["signature", `${label}:${signature}:`],
  ]
}

/** @throws {PeerError} `malformed`: no base64, or not so many bytes */
export function signatureBytes(text: string, length: number): Uint8Array {
  const bytes = text.length <= 88 ? fromBase64(text) : null
  if (bytes?.length !== length) throw malformed(`it is not ${length} bytes of base64`)
  return bytes
}

export function malformed(problem: string): PeerError {
  return new PeerError("malformed", `Malformed signature of a call: ${problem}.`)
}
