import { hex } from "stringphone/bytes"
import type { Authorship, Correspondent, Letter, PairFacts } from "stringphone/session/mailbox"
import { dayOf, lastDayOf } from "../day.js"
import { shownName } from "../member.js"
import { cellsOf, clipped, rowsOf } from "../room/cells.js"
import { peerLines } from "../room/peer-text.js"
import type { Paint } from "../terminal/paint.js"
import { countOf } from "../wording.js"

/** Whatever others wrote stands behind this, on every row. */
const bar = "│ "

/** Who looks at it, and how. */
export interface ShownFor {
  readonly paint: Paint
  readonly columns: number
  /** How the command line was begun, for hints. */
  readonly command: string
}

/** The start of an ID, as a person types it. */
export function shortId(id: string): string {
  return id.slice(0, 8)
}

/** Who that is: the petname, or the beginning of the key. Never what somebody calls itself. */
export function whoText({ contact, publicKey, trust }: Correspondent): string {
  if (trust === "self") return "you"
  return contact ? shownName(contact.petname) : `(no contact ${hex(publicKey).slice(0, 8)})`
}

/** With how far it is trusted: `bob ✔ verified`. */
export function trustedText(person: Correspondent, paint: Paint): string {
  const { trust } = person
  if (trust === "self") return "you"
  const [mark, colour] = marks(paint)[trust]
  return `${paint.bold(whoText(person))} ${colour(`${mark} ${trust}`)}`
}

function marks(
  paint: Paint,
): Readonly<
  Record<Exclude<Correspondent["trust"], "self">, readonly [string, (text: string) => string]>
> {
  return {
    verified: ["✔", paint.good],
    trusted: ["○", paint.warn],
    invited: ["◇", paint.warn],
    unverified: ["?", paint.warn],
    revoked: ["✘", paint.bad],
  }
}

/**
 * A letter in a list. What we know comes first and fills its row; what its writer wrote comes on the
 * next one, behind a bar and cut where the row ends: it can look like nothing else.
 */
export function rowText(letter: Letter, paint: Paint, columns: number): string {
  const { authorship, direction, files, id, isRead, text, wantsReceipt, writtenAt } = letter
  const isNew = direction === "in" && !isRead
  const who =
    direction === "in" ? senderText(letter, paint) : `to ${letter.to.map(whoText).join(", ")}`
  const head = [
    `${dayOf(writtenAt)}  ${who}`,
    ...(letter.from ? [authorship] : []),
    ...(files.length > 0 ? [countOf(files.length, "file")] : []),
    ...(direction === "in" && wantsReceipt ? ["asks for a receipt"] : []),
    ...(direction === "out" ? confirmedText(letter) : []),
  ]
  const mark = isNew ? paint.good("●") : " "
  const first = peerLines(text).find((line) => line.trim() !== "") ?? ""
  const indent = " ".repeat(12)
  const body = clipped(first, Math.max(8, columns - indent.length - bar.length))
  return `${mark} ${paint.bold(shortId(id))}  ${head.join(" · ")}\n${indent}${bar}${body}`
}

/**
 * A whole letter: lines that are ours, an empty one, and its text behind a bar.
 * @param answered the one that it answers, if it is here
 */
export function letterText(
  letter: Letter,
  answered: Letter | null,
  { paint, columns, command }: ShownFor,
): string {
  const { authorship, direction, files, id, replyTo, to, wantsReceipt } = letter
  const fields: (readonly [string, string])[] = [
    ["Letter", id],
    ["From", senderText(letter, paint)],
    ["To", to.map((one) => trustedText(one, paint)).join(", ")],
    ["Proof", proofText(authorship, direction)],
    ["Written", `${dayOf(letter.writtenAt)}, as its writer says`],
    ["Received", timeText(letter.receivedAt)],
    ["Carried", `until the end of ${lastDayOf(letter.expiresAt)}`],
  ]
  if (direction === "out") fields.splice(5, 1)
  if (replyTo !== null) {
    fields.push(["Answers", answered ? shortId(answered.id) : "a letter that is not here"])
  }
  if (direction === "out" && wantsReceipt) fields.push(["Receipt", confirmedText(letter).join()])
  if (direction === "in" && wantsReceipt) {
    fields.push(["Receipt", `asked for: ${command} mail confirm ${shortId(id)}`])
  }
  files.forEach(({ name, size }, i) => {
    fields.push([`File ${i + 1}`, `${countOf(size, "byte")}, named ${shownName(name)}`])
  })
  const head = fields.map(([name, value]) => `${paint.dim(name.padEnd(10))}${value}`)
  const rows = rowsOf(peerLines(letter.text), columns, cellsOf(bar), cellsOf(bar))
  return [...head, "", ...rows.map((row) => `${paint.dim(bar.trimEnd())} ${row}`)].join("\n")
}

/** Somebody with whom we share keys. */
export function pairText(pair: PairFacts, paint: Paint): string {
  const phase =
    pair.phase === "open" ? "both have the keys" : "we wrote to it, nothing has come back yet"
  const secret = pair.hasSecret ? ["met by an invitation"] : ["met by a public address"]
  return `${[trustedText(pair, paint), phase, ...secret].join(" · ")}\n    ${hex(pair.publicKey)}`
}

/** What the proof is worth, for whoever has the letter. */
export function proofText(authorship: Authorship, direction: Letter["direction"]): string {
  switch (authorship) {
    case "signed":
      return "signed: whoever has this letter can show to others who wrote it"
    case "deniable":
      return direction === "in"
        ? "deniable: it is surely from that key, and you can prove that to nobody"
        : "deniable: its receivers know that you wrote it, and can prove that to nobody"
    case "anonymous":
      return "none: anybody may have written it"
  }
}

function senderText({ from }: Letter, paint: Paint): string {
  return from ? trustedText(from, paint) : paint.warn("anonymous")
}

function confirmedText({ confirmedBy, to, wantsReceipt }: Letter): readonly string[] {
  if (confirmedBy.length > 0) {
    const names = confirmedBy.map(whoText).join(", ")
    return [
      to.length > confirmedBy.length ? `confirmed by ${names} so far` : `confirmed by ${names}`,
    ]
  }
  return wantsReceipt ? ["not confirmed yet"] : []
}

function timeText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace("T", " ")} UTC`
}
