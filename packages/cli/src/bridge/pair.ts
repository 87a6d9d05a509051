import { ChannelError, UsageError } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import { completeLogin } from "../broker-login.js"
import { formatChannelAddress } from "../channel-address.js"
import type { Context } from "../context.js"
import { interrupted } from "../interrupt.js"
import { answerOthers, catchUp, withTopic } from "../live-topic.js"
import { codeText } from "../pairing-screen.js"
import { PairingTalk } from "../pairing-talk.js"
import { addTopic, findTopic, forgetTopic, type TopicRecord } from "../topic-shelf.js"
import type { CommonConfig, Config } from "./config.js"
import { describeRules } from "./describe.js"
import { requirePlace } from "./session.js"

export interface PairOptions {
  readonly wait: number
  readonly petname?: string
  readonly admin?: true
  readonly showCode: boolean
}

/** Lets one more into the topic of a configuration, which is founded if there is none. */
export async function letIn(
  context: Context,
  ring: KeyRing,
  config: Config,
  options: PairOptions,
): Promise<void> {
  if (!(await findTopic(ring, config.topic))) await found(context, ring, config)
  const { addresses, record } = await requirePlace(ring, config)
  const complete: (typeof record.addresses)[number][] = []
  for (const one of addresses) complete.push({ ...one, url: await completeLogin(one.url) })
  const ending = interrupted()
  const controller = new AbortController()
  void ending.promise.then(() => controller.abort())
  const place = { ...record, addresses: complete }
  await withTopic(context, ring, place, { signal: controller.signal }, async (session) => {
    await catchUp(session)
    const address = addresses.map((one) => formatChannelAddress(one)).join(" ")
    const pairing = await session.openPairing({
      forMs: options.wait * 1_000,
      ...(options.showCode && { code: "show", address }),
    })
    void ending.promise.then(() => pairing.close())
    const lines = [
      `The topic is open for ${options.wait} s. On the other device:`,
      "",
      `  stringphone topic join ${address}`,
      "",
      codeText(context, pairing, "Or let it scan or paste this."),
      // The name by which somebody is let in may be one that a rule allows things.
      ...(config.kind === "bridge" ? describeRules(config.commands) : []),
    ]
    context.print(lines.join("\n").trimEnd(), {
      event: "pairing",
      topic: config.topic,
      address,
      code: pairing.code,
      until: new Date(pairing.untilMs).toISOString(),
    })
    const { admin = false, petname } = options
    const paired = await new PairingTalk({
      context,
      ring,
      pairing,
      role: "host",
      decision: { ...(petname !== undefined && { petname }), asAdmin: admin },
      asks: true,
      many: false,
      interrupt: ending.interrupt,
    }).run()
    if (paired.length === 0) {
      throw new ChannelError("not-paired", `Nobody was let in (${await pairing.closed}).`)
    }
    await answerOthers(context, session)
  })
}

/** Founds the topic. Its address is kept without a login, which stays where it was. */
async function found(
  context: Context,
  ring: KeyRing,
  { broker, topic }: CommonConfig,
): Promise<void> {
  if (!broker) {
    throw new UsageError(
      "no-such-topic",
      `There is no topic "${topic}" in this key ring. Give "broker" in the configuration, or: stringphone topic new ${topic} --broker URL`,
    )
  }
  const url = new URL(broker.url)
  ;[url.username, url.password, url.search] = ["", "", ""]
  const record: TopicRecord = await addTopic(ring, topic, [{ ...broker, url: url.href }])
  try {
    await withTopic(context, ring, record, { offline: true }, (session) =>
      session.create({ name: topic }),
    )
  } catch (error) {
    await forgetTopic(ring, record)
    throw error
  }
  context.progress("Founded the topic.")
}
