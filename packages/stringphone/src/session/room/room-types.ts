import type { ChannelError, UsageError } from "../../bytes/index.js"
import type { Contact, Identity } from "../../identity/index.js"
import type { Store } from "../../store/index.js"
import type { Clock, Transport, TransportEvent } from "../../transport/index.js"
import type { Contacts } from "../topic-events.js"

export interface OpenRoomOptions {
  /** Keeps the room: `ring.store`, or any other. */
  readonly store: Store
  readonly identity: Identity
  /** Default: none, kept in memory. */
  readonly contacts?: Contacts
  /** The channel; closed together with the session. */
  readonly transport: Transport
  /** Which room of the store; default `room`. Seen by whoever reads the store. */
  readonly name?: string
  /** What we call ourselves: a suggestion to those who do not know us, at most 64 bytes of UTF-8. */
  readonly ownName?: string
  /**
   * Whom we let in as captain without being asked: `contacts` (default), whoever is trusted or
   * verified in the contact book; `everyone`, whoever asks; `nobody`. Others are in `status.requests`.
   */
  readonly admit?: "contacts" | "everyone" | "nobody"
  /** Pauses and limits of spec/room.md §8, for tests and slow channels. */
  readonly timing?: Partial<RoomTiming>
  /** Not waited for; what it throws is shown as an error of an event listener is. */
  readonly onEvent?: (event: RoomEvent) => void | Promise<void>
  readonly clock?: Clock
  /** Milliseconds since 1970. */
  readonly wallClock?: () => number
}

/** All in milliseconds. spec/room.md §8 */
export interface RoomTiming {
  /** The captain is heard at least this often; default 20,000. */
  readonly pulseMs: number
  /** So long without the captain, and members vote; default 60,000. */
  readonly silenceMs: number
  /** Who left the channel without a word is removed after this; default 600,000. */
  readonly absentMs: number
  /** The captain makes a new epoch at least this often; default 600,000. */
  readonly rotateMs: number
}

export interface StartRoomOptions {
  /** For people, at most 64 bytes of UTF-8; members see it. */
  readonly title?: string
  /** Nobody can prove later what anybody said here (spec/room.md §9). Default false. */
  readonly isDeniable?: boolean
  /** Start although another room was seen on this channel. Default false. */
  readonly besideOther?: boolean
}

/** Somebody in the room, by the key that the room's tree holds for them. */
export interface RoomMember {
  /** Ed25519 identity key, 32 bytes. */
  readonly publicKey: Uint8Array
  /** Who that is in the contact book. */
  readonly contact: Contact | null
  /** The petname, or else what they call themselves with the start of their key: safe to show. */
  readonly name: string
  /**
   * `verified`: a contact whose key you compared. `trusted`: one that you accepted without.
   * `unverified`: the captain let them in, and you know nothing else of them. `unproven`: in a
   * deniable room, their key has not been proven to you yet.
   */
  readonly trust: "verified" | "trusted" | "unverified" | "unproven"
  /** What the channel calls them, when they are on it; not authenticated. */
  readonly channelName: string | null
  readonly isPresent: boolean
  readonly isCaptain: boolean
  readonly isSelf: boolean
}

/** Somebody asks to be let in; only the captain sees it. */
export interface RoomRequest {
  /** Names the request towards `admit` and `decline`. */
  readonly id: string
  readonly publicKey: Uint8Array
  readonly contact: Contact | null
  /** What they call themselves; may be anything. Control characters are taken out. */
  readonly ownName: string
  /** Another contact has this name: they may pass themselves off as that one. */
  readonly nameClash: Contact | null
  readonly channelName: string | null
}

/** A snapshot; a new object at each change. */
export interface RoomStatus {
  /**
   * `outside`: in no room. `joining`: asked, or on the way in. `member`: keyed; what we say is
   * encrypted. `removed`: somebody removed us. `stranded`: our side of a split lost, we ask to be let in
   * again. Only as `member` is anything sent.
   */
  readonly phase: "outside" | "joining" | "member" | "removed" | "stranded"
  /** 16 bytes; `null` while outside. */
  readonly roomId: Uint8Array | null
  readonly title: string
  readonly epoch: number
  /** Twelve digits that all members of this epoch see alike, in groups of four; empty while outside. */
  readonly digits: string
  readonly isDeniable: boolean
  readonly captain: RoomMember | null
  readonly isCaptain: boolean
  /** In the order of the tree, ourselves included. */
  readonly members: readonly RoomMember[]
  /** On the channel, but not in the room: they see ciphertext. Names as the channel has them. */
  readonly strangers: readonly string[]
  /** A strict majority of the members is here; without it the membership can not change. */
  readonly hasMajority: boolean
  /** Members see different rooms: two captains, or one who shows different ones. With a sentence. */
  readonly split: { readonly with: RoomMember | null; readonly explanation: string } | null
  /** The captain was not heard for so long; `null`: is there, or we are captain. */
  readonly captainSilentMs: number | null
  readonly requests: readonly RoomRequest[]
  /** Another room was seen on this channel. */
  readonly otherRoom: boolean
}

/** What somebody said. */
export interface RoomMessage {
  readonly from: RoomMember
  readonly text: string
  /** When it arrived, milliseconds since 1970. */
  readonly at: number
  /** When it was sent, by its sender's clock. */
  readonly sentAt: number
  /** `verified`: encrypted, by a contact whose key you compared. `unverified`: encrypted, by a member. */
  readonly status: "verified" | "unverified"
  /** Names it for good, 32 hexadecimal digits. */
  readonly id: string
  readonly epoch: number
  /** It was sent before messages that came earlier. */
  readonly isLate: boolean
  /** It was said on the other side of a split that has healed. */
  readonly isFromOtherSide: boolean
  /** We said it, perhaps in a run of this program before this one. */
  readonly isOwn: boolean
}

/** How `join` ended. */
export type RoomJoinOutcome =
  | { readonly kind: "joined" }
  /** `reason` is the captain's sentence, cleaned of control characters. */
  | { readonly kind: "declined"; readonly reason: string }
  /** Nobody answered who leads a room here. */
  | { readonly kind: "no-room" }

export type RoomEvent =
  /** `status` changed. */
  | { readonly kind: "status"; readonly status: RoomStatus }
  | { readonly kind: "message"; readonly message: RoomMessage }
  | { readonly kind: "joined"; readonly member: RoomMember }
  /** `by`: the captain who removed them. */
  | {
      readonly kind: "left"
      readonly member: RoomMember
      readonly by: RoomMember
      readonly reason: "left" | "removed" | "absent"
    }
  /** `how`: `start` and `takeover` are one person's decision, `abdication` the old captain's. */
  | {
      readonly kind: "captain"
      readonly captain: RoomMember
      readonly how: "start" | "abdication" | "vote" | "takeover"
    }
  /** `to` names the member whose message showed us that others were not delivered to us. */
  | { readonly kind: "gap"; readonly seenBy: RoomMember; readonly missing: number }
  /** Members are in different rooms. `explanation` says what it means and what to do. */
  | { readonly kind: "split"; readonly with: RoomMember | null; readonly explanation: string }
  | { readonly kind: "healed" }
  /** An election began or ended without a result. */
  | { readonly kind: "election"; readonly candidate: RoomMember; readonly explanation: string }
  | { readonly kind: "request"; readonly request: RoomRequest }
  /** We were removed. */
  | { readonly kind: "removed"; readonly by: RoomMember }
  /** Text on the channel that nobody encrypted or signed: anybody can have written it. */
  | { readonly kind: "cleartext"; readonly channelName: string; readonly text: string }
  /** Something that came in was refused. `code` as in `PeerError`. */
  | {
      readonly kind: "rejected"
      readonly code: string
      readonly message: string
      readonly encoded: Uint8Array
    }
  /** Disk or channel failed while handling what came in. */
  | { readonly kind: "failed"; readonly error: ChannelError | UsageError }
  | { readonly kind: "channel"; readonly event: TransportEvent }

/** One room, alive. What `openRoom` gives. */
export interface RoomSessionApi {
  readonly status: RoomStatus
  /** Messages, each once; one reader. While nobody reads, at most 1,000 are kept. */
  readonly messages: AsyncIterable<RoomMessage>
  /** @returns a function that stops it. */
  onEvent(listener: (event: RoomEvent) => void): () => void
  /** Founds a room here, with us as captain. @throws {UsageError} `in-room`, `other-room` */
  start(options?: StartRoomOptions): Promise<void>
  /** Asks the captain of this channel to let us in. `captain`: only this one (Ed25519 key, 32 bytes). */
  join(options?: {
    readonly captain?: Uint8Array
    readonly signal?: AbortSignal
  }): Promise<RoomJoinOutcome>
  /**
   * Encrypts and sends. When it was handed over to nobody, it counts as said all the same: it goes out
   * when others miss it, or with the next epoch.
   * @throws {UsageError} `not-in-room`, `text-too-long` (64 KiB), `split`
   * @throws {ChannelError} `aborted`, `closed`, `send-failed`
   */
  say(text: string, options?: { readonly signal?: AbortSignal }): Promise<RoomMessage>
  /** Captain: lets somebody in. @throws {UsageError} `no-such-request`, `not-captain` */
  admit(requestId: string): Promise<void>
  /** Captain: does not. They see `reason`, at most 200 bytes. */
  decline(requestId: string, reason?: string): Promise<void>
  /** Captain: removes a member. @throws {UsageError} `not-captain`, `no-such-member`, `no-majority` */
  remove(publicKey: Uint8Array): Promise<void>
  /** Captain: a new epoch now. */
  rotate(): Promise<void>
  /** Captain: hands the room over; without a key, to the member who has been in it longest. */
  abdicate(publicKey?: Uint8Array): Promise<void>
  /** Member: becomes captain without a vote, where the captain is silent. @throws {UsageError} `captain-is-there` */
  takeOver(): Promise<void>
  /** Leaves for good: tells the captain, forgets all keys. A captain abdicates first, if it can. */
  leave(): Promise<void>
  /** Reads the contact book anew. */
  refresh(): Promise<void>
  /** Stops; a later `openRoom` with the same store goes on as the same member. */
  close(): Promise<void>
}
