import type { Command } from "commander"
import type { TopicSession } from "stringphone"
import { ChannelError, UsageError, utf8 } from "stringphone/bytes"
import type { Context } from "../context.js"
import { readInput } from "../input.js"
import { catchUp, withTopic } from "../live-topic.js"
import { shownName } from "../member.js"
import { parseSeconds, parseValidity } from "../seconds.js"
import { requireTopic } from "../topic-shelf.js"
import { examples, run } from "./shape.js"

export function addTopicSendCommand(topic: Command): void {
  const send = topic
    .command("send <name> [text]")
    .description("encrypt, sign and send one message: the text, or else what comes from stdin")
    .option("--raw", "send stdin byte by byte, with the line end of its last line")
    .option("--valid-for <seconds>", "others refuse it when it comes later", parseValidity)
    .option("--wait <seconds>", "how long to try when it can not go now", parseSeconds, 30)
    .action(
      run((context, name: string, text: string | undefined, options: SendOptions) =>
        sendMessage(context, name, text, options),
      ),
    )
  examples(send, [
    "topic send kitchen 'Dinner is ready.'",
    "topic send door open --valid-for 5",
    "topic send kitchen < letter.txt",
    "topic send kitchen -- '--not an option'",
  ])
}

interface SendOptions {
  readonly raw?: boolean
  readonly validFor?: number
  readonly wait: number
}

async function sendMessage(
  context: Context,
  name: string,
  text: string | undefined,
  { raw = false, validFor, wait }: SendOptions,
): Promise<void> {
  await context.withRing(async (ring) => {
    const record = await requireTopic(ring, name)
    const payload = text === undefined ? await readInput(context, raw) : utf8(text)
    if (payload.length === 0) throw new UsageError("bad-text", "There is nothing to send.")
    await withTopic(context, ring, record, { receive: "if-free" }, async (session) => {
      await catchUp(session)
      requireMembership(context, session, name)
      await send(session, payload, wait, validFor)
      const seconds = validFor === undefined ? "" : `, valid for ${validFor} s`
      context.print(
        `Sent to ${shownName(name)}: ${payload.length} bytes, encrypted and signed${seconds}.`,
        { event: "sent", topic: name, bytes: payload.length, epoch: session.epoch },
      )
    })
  })
}

/** @throws {UsageError} `not-joined`, `removed` */
export function requireMembership(context: Context, session: TopicSession, name: string): void {
  if (session.standing === "removed") {
    throw new UsageError(
      "removed",
      `You were removed from the topic ${shownName(name)}. Ask an admin to let you in again: ${context.command} topic join ADDRESS`,
    )
  }
  if (session.standing === "outside") {
    throw new UsageError(
      "not-joined",
      `Nobody let you into the topic ${shownName(name)} yet. Join it: ${context.command} topic join ADDRESS`,
    )
  }
}

async function send(
  session: TopicSession,
  payload: Uint8Array,
  wait: number,
  validFor: number | undefined,
): Promise<void> {
  const signal = AbortSignal.timeout(wait * 1_000)
  const options = { signal, ...(validFor !== undefined && { validForMs: validFor * 1_000 }) }
  try {
    await session.send(payload, options)
  } catch (error) {
    // A `listen` that began this moment receives now; we go on beside it.
    if (error instanceof UsageError && error.code === "taken-over") {
      return session.send(payload, options)
    }
    if (!signal.aborted) throw error
    throw new ChannelError(
      "not-sent",
      session.standing === "waiting"
        ? `Somebody was removed, and the new key did not come within ${wait} s. It waits for an admin to be there.`
        : `The broker did not take it within ${wait} s. Perhaps it was sent, perhaps not.`,
      { cause: error },
    )
  }
}
