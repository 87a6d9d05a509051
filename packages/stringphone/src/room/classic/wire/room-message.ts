import { concat, type Reader } from "../../../bytes/index.js"

/** What somebody said. It names nobody: whose key verifies it, said it. */
export interface RoomMessage {
  readonly kind: "room-message"
  /** Ed25519 by the speaker's identity key, over nonce and box. */
  readonly signature: Uint8Array
  /** 24 bytes. */
  readonly nonce: Uint8Array
  /** NaCl secretbox: tag 16 ‖ ciphertext n. */
  readonly box: Uint8Array
}

/**
 * Room message, opcode 03, spec/room-classic.md §4.4. Anyone in the room → everyone.
 *
 *   0           64         88               104 + n
 *   +-----------+----------+----------------+
 *   | signature | nonce    | secretbox      |
 *   | 64 bytes  | 24 bytes | 16 + n bytes   |
 *   +-----------+----------+----------------+
 *               |<-------- signed --------->|
 */
export function roomMessageFields(packet: Omit<RoomMessage, "signature">): Uint8Array {
  return concat(packet.nonce, packet.box)
}

export function readRoomMessage(r: Reader, signature: Uint8Array): RoomMessage {
  return {
    kind: "room-message",
    signature,
    nonce: r.take(24, "nonce"),
    box: r.rest("secretbox", 16),
  }
}
