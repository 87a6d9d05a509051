import type { Reader } from "../../../bytes/index.js"

/** Somebody's identity key, to one person. It asks to be trusted and proves possession alone. */
export interface Introduction {
  readonly kind: "introduction"
  /** Ed25519 by the identity key, over the identity key. */
  readonly signature: Uint8Array
  /** Ed25519, 32 bytes. */
  readonly identityKey: Uint8Array
}

/**
 * Introduction, opcode 00, spec/room-classic.md §4.1. Anyone → one nick.
 *
 *   0           64             96
 *   +-----------+--------------+
 *   | signature | identity key |
 *   | 64 bytes  | 32 bytes     |
 *   +-----------+--------------+
 *               |<-- signed -->|
 */
export function introductionFields(packet: Omit<Introduction, "signature">): Uint8Array {
  return packet.identityKey
}

export function readIntroduction(r: Reader, signature: Uint8Array): Introduction {
  return { kind: "introduction", signature, identityKey: r.take(32, "identity key") }
}
