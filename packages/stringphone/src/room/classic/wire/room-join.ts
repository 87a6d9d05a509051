import { concat, type Reader } from "../../../bytes/index.js"

/** Somebody asks the captain to be let in. */
export interface RoomJoin {
  readonly kind: "room-join"
  /** Ed25519 by the identity key, over both keys. */
  readonly signature: Uint8Array
  /** Ed25519, 32 bytes. */
  readonly identityKey: Uint8Array
  /** X25519, 32 bytes: the captain seals room message keys to it. */
  readonly participantKey: Uint8Array
}

/**
 * Room join, opcode 01, spec/room-classic.md §4.2. Joiner → everyone.
 *
 *   0           64             96                     128
 *   +-----------+--------------+----------------------+
 *   | signature | identity key | room participant key |
 *   | 64 bytes  | 32 bytes     | 32 bytes             |
 *   +-----------+--------------+----------------------+
 *               |<------------- signed -------------->|
 */
export function roomJoinFields(packet: Omit<RoomJoin, "signature">): Uint8Array {
  return concat(packet.identityKey, packet.participantKey)
}

export function readRoomJoin(r: Reader, signature: Uint8Array): RoomJoin {
  return {
    kind: "room-join",
    signature,
    identityKey: r.take(32, "identity key"),
    participantKey: r.take(32, "room participant key"),
  }
}
