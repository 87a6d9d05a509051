import { utf8 } from "../../bytes/index.js"
import type { IrcMessage, IrcSource } from "./message.js"
import type { ServerFacts } from "./server.js"

/** RFC 1459 §2.3: with the line break. */
const maxLineBytes = 512

/** As long as servers make them, before we have seen ours. */
const longestUser = 11
const longestHost = 64

/**
 * How the server shows us to others, `nick!user@host`: it takes its place in the 512 bytes of every
 * line that others get from us. spec/irc.md §4
 */
export class OwnPrefix {
  readonly #server: ServerFacts
  #nick: string
  #user: string | null = null
  #host: string | null = null

  constructor(server: ServerFacts, nick: string) {
    this.#server = server
    this.#nick = nick
  }

  get nick(): string {
    return this.#nick
  }

  /** The longest text of a PRIVMSG to `target` that arrives whole. [IRC-4-1] */
  maxTextBytes(target: string): number {
    const prefix = `:${this.#nick}!@ PRIVMSG ${target} :\r\n`
    return maxLineBytes - utf8(prefix).length - this.#userBytes() - this.#hostBytes()
  }

  /** Takes over what a line shows of us. [IRC-4-2] */
  hear({ command, params, source }: IrcMessage): void {
    if (source && this.#isUs(source.name)) this.#learn(source)
    const [first = "", second = "", third = ""] = params
    switch (command) {
      case "001":
        this.#nick = first === "" ? this.#nick : first
        return
      case "NICK":
        if (source && this.#isUs(source.name)) this.#nick = first
        return
      case "CHGHOST":
        if (source && this.#isUs(source.name)) {
          this.#user = first
          this.#host = second
        }
        return
      // RPL_VISIBLEHOST: `host`, or `user@host`.
      case "396": {
        const at = second.lastIndexOf("@")
        this.#host = second.slice(at + 1)
        if (at > 0) this.#user = second.slice(0, at)
        return
      }
      // RPL_WHOREPLY: <us> <channel> <user> <host> <server> <nick> …
      case "352":
        if (!this.#isUs(params[5] ?? "")) return
        this.#user = third
        this.#host = params[3] ?? this.#host
        return
      default:
    }
  }

  #learn({ user, host }: IrcSource): void {
    this.#user = user ?? this.#user
    this.#host = host ?? this.#host
  }

  #isUs(name: string): boolean {
    return this.#server.fold(name) === this.#server.fold(this.#nick)
  }

  #userBytes(): number {
    if (this.#user !== null) return utf8(this.#user).length
    return Math.max(longestUser, (this.#server.number("USERLEN") ?? 0) + 1)
  }

  #hostBytes(): number {
    if (this.#host !== null) return utf8(this.#host).length
    return Math.max(longestHost, this.#server.number("HOSTLEN") ?? 0)
  }
}
