import { ChannelError, utf8 } from "../../bytes/index.js"
import { base64 } from "./base64.js"
import type { IrcMessage } from "./message.js"
import type { IrcUserOptions } from "./options.js"
import { cleanText } from "./clean-text.js"
import { splitOnce } from "./server.js"

/** How far it is. `failed`: hang up. */
export type RegistrationStep =
  | { readonly kind: "waiting" }
  | { readonly kind: "registered" }
  | { readonly kind: "failed"; readonly error: ChannelError }

const waiting: RegistrationStep = { kind: "waiting" }

/** What we use, where it is offered; `sasl` only with an account. */
const wanted = ["account-tag", "batch", "chghost", "message-tags", "multi-prefix", "server-time"]

/** The longest line of AUTHENTICATE; one of exactly this length is followed by another. */
const saslChunk = 400

/** Introduces us to a server: CAP, SASL, PASS, NICK, USER, until the end of its greeting. */
export class Registration {
  readonly #options: IrcUserOptions
  readonly #where: string
  readonly #send: (line: string) => void
  readonly #offered = new Map<string, string>()
  #authenticated = false
  #attempt = 0
  #nick: string
  #welcomed = false

  constructor(options: IrcUserOptions, where: string, send: (line: string) => void) {
    this.#options = options
    this.#where = where
    this.#send = send
    this.#nick = options.nick
  }

  /** What the server calls us, as far as we know. */
  get nick(): string {
    return this.#nick
  }

  start(): void {
    const { serverPassword, username, realName, nick } = this.#options
    this.#send("CAP LS 302")
    if (serverPassword !== undefined) this.#send(`PASS :${serverPassword}`)
    this.#send(`NICK ${nick}`)
    this.#send(`USER ${username ?? userOf(nick)} 0 * :${realName ?? nick}`)
  }

  hear(message: IrcMessage): RegistrationStep {
    const { command, params } = message
    const text = cleanText(params.at(-1) ?? "")
    switch (command) {
      case "CAP":
        return this.#hearCap(params)
      case "AUTHENTICATE":
        if (params[0] === "+") this.#authenticate()
        return waiting
      case "903":
        this.#authenticated = true
        this.#send("CAP END")
        return waiting
      case "902":
      case "904":
      case "905":
      case "906":
        return this.#refused(`does not accept this account or its password (${text})`)
      case "432":
        return this.#hearBadNick(text)
      case "433":
      case "436":
      case "437":
        return this.#tryNick(nickVariant(this.#options.nick, ++this.#attempt))
      case "464":
        return this.#refused("wants another server password")
      case "465":
      case "466":
        return this.#refused(`does not let us in (${text})`)
      case "ERROR":
        return /password|denied|banned|[gkz]-?lined|not authorized/i.test(text)
          ? this.#refused(`does not let us in (${text})`)
          : this.#failed("unreachable", `hung up: ${text}`)
      case "001":
        return this.#hearWelcome(params[0])
      case "376":
      case "422":
        return this.#welcomed ? { kind: "registered" } : waiting
      default:
        return waiting
    }
  }

  #hearCap([, verb, ...rest]: readonly string[]): RegistrationStep {
    if (this.#welcomed) return waiting
    if (verb === "LS") {
      for (const word of (rest.at(-1) ?? "").split(" ").filter((name) => name !== "")) {
        const [name, value] = splitOnce(word, "=")
        this.#offered.set(name, value)
      }
      return rest[0] === "*" && rest.length > 1 ? waiting : this.#request()
    }
    if (verb === "NAK") {
      this.#send("CAP END")
      return waiting
    }
    if (verb !== "ACK") return waiting
    const isSaslOn = (rest.at(-1) ?? "").split(" ").includes("sasl")
    this.#send(this.#options.sasl && isSaslOn ? "AUTHENTICATE PLAIN" : "CAP END")
    return waiting
  }

  #request(): RegistrationStep {
    const { sasl, capabilities = [] } = this.#options
    const mechanisms = this.#offered.get("sasl")
    // With no list of mechanisms there may be any.
    if (sasl && mechanisms !== undefined && !/^$|(^|,)PLAIN(,|$)/i.test(mechanisms)) {
      return this.#refused(`offers no login with a password (SASL ${mechanisms})`)
    }
    const names = [...new Set([...wanted, ...capabilities, ...(sasl ? ["sasl"] : [])])]
    const available = names.filter((name) => this.#offered.has(name))
    this.#send(available.length > 0 ? `CAP REQ :${available.join(" ")}` : "CAP END")
    return waiting
  }

  #authenticate(): void {
    const { account = "", password = "" } = this.#options.sasl ?? {}
    const text = base64(utf8(`${account}\0${account}\0${password}`))
    for (let at = 0; at < text.length; at += saslChunk) {
      this.#send(`AUTHENTICATE ${text.slice(at, at + saslChunk)}`)
    }
    if (text.length % saslChunk === 0) this.#send("AUTHENTICATE +")
  }

  #hearWelcome(nick: string | undefined): RegistrationStep {
    // Whoever asks for an account shall not be on the network without it.
    if (this.#options.sasl && !this.#authenticated) {
      return this.#refused("offers no login to accounts (SASL)")
    }
    this.#welcomed = true
    this.#nick = nick ?? this.#nick
    return waiting
  }

  /** Where nicks may have only nine characters, a variant was one too many. */
  #hearBadNick(text: string): RegistrationStep {
    if (this.#attempt === 0) {
      return this.#refused(`does not accept the nick ${this.#options.nick} (${text})`)
    }
    return this.#tryNick(nickVariant(this.#options.nick.slice(0, 7), ++this.#attempt))
  }

  #tryNick(nick: string): RegistrationStep {
    if (this.#welcomed) return waiting
    if (this.#attempt > 20) return this.#refused(`has no nick like ${this.#options.nick} left`)
    this.#nick = nick
    this.#send(`NICK ${nick}`)
    return waiting
  }

  #refused(why: string): RegistrationStep {
    return this.#failed("refused", why)
  }

  #failed(code: string, why: string): RegistrationStep {
    const error = new ChannelError(code, `The IRC server at ${this.#where} ${why}.`)
    return { kind: "failed", error }
  }
}

/** `nick_`, `nick__`, and then shorter ones with a number. */
export function nickVariant(nick: string, attempt: number): string {
  return attempt <= 2 ? nick + "_".repeat(attempt) : nick.slice(0, 7) + String(attempt - 1)
}

/** Servers take few characters in this place. */
function userOf(nick: string): string {
  return nick.replace(/[^a-z0-9_.-]/gi, "").slice(0, 9) || "user"
}
