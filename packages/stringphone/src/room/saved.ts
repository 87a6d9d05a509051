import { ChannelError, decodeJson, encodeJson } from "../bytes/index.js"
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
  /** We made a step from this epoch that lost, and make no other one. [ROOM-7-5] */
  readonly isSpent: boolean
  /** First epochs of branches that lost: auth8 in hexadecimal. */
  readonly lost: readonly string[]
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

export function encodeSaved(saved: SavedRoom | SavedLog): Uint8Array {
  return encodeJson(saved)
}

/** @throws {ChannelError} `room-corrupt`, `room-newer` */
export function decodeSaved<T extends SavedRoom | SavedLog>(bytes: Uint8Array): T {
  let saved: unknown
  try {
    saved = decodeJson(bytes)
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
