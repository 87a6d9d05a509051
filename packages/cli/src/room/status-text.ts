import type { RoomMember, RoomStatus } from "stringphone/session/room"
import { countOf, duration } from "../wording.js"
import { memberName } from "./member-name.js"

/** What the status line has to say beside the room's own state. */
export interface Surroundings {
  /** The channel's name for people: `#kitchen`. */
  readonly channel: string
  readonly isConnected: boolean
  /** Somebody wrote without encryption a short while ago. */
  readonly sawCleartext: boolean
  /** Messages on their way to the channel. */
  readonly sending: number
}

/** `#kitchen · encrypted · epoch 4 · captain alice · 3 members, 2 verified` */
export function statusText(status: RoomStatus, { channel, sending }: Surroundings): string {
  const way = sending > 0 ? [`sending ${sending}`] : []
  if (status.phase !== "member") return [channel, phaseText(status), ...way].join(" · ")
  const { captain, epoch, isCaptain, isDeniable, members } = status
  const leader = isCaptain ? "you" : captain ? memberName(captain) : "nobody"
  const verified = members.filter(isVerified).length
  return [
    channel,
    isDeniable ? "encrypted, deniable" : "encrypted",
    `epoch ${epoch}`,
    `captain ${leader}`,
    `${countOf(members.length, "member")}, ${verified} verified`,
    ...way,
  ].join(" · ")
}

/** What a person has to know now, worst first; empty when all is well. */
export function warningTexts(
  status: RoomStatus,
  { isConnected, sawCleartext }: Surroundings,
): readonly string[] {
  const { captainSilentMs, hasMajority, isCaptain, otherRoom, phase, requests, split } = status
  const isIn = phase === "member"
  const asking = requests.length
  return [
    ...(split ? ["SPLIT: members see different rooms"] : []),
    ...(sawCleartext ? ["CLEARTEXT on the channel"] : []),
    ...(isConnected ? [] : ["not connected"]),
    ...(isIn && captainSilentMs !== null && !isCaptain
      ? [`captain silent for ${duration(captainSilentMs)}`]
      : []),
    ...(isIn && !hasMajority ? ["no majority here: nobody can join or be removed"] : []),
    ...(isIn && otherRoom ? ["another room on this channel"] : []),
    ...(asking > 0 ? [`${asking} ${asking === 1 ? "asks" : "ask"} to be let in: /admit`] : []),
  ]
}

/** Why nothing can be said now. `null`: it can. */
export function silenceReason({ phase }: RoomStatus): string | null {
  switch (phase) {
    case "member":
      return null
    case "outside":
      return "You are in no room. Nothing is sent."
    case "joining":
      return "You are not let in yet. Nothing is sent before that."
    case "removed":
      return "You were removed from this room. Nothing is sent."
    case "stranded":
      return "Your side of a split lost, and asks to be let in again. Nothing is sent before that."
  }
}

/** Ourselves are not counted: nobody compares keys with oneself. */
export function isVerified({ isSelf, trust }: RoomMember): boolean {
  return trust === "verified" && !isSelf
}

function phaseText({ phase }: RoomStatus): string {
  switch (phase) {
    case "outside":
    case "member":
      return "in no room yet"
    case "joining":
      return "asking to be let in"
    case "removed":
      return "removed from the room"
    case "stranded":
      return "on the losing side of a split, asking to be let in again"
  }
}
