import { concat, decodeAll, u8 } from "../../../bytes/index.js"
import { MalformedMessageError } from "../errors.js"

/** "r" */
export const replyType = 0x72

export interface Reply {
  /** Participant ID of the joiner. */
  readonly recipientId: Uint8Array
  /** Nonce 24 ‖ NaCl box 48 of the topic key. */
  readonly encryptedTopicKey: Uint8Array
  /** The sender's X25519 key. */
  readonly encryptionKey: Uint8Array
  /** The sender's Ed25519 key. Nothing proves it: the reply is not signed. */
  readonly signingKey: Uint8Array
}

/**
 * Introduction reply, spec/topic-classic.md §3.3. Holder of the topic key → joiner.
 *
 *   0      1              17                    89               121           153
 *   +------+--------------+---------------------+----------------+-------------+
 *   | type | recipient ID | encrypted topic key | encryption key | signing key |
 *   | "r"  | 16 bytes     | 72 bytes            | 32 bytes       | 32 bytes    |
 *   +------+--------------+---------------------+----------------+-------------+
 */
export function encodeReply(reply: Reply): Uint8Array<ArrayBuffer> {
  const { recipientId, encryptedTopicKey, encryptionKey, signingKey } = reply
  return concat(u8(replyType), recipientId, encryptedTopicKey, encryptionKey, signingKey)
}

/** The parts are views of `bytes`. @throws {MalformedMessageError} */
export function decodeReply(bytes: Uint8Array): Reply {
  // [CLASSIC-3.3-1]
  return decodeAll(
    bytes,
    "introduction reply",
    (r) => {
      r.expect(replyType, "type")
      return {
        recipientId: r.take(16, "recipient ID"),
        encryptedTopicKey: r.take(72, "encrypted topic key"),
        encryptionKey: r.take(32, "encryption key"),
        signingKey: r.take(32, "signing key"),
      }
    },
    (message) => new MalformedMessageError(message),
  )
}
