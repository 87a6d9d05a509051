import type { LoginServerEvent } from "stringphone/session/login/server"
import { troubleText } from "../login/event-text.js"
import { Tally } from "../tally.js"
import type { Emit } from "./event.js"

/** What strangers can cause is told so often at most. */
const countEveryMs = 10_000

/** Tells of logins; what strangers cause is only counted. */
export class LoginNews {
  readonly #emit: Emit
  readonly #counted = new Tally(countEveryMs, (counts) => this.#tell(counts))
  #trouble = ""

  constructor(emit: Emit) {
    this.#emit = emit
  }

  hear(event: LoginServerEvent): void {
    switch (event.kind) {
      case "invited": // who asked for it is shown it
        return
      case "login-denied":
      case "slowed-down":
        return this.#counted.count(event.kind)
      case "call-refused":
        return this.#counted.count(`${event.kind} ${event.reason}`)
      case "trouble":
        return this.trouble(event.error)
      case "logged-in":
      case "refreshed":
      case "reuse": {
        const { device, login } = event
        return this.#emit({ event: "login", what: event.kind, login, device })
      }
      case "revoked": {
        const { device, isDisplaced, login } = event
        const which =
          device === null
            ? { isAll: true as const }
            : { device, ...(isDisplaced && { isDisplaced }) }
        return this.#emit({ event: "login", what: event.kind, login, ...which })
      }
      default:
        return this.#emit({ event: "login", what: event.kind, login: event.login })
    }
  }

  /** With a full disk, every call of a stranger is one: the newest is told. */
  trouble(error: unknown): void {
    this.#trouble = troubleText(error)
    this.#counted.count("trouble")
  }

  /** Tells what was only counted, and counts no more. */
  stop(): void {
    this.#counted.flush()
  }

  #tell(counts: ReadonlyMap<string, number>): void {
    for (const [key, count] of counts) {
      const [what = "", reason] = key.split(" ")
      if (what === "trouble") {
        this.#emit({ event: "login", what, message: this.#trouble })
        continue
      }
      this.#emit({
        event: "login",
        what: what as "login-denied" | "slowed-down" | "call-refused",
        count,
        ...(reason !== undefined && { reason }),
      })
    }
  }
}
