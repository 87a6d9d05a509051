import type { StretchCost } from "../../crypto/index.js"
import type { EnvelopeStore } from "../../store/envelopes/port.js"
import type { StickFolder } from "../../store/stick-folder/port.js"
import type { Clock } from "../../transport/index.js"
import type { UnreadableFile } from "./stick-unreadable.js"

/** What every use of a stick needs. */
export interface StickOptions {
  readonly folder: StickFolder
  /** Days since 1970-01-01, UTC. */
  readonly today: number
  /** Of a sealed stick; an open stick ignores it when reading. */
  readonly passphrase?: string | undefined
  /** The ID and the last day of an envelope, of whose form this is; `null`: it is none. */
  readonly check: (envelope: Uint8Array) => { readonly id: Uint8Array; readonly day: number } | null
  readonly onProgress?: ((progress: StickProgress) => void) | undefined
  /** Ends at the next good place; what was done until then counts. */
  readonly signal?: AbortSignal | undefined
}

export interface StickProgress {
  /** `reading`: looking at what is there. */
  readonly step: "reading" | "writing"
  readonly doneBytes: number
  readonly totalBytes: number
}

export interface ExportOptions extends StickOptions {
  readonly store: Pick<EnvelopeStore, "index" | "get">
  /** All files of ours on the stick together; no limit unless given. */
  readonly maxBytes?: number | undefined
  /** How hard it is to try a passphrase of a stick that is made now. */
  readonly stretchCost?: StretchCost
}

export interface ExportResult {
  /** Envelopes that were not there, and are now. */
  readonly written: number
  /** That were written, lists and keys included. */
  readonly bytes: number
  /** Envelopes that were there already. */
  readonly known: number
  /** Envelopes for which there was no room or, when stopped, no time. */
  readonly left: number
  /** Files with nothing on them but what has expired. */
  readonly removed: number
  /** Files and places that could not be read, or said what is not so. */
  readonly damaged: number
  /** All is on the disk. Otherwise: eject it first. */
  readonly isSafeToUnplug: boolean
  readonly isStopped: boolean
}

/** One envelope from a stick. */
export interface StickParcel {
  readonly id: Uint8Array
  readonly day: number
  /** 8 bytes. */
  readonly stamp: Uint8Array
  readonly bytes: Uint8Array
}

export interface ImportOptions extends StickOptions {
  /** Which of these envelopes need not be read. */
  readonly has: (ids: readonly Uint8Array[]) => Promise<readonly boolean[]>
  /** Takes them in; says of each whether it is new, was known, or is not wanted. */
  readonly accept: (
    parcels: readonly StickParcel[],
  ) => Promise<readonly ("new" | "known" | "refused")[]>
}

export interface ImportResult {
  /** Parcels; each of them is new, known, expired, refused or damaged. */
  readonly found: number
  readonly new: number
  readonly known: number
  readonly expired: number
  /** No envelopes, or not wanted. */
  readonly refused: number
  /** Files and places that could not be read, or said what is not so. */
  readonly damaged: number
  /** Files of which nothing could be read; `damaged` counts those that hold mail. */
  readonly unreadable: readonly UnreadableFile[]
  /** Segments that end early: somebody is still writing, or was interrupted. What is there counts. */
  readonly unfinished: number
  readonly isStopped: boolean
}

export interface WatchOptions
  extends
    Omit<ExportOptions, "today" | "onProgress" | "store">,
    Pick<ImportOptions, "has" | "accept"> {
  readonly store: Pick<EnvelopeStore, "index" | "get" | "usage">
  readonly today: () => number
  readonly clock: Clock
  /** Between the end of one look and the next. */
  readonly intervalMs: number
  /** `null`: there was nothing to do. */
  readonly onRound?: (round: WatchRound) => void
  /** A look that failed; the next one comes all the same. */
  readonly onError?: (error: unknown) => void
}

export interface WatchRound {
  readonly imported: ImportResult | null
  readonly exported: ExportResult | null
}
