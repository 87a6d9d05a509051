import { base64url, fromBase64url, UsageError } from "../../bytes/index.js"
import { MalformedPacketError } from "./errors.js"

/** base64 with padding (RFC 4648 §4). [FLUTE-3-2] */
export function base64(bytes: Uint8Array): string {
  const text = base64url(bytes).replaceAll("-", "+").replaceAll("_", "/")
  return text + "=".repeat((4 - (text.length % 4)) % 4)
}

/**
 * Strict inverse of {@link base64}: padded, no other letters, no spare bits set.
 * @throws {MalformedPacketError}
 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const bare = text.replace(/={1,2}$/, "")
  if (text.length % 4 !== 0 || text.length - bare.length !== (4 - (bare.length % 4)) % 4) {
    throw malformed()
  }
  if (/[-_]/.test(bare)) throw malformed()
  try {
    return fromBase64url(bare.replaceAll("+", "-").replaceAll("/", "_"))
  } catch (error) {
    if (error instanceof UsageError) throw malformed()
    throw error
  }
}

function malformed(): MalformedPacketError {
  return new MalformedPacketError("Malformed packet: the payload is not base64 with padding.")
}
