import { fromHex, UsageError } from "stringphone/bytes"
import {
  addContact,
  contactByKey,
  type ContactBook,
  decideTrust,
  fingerprint,
  takePetname,
  type VerifiedBy,
} from "stringphone/identity"
import type { RoomMember } from "stringphone/session/room"
import { emojiList } from "stringphone/topic/pairing"
import { matchingForm, reportKey } from "../person.js"
import { memberName, ownNameIn } from "./member-name.js"

/** Emoji that show 90 bits of a key's fingerprint: nobody finds another key with the same. */
const emojiCount = 15

/** A key in three forms, of which two people compare one. */
export function comparisonText(publicKey: Uint8Array): string {
  const { digits, words } = fingerprint(publicKey)
  const emoji = emojiOf(publicKey).map(({ name, symbol }) => `${symbol} ${name}`)
  const rows = [0, 5, 10].map((from) => emoji.slice(from, from + 5).join("  "))
  return [`words   ${words.join(" ")}`, `digits  ${digits}`, ...emojiRows(rows)].join("\n")
}

export function reportComparison(publicKey: Uint8Array): object {
  return { ...reportKey(publicKey), emoji: emojiOf(publicKey) }
}

/**
 * The contact book after a person compared the key. `petname` is for somebody who is no contact yet.
 * @throws {UsageError} `unproven`, `other-fingerprint`, and those of the contact book
 */
export function bookAfter(
  book: ContactBook,
  member: RoomMember,
  { by, petname }: { readonly by: VerifiedBy; readonly petname: string | null },
  atMs: number,
): ContactBook {
  const { publicKey } = member
  const decision = { state: "verified", atMs, by } as const
  if (contactByKey(book, publicKey)) return decideTrust(book, publicKey, decision)
  return addContact(book, { petname: petname ?? suggestedPetname(member), publicKey }, decision)
}

/** What stands behind `/verify NAME`. */
export interface VerifyAnswer {
  readonly by: VerifiedBy
  readonly petname: string | null
}

/**
 * Reads `yes`, or what the other one read aloud; each may be followed by `as PETNAME`. `null`: nothing
 * was answered yet.
 * @throws {UsageError} `bad-fingerprint`, `bad-petname`, `other-fingerprint`, `unproven`
 */
export function readAnswer(member: RoomMember, text: string): VerifyAnswer | null {
  if (text === "") return null
  if (member.trust === "unproven") {
    throw new UsageError(
      "unproven",
      `In this deniable room ${memberName(member)} has not proven their key to you yet. Wait until both of you are here.`,
    )
  }
  const [, answer = "", name] = /^([^]*?)(?:(?:^|\s+)as\s+(.+))?$/.exec(text) ?? []
  const petname = name === undefined ? null : takePetname(name)
  // The words are shown first.
  if (/^(yes|y)$/i.test(answer)) return { by: "words", petname }
  const by = matchingForm(member.publicKey, answer)
  if (by) return { by, petname }
  throw new UsageError(
    "other-fingerprint",
    `That is not the key of ${memberName(member)}. Do not trust it: somebody may be between you. Nothing was changed.`,
  )
}

function suggestedPetname({ channelName, name }: RoomMember): string {
  const candidates = [ownNameIn(name), channelName ?? ""]
  const usable = candidates.find((one) => /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u.test(one))
  if (usable !== undefined) return takePetname(usable)
  throw new UsageError("bad-petname", "Give them a name of yours: /verify NAME yes as PETNAME")
}

function emojiOf(publicKey: Uint8Array): readonly (typeof emojiList)[number][] {
  const digest = fromHex(fingerprint(publicKey).hex.replaceAll(" ", ""))
  const bits = [...digest].map((byte) => byte.toString(2).padStart(8, "0")).join("")
  return Array.from({ length: emojiCount }, (_, i) => {
    const at = Number.parseInt(bits.slice(6 * i, 6 * i + 6), 2)
    return emojiList[at] as (typeof emojiList)[number]
  })
}

function emojiRows(rows: readonly string[]): readonly string[] {
  return rows.map((row, i) => `${i === 0 ? "emoji " : "      "}  ${row}`)
}
