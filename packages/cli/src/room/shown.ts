import type { RoomMessage } from "stringphone/session/room"
import type { Paint } from "../terminal/paint.js"
import { cellsOf, rowsOf } from "./cells.js"
import { memberName } from "./member-name.js"
import { actionOf, channelNick, peerLines } from "./peer-text.js"
import { reportMessage } from "./report.js"

/** Something that is printed, and stays in the terminal's scrollback. */
export type Shown =
  | { readonly kind: "message"; readonly message: RoomMessage }
  | { readonly kind: "cleartext"; readonly channelName: string; readonly text: string }
  /** `text` is ours; names in it are made harmless already. Its further lines are indented. */
  | {
      readonly kind: "note"
      readonly tone: Tone
      readonly text: string
      readonly report: object
    }
  /** What follows came while the person was away. */
  | { readonly kind: "unread" }

export type Tone = "plain" | "good" | "warn" | "bad"

/**
 * How it looks, in rows that fit. A message begins with a time, what is not encrypted with
 * CLEARTEXT, and what we say ourselves with a sign; whatever others write stays behind that or
 * behind a bar, and can look like nothing else.
 */
export function shownText(shown: Shown, paint: Paint, columns: number): string {
  switch (shown.kind) {
    case "message":
      return messageText(shown.message, paint, columns)
    case "cleartext": {
      const head = `CLEARTEXT <${channelNick(shown.channelName)}> `
      return eachRow(behind(head, head, peerLines(shown.text), columns), paint.bad)
    }
    case "note": {
      const sign = shown.tone === "warn" || shown.tone === "bad" ? "⚠" : "·"
      const rows = rowsOf(shown.text.split("\n"), columns, 2, 2)
      return eachRow(`${sign} ${rows.join("\n  ")}`, toned(paint, shown.tone))
    }
    case "unread":
      return paint.dim(unreadText(columns))
  }
}

/** The same for machines; `null`: nothing they need. */
export function shownReport(shown: Shown): object | null {
  switch (shown.kind) {
    case "message":
      return reportMessage(shown.message)
    case "cleartext":
      return { event: "cleartext", channelName: shown.channelName, text: shown.text }
    case "note":
      return shown.report
    case "unread":
      return null
  }
}

function messageText(message: RoomMessage, paint: Paint, columns: number): string {
  const { at, from, isFromOtherSide, isLate, isOwn, status, text } = message
  const when = [
    new Date(at).toTimeString().slice(0, 5),
    ...(isLate ? ["late"] : []),
    ...(isFromOtherSide ? ["other-side"] : []),
  ].join("+")
  const name = isOwn ? "you" : memberName(from)
  const mark = isOwn ? "›" : status === "verified" ? "✓" : "?"
  const colour = status === "verified" || isOwn ? paint.good : paint.warn
  const action = actionOf(text)
  const star = action === null ? "" : "* "
  const head = `${paint.dim(when)} ${paint.bold(name)} ${colour(mark)} ${star}`
  return behind(head, `${when} ${name} ${mark} ${star}`, peerLines(action ?? text), columns)
}

function behind(
  head: string,
  plainHead: string,
  lines: readonly string[],
  columns: number,
): string {
  return head + rowsOf(lines, columns, cellsOf(plainHead), bar.length).join(`\n${bar}`)
}

const bar = "      │ "

/** A colour may end where a row does. */
function eachRow(text: string, colour: (row: string) => string): string {
  return text.split("\n").map(colour).join("\n")
}

function unreadText(columns: number): string {
  const side = "─".repeat(Math.max(4, Math.min(30, Math.floor((columns - 5) / 2))))
  return `${side} new ${side}`
}

function toned(paint: Paint, tone: Tone): (text: string) => string {
  return tone === "plain" ? paint.dim : paint[tone]
}
