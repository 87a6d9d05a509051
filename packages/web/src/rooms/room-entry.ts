import { hex } from "stringphone/bytes"
import type { RoomMessage } from "stringphone/session/room"
import { memberName } from "./member-name.ts"

/** One thing in the log of a room. Plain values: the log is kept as JSON. */
export type RoomEntry = MessageEntry | CleartextEntry | NoteEntry

export interface MessageEntry {
  readonly kind: "message"
  /** Names the entry in this log. */
  readonly n: number
  readonly at: number
  readonly id: string
  readonly name: string
  readonly text: string
  /** As it was when the message came. */
  readonly status: RoomMessage["status"]
  readonly isOwn: boolean
  readonly isLate: boolean
  readonly isFromOtherSide: boolean
  /** Of what we say: `null` when the channel has it. */
  readonly sending: "under way" | "not sent" | "perhaps not sent" | null
}

/** Text that nobody encrypted or signed. */
export interface CleartextEntry {
  readonly kind: "cleartext"
  readonly n: number
  readonly at: number
  readonly name: string
  readonly text: string
}

export type Tone = "news" | "good" | "warning" | "alarm"

/** What this page itself says. */
export interface NoteEntry {
  readonly kind: "note"
  readonly n: number
  readonly at: number
  readonly tone: Tone
  readonly text: string
  readonly times: number
}

export function messageEntry(message: RoomMessage, n: number): MessageEntry {
  const { at, from, id, isFromOtherSide, isLate, isOwn, status, text } = message
  const name = memberName(from)
  return {
    kind: "message",
    n,
    at,
    id,
    name,
    text,
    status,
    isOwn,
    isLate,
    isFromOtherSide,
    sending: null,
  }
}

/** Our own text before the session has made a message of it. */
export function pendingEntry(text: string, n: number, at: number): MessageEntry {
  return {
    kind: "message",
    n,
    at,
    id: hex(crypto.getRandomValues(new Uint8Array(16))),
    name: "you",
    text,
    status: "verified",
    isOwn: true,
    isLate: false,
    isFromOtherSide: false,
    sending: "under way",
  }
}

const maxMessages = 300
const maxOthers = 100

/** Whoever floods the channel must not push out what members said. */
export function withinLimits(entries: readonly RoomEntry[]): readonly RoomEntry[] {
  if (entries.length <= maxOthers) return entries
  const messages = entries.filter(({ kind }) => kind === "message").slice(-maxMessages)
  const others = entries.filter(({ kind }) => kind !== "message").slice(-maxOthers)
  const kept = new Set([...messages, ...others])
  return entries.filter((entry) => kept.has(entry))
}
