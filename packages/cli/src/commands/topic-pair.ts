import type { Command } from "commander"
import type { Pairing } from "stringphone"
import { ChannelError, UsageError } from "stringphone/bytes"
import { takePetname } from "stringphone/identity"
import type { Context } from "../context.js"
import { readLine } from "../input.js"
import { interrupted } from "../interrupt.js"
import { answerOthers, catchUp, withTopic } from "../live-topic.js"
import { checkPairingCode } from "../pairing-code.js"
import { codeText } from "../pairing-screen.js"
import { PairingTalk } from "../pairing-talk.js"
import { parseSeconds } from "../seconds.js"
import { publicAddresses, requireTopic } from "../topic-shelf.js"
import { quoted } from "../wording.js"
import { examples, run } from "./shape.js"

export function addTopicPairCommand(topic: Command): void {
  const pair = topic
    .command("pair <name>")
    .description("let somebody in: compare emoji, or give or take a code (for admins)")
    .option("--wait <seconds>", "how long the window is open", parseSeconds, 300)
    .option("--code", "read the code that the other device shows, from a prompt or stdin")
    .option("--no-show-code", "show no code; only compare")
    .option("--petname <name>", "your name for whom you let in (default: what it calls itself)")
    .option("--admin", "make it an admin, who may let in and remove others")
    .option("--many", "keep the window open after the first one")
    .action(
      run((context, name: string, options: PairOptions) => pairOthers(context, name, options)),
    )
  examples(pair, [
    "topic pair kitchen",
    "topic pair kitchen --wait 60 --petname bob",
    "topic pair kitchen --code < code-of-the-other-device.txt",
  ])
}

interface PairOptions {
  readonly wait: number
  readonly code?: true
  readonly showCode: boolean
  readonly petname?: string
  readonly admin?: true
  readonly many?: true
}

async function pairOthers(context: Context, name: string, options: PairOptions): Promise<void> {
  const petname = options.petname === undefined ? null : takePetname(options.petname)
  await context.withRing(async (ring) => {
    const record = await requireTopic(ring, name)
    const code = options.code
      ? checkPairingCode(await readLine("The code that the other device shows:"), "joiner")
      : null
    const ending = interrupted()
    const controller = new AbortController()
    void ending.promise.then(() => controller.abort())
    await withTopic(context, ring, record, { signal: controller.signal }, async (session) => {
      await catchUp(session)
      const forMs = options.wait * 1_000
      const address = publicAddresses(record).join(" ")
      const shows = options.showCode && !code
      const pairing = await session.openPairing({
        forMs,
        ...(code && { code }),
        ...(shows && { code: "show", address }),
      })
      void ending.promise.then(() => pairing.close())
      sayOpen(context, pairing, name, address, options)
      const decision = { ...(petname && { petname }), asAdmin: options.admin ?? false }
      const paired = await new PairingTalk({
        context,
        ring,
        pairing,
        role: "host",
        decision,
        asks: code === null,
        many: options.many ?? false,
        interrupt: ending.interrupt,
      }).run()
      if (paired.length === 0) throw nobody(await pairing.closed, options.wait)
      await answerOthers(context, session)
      if (options.many) context.print(closedText(await pairing.closed), { event: "closed" })
    })
  })
}

function sayOpen(
  context: Context,
  pairing: Pairing,
  name: string,
  address: string,
  { wait }: PairOptions,
): void {
  const lines = [
    `${quoted(name)} is open for ${wait} s. On the other device:`,
    "",
    `  stringphone topic join ${address}`,
    "",
    codeText(context, pairing, "Or let it scan or paste this (stringphone topic join --code)."),
  ]
  context.print(lines.join("\n").trimEnd(), {
    event: "pairing",
    topic: name,
    address,
    code: pairing.code,
    until: new Date(pairing.untilMs).toISOString(),
  })
}

function nobody(because: Awaited<Pairing["closed"]>, seconds: number): Error {
  if (because === "timed-out") {
    return new ChannelError("not-paired", `Nobody was let in within ${seconds} s.`)
  }
  if (because === "too-many-attempts") {
    return new ChannelError(
      "not-paired",
      "Three attempts failed, so the window is closed: somebody may be in between. Pair with a code, or over another channel.",
    )
  }
  return new UsageError("not-answered", "The window was closed. Nobody was let in.")
}

function closedText(because: Awaited<Pairing["closed"]>): string {
  return because === "timed-out" ? "The window is over." : "The window is closed."
}
