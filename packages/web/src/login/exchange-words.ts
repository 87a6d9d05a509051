import { fromUtf8, hex } from "stringphone/bytes"
import { visible } from "../lib/peer-text.ts"
import {
  type Exchange,
  fieldOf,
  type WireAnswer,
  type WirePart,
  type WireRequest,
} from "./exchange.ts"

export const loginContentType = "application/stringphone-login"

/** What a request is, for people. */
export interface Told {
  readonly title: string
  /** What whoever listens gets of it, and what not. */
  readonly note: string
  /** Its number counts once. */
  readonly isCall: boolean
}

const machinery = (title: string, note: string): Told => ({ title, note, isCall: false })
/** By their first byte. spec/login.md */
const messages: Readonly<Record<number, Told>> = {
  0x01: machinery(
    "A login begins",
    "The login’s name is there to be read, and a number that the password is blinded in. No guess can be tested by it, now or later.",
  ),
  0x03: machinery(
    "A login is finished",
    "A proof that the password was known, which fits this attempt alone. The device’s name and its scopes are sealed.",
  ),
  0x05: machinery(
    "A lane is opened",
    "The ID of a session, and a proof that its keys are there. The keys themselves never travel.",
  ),
  0x07: machinery("Keys are refreshed", "Half of a new key. With it alone nobody has the key."),
  0x10: {
    title: "A sealed call",
    note: "Method, path, fields, body and status are inside. To be seen are a lane, a number, and a size that is rounded up.",
    isCall: true,
  },
  0x20: machinery(
    "A registration begins",
    "The ID of an invitation, and a box for the server’s key. The login’s name is inside.",
  ),
  0x22: machinery(
    "A registration is finished",
    "What the server keeps instead of the password, in a box that only it opens.",
  ),
}
const signedCall: Told = {
  title: "A signed call",
  note: "All of it is to be read, and its answer. The signature fits this method, path, body and number alone.",
  isCall: true,
}
const bareCall = machinery(
  "A call that nobody proved",
  "There is nothing in it that says who calls.",
)
const other = machinery("A message of no kind that is known", "The server refuses it.")

export function isLoginMessage(part: WirePart): boolean {
  return fieldOf(part, "content-type") === loginContentType
}

export function describeRequest(request: WireRequest): Told {
  if (isLoginMessage(request)) return messages[request.body[0] ?? -1] ?? other
  return fieldOf(request, "signature") === null ? bareCall : signedCall
}

const errorType = 0x0e
/** By their codes. spec/login.md §6.4 */
const errorNames = [
  ...["", "denied", "slow-down", "unknown-lane", "expired", "used", "too-old", "revoked"],
  ...["malformed", "missing-scope", "unprotected"],
] as const

/** The error that an answer tells to everybody; `null`: none, or it is sealed. */
export function errorNameOf(answer: WireAnswer): string | null {
  if (!isLoginMessage(answer)) return fieldOf(answer, "stringphone-error")
  if (answer.body[0] !== errorType) return null
  return errorNames[answer.body[1] ?? 0] || "unknown"
}

const refusals: Readonly<Record<string, string>> = {
  used: "This call came before. Each has a number, and none counts twice.",
  "too-old": "The number of this call is long past.",
  denied: "The proof does not fit. Who changes something, or has no keys, gets no further.",
  malformed: "It does not read any more.",
  "unknown-lane":
    "The server has no such lane: it was started anew since, or that is what was changed.",
  expired: "The keys of this call are over, and with them the call.",
  revoked: "The session of this call has ended.",
  unprotected: "The API answers proven calls only, and has seen nothing of this one.",
  "slow-down": "There were too many attempts. The server lets the next one wait.",
  "missing-scope": "The session may not do that.",
}

export function refusalOf(name: string): string {
  return refusals[name] ?? "The server does not take it."
}

const harmless: Readonly<Record<number, string>> = {
  0x01: "It is answered as one more login that begins. Without the secret that never left the other device, the answer opens nothing; and it counts as a failed attempt.",
  0x05: "It gets the lane that was opened already, and that is no secret. Who wants to call on it needs the keys.",
  0x07: "It gets the answer that was given already. Only the device that asked can open it.",
  0x20: "It gets the answer that was given already. Only who has the invitation can open it.",
  0x22: "It gets the answer that was given already, and changes nothing.",
}

export interface Outcome {
  /** What the server said, in a word or a number. */
  readonly answer: string
  readonly sentence: string
  /** The server did what it must not. */
  readonly isBad: boolean
}

/** What came of a request that somebody repeated or changed. */
export function outcomeOf({ answer, request }: Pick<Exchange, "request" | "answer">): Outcome {
  const name = errorNameOf(answer)
  if (name !== null) {
    return { answer: `${answer.status} ${visible(name)}`, sentence: refusalOf(name), isBad: false }
  }
  const told = describeRequest(request)
  const isTaken = told.isCall && answer.status < 400
  const sentence = isTaken
    ? "It was taken, and must not have been. That is a mistake of this software: please report it."
    : (isLoginMessage(request) && harmless[request.body[0] ?? -1]) ||
      "The server answers, and does nothing for it."
  return { answer: String(answer.status), sentence, isBad: isTaken }
}

/** A body as somebody on the network reads it. */
export interface ReadBody {
  readonly text: string
  /** It could be read; else it is shown byte by byte. */
  readonly isReadable: boolean
}

export function readBody({ body }: Pick<WirePart, "body">): ReadBody {
  const text = fromUtf8(body)
  if (text === null || /[^\P{Cc}\n\r\t]/u.test(text))
    return { text: hexDump(body), isReadable: false }
  return { text: visible(text), isReadable: true }
}

const bytesPerLine = 8

/** As in old debuggers: the bytes, and beside them what of it is ASCII. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += bytesPerLine) {
    const part = bytes.subarray(at, at + bytesPerLine)
    const pairs = (hex(part).match(/../g) ?? []).join(" ")
    const text = String.fromCharCode(...part).replace(/[^\x20-\x7e]/g, "·")
    lines.push(`${pairs.padEnd(3 * bytesPerLine)} ${text}`)
  }
  return lines.join("\n")
}

/** The first lines of a request or an answer. */
export function headText(part: WireRequest | WireAnswer): string {
  const first =
    "method" in part ? `${part.method} ${part.target} HTTP/1.1` : `HTTP/1.1 ${part.status}`
  return visible([first, ...part.fields.map(([name, value]) => `${name}: ${value}`)].join("\n"))
}
