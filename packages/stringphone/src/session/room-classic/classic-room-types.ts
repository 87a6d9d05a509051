import type { ChannelError, UsageError } from "../../bytes/index.js"
import type { Contact, Identity, VerifiedBy } from "../../identity/index.js"
import type { ClassicRoomNotice, RandomBytes } from "../../room/classic/index.js"
import type { Clock, TextChannel, TextChannelEvent } from "../../transport/index.js"
import type { Contacts } from "../topic-events.js"

export interface ClassicRoomOptions {
  /** The channel; closed together with the session. */
  readonly channel: TextChannel
  readonly identity: Identity
  /** Flute's friends: whom a captain lets in, whose keys a joiner takes. Default: none, in memory. */
  readonly contacts?: Contacts
  /** Not waited for; what it throws is shown as an error of an event listener is. */
  readonly onEvent?: (event: ClassicRoomEvent) => void | Promise<void>
  readonly clock?: Clock
  /** Milliseconds since 1970. */
  readonly wallClock?: () => number
  /** Where keys and nonces come from; the operating system's generator when absent. */
  readonly randomBytes?: RandomBytes
}

/** Somebody, as far as we know them. */
export interface ClassicRoomPerson {
  /** Ed25519, 32 bytes; `null`: what they signed fits no key that we know. */
  readonly publicKey: Uint8Array | null
  /** Who that is in the contact book. */
  readonly contact: Contact | null
  /** The petname, or else the channel's name with the start of the key: safe to show. */
  readonly name: string
  /**
   * `verified`: a contact whose key you compared. `trusted`: one that you accepted without.
   * `unverified`: a key that was only seen here. `unknown`: no key at all.
   */
  readonly trust: "verified" | "trusted" | "unverified" | "unknown"
  /** What the channel calls them; not authenticated. `null`: ourselves, while not connected. */
  readonly channelName: string
}

/** A snapshot; a new object at each change. */
export interface ClassicRoomStatus {
  /**
   * `outside`: in no room. `joining`: asked, no key yet. `member`: what we say is encrypted.
   * `left-out`: the others got a new key and we did not. `orphaned`: the captain is gone, and with it
   * the room. `captain`: we lead. Only as `member` and `captain` is anything sent.
   */
  readonly phase: "outside" | "joining" | "member" | "left-out" | "orphaned" | "captain"
  /** What we say now would be encrypted and sent. */
  readonly isKeyed: boolean
  readonly isCaptain: boolean
  readonly captain: ClassicRoomPerson | null
  /** Who has the key besides us; `null`: only the captain knows. */
  readonly members: readonly ClassicRoomPerson[] | null
  /** Who asked to be let in while we listened; nobody but the captain knows who was. */
  readonly heard: readonly ClassicRoomPerson[]
  /** Captain: who asks, and is no trusted contact. They are not told. `trustKey` lets them in. */
  readonly requests: readonly ClassicRoomPerson[]
  /** Who introduced themselves to us. */
  readonly introduced: readonly ClassicRoomPerson[]
  /** Everyone on the channel, ourselves included, as it names them. */
  readonly names: readonly string[]
  /** How many keys this captain has given out; 0 before the first. */
  readonly keyCounter: number
}

/** What somebody said. */
export interface ClassicRoomMessage {
  readonly from: ClassicRoomPerson
  readonly text: string
  /** When it arrived, milliseconds since 1970. A classic message does not say when it was sent. */
  readonly at: number
  /**
   * `verified`: encrypted, by a contact whose key you compared. `unverified`: encrypted; of whom,
   * `from` tells as far as it is known.
   */
  readonly status: "verified" | "unverified"
  /** It was encrypted with an older key than the newest: late, or by somebody who was removed. */
  readonly isLate: boolean
  readonly isOwn: boolean
}

/** How `join` ended. Whom a captain declines, it does not tell. */
export type ClassicJoinOutcome =
  | { readonly kind: "joined"; readonly captain: ClassicRoomPerson }
  /** Somebody who is no trusted contact gives out keys here: `trustKey`, then join again. */
  | { readonly kind: "unverified-captain"; readonly captain: ClassicRoomPerson }
  /** No captain, or one who does not trust us: there is no telling which. */
  | { readonly kind: "no-answer" }

export type ClassicRoomEvent =
  /** `status` changed. */
  | { readonly kind: "status"; readonly status: ClassicRoomStatus }
  | { readonly kind: "message"; readonly message: ClassicRoomMessage }
  /** Something happened; `explanation` is a sentence for people. */
  | {
      readonly kind: "notice"
      readonly notice: ClassicRoomNotice
      readonly explanation: string
    }
  /** Text that nobody encrypted or signed: anybody can have written it. */
  | {
      readonly kind: "cleartext"
      readonly channelName: string
      readonly text: string
      readonly isPrivate: boolean
    }
  /** Disk or channel failed while handling what came in. */
  | { readonly kind: "failed"; readonly error: ChannelError | UsageError }
  | { readonly kind: "channel"; readonly event: TextChannelEvent }

export interface ClassicJoinOptions {
  /** Only this captain (Ed25519 key, 32 bytes), whether a contact or not. Default: any trusted one. */
  readonly captain?: Uint8Array
  /** Take the keys of somebody who is no contact. Default false. */
  readonly acceptUnverified?: boolean
  /** How long to wait for a key; default 30,000 ms. One that comes later is taken all the same. */
  readonly answerWithinMs?: number
}

export interface TrustKeyOptions {
  /** How its fingerprint was compared; absent: it was not, and the contact shows it. */
  readonly verifiedBy?: VerifiedBy
}
