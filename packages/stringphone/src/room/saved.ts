import { base64url, ChannelError, fromBase64url, fromUtf8, utf8 } from "../bytes/index.js"
import type { EpochRecord } from "./chain.js"
import type { GivenVote } from "./handover.js"
import type { TranscriptAdditions, TranscriptSnapshot } from "./transcript.js"

/** A room at rest: everything that a member needs to go on. */
export interface SavedRoom {
  readonly version: 1
  /** `encodeGroup` of the MLS layer. Secret. */
  readonly group: Uint8Array
  /** Secret. */
  readonly roomSeed: Uint8Array
  /** Secret; `null` in a signed room. */
  readonly roomExchangeSecret: Uint8Array | null
  readonly isDeniable: boolean
  readonly roomId: Uint8Array
  readonly transcript: TranscriptSnapshot
  readonly chain: readonly EpochRecord[]
  readonly given: readonly GivenVote[]
  readonly former: readonly string[]
  readonly banned: readonly string[]
  readonly proven: readonly string[]
}

/** What happened since the room was saved whole: small, and written with every message. */
export interface SavedLog {
  readonly version: 1
  readonly epoch: number
  /** Messages sealed since: their keys are used up. */
  readonly sealed: number
  readonly transcript: TranscriptAdditions
  readonly given: readonly GivenVote[]
}

const bytesMark = "b64:"

/** JSON, with bytes as text. */
export function encodeSaved(saved: SavedRoom | SavedLog): Uint8Array {
  return utf8(
    JSON.stringify(saved, (_, value: unknown) =>
      value instanceof Uint8Array ? bytesMark + base64url(value) : value,
    ),
  )
}

/** @throws {ChannelError} `room-corrupt`, `room-newer` */
export function decodeSaved<T extends SavedRoom | SavedLog>(bytes: Uint8Array): T {
  let saved: unknown
  try {
    saved = JSON.parse(fromUtf8(bytes) ?? "", (_, value: unknown) =>
      typeof value === "string" && value.startsWith(bytesMark)
        ? fromBase64url(value.slice(bytesMark.length))
        : value,
    )
  } catch (cause) {
    throw corruptRoom(cause)
  }
  const version = (saved as { readonly version?: unknown } | null)?.version
  if (typeof version === "number" && version > 1) {
    throw new ChannelError(
      "room-newer",
      "This room was saved by a newer version of the program. Use that version.",
    )
  }
  if (version !== 1) throw corruptRoom()
  return saved as T
}

export function corruptRoom(cause?: unknown): ChannelError {
  return new ChannelError(
    "room-corrupt",
    "The saved room cannot be read. Restore the store from a copy, or leave the room and ask to be let in again.",
    { cause },
  )
}
