import type { RandomBytes } from "../../bytes/index.js"
import type { ContactBook } from "../../identity/index.js"
import type { PacketSigner } from "./seal.js"

/** What a step needs from outside. */
export interface ClassicRoomContext {
  readonly signer: PacketSigner
  /** Whom we trust: Flute's friends. */
  readonly contacts: ContactBook
  readonly random: RandomBytes
  /** Milliseconds of any clock that never goes back. */
  readonly nowMs: number
}

/** Somebody by the name that the channel has for them, and the key that they showed. */
export interface Seen {
  readonly nick: string
  /** Ed25519, 32 bytes. */
  readonly identityKey: Uint8Array
}

/** Somebody who asked to be let in. */
export interface Joiner extends Seen {
  /** X25519, 32 bytes. */
  readonly participantKey: Uint8Array
}

/** A room message key, and what was heard under it. */
export interface RoomKey {
  /** 32 bytes. */
  readonly key: Uint8Array
  /** Nonces in hexadecimal: the same message twice is a replay. */
  readonly nonces: ReadonlySet<string>
}

interface Everywhere {
  /** Who introduced themselves; nobody is trusted by that. */
  readonly introduced: readonly Seen[]
}

/** In no room. */
export interface Outside extends Everywhere {
  readonly phase: "outside"
}

/** Asked to be let in, and waits for a key. */
export interface Joining extends Everywhere {
  readonly phase: "joining"
  /** X25519, 32 bytes, for this joining alone. */
  readonly roomPrivateKey: Uint8Array
  readonly wants: WantedCaptain
  /** Who asked to be let in while we listened; only the captain knows who was. */
  readonly heard: readonly Seen[]
}

/** Whose keys a joiner takes. */
export interface WantedCaptain {
  /** Ed25519, 32 bytes: this one alone. `null`: any trusted contact. */
  readonly identityKey: Uint8Array | null
  /** Also somebody who is no contact; the status shows it. */
  readonly isAnyone: boolean
}

/**
 * Has a room message key. `left-out`: the captain gave the others a key and us none. `orphaned`: the
 * captain is gone, and nobody will change the key any more. Only as `member` is anything said.
 */
export interface Member extends Everywhere {
  readonly phase: "member" | "left-out" | "orphaned"
  readonly roomPrivateKey: Uint8Array
  readonly captain: Seen
  /** Of the last key that we got. */
  readonly counter: number
  /** Newest first, at most ten. */
  readonly keys: readonly RoomKey[]
  readonly heard: readonly Seen[]
}

/** Leads a room. */
export interface Captain extends Everywhere {
  readonly phase: "captain"
  readonly members: readonly Joiner[]
  /** Asked, and are no trusted contacts. */
  readonly waiting: readonly Joiner[]
  /** Participant keys that were ever let in, in hexadecimal: one is good for one admission. */
  readonly used: ReadonlySet<string>
  readonly counter: number
  /** Newest first, at most ten; none while nobody else is in the room. */
  readonly keys: readonly RoomKey[]
  readonly rekeyAtMs: number
}

export type ClassicRoomState = Outside | Joining | Member | Captain

export type ClassicRoomEvent =
  /** `others`: who else is on the channel. */
  | { readonly kind: "start"; readonly others: readonly string[] }
  | {
      readonly kind: "join"
      readonly others: readonly string[]
      readonly captain?: Uint8Array
      readonly acceptUnverified?: boolean
    }
  | { readonly kind: "say"; readonly text: string }
  | { readonly kind: "introduce"; readonly to: string }
  /** A packet's assembled text. */
  | {
      readonly kind: "packet"
      readonly from: string
      readonly isPrivate: boolean
      readonly text: string
    }
  | { readonly kind: "left"; readonly who: string; readonly reason: string }
  | { readonly kind: "renamed"; readonly who: string; readonly to: string }
  /** The contact book changed: who waits may come in now, who is trusted no more goes. */
  | { readonly kind: "contacts" }
  /** Captain: a new key now. */
  | { readonly kind: "rotate" }
  | { readonly kind: "tick" }
  /** We are off the channel, by our own will or not. */
  | { readonly kind: "gone" }

/** What was said, and whose signature it bears. */
export interface HeardMessage {
  /** What the channel calls the sender; not authenticated. */
  readonly nick: string
  /** Whose key signed it, 32 bytes; `null`: the signature fits nobody whom we know. */
  readonly identityKey: Uint8Array | null
  readonly text: string
  /** It is encrypted with an older key than the newest. */
  readonly isLate: boolean
}

export type ClassicRoomNotice =
  | { readonly kind: "channel-not-empty"; readonly others: readonly string[] }
  /** We have our first key from this captain, or one again after `left-out` and `orphaned`. */
  | { readonly kind: "joined"; readonly captain: Seen; readonly counter: number }
  | { readonly kind: "rekeyed"; readonly counter: number }
  | { readonly kind: "left-out"; readonly captain: Seen }
  | { readonly kind: "captain-gone"; readonly captain: Seen; readonly reason: string }
  | { readonly kind: "room-over" }
  /** Gives out keys, and is no trusted contact: its key was not taken. */
  | { readonly kind: "unverified-captain"; readonly captain: Seen }
  /** Gives out keys, and is not the captain whom we follow; or we are captain ourselves. */
  | { readonly kind: "other-captain"; readonly captain: Seen }
  | { readonly kind: "admitted"; readonly member: Seen }
  | { readonly kind: "removed"; readonly member: Seen; readonly reason: string }
  /** Somebody who is no trusted contact asks to be let in. They are not told. */
  | { readonly kind: "request"; readonly joiner: Seen }
  | { readonly kind: "introduced"; readonly person: Seen }
  | {
      readonly kind: "replayed"
      readonly what: "join" | "key" | "message"
      readonly nick: string
    }
  /** Encrypted, and no key of ours opens it. */
  | { readonly kind: "unreadable"; readonly nick: string }
  | {
      readonly kind: "rejected"
      readonly nick: string
      readonly code: string
      readonly message: string
    }

export type ClassicRoomEffect =
  /** A packet's text, to be sent in fragments; `to`: this nick alone, `null`: the channel. */
  | { readonly kind: "send"; readonly to: string | null; readonly text: string }
  | { readonly kind: "deliver"; readonly message: HeardMessage }
  | { readonly kind: "notice"; readonly notice: ClassicRoomNotice }

export type ClassicRoomStep = readonly [ClassicRoomState, readonly ClassicRoomEffect[]]

export const outsideClassicRoom: ClassicRoomState = { phase: "outside", introduced: [] }

/** The captain makes a new key at least this often. [FLUTE-5.1-6] */
export const rekeyEveryMs = 600_000
/** So many room message keys are kept. [FLUTE-5.3-1] */
export const maxKeys = 10
/** So many messages of each key are remembered. [FLUTE-5.3-4] */
export const maxNonces = 4096
/** So many people are remembered in each list. [FLUTE-5.1-9] */
export const maxMembers = 1000
/** Requests and introductions that wait for a person. */
export const maxWaiting = 64
/** Longest message in bytes of UTF-8. */
export const maxTextBytes = 65_536
