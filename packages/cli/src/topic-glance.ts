import { type Participant, StoredTopic } from "stringphone"
import type { KeyRing } from "stringphone/keyring"
import type { TopicRecord } from "./topic-shelf.js"

/** What the key ring knows of a topic, without asking its channel. */
export interface TopicGlance {
  /** `invited`: waits for the message of an admin that lets us in. */
  readonly standing: "outside" | "invited" | "member" | "waiting" | "removed"
  /** What its admins call it. */
  readonly name: string
  readonly epoch: number
  /** When the current key was made, by the clock of the admin who made it. */
  readonly madeMs: number
  readonly isAdmin: boolean
  readonly participants: readonly Participant[]
  /** Received by a command that shows no messages, and not shown yet; `null`: another one has them. */
  readonly unread: number | null
  /** Another process receives, or stopped within a minute without saying so. */
  readonly isElsewhere: boolean
  readonly latestRekey: Uint8Array | null
}

/** @throws {ChannelError} `topic-corrupt` */
export async function glance(ring: KeyRing, { id }: TopicRecord): Promise<TopicGlance> {
  const { identity: signer, store } = ring
  const stored = await StoredTopic.open({ store, signer, name: id, receive: "if-free" })
  try {
    const { isReceiver, joining, topic, unhandled } = stored
    const outside = joining?.host ? "invited" : "outside"
    return {
      standing:
        topic?.standing === "removed" && joining?.host ? outside : (topic?.standing ?? outside),
      name: topic?.name ?? "",
      epoch: topic?.epoch ?? 0,
      madeMs: topic?.epochMadeMs ?? 0,
      isAdmin: topic?.isAdmin ?? false,
      participants: topic?.participants ?? [],
      unread: isReceiver ? unhandled.length : null,
      isElsewhere: !isReceiver,
      latestRekey: topic?.latestRekey ?? null,
    }
  } finally {
    await stored.close()
  }
}
