import type { LoginServerEvent } from "stringphone/session/login/server"
import type { Context } from "../context.js"
import { Tally } from "../tally.js"
import { jsonLine } from "../terminal/escape.js"
import { countOf } from "../wording.js"
import { eventRecord, eventText } from "./event-text.js"

/** Tells who logs in and what is refused: never paths, fields or bodies of calls. */
export class ServeLog {
  readonly #isJson: boolean
  /** Strangers can make as many of these as they like. */
  readonly #counted = new Tally(10_000, (counts) => this.#tell(counts))

  constructor({ json }: Pick<Context, "json">) {
    this.#isJson = json
  }

  /** `text` is ours; what came from others in it has to be `visible`. */
  say(text: string, event: Readonly<Record<string, unknown>>): void {
    const at = new Date().toISOString()
    const line = this.#isJson ? jsonLine({ at, ...event }) : `${at.slice(11, 19)} ${text}`
    process.stdout.write(`${line}\n`)
  }

  hear(event: LoginServerEvent): void {
    if (event.kind === "slowed-down") this.#counted.count("slowed-down")
    else if (event.kind === "call-refused") this.#counted.count(`call-refused ${event.reason}`)
    // Anybody can send such a one; with a wrong password nothing is sent.
    else if (event.kind === "login-denied") this.#counted.count("login-denied")
    else this.say(eventText(event), eventRecord(event))
  }

  /** Tells what was only counted. */
  flush(): void {
    this.#counted.flush()
  }

  #tell(counts: ReadonlyMap<string, number>): void {
    for (const [what, count] of counts) {
      const [event = "", reason] = what.split(" ")
      const text = countedText(event, count, reason)
      this.say(text, { event, count, ...(reason !== undefined && { reason }) })
    }
  }
}

function countedText(event: string, count: number, reason: string | undefined): string {
  if (reason !== undefined) return `${countOf(count, "call")} refused: ${reason}.`
  const logins = countOf(count, "login")
  return event === "login-denied"
    ? `${logins} denied: never begun, too long ago, or altered.`
    : `${logins} had to wait: there were too many.`
}
