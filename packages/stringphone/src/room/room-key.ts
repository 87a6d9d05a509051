import { concat, u32 } from "../bytes/index.js"
import { hash, sign, signingKeyPair, verify, withLabelled } from "../crypto/index.js"
import { type BranchProof, encodeUnsignedBranch } from "./wire/branch-proof.js"
import { leafNumber } from "./wire/fields.js"
import { encodeHeads } from "./wire/heads.js"
import { encodeUnsignedOffer, type OfferFields } from "./wire/offer.js"
import { encodeUnsignedRequest, type RequestFields } from "./wire/request.js"

/** The key that signs for one member in one room. [ROOM-1-2] */
export interface RoomKey {
  /** 32 bytes. Secret. */
  readonly seed: Uint8Array
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
}

/** @param seed 32 random bytes */
export function newRoomKey(seed: Uint8Array): RoomKey {
  return { seed: seed.slice(), publicKey: signingKeyPair(seed).publicKey.slice() }
}

/** The fresh keys of one attempt: X25519, 32 bytes each. */
export interface FreshKeys {
  /** E */
  readonly newcomerKey: Uint8Array
  /** O */
  readonly captainKey: Uint8Array
}

type UnsignedOffer = FreshKeys & Omit<OfferFields, "signature">

/** All signatures are made by the seed of a room key, and 64 bytes. [ROOM-3-1] */
export function signOffer(offer: UnsignedOffer, seed: Uint8Array): Uint8Array {
  return signLabelled("room offer", offerParts(offer), seed)
}

/** By the captain's room key. */
export function verifyOffer(offer: FreshKeys & OfferFields, publicKey: Uint8Array): boolean {
  return isSigned("room offer", offerParts(offer), offer.signature, publicKey)
}

function offerParts(offer: UnsignedOffer): Uint8Array[] {
  return [offer.newcomerKey, offer.captainKey, encodeUnsignedOffer(offer)]
}

type UnsignedRequest = FreshKeys & Omit<RequestFields, "signature" | "proof">

/** [ROOM-3-1] */
export function signRequest(request: UnsignedRequest, seed: Uint8Array): Uint8Array {
  return signLabelled("room request", requestParts(request), seed)
}

/** By the room key in the request itself. */
export function verifyRequest(request: FreshKeys & RequestFields): boolean {
  return isSigned("room request", requestParts(request), request.signature, request.roomKey)
}

function requestParts(request: UnsignedRequest): Uint8Array[] {
  return [request.newcomerKey, request.captainKey, encodeUnsignedRequest(request)]
}

/** For whom a slot is open, and when. [ROOM-3-5] */
export interface Grant {
  /** 16 bytes. */
  readonly roomId: Uint8Array
  readonly epoch: number
  /** 16 bytes. */
  readonly grantId: Uint8Array
  /** The newcomer's: Ed25519, 32 bytes. */
  readonly roomKey: Uint8Array
  /** The newcomer's, encoded. */
  readonly credential: Uint8Array
  readonly formerLeaf: number | null
}

/** [ROOM-3-5] */
export function signGrant(grant: Grant, seed: Uint8Array): Uint8Array {
  return signLabelled("room grant", grantParts(grant), seed)
}

/** By the captain's room key. */
export function verifyGrant(grant: Grant, signature: Uint8Array, publicKey: Uint8Array): boolean {
  return isSigned("room grant", grantParts(grant), signature, publicKey)
}

function grantParts(grant: Grant): Uint8Array[] {
  const { credential, epoch, formerLeaf, grantId, roomId, roomKey } = grant
  const newcomer = hash(concat(roomKey, credential))
  return [roomId, u32(epoch), grantId, newcomer, u32(leafNumber(formerLeaf))]
}

/** Which entry counts. [ROOM-3-8] */
export interface Order {
  /** 16 bytes. */
  readonly roomId: Uint8Array
  readonly epoch: number
  /** 16 bytes. */
  readonly grantId: Uint8Array
  /** 32 bytes. */
  readonly commitHash: Uint8Array
  readonly heads: readonly Uint8Array[]
}

/** [ROOM-3-8] */
export function signOrder(order: Order, seed: Uint8Array): Uint8Array {
  return signLabelled("room order", orderParts(order), seed)
}

/** By the captain's room key. */
export function verifyOrder(order: Order, signature: Uint8Array, publicKey: Uint8Array): boolean {
  return isSigned("room order", orderParts(order), signature, publicKey)
}

function orderParts({ commitHash, epoch, grantId, heads, roomId }: Order): Uint8Array[] {
  return [roomId, u32(epoch), grantId, commitHash, encodeHeads(heads)]
}

/** Who shall be captain. [ROOM-7-2] */
export interface Vote {
  /** 16 bytes. */
  readonly roomId: Uint8Array
  readonly epoch: number
  /** Of that epoch, 8 bytes. */
  readonly auth8: Uint8Array
  readonly term: number
  /** The candidate's room key: Ed25519, 32 bytes. */
  readonly candidateKey: Uint8Array
}

/** [ROOM-7-2] */
export function signVote(vote: Vote, seed: Uint8Array): Uint8Array {
  return signLabelled("room vote", voteParts(vote), seed)
}

/** By the voter's room key. */
export function verifyVote(vote: Vote, signature: Uint8Array, publicKey: Uint8Array): boolean {
  return isSigned("room vote", voteParts(vote), signature, publicKey)
}

function voteParts({ auth8, candidateKey, epoch, roomId, term }: Vote): Uint8Array[] {
  return [roomId, u32(epoch), auth8, u32(term), candidateKey]
}

/** Where the step of a branch proof begins. */
export interface BranchPoint {
  /** 16 bytes. */
  readonly roomId: Uint8Array
  /** The epoch before the step. */
  readonly from: number
}

type UnsignedBranch = BranchPoint & Omit<BranchProof, "signature">

/** [ROOM-7-1] */
export function signBranch(branch: UnsignedBranch, seed: Uint8Array): Uint8Array {
  return signLabelled("room branch", branchParts(branch), seed)
}

/** By the room key of who made the step. */
export function verifyBranch(branch: BranchPoint & BranchProof, publicKey: Uint8Array): boolean {
  return isSigned("room branch", branchParts(branch), branch.signature, publicKey)
}

function branchParts(branch: UnsignedBranch): Uint8Array[] {
  return [branch.roomId, u32(branch.from), encodeUnsignedBranch(branch)]
}

function signLabelled(label: string, parts: readonly Uint8Array[], seed: Uint8Array): Uint8Array {
  const { secretKey } = signingKeyPair(seed)
  return withLabelled(label, parts, (message) => sign(message, secretKey))
}

function isSigned(
  label: string,
  parts: readonly Uint8Array[],
  signature: Uint8Array,
  publicKey: Uint8Array,
): boolean {
  return withLabelled(label, parts, (message) => verify(signature, message, publicKey))
}
