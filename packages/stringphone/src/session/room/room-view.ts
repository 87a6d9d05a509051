import { hex } from "../../bytes/index.js"
import { type ContactBook, contactByKey, nameClash, trustOf } from "../../identity/index.js"
import {
  type Asking,
  type HeardText,
  type MemberFacts,
  type Room,
  roomDigits,
  type RoomTime,
} from "../../room/index.js"
import type { RoomMember, RoomMessage, RoomRequest, RoomStatus } from "./room-types.js"

/** Control, invisible and direction-changing characters, and what looks like a line. */
const unseen = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu

/** One line that can be shown anywhere: what a peer calls itself may be anything. */
export function cleanText(text: string): string {
  return text.replace(unseen, "").replace(/\s+/g, " ").trim()
}

/** What people see of a room: names and trust come from the reader's own contact book. */
export class RoomView {
  readonly #room: Room
  book: ContactBook

  constructor(room: Room, book: ContactBook) {
    this.#room = room
    this.book = book
  }

  member(facts: MemberFacts, time: RoomTime): RoomMember {
    const member = this.#room.member
    const seat = member?.seats.find(({ leaf }) => leaf === facts.leaf)
    const isHere = seat !== undefined && hex(seat.roomKey) === hex(facts.roomKey)
    const contact = contactByKey(this.book, facts.identityKey)
    const { state } = trustOf(contact)
    const isSelf = isHere && facts.leaf === member?.own.leaf
    const isProven = !member || isSelf || member.proofs.isProven(facts)
    return {
      publicKey: facts.identityKey,
      contact,
      name: contact?.petname ?? this.#strangerName(facts),
      trust: !isProven
        ? "unproven"
        : state === "verified" || state === "trusted"
          ? state
          : "unverified",
      channelName: this.#room.presence.nameOf(facts.roomKey),
      isPresent: isHere && (member?.isPresent(seat, time) ?? false),
      isCaptain: isHere && hex(facts.roomKey) === hex(member?.settings.captainKey ?? facts.roomKey),
      isSelf,
    }
  }

  message(heard: HeardText, time: RoomTime): RoomMessage {
    const from = this.member(heard.from, time)
    return {
      from,
      text: heard.text,
      at: time.wall,
      sentAt: heard.sentAt,
      status: from.isSelf || from.trust === "verified" ? "verified" : "unverified",
      id: hex(heard.id),
      epoch: heard.epoch,
      isLate: heard.isLate,
      isFromOtherSide: heard.isFromOtherSide,
      isOwn: heard.isOwn,
    }
  }

  request({ id, identityKey, ownName, channelName }: Asking): RoomRequest {
    return {
      id,
      publicKey: identityKey,
      contact: contactByKey(this.book, identityKey),
      ownName: cleanText(ownName),
      nameClash: nameClash(this.book, ownName, identityKey),
      channelName,
    }
  }

  status(time: RoomTime): RoomStatus {
    const { hasOtherRoom, member, phase, presence } = this.#room
    const members = member?.seats.map((seat) => this.member(seat, time)) ?? []
    const captain = members.find(({ isCaptain }) => isCaptain) ?? null
    const split = member?.branches.split ?? null
    const silentMs = member?.handover.silentMs(time) ?? null
    return {
      phase,
      roomId: member?.roomId ?? null,
      title: cleanText(member?.settings.title ?? ""),
      epoch: member?.epoch ?? 0,
      digits: member ? roomDigits(member.group.authenticator) : "",
      isDeniable: member?.settings.isDeniable ?? false,
      captain,
      isCaptain: member?.isCaptain ?? false,
      members,
      strangers: presence.strangers(
        member?.seats.map(({ roomKey }) => roomKey) ?? [],
        member?.seats.map(({ ownName }) => ownName) ?? [],
      ),
      hasMajority: member?.hasMajority(time) ?? false,
      split: split && {
        with: split.with && this.member(split.with, time),
        explanation: split.explanation,
      },
      captainSilentMs:
        silentMs !== null && member && silentMs >= member.ports.timing.silenceMs / 2
          ? silentMs
          : null,
      requests: member?.captaincy.asking.map((asking) => this.request(asking)) ?? [],
      otherRoom: hasOtherRoom,
    }
  }

  #strangerName({ identityKey, ownName }: MemberFacts): string {
    return `${cleanText(ownName) || "somebody"}~${hex(identityKey.subarray(0, 3))}`
  }
}
