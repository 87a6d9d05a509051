import type { Participant } from "stringphone"
import { hex, sameBytes, UsageError } from "stringphone/bytes"
import {
  type Contact,
  type ContactBook,
  contactByKey,
  resolveContact,
  trustOf,
} from "stringphone/identity"
import { reportKey, trustText } from "./person.js"
import { visible } from "./terminal/escape.js"

/** A name as one word, so that no name can look like what we print around it. */
export function shownName(name: string): string {
  if (/^[\p{L}\p{N}._-]+$/u.test(name)) return name
  return `"${visible(name).replaceAll('"', "″")}"`
}

/** Who that is: the petname, or the beginning of the key. */
export function nameOf(publicKey: Uint8Array, contact: Contact | null): string {
  return contact ? shownName(contact.petname) : `(no contact ${hex(publicKey).slice(0, 8)})`
}

/** Whom a person means among those in a topic: a petname, or at least 8 digits of the key's start. */
export function findMember(
  participants: readonly Pick<Participant, "publicKey">[],
  book: ContactBook,
  text: string,
): Uint8Array {
  const start = text.trim().toLowerCase()
  const byKey = /^[0-9a-f]{8,64}$/.test(start)
    ? participants.filter(({ publicKey }) => hex(publicKey).startsWith(start))
    : []
  if (byKey.length === 1 && byKey[0]) return byKey[0].publicKey
  const { petname, publicKey } = resolveContact(book, text)
  if (participants.some((one) => sameBytes(one.publicKey, publicKey))) return publicKey
  throw new UsageError("not-a-participant", `${petname} is not in this topic.`)
}

/** One participant for machines. */
export function reportMember(
  { isAdmin, publicKey }: Pick<Participant, "publicKey" | "isAdmin">,
  book: ContactBook,
  own: Uint8Array,
): object {
  const contact = contactByKey(book, publicKey)
  const { atMs, by, state } = trustOf(contact)
  return {
    petname: contact?.petname ?? null,
    isYou: sameBytes(publicKey, own),
    isAdmin,
    trust: state,
    ...(by && { verifiedBy: by }),
    ...(contact && { decidedAt: new Date(atMs).toISOString() }),
    ...reportKey(publicKey),
  }
}

/** The same for people, on two lines. */
export function memberText(
  { isAdmin, publicKey }: Pick<Participant, "publicKey" | "isAdmin">,
  book: ContactBook,
  own: Uint8Array,
): string {
  const contact = contactByKey(book, publicKey)
  const isYou = sameBytes(publicKey, own)
  const who = isYou ? "you" : nameOf(publicKey, contact)
  const trust = isYou ? [] : [contact ? trustText(contact) : "let in by an admin, not your contact"]
  const mark = isYou ? "•" : markOf(contact)
  return `${mark} ${[who, ...trust, ...(isAdmin ? ["admin"] : [])].join(", ")}\n    ${reportKey(publicKey).words}`
}

function markOf(contact: Contact | null): string {
  switch (trustOf(contact).state) {
    case "verified":
      return "✔"
    case "trusted":
      return "○"
    case "revoked":
      return "✘"
    case "unknown":
      return "?"
  }
}
