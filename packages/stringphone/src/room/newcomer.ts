import { PeerError, sameBytes } from "../bytes/index.js"
import { exchangePublicKey } from "../crypto/index.js"
import {
  type Attempt,
  newAttempt,
  openAnswer,
  type OpenedOffer,
  openGrant,
  openOffer,
  sealRequest,
} from "./attempt.js"
import { isCredentialValid, makeCredential } from "./credential.js"
import type { Effects } from "./effects.js"
import type { PacketOf, Seated } from "./member.js"
import * as mls from "./mls/group.js"
import type { RoomPorts } from "./ports.js"
import { isProof, makeProof, proofKey } from "./proof.js"
import { newRoomKey, type RoomKey, verifyOrder } from "./room-key.js"
import { hasOneSeatEach, seatByIdentity, seatsOf } from "./roster.js"
import { entryHash, openOrder, sealEntry } from "./slot.js"
import type { RoomTime } from "./time.js"
import { decodeCredential } from "./wire/credential.js"
import { encodeEntryData } from "./wire/entry-data.js"
import { encodeKnock } from "./wire/knock.js"
import type { RoomPacket } from "./wire/packet.js"
import { decodeSettings } from "./wire/settings.js"

/** [ROOM-3-3] */
const waitForOffersMs = 2_000
const knockAgainMs = 4_000
const nobodyMs = 10_000
const askAgainMs = 30_000
const enterAgainMs = 8_000
const maxEntriesSent = 3
const maxUnanswered = 3
const maxOffers = 8

/** Our own keys for the room that we ask to enter. */
interface OwnKeys {
  readonly roomKey: RoomKey
  readonly credential: Uint8Array
  readonly roomExchangeSecret: Uint8Array | null
}

interface Chosen extends OwnKeys {
  readonly offer: OpenedOffer
  readonly from: string | null
  readonly request: Uint8Array
}

interface Entering {
  readonly group: mls.Group
  readonly slotKey: Uint8Array
  readonly grantId: Uint8Array
  readonly epoch: number
  readonly wire: Uint8Array
  readonly hash: Uint8Array
  readonly sent: number
}

/** How coming in ended: in the room, or not. */
export type Arrival =
  | {
      readonly kind: "entered"
      readonly seated: Seated
      /** What is before our time: message IDs. */
      readonly heads: readonly Uint8Array[]
      /** In a deniable room: the captain's room key, in hexadecimal, if it has proven itself. */
      readonly isCaptainProven: boolean
      readonly isReturn: boolean
    }
  | { readonly kind: "declined"; readonly reason: string }
  | { readonly kind: "no-room" }

/** Who offers which room. */
export interface OfferOf {
  readonly roomId: Uint8Array
  /** Identity key. */
  readonly captain: Uint8Array
  readonly term: number
  readonly epoch: number
}

/** Asks to be let in. spec/room.md §3 */
export class Newcomer {
  readonly #ports: RoomPorts
  readonly #attempt: Attempt
  readonly #accepts: (offer: OfferOf) => boolean
  readonly #beganAt: number
  /** We only look whether there is a room. */
  readonly isProbe: boolean
  #offers: readonly { readonly offer: OpenedOffer; readonly from: string | null }[] = []
  #chosen: Chosen | null = null
  #entering: Entering | null = null
  #isReturn = false
  #isCaptainProven = false
  #sentAt: number
  #unanswered = 0
  arrival: Arrival | null = null

  /** `accepts`: whose room we enter at all. `isProbe`: we only look whether there is one. */
  constructor(
    ports: RoomPorts,
    accepts: (offer: OfferOf) => boolean,
    { now }: RoomTime,
    out: Effects,
    isProbe = false,
  ) {
    this.#ports = ports
    this.isProbe = isProbe
    this.#accepts = accepts
    this.#attempt = newAttempt(ports.randomBytes(32))
    this.#beganAt = now
    this.#sentAt = now
    out.send(encodeKnock({ key: this.#attempt.publicKey }))
  }

  /** The captain has our request; a person may have to decide. */
  get hasAsked(): boolean {
    return this.#chosen !== null
  }

  /** Rooms that were offered. */
  get hasOffers(): boolean {
    return this.#offers.length > 0
  }

  async receive(
    packet: RoomPacket,
    from: string | null,
    time: RoomTime,
    out: Effects,
  ): Promise<void> {
    switch (packet.kind) {
      case "offer":
        return this.#offer(packet, from, time, out)
      case "answer":
        return this.#answer(packet)
      case "grant":
        return this.#grant(packet, time, out)
      case "order":
        return this.#order(packet)
      default:
        return
    }
  }

  tick(time: RoomTime, out: Effects): void {
    const { now } = time
    if (this.arrival) return
    const entering = this.#entering
    if (entering) {
      if (now - this.#sentAt < enterAgainMs * 2 ** entering.sent) return
      if (entering.sent >= maxEntriesSent) {
        this.#entering = null // Another grant may come: the captain still has our request.
        return
      }
      this.#sentAt = now
      this.#entering = { ...entering, sent: entering.sent + 1 }
      return out.send(entering.wire)
    }
    if (this.#chosen) {
      if (now - this.#sentAt < askAgainMs) return
      if (++this.#unanswered > maxUnanswered) {
        this.arrival = { kind: "no-room" } // The captain has forgotten us, or is gone.
        return
      }
      this.#sentAt = now
      return out.send(this.#chosen.request, this.#chosen.from)
    }
    if (this.#offers.length > 0 && !this.isProbe && now - this.#beganAt >= waitForOffersMs) {
      return this.#choose(time, out)
    }
    if (now - this.#beganAt >= nobodyMs) this.arrival = { kind: "no-room" }
    else if (now - this.#sentAt >= knockAgainMs) {
      this.#sentAt = now
      out.send(encodeKnock({ key: this.#attempt.publicKey }))
    }
  }

  #offer(packet: PacketOf<"offer">, from: string | null, time: RoomTime, out: Effects): void {
    if (this.#chosen) return
    const offer = openOffer(this.#attempt, packet)
    if (!offer) return
    const { identityKey } = offer.credential
    const { roomId, epoch } = offer.fields
    const { term } = offer.settings
    if (!this.#accepts({ roomId, captain: identityKey, term, epoch })) return
    if (this.#ports.standing(identityKey) === "revoked") return
    this.#offers = [...this.#offers, { offer, from }]
      .sort((a, b) => this.#rank(a) - this.#rank(b))
      .slice(0, maxOffers)
    const isVerified = this.#ports.standing(identityKey) === "verified"
    if (isVerified && !this.isProbe) this.#choose(time, out)
  }

  #rank({ offer }: { readonly offer: OpenedOffer }): number {
    const order = ["verified", "trusted", "unknown", "revoked"]
    return order.indexOf(this.#ports.standing(offer.credential.identityKey))
  }

  /** [ROOM-3-3] */
  #choose({ now }: RoomTime, out: Effects): void {
    const [best] = this.#offers
    if (!best) return
    const { offer, from } = best
    const own = this.#ownKeys(offer)
    const { keys } = offer
    const fields = {
      roomKey: own.roomKey.publicKey,
      credential: own.credential,
      formerLeaf: null,
      proof: this.#proof(own, offer),
    }
    const request = sealRequest(keys, fields, own.roomKey.seed, this.#ports.randomBytes(24))
    this.#chosen = { ...own, offer, from, request }
    this.#sentAt = now
    out.send(request, from)
  }

  #answer(packet: PacketOf<"answer">): void {
    const answer = this.#chosen && openAnswer(this.#chosen.offer.keys, packet)
    if (!answer) return
    this.#unanswered = 0
    if (answer.answer === "waiting") return
    const reason = answer.answer === "full" ? "The room is full." : answer.reason
    this.arrival = { kind: "declined", reason }
  }

  async #grant(packet: PacketOf<"grant">, { now }: RoomTime, out: Effects): Promise<void> {
    const chosen = this.#chosen
    const grant = chosen && openGrant(chosen.offer.keys, packet)
    if (!chosen || !grant || this.arrival) return
    if (this.#entering && sameBytes(this.#entering.grantId, grant.grantId)) return
    const { offer, roomKey, credential } = chosen
    const { grantId, grantSignature, slotKey } = grant
    this.#isCaptainProven = this.#isProven(chosen, grant.proof)
    const leaves = mls.leavesOfGroupInfo(grant.groupInfo)
    const formerLeaf = seatByIdentity(seatsOf(leaves), this.#ports.identity.publicKey)?.leaf ?? null // [ROOM-3-9]
    const joined = await mls.joinByExternalCommit(
      grant.groupInfo,
      { signatureSeed: roomKey.seed, credential },
      encodeEntryData({ grantId, grantSignature, formerLeaf }),
      {
        check: (facts) => checkOffered(facts, offer),
        ...(formerLeaf !== null && { replaces: formerLeaf }),
      },
      this.#environment(offer),
    )
    const { roomId } = offer.fields
    const epoch = joined.group.epoch - 1
    const nonce = this.#ports.randomBytes(24)
    const wire = sealEntry(slotKey, { roomId, epoch, grantId }, joined.message, nonce)
    const hash = entryHash(joined.message)
    this.#entering = { group: joined.group, slotKey, grantId, epoch, wire, hash, sent: 1 }
    this.#isReturn = formerLeaf !== null
    this.#sentAt = now
    out.send(wire)
  }

  #order(packet: PacketOf<"order">): void {
    const [entering, chosen] = [this.#entering, this.#chosen]
    if (!entering || !chosen || !sameBytes(packet.grantId, entering.grantId)) return
    const order = openOrder(entering.slotKey, packet)
    const { roomId, epoch, grantId } = packet
    const { captainKey } = chosen.offer.settings
    const { commitHash, heads, signature } = order
    if (!verifyOrder({ roomId, epoch, grantId, commitHash, heads }, signature, captainKey)) {
      throw new PeerError("bad-signature", "An order about an entry is not by the captain.")
    }
    if (!sameBytes(commitHash, entering.hash)) return
    this.arrival = {
      kind: "entered",
      seated: {
        group: entering.group,
        roomKey: chosen.roomKey,
        roomExchangeSecret: chosen.roomExchangeSecret,
      },
      heads,
      isCaptainProven: this.#isCaptainProven,
      isReturn: this.#isReturn,
    }
  }

  #ownKeys({ fields, settings }: OpenedOffer): OwnKeys {
    const { identity, ownName, randomBytes } = this.#ports
    const roomKey = newRoomKey(randomBytes(32))
    const roomExchangeSecret = settings.isDeniable ? randomBytes(32) : null
    const credential = makeCredential(identity, {
      roomId: fields.roomId,
      roomKey: roomKey.publicKey,
      ownName,
      isDeniable: settings.isDeniable,
      ...(roomExchangeSecret && { roomExchangeKey: exchangePublicKey(roomExchangeSecret) }),
    })
    return { roomKey, credential, roomExchangeSecret }
  }

  #environment({ fields, settings }: OpenedOffer): mls.GroupEnvironment {
    return roomEnvironment(this.#ports, fields.roomId, settings.isDeniable)
  }

  #pairKey(own: OwnKeys, { credential, fields }: OpenedOffer): Uint8Array | null {
    if (!own.roomExchangeSecret) return null
    const keys = { identity: this.#ports.identity, roomExchangeSecret: own.roomExchangeSecret }
    return proofKey(keys, decodeCredential(own.credential), credential, fields.roomId)
  }

  #proof(own: OwnKeys, offer: OpenedOffer): Uint8Array | null {
    const key = this.#pairKey(own, offer)
    return (
      key &&
      makeProof(key, {
        senderIdentityKey: this.#ports.identity.publicKey,
        senderRoomKey: own.roomKey.publicKey,
        receiverRoomKey: offer.settings.captainKey,
      })
    )
  }

  /** @throws {PeerError} `bad-proof` */
  #isProven(chosen: Chosen, proof: Uint8Array | null): boolean {
    const { credential, settings } = chosen.offer
    if (!settings.isDeniable) return false
    const key = this.#pairKey(chosen, chosen.offer)
    const parties = {
      senderIdentityKey: credential.identityKey,
      senderRoomKey: settings.captainKey,
      receiverRoomKey: chosen.roomKey.publicKey,
    }
    if (key && proof && isProof(proof, key, parties)) return true
    throw new PeerError(
      "bad-proof",
      "The captain could not prove to be who they say. You did not enter.",
    )
  }
}

/** The room that we are let into is the one that was offered. @throws {PeerError} `refused` */
function checkOffered(facts: mls.JoinFacts, { fields, settings }: OpenedOffer): void {
  const seats = seatsOf(facts.leaves)
  const { captainKey, isDeniable } = decodeSettings(facts.settings)
  const isAsOffered =
    sameBytes(facts.roomId, fields.roomId) &&
    sameBytes(captainKey, settings.captainKey) &&
    isDeniable === settings.isDeniable &&
    seats.some(({ leaf, roomKey }) => leaf === facts.signer && sameBytes(roomKey, captainKey))
  if (isAsOffered && hasOneSeatEach(seats)) return
  throw new PeerError(
    "refused",
    "The room that we are let into is not the one that was offered. You did not enter.",
  )
}

/** What the group of a room checks of every leaf. [ROOM-1-4] */
export function roomEnvironment(
  { randomBytes }: RoomPorts,
  roomId: Uint8Array,
  isDeniable: boolean,
): mls.GroupEnvironment {
  // Of a commit's leaf our own rules ask as well as the MLS library: the second answer is known.
  let last: readonly [credential: Uint8Array, signatureKey: Uint8Array] | null = null
  return {
    randomBytes,
    isCredentialValid(credential, signatureKey) {
      if (last && sameBytes(last[0], credential) && sameBytes(last[1], signatureKey)) return true
      const isValid = isCredentialValid(credential, roomId, signatureKey, isDeniable) !== null
      if (isValid) last = [credential.slice(), signatureKey.slice()]
      return isValid
    },
  }
}
