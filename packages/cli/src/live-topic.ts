import { openTopic, type TopicEvent, type TopicSession } from "stringphone"
import { UsageError } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import type { Transport } from "stringphone/transport"
import { createMemoryNetwork } from "stringphone/transport/memory"
import { connectAll } from "./connect.js"
import type { Context } from "./context.js"
import { reportFailure } from "./failure.js"
import type { TopicRecord } from "./topic-shelf.js"
import { quoted } from "./wording.js"

export interface LiveOptions {
  /** Default `take`: what changes the topic has to receive. */
  readonly receive?: "take" | "if-free"
  readonly onEvent?: (event: TopicEvent) => void
  /** Gives up connecting. */
  readonly signal?: AbortSignal
  /** Default: the transports' own, 20 s. */
  readonly connectTimeoutMs?: number
  /** Talks to nobody: for what only reads and writes the key ring. */
  readonly offline?: boolean
}

/** Connects to a topic's channel and opens the topic, for one command. */
export async function withTopic<T>(
  context: Context,
  ring: KeyRing,
  record: TopicRecord,
  options: LiveOptions,
  use: (session: TopicSession, transport: Transport) => Promise<T>,
): Promise<T> {
  const { connectTimeoutMs, receive = "take", signal } = options
  const link = { ...(signal && { signal }), ...(connectTimeoutMs && { connectTimeoutMs }) }
  const transport = options.offline
    ? createMemoryNetwork().connect("nobody")
    : await connectAll(requireAddresses(context, record), link)
  let session: TopicSession
  try {
    session = await openTopic({
      store: ring.store,
      identity: ring.identity,
      contacts: ring,
      transport,
      name: record.id,
      ownName: context.ownName,
      receive,
      onEvent: options.onEvent ?? reportTrouble,
    })
  } catch (error) {
    await transport.close()
    throw error
  }
  try {
    return await use(session, transport)
  } finally {
    await session.close()
  }
}

/** What goes wrong beside the command, on stderr. */
export function reportTrouble(event: TopicEvent): void {
  if (event.kind === "failed") reportFailure(event.error, false)
  if (event.kind !== "channel") return
  const { event: notice } = event
  if (notice.kind === "trouble") reportFailure(notice.error, false)
  if (notice.kind === "status" && notice.error) reportFailure(notice.error, false)
}

/** What we missed while nobody listened comes now, if the channel kept it or somebody tells. */
export async function catchUp(session: TopicSession): Promise<void> {
  if (session.isReceiver) await pause(catchUpMs)
}

/**
 * After a change, others may be unable to open it, or want to be told that they are out; they ask
 * at once, and somebody has to answer.
 */
export async function answerOthers(context: Context, session: TopicSession): Promise<void> {
  context.progress("Telling the others …")
  if (session.standing !== "outside") await pause(answerMs)
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

const catchUpMs = 500
const answerMs = 3_000

function requireAddresses(context: Context, { addresses, name }: TopicRecord): typeof addresses {
  if (addresses.length > 0) return addresses
  throw new UsageError(
    "no-address",
    `Nobody told where the topic "${name}" is. Run: ${context.command} topic accept ${quoted(name)} --at ADDRESS`,
  )
}
