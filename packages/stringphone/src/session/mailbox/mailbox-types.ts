import type { ChannelError, PeerError } from "../../bytes/index.js"
import type { Contact, Identity } from "../../identity/index.js"
import type { Store } from "../../store/index.js"
import type { EnvelopeStore } from "../../store/envelopes/port.js"
import type { Contacts } from "../topic-events.js"

export interface OpenMailboxOptions {
  /** Keeps keys and letters: `ring.store`, or any other that is yours alone. */
  readonly store: Store
  readonly identity: Identity
  /** Default: none, kept in memory. */
  readonly contacts?: Contacts
  /** The hub's: where envelopes are looked for, and where what we write is put. */
  readonly envelopes: EnvelopeStore
  /** Milliseconds since 1970. */
  readonly wallClock?: () => number
  /** Not waited for. */
  readonly onEvent?: (event: MailboxEvent) => void | Promise<void>
}

export interface FileOfLetter {
  /** No path: at most 255 bytes of UTF-8. */
  readonly name: string
  readonly bytes: Uint8Array
}

/** Who is written to: a contact with whom there is a pair, or an address as text. */
export type Receiver = { readonly publicKey: Uint8Array } | { readonly address: string }

export interface LetterToWrite {
  readonly to: readonly Receiver[]
  readonly text: string
  readonly files?: readonly FileOfLetter[]
  /** `deniable` (default): the receivers know who wrote, and can prove it to nobody. */
  readonly authorship?: Authorship
  /** Days: 1, 3, 7, 14 (default) or 28. */
  readonly lifeDays?: number
  /** The message ID of the letter that is answered. */
  readonly replyTo?: string
  /** Asks for a receipt. Default false. */
  readonly wantsReceipt?: boolean
}

export type Authorship = "signed" | "deniable" | "anonymous"

export interface Letter {
  /** In this mailbox; 32 hexadecimal digits. */
  readonly id: string
  /** As its writer named it, for `replyTo`; 32 hexadecimal digits. */
  readonly messageId: string
  readonly direction: "in" | "out"
  /** `null`: anonymous. */
  readonly from: Correspondent | null
  readonly to: readonly Correspondent[]
  readonly authorship: Authorship
  readonly text: string
  /** What is in them: `file`. */
  readonly files: readonly { readonly name: string; readonly size: number }[]
  /** As its writer says; the day only. Milliseconds since 1970. */
  readonly writtenAt: number
  readonly receivedAt: number
  /** After this nobody carries it any more. */
  readonly expiresAt: number
  /** The message ID of the letter that it answers. */
  readonly replyTo: string | null
  readonly wantsReceipt: boolean
  readonly isRead: boolean
  /** Of ours: who has confirmed it. */
  readonly confirmedBy: readonly Correspondent[]
}

export interface Correspondent {
  readonly publicKey: Uint8Array
  readonly contact: Contact | null
  /** The petname, or the start of the key: safe to show. */
  readonly name: string
  /**
   * `verified`: a contact whose key was compared. `trusted`: accepted without. `invited`: has shown
   * that it had our invitation. `unverified`: we know nothing of it but its key.
   */
  readonly trust: "self" | "verified" | "trusted" | "invited" | "unverified" | "revoked"
}

export interface PairFacts extends Correspondent {
  /** `introduced`: we wrote, nothing came back yet. `open`: both have the keys. */
  readonly phase: "introduced" | "open"
  /** Made by an invitation, whose secret also keeps a later quantum computer out. */
  readonly hasSecret: boolean
}

export interface Invitation {
  /** `stringphone:mail/…`, for a QR code, a file, or to paste. */
  readonly text: string
  /** Twelve words that find it, once the hub has carried its envelope; only when asked for. */
  readonly words: readonly string[] | null
  readonly expiresAt: number
}

export type MailboxEvent =
  | { readonly kind: "letter"; readonly letter: Letter }
  | { readonly kind: "receipt"; readonly id: string; readonly from: Correspondent }
  | { readonly kind: "pair"; readonly pair: PairFacts }
  /** An envelope for us was wrong: forged, a replay, not addressed to us. */
  | { readonly kind: "rejected"; readonly error: PeerError }
  /** What we wrote is saved, but the hub does not take it now; it is tried again. */
  | { readonly kind: "waiting"; readonly error: ChannelError }
  /** The clock leapt: old keys are kept until mail of that time comes, or `confirmDate`. */
  | { readonly kind: "clock"; readonly explanation: string }

export interface MailboxStatus {
  readonly letters: number
  readonly unread: number
  readonly pairs: readonly PairFacts[]
  readonly invitations: number
  /** The address that anybody may write to; `null`: none is open. */
  readonly publicAddress: { readonly text: string; readonly expiresAt: number } | null
  /** Envelopes that were looked at, of those in the hub. */
  readonly looked: number
  readonly envelopes: number
  /** Envelopes of ours that the hub has not taken yet. */
  readonly waiting: number
  /** What is wrong with the clock, with what to do; `null`: nothing. */
  readonly clock: string | null
}

/** One person's mail. Everything works without any network: the hub carries it when it can. */
export interface MailboxSession {
  /**
   * Seals a letter and puts it into the hub. Saved before it resolves.
   * @throws {UsageError} `no-receiver`, `no-pair`, `bad-address`, `expired-address`, `too-large`,
   * `too-many-receivers`, `bad-file-name`, `anonymous-needs-address`, `bad-life`
   */
  write(letter: LetterToWrite): Promise<Letter>

  /** Looks at what came into the hub since; opens what is ours. */
  look(options?: {
    readonly signal?: AbortSignal
    readonly onProgress?: (done: number, of: number) => void
  }): Promise<{ readonly letters: number; readonly looked: number }>

  /** Newest first. */
  letters(): Promise<readonly Letter[]>
  /** @returns `null`: there is none. A prefix of at least 4 digits will do. @throws {UsageError} `ambiguous-letter` */
  letter(id: string): Promise<Letter | null>
  /** @param index of `files`. @returns `null`: there is none */
  file(id: string, index: number): Promise<Uint8Array | null>
  markRead(id: string): Promise<void>
  /** Confirms a letter that asks for it; the receipt goes out after 1 to 24 hours. */
  confirm(id: string): Promise<void>
  /** For good. */
  deleteLetter(id: string): Promise<void>

  /** For one person; kept until used or expired. `withWords` posts an envelope that the words find. */
  invite(options?: { readonly withWords?: boolean; readonly days?: number }): Promise<Invitation>
  /** The address that anybody may write to: whoever has it can, so it costs a trial for each envelope. */
  publicAddress(): Promise<string>
  /** Stops trying envelopes with public addresses. */
  closePublicAddress(): Promise<void>
  /** The address that twelve words name. `null`: no such envelope has come to this hub yet. */
  findInvitation(words: readonly string[]): Promise<string | null>
  /** What is in an address, checked. @throws {UsageError} `bad-address`, `expired-address` */
  readAddress(text: string): {
    readonly publicKey: Uint8Array
    readonly isInvitation: boolean
    readonly expiresAt: number
  }

  status(): Promise<MailboxStatus>
  /** The date of this device is right, although it leapt: old keys may go. */
  confirmDate(): Promise<void>
  /** Deletes the keys shared with somebody; their mail is not recognised any more. */
  forget(publicKey: Uint8Array): Promise<void>
  close(): Promise<void>
}
