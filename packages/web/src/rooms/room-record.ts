import { fromUtf8, hex, utf8 } from "stringphone/bytes"
import { type Store, update } from "stringphone/store"

/** Where a room is. */
export type RoomPlace =
  | { readonly kind: "home" }
  | { readonly kind: "irc"; readonly server: string; readonly channel: string }

/** A room that this phone has been at. There is no secret in it. */
export interface RoomRecord {
  /** Names the room's state in the store. */
  readonly id: string
  readonly place: RoomPlace
  /** What we call ourselves there; on IRC the nick is made of it. */
  readonly ownName: string
  /** It is gone to again when the page is opened. */
  readonly isOpen: boolean
  /** On IRC: the account that one logs in to. */
  readonly account?: string
  /** A password or a channel's key is needed, which this record has not got. */
  readonly needsLogin?: boolean
}

/** What an IRC network may want to be told. Kept in memory only. */
export interface IrcLogin {
  /** Each may be empty. */
  readonly account: string
  readonly password: string
  readonly channelKey: string
}

export const noLogin: IrcLogin = { account: "", password: "", channelKey: "" }

const entry = "page/rooms"

export function newRoomId(): string {
  return `page-${hex(crypto.getRandomValues(new Uint8Array(8)))}`
}

export function isSamePlace(one: RoomPlace, other: RoomPlace): boolean {
  if (one.kind === "home" || other.kind === "home") return one.kind === other.kind
  return one.server === other.server && one.channel.toLowerCase() === other.channel.toLowerCase()
}

/** As people call it: `#kitchen`, or `Home room`. */
export function placeName(place: RoomPlace): string {
  return place.kind === "home" ? "Home room" : place.channel
}

export async function loadRecords(store: Store): Promise<readonly RoomRecord[]> {
  const saved = await store.get(entry)
  try {
    return saved ? (JSON.parse(fromUtf8(saved.value) ?? "") as readonly RoomRecord[]) : []
  } catch {
    return []
  }
}

export async function saveRecords(store: Store, records: readonly RoomRecord[]): Promise<void> {
  await update(store, entry, () => utf8(JSON.stringify(records)))
}

/** What a nick can be on every network: a letter first, few signs, not long. */
export function nickOf(name: string): string {
  const plain = name
    .trim()
    .normalize("NFKD")
    .replace(/\s+/g, "_")
    .replace(/[^a-z0-9_[\]{}|`^-]/gi, "")
    .replace(/^[\d-]+/, "")
    .slice(0, 16)
  return plain === "" ? "guest" : plain
}
