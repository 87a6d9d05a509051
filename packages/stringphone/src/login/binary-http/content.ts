import { concat, type Reader, UsageError } from "../../bytes/index.js"
import { mostContentBytes } from "./limits.js"
import { encodeVarint, readSectionLength } from "./varint.js"

/** What stands behind the header section. RFC 9292 §3.1 @throws {UsageError} `too-large` */
export function encodeContentAndTrailers(content: Uint8Array): Uint8Array {
  if (content.length > mostContentBytes) {
    throw new UsageError("too-large", "A sealed body has at most 16 MiB. Send it in parts.") // [LOGIN-8-1]
  }
  return concat(encodeVarint(content.length), content, encodeVarint(0))
}

/** A view. */
export function readContent(r: Reader): Uint8Array {
  const length = readSectionLength(r, "length of the content", mostContentBytes) // [LOGIN-8-1]
  return r.take(length, "content")
}

/** Zeros, as many as there are. RFC 9292 §3.8 */
export function readPadding(r: Reader): void {
  for (const byte of r.rest("padding")) if (byte !== 0) throw r.fail("its padding is not zero")
}
