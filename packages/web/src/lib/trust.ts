import { type Contact, trustOf, type VerifiedBy } from "stringphone/identity"
import { date } from "./format.ts"

/** `member`: an admin let it in, and its owner decided nothing about it. */
export type Status = "verified" | "trusted" | "member" | "revoked"

/** What a person has to go on with somebody's messages, whatever these say. */
export function statusOf(contact: Contact | null): Status {
  const { state } = trustOf(contact)
  return state === "unknown" ? "member" : state
}

/** In a word or four. */
export const statusWords: Readonly<Record<Status, string>> = {
  verified: "Verified",
  trusted: "Trusted, not compared",
  member: "Let in by an admin",
  revoked: "Revoked",
}

const means: Readonly<Record<VerifiedBy, string>> = {
  words: "its eight words",
  digits: "its digits",
  hex: "its whole key",
  card: "its card",
  emoji: "seven emoji",
  code: "a code",
  invitation: "an invitation",
}

/** The owner's decision about a contact, in a few words. */
export function trustText(contact: Contact | null): string {
  const { state, atMs, by } = trustOf(contact)
  switch (state) {
    case "verified":
      return `Verified by ${means[by ?? "words"]} on ${date(atMs)}`
    case "trusted":
      return `Trusted on ${date(atMs)}, not compared`
    case "revoked":
      return `Revoked on ${date(atMs)}`
    case "unknown":
      return "Let in by an admin; you compared nothing"
  }
}
