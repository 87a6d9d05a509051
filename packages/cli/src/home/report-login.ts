import { lastDayOf } from "../day.js"
import { sessionOf } from "../login/event-text.js"
import { quoted, visible } from "../terminal/escape.js"
import type { Paint } from "../terminal/paint.js"
import { countOf } from "../wording.js"
import type { InvitationEvent, LoginEvent } from "./event.js"
import { type Columns, picture } from "./picture.js"

export function describeInvitation(
  { expiresAt, text, url }: InvitationEvent,
  paint: Paint,
  columns: Columns,
): string {
  return [
    "",
    paint.bold(`Somebody may register at ${url} and switch lamp and lock.`),
    "",
    ...picture(text, paint, columns),
    "Paste this on the page under “Login”, or give it to stringphone login to -",
    "",
    `  ${text}`,
    "",
    `For one person, until ${lastDayOf(Date.parse(expiresAt))}. Whoever sees it can register in their place.`,
    "",
  ].join("\n")
}

export function describeLogin(event: LoginEvent, paint: Paint): string {
  switch (event.what) {
    case "registered":
      return `${paint.good("✔")} ${visible(event.login)} registered.`
    case "logged-in":
      return `${visible(event.login)} logged in on ${quoted(event.device)}.`
    case "refreshed":
      return paint.dim(`${sessionOf(event)} has new keys.`)
    case "password-changed":
      return `${visible(event.login)} has another password.`
    case "revoked":
      if (event.isAll) return `Sessions of ${visible(event.login)} have ended.`
      return `${sessionOf(event)} has ended${event.isDisplaced ? " for a newer one" : ""}.`
    case "reuse":
      return paint.warn(`${sessionOf(event)} has ended: two had it.`)
    case "user-removed":
      return `${visible(event.login)} was removed.`
    case "call-refused": {
      const why = event.reason === undefined ? "" : `: ${visible(event.reason)}`
      return paint.dim(`${countOf(event.count, "call")} refused${why}.`)
    }
    case "login-denied":
      return paint.dim(
        `${countOf(event.count, "login")} denied: never begun, too late, or altered.`,
      )
    case "slowed-down":
      return paint.dim(`${countOf(event.count, "login")} had to wait: there were too many.`)
    case "trouble":
      return paint.bad(`Logins: ${visible(event.message)}`)
  }
}
