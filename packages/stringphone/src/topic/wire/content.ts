import { concat, decodeAll, type Reader, u32, u48, UsageError } from "../../bytes/index.js"

/** Content of a timed message. */
export interface TimedContent {
  /** Milliseconds since 1970, by the sender's clock. */
  readonly sentMs: number
  /** 0: no limit. */
  readonly validForMs: number
  readonly payload: Uint8Array
}

/**
 * Timed content, spec/topic.md §3.
 *
 *   0         6               10
 *   +---------+---------------+---------+
 *   | sent at | valid for, ms | payload |
 *   | u48     | u32           |         |
 *   +---------+---------------+---------+
 */
export function encodeTimed({
  sentMs,
  validForMs,
  payload,
}: TimedContent): Uint8Array<ArrayBuffer> {
  return concat(u48(sentMs), u32(validForMs), payload)
}

export function decodeTimed(content: Uint8Array): TimedContent {
  return decodeAll(content, "timed message", (r) => ({
    sentMs: r.u48("sent at"),
    validForMs: r.u32("valid for"),
    payload: r.rest("payload"),
  }))
}

/** Payloads in one bundle, at most. */
export const maxBundle = 1024

/**
 * Bundle content, spec/topic.md §3: length (RFC 9000 §16) ‖ payload, for each.
 * @throws {UsageError} `bad-bundle`
 */
export function encodeBundle(payloads: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  if (payloads.length < 1 || payloads.length > maxBundle) {
    throw new UsageError("bad-bundle", `A bundle has 1 to ${maxBundle} payloads.`)
  }
  let length = 0
  for (const payload of payloads) length += lengthBytes(payload.length) + payload.length
  const out = new Uint8Array(length)
  let at = 0
  for (const payload of payloads) {
    const prefix = lengthBytes(payload.length)
    writeLength(out, at, payload.length, prefix)
    out.set(payload, at + prefix)
    at += prefix + payload.length
  }
  return out
}

/** Views of the payloads. @throws {PeerError} `malformed` */
export function decodeBundle(content: Uint8Array): readonly Uint8Array[] {
  return decodeAll(content, "bundle", (r) => {
    const payloads: Uint8Array[] = []
    do {
      if (payloads.length === maxBundle) throw r.fail(`more than ${maxBundle} payloads`)
      payloads.push(r.take(readLength(r), "payload"))
    } while (r.remaining > 0)
    return payloads
  })
}

/** Of the length prefix: 1, 2 or 4. */
function lengthBytes(length: number): number {
  return length < 64 ? 1 : length < 16_384 ? 2 : 4
}

function writeLength(out: Uint8Array, at: number, length: number, bytes: number): void {
  for (let i = 0; i < bytes; i++) out[at + i] = length >>> (8 * (bytes - 1 - i))
  out[at] = (out[at] as number) | (bytes === 1 ? 0x00 : bytes === 2 ? 0x40 : 0x80)
}

function readLength(r: Reader): number {
  const first = r.u8("length")
  const bytes = 1 << (first >> 6)
  if (bytes === 8) throw r.fail("a length has more than 30 bits")
  let length = first & 63
  for (let i = 1; i < bytes; i++) length = length * 256 + r.u8("length")
  if (lengthBytes(length) !== bytes) throw r.fail("a length is not in its shortest form")
  return length
}
