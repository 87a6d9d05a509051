import { concat, fromUtf8, type Reader, u8, utf8 } from "../../bytes/index.js"
import { isCanonicalName } from "../names.js"

/**
 * text8: a text of up to 255 bytes.
 *
 *   0        1
 *   +--------+----------------+
 *   | length | UTF-8          |
 *   | u8     | length         |
 *   +--------+----------------+
 */
export function encodeText8(text: string): Uint8Array {
  const bytes = utf8(text)
  return concat(u8(bytes.length), bytes)
}

/** @throws what the reader fails with */
export function readText8(r: Reader, field: string): string {
  const text = fromUtf8(r.take(r.u8(`length of ${field}`), field))
  if (text === null) throw r.fail(`${field} is no UTF-8`)
  return text
}

/** A login or a realm: each has one encoding. */
export function readName(r: Reader, field: string): string {
  const name = readText8(r, field)
  if (!isCanonicalName(name)) throw r.fail(`${field} is not in its one form`) // [LOGIN-1-1], [LOGIN-1-2]
  return name
}
