import { concat, decodeAll, sameBytes, u16, u32, u48, u8 } from "../../bytes/index.js"
import * as crypto from "../../crypto/index.js"
import { maxSegmentBytes, segmentSaltBytes } from "./chunk.js"
import {
  maxParcelBytes,
  maxParcels,
  maxStreamBytes,
  minParcelBytes,
  type ParcelPlace,
} from "./segment.js"

/** One parcel of a segment. */
export interface ListEntry extends ParcelPlace {
  readonly id: Uint8Array
  readonly day: number
}

/** What lies in one segment, so that nobody has to read it to know. */
export interface SegmentList {
  /** The segment's first bytes: whose list this is. */
  readonly salt: Uint8Array
  /** Of the segment's file when it was listed; of another length, it is another segment. */
  readonly segmentBytes: number
  /** After this day the segment may be removed. */
  readonly lastDay: number
  /** Sorted by day, then ID. */
  readonly entries: readonly ListEntry[]
}

const version = 1
const fixedBytes = 1 + segmentSaltBytes + 6 + 2 + 4
const entryBytes = 2 + 32 + 4 + 3
const nonceBytes = 24
const tagBytes = 16

/** A list file of so many parcels. */
export function listFileBytes(parcels: number): number {
  return nonceBytes + fixedBytes + parcels * entryBytes + tagBytes
}

export const maxListFileBytes: number = listFileBytes(maxParcels)

/**
 * A list, spec/mailbox-stick.md §5; on the stick it is nonce 24 ‖ sealed.
 *
 *   0         1              33              39         41
 *   +---------+--------------+---------------+----------+-------+
 *   | version | segment salt | segment bytes | last day | count |
 *   | u8 = 1  | 32           | u48           | u16      | u32   |
 *   +---------+--------------+---------------+----------+-------+
 *   then for each parcel, sorted by day and ID:
 *   +------+-----+--------+--------+
 *   | day  | ID  | offset | length |
 *   | u16  | 32  | u32    | u24    |
 *   +------+-----+--------+--------+
 *
 * @param nonce 24 random bytes
 */
export function sealList(
  stickKey: Uint8Array,
  nonce: Uint8Array,
  list: SegmentList,
): Uint8Array<ArrayBuffer> {
  const { salt, segmentBytes, lastDay, entries } = list
  const head = concat(u8(version), salt, u48(segmentBytes), u16(lastDay), u32(entries.length))
  const plain = new Uint8Array(fixedBytes + entries.length * entryBytes)
  plain.set(head)
  const view = new DataView(plain.buffer)
  let at = fixedBytes
  for (const { day, id, offset, length } of entries) {
    view.setUint16(at, day)
    plain.set(id, at + 2)
    view.setUint32(at + 34, offset)
    view.setUint8(at + 38, length >>> 16)
    view.setUint16(at + 39, length & 0xffff)
    at += entryBytes
  }
  return concat(nonce, crypto.seal(plain, nonce, listKey(stickKey), listLabel))
}

/**
 * @returns `null` when it is not sealed under this key, or was altered
 * @throws {PeerError} `malformed`
 */
export function openList(stickKey: Uint8Array, file: Uint8Array): SegmentList | null {
  if (file.length < listFileBytes(0) || file.length > maxListFileBytes) return null
  const nonce = file.subarray(0, nonceBytes)
  const plain = crypto.open(file.subarray(nonceBytes), nonce, listKey(stickKey), listLabel)
  return plain === null ? null : decodeList(plain)
}

function decodeList(plain: Uint8Array): SegmentList {
  return decodeAll(plain, "list of a stick", (r) => {
    r.expect(version, "version")
    const salt = r.take(segmentSaltBytes, "segment salt")
    const segmentBytes = r.u48("segment bytes")
    if (segmentBytes > maxSegmentBytes) throw r.fail(`a segment of ${segmentBytes} bytes`)
    const lastDay = r.u16("last day")
    const count = r.u32("count")
    // Before anything is made in that number.
    if (count * entryBytes !== r.remaining) throw r.fail(`${count} parcels do not fit its length`)
    const entries: ListEntry[] = []
    for (let i = 0; i < count; i++) {
      const day = r.u16("day")
      const id = r.take(32, "ID")
      const offset = r.u32("offset")
      const length = r.u8("length") * 65_536 + r.u16("length")
      const entry = { day, id, offset, length }
      const last = entries.at(-1)
      if (last !== undefined && !isBefore(last, entry)) throw r.fail("it is not sorted") // [STICK-5-3]
      if (day > lastDay) throw r.fail("a parcel outlives its last day")
      const isWithin =
        length >= minParcelBytes && length <= maxParcelBytes && offset + length <= maxStreamBytes
      if (!isWithin) throw r.fail("a parcel lies outside of the segment")
      entries.push(entry)
    }
    return { salt, segmentBytes, lastDay, entries }
  })
}

/** Whether a list says something about this segment as it is now. [STICK-5-4] */
export function isListOf(list: SegmentList, salt: Uint8Array, segmentBytes: number): boolean {
  return sameBytes(list.salt, salt) && list.segmentBytes === segmentBytes
}

/** Sorted by day, then ID; of two of the same, the first stays. */
export function sortedEntries(entries: readonly ListEntry[]): ListEntry[] {
  const sorted = [...entries].sort(compareEntries)
  return sorted.filter((entry, i) => i === 0 || isBefore(sorted[i - 1] as ListEntry, entry))
}

export function compareEntries(
  a: Pick<ListEntry, "day" | "id">,
  b: Pick<ListEntry, "day" | "id">,
): number {
  if (a.day !== b.day) return a.day - b.day
  for (let i = 0; i < 32; i++) {
    const difference = (a.id[i] as number) - (b.id[i] as number)
    if (difference !== 0) return difference
  }
  return 0
}

function isBefore(a: ListEntry, b: ListEntry): boolean {
  return compareEntries(a, b) < 0
}

const listLabel = crypto.labelled("stick list")

function listKey(stickKey: Uint8Array): Uint8Array {
  return crypto.derive(stickKey, new Uint8Array(32), listLabel, 32)
}
