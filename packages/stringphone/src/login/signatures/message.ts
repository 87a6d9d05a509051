/** Header fields: names in lower case, each as often as it stands there. */
export type Fields = readonly (readonly [name: string, value: string])[]

/** A request but for its body. */
export interface RequestHead {
  readonly method: string
  /** Known where it matters: it decides which port need not be said. */
  readonly scheme?: "http" | "https"
  /** As in the field `host`. */
  readonly authority: string
  /** Exactly as on the wire, still encoded; empty is `/`. */
  readonly path: string
  /** With its question mark. RFC 9421 does not tell an empty one from none. */
  readonly query: string
  readonly fields: Fields
}

/** An answer but for its body. */
export interface AnswerHead {
  readonly status: number
  readonly fields: Fields
}

/** What is signed: a request, or an answer, which may cover parts of its request. */
export type Message =
  | { readonly request: RequestHead; readonly answer?: undefined }
  | { readonly request: RequestHead | null; readonly answer: AnswerHead }

/** A token of RFC 9110 §5.6.2, in lower case. */
const fieldName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const method = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}$/
/** Neither a path nor a user in it. */
const authority = /^[!"$-.0-;=>A-~]{1,300}$/
const path = /^\/[!"$->@-~]*$/
const query = /^(?:\?[!"$-~]*)?$/
const notInValue = /[^\t -~]/

export function isFieldName(text: string): boolean {
  return fieldName.test(text)
}

/** No line break, no NUL, nothing but ASCII: a value never becomes a line of its own in what is signed. */
export function isFieldValue(text: string): boolean {
  return !notInValue.test(text)
}

/** Without the space and tabs around it; a line break stays, and is refused. */
export function trimmed(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && isSpace(value.charCodeAt(start))) start++
  while (end > start && isSpace(value.charCodeAt(end - 1))) end--
  return value.slice(start, end)
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}

export function isMethod(text: string): boolean {
  return method.test(text)
}

export function isAuthority(text: string): boolean {
  return authority.test(text)
}

/** `path` may be empty. */
export function isTarget(target: Pick<RequestHead, "path" | "query">): boolean {
  return (target.path === "" || path.test(target.path)) && query.test(target.query)
}

export function isStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 100 && status <= 599
}

/** Lower case, without the port that the scheme has anyway. RFC 9421 §2.2.3 */
export function normalAuthority({
  authority,
  scheme,
}: Pick<RequestHead, "authority" | "scheme">): string {
  const lower = authority.toLowerCase()
  const port = scheme === "http" ? ":80" : scheme === "https" ? ":443" : null
  return port !== null && lower.endsWith(port) ? lower.slice(0, -port.length) : lower
}
