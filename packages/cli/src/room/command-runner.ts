import { UsageError } from "stringphone/bytes"
import type { RoomMember, RoomSessionApi } from "stringphone/session/room"
import type { KeyRing } from "stringphone/keyring"
import { note } from "./event-note.js"
import { findRoomMember, memberName, requestName, splitName } from "./member-name.js"
import { reportRoomMember, reportStatus } from "./report.js"
import type { RequestBook } from "./request-book.js"
import { helpText, roomCommands } from "./room-command.js"
import { digitsText, membersText, whoText } from "./roster-text.js"
import type { Shown } from "./shown.js"
import { bookAfter, comparisonText, readAnswer, reportComparison } from "./verification.js"

export interface CommandPlace {
  readonly session: RoomSessionApi
  readonly ring: Pick<KeyRing, "contacts" | "updateContacts" | "identity">
  readonly requests: RequestBook
  /** Where the room is, without any secret. */
  readonly address: string
}

/** What a command leads to: something to print, the end, or an event that says what happened. */
export type CommandResult = Shown | "quit" | "left" | "told"

/** Runs one command that was typed; all but `/me`, which is a message. */
export async function runCommand(
  place: CommandPlace,
  name: string,
  rest: string,
): Promise<CommandResult> {
  const { address, requests, session } = place
  const { status } = session
  switch (name) {
    case "help":
      return note("plain", `Commands:\n${helpText()}`, { event: "help", commands: roomCommands })
    case "members":
      return note("plain", membersText(status), {
        event: "members",
        members: status.members.map(reportRoomMember),
      })
    case "who":
      return note("plain", whoText(status, address), {
        event: "who",
        address,
        ...reportStatus(status),
        members: status.members.map(reportRoomMember),
      })
    case "digits":
      return digits(place)
    case "verify":
      return verify(place, rest)
    case "admit": {
      const request = requests.find(status.requests, rest)
      await session.admit(request.id)
      return done(`${requestName(request)} is being let in.`, "admitting")
    }
    case "decline": {
      const [, who = "", reason = ""] = /^("[^"]*"|\S*)\s*([^]*)$/.exec(rest) ?? []
      const request = requests.find(status.requests, who)
      await session.decline(request.id, reason === "" ? undefined : reason)
      return done(`${requestName(request)} is not let in.`, "declined")
    }
    case "kick": {
      await session.remove(another(status.members, rest).publicKey)
      return "told"
    }
    case "rotate":
      await session.rotate()
      return done("There is a new key.", "rotated")
    case "captain":
      return captain(place, rest)
    case "takeover":
      await session.takeOver()
      return "told"
    case "leave":
      return leave(rest)
    default:
      return "quit"
  }
}

function digits({ session }: CommandPlace): Shown {
  const { digits: shown, epoch } = session.status
  if (shown === "") throw notIn()
  return note("plain", `${digitsText(epoch, shown)} Compare by another way.`, {
    event: "digits",
    epoch,
    digits: shown,
  })
}

async function verify({ ring, session }: CommandPlace, rest: string): Promise<Shown> {
  const own = ring.identity.publicKey
  if (rest === "") {
    return note("plain", `Your own key, for others to compare:\n${comparisonText(own)}`, {
      event: "own-key",
      ...reportComparison(own),
    })
  }
  const { found: member, rest: said } = splitName(rest, (name) =>
    another(session.status.members, name),
  )
  const name = memberName(member)
  const answer = readAnswer(member, said)
  if (!answer) {
    const text = [
      `The key of ${name}. Ask them, by telephone or face to face, what /verify shows them as their own:`,
      comparisonText(member.publicKey),
      `The same in one of the three lines? /verify ${name} yes`,
    ]
    return note("plain", text.join("\n"), {
      event: "comparison",
      member: reportRoomMember(member),
      ...reportComparison(member.publicKey),
    })
  }
  await ring.updateContacts((book) => bookAfter(book, member, answer, Date.now()))
  await session.refresh()
  const now = session.status.members.find((one) => one.publicKey === member.publicKey) ?? member
  return note("good", `${memberName(now)} is verified.`, {
    event: "verified",
    by: answer.by,
    member: reportRoomMember(now),
  })
}

async function captain({ session }: CommandPlace, rest: string): Promise<Shown> {
  const { status } = session
  if (rest === "") {
    if (!status.captain) throw notIn()
    const name = status.isCaptain ? "You are captain." : `${memberName(status.captain)} is captain.`
    return note("plain", name, { event: "captain-is", captain: reportRoomMember(status.captain) })
  }
  const member = another(status.members, rest)
  if (!status.isCaptain) {
    throw new UsageError("not-captain", "Only the captain can hand the room over.")
  }
  await session.abdicate(member.publicKey)
  return done(`You handed the room to ${memberName(member)}.`, "abdicated", member)
}

/** Only that it is meant; who runs the room for us does it. */
function leave(rest: string): CommandResult {
  if (!/^(yes|y)$/i.test(rest)) {
    throw new UsageError(
      "not-answered",
      "To leave is for good: the room's keys are forgotten, and somebody has to let you in again. /leave yes does it; /quit only ends this program.",
    )
  }
  return "left"
}

function another(members: readonly RoomMember[], name: string): RoomMember {
  if (name === "") throw new UsageError("no-such-member", "Say who: a name from /members.")
  const member = findRoomMember(members, name)
  if (!member.isSelf) return member
  throw new UsageError(
    "no-such-member",
    "That is you. /leave and /verify without a name are yours.",
  )
}

function notIn(): UsageError {
  return new UsageError("not-in-room", "You are in no room.")
}

function done(text: string, event: string, member?: RoomMember): Shown {
  return note("good", text, { event, ...(member && { member: reportRoomMember(member) }) })
}
