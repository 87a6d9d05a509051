import { base64url, fromBase64url, sameBytes } from "../../bytes/index.js"
import {
  type EndedSession,
  endSession,
  type LaneTable,
  type RecordOffer,
  type SessionRecord,
} from "../../login/index.js"

/** A user in the store. */
export interface UserEntry {
  /** 16 random bytes: who registers a login that was removed is somebody else. */
  readonly id: Uint8Array
  /** A login record, encoded. */
  readonly record: Uint8Array
  readonly scopes: readonly string[]
  /** Sessions of another one have ended: so all of them end by one write. */
  readonly epoch: number
  readonly createdMs: number
}

/** A session in the store. */
export interface SessionEntry {
  readonly record: SessionRecord | EndedSession
  readonly login: string
  /** Of the user. */
  readonly user: Uint8Array
  readonly epoch: number
  readonly device: string
  readonly createdMs: number
  /** The server key that its device knows of. */
  readonly serverKey: Uint8Array
  /** What the offered generation was told. */
  readonly offeredKey: Uint8Array | null
  /** When lanes are in the store; else it is empty. */
  readonly lanes: LaneTable
  /** For another password, at once after the login. [LOGIN-8-3] */
  readonly change: RecordChange | null
}

/** What another record is taken for. */
export interface RecordChange {
  readonly offer: RecordOffer
  readonly sinceMs: number
  /** Of the record whose password was proven: nobody replaces one that came after it. */
  readonly recordDigest: Uint8Array
}

/** It lives, or it ended with its user, or with all of that user's sessions, or by itself. */
export function recordNow(
  { epoch, record, user: id }: SessionEntry,
  user: UserEntry | null,
  nowMs: number,
): SessionRecord | EndedSession {
  if (record.state !== "living") return record
  const isOfUser = user !== null && sameBytes(user.id, id) && user.epoch === epoch
  return isOfUser ? record : endSession(record, "revoked", nowMs)
}

/** @returns `null`: it is the ID of no session */
export function sessionIdOf(text: string): Uint8Array | null {
  try {
    const id = fromBase64url(text)
    return id.length === 16 && base64url(id) === text ? id : null
  } catch {
    return null
  }
}
