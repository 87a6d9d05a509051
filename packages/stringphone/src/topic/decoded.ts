import { PeerError } from "../bytes/index.js"
import type { Gap } from "./receiving-keys.js"
import type { Control } from "./wire/control.js"
import type { KeyRequest } from "./wire/key-request.js"

/** What came in was genuine, and is this. Everything else is thrown as a `PeerError`. */
export type Decoded =
  | DecodedMessage
  | DecodedBundle
  | DecodedControl
  | DecodedRekey
  /** Somebody lacks the epoch that we have; `requestAnswer` says what is to be done about it. */
  | { readonly kind: "key-request"; readonly request: KeyRequest; readonly answer: RequestAnswer }
  /** A pairing message: hand it to a joiner or a host, if pairing goes on. */
  | { readonly kind: "pairing"; readonly encoded: Uint8Array }
  /**
   * Of an epoch that we do not have: one of us is behind (or it is another topic's). `isOlder`: it is
   * the sender, who did not hear of our epoch; otherwise send a `keyRequest`. `what` is the same for
   * the same epoch and sender.
   */
  | { readonly kind: "behind"; readonly isOlder: boolean; readonly what: string }
  /** We were removed from the topic. */
  | { readonly kind: "removed"; readonly by: Uint8Array; readonly epoch: number }
  /** A fragment was kept; others are missing. */
  | { readonly kind: "incomplete" }
  /** The latest rekey message once more. */
  | { readonly kind: "known" }
  /** Our own message, come back to us. */
  | { readonly kind: "own" }
  /** Not for us. */
  | { readonly kind: "other" }

/** Where a genuine message stands. */
export interface Origin {
  /** Ed25519, 32 bytes. */
  readonly from: Uint8Array
  readonly epoch: number
  /** Of its sender in its epoch. With sender and epoch, it names the message for good. */
  readonly counter: number
  /** It arrived after messages that were sent later, and fills a gap. */
  readonly isLate: boolean
  /** What is missing before it. */
  readonly gap: Gap | null
}

export interface DecodedMessage extends Origin {
  readonly kind: "message"
  readonly payload: Uint8Array
  /** Of a timed message: when it was sent by its sender's clock. */
  readonly sentMs: number | null
}

export interface DecodedBundle extends Origin {
  readonly kind: "bundle"
  readonly payloads: readonly Uint8Array[]
}

export interface DecodedControl extends Origin {
  readonly kind: "control"
  readonly control: Control
  /** It proves that our state is an old copy. Said once; send a `sync`. [TOPIC-4-3] */
  readonly weAreOld: boolean
  /** It is a report that answers our last `sync`. */
  readonly answersUs: boolean
}

/** A new epoch, or one of another branch (`applied` is false). */
export interface DecodedRekey {
  readonly kind: "rekey"
  readonly applied: boolean
  readonly by: Uint8Array
  readonly epoch: number
  /** Public keys. */
  readonly added: readonly Uint8Array[]
  readonly removed: readonly Uint8Array[]
}

/**
 * `resend`: send the latest rekey message. `renew`: make a new epoch for it (`change({})`).
 * `notice`: send a `removalNotice`.
 */
export type RequestAnswer = "resend" | "renew" | "notice" | "none"

/** A data message that was refused. */
export class RejectedMessage extends PeerError {
  /** Whose it seems to be by its tag, 32 bytes; not proven. */
  readonly claimed: Uint8Array

  constructor(cause: PeerError, claimed: Uint8Array) {
    super(cause.code, cause.message)
    this.claimed = claimed
  }
}
