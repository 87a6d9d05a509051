import { ChannelError, PeerError, UsageError } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import type { Context } from "../context.js"
import { shownName } from "../member.js"
import { visible } from "../terminal/escape.js"
import { glance, type TopicGlance } from "../topic-glance.js"
import { requireTopic, type TopicRecord } from "../topic-shelf.js"
import { duration } from "../wording.js"
import { bad, type Check, good, unknown } from "./check.js"
import { checkBroker } from "./broker.js"
import { checkRingFile } from "./ring-file.js"
import { checkTalk } from "./talk.js"

export type { Check } from "./check.js"

/** From the inside out: the key ring, the topic in it, each broker, the others. */
export async function examine(
  context: Context,
  name: string,
  tell: (check: Check) => void,
): Promise<void> {
  const file = await checkRingFile(context.ringPath)
  file.forEach(tell)
  if (file.some(({ check, ok }) => check === "key-ring" && ok === false)) return
  try {
    await context.withRing(async (ring) => {
      for await (const check of examineRing(context, ring, name)) tell(check)
    })
  } catch (error) {
    tell(failed("key-ring-opens", error, "Do what it says, or take a copy of the key ring."))
  }
}

async function* examineRing(context: Context, ring: KeyRing, name: string): AsyncGenerator<Check> {
  yield good("passphrase", ring.sealed ? "The passphrase opens it." : "It has no passphrase.")
  let record: TopicRecord
  let seen: TopicGlance
  try {
    record = await requireTopic(ring, name)
    seen = await glance(ring, record)
  } catch (error) {
    yield failed("topic", error, `See what there is: ${context.command} topic list`)
    return
  }
  yield* checkStanding(context, name, seen)
  yield checkClock(seen)
  yield seen.isElsewhere
    ? unknown("receiver", "Another command of yours receives for this topic; it goes on.")
    : good("receiver", "No other command of yours receives for this topic now.")
  if (record.addresses.length === 0) {
    yield bad("broker", "Nobody told where this topic is.", "topic accept NAME --at ADDRESS")
  }
  // First, since it may catch up; what it says of a broker that is away, the next check says better.
  const isIn = seen.epoch > 0 && seen.standing !== "removed"
  const talk =
    isIn && !seen.isElsewhere ? await checkTalk(context, ring, record).catch(() => []) : []
  const now = await glance(ring, record)
  for (const address of record.addresses) yield* await checkBroker(address, now)
  yield* talk
}

function* checkStanding(context: Context, name: string, seen: TopicGlance): Generator<Check> {
  const { epoch, isAdmin, participants, standing } = seen
  const shown = shownName(name)
  switch (standing) {
    case "outside":
      yield bad("standing", `Nobody let you into ${shown} yet.`, "Run: topic join ADDRESS")
      return
    case "invited":
      yield bad(
        "standing",
        `You accepted an invitation to ${shown}, and were not let in yet.`,
        `Ask the admin to run "topic add NAME" with your request; then: ${context.command} topic listen ${shown}`,
      )
      return
    case "removed":
      yield bad(
        "standing",
        `You were removed from ${shown}.`,
        "Ask an admin to let you in again, then: topic join ADDRESS",
      )
      return
    case "waiting":
      yield bad(
        "standing",
        "Somebody was removed, and the new key is not here: nothing can be sent.",
        `Wait until an admin is there, with: ${context.command} topic listen ${shown}`,
      )
      return
    case "member":
      yield good("standing", `You are ${isAdmin ? "an admin" : "a member"}, with key ${epoch}.`)
  }
  yield participants.length > 1
    ? good("members", `There are ${participants.length} participants.`)
    : unknown("members", "You are alone in it.")
}

/** The only foreign clock that is known: of the admin who made the key. */
function checkClock({ epoch, madeMs }: TopicGlance): Check {
  if (epoch === 0) return unknown("clock", "Nothing is known to compare the clock with.")
  const aheadMs = madeMs - Date.now()
  return aheadMs > 2_000
    ? bad(
        "clock",
        `The key was made ${duration(aheadMs)} in the future: this clock is late, or an admin's early.`,
        "Set the clock of this computer; messages with a time are refused otherwise.",
      )
    : good("clock", `The clock fits the key, which was made ${duration(-aheadMs)} ago.`)
}

export function failed(check: string, error: unknown, advice: string): Check {
  const isKnown =
    error instanceof UsageError || error instanceof ChannelError || error instanceof PeerError
  const text = error instanceof Error ? error.message : String(error)
  return bad(check, visible(isKnown ? text : `Unexpected: ${text}`), advice)
}
