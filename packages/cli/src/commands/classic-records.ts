import type { Command } from "commander"
import { UsageError } from "stringphone/bytes"
import { contactByKey, takePetname } from "stringphone/identity"
import type { ClassicTopicRecord } from "stringphone/keyring"
import { generateTopicKey } from "stringphone/topic/classic"
import { completeLogin } from "../broker-login.js"
import { randomChannel } from "../channel.js"
import type { Context } from "../context.js"
import { reportKey, trustText } from "../person.js"
import { askLine } from "../terminal/ask.js"
import { visible } from "../terminal/escape.js"
import {
  checkChannel,
  formatTopicAddress,
  parseBrokerUrl,
  parseTopicAddress,
} from "../topic-address.js"
import { requireTopic } from "../classic-session.js"
import { countOf, quoted } from "../wording.js"
import { examples, run } from "./shape.js"

/** The commands about topics that need no broker. */
export function addClassicRecordCommands(topic: Command): void {
  const make = topic
    .command("new <name>")
    .description("(classic) make a topic with a key of its own, and print its address")
    .requiredOption("--broker <url>", "where it lives: mqtt://, mqtts://, ws:// or wss://")
    .option("--channel <topic>", "the MQTT topic (default: a random one, which tells nothing)")
    .action(run((context, name: string, options: NewOptions) => makeTopic(context, name, options)))
  examples(make, [
    "classic new kitchen --broker mqtt://127.0.0.1:1883",
    "classic new garden --broker mqtts://ann@broker.example --channel garden",
  ])

  const list = topic
    .command("list")
    .description("(classic) the classic topics in your key ring, and their addresses")
    .action(run((context) => printTopics(context)))
  examples(list, ["classic list", "classic list --json"])

  const participants = topic
    .command("participants <name>")
    .description("(classic) whom a topic trusts")
    .action(run((context, name: string) => printParticipants(context, name)))
  examples(participants, ["classic participants kitchen"])

  const remove = topic
    .command("remove <name>")
    .description("(classic) forget a topic and its key")
    .option("--yes", "do not ask")
    .action(
      run((context, name: string, options: { yes?: boolean }) =>
        removeTopic(context, name, options.yes ?? false),
      ),
    )
  examples(remove, ["classic remove kitchen", "classic remove kitchen --yes"])
}

interface NewOptions {
  readonly broker: string
  readonly channel?: string
}

async function makeTopic(context: Context, text: string, options: NewOptions): Promise<void> {
  const name = takePetname(text)
  const channel = checkChannel(options.channel ?? randomChannel())
  const brokerUrl = await completeLogin(parseBrokerUrl(options.broker))
  await context.withRing(async (ring) => {
    await ring.updateTopic(name, (known) => {
      if (known) {
        throw new UsageError(
          "topic-exists",
          `There is a topic "${name}" already. Choose another name.`,
        )
      }
      return {
        name,
        address: formatTopicAddress({ brokerUrl, channel }, { withLogin: true }),
        topicKey: generateTopicKey(),
        keyProven: true, // we made it
        participants: [],
      }
    })
    const address = formatTopicAddress({ brokerUrl, channel })
    const text = [
      `Made the classic topic "${name}". Its address, to give to others (it is no secret):`,
      "",
      `  ${context.paint.bold(address)}`,
      "",
      "Let them in, and see what they say:",
      "",
      `  ${context.command} classic listen ${quoted(name)} --pair`,
    ]
    context.print(text.join("\n"), { name, address, protocol: "classic" })
  })
}

async function printTopics(context: Context): Promise<void> {
  await context.withRing(async (ring) => {
    const topics = await ring.topics()
    if (topics.length === 0 && !context.json) {
      context.print(
        `No classic topics yet. Make one: ${context.command} classic new NAME --broker URL`,
        null,
      )
      return
    }
    const lines = topics.map((record) => {
      const { state, address, participants } = reportTopic(record)
      return `${context.paint.bold(visible(record.name))}, ${state}, ${countOf(participants, "participant")}\n    ${visible(address)}`
    })
    context.print(lines.join("\n"), { topics: topics.map(reportTopic) })
  })
}

function reportTopic(record: ClassicTopicRecord): {
  name: string
  address: string
  state: "member" | "unproven" | "outside"
  participants: number
  protocol: "classic"
} {
  const { name, topicKey, keyProven, participants } = record
  const state = keyProven ? "member" : "unproven"
  return {
    name,
    address: formatTopicAddress(parseTopicAddress(record.address)),
    state: topicKey ? state : "outside",
    participants: participants.length,
    protocol: "classic",
  }
}

async function printParticipants(context: Context, name: string): Promise<void> {
  await context.withRing(async (ring) => {
    const { participants } = await requireTopic(ring, name)
    const book = await ring.contacts()
    const known = participants.map((key) => ({ key, contact: contactByKey(book, key) }))
    if (known.length === 0 && !context.json) {
      context.print(
        `This topic trusts nobody yet. Let others in: ${context.command} classic listen ${quoted(name)} --pair`,
        null,
      )
      return
    }
    const lines = known.map(({ key, contact }) => {
      const petname = contact ? visible(contact.petname) : "(no contact)"
      return `${context.paint.bold(petname)}, ${trustText(contact)}\n    ${reportKey(key).words}`
    })
    const report = known.map(({ key, contact }) => ({
      petname: contact?.petname ?? null,
      trust: contact?.decisions.at(-1)?.state ?? "unknown",
      ...reportKey(key),
    }))
    context.print(lines.join("\n"), { participants: report })
  })
}

async function removeTopic(context: Context, name: string, sure: boolean): Promise<void> {
  await context.withRing(async (ring) => {
    await requireTopic(ring, name)
    if (!sure) {
      const answer = await askLine(
        `Forget the classic topic "${visible(name)}" and its key? To read it again, somebody has to let you in. y/n: `,
      )
      if (answer?.trim().toLowerCase() !== "y") {
        throw new UsageError("not-answered", "Not answered with y. Nothing was changed.")
      }
    }
    await ring.updateTopic(name, () => null)
    context.print(`${visible(name)}: removed`, { removed: name })
  })
}
