import type { Command } from "commander"
import type { Pairing, TopicSession } from "stringphone"
import { ChannelError, UsageError } from "stringphone/bytes"
import { takePetname } from "stringphone/identity"
import type { KeyRing } from "stringphone/keyring"
import { completeLogin } from "../broker-login.js"
import { type ChannelAddress, parseChannelAddress } from "../channel-address.js"
import type { Context } from "../context.js"
import { glance } from "../topic-glance.js"
import { readLine } from "../input.js"
import { interrupted } from "../interrupt.js"
import { pause, withTopic } from "../live-topic.js"
import { shownName } from "../member.js"
import { addressesOf, checkPairingCode } from "../pairing-code.js"
import { codeText } from "../pairing-screen.js"
import { PairingTalk } from "../pairing-talk.js"
import { reportKey } from "../person.js"
import { parseSeconds } from "../seconds.js"
import {
  addTopic,
  changeTopic,
  findTopic,
  forgetTopic,
  publicAddresses,
  type TopicRecord,
  topicRecords,
} from "../topic-shelf.js"
import { quoted } from "../wording.js"
import { examples, run } from "./shape.js"

export function addTopicJoinCommand(topic: Command): void {
  const join = topic
    .command("join [addresses...]")
    .description("ask to be let into a topic: compare emoji, or take or give a code")
    .option("--name <name>", "your name for the topic (default: what its admin calls it)")
    .option("--wait <seconds>", "how long to ask", parseSeconds, 300)
    .option("--code", "read the code that the other device shows, from a prompt or stdin")
    .option("--show-code", "show a code for the other device to scan or paste")
    .option("--petname <name>", "your name for who lets you in (default: what it calls itself)")
    .action(
      run((context, addresses: readonly string[], options: JoinOptions) =>
        joinTopic(context, addresses, options),
      ),
    )
  examples(join, [
    "topic join mqtt://127.0.0.1:1883/stringphone/… --name kitchen",
    "topic join --code   (asks for the code; the address is in it)",
    "--as lamp topic join mqtt://127.0.0.1:1883/stringphone/… --show-code",
  ])
}

interface JoinOptions {
  readonly name?: string
  readonly wait: number
  readonly code?: true
  readonly showCode?: true
  readonly petname?: string
}

async function joinTopic(
  context: Context,
  texts: readonly string[],
  options: JoinOptions,
): Promise<void> {
  if (options.code && options.showCode) {
    throw new UsageError("bad-option", "Either read a code (--code) or show one (--show-code).")
  }
  const given = texts.map(parseChannelAddress)
  if (given.length === 0 && !options.code) {
    throw new UsageError(
      "bad-address",
      "Give the topic's address, or --code to read a code that has it.",
    )
  }
  const petname = options.petname === undefined ? null : takePetname(options.petname)
  const name = options.name === undefined ? null : takePetname(options.name)
  const code = options.code
    ? checkPairingCode(await readLine("The code that the other device shows:"), "host")
    : null
  const addresses = given.length > 0 ? given : addressesOf(code ?? "")
  if (addresses.length === 0) {
    throw new UsageError("bad-address", "This code says no address. Give the topic's, too.")
  }
  const complete: ChannelAddress[] = []
  for (const one of addresses) complete.push({ ...one, url: await completeLogin(one.url) })
  await context.withRing(async (ring) => {
    const { isNew, record } = await recordToJoin(ring, name, complete)
    try {
      await beLetIn(context, ring, record, {
        ...options,
        ...(petname && { petname }),
        pairingCode: code,
      })
    } catch (error) {
      // What was not joined is not kept; unless it had been there before.
      if (isNew) await forgetTopic(ring, record)
      throw error
    }
    const named = name === null && isNew ? await nameLikeItsAdmin(ring, record) : record
    sayJoined(context, named)
  })
}

async function recordToJoin(
  ring: KeyRing,
  name: string | null,
  addresses: readonly ChannelAddress[],
): Promise<{ readonly record: TopicRecord; readonly isNew: boolean }> {
  const [first] = addresses
  const channel = first && "channel" in first ? first.channel : "topic"
  const provisional = name ?? takePetname(channel.split("/").at(-1)?.slice(0, 32) || "topic")
  const known =
    (await findTopic(ring, provisional)) ?? (name === null ? await topicAt(ring, addresses) : null)
  if (!known) return { record: await addTopic(ring, provisional, addresses), isNew: true }
  const { standing } = await glance(ring, known)
  if (standing === "member" || standing === "waiting") {
    throw new UsageError(
      "topic-exists",
      `You are in a topic "${known.name}" already. Choose another name with --name.`,
    )
  }
  const record = { ...known, addresses }
  await changeTopic(ring, record)
  return { record, isNew: false }
}

/** Where we were before: who was removed comes back under the same name. */
async function topicAt(
  ring: KeyRing,
  addresses: readonly ChannelAddress[],
): Promise<TopicRecord | null> {
  const where = publicAddresses({ addresses }).join(" ")
  const records = await topicRecords(ring)
  return records.find((record) => publicAddresses(record).join(" ") === where) ?? null
}

async function beLetIn(
  context: Context,
  ring: KeyRing,
  record: TopicRecord,
  options: JoinOptions & { readonly pairingCode: string | null },
): Promise<void> {
  const { pairingCode, petname, showCode, wait } = options
  const ending = interrupted()
  const controller = new AbortController()
  void ending.promise.then(() => controller.abort())
  await withTopic(context, ring, record, { signal: controller.signal }, async (session) => {
    const address = publicAddresses(record).join(" ")
    const pairing = await session.join({
      forMs: wait * 1_000,
      ...(pairingCode && { code: pairingCode }),
      ...(showCode && { code: "show", address }),
    })
    void ending.promise.then(() => pairing.close())
    sayAsking(context, session, pairing, address, wait)
    const paired = await new PairingTalk({
      context,
      ring,
      pairing,
      role: "joiner",
      decision: petname ? { petname } : {},
      asks: pairingCode === null,
      many: false,
      interrupt: ending.interrupt,
    }).run()
    if (paired.length === 0) throw notLetIn(await pairing.closed, wait)
    // Our next rekey key is announced within half a second; then nobody has to ask for it.
    await pause(announceMs)
  })
}

const announceMs = 700

function sayAsking(
  context: Context,
  { publicKey }: TopicSession,
  pairing: Pairing,
  address: string,
  seconds: number,
): void {
  const lines = [
    `Asking to be let in at ${address} for ${seconds} s. An admin there runs "stringphone topic pair NAME".`,
    "",
    codeText(context, pairing, "The admin can scan or paste this (topic pair NAME --code)."),
  ]
  context.print(lines.join("\n").trimEnd(), {
    event: "joining",
    address,
    code: pairing.code,
    until: new Date(pairing.untilMs).toISOString(),
    key: reportKey(publicKey),
  })
}

/** The name by which its admin knows it, if that is free here. */
async function nameLikeItsAdmin(ring: KeyRing, record: TopicRecord): Promise<TopicRecord> {
  const { name } = await glance(ring, record)
  const taken = (await topicRecords(ring)).some((other) => other.name === name)
  if (taken || !/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u.test(name)) return record
  const renamed = { ...record, name: takePetname(name) }
  await changeTopic(ring, renamed)
  return renamed
}

function sayJoined(context: Context, { name }: TopicRecord): void {
  const text = [
    `You are in the topic ${shownName(name)}.`,
    "",
    `  ${context.command} topic listen ${quoted(name)}`,
    `  ${context.command} topic send ${quoted(name)} TEXT`,
  ]
  context.print(text.join("\n"), { event: "joined", topic: name })
}

function notLetIn(because: Awaited<Pairing["closed"]>, seconds: number): Error {
  if (because === "timed-out") {
    return new ChannelError(
      "not-let-in",
      `Nobody let you in within ${seconds} s. Ask an admin to run "topic pair NAME", then try again.`,
    )
  }
  return new ChannelError("not-let-in", "You were not let in, and nothing was kept. Try again.")
}
