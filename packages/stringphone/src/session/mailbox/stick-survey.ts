import { PeerError, sameBytes } from "../../bytes/index.js"
import { randomBytes } from "../../crypto/index.js"
import {
  isListOf,
  type ListEntry,
  listNameOf,
  maxListFileBytes,
  maxParcels,
  openList,
  sealList,
  type SegmentList,
  SegmentScanner,
  sortedEntries,
  stickFileName,
} from "../../mailbox/stick/index.js"
import type { StickFile, StickFolder } from "../../store/stick-folder/port.js"
import { readWhole, unlessDamaged, writeWhole } from "./stick-contents.js"
import type { SegmentFile } from "./stick-segment.js"
import type { StickOptions } from "./stick-types.js"

/** What is in one segment. */
export interface Survey {
  readonly entries: readonly ListEntry[]
  readonly lastDay: number
  /** By its list; otherwise by reading all of it. */
  readonly isListed: boolean
  /** `null`: it can not be read with the keys that we have. */
  readonly stickKey: Uint8Array | null
  readonly damaged: number
  /** Parcels that hold no envelope. */
  readonly refused: number
  readonly isUnfinished: boolean
}

interface Surveying {
  readonly folder: StickFolder
  readonly stickKeys: readonly Uint8Array[]
  readonly check: StickOptions["check"]
  readonly today: number
}

/** By its list when there is one for this very segment, or else by reading it. [STICK-4-1] */
export async function survey(
  options: Surveying,
  segment: SegmentFile,
  listFile: StickFile | undefined,
): Promise<Survey> {
  let isListBroken = false
  if (listFile !== undefined) {
    const found = await readList(options, listFile)
    if (found !== null && isListOf(found.list, segment.salt, segment.bytes)) {
      segment.useKey(found.stickKey)
      const { entries, lastDay } = found.list
      return {
        entries,
        lastDay,
        isListed: true,
        stickKey: found.stickKey,
        damaged: 0,
        refused: 0,
        isUnfinished: false,
      }
    }
    // One that opens is only out of date: the segment has grown.
    isListBroken = found === null
  }
  const scanned = await scan(options, segment)
  // Under a key that we do not have, both are one riddle.
  const isOneMore = isListBroken && scanned.stickKey !== null
  return { ...scanned, damaged: scanned.damaged + (isOneMore ? 1 : 0) }
}

/** Reads all of a segment. */
export async function scan(options: Surveying, segment: SegmentFile): Promise<Survey> {
  const { check, stickKeys, today } = options
  const stickKey = await segment.findKey(stickKeys)
  const entries: ListEntry[] = []
  const scanner = new SegmentScanner()
  let damaged = stickKey === null && segment.chunkCount > 0 ? 1 : 0
  let refused = 0
  for (let number = 0; stickKey !== null && number < segment.chunkCount; number++) {
    const chunk = await segment.chunk(number)
    if (chunk === null) damaged++
    for (const { place, parcel } of scanner.next(chunk)) {
      const envelope = check(parcel.subarray(8))
      if (envelope === null) refused++
      else entries.push({ ...envelope, ...place })
    }
    // More than a writer puts into one: whoever made this wants our memory. [STICK-7-2]
    const isTooMany = entries.length + refused > maxParcels
    if (isTooMany) damaged++
    if (isTooMany || scanner.isEnded) break
  }
  damaged += scanner.lost
  const isUnfinished = !scanner.isEnded && (stickKey !== null || segment.chunkCount === 0)
  const sorted = sortedEntries(entries.slice(0, maxParcels))
  // What we do not know may be of a later version: when it expires, we can not tell. [STICK-5-7]
  const lastDay = refused > 0 ? 0xffff : (sorted.at(-1)?.day ?? today)
  return { entries: sorted, lastDay, isListed: false, stickKey, damaged, refused, isUnfinished }
}

/** Whether a parcel is what its list says of it. [STICK-5-5] */
export function isAsListed(
  entry: ListEntry,
  envelope: { readonly id: Uint8Array; readonly day: number } | null,
): boolean {
  return envelope !== null && envelope.day === entry.day && sameBytes(envelope.id, entry.id)
}

export async function readList(
  { folder, stickKeys }: Pick<Surveying, "folder" | "stickKeys">,
  file: StickFile,
): Promise<{ readonly list: SegmentList; readonly stickKey: Uint8Array } | null> {
  const bytes = await readWhole(folder, file, maxListFileBytes)
  if (bytes === null) return null
  for (const stickKey of stickKeys) {
    try {
      const list = openList(stickKey, bytes)
      if (list !== null) return { list, stickKey }
    } catch (error) {
      if (error instanceof PeerError) return null
      throw error
    }
  }
  return null
}

/** @returns its bytes, or `null` when another hub was in the way: a list can always be made again */
export async function writeList(
  folder: StickFolder,
  segmentName: string,
  stickKey: Uint8Array,
  list: SegmentList,
): Promise<{ readonly bytes: number; readonly isDurable: boolean } | null> {
  const bytes = sealList(stickKey, randomBytes(24), list)
  const names = { draft: stickFileName(randomBytes(16), "part"), name: listNameOf(segmentName) }
  const isDurable = await unlessDamaged(folder, () => writeWhole(folder, names, bytes))
  return isDurable === null ? null : { bytes: bytes.length, isDurable }
}
