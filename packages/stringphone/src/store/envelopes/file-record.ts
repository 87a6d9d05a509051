import { Buffer } from "node:buffer"
import { crc32 } from "node:zlib"
import { Reader, concat, fromUtf8, u16, u32, u48, u8, utf8 } from "../../bytes/index.js"
import type { StoredEnvelope } from "./port.js"

/*
 * A record of a log:
 *
 *     mark 4 | header's CRC-32 4 | kind 1 | link length 1 | number 6 | …
 *     kind 1, added:   … | ID 32 | stamp 8 | stamp bits 2 | size 4 | bytes' CRC-32 4 | link | bytes
 *     kind 2, stamped: … | stamp 8 | stamp bits 2
 *     kind 3, dropped: …
 *
 * The header is everything after its CRC and before the bytes. The mark is random, and in the name of
 * the log: nobody who sends us envelopes can hide in one what looks like a record of this log.
 */

const ADDED = 1
const STAMPED = 2
const DROPPED = 3

const ADDED_BYTES = 66
const STAMPED_BYTES = 26
export const DROPPED_BYTES = 16
/** A link of 64 characters has at most 192 bytes. */
export const MAX_HEADER_BYTES: number = ADDED_BYTES + 255

export interface AddedRecord {
  readonly kind: "added"
  readonly number: number
  readonly id: Uint8Array
  readonly stamp: Uint8Array
  readonly stampBits: number
  readonly link: string
  readonly size: number
  readonly bytesCrc: number
  readonly headerLength: number
}

export type LogRecord =
  | AddedRecord
  | {
      readonly kind: "stamped"
      readonly number: number
      readonly stamp: Uint8Array
      readonly stampBits: number
      readonly headerLength: number
    }
  | { readonly kind: "dropped"; readonly number: number; readonly headerLength: number }

export function encodeAdded(mark: number, envelope: StoredEnvelope): Uint8Array {
  const { number, id, stamp, stampBits, bytes } = envelope
  const link = utf8(envelope.link)
  const start = concat(u8(ADDED), u8(link.length), u48(number), id, stamp, u16(stampBits))
  const header = concat(start, u32(bytes.length), u32(crc32(bytes)), link)
  return concat(u32(mark), u32(crc32(header)), header, bytes)
}

export function encodeStamped(
  mark: number,
  { number, stamp, stampBits }: Pick<StoredEnvelope, "number" | "stamp" | "stampBits">,
): Uint8Array {
  return seal(mark, concat(u8(STAMPED), u8(0), u48(number), stamp, u16(stampBits)))
}

export function encodeDropped(mark: number, number: number): Uint8Array {
  return seal(mark, concat(u8(DROPPED), u8(0), u48(number)))
}

/** How long the record of this envelope is. */
export function addedLength({
  link,
  size,
}: {
  readonly link: string
  readonly size: number
}): number {
  return ADDED_BYTES + Buffer.byteLength(link) + size
}

/**
 * @param bytes may go on after the header
 * @returns `null`: no header starts here, or not all of one. Views of `bytes`.
 */
export function decodeHeader(bytes: Buffer, mark: number): LogRecord | null {
  if (bytes.length < DROPPED_BYTES || bytes.readUInt32BE(0) !== mark) return null
  const headerLength = lengthOfHeader(bytes[8] as number, bytes[9] as number)
  if (headerLength === null || bytes.length < headerLength) return null
  const header = bytes.subarray(8, headerLength)
  if (crc32(header) !== bytes.readUInt32BE(4)) return null
  const reader = new Reader(header, "record", (message) => new Error(message))
  const kind = reader.u8("kind")
  const linkLength = reader.u8("link length")
  const number = reader.u48("number")
  if (kind === DROPPED) return { kind: "dropped", number, headerLength }
  if (kind === STAMPED) {
    const stamp = reader.take(8, "stamp")
    return { kind: "stamped", number, stamp, stampBits: reader.u16("stamp bits"), headerLength }
  }
  return {
    kind: "added",
    number,
    id: reader.take(32, "ID"),
    stamp: reader.take(8, "stamp"),
    stampBits: reader.u16("stamp bits"),
    size: reader.u32("size"),
    bytesCrc: reader.u32("bytes' CRC"),
    link: fromUtf8(reader.take(linkLength, "link")) ?? "",
    headerLength,
  }
}

export function recordLength(record: LogRecord): number {
  return record.headerLength + (record.kind === "added" ? record.size : 0)
}

/** @param bytes of the record; may go on after it */
export function isIntact({ headerLength, size, bytesCrc }: AddedRecord, bytes: Buffer): boolean {
  const body = bytes.subarray(headerLength, headerLength + size)
  return body.length === size && crc32(body) === bytesCrc
}

/** @param bytes may go on after the record. @returns the envelope's bytes, a copy */
export function openAdded(bytes: Buffer, mark: number, number: number): Uint8Array | null {
  const record = decodeHeader(bytes, mark)
  if (record?.kind !== "added" || record.number !== number || !isIntact(record, bytes)) return null
  const { headerLength, size } = record
  return new Uint8Array(bytes.subarray(headerLength, headerLength + size))
}

function lengthOfHeader(kind: number, linkLength: number): number | null {
  if (kind === ADDED) return ADDED_BYTES + linkLength
  if (linkLength !== 0) return null
  if (kind === STAMPED) return STAMPED_BYTES
  return kind === DROPPED ? DROPPED_BYTES : null
}

function seal(mark: number, header: Uint8Array): Uint8Array {
  return concat(u32(mark), u32(crc32(header)), header)
}
