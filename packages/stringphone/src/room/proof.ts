import { concat } from "../bytes/index.js"
import { authenticate, derive, equal, exchange, labelled } from "../crypto/index.js"
import type { Identity } from "../identity/index.js"
import type { Credential, DeniableCredential } from "./wire/credential.js"

/** What only we have, of a deniable room. */
export interface OwnProofKeys {
  readonly identity: Identity
  /** X25519, 32 bytes. */
  readonly roomExchangeSecret: Uint8Array
}

const proofBytes = 16

/**
 * What the two of us share, 32 bytes; either could have computed it alone, so it proves nothing to
 * others. [ROOM-9-2]
 *
 * @returns `null` when there is none: a credential is not of a deniable room, both are one identity,
 * or a key is of low order
 */
export function proofKey(
  own: OwnProofKeys,
  ownCredential: Credential,
  other: Credential,
  roomId: Uint8Array,
): Uint8Array | null {
  if (ownCredential.kind !== "deniable" || other.kind !== "deniable") return null
  const order = compareBytes(ownCredential.identityKey, other.identityKey)
  if (order === 0) return null
  const ownLongTerm = own.identity.exchange(other.roomExchangeKey)
  const otherLongTerm = exchange(own.roomExchangeSecret, other.exchangeKey)
  const ofRoom = exchange(own.roomExchangeSecret, other.roomExchangeKey)
  if (!ownLongTerm || !otherLongTerm || !ofRoom) return null // [ROOM-0-1]
  const isFirst = order < 0
  const secret = isFirst
    ? concat(ownLongTerm, otherLongTerm, ofRoom)
    : concat(otherLongTerm, ownLongTerm, ofRoom)
  const [first, second] = isFirst ? [ownCredential, other] : [other, ownCredential]
  const key = derive(secret, roomId, proofInfo(first, second), 32)
  secret.fill(0)
  return key
}

function proofInfo(first: DeniableCredential, second: DeniableCredential): Uint8Array {
  return labelled(
    "room proof key",
    first.identityKey,
    second.identityKey,
    first.roomExchangeKey,
    second.roomExchangeKey,
  )
}

/** Who proves itself to whom. */
export interface ProofParties {
  /** Ed25519, 32 bytes. */
  readonly senderIdentityKey: Uint8Array
  /** Ed25519, 32 bytes. */
  readonly senderRoomKey: Uint8Array
  /** Ed25519, 32 bytes. */
  readonly receiverRoomKey: Uint8Array
}

/** 16 bytes. [ROOM-9-2] */
export function makeProof(key: Uint8Array, parties: ProofParties): Uint8Array {
  const { receiverRoomKey, senderIdentityKey, senderRoomKey } = parties
  const message = labelled("room proof", senderIdentityKey, senderRoomKey, receiverRoomKey)
  return authenticate(message, key).slice(0, proofBytes)
}

/** In constant time. */
export function isProof(proof: Uint8Array, key: Uint8Array, parties: ProofParties): boolean {
  return equal(proof, makeProof(key, parties))
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return 0
}
