import type { RoomMember, RoomStatus } from "stringphone/session/room"
import { hex } from "stringphone/bytes"
import { visible } from "../terminal/escape.js"
import { memberName } from "./member-name.js"
import { channelNick } from "./peer-text.js"

/** The members, one on a line: `✓ alice, verified, captain`. */
export function membersText(status: RoomStatus): string {
  if (status.members.length === 0) return "You are in no room."
  return status.members.map(memberLine).join("\n")
}

/** The room, its members, and who else is on the channel. */
export function whoText(status: RoomStatus, address: string): string {
  const { digits, epoch, isDeniable, roomId, strangers, title } = status
  const alien =
    strangers.length === 0
      ? "Nobody else is on the channel."
      : `On the channel, but not in the room; they see that you write, and not what: ${strangers.map(channelNick).join(", ")}`
  return [
    `${title === "" ? "The room" : `“${visible(title)}”`} at ${visible(address)}`,
    ...(roomId ? [`room ${hex(roomId)}${isDeniable ? ", deniable" : ""}`] : []),
    ...(digits === "" ? [] : [digitsText(epoch, digits)]),
    membersText(status),
    alien,
  ].join("\n")
}

export function digitsText(epoch: number, digits: string): string {
  return `Epoch ${epoch} shows ${digits} to everybody who is in the same room.`
}

function memberLine(member: RoomMember): string {
  const { channelName, isCaptain, isPresent, isSelf, publicKey, trust } = member
  const mark = { verified: "✓", trusted: "○", unverified: "?", unproven: "?" }[trust]
  const parts = [
    isSelf ? "you" : memberName(member),
    ...(isSelf ? [] : [trust]),
    ...(isCaptain ? ["captain"] : []),
    ...(isPresent || isSelf ? [] : ["away"]),
    ...(channelName === null ? [] : [`on the channel as ${channelNick(channelName)}`]),
    `key ${hex(publicKey).slice(0, 8)}`,
  ]
  return `${isSelf ? "•" : mark} ${parts.join(", ")}`
}
