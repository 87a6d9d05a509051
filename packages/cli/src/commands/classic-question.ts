import type { JoinRequest } from "stringphone/topic/classic"
import type { Contact, VerifiedBy } from "stringphone/identity"
import { matchingForm, reportKey, trustText } from "../person.js"
import { visible } from "../terminal/escape.js"

/** How a person, or `--expect`, answers somebody who asks to be trusted. */
export type Answer = { readonly accept: true; readonly by: VerifiedBy } | { readonly accept: false }

/** What a person must see before the answer. */
export function joinQuestion(request: JoinRequest, contact: Contact | null): string {
  const { words, digits } = reportKey(request.publicKey)
  const asks =
    request.kind === "reply"
      ? "Somebody offers the topic's key:"
      : "Somebody asks for the topic's key:"
  return [
    asks,
    "",
    `  ${words}`,
    `  ${digits}`,
    "",
    ...(contact
      ? [`You know this key as ${visible(contact.petname)}, ${trustText(contact)}.`]
      : []),
    ...(request.offers.length > 1 ? [offersWarning(request)] : []),
    `Does the other side show these words as its own? y = trust, n = refuse`,
  ].join("\n")
}

export function offersWarning({ kind, offers }: JoinRequest): string {
  return kind === "reply"
    ? `Careful: ${offers.length} different answers came in this name. Somebody else is answering.`
    : `Careful: ${offers.length} different requests came in this name. One may be an old one, repeated.`
}

/** With `--expect`, nobody is asked: exactly that key is right, and every other is wrong. */
export function expectedAnswer(request: JoinRequest, expected: string): Answer {
  const by = matchingForm(request.publicKey, expected)
  return by ? { accept: true, by } : { accept: false }
}
