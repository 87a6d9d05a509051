import { concat, PeerError, sameBytes, u8 } from "../bytes/index.js"
import { derive, exchange, exchangePublicKey, hash, labelled, open, seal } from "../crypto/index.js"
import { isCredentialValid } from "./credential.js"
import { type FreshKeys, signOffer, signRequest, verifyOffer, verifyRequest } from "./room-key.js"
import {
  type AnswerFields,
  answerType,
  decodeAnswerFields,
  encodeAnswer,
  encodeAnswerFields,
} from "./wire/answer.js"
import type { AttemptBox } from "./wire/attempt-box.js"
import type { Credential } from "./wire/credential.js"
import {
  decodeGrantFields,
  encodeGrant,
  encodeGrantFields,
  type GrantFields,
  grantType,
} from "./wire/grant.js"
import {
  decodeOfferFields,
  encodeOffer,
  encodeOfferFields,
  type Offer,
  type OfferFields,
  offerType,
} from "./wire/offer.js"
import {
  decodeRequestFields,
  encodeRequest,
  encodeRequestFields,
  type RequestFields,
  requestType,
} from "./wire/request.js"
import { decodeSettings, type RoomSettings } from "./wire/settings.js"

/** A newcomer's: one knock, to which several may answer. */
export interface Attempt {
  /** 8 bytes. */
  readonly id: Uint8Array
  /** X25519, 32 bytes. */
  readonly secretKey: Uint8Array
  /** E: X25519, 32 bytes. */
  readonly publicKey: Uint8Array
}

/** What a newcomer and one captain share. Secret. */
export interface AttemptKeys extends FreshKeys {
  /** 8 bytes. */
  readonly attempt: Uint8Array
  /** 32 bytes. */
  readonly toCaptain: Uint8Array
  /** 32 bytes. */
  readonly toNewcomer: Uint8Array
}

/** Names the attempt of E: 8 bytes. [ROOM-3] */
export function attemptOf(newcomerKey: Uint8Array): Uint8Array {
  return hash(newcomerKey).slice(0, 8)
}

/** @param random 32 bytes */
export function newAttempt(random: Uint8Array): Attempt {
  const publicKey = exchangePublicKey(random)
  return { id: attemptOf(publicKey), secretKey: random.slice(), publicKey }
}

/**
 * The captain's side of a knock.
 *
 * @param random 32 bytes: the secret of O
 * @returns `null` when E is of low order: nobody can read an answer
 */
export function answerKnock(newcomerKey: Uint8Array, random: Uint8Array): AttemptKeys | null {
  const captainKey = exchangePublicKey(random)
  return attemptKeys(exchange(random, newcomerKey), { newcomerKey, captainKey })
}

function attemptKeys(shared: Uint8Array | null, keys: FreshKeys): AttemptKeys | null {
  if (!shared) return null // [ROOM-0-1]
  const salt = concat(keys.newcomerKey, keys.captainKey)
  return {
    ...keys,
    attempt: attemptOf(keys.newcomerKey),
    toCaptain: derive(shared, salt, labelled("room request key"), 32),
    toNewcomer: derive(shared, salt, labelled("room offer key"), 32),
  }
}

/** @returns an offer, to send */
export function sealOffer(
  keys: AttemptKeys,
  unsigned: Omit<OfferFields, "signature">,
  roomSeed: Uint8Array,
  nonce: Uint8Array,
): Uint8Array {
  const { attempt, captainKey } = keys
  const signature = signOffer({ ...keys, ...unsigned }, roomSeed)
  const fields = encodeOfferFields({ ...unsigned, signature })
  const box = sealBox(offerType, attempt, keys.toNewcomer, fields, nonce)
  return encodeOffer({ attempt, captainKey, box })
}

/** A genuine offer. */
export interface OpenedOffer {
  /** For what follows with this captain. */
  readonly keys: AttemptKeys
  readonly fields: OfferFields
  readonly settings: RoomSettings
  /** The captain's. In a deniable room nothing proves it before the grant does. */
  readonly credential: Credential
}

/**
 * @returns `null` when it answers another knock
 * @throws {PeerError} `low-order-key`, `not-authentic`, `malformed`, `bad-signature`, `bad-credential`
 */
export function openOffer(attempt: Attempt, offer: Offer): OpenedOffer | null {
  if (!sameBytes(offer.attempt, attempt.id)) return null
  const { captainKey } = offer
  const shared = exchange(attempt.secretKey, captainKey)
  const keys = attemptKeys(shared, { newcomerKey: attempt.publicKey, captainKey })
  if (!keys)
    throw new PeerError("low-order-key", "The key of an offer hides nothing; it was refused.")
  const fields = decodeOfferFields(openBox(offerType, offer, keys.toNewcomer))
  const settings = decodeSettings(fields.settings)
  if (!verifyOffer({ ...keys, ...fields }, settings.captainKey)) throw badSignature("offer") // [ROOM-3-1]
  const credential = fittingCredential(
    fields.credential,
    fields.roomId,
    settings.captainKey,
    settings.isDeniable,
  ) // [ROOM-3-3]
  return { keys, fields, settings, credential }
}

/** @returns a request, to send */
export function sealRequest(
  keys: AttemptKeys,
  unsigned: Omit<RequestFields, "signature">,
  roomSeed: Uint8Array,
  nonce: Uint8Array,
): Uint8Array {
  const signature = signRequest({ ...keys, ...unsigned }, roomSeed)
  const fields = encodeRequestFields({ ...unsigned, signature })
  const { attempt, toCaptain } = keys
  return encodeRequest({ attempt, box: sealBox(requestType, attempt, toCaptain, fields, nonce) })
}

/** A genuine request. */
export interface OpenedRequest {
  readonly fields: RequestFields
  /** The newcomer's. In a deniable room nothing proves it but `fields.proof`, to be checked. */
  readonly credential: Credential
}

/**
 * @returns `null` when it is of another attempt
 * @throws {PeerError} `not-authentic`, `malformed`, `bad-signature`, `bad-credential`
 */
export function openRequest(
  keys: AttemptKeys,
  room: { readonly roomId: Uint8Array; readonly isDeniable: boolean },
  request: AttemptBox,
): OpenedRequest | null {
  if (!sameBytes(request.attempt, keys.attempt)) return null
  const fields = decodeRequestFields(openBox(requestType, request, keys.toCaptain))
  if (!verifyRequest({ ...keys, ...fields })) throw badSignature("request") // [ROOM-3-1]
  const { credential, roomKey } = fields
  const { isDeniable, roomId } = room
  return { fields, credential: fittingCredential(credential, roomId, roomKey, isDeniable) }
}

/** @returns an answer, to send */
export function sealAnswer(keys: AttemptKeys, fields: AnswerFields, nonce: Uint8Array): Uint8Array {
  const { attempt, toNewcomer } = keys
  const encoded = encodeAnswerFields(fields)
  return encodeAnswer({ attempt, box: sealBox(answerType, attempt, toNewcomer, encoded, nonce) })
}

/**
 * @returns `null` when it is of another attempt
 * @throws {PeerError} `not-authentic`, `malformed`
 */
export function openAnswer(keys: AttemptKeys, answer: AttemptBox): AnswerFields | null {
  if (!sameBytes(answer.attempt, keys.attempt)) return null
  return decodeAnswerFields(openBox(answerType, answer, keys.toNewcomer))
}

/** @returns a grant, to send */
export function sealGrant(keys: AttemptKeys, fields: GrantFields, nonce: Uint8Array): Uint8Array {
  const { attempt, toNewcomer } = keys
  const encoded = encodeGrantFields(fields)
  return encodeGrant({ attempt, box: sealBox(grantType, attempt, toNewcomer, encoded, nonce) })
}

/**
 * Its signature and proof are not checked: the first is over the epoch, which the GroupInfo tells.
 *
 * @returns `null` when it is of another attempt
 * @throws {PeerError} `not-authentic`, `malformed`
 */
export function openGrant(keys: AttemptKeys, grant: AttemptBox): GrantFields | null {
  if (!sameBytes(grant.attempt, keys.attempt)) return null
  return decodeGrantFields(openBox(grantType, grant, keys.toNewcomer))
}

/** Nonce 24 ‖ sealed. */
function sealBox(
  type: number,
  attempt: Uint8Array,
  key: Uint8Array,
  fields: Uint8Array,
  nonce: Uint8Array,
): Uint8Array {
  return concat(nonce, seal(fields, nonce, key, concat(u8(type), attempt)))
}

function openBox(type: number, { attempt, box }: AttemptBox, key: Uint8Array): Uint8Array {
  const associatedData = concat(u8(type), attempt)
  const fields = open(box.subarray(24), box.subarray(0, 24), key, associatedData)
  if (fields) return fields
  throw new PeerError(
    "not-authentic",
    "A message about entering a room was changed on the way, or is by somebody else. It was dropped.",
  )
}

function fittingCredential(
  encoded: Uint8Array,
  roomId: Uint8Array,
  roomKey: Uint8Array,
  isDeniable: boolean,
): Credential {
  const credential = isCredentialValid(encoded, roomId, roomKey, isDeniable)
  if (credential) return credential
  throw new PeerError(
    "bad-credential",
    "Somebody showed a credential that is not theirs, or of another room. Do not go on with them.",
  )
}

function badSignature(what: string): PeerError {
  return new PeerError(
    "bad-signature",
    `The signature of a room's ${what} is wrong. It was dropped.`,
  )
}
