// Ours behind the line protocol of room.py: the same questions, the same answers.
import { hex, PeerError } from "../../src/bytes/index.js"
import { Identity } from "../../src/identity/index.js"
import {
  answerKnock,
  type AttemptKeys,
  newAttempt,
  openAnswer,
  openGrant,
  openRequest,
  sealAnswer,
  sealGrant,
} from "../../src/room/attempt.js"
import {
  type CredentialOptions,
  isCredentialValid,
  makeCredential,
} from "../../src/room/credential.js"
import { roomDigits } from "../../src/room/digits.js"
import { makeProof, proofKey } from "../../src/room/proof.js"
import * as roomKey from "../../src/room/room-key.js"
import { deriveSlotKey, openEntry, openOrder, sealEntry, sealOrder } from "../../src/room/slot.js"
import { decodeAnswerFields, encodeAnswer, encodeAnswerFields } from "../../src/room/wire/answer.js"
import { encodeBehind } from "../../src/room/wire/behind.js"
import { encodeClaim } from "../../src/room/wire/claim.js"
import { encodeCommitPacket } from "../../src/room/wire/commit.js"
import { decodeCommitData, encodeCommitData } from "../../src/room/wire/commit-data.js"
import {
  type Credential,
  decodeCredential,
  encodeCredential,
} from "../../src/room/wire/credential.js"
import { encodeEntry } from "../../src/room/wire/entry.js"
import { decodeEntryData, encodeEntryData } from "../../src/room/wire/entry-data.js"
import { decodeGrantFields, encodeGrant, encodeGrantFields } from "../../src/room/wire/grant.js"
import { encodeKnock } from "../../src/room/wire/knock.js"
import { encodeMessagePacket, messageId } from "../../src/room/wire/message.js"
import { decodeOfferFields, encodeOffer, encodeOfferFields } from "../../src/room/wire/offer.js"
import { decodeOrderFields, encodeOrder, encodeOrderFields } from "../../src/room/wire/order.js"
import { decodeRoomPacket, type RoomPacket } from "../../src/room/wire/packet.js"
import { decodePayload, encodePayload } from "../../src/room/wire/payload.js"
import {
  decodeRequestFields,
  encodeRequest,
  encodeRequestFields,
} from "../../src/room/wire/request.js"
import { decodeSettings, encodeSettings } from "../../src/room/wire/settings.js"
import type { SlotHeader } from "../../src/room/wire/slot-box.js"
import { type Answer, type Ask, fromJson, toJson } from "./json.js"

/** What is text; all other strings are bytes in hexadecimal. */
const textNames = new Set([
  ...["do", "format", "letter", "what", "kind", "step", "answer"],
  ...["reason", "ownName", "title", "text"],
])

/** What is asked, with bytes in place of hexadecimal; which of it there is, `do` tells. */
interface Fields extends CredentialOptions, AttemptKeys, SlotHeader {
  readonly format: string
  readonly letter: string
  readonly what: string
  /** Of the type that format or signature needs. */
  readonly value: never
  readonly of: never
  readonly authenticator: Uint8Array
  readonly bytes: Uint8Array
  readonly box: Uint8Array
  readonly content: Uint8Array
  readonly credential: Uint8Array
  readonly exported: Uint8Array
  readonly fields: Uint8Array
  readonly key: Uint8Array
  readonly captainSecret: Uint8Array
  readonly message: Uint8Array
  readonly newcomerSecret: Uint8Array
  readonly nonce: Uint8Array
  readonly other: Uint8Array
  readonly otherRoomKey: Uint8Array
  readonly own: Uint8Array
  readonly ownRoomKey: Uint8Array
  readonly publicKey: Uint8Array
  readonly roomExchangeSecret: Uint8Array
  readonly seed: Uint8Array
  readonly signature: Uint8Array
  readonly slotKey: Uint8Array
}

export interface Format {
  readonly encode: (value: never) => Uint8Array
  readonly decode: (bytes: Uint8Array) => unknown
}

export const formats: Readonly<Record<string, Format>> = {
  settings: { encode: encodeSettings, decode: decodeSettings },
  credential: { encode: encodeCredential, decode: decodeCredential },
  offer: { encode: encodeOfferFields, decode: decodeOfferFields },
  request: { encode: encodeRequestFields, decode: decodeRequestFields },
  answer: { encode: encodeAnswerFields, decode: decodeAnswerFields },
  grant: { encode: encodeGrantFields, decode: decodeGrantFields },
  entryData: { encode: encodeEntryData, decode: decodeEntryData },
  order: { encode: encodeOrderFields, decode: decodeOrderFields },
  commitData: { encode: encodeCommitData, decode: decodeCommitData },
  payload: { encode: encodePayload, decode: decodePayload },
  packet: { encode: encodePacket, decode: decodePacket },
}

function encodePacket(packet: RoomPacket): Uint8Array {
  switch (packet.kind) {
    case "knock":
      return encodeKnock(packet)
    case "offer":
      return encodeOffer(packet)
    case "request":
      return encodeRequest(packet)
    case "answer":
      return encodeAnswer(packet)
    case "grant":
      return encodeGrant(packet)
    case "entry":
      return encodeEntry(packet, packet.box)
    case "order":
      return encodeOrder(packet, packet.box)
    case "commit":
      return encodeCommitPacket(packet.mls)
    case "message":
      return encodeMessagePacket(packet.mls)
    case "behind":
      return encodeBehind(packet)
    case "claim":
      return encodeClaim(packet)
  }
}

/** Without `header`, which is made of the other fields. */
function decodePacket(bytes: Uint8Array): unknown {
  const packet = decodeRoomPacket(bytes)
  if (!packet) throw new PeerError("not-for-us", "It begins with another byte.")
  if (packet.kind !== "entry" && packet.kind !== "order") return packet
  const { header: _, ...fields } = packet
  return fields
}

const signers: Readonly<Record<string, (of: never, seed: Uint8Array) => Uint8Array>> = {
  offer: roomKey.signOffer,
  request: roomKey.signRequest,
  grant: roomKey.signGrant,
  order: roomKey.signOrder,
  vote: roomKey.signVote,
  branch: roomKey.signBranch,
}

type Verify = (of: never, signature: Uint8Array, publicKey: Uint8Array) => boolean

const verifiers: Readonly<Record<string, Verify>> = {
  offer: (of: object, signature, key) => roomKey.verifyOffer({ ...of, signature } as never, key),
  request: (of: object, signature, key) =>
    roomKey.verifyRequest({ ...of, roomKey: key, signature } as never),
  grant: roomKey.verifyGrant,
  order: roomKey.verifyOrder,
  vote: roomKey.verifyVote,
  branch: (of: object, signature, key) => roomKey.verifyBranch({ ...of, signature } as never, key),
}

/** Offers and requests are signed when they are sealed, and checked whole when they are opened. */
function sealBox({ fields, letter, nonce, ...ask }: Fields): Uint8Array {
  const keys = { ...ask, toNewcomer: ask.key }
  if (letter === "a") return sealAnswer(keys, decodeAnswerFields(fields), nonce)
  if (letter === "g") return sealGrant(keys, decodeGrantFields(fields), nonce)
  throw new Error("Only answers and grants are sealed here.")
}

function openBox({ key, letter, ...ask }: Fields): unknown {
  const keys = { ...ask, toCaptain: key, toNewcomer: key }
  if (letter === "a") return encodeAnswerFields(openAnswer(keys, ask)!)
  if (letter === "g") return encodeGrantFields(openGrant(keys, ask)!)
  return openRequest(keys, { roomId: ask.attempt, isDeniable: false }, ask)
}

const tasks: Readonly<Record<string, (ask: Fields) => object>> = {
  encode: ({ format, value }) => ({ bytes: formats[format]!.encode(value) }),
  decode: ({ bytes, format }) => ({ value: formats[format]!.decode(bytes) }),
  digits: ({ authenticator }) => ({ digits: roomDigits(authenticator) }),
  messageId: ({ message }) => ({ id: messageId(message) }),
  attempt: ({ captainSecret, newcomerSecret }) => {
    const { id, publicKey } = newAttempt(newcomerSecret)
    const keys = answerKnock(publicKey, captainSecret)
    if (!keys || hex(id) !== hex(keys.attempt)) throw new PeerError("low-order-key", "")
    return keys
  },
  sealBox: (ask) => ({ box: sealBox(ask).subarray(9) }),
  openBox: (ask) => ({ fields: openBox(ask) }),
  slotKey: ({ exported, grantId }) => ({ slotKey: deriveSlotKey(exported, grantId) }),
  sealSlot: ({ content, letter, nonce, slotKey, ...header }) => ({
    message:
      letter === "e"
        ? sealEntry(slotKey, header, content, nonce)
        : sealOrder(slotKey, header, decodeOrderFields(content), nonce),
  }),
  openSlot: ({ message, slotKey }) => {
    const packet = decodeRoomPacket(message)
    if (packet?.kind === "entry") return { content: openEntry(slotKey, packet) }
    if (packet?.kind !== "order") throw new PeerError("not-for-us", "It is of no slot.")
    return { content: encodeOrderFields(openOrder(slotKey, packet)) }
  },
  sign: ({ of, seed, what }) => ({ signature: signers[what]!(of, seed) }),
  verify: ({ of, publicKey, signature, what }) => {
    if (verifiers[what]!(of, signature, publicKey)) return {}
    throw new PeerError("bad-signature", "A wrong signature.")
  },
  credential: ({ seed, ...options }) => {
    const isDeniable = "roomExchangeKey" in options
    return { credential: makeCredential(new Identity(seed), { ...options, isDeniable }) }
  },
  checkCredential: ({ credential, isDeniable, roomId, roomKey: key }) => {
    const value = isCredentialValid(credential, roomId, key, isDeniable)
    if (value) return { value }
    throw new PeerError("bad-credential", "It does not fit.")
  },
  proof: ({ other, otherRoomKey, own, ownRoomKey, roomExchangeSecret, roomId, seed }) => {
    const identity = new Identity(seed)
    const [ours, others] = [decodeCredential(own), decodeCredential(other)]
    const key = proofKey({ identity, roomExchangeSecret }, ours, others, roomId)
    if (!key) throw new PeerError("no-proof", "These two share nothing.")
    const made = (sender: Credential, senderRoomKey: Uint8Array, receiverRoomKey: Uint8Array) => {
      const senderIdentityKey = sender.identityKey
      return makeProof(key, { senderIdentityKey, senderRoomKey, receiverRoomKey })
    }
    return {
      key,
      proof: made(ours, ownRoomKey, otherRoomKey),
      theirs: made(others, otherRoomKey, ownRoomKey),
    }
  },
}

/** What a peer does wrong is an `error`; whatever else is thrown fails the test. */
export function answer(ask: Ask): Answer {
  try {
    return toJson(tasks[ask.do]!(fromJson(ask, textNames) as Fields)) as Answer
  } catch (error) {
    if (error instanceof PeerError) return { error: `PeerError: ${error.code}` }
    throw error
  }
}
