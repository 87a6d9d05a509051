import { ChannelError, fromHex, UsageError } from "stringphone/bytes"
import { reportKey } from "../person.js"
import type { Emit, Phone } from "./event.js"
import type { Home } from "./home.js"
import { listPhones, untrustPhone } from "./phones.js"
import { keysHelp } from "./report.js"

/** What the keys mean now. */
type Mode =
  | { readonly kind: "idle" }
  /** The number of a phone is being typed, up to Enter. */
  | { readonly kind: "choosing"; readonly phones: readonly Phone[]; readonly typed: string }

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
    if (this.#mode.kind === "choosing") return this.#choose(key, this.#mode)
    const { emit, home, quit } = this.#options
    const { pairing } = home
    switch (key.toLowerCase()) {
      case "y":
        return pairing.question ? this.#letIn() : undefined
      case "n":
        return pairing.question ? pairing.answer(false) : undefined
      case "p":
        return pairing.open()
      case "c":
        return pairing.close("person")
      case "d":
        return emit({ event: "devices", devices: home.ready.devices })
      case "l":
        return emit({ event: "phones", phones: await listPhones(home.devices) })
      case "u":
        return this.#startChoosing()
      case "q":
        return quit()
      case "?":
      case "h":
        return this.#say(keysHelp)
    }
  }

  /** The other half of pairing is on the phone, which needs the devices' words to compare. */
  async #letIn(): Promise<void> {
    const { emit, home } = this.#options
    await home.pairing.answer(true)
    this.#say("Now the phone lists those who answered. Compare each with these words:")
    emit({ event: "devices", devices: home.ready.devices })
  }

  async #startChoosing(): Promise<void> {
    const phones = await listPhones(this.#options.home.devices)
    this.#options.emit({ event: "phones", phones })
    if (phones.length === 0) return
    this.#mode = { kind: "choosing", phones, typed: "" }
    this.#say("Which one is not to be trusted any more? Its number and Enter; only Enter: none.")
  }

  async #choose(key: string, mode: Extract<Mode, { kind: "choosing" }>): Promise<void> {
    if (/^\d$/.test(key)) {
      this.#mode = { ...mode, typed: mode.typed + key }
      return
    }
    if (key !== "\r") return
    this.#mode = { kind: "idle" }
    const phone = mode.phones[Number(mode.typed) - 1]
    if (!phone) return this.#say("Nothing was changed.")
    const publicKey = fromHex(phone.publicKey)
    await untrustPhone(this.#options.home.devices, publicKey)
    this.#options.emit({ event: "untrusted", petname: phone.petname, ...reportKey(publicKey) })
  }

  /** What the keys are for just now; shown below everything else, on a terminal. */
  get prompt(): string {
    const { pairing } = this.#options.home
    if (this.#mode.kind === "choosing") return `Number, then Enter: ${this.#mode.typed}`
    const { question } = pairing
    if (question) {
      const more = question.more > 0 ? ` (${question.more} more after this)` : ""
      return `y = trust, n = refuse${more}`
    }
    const seconds = Math.ceil(pairing.leftMs / 1000)
    return seconds > 0 ? `Pairing: ${seconds} s left (p starts anew, c closes it)` : ""
  }

  #say(text: string): void {
    this.#options.emit({ event: "notice", level: "info", text })
  }

  #fail(error: unknown): void {
    if (!(error instanceof ChannelError || error instanceof UsageError)) throw error
    this.#options.emit({ event: "notice", level: "warning", text: error.message })
  }
}
