import { hex } from "stringphone/bytes"
import type { RoomMember, RoomMessage, RoomRequest, RoomStatus } from "stringphone/session/room"
import { actionOf } from "./peer-text.js"
import { isVerified } from "./status-text.js"

/** The room's values for machines. */
export function reportMessage(message: RoomMessage): object {
  const { at, epoch, from, id, isFromOtherSide, isLate, isOwn, sentAt, status, text } = message
  const action = actionOf(text)
  return {
    event: "message",
    at: new Date(at).toISOString(),
    sentAt: new Date(sentAt).toISOString(),
    from: hex(from.publicKey),
    name: from.name,
    petname: from.contact?.petname ?? null,
    status,
    id,
    epoch,
    isOwn,
    isLate,
    isFromOtherSide,
    ...(action !== null && { isAction: true }),
    text: action ?? text,
  }
}

export function reportRoomMember(member: RoomMember): object {
  const { channelName, contact, isCaptain, isPresent, isSelf, name, publicKey, trust } = member
  return {
    name,
    petname: contact?.petname ?? null,
    publicKey: hex(publicKey),
    trust,
    channelName,
    isPresent,
    isCaptain,
    isYou: isSelf,
  }
}

export function reportRequest(request: RoomRequest): object {
  const { channelName, contact, nameClash, ownName, publicKey } = request
  return {
    name: ownName,
    petname: contact?.petname ?? null,
    nameClash: nameClash?.petname ?? null,
    publicKey: hex(publicKey),
    channelName,
  }
}

export function reportStatus(status: RoomStatus): object {
  const { captain, captainSilentMs, digits, epoch, hasMajority, isCaptain, isDeniable } = status
  const { members, otherRoom, phase, requests, roomId, split, strangers, title } = status
  return {
    phase,
    room: roomId && hex(roomId),
    title,
    isEncrypted: phase === "member",
    epoch,
    digits,
    isDeniable,
    captain: captain && reportRoomMember(captain),
    isCaptain,
    members: members.length,
    verified: members.filter(isVerified).length,
    strangers,
    hasMajority,
    split: split && {
      with: split.with && reportRoomMember(split.with),
      explanation: split.explanation,
    },
    captainSilentMs,
    requests: requests.map(reportRequest),
    otherRoom,
  }
}
