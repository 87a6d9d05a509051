import { ChannelError, fromHex, UsageError } from "stringphone/bytes"
import { visible } from "../terminal/escape.js"
import type { Emit, MemberReport } from "./event.js"
import type { Home } from "./home.js"
import { keysHelp } from "./report.js"

/** What the keys mean now. */
type Mode =
  | { readonly kind: "idle" }
  /** The number of a member is being typed, up to Enter. */
  | { readonly kind: "choosing"; readonly members: readonly MemberReport[]; readonly typed: string }
  /** y removes it. */
  | { readonly kind: "confirming"; readonly member: MemberReport }

export interface ConsoleOptions {
  readonly home: Home
  readonly emit: Emit
  readonly quit: () => void
}

/** The keys of a running home. */
export class HomeConsole {
  readonly #options: ConsoleOptions
  #mode: Mode = { kind: "idle" }
  #last: Promise<void> = Promise.resolve()

  constructor(options: ConsoleOptions) {
    this.#options = options
  }

  /** One key; keys that come quickly are handled one after the other. */
  press(key: string): void {
    if (key === "\x03") return this.#options.quit()
    this.#last = this.#last
      .then(() => this.#handle(key))
      .catch((error: unknown) => this.#fail(error))
  }

  async #handle(key: string): Promise<void> {
    if (this.#mode.kind !== "idle" && this.#options.home.pairing.question) {
      // Here y would remove, and there it lets in: it must never be taken for the other.
      this.#mode = { kind: "idle" }
      return this.#say("Nothing was removed: somebody asks to be let in. Answer that first.")
    }
    if (this.#mode.kind === "choosing") return this.#choose(key, this.#mode)
    if (this.#mode.kind === "confirming") return this.#confirm(key, this.#mode.member)
    const { emit, home, quit } = this.#options
    const { pairing } = home
    switch (key.toLowerCase()) {
      case "y":
        return this.#begin(pairing.answer(true))
      case "n":
        return this.#begin(pairing.answer(false))
      case "p":
        return this.#begin(pairing.open())
      case "c":
        return pairing.close()
      case "r":
        return this.#begin(home.rotate())
      case "m":
      case "l":
        return emit({ event: "members", members: await home.members() })
      case "x":
      case "u":
        return this.#startChoosing()
      case "d":
        return this.#showDevices()
      case "i":
        return this.#begin(home.invite())
      case "q":
        return quit()
      case "?":
      case "h":
        return this.#say(keysHelp)
    }
  }

  /** Lets it go on by itself: without the broker it takes long, and keys are not to wait. */
  #begin(task: Promise<void>): void {
    task.catch((error: unknown) => this.#fail(error))
  }

  #showDevices(): void {
    const { emit, home } = this.#options
    const { devices, login } = home.ready
    emit({ event: "devices", devices, login })
  }

  async #startChoosing(): Promise<void> {
    const { emit, home } = this.#options
    if (home.pairing.question) return this.#say("Answer first: y = the same, n = different")
    const members = await home.members()
    emit({ event: "members", members })
    if (!members.some(({ device }) => device === null)) return this.#say(nobodyElse)
    this.#mode = { kind: "choosing", members, typed: "" }
    this.#say("Which one is to be removed? Its number and Enter; only Enter: none.")
  }

  #choose(key: string, mode: Extract<Mode, { kind: "choosing" }>): void {
    if (/^\d$/.test(key)) {
      this.#mode = { ...mode, typed: mode.typed + key }
      return
    }
    if (key !== "\r") return
    this.#mode = { kind: "idle" }
    const member = mode.members[Number(mode.typed) - 1]
    if (!member) return this.#say("Nothing was changed.")
    if (member.device !== null) return this.#say("That is this home's own; it stays.")
    this.#mode = { kind: "confirming", member }
    const name = visible(member.petname)
    this.#say(`Remove ${name}? It reads nothing from then on. y = remove, n = leave it`)
  }

  #confirm(key: string, { publicKey }: MemberReport): void {
    const answer = key.toLowerCase()
    if (answer !== "y" && answer !== "n" && key !== "\r") return
    this.#mode = { kind: "idle" }
    if (answer !== "y") return this.#say("Nothing was changed.")
    this.#begin(this.#options.home.remove(fromHex(publicKey)))
  }

  /** What the keys are for just now; shown below everything else, on a terminal. */
  get prompt(): string {
    const { pairing } = this.#options.home
    if (this.#mode.kind === "choosing") return `Number, then Enter: ${this.#mode.typed}`
    if (this.#mode.kind === "confirming") return "y = remove, n = leave it"
    const { isWaiting, question } = pairing
    if (question) return `y = the same, n = different (${secondsTo(question.untilMs)} s left)`
    if (isWaiting) return "Waiting until the phone's person says the same …"
    const seconds = Math.ceil(pairing.leftMs / 1000)
    return seconds > 0 ? `Pairing: ${seconds} s left (p starts anew, c closes it)` : ""
  }

  #say(text: string): void {
    this.#options.emit({ event: "notice", level: "info", text })
  }

  #fail(error: unknown): void {
    if (!(error instanceof ChannelError || error instanceof UsageError)) throw error
    if (error.code === "closed") return // what was on its way when the home stopped
    this.#options.emit({ event: "notice", level: "warning", text: error.message })
  }
}

const nobodyElse = "Nobody but this home's own devices is here, and they stay."

function secondsTo(untilMs: number): number {
  return Math.max(0, Math.ceil((untilMs - Date.now()) / 1000))
}
