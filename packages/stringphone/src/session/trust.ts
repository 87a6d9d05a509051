import { UsageError } from "../bytes/index.js"
import {
  addContact,
  contactByKey,
  type ContactBook,
  decideTrust,
  fingerprint,
  petnameKey,
  takePetname,
  type TrustDecision,
  trustOf,
  type VerifiedBy,
} from "../identity/index.js"

/** What a person decided about somebody who asked to be trusted. */
export interface Acceptance {
  /** Their own name for it; two words of its fingerprint when absent. */
  readonly petname?: string
  /** What it calls itself: taken as the petname when there is none and it is free. */
  readonly suggested?: string
  /** How they compared its fingerprint; absent: they did not, and the contact shows it. */
  readonly verifiedBy?: VerifiedBy
}

/**
 * The contact book after a person accepted a key: a new contact, or another decision about a known
 * one. A verified contact stays verified.
 *
 * @throws {UsageError} `revoked`, `bad-petname`, `petname-taken`
 */
export function acceptInto(
  book: ContactBook,
  publicKey: Uint8Array,
  acceptance: Acceptance,
  nowMs: number,
): ContactBook {
  const { verifiedBy } = acceptance
  const decision: TrustDecision = verifiedBy
    ? { state: "verified", atMs: nowMs, by: verifiedBy }
    : { state: "trusted", atMs: nowMs }
  const contact = contactByKey(book, publicKey)
  if (!contact) {
    const petname =
      acceptance.petname ?? usable(book, acceptance.suggested) ?? unusedPetname(book, publicKey)
    return addContact(book, { petname, publicKey }, decision)
  }
  return trustOf(contact).state === "verified" && !verifiedBy
    ? book
    : decideTrust(book, publicKey, decision)
}

/** A suggested name, if it can be a petname and nobody has it. */
function usable(book: ContactBook, suggested: string | undefined): string | null {
  try {
    const name = takePetname(suggested ?? "")
    return book.some((contact) => petnameKey(contact.petname) === petnameKey(name)) ? null : name
  } catch (error) {
    if (error instanceof UsageError) return null
    throw error
  }
}

/** Two words of the fingerprint, and more of them until no other contact has that name. */
function unusedPetname(book: ContactBook, publicKey: Uint8Array): string {
  const { words } = fingerprint(publicKey)
  const taken = new Set(book.map((contact) => petnameKey(contact.petname)))
  const names = words.map((_, i) => words.slice(0, i + 1).join("-")).slice(1)
  return names.find((name) => !taken.has(petnameKey(name))) ?? words.join("-")
}
