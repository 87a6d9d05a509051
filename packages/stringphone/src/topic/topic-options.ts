import type { FreshnessOptions } from "./freshness.js"
import type { Signer } from "./signer.js"
import type { RekeyKeyPair } from "./slot.js"

/** What a topic is created with. */
export interface CreateTopicOptions {
  readonly signer: Signer
  /** Milliseconds since 1970. */
  readonly nowMs: number
  /** For people; at most 64 bytes of UTF-8. Participants see it, strangers do not. */
  readonly name?: string
  /** All participants give the same; default: empty. spec/topic.md §1.2 */
  readonly channelName?: string
  /** Hide the lengths of payloads (Padmé). */
  readonly isPadded?: boolean
}

/** What somebody knows who is about to join, from pairing or from an invitation. */
export interface JoinTopicOptions {
  readonly signer: Signer
  /** 16 bytes. */
  readonly topicId: Uint8Array
  /** The host's public key, 32 bytes, authenticated. */
  readonly host: Uint8Array
  /** Whose public half the host was given. */
  readonly rekeyKey: RekeyKeyPair
  readonly channelName?: string
}

export interface RestoreTopicOptions {
  readonly signer: Signer
  readonly channelName?: string
  /** Nothing is to be received: the keys for it are left where they are. */
  readonly sendsOnly?: boolean
}

/** Saved bytes of a topic. Secret. */
export interface SavedTopic {
  readonly state: Uint8Array
  readonly sending: Uint8Array
}

/** Bytes to save; when they are, `stored` lets the counters be used that they took. */
export interface TopicSnapshot extends SavedTopic {
  stored(): void
}

export interface DecodeOptions extends FreshnessOptions {
  /** Milliseconds since 1970. */
  readonly nowMs: number
}
