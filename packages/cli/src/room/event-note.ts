import { hex } from "stringphone/bytes"
import type { RoomEvent, RoomMember } from "stringphone/session/room"
import { visible } from "../terminal/escape.js"
import { countOf } from "../wording.js"
import { memberName } from "./member-name.js"
import { channelNick } from "./peer-text.js"
import { reportRoomMember } from "./report.js"
import type { Shown, Tone } from "./shown.js"

/**
 * What is printed for an event of the session. `null`: nothing, or something that is shown elsewhere
 * (messages, requests, the status).
 */
export function eventNote(event: RoomEvent): Shown | null {
  switch (event.kind) {
    case "status":
    case "message":
    case "request":
      return null
    case "cleartext":
      return { kind: "cleartext", channelName: event.channelName, text: event.text }
    case "joined":
      return note("plain", `${who(event.member)} joined.`, {
        event: "joined",
        member: reportRoomMember(event.member),
      })
    case "left":
      return leftNote(event)
    case "captain":
      return note(event.how === "takeover" ? "warn" : "plain", captainText(event), {
        event: "captain",
        captain: reportRoomMember(event.captain),
        how: event.how,
      })
    case "gap":
      return note(
        "warn",
        `${who(event.seenBy)} saw ${countOf(event.missing, "message")} that you did not.`,
        { event: "gap", seenBy: reportRoomMember(event.seenBy), missing: event.missing },
      )
    case "split":
      return note("bad", `The room is split. ${visible(event.explanation)}`, {
        event: "split",
        with: event.with && reportRoomMember(event.with),
        explanation: event.explanation,
      })
    case "healed":
      return note("good", "The room is whole again.", { event: "healed" })
    case "election":
      return note("warn", visible(event.explanation), {
        event: "election",
        candidate: reportRoomMember(event.candidate),
        explanation: event.explanation,
      })
    case "removed":
      return note("bad", `You were removed by ${whom(event.by)}. Nothing more can be read.`, {
        event: "removed",
        by: reportRoomMember(event.by),
      })
    case "rejected":
      return note("warn", `Something was refused: ${visible(event.message)}`, {
        event: "rejected",
        code: event.code,
        message: event.message,
        bytes: hex(event.encoded.subarray(0, 64)),
      })
    case "failed":
      return note("bad", visible(event.error.message), {
        event: "failed",
        code: event.error.code,
        message: event.error.message,
      })
    case "channel":
      return channelNote(event.event)
  }
}

export function note(tone: Tone, text: string, report: object): Shown {
  return { kind: "note", tone, text, report }
}

function leftNote({ by, member, reason }: Extract<RoomEvent, { kind: "left" }>): Shown {
  const text = {
    left: `${who(member)} left.`,
    removed: `${who(member)} was removed by ${whom(by)}.`,
    absent: `${who(member)} was away for too long, and is out.`,
  }[reason]
  return note(reason === "removed" ? "warn" : "plain", text, {
    event: "left",
    member: reportRoomMember(member),
    by: reportRoomMember(by),
    reason,
  })
}

function captainText({ captain, how }: Extract<RoomEvent, { kind: "captain" }>): string {
  const name = who(captain)
  const are = captain.isSelf ? "are" : "is"
  switch (how) {
    case "start":
      return `${name} started this room, and ${are} captain.`
    case "abdication":
      return `The room was handed over: ${whom(captain)} ${are} captain now.`
    case "vote":
      return `The members voted: ${whom(captain)} ${are} captain now.`
    case "takeover":
      return `${name} took over as captain, without a vote.`
  }
}

function channelNote(event: Extract<RoomEvent, { kind: "channel" }>["event"]): Shown | null {
  switch (event.kind) {
    case "status": {
      const { error, status } = event
      if (status === "connecting" || status === "closed") return null
      const report = { event: "connection", status, message: error?.message ?? null }
      if (status === "open") return note("plain", "Connected.", report)
      const why = error ? visible(error.message) : "The connection is lost."
      return note("warn", `${why} Trying again.`, report)
    }
    case "dropped":
      // What was said in it is missed by the room, which asks for it again.
      return note("plain", `${countOf(event.count, "message")} did not arrive whole.`, {
        event: "dropped",
        count: event.count,
      })
    case "trouble":
      return note("warn", visible(event.error.message), {
        event: "trouble",
        address: event.address,
        message: event.error.message,
      })
    case "renamed":
      return note("plain", `${channelNick(event.who)} is called ${channelNick(event.to)} now.`, {
        event: "renamed",
        who: event.who,
        to: event.to,
      })
    // Who comes and goes on the channel is shown where it means anything: among the members.
    case "joined":
    case "left":
    case "cleartext":
      return null
  }
}

function who(member: RoomMember): string {
  return member.isSelf ? "You" : memberName(member)
}

/** Within a sentence. */
function whom(member: RoomMember): string {
  return member.isSelf ? "you" : memberName(member)
}
