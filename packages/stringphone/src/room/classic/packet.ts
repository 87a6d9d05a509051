import { concat, decodeAll, type Reader, sameBytes } from "../../bytes/index.js"
import * as crypto from "../../crypto/index.js"
import { base64, fromBase64 } from "./base64.js"
import { MalformedPacketError } from "./errors.js"
import { type Introduction, introductionFields, readIntroduction } from "./wire/introduction.js"
import { type KeyTransport, keyTransportFields, readKeyTransport } from "./wire/key-transport.js"
import { readRoomJoin, type RoomJoin, roomJoinFields } from "./wire/room-join.js"
import { readRoomMessage, type RoomMessage, roomMessageFields } from "./wire/room-message.js"

/** Everything that travels in a classic room. */
export type Packet = Introduction | RoomJoin | KeyTransport | RoomMessage

/** A packet that nobody has signed yet. */
export type Unsigned<P extends Packet> = P extends Packet ? Omit<P, "signature"> : never

const opcodes = {
  introduction: "00",
  "room-join": "01",
  "key-transport": "02",
  "room-message": "03",
} as const

const readers: Record<string, (r: Reader, signature: Uint8Array) => Packet> = {
  "00": readIntroduction,
  "01": readRoomJoin,
  "02": readKeyTransport,
  "03": readRoomMessage,
}

/**
 * Packet, spec/room-classic.md §3: opcode, then base64 of signature and fields.
 *
 *   0        2
 *   +--------+-----------------------------------------+
 *   | opcode | base64, padded                          |
 *   | "00" … | of: signature 64 bytes ‖ signed fields  |
 *   +--------+-----------------------------------------+
 */
export function encodePacket(packet: Packet): string {
  return opcodes[packet.kind] + base64(concat(packet.signature, signedBytes(packet)))
}

/** Parts only; nothing is verified or opened. @throws {MalformedPacketError} */
export function decodePacket(text: string): Packet {
  const opcode = text.slice(0, 2)
  const read = readers[opcode]
  if (!read) {
    throw new MalformedPacketError("Malformed packet: its opcode is none of 00, 01, 02, 03.") // [FLUTE-3-1]
  }
  const bytes = fromBase64(text.slice(2))
  return decodeAll(
    bytes,
    "packet",
    (r) => read(r, r.take(64, "signature")),
    (message) => new MalformedPacketError(message),
  ) // [FLUTE-3-3]
}

/** What a packet's signature covers: all fields behind it, and not the opcode. [FLUTE-3-4] */
export function signedBytes(packet: Unsigned<Packet>): Uint8Array {
  switch (packet.kind) {
    case "introduction":
      return introductionFields(packet)
    case "room-join":
      return roomJoinFields(packet)
    case "key-transport":
      return keyTransportFields(packet)
    case "room-message":
      return roomMessageFields(packet)
  }
}

/** Whose packet it claims to be, 32 bytes; `null` for a room message, which names nobody. */
export function claimedIdentity(packet: Packet): Uint8Array | null {
  if (packet.kind === "room-message") return null
  return packet.kind === "key-transport" ? packet.captainIdentityKey : packet.identityKey
}

/**
 * Whether this identity signed the packet; without one, whether the one that it names did. A room
 * message names nobody: without `identityKey` the answer is `false`.
 *
 * @param identityKey Ed25519, 32 bytes
 */
export function verifyPacket(packet: Packet, identityKey?: Uint8Array): boolean {
  const claimed = claimedIdentity(packet)
  const signer = identityKey ?? claimed
  if (signer?.length !== 32) return false
  if (claimed && !sameBytes(claimed, signer)) return false
  return crypto.verify(packet.signature, signedBytes(packet), signer)
}
