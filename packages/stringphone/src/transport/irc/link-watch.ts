import { ChannelError } from "../../bytes/index.js"
import type { Clock } from "../clock.js"
import type { IrcLink } from "./link.js"

/** Notices that a server fell silent, by asking it; and remembers what it said at the end. */
export class LinkWatch {
  /** Resolves, once, when the link is over or its server silent. */
  readonly lost: Promise<ChannelError>
  readonly #clock: Clock
  readonly #everyMs: number
  readonly #link: IrcLink
  #cancel: (() => void) | null = null
  #isAsked = false
  #lastWords: string | null = null
  #giveUp: (error: ChannelError) => void = () => {}

  constructor(clock: Clock, everyMs: number, link: IrcLink) {
    this.#clock = clock
    this.#everyMs = everyMs
    this.#link = link
    const silent = new Promise<ChannelError>((resolve) => (this.#giveUp = resolve))
    this.lost = Promise.race([link.lost.then((error) => this.#explain(error)), silent])
  }

  start(): void {
    this.stop()
    this.#cancel = this.#clock.schedule(this.#everyMs, () => this.#beat())
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  heard(): void {
    this.#isAsked = false
    if (this.#cancel) this.start()
  }

  /** Why the server is about to hang up. */
  note(lastWords: string): void {
    this.#lastWords = lastWords
  }

  #explain(error: ChannelError): ChannelError {
    if (this.#lastWords === null) return error
    return new ChannelError(
      "connection-lost",
      `The server ended the connection: ${this.#lastWords}.`,
      { cause: error },
    )
  }

  #beat(): void {
    if (this.#isAsked) {
      this.#giveUp(new ChannelError("no-answer", "The IRC server no longer answers."))
      void this.#link.close()
      return
    }
    this.#isAsked = true
    this.#link.send("PING :stringphone")
    this.start()
  }
}
