import type { Command } from "commander"
import { takePetname } from "stringphone/identity"
import { completeLogin } from "../broker-login.js"
import { addressAt, type ChannelAddress } from "../channel-address.js"
import { randomChannel } from "../channel.js"
import { connectAll } from "../connect.js"
import type { Context } from "../context.js"
import { withTopic } from "../live-topic.js"
import { addTopic, forgetTopic, publicAddresses } from "../topic-shelf.js"
import { quoted } from "../wording.js"
import { collect, examples, run } from "./shape.js"

export function addTopicNewCommand(topic: Command): void {
  const make = topic
    .command("new <name>")
    .description("found a topic, with you as its admin, and print its address")
    .requiredOption(
      "--broker <url>",
      "where it lives: mqtt(s)://, ws(s)://, nats://, tls://, tcp://, hub+ws(s)://; repeat it for several at once",
      collect,
    )
    .option("--channel <name>", "the channel there (default: a random one, which tells nothing)")
    .option("--padded", "hide the lengths of messages")
    .action(run((context, name: string, options: NewOptions) => makeTopic(context, name, options)))
  examples(make, [
    "topic new kitchen --broker mqtt://127.0.0.1:1883",
    "topic new garden --broker mqtts://ann@broker.example --channel garden",
    "topic new home --broker mqtts://one.example --broker nats://two.example",
  ])
}

interface NewOptions {
  readonly broker: readonly string[]
  readonly channel?: string
  readonly padded?: boolean
}

async function makeTopic(context: Context, text: string, options: NewOptions): Promise<void> {
  const name = takePetname(text)
  const channel = options.channel ?? randomChannel()
  options.broker.forEach((url) => addressAt(url, channel)) // what is wrong is told before any question
  const addresses: ChannelAddress[] = []
  for (const url of options.broker) addresses.push(addressAt(await completeLogin(url), channel))
  await context.withRing(async (ring) => {
    const record = await addTopic(ring, name, addresses)
    try {
      await withTopic(context, ring, record, { offline: true }, (session) =>
        session.create({ name, isPadded: options.padded ?? false }),
      )
    } catch (error) {
      await forgetTopic(ring, record)
      throw error
    }
    const shown = publicAddresses(record)
    const lines = [
      `Made the topic ${quoted(name)}. Its address, to give to others (it is no secret):`,
      "",
      ...shown.map((address) => `  ${context.paint.bold(address)}`),
      "",
      "Let others in:",
      "",
      `  ${context.command} topic pair ${quoted(name)}`,
    ]
    context.print(lines.join("\n"), {
      name,
      address: shown[0],
      addresses: shown,
      ...(await reachable(context, addresses)),
    })
  })
}

/** The topic is made whether its broker answers or not; a person wants to know. */
async function reachable(
  context: Context,
  addresses: readonly ChannelAddress[],
): Promise<{ readonly reachable: boolean }> {
  try {
    const transport = await connectAll(addresses, { connectTimeoutMs: 3_000 })
    await transport.close()
    return { reachable: true }
  } catch (error) {
    context.warn(
      `${error instanceof Error ? error.message : String(error)} The topic was made anyway.`,
    )
    return { reachable: false }
  }
}
