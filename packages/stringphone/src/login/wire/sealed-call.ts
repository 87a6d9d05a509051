import { concat, decodeAll, u8 } from "../../bytes/index.js"
import { boxTagBytes } from "../box.js"
import { encodeCallNumber, readCallNumber } from "./call-number.js"

export interface SealedCall {
  /** 16 bytes. */
  readonly lane: Uint8Array
  /** From 1. */
  readonly number: number
  readonly box: Uint8Array
}

export const sealedCallType = 0x10
export const sealedAnswerType = 0x11
/** Of a request. [LOGIN-1-5] */
export const mostRequestBytes: number = 17 * 2 ** 20

/**
 * spec/login.md §8
 *
 *   0      1      17       25
 *   +------+------+--------+-------------+
 *   | type | lane | number | box         |
 *   | 0x10 | 16   | u64    | 16 and more |
 *   +------+------+--------+-------------+
 */
export function encodeSealedCall({ lane, number, box }: SealedCall): Uint8Array {
  return concat(sealedCallHead(lane, number), box)
}

/** All before the box, which is bound to it. [LOGIN-8-1] */
export function sealedCallHead(lane: Uint8Array, number: number): Uint8Array {
  return concat(u8(sealedCallType), lane, encodeCallNumber(number))
}

/** The box is a view. @throws {PeerError} `malformed` */
export function decodeSealedCall(bytes: Uint8Array): SealedCall {
  return decodeAll(bytes, "sealed call", (r) => {
    r.expect(sealedCallType, "type")
    if (bytes.length > mostRequestBytes) throw r.fail("it is too long") // [LOGIN-1-5]
    const lane = r.take(16, "lane").slice()
    return { lane, number: readCallNumber(r), box: r.rest("box", boxTagBytes) }
  })
}

/**
 *   0      1
 *   +------+-------------+
 *   | type | box         |
 *   | 0x11 | 16 and more |
 *   +------+-------------+
 */
export function encodeSealedAnswer(box: Uint8Array): Uint8Array {
  return concat(u8(sealedAnswerType), box)
}

/** @returns the box, a view; @throws {PeerError} `malformed` */
export function decodeSealedAnswer(bytes: Uint8Array): Uint8Array {
  return decodeAll(bytes, "sealed answer", (r) => {
    r.expect(sealedAnswerType, "type")
    if (bytes.length > mostRequestBytes) throw r.fail("it is too long")
    return r.rest("box", boxTagBytes)
  })
}
