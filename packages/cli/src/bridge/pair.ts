import { hex, UsageError } from "stringphone/bytes"
import type { PairingRequest, TopicSession } from "stringphone"
import type { KeyRing } from "stringphone/keyring"
import { completeLogin } from "../broker-login.js"
import type { Context } from "../context.js"
import { interrupted } from "../interrupt.js"
import { askLine, askSecret } from "../terminal/ask.js"
import { visible } from "../terminal/escape.js"
import { qrText } from "../terminal/qr.js"
import { formatTopicAddress } from "../topic-address.js"
import type { Setup } from "./config-file.js"
import { attend } from "./pairing.js"
import { topicsOf } from "./rules.js"
import { openSession } from "./session.js"

export interface PairOptions {
  readonly seconds: number
  readonly code?: boolean
  readonly petname?: string
  readonly admin?: boolean
}

/** Who was let in may not have heard it yet, and asks again every 2 s. [TOPIC-9-11] */
const lingerMs = 3_000

/** Lets one more into the bridge's topic, which it founds if there is none. */
export async function letIn(
  context: Context,
  ring: KeyRing,
  setup: Setup,
  options: PairOptions,
): Promise<void> {
  const { channel, topic } = setup.config
  const address = formatTopicAddress({ brokerUrl: setup.broker.url, channel })
  await withSession(context, ring, setup, { found: { name: topic } }, async (session, ending) => {
    const showsCode = options.code === true || process.stdout.isTTY
    const pairing = await session.openPairing({
      forMs: options.seconds * 1_000,
      ...(showsCode && { code: "show", address }),
    })
    const { code } = pairing
    const how = `Others may ask to be let into "${visible(topic)}" at ${visible(address)} for ${options.seconds} s.`
    const colour = process.stdout.isTTY && !process.env["NO_COLOR"]
    const shown =
      code === null ? "" : `\nTo scan, a secret for this once:\n\n${qrText(code, { colour })}\n${code}`
    context.print(how + shown, {
      event: "pairing",
      open: true,
      seconds: options.seconds,
      address,
      ...(code !== null && { code }),
    })
    const { admin: asAdmin, petname } = options
    await attend({
      context,
      pairing,
      ending,
      ...(petname !== undefined && { petname }),
      ...(asAdmin && { asAdmin }),
      rightsOf: (request) => rightsOf(setup, request, petname),
    })
    await new Promise((resolve) => setTimeout(resolve, lingerMs))
  })
}

/** Asks to be let into the topic of somebody else. */
export async function join(
  context: Context,
  ring: KeyRing,
  setup: Setup,
  options: PairOptions,
): Promise<void> {
  const code = options.code ? await askCode() : null
  await withSession(context, ring, setup, {}, async (session, ending) => {
    const pairing = await session.join({
      forMs: options.seconds * 1_000,
      ...(code !== null && { code }),
    })
    context.print(`Asking to be let in, for ${options.seconds} s.`, {
      event: "joining",
      seconds: options.seconds,
    })
    const { petname } = options
    await attend({
      context,
      pairing,
      ending,
      ...(petname !== undefined && { petname }),
      rightsOf: () => null,
    })
    await new Promise((resolve) => setTimeout(resolve, lingerMs))
  })
}

async function withSession(
  context: Context,
  ring: KeyRing,
  setup: Setup,
  found: Pick<Parameters<typeof openSession>[2], "found">,
  use: (session: TopicSession, ending: ReturnType<typeof interrupted>) => Promise<void>,
): Promise<void> {
  const ending = interrupted()
  const controller = new AbortController()
  void ending.promise.then(() => controller.abort())
  context.progress("Connecting to the topic's broker …")
  const session = await openSession(ring, await withPassword(setup), {
    ...found,
    isPatient: false,
    signal: controller.signal,
  })
  try {
    await use(session, ending)
  } finally {
    await session.close()
  }
}

/** A person at a terminal may type the password that stands nowhere. */
async function withPassword(setup: Setup): Promise<Setup> {
  const { password, url, username } = setup.broker
  if (username === undefined || password !== undefined) return setup
  const withUser = new URL(url)
  withUser.username = encodeURIComponent(username)
  const { password: typed } = new URL(await completeLogin(withUser.href))
  if (typed === "") return setup
  return { ...setup, broker: { ...setup.broker, password: decodeURIComponent(typed) } }
}

/** The code is a secret: it comes by the terminal or a pipe, not as an argument. */
async function askCode(): Promise<string> {
  if (process.stdin.isTTY) return askSecret("The code that the other side shows: ")
  const line = await askLine("")
  if (line !== null) return line
  throw new UsageError("bad-pairing-code", "No code came. Write it to this program's input.")
}

/** What the rules of this bridge would allow: names that newcomers choose must not surprise. */
function rightsOf({ config }: Setup, request: PairingRequest, petname?: string): string | null {
  if (config.kind !== "bridge") return null
  const { contact, name, publicKey } = request
  const called = contact?.petname ?? petname ?? name
  const future = {
    petname: called,
    publicKey,
    exchangePublicKey: null,
    decisions: [{ state: "verified", atMs: 0, by: "emoji" }],
  } as const
  const sender = { from: { publicKey, contact: future }, status: "verified" } as const
  const topics = topicsOf(config.commands, sender)
  const who = called === "" ? hex(publicKey).slice(0, 16) : visible(called)
  return topics.length === 0
    ? `As "${who}" it may command nothing.`
    : `As "${who}" it may command: ${topics.map(visible).join(", ")}`
}
