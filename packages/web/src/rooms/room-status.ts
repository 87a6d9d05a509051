import type { RoomMember, RoomStatus } from "stringphone/session/room"
import type { TransportStatus } from "stringphone/transport"
import { visible } from "../lib/peer-text.ts"
import { memberName } from "./member-name.ts"

/** `#kitchen · encrypted · epoch 4 · captain alice · 3 members, 2 verified` */
export function statusText(status: RoomStatus, channel: string): string {
  if (status.phase !== "member") return `${channel} · ${phaseText(status)}`
  const { captain, epoch, isCaptain, isDeniable, members } = status
  const leader = isCaptain ? "you" : captain ? memberName(captain) : "nobody"
  const verified = members.filter(({ isSelf, trust }) => trust === "verified" && !isSelf).length
  return [
    channel,
    isDeniable ? "encrypted, deniable" : "encrypted",
    `epoch ${epoch}`,
    `captain ${leader}`,
    `${countOf(members.length, "member")}, ${verified} verified`,
  ].join(" · ")
}

/** Why nothing can be said now. `null`: it can. */
export function silenceReason({ phase }: RoomStatus): string | null {
  switch (phase) {
    case "member":
      return null
    case "outside":
      return "You are in no room, so there is no key: nothing can be sent."
    case "joining":
      return "You are not let in yet. Nothing can be sent before that."
    case "removed":
      return "You were removed from this room. Nothing can be sent."
    case "stranded":
      return "Your side of a split lost, and asks by itself to be let in again. Nothing can be sent before that."
  }
}

/** What needs a person’s attention, and what to do about it. */
export interface Alert {
  readonly about: "channel" | "split" | "captain" | "majority" | "other-room"
  readonly isAlarm: boolean
  readonly text: string
  readonly action: "connect" | "take over" | null
}

/** Worst first; empty when all is well. */
export function alertsOf(
  status: RoomStatus,
  channel: { readonly status: TransportStatus; readonly error: string | null },
): readonly Alert[] {
  const { captain, captainSilentMs, hasMajority, isCaptain, otherRoom, phase, split } = status
  const alerts: Alert[] = []
  // Who hears nobody knows nothing of the others.
  const isIn = phase === "member" && channel.status === "open"
  const isSilent = isIn && !isCaptain && captainSilentMs !== null
  if (split) {
    const text = `The room is split: members see different rooms. ${visible(split.explanation)}`
    alerts.push({ about: "split", isAlarm: true, action: null, text })
  }
  if (channel.status !== "open") {
    const why = channel.error === null ? "" : ` ${channel.error}`
    const isOver = channel.status === "closed"
    const text = isOver
      ? `The connection to the channel has ended.${why} What others say meanwhile is missing here.`
      : `Not connected.${why} Trying again; what you send waits.`
    alerts.push({ about: "channel", isAlarm: isOver, action: isOver ? "connect" : null, text })
  }
  if (isIn && !hasMajority) {
    const text =
      "Too few members are here to decide anything. Go on talking; nobody can come in, be removed, or get a new key. If the others will not come back, take over: the room goes on with those who are here."
    alerts.push({ about: "majority", isAlarm: false, action: "take over", text })
  } else if (isSilent) {
    const name = captain ? memberName(captain) : "The captain"
    const text = `${name}, the captain, is silent. If it stays so, the members choose another one by themselves; there is nothing to do.`
    alerts.push({ about: "captain", isAlarm: false, action: null, text })
  }
  if (isIn && otherRoom) {
    const text =
      "There is another room on this channel. Its members can not read you, nor you them. Agree with them on one."
    alerts.push({ about: "other-room", isAlarm: false, action: null, text })
  }
  return alerts
}

/** In words; never by colour alone. */
export const trustWords: Readonly<Record<RoomMember["trust"], string>> = {
  verified: "Verified",
  trusted: "Trusted, not compared",
  unverified: "Unverified",
  unproven: "Key not proven yet",
}

/** `1 message`, `2 messages`. */
export function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`
}

function phaseText({ phase }: RoomStatus): string {
  switch (phase) {
    case "outside":
    case "member":
      return "in no room"
    case "joining":
      return "asking to be let in"
    case "removed":
      return "removed from the room"
    case "stranded":
      return "on the losing side of a split, asking to be let in again"
  }
}
