import { decodeAll } from "../../../bytes/index.js"
import { MalformedMessageError } from "../errors.js"

/** "s" */
export const simpleType = 0x73

/** Bytes over the payload: type 1, signature 64, sender ID 16, nonce 24, tag 16. */
export const simpleOverheadBytes = 121

export interface SimpleMessage {
  /** Ed25519, over `signed`. */
  readonly signature: Uint8Array
  /** Sender ID ‖ nonce ‖ box. */
  readonly signed: Uint8Array
  readonly senderId: Uint8Array
  readonly nonce: Uint8Array
  /** NaCl secretbox: tag 16 ‖ ciphertext. */
  readonly box: Uint8Array
}

/**
 * Simple message, spec/topic-classic.md §3.1. Anyone → everyone.
 *
 *   0      1           65          81      105
 *   +------+-----------+-----------+-------+------------------+
 *   | type | signature | sender ID | nonce | secretbox        |
 *   | "s"  | 64 bytes  | 16 bytes  | 24 b. | 16 + n bytes     |
 *   +------+-----------+-----------+-------+------------------+
 *                      |<---------- signed ---------->|
 *
 * The parts are filled in their place, without copies, in the order of the interface.
 */
export function encodeSimple(
  senderId: Uint8Array,
  payloadBytes: number,
  fill: SimpleFilling,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(simpleOverheadBytes + payloadBytes)
  const nonce = bytes.subarray(81, 105)
  bytes[0] = simpleType
  bytes.set(senderId, 65)
  fill.nonce(nonce)
  fill.seal(bytes.subarray(105), nonce)
  bytes.set(fill.sign(bytes.subarray(65)), 1)
  return bytes
}

/** Who fills the parts of a simple message that need keys or random bytes. */
export interface SimpleFilling {
  nonce(out: Uint8Array): void
  seal(box: Uint8Array, nonce: Uint8Array): void
  /** @returns 64 bytes */
  sign(signed: Uint8Array): Uint8Array
}

/** The parts are views of `bytes`. @throws {MalformedMessageError} */
export function decodeSimple(bytes: Uint8Array): SimpleMessage {
  return decodeAll(
    bytes,
    "simple message",
    (r) => {
      r.expect(simpleType, "type")
      const signature = r.take(64, "signature")
      const senderId = r.take(16, "sender ID")
      const nonce = r.take(24, "nonce")
      const box = r.rest("secretbox", 16) // [CLASSIC-3.1-2]
      // Everything behind the signature is signed; the type in front is not. [CLASSIC-3.1-3]
      return { signature, signed: bytes.subarray(65), senderId, nonce, box }
    },
    (message) => new MalformedMessageError(message),
  )
}
