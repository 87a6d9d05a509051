import { concat, Reader, UsageError } from "../../bytes/index.js"
import { bytesOfText, textOfBytes } from "./byte-text.js"
import { mostFields, mostNameBytes, mostSectionBytes, mostValueBytes } from "./limits.js"
import { encodeCounted, encodeVarint, readCounted, readSectionLength } from "./varint.js"

/** Name in lower case and value, one character for each byte; a name may come more than once. */
export type BinaryFields = readonly (readonly [name: string, value: string])[]

/** A token in lower case: RFC 9110 §5.6.2, RFC 9113 §8.2.1. So no pseudo-field either. */
const fieldName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
/** RFC 9113 §8.2.1, and no control characters at all but the tab: RFC 9110 §5.5. */
// eslint-disable-next-line no-control-regex -- which ones, is the point
const forbiddenInValue = /[\0-\x08\x0a-\x1f\x7f]|^[ \t]|[ \t]$/
/** They are about a connection, and here is none: RFC 9113 §8.2.2. */
const connectionFields = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
])

/**
 * A field section of known length, RFC 9292 §3.1 and §3.6.
 *
 *   +--------+---------------------------------------------+
 *   | length | (name length · name · value length · value) |
 *   | varint | varint · n · varint · n …                   |
 *   +--------+---------------------------------------------+
 *
 * @throws {UsageError} `bad-field`, `too-large`
 */
export function encodeFields(fields: BinaryFields): Uint8Array {
  const problem = problemOf(fields)
  if (problem !== null) throw new UsageError("bad-field", `This cannot be sealed: ${problem}.`)
  const parts = fields.flatMap(([name, value]) =>
    [name, value].map((text) => encodeCounted(bytesOfText(text) as Uint8Array)),
  )
  const section = concat(...parts)
  if (section.length > mostSectionBytes) {
    throw new UsageError(
      "too-large",
      "Header fields have at most 64 KiB. Send fewer or shorter ones.",
    )
  }
  return concat(encodeVarint(section.length), section)
}

export function readFields(r: Reader, section: string): BinaryFields {
  const length = readSectionLength(r, `length of the ${section}`, mostSectionBytes)
  const inner = new Reader(r.take(length, section), section, () =>
    r.fail(`its ${section} ends too early`),
  )
  const fields: [string, string][] = []
  while (inner.remaining > 0) {
    const name = textOfBytes(readCounted(inner, "name", mostNameBytes))
    fields.push([name, textOfBytes(readCounted(inner, "value", mostValueBytes))])
    if (fields.length > mostFields) throw r.fail("it has too many fields")
  }
  const problem = problemOf(fields)
  if (problem !== null) throw r.fail(problem)
  return fields
}

/** Trailers are read when there are none: nothing of ours has a place for them. */
export function readTrailers(r: Reader): void {
  if (readFields(r, "trailer section").length > 0) throw r.fail("it has trailers")
}

function problemOf(fields: BinaryFields): string | null {
  if (fields.length > mostFields) return `there are more than ${mostFields} fields`
  for (const [name, value] of fields) {
    const problem = problemWith(name, value)
    if (problem !== null) return problem
  }
  return null
}

function problemWith(name: string, value: string): string | null {
  if (!fieldName.test(name) || name.length > mostNameBytes) return "the name of a field is none"
  if (connectionFields.has(name)) return `${name} is about a connection`
  if (name === "te" && value !== "trailers") return "te is about a connection"
  const isValue =
    value.length <= mostValueBytes && !forbiddenInValue.test(value) && bytesOfText(value) !== null
  return isValue ? null : `the value of ${name} is none`
}

/** The length that is said is that of the content, if one is said. RFC 9113 §8.1.1 */
export function saysLength(fields: BinaryFields, length: number): boolean {
  const said = fields.filter(([name]) => name === "content-length")
  return said.every(([, value]) => value === String(length))
}
