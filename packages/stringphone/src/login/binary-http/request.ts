import { concat, decodeAll, type Reader, UsageError } from "../../bytes/index.js"
import { bytesOfText, textOfBytes } from "./byte-text.js"
import { encodeContentAndTrailers, readContent, readPadding } from "./content.js"
import { type BinaryFields, encodeFields, readFields, readTrailers, saysLength } from "./fields.js"
import { mostAuthorityBytes, mostMethodBytes, mostPathBytes } from "./limits.js"
import { encodeCounted, encodeVarint, readCounted, readVarint } from "./varint.js"

export interface BinaryRequest {
  readonly method: string
  readonly scheme: "http" | "https"
  /** Host and port; empty: there is a field `host`. */
  readonly authority: string
  /** With the query, still encoded. */
  readonly path: string
  readonly fields: BinaryFields
  readonly content: Uint8Array
}

type Unchecked = Omit<BinaryRequest, "scheme"> & { readonly scheme: string }

const framing = 0
const methodText = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Neither a path, a user nor white space in it. */
const authorityText = /^[!"$-.0-;=A-~]*$/
/** No fragment, no white space, ASCII alone. */
const pathText = /^\/[!"$-~]*$/

/**
 * A request of known length, RFC 9292 §3.1 and §3.4.
 *
 *   +---------+------------------------------------+---------------+----------------------+----------+
 *   | framing | method · scheme · authority · path | field section | length · content     | trailers |
 *   | 0       | length (varint) and text, each     |               | varint · n           | 0        |
 *   +---------+------------------------------------+---------------+----------------------+----------+
 *
 * @throws {UsageError} `bad-request`, `bad-field`, `too-large`
 */
export function encodeBinaryRequest(request: BinaryRequest): Uint8Array {
  const { authority, content, fields, method, path, scheme } = request
  const problem = problemOf(request)
  if (problem !== null) throw new UsageError("bad-request", `This cannot be sealed: ${problem}.`)
  const control = [method, scheme, authority, path].map((text) =>
    encodeCounted(bytesOfText(text) as Uint8Array),
  )
  const head = concat(encodeVarint(framing), ...control, encodeFields(fields))
  return concat(head, encodeContentAndTrailers(content))
}

/** The content is a view. @throws {PeerError} `malformed` */
export function decodeBinaryRequest(bytes: Uint8Array): BinaryRequest {
  return decodeAll(bytes, "binary request", (r) => {
    const found = readVarint(r, "framing", 3)
    if (found !== framing) throw r.fail("it is no request of known length")
    const method = readText(r, "method", mostMethodBytes)
    const scheme = readText(r, "scheme", "https".length)
    const authority = readText(r, "authority", mostAuthorityBytes)
    const path = readText(r, "path", mostPathBytes)
    const fields = readFields(r, "header section")
    const content = readContent(r)
    const request = { method, scheme, authority, path, fields, content }
    const problem = problemOf(request)
    if (problem !== null) throw r.fail(problem)
    readTrailers(r)
    readPadding(r)
    return request as BinaryRequest
  })
}

function readText(r: Reader, field: string, maximum: number): string {
  return textOfBytes(readCounted(r, field, maximum))
}

/** RFC 9113 §8.3.1 */
function problemOf(request: Unchecked): string | null {
  const { authority, content, fields, method, path, scheme } = request
  if (!methodText.test(method) || method.length > mostMethodBytes) return "its method is none"
  if (method.toUpperCase() === "CONNECT") return "it asks for a connection"
  if (scheme !== "http" && scheme !== "https") return "its scheme is unknown"
  if (!authorityText.test(authority) || authority.length > mostAuthorityBytes) {
    return "its authority is none"
  }
  if (!pathText.test(path) || path.length > mostPathBytes) return "its path is none"
  const hosts = fields.filter(([name]) => name === "host")
  if (hosts.length > 1) return "it has more than one host"
  const isSameHost = hosts.every(([, host]) => authority === "" || host === authority)
  if (!isSameHost) return "its host is another than its authority"
  if (!saysLength(fields, content.length)) return "content-length is another"
  return null
}
