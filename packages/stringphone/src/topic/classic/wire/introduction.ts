import { concat, decodeAll, u8 } from "../../../bytes/index.js"
import { MalformedMessageError } from "../errors.js"

/** "i" */
export const introductionType = 0x69

export interface Introduction {
  /** The joiner's Ed25519 key. */
  readonly signingKey: Uint8Array
  /** Ed25519, over the encryption key alone. */
  readonly signature: Uint8Array
  /** The joiner's X25519 key, for the reply. */
  readonly encryptionKey: Uint8Array
}

/**
 * Introduction, spec/topic-classic.md §3.2. Joiner → everyone.
 *
 *   0      1             33          97               129
 *   +------+-------------+-----------+----------------+
 *   | type | signing key | signature | encryption key |
 *   | "i"  | 32 bytes    | 64 bytes  | 32 bytes       |
 *   +------+-------------+-----------+----------------+
 */
export function encodeIntroduction(introduction: Introduction): Uint8Array<ArrayBuffer> {
  const { signingKey, signature, encryptionKey } = introduction
  return concat(u8(introductionType), signingKey, signature, encryptionKey)
}

/** The parts are views of `bytes`. @throws {MalformedMessageError} */
export function decodeIntroduction(bytes: Uint8Array): Introduction {
  // [CLASSIC-3.2-1]
  return decodeAll(
    bytes,
    "introduction",
    (r) => {
      r.expect(introductionType, "type")
      return {
        signingKey: r.take(32, "signing key"),
        signature: r.take(64, "signature"),
        encryptionKey: r.take(32, "encryption key"),
      }
    },
    (message) => new MalformedMessageError(message),
  )
}
