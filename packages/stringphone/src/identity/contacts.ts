import { hex, sameBytes, UsageError } from "../bytes/index.js"
import { petnameKey, takePetname } from "./petname.js"

/**
 * How a person made sure of a key: by comparing its fingerprint (`words`, `digits`, `hex`), by its
 * `card`, or while pairing: seven `emoji` or their digits compared, a one-time `code` scanned or
 * pasted, or the texts of an `invitation` exchanged offline.
 */
export type VerifiedBy = "words" | "digits" | "hex" | "card" | "emoji" | "code" | "invitation"

/**
 * `unknown`: seen, nothing decided. `trusted`: the owner said yes without comparing.
 * `verified`: compared by a trusted means. `revoked`: never again, unless removed and met anew.
 */
export type TrustState = "unknown" | "trusted" | "verified" | "revoked"

/** One decision, kept for good: how and when the trust in a contact changed. */
export interface TrustDecision {
  readonly state: TrustState
  /** Milliseconds since 1970. */
  readonly atMs: number
  /** Only with `verified`. */
  readonly by?: VerifiedBy
}

export interface Contact {
  /** The owner's own name for this key; unique in the book. */
  readonly petname: string
  /** Ed25519, 32 bytes. The whole key is the contact; a short ID never is. */
  readonly publicKey: Uint8Array
  /** X25519, 32 bytes, once a card was seen. */
  readonly exchangePublicKey: Uint8Array | null
  /** Oldest first; the last one counts. Never empty. */
  readonly decisions: readonly TrustDecision[]
}

/** All contacts of one owner. Every function here returns a new book and changes none. */
export type ContactBook = readonly Contact[]

/** What counts now. */
export function trustOf(contact: Contact | null): TrustDecision {
  return contact?.decisions.at(-1) ?? { state: "unknown", atMs: 0 }
}

/** @returns the contact with exactly this key, or `null`. */
export function contactByKey(book: ContactBook, publicKey: Uint8Array): Contact | null {
  return book.find((contact) => sameBytes(contact.publicKey, publicKey)) ?? null
}

/**
 * Finds whom a person means: a petname, or at least 8 hexadecimal digits of the key's start.
 * @throws {UsageError} `no-such-contact`, `ambiguous-contact`
 */
export function resolveContact(book: ContactBook, text: string): Contact {
  const named = book.find((contact) => petnameKey(contact.petname) === petnameKey(text.trim()))
  if (named) return named
  const start = text.trim().toLowerCase()
  const matches = /^[0-9a-f]{8,64}$/.test(start)
    ? book.filter((contact) => hex(contact.publicKey).startsWith(start))
    : []
  if (matches.length > 1) {
    throw new UsageError(
      "ambiguous-contact",
      `Several contacts' keys start with ${start}. Give more digits.`,
    )
  }
  if (!matches[0]) {
    throw new UsageError("no-such-contact", `There is no contact "${text.trim()}".`)
  }
  return matches[0]
}

/**
 * Whom somebody unknown passes for: `name` is what it calls itself, and may be anything.
 * @returns the contact with this petname and another key, or `null`. Whoever shows the name of a
 * newcomer has to say that it is another key in that name.
 */
export function nameClash(book: ContactBook, name: string, publicKey: Uint8Array): Contact | null {
  // No petname has these, and nobody sees them: with one in it the name would look the same.
  const seen = petnameKey(name.replace(unseen, "").trim())
  return (
    book.find(
      (contact) => petnameKey(contact.petname) === seen && !sameBytes(contact.publicKey, publicKey),
    ) ?? null
  )
}

/** Control and invisible characters, but not those that are a kind of space. */
const unseen = /(?![\t-\r])[\p{C}\p{Default_Ignorable_Code_Point}\u2800]/gu

/**
 * Adds a contact.
 * @throws {UsageError} `bad-petname`, `petname-taken`, `contact-exists`, `bad-key`
 */
export function addContact(
  book: ContactBook,
  contact: {
    readonly petname: string
    readonly publicKey: Uint8Array
    readonly exchangePublicKey?: Uint8Array | null
  },
  decision: TrustDecision,
): ContactBook {
  if (contact.publicKey.length !== 32 || (contact.exchangePublicKey?.length ?? 32) !== 32) {
    throw new UsageError("bad-key", "A contact's public keys have 32 bytes each.")
  }
  const known = contactByKey(book, contact.publicKey)
  if (known) {
    throw new UsageError(
      "contact-exists",
      `This key is in the contact book already: ${known.petname}.`,
    )
  }
  const petname = freePetname(book, contact.petname)
  const { publicKey, exchangePublicKey = null } = contact
  return [...book, { petname, publicKey, exchangePublicKey, decisions: [decision] }]
}

/** @throws {UsageError} `no-such-contact`, `bad-petname`, `petname-taken` */
export function renameContact(
  book: ContactBook,
  publicKey: Uint8Array,
  petname: string,
): ContactBook {
  const contact = requireContact(book, publicKey)
  const others = book.filter((other) => other !== contact)
  return replace(book, contact, { ...contact, petname: freePetname(others, petname) })
}

/**
 * Records a decision about a contact.
 * @throws {UsageError} `no-such-contact`; `revoked`: a revoked key can only be removed
 */
export function decideTrust(
  book: ContactBook,
  publicKey: Uint8Array,
  decision: TrustDecision,
): ContactBook {
  const contact = requireContact(book, publicKey)
  if (trustOf(contact).state === "revoked" && decision.state !== "revoked") {
    throw new UsageError(
      "revoked",
      `The key of ${contact.petname} is revoked. If that was a mistake, remove the contact and add it anew.`,
    )
  }
  return replace(book, contact, { ...contact, decisions: [...contact.decisions, decision] })
}

/** @throws {UsageError} `no-such-contact` */
export function removeContact(book: ContactBook, publicKey: Uint8Array): ContactBook {
  const contact = requireContact(book, publicKey)
  return book.filter((other) => other !== contact)
}

function requireContact(book: ContactBook, publicKey: Uint8Array): Contact {
  const contact = contactByKey(book, publicKey)
  if (!contact) throw new UsageError("no-such-contact", "This key is not in the contact book.")
  return contact
}

function freePetname(book: ContactBook, text: string): string {
  const petname = takePetname(text)
  if (book.some((contact) => petnameKey(contact.petname) === petnameKey(petname))) {
    throw new UsageError(
      "petname-taken",
      `There is a contact "${petname}" already. Choose another name.`,
    )
  }
  return petname
}

function replace(book: ContactBook, old: Contact, next: Contact): ContactBook {
  return book.map((contact) => (contact === old ? next : contact))
}
