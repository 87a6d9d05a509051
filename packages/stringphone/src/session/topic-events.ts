import type { ChannelError, UsageError } from "../bytes/index.js"
import type { Contact, ContactBook, Identity } from "../identity/index.js"
import type { Store } from "../store/index.js"
import type { Clock, SendOptions, Transport, TransportEvent } from "../transport/index.js"

/** Where contacts are kept; a key ring is one. */
export interface Contacts {
  contacts(): Promise<ContactBook>
  updateContacts(change: (book: ContactBook) => ContactBook): Promise<ContactBook>
}

export interface OpenTopicOptions {
  /** Keeps the topic: `ring.store`, or any other. */
  readonly store: Store
  readonly identity: Identity
  /** Default: none, kept in memory. */
  readonly contacts?: Contacts
  /** The channel; closed together with the session. */
  readonly transport: Transport
  /** Which topic of the store; default `topic`. Seen by whoever reads the store. */
  readonly name?: string
  /** All participants give the same; default: empty. spec/topic.md §1.2 */
  readonly channelName?: string
  /** Founds a topic when the store has none. `name`: for people, at most 64 bytes of UTF-8. */
  readonly found?: { readonly name?: string; readonly isPadded?: boolean }
  /** What we call ourselves when pairing: a suggestion, at most 64 bytes of UTF-8. */
  readonly ownName?: string
  /** `if-free`: do not take over from another process that receives; only send then. */
  readonly receive?: "take" | "if-free"
  /** Refuse messages that are older, or that do not say when they were sent. */
  readonly maxAgeMs?: number
  /** By how much clocks may differ; default 2,000. */
  readonly allowedSkewMs?: number
  /** How often an admin makes a new epoch; default 24 h. */
  readonly rotateEveryMs?: number
  /** Not waited for; what it throws is shown as an error of an event listener is. */
  readonly onEvent?: (event: TopicEvent) => void | Promise<void>
  readonly clock?: Clock
  /** Milliseconds since 1970. */
  readonly wallClock?: () => number
}

export interface SendTopicOptions extends Pick<SendOptions, "signal"> {
  /** Receivers refuse it when it is older, up to 2³² − 1 ms. For what must not happen late. */
  readonly validForMs?: number
}

/** Who wrote a message: always a participant, whose signature was checked. */
export interface TopicSender {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array
  /** Who that is in the contact book. */
  readonly contact: Contact | null
}

/** A message that was decrypted and whose signature is a participant's. */
export interface ReceivedMessage {
  readonly from: TopicSender
  readonly payload: Uint8Array
  /** The payload as UTF-8; `null` when it is none. */
  readonly text: string | null
  /** When it arrived, milliseconds since 1970. */
  readonly at: number
  /** When it was sent by its sender's clock, if it says so. */
  readonly sentAt: number | null
  /**
   * `verified`: a contact whose key you compared. `trusted`: one that you accepted without. `member`:
   * an admin let it in, and you know nothing else of it.
   */
  readonly status: "verified" | "trusted" | "member"
  /** Names it for good; the same when it is shown again after a crash. */
  readonly id: string
  /** It was shown before a crash, or nearly: it was not handled then. */
  readonly isRepeated: boolean
  /** It was sent before messages that came earlier. */
  readonly isLate: boolean
  /**
   * The bytes that the channel brought: one object for all messages of a bundle; put together, where
   * they came in parts. `null` when `isRepeated`.
   */
  readonly encoded: Uint8Array | null
}

export type TopicEvent =
  /** A new epoch. Public keys, 32 bytes each. */
  | {
      readonly kind: "rekeyed"
      readonly epoch: number
      readonly by: Uint8Array
      readonly added: readonly Uint8Array[]
      readonly removed: readonly Uint8Array[]
    }
  /** Two admins made an epoch at once; the other one's goes on, and is merged. */
  | { readonly kind: "branch"; readonly epoch: number; readonly by: Uint8Array }
  /** Messages of this participant did not arrive. */
  | {
      readonly kind: "gap"
      readonly from: TopicSender
      readonly missing: number
      /** Or were never sent: it stopped without saying so. */
      readonly possiblyMissing: number
      /** Sent before their sender knew that somebody was removed, so nobody takes them. [TOPIC-7-9] */
      readonly atRemoval?: true
    }
  /** Something that came in was refused. */
  | {
      readonly kind: "rejected"
      /** As in `PeerError`: `replayed`, `not-authentic`, `bad-signature`, `stale` … */
      readonly code: string
      readonly message: string
      /** The participant that its tag names; not proven. */
      readonly claimed: TopicSender | null
      readonly encoded: Uint8Array
    }
  | { readonly kind: "joined"; readonly from: Uint8Array }
  /** We were removed. */
  | { readonly kind: "removed"; readonly by: Uint8Array }
  /** An epoch is used that we do not have; it is asked for. */
  | { readonly kind: "behind" }
  /** Our saved state is an old copy; we go on, and forget what might be repeated to us. */
  | { readonly kind: "old-copy"; readonly by: TopicSender }
  /** Another process receives from now on. */
  | { readonly kind: "taken-over" }
  /** Disk or channel failed while handling what came in. */
  | { readonly kind: "failed"; readonly error: ChannelError | UsageError }
  | { readonly kind: "channel"; readonly event: TransportEvent }
