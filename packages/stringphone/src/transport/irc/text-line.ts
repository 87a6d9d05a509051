import { type Reader, base85, concat, decodeAll, fromBase85, u16, u8 } from "../../bytes/index.js"
import { fold16 } from "./fold16.js"

/** What every line of ours begins with. [IRC-2-1] */
export const lineStart = "?SP2,"

/** Names one message of one sender; random. [IRC-2-5] */
export const messageIdBytes = 6

/** A piece of a message, or a request for pieces. `tag`: only on private lines. */
export type TextLine = Whole | Part | Request

/** A message that fits into one line. */
export interface Whole {
  readonly kind: "whole"
  readonly tag: number | null
  readonly bytes: Uint8Array
}

export interface Part {
  readonly kind: "part"
  readonly tag: number | null
  readonly id: Uint8Array
  /** Length of the whole message. */
  readonly total: number
  /** Where in the message this piece belongs. */
  readonly offset: number
  readonly bytes: Uint8Array
}

export interface Request {
  readonly kind: "request"
  readonly tag: number
  readonly id: Uint8Array
  /** What is missing, in order, apart from each other. */
  readonly ranges: readonly Range[]
}

export interface Range {
  readonly offset: number
  readonly length: number
}

export const maxRanges = 16

const types = { whole: 0, part: 1, privateWhole: 2, privatePart: 3, request: 4 } as const

/** Header bytes of a part, without and with the tag of a private line. */
export function partOverhead(isPrivate: boolean): number {
  return wholeOverhead(isPrivate) + messageIdBytes + 6
}

export function wholeOverhead(isPrivate: boolean): number {
  return isPrivate ? 5 : 3
}

/**
 * One line, spec/irc.md §2: `?SP2,` and the base 85 of two bytes of checksum and
 *
 *   0      1
 *   +------+--------------------------------------------------+
 *   | 0    | message                                          |  whole
 *   +------+-----+---------+----------+-----------------------+
 *   | 1    | id 6| total 3 | offset 3 | piece, 1 or more      |  part
 *   +------+-----+---------+----------+-----------------------+
 *   | 2    | tag 2 | as in 0                                  |  private whole
 *   +------+-------+------------------------------------------+
 *   | 3    | tag 2 | as in 1                                  |  private part
 *   +------+-------+------+-----------------------------------+
 *   | 4    | tag 2 | id 6 | (offset 3, length 3) × 1 to 16    |  request
 *   +------+-------+------+-----------------------------------+
 */
export function encodeTextLine(line: TextLine): string {
  const body = concat(...parts(line))
  return lineStart + base85(concat(u16(fold16(body)), body))
}

function parts(line: TextLine): readonly Uint8Array[] {
  const tag = line.tag === null ? [] : [u16(line.tag)]
  switch (line.kind) {
    case "whole":
      return [u8(line.tag === null ? types.whole : types.privateWhole), ...tag, line.bytes]
    case "part": {
      const type = u8(line.tag === null ? types.part : types.privatePart)
      return [type, ...tag, line.id, u24(line.total), u24(line.offset), line.bytes]
    }
    case "request": {
      const ranges = line.ranges.flatMap(({ offset, length }) => [u24(offset), u24(length)])
      return [u8(types.request), ...tag, line.id, ...ranges]
    }
  }
}

/** @throws {PeerError} `malformed` */
export function decodeTextLine(text: string): TextLine {
  const bytes = fromBase85(text.slice(lineStart.length))
  return decodeAll(bytes, "text line", (r) => {
    // What a server cut off would often decode to something else. [IRC-2-8]
    if (r.u16("checksum") !== fold16(bytes.subarray(2))) throw r.fail("its checksum differs")
    const type = r.u8("type")
    switch (type) {
      case types.whole:
        return { kind: "whole", tag: null, bytes: r.rest("message") }
      case types.privateWhole:
        return { kind: "whole", tag: r.u16("tag"), bytes: r.rest("message") }
      case types.part:
        return readPart(r, null)
      case types.privatePart:
        return readPart(r, r.u16("tag"))
      case types.request:
        return readRequest(r, r.u16("tag"))
      default:
        throw r.fail(`type is ${type}, expected 0 to 4`) // [IRC-2-3]
    }
  })
}

/** @returns `null` for what is malformed: anybody can write such lines */
export function tryDecodeTextLine(text: string): TextLine | null {
  try {
    return decodeTextLine(text)
  } catch {
    return null
  }
}

function readPart(r: Reader, tag: number | null): Part {
  const id = r.take(messageIdBytes, "message id")
  const total = u24From(r, "total")
  const offset = u24From(r, "offset")
  const bytes = r.rest("piece", 1)
  if (offset + bytes.length > total) throw r.fail("the piece ends behind its message") // [IRC-2-6]
  return { kind: "part", tag, id, total, offset, bytes }
}

function readRequest(r: Reader, tag: number): Request {
  const id = r.take(messageIdBytes, "message id")
  const ranges: Range[] = []
  let end = 0
  while (r.remaining > 0 || ranges.length === 0) {
    const range = { offset: u24From(r, "offset"), length: u24From(r, "length") }
    // [IRC-2-7]
    if (range.length === 0 || range.offset < end || ranges.length === maxRanges) {
      throw r.fail("its ranges are empty, out of order or too many")
    }
    end = range.offset + range.length
    ranges.push(range)
  }
  return { kind: "request", tag, id, ranges }
}

function u24(value: number): Uint8Array {
  return Uint8Array.of(value >>> 16, value >>> 8, value)
}

function u24From(r: Reader, field: string): number {
  return r.u8(field) * 65_536 + r.u16(field)
}
