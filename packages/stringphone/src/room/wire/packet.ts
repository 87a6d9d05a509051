import { answerType, decodeAnswer } from "./answer.js"
import type { AttemptBox } from "./attempt-box.js"
import { type Behind, behindType, decodeBehind } from "./behind.js"
import { type Claim, claimType, decodeClaim } from "./claim.js"
import { commitType, decodeCommitPacket } from "./commit.js"
import { decodeEntry, entryType } from "./entry.js"
import { decodeGrant, grantType } from "./grant.js"
import { decodeKnock, type Knock, knockType } from "./knock.js"
import { decodeMessagePacket, messageType } from "./message.js"
import type { FramedMls } from "./mls-framing.js"
import { decodeOffer, type Offer, offerType } from "./offer.js"
import { decodeOrder, orderType } from "./order.js"
import { decodeRequest, requestType } from "./request.js"
import type { SlotBox } from "./slot-box.js"

/** A message of a room, as far as it reads without keys. */
export type RoomPacket =
  | ({ readonly kind: "knock" } & Knock)
  | ({ readonly kind: "offer" } & Offer)
  | ({ readonly kind: "request" } & AttemptBox)
  | ({ readonly kind: "answer" } & AttemptBox)
  | ({ readonly kind: "grant" } & AttemptBox)
  | ({ readonly kind: "entry" } & SlotBox)
  | ({ readonly kind: "order" } & SlotBox)
  | ({ readonly kind: "commit" } & FramedMls)
  | ({ readonly kind: "message" } & FramedMls)
  | ({ readonly kind: "behind" } & Behind)
  | ({ readonly kind: "claim" } & Claim)

/**
 * @returns `null`: not for us, it begins with another byte [ROOM-0-1]
 * @throws {PeerError} `malformed`
 */
export function decodeRoomPacket(bytes: Uint8Array): RoomPacket | null {
  switch (bytes[0]) {
    case knockType:
      return { kind: "knock", ...decodeKnock(bytes) }
    case offerType:
      return { kind: "offer", ...decodeOffer(bytes) }
    case requestType:
      return { kind: "request", ...decodeRequest(bytes) }
    case answerType:
      return { kind: "answer", ...decodeAnswer(bytes) }
    case grantType:
      return { kind: "grant", ...decodeGrant(bytes) }
    case entryType:
      return { kind: "entry", ...decodeEntry(bytes) }
    case orderType:
      return { kind: "order", ...decodeOrder(bytes) }
    case commitType:
      return { kind: "commit", ...decodeCommitPacket(bytes) }
    case messageType:
      return { kind: "message", ...decodeMessagePacket(bytes) }
    case behindType:
      return { kind: "behind", ...decodeBehind(bytes) }
    case claimType:
      return { kind: "claim", ...decodeClaim(bytes) }
    default:
      return null
  }
}
