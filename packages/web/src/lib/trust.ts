import { type Contact, trustOf, type VerifiedBy } from "stringphone/identity"
import { date } from "./format.ts"

const means: Readonly<Record<VerifiedBy, string>> = {
  words: "words",
  digits: "digits",
  hex: "fingerprint",
  card: "card",
}

/** The owner's decision about a contact, in a few words. */
export function trustText(contact: Contact | null): string {
  const { state, atMs, by } = trustOf(contact)
  switch (state) {
    case "verified":
      return `Verified by ${means[by ?? "words"]} on ${date(atMs)}`
    case "trusted":
      return `Trusted on ${date(atMs)}, words not compared`
    case "revoked":
      return `Revoked on ${date(atMs)}`
    case "unknown":
      return "No decision yet"
  }
}
