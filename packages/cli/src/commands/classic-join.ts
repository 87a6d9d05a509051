import type { Command } from "commander"
import { ChannelError, UsageError } from "stringphone/bytes"
import { takePetname } from "stringphone/identity"
import type { ClassicTopicRecord, KeyRing } from "stringphone/keyring"
import type { ClassicTopicEvent, ClassicTopicSession } from "stringphone/session"
import { completeLogin } from "../broker-login.js"
import type { Context } from "../context.js"
import { interrupted } from "../interrupt.js"
import { fingerprintForm, reportKey } from "../person.js"
import { parseSeconds } from "../seconds.js"
import { visible } from "../terminal/escape.js"
import { listenToKeys } from "../terminal/keys.js"
import { formatTopicAddress, parseTopicAddress, type TopicAddress } from "../topic-address.js"
import { withTopic } from "../classic-session.js"
import { Doorkeeper } from "./classic-doorkeeper.js"
import { examples, run } from "./shape.js"

export function addClassicJoinCommand(topic: Command): void {
  const join = topic
    .command("join <address>")
    .description("(classic) ask to be let into a topic, and check who lets you in")
    .option("--name <name>", "your name for the topic (default: the end of its address)")
    .option("--expect <fingerprint>", "let exactly this key answer: its words, digits or hex")
    .option("--wait <seconds>", "how long to wait for an answer", parseSeconds, 60)
    .action(
      run((context, address: string, options: JoinOptions) => joinTopic(context, address, options)),
    )
  examples(join, [
    "classic join mqtt://127.0.0.1:1883/stringphone/… --name kitchen",
    "--as bob classic join mqtt://127.0.0.1:1883/stringphone/… --expect '12345 67890 …'",
  ])
}

interface JoinOptions {
  readonly name?: string
  readonly expect?: string
  readonly wait: number
}

async function joinTopic(context: Context, text: string, options: JoinOptions): Promise<void> {
  const { brokerUrl, channel } = parseTopicAddress(text)
  if (options.expect !== undefined) fingerprintForm(options.expect)
  const name = takePetname(options.name ?? channel.split("/").at(-1)?.slice(0, 32) ?? channel)
  const address = { brokerUrl: await completeLogin(brokerUrl), channel }
  await context.withRing(async (ring) => {
    const { record, isNew } = await recordToJoin(ring, name, address)
    try {
      await beLetIn(context, ring, record, options)
    } catch (error) {
      // What was not joined is not kept; unless it had been there before.
      if (isNew) await ring.updateTopic(name, (kept) => (kept?.topicKey ? kept : null))
      throw error
    }
  })
}

async function recordToJoin(
  ring: KeyRing,
  name: string,
  where: TopicAddress,
): Promise<{ record: ClassicTopicRecord; isNew: boolean }> {
  const address = formatTopicAddress(where, { withLogin: true })
  const known = await ring.topic(name)
  if (known?.topicKey) {
    throw new UsageError(
      "topic-exists",
      `There is a topic "${name}" already. Choose another name with --name.`,
    )
  }
  const record = { name, address, topicKey: null, keyProven: false, participants: [] }
  await ring.updateTopic(name, () => record)
  return { record, isNew: known === null }
}

async function beLetIn(
  context: Context,
  ring: KeyRing,
  record: ClassicTopicRecord,
  options: JoinOptions,
): Promise<void> {
  const say = (text: string, event: object): void => context.print(text, event)
  const ending = interrupted()
  const controller = new AbortController()
  void ending.promise.then(() => controller.abort())
  let onEvent: (event: ClassicTopicEvent) => void = () => {}
  const listeners = {
    onEvent: (event: ClassicTopicEvent) => onEvent(event),
    signal: controller.signal,
  }
  await withTopic(ring, record, listeners, async (session) => {
    const own = reportKey(session.publicKey)
    say(
      `Asking to be let in, for ${options.wait} s. The other side should see these words of yours:\n\n  ${own.words}\n  ${own.digits}\n`,
      { event: "joining", address: formatTopicAddress(parseTopicAddress(record.address)), ...own },
    )
    let stopKeys = (): void => {}
    const from = await new Promise<Uint8Array>((resolve, reject) => {
      const { expect, wait } = options
      let joinedBy: Uint8Array | null = null
      let canGo = false
      // A home answers with several devices: each is asked about before we go.
      const goOn = (): void => {
        if (joinedBy && canGo && !keeper.busy) resolve(joinedBy)
      }
      const go = (): void => {
        canGo = true
        goOn()
      }
      const keeper = new Doorkeeper({
        session,
        expect,
        kind: "reply",
        say,
        onDecided: goOn,
        onError: reject,
      })
      onEvent = (event) => {
        if (event.kind === "request") keeper.ask(event.request)
        if (event.kind === "joined") {
          joinedBy = event.from
          setTimeout(go, proofWithinMs).unref()
        }
        if (event.kind === "key-proven") go()
        if (event.kind === "pairing-closed") reject(timeIsOver(wait))
        if (event.kind === "failed") reject(event.error)
      }
      const press = (key: string): void => {
        if (key === "\x03") ending.interrupt()
        else keeper.press(key)
      }
      if (expect === undefined) {
        stopKeys = listenToKeys(process.stdin, press, () => reject(nobodyAnswers()))
      }
      void ending.promise.then(() => reject(givenUp()))
      session.openPairing(wait * 1000).catch(reject)
    }).finally(() => stopKeys())
    sayJoined(context, session, record, from)
  })
}

/** We introduce ourselves every three seconds; who let us in greets us then. */
const proofWithinMs = 7_000

function sayJoined(
  context: Context,
  session: ClassicTopicSession,
  { name }: ClassicTopicRecord,
  from: Uint8Array,
): void {
  const contact = session.contact(from)
  const petname = visible(contact?.petname ?? "somebody")
  if (session.membership === "unproven") {
    context.progress("Nothing has come yet that shows that this is the topic's key. Listen first.")
  }
  context.print(
    `You are in (classic); ${petname} is in your contacts. Say something: ${context.command} classic send ${visible(name)} TEXT`,
    {
      event: "joined",
      protocol: "classic",
      topic: name,
      petname: contact?.petname ?? null,
      ...reportKey(from),
    },
  )
}

function timeIsOver(seconds: number): ChannelError {
  return new ChannelError(
    "not-let-in",
    `Nobody let you in within ${seconds} s. Ask the other side to run "classic listen NAME --pair", then try again.`,
  )
}

function givenUp(): ChannelError {
  return new ChannelError("aborted", "Given up; the topic was not joined.")
}

function nobodyAnswers(): UsageError {
  return new UsageError(
    "no-terminal",
    "Nobody is there to answer. Run this in a terminal, or give the other side's fingerprint with --expect.",
  )
}
