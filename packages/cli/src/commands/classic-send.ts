import type { Command } from "commander"
import { UsageError, utf8 } from "stringphone/bytes"
import type { Context } from "../context.js"
import { readInput } from "../input.js"
import { visible } from "../terminal/escape.js"
import { requireTopic, requireTopicKey, withTopic } from "../classic-session.js"
import { examples, run } from "./shape.js"

export function addClassicSendCommand(topic: Command): void {
  const send = topic
    .command("send <name> [text]")
    .description("(classic) encrypt, sign and send one message: the text, or else stdin")
    .option("--raw", "send stdin byte by byte, with the line end of its last line")
    .option("--unproven", "even if nothing has shown yet that the topic's key is the right one")
    .action(
      run((context, name: string, text: string | undefined, options: SendOptions) =>
        sendMessage(context, name, text, options),
      ),
    )
  examples(send, [
    "classic send kitchen 'Dinner is ready.'",
    "classic send kitchen < letter.txt",
    "classic send kitchen -- '--not an option'",
  ])
}

interface SendOptions {
  readonly raw?: boolean
  readonly unproven?: boolean
}

async function sendMessage(
  context: Context,
  name: string,
  text: string | undefined,
  { raw = false, unproven = false }: SendOptions,
): Promise<void> {
  await context.withRing(async (ring) => {
    const record = await requireTopic(ring, name)
    requireTopicKey(record)
    const payload = text === undefined ? await readInput(context, raw) : utf8(text)
    if (payload.length === 0) throw new UsageError("bad-text", "There is nothing to send.")
    await withTopic(ring, record, {}, async (session) => {
      await session.send(payload, { evenUnproven: unproven })
    })
    context.print(
      `Sent to ${visible(name)}: ${payload.length} bytes, encrypted and signed (classic).`,
      { event: "sent", topic: name, bytes: payload.length, protocol: "classic" },
    )
  })
}
