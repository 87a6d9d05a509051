import { readFile } from "node:fs/promises"
import { hex, UsageError } from "stringphone/bytes"
import { type ContactBook, resolveContact, trustOf } from "stringphone/identity"
import type { MailboxSession, PairFacts } from "stringphone/session/mailbox"
import { readLine } from "../input.js"
import { shownName } from "../member.js"

/**
 * Whom a person means: a contact, or the start of the key of somebody who wrote.
 * @throws {UsageError} `no-such-contact`, `ambiguous-contact`, `revoked-contact`
 */
export function findReceiver(
  pairs: readonly PairFacts[],
  book: ContactBook,
  text: string,
): Uint8Array {
  const start = text.trim().toLowerCase()
  const byKey = /^[0-9a-f]{8,64}$/.test(start)
    ? pairs.filter(({ publicKey }) => hex(publicKey).startsWith(start))
    : []
  if (byKey.length === 1 && byKey[0]) return checked(byKey[0].publicKey, book)
  return checked(resolveContact(book, text).publicKey, book)
}

function checked(publicKey: Uint8Array, book: ContactBook): Uint8Array {
  const contact = book.find((one) => hex(one.publicKey) === hex(publicKey))
  if (trustOf(contact ?? null).state !== "revoked") return publicKey
  throw new UsageError(
    "revoked-contact",
    `You revoked ${shownName(contact?.petname ?? "")}: whoever has that key now would read it. Nothing was written.`,
  )
}

/** An address as it was given: the text, a file with it, or `-` for a line of input. */
export async function readAddressText(given: string): Promise<string> {
  if (given === "-") return readLine("The address:")
  if (given.startsWith("stringphone:mail/")) return given.trim()
  try {
    return (await readFile(given, "utf8")).trim()
  } catch (cause) {
    throw new UsageError(
      "bad-address",
      `"${given}" is no address (stringphone:mail/…), and no file that has one.`,
      { cause },
    )
  }
}

/** The address that twelve words name. @throws {UsageError} `bad-words`, `words-not-here` */
export async function findByWords(mailbox: MailboxSession, given: string): Promise<string> {
  const text = given === "-" ? await readLine("The twelve words:") : given
  const address = await mailbox.findInvitation(text.split(/[\s,]+/).filter(Boolean))
  if (address !== null) return address
  throw new UsageError(
    "words-not-here",
    "The invitation of these words has not reached this hub yet. Import a stick or sync, then try again; and compare the words.",
  )
}
