import { fromBase64url, PeerError, type Reader } from "../../bytes/index.js"
import { boxTagBytes } from "../box.js"
import type { Price } from "../price.js"

const maxTextBytes = 32_768

/** Of a JSON text. */
export type Fields = Readonly<Record<string, unknown>>

/** Of a box with a text of 1 to 128 steps of 256 bytes. [LOGIN-3-3] */
export function readSealedText(r: Reader): Uint8Array {
  const sealed = r.rest("sealed text", 256 + boxTagBytes)
  const length = sealed.length - boxTagBytes
  if (length % 256 !== 0 || length > maxTextBytes) throw r.fail("its text has a wrong length")
  return sealed
}

/** Bytes in base64url. @throws {PeerError} `malformed` */
export function bytesOf(value: unknown, length: number, field: string): Uint8Array {
  try {
    const bytes = fromBase64url(typeof value === "string" ? value : "")
    if (bytes.length === length) return bytes
  } catch {
    // No base64url: told below.
  }
  throw malformed(`${field} is no ${length} bytes`)
}

/** Whatever it is worth. @throws {PeerError} `malformed` */
export function priceOf({ kib, lanes, passes }: Fields): Price {
  return {
    passes: numberOf(passes, 0xff, "passes"),
    kib: numberOf(kib, 0xffff_ffff, "kib"),
    lanes: numberOf(lanes, 0xff, "lanes"),
  }
}

/** From 1 up. @throws {PeerError} `malformed` */
export function numberOf(value: unknown, maximum: number, field: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1 && value <= maximum) {
    return value
  }
  throw malformed(`${field} is no number from 1 to ${maximum}`)
}

export function malformed(problem: string): PeerError {
  return new PeerError("malformed", `Malformed text of a login: ${problem}.`)
}
