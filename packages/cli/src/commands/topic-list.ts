import type { Command } from "commander"
import { contactByKey, trustOf } from "stringphone/identity"
import type { KeyRing } from "stringphone/keyring"
import type { Context } from "../context.js"
import { memberText, reportMember, shownName } from "../member.js"
import { visible } from "../terminal/escape.js"
import { glance, type TopicGlance } from "../topic-glance.js"
import { publicAddresses, requireTopic, type TopicRecord, topicRecords } from "../topic-shelf.js"
import { countOf } from "../wording.js"
import { examples, run } from "./shape.js"

/** What the key ring knows; no broker is asked. */
export function addTopicListCommands(topic: Command): void {
  const list = topic
    .command("list")
    .description("the topics in your key ring, and their addresses")
    .action(run((context) => printTopics(context)))
  examples(list, ["topic list", "topic list --json"])

  const members = topic
    .command("members <name>")
    .description("who is in a topic, how far you trust each, and who are its admins")
    .action(run((context, name: string) => printMembers(context, name)))
  examples(members, ["topic members kitchen", "topic members kitchen --json"])
}

/** In words, what we are in a topic. */
export function standingText({ isAdmin, standing }: TopicGlance): string {
  switch (standing) {
    case "outside":
      return "not joined"
    case "invited":
      return "invited, and not let in yet"
    case "member":
      return isAdmin ? "admin" : "member"
    case "waiting":
      return "waits for the key after a removal"
    case "removed":
      return "removed"
  }
}

async function printTopics(context: Context): Promise<void> {
  await context.withRing(async (ring) => {
    const records = await topicRecords(ring)
    const classic = (await ring.topics()).length
    const hint = `${countOf(classic, "classic topic")}: ${context.command} classic list`
    const topics: { readonly record: TopicRecord; readonly seen: TopicGlance }[] = []
    for (const record of records) topics.push({ record, seen: await glance(ring, record) })
    const lines = topics.map(({ record, seen }) => {
      const { participants } = seen
      const others = participants.length > 0 ? [countOf(participants.length, "participant")] : []
      const head = [context.paint.bold(shownName(record.name)), standingText(seen), ...others]
      const where = publicAddresses(record).map((address) => `    ${visible(address)}`)
      return [head.join(", "), ...where].join("\n")
    })
    if (lines.length === 0) {
      lines.push(`No topics yet. Make one: ${context.command} topic new NAME --broker URL`)
    }
    if (classic > 0) lines.push(context.paint.dim(hint))
    context.print(lines.join("\n"), {
      topics: topics.map(({ record, seen }) => ({
        name: record.name,
        address: publicAddresses(record)[0] ?? null,
        addresses: publicAddresses(record),
        standing: seen.standing,
        isAdmin: seen.isAdmin,
        participants: seen.participants.length,
        epoch: seen.epoch,
      })),
    })
  })
}

async function printMembers(context: Context, name: string): Promise<void> {
  await context.withRing(async (ring) => {
    const record = await requireTopic(ring, name)
    const { epoch, participants, standing } = await glance(ring, record)
    const book = await ring.contacts()
    const own = ring.identity.publicKey
    const lines = participants.map((member) => memberText(member, book, own))
    const text =
      lines.length === 0 ? "You are not in this topic, and know nobody in it." : lines.join("\n")
    context.print(`${text}${lines.length > 0 ? `\n${context.paint.dim(`Key ${epoch}.`)}` : ""}`, {
      topic: name,
      standing,
      epoch,
      members: participants.map((member) => reportMember(member, book, own)),
    })
  })
}

/** How many of the others are verified. */
export async function countVerified(ring: KeyRing, { participants }: TopicGlance): Promise<number> {
  const book = await ring.contacts()
  return participants.filter(
    ({ publicKey }) => trustOf(contactByKey(book, publicKey)).state === "verified",
  ).length
}
