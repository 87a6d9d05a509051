import { concat, decodeAll, fromUtf8, PeerError, u16, u8, utf8 } from "stringphone/bytes"
import { topicProblem } from "./filter.js"

/** What bridges and those who talk with them say in a topic; docs/bridge.md draws it. */
export type Envelope = StateEnvelope | CommandEnvelope | Answer | { readonly kind: "get" }

/** A local topic has this value now, or this happened on it. */
export interface StateEnvelope {
  readonly kind: "state"
  readonly topic: string
  readonly payload: Uint8Array
  /** The local broker keeps it as the topic's latest value. */
  readonly retained: boolean
  /** Rises with each, also after a restart. */
  readonly number: number
}

/** Somebody wants this published on the bridge's side. */
export interface CommandEnvelope {
  readonly kind: "command"
  /** Chosen by the commander; the answer names it. */
  readonly id: string
  /** The public key of the bridge that is meant, in hexadecimal; `null`: whichever. */
  readonly to: string | null
  readonly topic: string
  readonly payload: Uint8Array
  /** How long after it was sent it may be carried out; `null`: as long as the bridge allows. */
  readonly validForMs: number | null
}

export const refusals = [
  "not-allowed",
  "unknown-topic",
  "stale",
  "untimed",
  "interrupted",
  "too-large",
  "too-many",
  "unavailable",
  "uncertain",
] as const

export type Refusal = (typeof refusals)[number]

/** What became of a command: the local broker took it, or not. */
export type Answer =
  | { readonly kind: "done"; readonly id: string; readonly to: string }
  | {
      readonly kind: "refused"
      readonly id: string
      readonly to: string
      readonly because: Refusal | "other"
    }

/** The first byte of an envelope whose payload is no text. */
const binaryVersion = 1

/**
 * Text: one JSON object. If the payload is no UTF-8, or would double in JSON:
 *
 *   0         1          3
 *   +---------+----------+-----------------------------------+---------+
 *   | version | length   | JSON, as above but for `payload`  | payload |
 *   | u8 = 1  | u16      |                                   | rest    |
 *   +---------+----------+-----------------------------------+---------+
 */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  switch (envelope.kind) {
    case "state": {
      const { number, payload, retained, topic } = envelope
      return withPayload({ mqtt: "state", topic, retained, number }, payload)
    }
    case "command": {
      const { id, payload, to, topic, validForMs } = envelope
      const optional = { ...(to !== null && { to }), ...(validForMs !== null && { validForMs }) }
      return withPayload({ mqtt: "command", id, ...optional, topic }, payload)
    }
    case "done":
    case "refused": {
      const { kind: mqtt, ...fields } = envelope
      return utf8(JSON.stringify({ mqtt, ...fields }))
    }
    case "get":
      return utf8(JSON.stringify({ mqtt: "get" }))
  }
}

/**
 * @returns `null`: something else than an envelope, or of a kind that is newer than this program
 * @throws {PeerError} `malformed`
 */
export function decodeEnvelope(bytes: Uint8Array): Envelope | null {
  return bytes[0] === binaryVersion ? decodeBinary(bytes) : decodeText(bytes)
}

function withPayload(header: object, payload: Uint8Array): Uint8Array {
  const text = fromUtf8(payload)
  if (text !== null) {
    const encoded = utf8(JSON.stringify({ ...header, payload: text }))
    if (encoded.length <= 2 * payload.length + 1_024) return encoded
  }
  const json = utf8(JSON.stringify(header))
  return concat(u8(binaryVersion), u16(json.length), json, payload)
}

function decodeBinary(bytes: Uint8Array): Envelope | null {
  const [json, payload] = decodeAll(bytes, "bridge envelope", (r) => {
    r.expect(binaryVersion, "version")
    const length = r.u16("length")
    return [r.take(length, "JSON"), r.rest("payload").slice()] as const
  })
  const object = parseObject(json)
  if (!object) throw malformed("what stands before its payload is no JSON object")
  return fieldsOf(object, payload)
}

function decodeText(bytes: Uint8Array): Envelope | null {
  const object = parseObject(bytes)
  if (!object) {
    // Others may talk in the topic; but what begins like ours should be ours.
    const start = fromUtf8(bytes.subarray(0, 8)) ?? ""
    if (start.startsWith(`{"mqtt"`)) throw malformed("it is no JSON")
    return null
  }
  if (!Object.hasOwn(object, "mqtt")) return null
  return fieldsOf(object, null)
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(fields: Fields, binary: Uint8Array | null): Envelope | null {
  const kind = fields["mqtt"]
  switch (kind) {
    case "get":
      return { kind }
    case "state":
      return {
        kind,
        ...published(fields, binary),
        retained: take(fields, "retained", (value) => typeof value === "boolean"),
        number: take(fields, "number", isCount),
      }
    case "command": {
      const { to = null, validForMs = null } = fields
      return {
        kind,
        id: take(fields, "id", isId),
        to: to === null ? null : take(fields, "to", isKey),
        ...published(fields, binary),
        validForMs: validForMs === null ? null : take(fields, "validForMs", isCount),
      }
    }
    case "done":
      return { kind, id: take(fields, "id", isId), to: take(fields, "to", isKey) }
    case "refused": {
      const because = take(fields, "because", (value) => typeof value === "string")
      const known = refusals.find((one) => one === because) ?? "other"
      return { kind, id: take(fields, "id", isId), to: take(fields, "to", isKey), because: known }
    }
    default:
      if (typeof kind === "string") return null
      throw malformed("mqtt is no text")
  }
}

function published(
  fields: Fields,
  binary: Uint8Array | null,
): { readonly topic: string; readonly payload: Uint8Array } {
  const topic = take(fields, "topic", (value) => typeof value === "string")
  const problem = topicProblem(topic)
  if (problem) throw malformed(`topic: ${problem}`)
  if (binary) return { topic, payload: binary }
  return { topic, payload: utf8(take(fields, "payload", isText)) }
}

function take<T>(fields: Fields, name: string, is: (value: unknown) => value is T): T {
  const value = fields[name]
  if (is(value)) return value
  throw malformed(value === undefined ? `${name} is missing` : `${name} is wrong`)
}

function isText(value: unknown): value is string {
  return typeof value === "string" && !/\p{Surrogate}/u.test(value)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isId(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]{1,64}$/.test(value)
}

function isKey(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value)
}

function parseObject(bytes: Uint8Array): Fields | null {
  const text = fromUtf8(bytes)
  if (text === null || !text.startsWith("{")) return null
  try {
    return JSON.parse(text) as Fields
  } catch {
    return null
  }
}

function malformed(problem: string): PeerError {
  return new PeerError("malformed", `Malformed bridge envelope: ${problem}.`)
}
