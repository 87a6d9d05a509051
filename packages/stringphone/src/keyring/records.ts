import { fromHex, fromUtf8, hex, utf8 } from "../bytes/index.js"
import type { Contact, ContactBook, TrustDecision, VerifiedBy } from "../identity/index.js"

/** What a participant keeps of one classic topic. */
export interface ClassicTopicRecord {
  /** The owner's name for it. */
  readonly name: string
  /** Where it is, as in `mqtt://host:1883/garden`. May hold a password: do not print it. */
  readonly address: string
  /** 32 bytes; `null` until somebody gave it to us. Secret. */
  readonly topicKey: Uint8Array | null
  /** Whether a message of a trusted participant has opened with the key (spec/topic-classic.md §5). */
  readonly keyProven: boolean
  /** Whom this topic trusts: Ed25519 keys, 32 bytes each. */
  readonly participants: readonly Uint8Array[]
}

/** Each of these gives `null` for what is no such record: the ring then says that it is corrupt. */
export const contactsRecord: Codec<ContactBook> = {
  encode: (book) => json(book.map(writeContact)),
  decode: (bytes) => list(parse(bytes), readContact),
}

export const topicsRecord: Codec<readonly ClassicTopicRecord[]> = {
  encode: (topics) => json(topics.map(writeTopic)),
  decode: (bytes) => list(parse(bytes), readTopic),
}

/** A value and its stored bytes; `decode` gives `null` for bytes that are none. */
export interface Codec<T> {
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T | null
}

export function json(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value))
}

/** @returns `undefined` for what is no JSON. */
export function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(bytes) ?? "")
  } catch {
    return undefined
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function writeContact(contact: Contact): unknown {
  return {
    petname: contact.petname,
    publicKey: hex(contact.publicKey),
    exchangePublicKey: contact.exchangePublicKey && hex(contact.exchangePublicKey),
    decisions: contact.decisions,
  }
}

function readContact(value: unknown): Contact | null {
  if (!isRecord(value)) return null
  const petname = value["petname"]
  const publicKey = readKey(value["publicKey"])
  const exchangePublicKey = readOptionalKey(value["exchangePublicKey"])
  const decisions = list(value["decisions"], readDecision)
  if (typeof petname !== "string" || !publicKey || exchangePublicKey === undefined) return null
  return decisions && decisions.length > 0
    ? { petname, publicKey, exchangePublicKey, decisions }
    : null
}

const states = ["unknown", "trusted", "verified", "revoked"] as const
/** A record, so that the compiler misses none: a way that does not read back locks the book. */
const ways: Readonly<Record<VerifiedBy, true>> = {
  words: true,
  digits: true,
  hex: true,
  card: true,
  emoji: true,
  code: true,
  invitation: true,
}

function readDecision(value: unknown): TrustDecision | null {
  if (!isRecord(value)) return null
  const state = states.find((known) => known === value["state"])
  const { by, atMs } = value
  if (!state || typeof atMs !== "number" || (by !== undefined && !isWay(by))) return null
  return by ? { state, atMs, by } : { state, atMs }
}

function isWay(value: unknown): value is VerifiedBy {
  return typeof value === "string" && Object.hasOwn(ways, value)
}

function writeTopic(topic: ClassicTopicRecord): unknown {
  return {
    ...topic,
    topicKey: topic.topicKey && hex(topic.topicKey),
    participants: topic.participants.map(hex),
  }
}

function readTopic(value: unknown): ClassicTopicRecord | null {
  if (!isRecord(value)) return null
  const [name, address, keyProven] = [value["name"], value["address"], value["keyProven"]]
  const topicKey = readOptionalKey(value["topicKey"])
  const participants = list(value["participants"], readKey)
  if (typeof name !== "string" || typeof address !== "string") return null
  if (typeof keyProven !== "boolean" || topicKey === undefined || !participants) return null
  return { name, address, topicKey, keyProven, participants }
}

function readKey(value: unknown): Uint8Array | null {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value) ? fromHex(value) : null
}

/** @returns `undefined` when it is neither a key nor `null`. */
function readOptionalKey(value: unknown): Uint8Array | null | undefined {
  return value === null ? null : (readKey(value) ?? undefined)
}

/** @returns `null` when it is no list, or one of its items does not read. */
function list<T>(value: unknown, read: (item: unknown) => T | null): readonly T[] | null {
  if (!Array.isArray(value)) return null
  const items = value.map(read)
  return items.every((item) => item !== null) ? items : null
}
