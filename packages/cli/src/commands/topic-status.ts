import type { Command } from "commander"
import { hex, sameBytes } from "stringphone/bytes"
import { contactByKey } from "stringphone/identity"
import type { KeyRing } from "stringphone/keyring"
import type { Context } from "../context.js"
import { type Heard, readHeard } from "../heard.js"
import { nameOf, shownName } from "../member.js"
import { refusedText } from "../refused.js"
import { visible } from "../terminal/escape.js"
import { glance, type TopicGlance } from "../topic-glance.js"
import { publicAddresses, requireTopic } from "../topic-shelf.js"
import { countOf, duration } from "../wording.js"
import { examples, run } from "./shape.js"
import { countVerified, standingText } from "./topic-list.js"

export function addTopicStatusCommand(topic: Command): void {
  const status = topic
    .command("status <name>")
    .description("how a topic stands: your part in it, its key, its members, what was missed")
    .action(run((context, name: string) => printStatus(context, name)))
  examples(status, ["topic status kitchen", "topic status kitchen --json"])
}

async function printStatus(context: Context, name: string): Promise<void> {
  await context.withRing(async (ring) => {
    const record = await requireTopic(ring, name)
    const seen = await glance(ring, record)
    const heard = await readHeard(ring, record)
    const silent = await silentMembers(ring, seen, heard)
    const verified = await countVerified(ring, seen)
    const others = Math.max(0, seen.participants.length - 1)
    const ageMs = Date.now() - seen.madeMs
    const isIn = seen.epoch > 0
    const lines = [
      `${context.paint.bold(shownName(name))}, ${standingText(seen)}`,
      "",
      ...publicAddresses(record).map((address) => `  where     ${visible(address)}`),
      ...(isIn ? [`  key       ${seen.epoch}, made ${duration(ageMs)} ago`] : []),
      ...(isIn ? [`  members   you and ${countOf(others, "other")}, ${verified} verified`] : []),
      ...(silent.length > 0
        ? [`  behind?   not heard since this key was made: ${silent.join(", ")}`]
        : []),
      `  receives  ${receiverText(seen)}`,
      ...(heard ? [`  heard     ${heardText(heard)}`] : []),
    ]
    context.print(lines.join("\n"), {
      topic: name,
      addresses: publicAddresses(record),
      standing: seen.standing,
      isAdmin: seen.isAdmin,
      epoch: seen.epoch,
      madeAt: isIn ? new Date(seen.madeMs).toISOString() : null,
      ageSeconds: isIn ? Math.round(ageMs / 1_000) : null,
      members: seen.participants.length,
      verified,
      notHeardSinceKey: silent,
      isReceivedElsewhere: seen.isElsewhere,
      unread: seen.unread,
      heard: heard && reportHeard(heard),
    })
  })
}

/** Whose last message came before the current key; only who listens knows. */
async function silentMembers(
  ring: KeyRing,
  { madeMs, participants }: TopicGlance,
  heard: Heard | null,
): Promise<readonly string[]> {
  if (!heard) return []
  const book = await ring.contacts()
  return participants
    .filter(({ publicKey }) => !sameBytes(publicKey, ring.identity.publicKey))
    .filter(({ publicKey }) => (heard.lastMs[hex(publicKey)] ?? 0) < madeMs)
    .map(({ publicKey }) => nameOf(publicKey, contactByKey(book, publicKey)))
}

function receiverText({ isElsewhere, unread }: TopicGlance): string {
  if (isElsewhere) return "another command of yours (or one that broke off within a minute)"
  return unread ? `nobody now; ${countOf(unread, "message")} kept for "topic listen"` : "nobody now"
}

function heardText(heard: Heard): string {
  const { messages, missing, rejected, sinceMs, untilMs } = heard
  const time = new Date(untilMs).toISOString().slice(0, 16).replace("T", " ")
  return [
    `${countOf(messages, "message")} in ${duration(untilMs - sinceMs)}, until ${time} UTC`,
    ...(missing > 0 ? [`${missing} missing`] : []),
    ...Object.entries(rejected).map(([code, count]) => refusedText(code, count, null)),
  ].join(", ")
}

function reportHeard({
  messages,
  missing,
  possiblyMissing,
  rejected,
  sinceMs,
  untilMs,
}: Heard): object {
  const [since, until] = [sinceMs, untilMs].map((ms) => new Date(ms).toISOString())
  return { since, until, messages, missing, possiblyMissing, rejected }
}
