import type { ChannelError, PeerError, UsageError } from "../bytes/index.js"
import type { Contact } from "../identity/index.js"
import type { KeyRing } from "../keyring/index.js"
import type { JoinRequest } from "../topic/classic/index.js"
import type { Clock, SendOptions, Transport, TransportEvent } from "../transport/index.js"

export interface ClassicTopicOptions {
  /** Holds our identity, our contacts and the topic's record; everything is saved there. */
  readonly ring: KeyRing
  /** The topic's name in the ring. */
  readonly name: string
  /** The channel; closed together with the session. */
  readonly transport: Transport
  /** Gets each message once; while its promise is pending, the channel is not read further. */
  readonly onMessage?: (message: TopicMessage) => void | Promise<void>
  /** Not waited for; what it throws is shown as an error of an event listener is. */
  readonly onEvent?: (event: ClassicTopicEvent) => void | Promise<void>
  readonly clock?: Clock
  /** Milliseconds since 1970. */
  readonly wallClock?: () => number
}

export interface TopicSendOptions extends Pick<SendOptions, "signal"> {
  /** Send though no trusted participant has used the topic key yet. */
  readonly evenUnproven?: boolean
}

/** A message that is encrypted with the topic key and signed by a participant we trust. */
export interface TopicMessage {
  /** Ed25519, 32 bytes. */
  readonly from: Uint8Array
  /** Who that is in the contact book. */
  readonly contact: Contact | null
  readonly payload: Uint8Array
  /** The message as it was on the channel. */
  readonly encoded: Uint8Array
  /** When it arrived, milliseconds since 1970. A classic message does not say when it was sent. */
  readonly receivedMs: number
}

export type ClassicTopicEvent =
  /** Somebody asks to be trusted: compare fingerprints, then `accept` or `refuse`. */
  | { readonly kind: "request"; readonly request: JoinRequest }
  /** More ask than are listed: somebody may be flooding the channel. */
  | { readonly kind: "crowded" }
  | { readonly kind: "pairing-closed"; readonly because: "time" | "person" }
  /** The topic key was taken from this participant's reply. */
  | { readonly kind: "joined"; readonly from: Uint8Array }
  /** A trusted participant's message opened with the key: it is the topic's. */
  | { readonly kind: "key-proven" }
  /** Something that came in was refused. */
  | { readonly kind: "rejected"; readonly error: PeerError; readonly encoded: Uint8Array }
  /** Disk or channel failed while handling what came in. */
  | { readonly kind: "failed"; readonly error: ChannelError | UsageError }
  | { readonly kind: "channel"; readonly event: TransportEvent }
