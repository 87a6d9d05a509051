import { fromUtf8, PeerError, utf8 } from "../../bytes/index.js"
import { base64 } from "./base64.js"
import {
  type AnswerHead,
  type Fields,
  isAuthority,
  isFieldName,
  isFieldValue,
  isMethod,
  isStatus,
  isTarget,
  type Message,
  normalAuthority,
  type RequestHead,
  trimmed,
} from "./message.js"
import { type Item, parseDictionary } from "./structured-fields.js"
import { memberText } from "./structured-text.js"

/**
 * The value of one covered component, one line of what is signed. RFC 9421 §2
 *
 * @throws {PeerError} `missing-component`: the message has none; `unknown-component`: no such is known
 *   here; `malformed`: it holds what no message may
 */
export function componentValue(message: Message, component: Item): string {
  const { value: name, parameters } = component
  if (name.type !== "string") throw unknown("its name is no text")
  const isOfRequest = parameters.has("req")
  if (isOfRequest && !message.answer) throw unknown(`only an answer covers ${name.value};req`)
  for (const [parameter, { type, value }] of parameters) {
    const isFlag = parameter === "req" || parameter === "bs"
    const isKnown = isFlag ? value === true : parameter === "key" || parameter === "name"
    if (!isKnown || (!isFlag && type !== "string")) throw unknown(`${name.value};${parameter}`)
  }
  const head = isOfRequest || !message.answer ? message.request : message.answer
  if (!head) throw new PeerError("missing-component", "The request of this answer is not known.")
  const value = name.value.startsWith("@")
    ? derivedValue(head, name.value, component)
    : fieldValue(head.fields, name.value, component)
  if (!isFieldValue(value)) throw badValue(name.value)
  return value
}

function fieldValue(fields: Fields, name: string, { parameters }: Item): string {
  if (!isFieldName(name)) throw unknown(`${name} is no name of a field`)
  if (parameters.has("name")) throw unknown(`${name};name`)
  const lines = fields.filter(([found]) => found === name).map(([, value]) => unfolded(value))
  if (lines.length === 0) throw missing(name)
  if (!lines.every(isFieldValue)) throw badValue(name)
  const key = parameters.get("key")?.value
  if (parameters.has("bs")) {
    if (key !== undefined) throw unknown(`${name};bs;key`)
    return lines.map((line) => `:${base64(utf8(line))}:`).join(", ")
  }
  const joined = lines.join(", ")
  if (key === undefined) return joined
  const member = parseDictionary(joined).get(String(key))
  if (!member) throw missing(`${name};key="${String(key)}"`)
  return memberText(member)
}

/** RFC 9421 §2.1: no white space around it, and lines that were folded in one. */
function unfolded(value: string): string {
  if (!value.includes("\n")) return trimmed(value)
  const [first = "", ...others] = value.split(/\r?\n/)
  const isFolded = others.every((line) => line.startsWith(" ") || line.startsWith("\t"))
  return isFolded ? trimmed([first, ...others].map(trimmed).join(" ")) : value
}

function derivedValue(head: RequestHead | AnswerHead, name: string, component: Item): string {
  const { parameters } = component
  if (parameters.has("bs") || parameters.has("key")) throw unknown(`${name} has no keys`)
  if (parameters.has("name") !== (name === "@query-param")) throw unknown(`${name};name`)
  if ("status" in head) {
    if (name !== "@status") throw missing(name)
    if (!isStatus(head.status)) throw badValue(name)
    return String(head.status)
  }
  const { method, scheme, query } = head
  const authority = normalAuthority(head)
  const path = head.path || "/"
  if (!isMethod(method) || !isAuthority(authority) || !isTarget(head)) throw badValue(name)
  switch (name) {
    case "@method":
      return method
    case "@authority":
      return authority
    case "@path":
      return path
    case "@query":
      return query || "?"
    case "@request-target":
      return path + query
    case "@scheme":
      if (!scheme) throw missing(name)
      return scheme
    case "@target-uri":
      if (!scheme) throw missing(name)
      return `${scheme}://${authority}${path}${query}`
    case "@query-param":
      return queryParameter(query, String(parameters.get("name")?.value))
    case "@status":
      throw missing(name)
    default:
      throw unknown(name)
  }
}

/** RFC 9421 §2.2.8: of a form's text, encoded in one way; a name that stands there twice is refused. */
function queryParameter(query: string, name: string): string {
  const values = query
    .slice(1)
    .split("&")
    .map((pair) => {
      const equals = pair.indexOf("=")
      return equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)]
    })
    .filter(([found = ""]) => found !== "" && formText(found) === name)
  const [first, second] = values
  if (!first || second) throw missing(`@query-param;name="${name}"`)
  return formText(first[1] ?? "")
}

/** Decoded, and encoded again as RFC 9421 wants it: a space is `%20`. */
function formText(text: string): string {
  const bytes: number[] = []
  for (let i = 0; i < text.length; i++) {
    const digits = text.slice(i + 1, i + 3)
    const isEncoded = text[i] === "%" && /^[0-9a-f]{2}$/i.test(digits)
    bytes.push(isEncoded ? Number.parseInt(digits, 16) : text.charCodeAt(i))
    if (isEncoded) i += 2
    else if (text[i] === "+") bytes[bytes.length - 1] = 0x20
  }
  const decoded = fromUtf8(Uint8Array.from(bytes))
  if (decoded === null) throw badValue("@query-param")
  return encodeURIComponent(decoded).replace(
    /[!'()~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function unknown(what: string): PeerError {
  return new PeerError(
    "unknown-component",
    `The signature covers what is not known here: ${what}. Cover something else.`,
  )
}

function missing(what: string): PeerError {
  return new PeerError("missing-component", `The signature covers what is not there: ${what}.`)
}

function badValue(what: string): PeerError {
  return new PeerError("malformed", `No message may have such a value: ${what}.`)
}
