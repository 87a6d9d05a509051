import { concat, decodeAll, type Reader, UsageError } from "../../bytes/index.js"
import { encodeContentAndTrailers, readContent, readPadding } from "./content.js"
import { type BinaryFields, encodeFields, readFields, readTrailers, saysLength } from "./fields.js"
import { mostInterimResponses } from "./limits.js"
import { encodeVarint, readVarint } from "./varint.js"

export interface BinaryResponse {
  /** 200 to 599. */
  readonly status: number
  readonly fields: BinaryFields
  readonly content: Uint8Array
}

const framing = 1
const highestStatus = 599
const switchingProtocols = 101

/**
 * A response of known length, RFC 9292 §3.1 and §3.5.
 *
 *   +---------+--------+---------------+------------------+----------+
 *   | framing | status | field section | length · content | trailers |
 *   | 1       | varint |               | varint · n       | 0        |
 *   +---------+--------+---------------+------------------+----------+
 *
 * @throws {UsageError} `bad-response`, `bad-field`, `too-large`
 */
export function encodeBinaryResponse(response: BinaryResponse): Uint8Array {
  const { content, fields, status } = response
  const isFinal = Number.isInteger(status) && status >= 200 && status <= highestStatus
  if (!isFinal) throw new UsageError("bad-response", "The status of an answer is from 200 to 599.")
  if (!isLengthRight(response)) {
    throw new UsageError(
      "bad-response",
      "Its content-length is that of another body. Leave it out.",
    )
  }
  const head = concat(encodeVarint(framing), encodeVarint(status), encodeFields(fields))
  return concat(head, encodeContentAndTrailers(content))
}

/** The content is a view. @throws {PeerError} `malformed` */
export function decodeBinaryResponse(bytes: Uint8Array): BinaryResponse {
  return decodeAll(bytes, "binary response", (r) => {
    const found = readVarint(r, "framing", 3)
    if (found !== framing) throw r.fail("it is no response of known length")
    const status = readFinalStatus(r)
    const fields = readFields(r, "header section")
    const response = { status, fields, content: readContent(r) }
    if (!isLengthRight(response)) throw r.fail("content-length is another")
    readTrailers(r)
    readPadding(r)
    return response
  })
}

/** What came before it is checked, and passed over: nobody waits here. RFC 9292 §3.5.1 */
function readFinalStatus(r: Reader): number {
  for (let interim = 0; interim <= mostInterimResponses; interim++) {
    const status = readVarint(r, "status", highestStatus)
    if (status < 100 || status === switchingProtocols) throw r.fail(`status is ${status}`)
    if (status >= 200) return status
    readFields(r, "section of an interim response")
  }
  throw r.fail("too much comes before the answer")
}

/** An answer to HEAD, or 304, says the length of what it leaves out. RFC 9110 §8.6 */
function isLengthRight({ content, fields }: BinaryResponse): boolean {
  return content.length === 0 || saysLength(fields, content.length)
}
