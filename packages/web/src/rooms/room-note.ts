import type { RoomEvent, RoomMember } from "stringphone/session/room"
import { visible } from "../lib/peer-text.ts"
import { memberName } from "./member-name.ts"
import { countOf } from "./room-status.ts"
import { channelName } from "./room-text.ts"
import type { Tone } from "./room-entry.ts"

export interface Note {
  readonly tone: Tone
  readonly text: string
}

/** What the log says of an event. `null`: nothing, or it is shown elsewhere. */
export function noteOf(event: RoomEvent): Note | null {
  switch (event.kind) {
    case "status":
    case "message":
    case "request":
    case "cleartext":
      return null
    case "joined":
      return { tone: "news", text: `${who(event.member)} joined.` }
    case "left":
      return leftNote(event)
    case "captain":
      return captainNote(event)
    case "gap":
      return {
        tone: "warning",
        text: `${who(event.seenBy)} saw ${countOf(event.missing, "message")} that did not arrive here, also not when asked for again. Ask what was said.`,
      }
    case "split":
      return { tone: "alarm", text: `The room is split. ${visible(event.explanation)}` }
    case "healed":
      return { tone: "good", text: "The room is whole again: all members see the same." }
    case "election":
      return { tone: "warning", text: visible(event.explanation) }
    case "removed":
      return {
        tone: "alarm",
        text: `You were removed by ${whoWithin(event.by)}. From here on this phone can read nothing, and nothing is sent.`,
      }
    case "rejected":
      return { tone: "warning", text: `Something was refused: ${visible(event.message)}` }
    case "failed":
      return { tone: "alarm", text: visible(event.error.message) }
    case "channel":
      return channelNote(event.event)
  }
}

function leftNote({ by, member, reason }: Extract<RoomEvent, { kind: "left" }>): Note {
  switch (reason) {
    case "left":
      return { tone: "news", text: `${who(member)} left.` }
    case "removed":
      return {
        tone: "warning",
        text: `${who(member)} was removed by ${whoWithin(by)}, and can not read what is said from here on.`,
      }
    case "absent":
      return { tone: "news", text: `${who(member)} was away for too long, and is out.` }
  }
}

function captainNote({ captain, how }: Extract<RoomEvent, { kind: "captain" }>): Note {
  const name = who(captain)
  const are = captain.isSelf ? "are" : "is"
  switch (how) {
    case "start":
      return { tone: "news", text: `${name} started this room, and ${are} its captain.` }
    case "abdication":
      return {
        tone: "news",
        text: `The captain handed the room over: ${whoWithin(captain)} ${are} captain now.`,
      }
    case "vote":
      return { tone: "news", text: `The members voted: ${whoWithin(captain)} ${are} captain now.` }
    case "takeover":
      return { tone: "warning", text: `${name} took over as captain, without a vote.` }
  }
}

function channelNote(event: Extract<RoomEvent, { kind: "channel" }>["event"]): Note | null {
  switch (event.kind) {
    case "dropped":
      return {
        tone: "warning",
        text: `${countOf(event.count, "message")} of the channel could not be read, or were too many at once.`,
      }
    case "renamed":
      return {
        tone: "news",
        text: `${channelName(event.who)} is called ${channelName(event.to)} on the channel now.`,
      }
    // The connection is shown above; who comes and goes, among the members.
    default:
      return null
  }
}

/** Not at the start of a sentence. */
function whoWithin(member: RoomMember): string {
  return member.isSelf ? "you" : memberName(member)
}

function who(member: RoomMember): string {
  return member.isSelf ? "You" : memberName(member)
}
