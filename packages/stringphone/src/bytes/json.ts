import { base64url, fromBase64url, fromUtf8, utf8 } from "./encodings.js"

const bytesMark = "b64:"
/** Bytes that were there before, by the number of them: states have most of their keys in common. */
const againMark = "again:"
/** A text that begins like one of these. */
const textMark = "text:"
const marks = [bytesMark, againMark, textMark]

/** JSON, with bytes as text: for what a program saves for itself, never for what it sends. */
export function encodeJson(value: unknown): Uint8Array {
  const written = new Map<Uint8Array, number>()
  const encode = (_: string, value: unknown): unknown => {
    if (typeof value === "string" && marks.some((mark) => value.startsWith(mark))) {
      return textMark + value
    }
    if (!(value instanceof Uint8Array)) return value
    const known = written.get(value)
    if (known !== undefined) return againMark + String(known)
    written.set(value, written.size)
    return bytesMark + base64url(value)
  }
  return utf8(JSON.stringify(value, encode))
}

/** @throws {Error} it is none */
export function decodeJson(bytes: Uint8Array): unknown {
  return JSON.parse(fromUtf8(bytes) ?? "", decoder())
}

/** Reads them in the order in which they were written. */
function decoder(): (key: string, value: unknown) => unknown {
  const read: Uint8Array[] = []
  return (_, value) => {
    if (typeof value !== "string") return value
    if (value.startsWith(textMark)) return value.slice(textMark.length)
    if (value.startsWith(againMark)) {
      const known = read[Number(value.slice(againMark.length))]
      if (!known) throw new SyntaxError("Bytes that were not there before.")
      return known
    }
    if (!value.startsWith(bytesMark)) return value
    const bytes = fromBase64url(value.slice(bytesMark.length))
    read.push(bytes)
    return bytes
  }
}
