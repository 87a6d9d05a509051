import { Message, type MessageType } from "stringphone/topic/classic"

/** What a field is, for its colour. */
export type FieldKind =
  "type" | "signature" | "id" | "nonce" | "box" | "signing-key" | "encryption-key" | "unknown"

/** One part of a message, as anyone on the channel can see it. */
export interface Field {
  readonly name: string
  readonly kind: FieldKind
  /** Offset of its first byte. */
  readonly at: number
  readonly bytes: Uint8Array
  /** What it is, and what it tells whoever is listening. */
  readonly note: string
}

export interface Description {
  readonly title: string
  /** In order, without gaps: together they are the message. */
  readonly fields: readonly Field[]
  /** Why this is no classic message. */
  readonly problem: string | null
}

interface Part extends Omit<Field, "at" | "bytes"> {
  /** `rest`: all that is left. */
  readonly length: number | "rest"
}

const encryptionKey = (whose: string): Part => ({
  name: "encryption key",
  kind: "encryption-key",
  length: 32,
  note: `X25519 key of ${whose}, made for this pairing.`,
})

/** The classic wire formats, spec/topic-classic.md §3: the one place here that knows offsets. */
const layouts: Readonly<Record<MessageType, { title: string; parts: readonly Part[] }>> = {
  s: {
    title: "Message",
    parts: [
      { name: "type", kind: "type", length: 1, note: "“s”: an ordinary message." },
      {
        name: "signature",
        kind: "signature",
        length: 64,
        note: "Ed25519, by the sender, over everything behind it. One changed bit and it is refused.",
      },
      {
        name: "sender ID",
        kind: "id",
        length: 16,
        note: "Start of the SHA-256 of the sender’s key. It never changes: listeners can tell senders apart.",
      },
      { name: "nonce", kind: "nonce", length: 24, note: "Random, new in every message." },
      {
        name: "secretbox",
        kind: "box",
        length: "rest",
        note: "The content, XSalsa20-Poly1305 under the topic key. Listeners learn its length and nothing else.",
      },
    ],
  },
  i: {
    title: "Introduction",
    parts: [
      { name: "type", kind: "type", length: 1, note: "“i”: somebody asks for the topic key." },
      {
        name: "signing key",
        kind: "signing-key",
        length: 32,
        note: "Ed25519 key of whoever asks. The eight words are made from it.",
      },
      {
        name: "signature",
        kind: "signature",
        length: 64,
        note: "By that key over the encryption key: proves that the sender has it.",
      },
      encryptionKey("whoever asks"),
    ],
  },
  r: {
    title: "Reply to an introduction",
    parts: [
      { name: "type", kind: "type", length: 1, note: "“r”: somebody gives the topic key." },
      {
        name: "recipient ID",
        kind: "id",
        length: 16,
        note: "Whose introduction it answers.",
      },
      {
        name: "encrypted topic key",
        kind: "box",
        length: 72,
        note: "Nonce and NaCl box: only the recipient opens it.",
      },
      encryptionKey("the sender"),
      {
        name: "signing key",
        kind: "signing-key",
        length: 32,
        note: "The sender’s Ed25519 key, as claimed. A reply is not signed: compare the words.",
      },
    ],
  },
}

/** Names every byte of a message. Never throws: what is malformed is one unknown field. */
export function describe(bytes: Uint8Array): Description {
  const problem = problemOf(bytes)
  if (problem !== null) {
    const note = "These bytes are no classic message. Anyone on the channel can send anything."
    const field: Field = { name: "unknown", kind: "unknown", at: 0, bytes, note }
    return { title: "Not a message", fields: bytes.length > 0 ? [field] : [], problem }
  }
  const { title, parts } = layouts[String.fromCharCode(bytes[0] ?? 0) as MessageType]
  let at = 0
  const fields = parts.map(({ name, kind, length, note }): Field => {
    const start = at
    at = length === "rest" ? bytes.length : at + length
    return { name, kind, at: start, bytes: bytes.subarray(start, at), note }
  })
  return { title, fields, problem: null }
}

function problemOf(bytes: Uint8Array): string | null {
  try {
    new Message(bytes)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
