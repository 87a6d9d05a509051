import type { LoginServerEvent } from "stringphone/session/login/server"
import { quoted, visible } from "../terminal/escape.js"

/** What is told each time. */
type ToldEvent = Exclude<LoginServerEvent, { readonly kind: "slowed-down" | "call-refused" }>

/** What happened, in words; what came from others in it is harmless. */
export function eventText(event: ToldEvent): string {
  const who = "login" in event && event.login !== null ? visible(event.login) : "somebody"
  const from = "address" in event && event.address !== null ? ` from ${visible(event.address)}` : ""
  switch (event.kind) {
    case "invited":
      return `${event.login === "" ? "Somebody" : who} was invited.`
    case "registered":
      return `${who} registered.`
    case "logged-in":
      return `${who} logged in on ${quoted(event.device)}.`
    case "login-denied":
      return `A login of ${who}${from} was denied.`
    case "refreshed":
      return `A session of ${who} has new keys.`
    case "reuse":
      return `Two had one session of ${who}: it has ended.`
    case "revoked":
      if (event.isDisplaced) {
        return `A session of ${who} has ended for a newer one: there were too many.`
      }
      return event.session === null
        ? `All sessions of ${who} have ended.`
        : `A session of ${who} has ended.`
    case "password-changed":
      return `${who} has another password.`
    case "user-removed":
      return `${who} was removed.`
    case "trouble":
      return `Something failed: ${visible(troubleText(event.error))}`
  }
}

/** The same for machines. */
export function eventRecord(event: ToldEvent): Readonly<Record<string, unknown>> {
  const { kind, ...rest } = event
  if (event.kind === "trouble") return { event: kind, message: troubleText(event.error) }
  return { event: kind, ...rest }
}

export function troubleText(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
