import { sameBytes } from "../bytes/index.js"
import type { MemberFacts } from "./effects.js"
import type { Leaf } from "./mls/group.js"
import { type Credential, decodeCredential } from "./wire/credential.js"

/** A leaf with its credential read. The group has checked that they fit each other. */
export interface Seat extends MemberFacts {
  readonly credential: Credential
}

export function seatOf(leaf: Leaf): Seat {
  const credential = decodeCredential(leaf.credential)
  return {
    leaf: leaf.index,
    roomKey: leaf.signatureKey,
    identityKey: credential.identityKey,
    ownName: credential.ownName,
    credential,
  }
}

/** `before`: seats of an older epoch; a leaf that is still the same is not read again. */
export function seatsOf(leaves: readonly Leaf[], before: readonly Seat[] = []): readonly Seat[] {
  const known = new Map(before.map((seat) => [seat.roomKey, seat]))
  return leaves.map((leaf) => {
    const seat = known.get(leaf.signatureKey)
    return seat?.leaf === leaf.index ? seat : seatOf(leaf)
  })
}

/** Those of `seats` whose room key nobody in `others` has. */
export function seatsNotIn(seats: readonly Seat[], others: readonly Seat[]): readonly Seat[] {
  const stayed = new Set(others)
  return seats.filter((seat) => !stayed.has(seat) && !seatByKey(others, seat.roomKey))
}

export function seatByKey(seats: readonly Seat[], roomKey: Uint8Array): Seat | null {
  return seats.find((seat) => sameBytes(seat.roomKey, roomKey)) ?? null
}

export function seatByLeaf(seats: readonly Seat[], leaf: number): Seat | null {
  return seats.find((seat) => seat.leaf === leaf) ?? null
}

export function seatByIdentity(seats: readonly Seat[], identityKey: Uint8Array): Seat | null {
  return seats.find((seat) => sameBytes(seat.identityKey, identityKey)) ?? null
}

/** [ROOM-1-4] */
export function hasOneSeatEach(seats: readonly Seat[]): boolean {
  return seats.every((seat) => seatByIdentity(seats, seat.identityKey) === seat)
}

/** Room keys by leaf; `null` where a leaf is empty. */
export function roomKeysOf(seats: readonly Seat[]): readonly (Uint8Array | null)[] {
  const keys: (Uint8Array | null)[] = []
  for (const { leaf, roomKey } of seats) {
    while (keys.length < leaf) keys.push(null)
    keys[leaf] = roomKey
  }
  return keys
}

/** More than half of `of`. */
export function isMajority(count: number, of: number): boolean {
  return count * 2 > of
}
