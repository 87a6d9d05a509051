import { ChannelError, decodeJson, encodeJson } from "../bytes/index.js"
import type { Invited, Prekey } from "./doors.js"
import type { Pair } from "./pair.js"

/** A mailbox at rest. Secret, all of it. */
export interface SavedMailbox {
  readonly version: 1
  readonly knownPeriod: number
  readonly pairs: readonly Pair[]
  readonly prekeys: readonly Prekey[]
  readonly invitations: readonly Invited[]
  /** Letters that came: what names them, and the day when that can be forgotten. */
  readonly seen: readonly (readonly [string, number])[]
  /** The same of deleted pairs. */
  readonly gone: readonly (readonly [string, number])[]
}

export function encodeSaved(saved: SavedMailbox): Uint8Array {
  return encodeJson(saved)
}

/** @throws {ChannelError} `mailbox-corrupt`, `mailbox-newer` */
export function decodeSaved(bytes: Uint8Array): SavedMailbox {
  let saved: unknown
  try {
    saved = decodeJson(bytes)
  } catch (cause) {
    throw corrupt(cause)
  }
  const version = (saved as { readonly version?: unknown } | null)?.version
  if (typeof version === "number" && version > 1) {
    throw new ChannelError(
      "mailbox-newer",
      "This mailbox was saved by a newer version of the program. Use that version.",
    )
  }
  if (version !== 1) throw corrupt()
  return saved as SavedMailbox
}

function corrupt(cause?: unknown): ChannelError {
  return new ChannelError(
    "mailbox-corrupt",
    "The saved mailbox cannot be read. Restore the store from a copy.",
    { cause },
  )
}
