import type { KeyRing } from "stringphone/keyring"
import { openTopic, type OpenTopicOptions, StoredTopic, type TopicSession } from "stringphone"
import type { TransportEvent } from "stringphone/transport"
import { connectMqtt } from "stringphone/transport/mqtt"
import type { Setup } from "./config-file.js"

export interface OpenOptions extends Pick<OpenTopicOptions, "found" | "onEvent"> {
  readonly onChannel?: (event: TransportEvent) => void
  /** Do not fail when the broker does not answer yet. */
  readonly isPatient: boolean
  readonly signal?: AbortSignal
}

/** Opens the topic of a configuration, in the key ring and on its broker. */
export async function openSession(
  ring: KeyRing,
  { broker, config }: Setup,
  { found, isPatient, onChannel, onEvent, signal }: OpenOptions,
): Promise<TopicSession> {
  const { channel, limits, name, topic } = config
  const { ca, password, url, username } = broker
  const transport = await connectMqtt({
    url,
    topic: channel,
    waitForBroker: isPatient,
    backoff: { maxMs: 15_000 },
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(ca !== undefined && { ca }),
    ...(signal && { signal }),
  })
  if (onChannel) transport.onEvent(onChannel)
  try {
    return await openTopic({
      store: ring.store,
      identity: ring.identity,
      contacts: ring,
      transport,
      name: topic,
      ownName: name,
      allowedSkewMs: limits.allowedSkewMs,
      ...(found && { found }),
      ...(onEvent && { onEvent }),
    })
  } catch (error) {
    await transport.close()
    throw error
  }
}

/** Whether no other process receives for this topic just now. */
export async function isFree(ring: KeyRing, topic: string): Promise<boolean> {
  const { identity: signer, store } = ring
  const stored = await StoredTopic.open({ store, signer, name: topic, receive: "if-free" })
  const { isReceiver } = stored
  await stored.close()
  return isReceiver
}
