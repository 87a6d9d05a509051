// Two people at the door of a room: what their machines need, made of readable secrets.
import { fromHex } from "../../src/bytes/index.js"
import { exchangePublicKey } from "../../src/crypto/index.js"
import { Identity } from "../../src/identity/index.js"
import { makeCredential } from "../../src/room/credential.js"
import { newRoomKey, type RoomKey } from "../../src/room/room-key.js"
import type { RoomSettings } from "../../src/room/wire/settings.js"
import points from "../vectors/crypto/x25519-low-order.json" with { type: "json" }

/** So many bytes alike. */
export const bytes = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte)
export const roomId: Uint8Array = bytes(16, 0x52)

export interface Person {
  readonly identity: Identity
  readonly roomKey: RoomKey
  readonly roomExchangeSecret: Uint8Array
  readonly roomExchangeKey: Uint8Array
  /** Of a signed room, and of a deniable one. */
  readonly signed: Uint8Array
  readonly deniable: Uint8Array
}

/** @param number all secrets are made of it; below 60 */
export function person(number: number, ownName = `person ${number}`): Person {
  const identity = new Identity(bytes(32, number))
  const roomKey = newRoomKey(bytes(32, number + 64))
  const roomExchangeSecret = bytes(32, number + 128)
  const roomExchangeKey = exchangePublicKey(roomExchangeSecret)
  const of = { roomId, roomKey: roomKey.publicKey, ownName, roomExchangeKey }
  return {
    ...{ identity, roomKey, roomExchangeSecret, roomExchangeKey },
    signed: makeCredential(identity, { ...of, isDeniable: false }),
    deniable: makeCredential(identity, { ...of, isDeniable: true }),
  }
}

export const alice: Person = person(1, "alice")
export const bob: Person = person(2, "bob")
export const mallory: Person = person(3, "mallory")

export function settingsOf(captain: Person, isDeniable = false): RoomSettings {
  const { publicKey } = captain.roomKey
  return { isDeniable, captainKey: publicKey, term: 1, takeovers: 0, title: "kitchen" }
}

/** X25519 public keys that hide nothing. */
export const lowOrder: readonly Uint8Array[] = points.lowOrder.map(({ point }) => fromHex(point))
