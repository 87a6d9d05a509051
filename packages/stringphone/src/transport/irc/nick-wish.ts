import type { Clock } from "../clock.js"
import type { IrcMessage } from "./message.js"
import type { ServerFacts } from "./server.js"

/** Where nobody tells us that our nick became free, we try after so long. */
const retryMs = 60_000

/** The nick that we would like, and getting it back when another had it. */
export class NickWish {
  readonly #clock: Clock
  readonly #send: (line: string) => void
  #nick: string
  #cancel: (() => void) | null = null

  constructor(clock: Clock, nick: string, send: (line: string) => void) {
    this.#clock = clock
    this.#nick = nick
    this.#send = send
  }

  get nick(): string {
    return this.#nick
  }

  change(nick: string, isConnected: boolean): void {
    this.#nick = nick
    if (isConnected) this.#ask()
  }

  /** @param own what we are called now */
  hear({ command, source }: IrcMessage, server: ServerFacts, own: string): void {
    const wished = server.fold(this.#nick)
    if (server.fold(own) === wished) return this.rest()
    const isSource = server.fold(source?.name ?? "") === wished
    if ((command === "NICK" || command === "QUIT") && isSource) this.#ask()
    // Erroneous: it will not be accepted later either.
    else if (command === "432") this.#nick = own
    else if (command === "376" || command === "422") this.#askLater()
  }

  /** Asks no more. */
  rest(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  #ask(): void {
    this.#send(`NICK ${this.#nick}`)
    this.#askLater()
  }

  #askLater(): void {
    this.rest()
    this.#cancel = this.#clock.schedule(retryMs, () => this.#ask())
  }
}
