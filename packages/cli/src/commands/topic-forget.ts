import type { Command } from "commander"
import { UsageError } from "stringphone/bytes"
import type { Context } from "../context.js"
import { confirmed } from "../input.js"
import { catchUp, withTopic } from "../live-topic.js"
import { shownName } from "../member.js"
import { glance } from "../topic-glance.js"
import { forgetTopic, requireTopic } from "../topic-shelf.js"
import { quoted } from "../wording.js"
import { examples, run } from "./shape.js"

export function addTopicForgetCommands(topic: Command): void {
  const leave = topic
    .command("leave <name>")
    .description("go out of a topic, and forget it")
    .option("--yes", "do not ask")
    .action(
      run((context, name: string, options: { yes?: true }) =>
        leaveTopic(context, name, options.yes ?? false),
      ),
    )
  examples(leave, ["topic leave kitchen", "topic leave kitchen --yes"])

  const forget = topic
    .command("forget <name>")
    .description("forget a topic with its keys, and tell nobody")
    .option("--yes", "do not ask")
    .action(
      run((context, name: string, options: { yes?: true }) =>
        forget_(context, name, options.yes ?? false),
      ),
    )
  examples(forget, ["topic forget kitchen", "topic forget kitchen --yes"])
}

async function leaveTopic(context: Context, name: string, isSure: boolean): Promise<void> {
  await context.withRing(async (ring) => {
    const record = await requireTopic(ring, name)
    const seen = await glance(ring, record)
    const isAlone = seen.participants.length <= 1
    const admins = seen.participants.filter(({ isAdmin }) => isAdmin)
    if (seen.isAdmin && admins.length === 1 && !isAlone) {
      throw new UsageError(
        "last-admin",
        `You are the only admin of this topic. Make somebody else one first: ${context.command} topic admin ${quoted(name)} WHO`,
      )
    }
    if (!isSure) await confirmed(question(name, "Leave"))
    if (seen.isAdmin && !isAlone) {
      await withTopic(context, ring, record, {}, async (session) => {
        await catchUp(session)
        await session.remove(session.publicKey)
      })
    }
    await forgetTopic(ring, record)
    const isIn = seen.standing === "member" || seen.standing === "waiting"
    const mustAsk = isIn && !seen.isAdmin
    context.print(
      mustAsk
        ? `You left ${shownName(name)}. Ask an admin to remove you, too: until then the others write to you.`
        : `You left ${shownName(name)}.`,
      { event: "left", topic: name, isRemoved: !mustAsk },
    )
  })
}

async function forget_(context: Context, name: string, isSure: boolean): Promise<void> {
  await context.withRing(async (ring) => {
    const record = await requireTopic(ring, name)
    if (!isSure) await confirmed(question(name, "Forget"))
    await forgetTopic(ring, record)
    context.print(`${shownName(name)}: forgotten`, { event: "forgotten", topic: name })
  })
}

function question(name: string, what: string): string {
  return `${what} the topic ${shownName(name)}? Its keys are deleted here; to read it again, somebody has to let you in.`
}
