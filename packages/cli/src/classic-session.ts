import { UsageError } from "stringphone/bytes"
import type { ClassicTopicRecord, KeyRing } from "stringphone/keyring"
import {
  type ClassicTopicEvent,
  type ClassicTopicSession,
  openClassicTopic,
  type TopicMessage,
} from "stringphone/session"
import { connectMqtt } from "stringphone/transport/mqtt"
import { visible } from "./terminal/escape.js"
import { parseTopicAddress } from "./topic-address.js"

export interface TopicListeners {
  readonly onMessage?: (message: TopicMessage) => void
  readonly onEvent?: (event: ClassicTopicEvent) => void
  /** Gives up connecting. */
  readonly signal?: AbortSignal
}

/** The topic of this name. @throws {UsageError} `no-such-topic` */
export async function requireTopic(ring: KeyRing, name: string): Promise<ClassicTopicRecord> {
  const record = await ring.topic(name)
  if (record) return record
  throw new UsageError(
    "no-such-topic",
    `There is no classic topic "${name}" in this key ring. "stringphone classic list" shows what there is.`,
  )
}

/** Connects to the topic's broker and opens the topic, for one command. */
export async function withTopic<T>(
  ring: KeyRing,
  record: ClassicTopicRecord,
  listeners: TopicListeners,
  use: (session: ClassicTopicSession) => Promise<T>,
): Promise<T> {
  const { brokerUrl, channel } = parseTopicAddress(record.address)
  const { signal, ...callbacks } = listeners
  const transport = await connectMqtt({
    url: brokerUrl,
    topic: channel,
    backoff: { maxMs: 5_000 },
    ...(signal && { signal }),
  })
  const session = await openClassicTopic({ ring, name: record.name, transport, ...callbacks })
  try {
    return await use(session)
  } finally {
    await session.close()
  }
}

/** @throws {UsageError} `not-joined` */
export function requireTopicKey(record: ClassicTopicRecord): void {
  if (record.topicKey) return
  throw new UsageError(
    "not-joined",
    `Nobody let you into the topic "${visible(record.name)}" yet. Join it again: stringphone classic join ADDRESS.`,
  )
}
