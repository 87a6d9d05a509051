import type { LoginServerEvent } from "stringphone/session/login/server"
import { quoted, visible } from "../terminal/escape.js"

/** What is told each time. */
type ToldEvent = Exclude<LoginServerEvent, { readonly kind: "slowed-down" | "call-refused" }>

interface SessionEvent {
  readonly login: string
  readonly device?: string | null
}

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
      return `${sessionOf(event)} has new keys.`
    case "reuse":
      return `${sessionOf(event)} has ended: two had it.`
    case "revoked":
      if (event.isDisplaced) {
        return `${sessionOf(event)} has ended for a newer one: there were too many.`
      }
      return event.session === null
        ? `All sessions of ${who} have ended.`
        : `${sessionOf(event)} has ended.`
    case "password-changed":
      return `${who} has another password.`
    case "user-removed":
      return `${who} was removed.`
    case "trouble":
      return `Something failed: ${visible(troubleText(event.error))}`
  }
}

/** Whose, and on what, as that calls itself. */
export function sessionOf({ device, login }: SessionEvent): string {
  const who = visible(login)
  return typeof device === "string"
    ? `The session of ${who} on ${quoted(device)}`
    : `A session of ${who}`
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
