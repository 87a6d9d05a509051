import { openTopic, type OpenTopicOptions, StoredTopic, type TopicSession } from "stringphone"
import { UsageError } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import type { TransportEvent } from "stringphone/transport"
import type { ChannelAddress } from "../channel-address.js"
import { connectAll } from "../connect.js"
import { findTopic, type TopicRecord } from "../topic-shelf.js"
import type { CommonConfig } from "./config.js"

/** Where a configuration's topic is kept, and at which brokers it is. */
export interface Place {
  readonly record: TopicRecord
  readonly addresses: readonly ChannelAddress[]
}

/** @throws {UsageError} `outside`, `no-address` */
export async function requirePlace(ring: KeyRing, { broker, topic }: CommonConfig): Promise<Place> {
  const record = await findTopic(ring, topic)
  if (!record) throw outside(topic)
  const addresses = broker ? [broker] : record.addresses
  if (addresses.length > 0) return { record, addresses }
  throw new UsageError(
    "no-address",
    `Nobody told where the topic "${topic}" is. Give its address as "broker" in the configuration.`,
  )
}

export interface OpenOptions extends Pick<OpenTopicOptions, "onEvent" | "ownName"> {
  readonly onChannel: (event: TransportEvent) => void
  readonly allowedSkewMs: number
  readonly signal: AbortSignal
}

/** Opens the topic; patiently, if its brokers do not answer yet. */
export async function openSession(
  ring: KeyRing,
  { addresses, record }: Place,
  { onChannel, signal, ...options }: OpenOptions,
): Promise<TopicSession> {
  const transport = await connectAll(addresses, { waitForBroker: true, signal })
  transport.onEvent(onChannel)
  if (transport.status === "open") onChannel({ kind: "status", status: "open" })
  try {
    const { identity, store } = ring
    const parts = { store, identity, contacts: ring, transport, name: record.id }
    return await openTopic({ ...parts, ...options })
  } catch (error) {
    await transport.close()
    throw error
  }
}

/** Whether no other process receives for this topic just now. */
export async function isFree(ring: KeyRing, { record }: Place): Promise<boolean> {
  const { identity: signer, store } = ring
  const stored = await StoredTopic.open({ store, signer, name: record.id, receive: "if-free" })
  const { isReceiver } = stored
  await stored.close()
  return isReceiver
}

export function requireMember({ standing }: TopicSession, topic: string): void {
  if (standing === "removed") throw removed(topic)
  if (standing === "outside") throw outside(topic)
}

export function removed(topic: string): UsageError {
  return new UsageError(
    "removed",
    `This bridge was removed from the topic "${topic}". Ask an admin to let it in again: stringphone topic join ADDRESS --name ${topic}`,
  )
}

function outside(topic: string): UsageError {
  return new UsageError(
    "outside",
    `There is no topic "${topic}" in this key ring yet. Found it with "stringphone bridge pair CONFIG", or join one: stringphone topic join ADDRESS --name ${topic}`,
  )
}
