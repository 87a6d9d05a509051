import type { Command } from "commander"
import type { TopicSession } from "stringphone"
import { hex, sameBytes } from "stringphone/bytes"
import { contactByKey } from "stringphone/identity"
import type { KeyRing } from "stringphone/keyring"
import type { Context } from "../context.js"
import { confirmed } from "../input.js"
import { answerOthers, catchUp, withTopic } from "../live-topic.js"
import { findMember, nameOf, shownName } from "../member.js"
import { glance } from "../topic-glance.js"
import { requireTopic } from "../topic-shelf.js"
import { examples, run } from "./shape.js"
import { requireMembership } from "./topic-send.js"

/** What an admin decides about who is in a topic; each makes a new key. */
export function addTopicRosterCommands(topic: Command): void {
  const remove = topic
    .command("remove <name> <who>")
    .description("remove somebody: it reads and writes nothing from then on (for admins)")
    .option("--yes", "do not ask")
    .action(
      run((context, name: string, who: string, options: { yes?: true }) =>
        removeMember(context, name, who, options.yes ?? false),
      ),
    )
  examples(remove, ["topic remove kitchen bob", "topic remove kitchen 3fa94c01 --yes"])

  const rotate = topic
    .command("rotate <name>")
    .description("give everybody a new key; old messages can not be read with it (for admins)")
    .action(
      run((context, name: string) =>
        changeRoster(context, name, async (session) => {
          await session.rotate()
          return { text: "Everybody gets a new key", report: { event: "rotated" } }
        }),
      ),
    )
  examples(rotate, ["topic rotate kitchen"])

  const admin = topic
    .command("admin <name> <who>")
    .description("let somebody let in and remove others, too (for admins)")
    .option("--off", "take that away")
    .action(
      run((context, name: string, who: string, options: { off?: true }) =>
        setAdmin(context, name, who, !options.off),
      ),
    )
  examples(admin, ["topic admin kitchen bob", "topic admin kitchen bob --off"])
}

async function removeMember(
  context: Context,
  name: string,
  who: string,
  isSure: boolean,
): Promise<void> {
  if (!isSure) {
    await context.withRing(async (ring) => {
      const member = await memberCalled(ring, name, who)
      await confirmed(`Remove ${member.shown} from the topic ${shownName(name)}?`)
    })
  }
  await changeRoster(context, name, async (session, ring) => {
    const { publicKey, shown } = await memberCalled(ring, name, who)
    await session.remove(publicKey)
    const isUs = sameBytes(publicKey, session.publicKey)
    return {
      text: isUs ? "You are out" : `${shown} is out`,
      report: { event: "removed", who: hex(publicKey) },
    }
  })
}

async function setAdmin(
  context: Context,
  name: string,
  who: string,
  isAdmin: boolean,
): Promise<void> {
  await changeRoster(context, name, async (session, ring) => {
    const { publicKey, shown } = await memberCalled(ring, name, who)
    await session.setAdmin(publicKey, isAdmin)
    return {
      text: `${shown} is ${isAdmin ? "an admin now" : "no admin any more"}`,
      report: { event: "admin", who: hex(publicKey), isAdmin },
    }
  })
}

async function changeRoster(
  context: Context,
  name: string,
  change: (session: TopicSession, ring: KeyRing) => Promise<{ text: string; report: object }>,
): Promise<void> {
  await context.withRing(async (ring) => {
    const record = await requireTopic(ring, name)
    await withTopic(context, ring, record, {}, async (session) => {
      await catchUp(session)
      requireMembership(context, session, name)
      const { report, text } = await change(session, ring)
      await answerOthers(context, session)
      const { epoch } = session
      context.print(`${text} (key ${epoch}).`, { ...report, topic: name, epoch })
    })
  })
}

async function memberCalled(
  ring: KeyRing,
  name: string,
  who: string,
): Promise<{ readonly publicKey: Uint8Array; readonly shown: string }> {
  const { participants } = await glance(ring, await requireTopic(ring, name))
  const book = await ring.contacts()
  const publicKey = findMember(participants, book, who)
  return { publicKey, shown: nameOf(publicKey, contactByKey(book, publicKey)) }
}
