import type { Clock } from "../clock.js"
import { cleanText } from "./clean-text.js"
import type { IrcLink } from "./link.js"
import { LinkWatch } from "./link-watch.js"
import { type IrcMessage, parseIrcMessage } from "./message.js"
import { Netsplits } from "./netsplit.js"
import { OwnPrefix } from "./own-prefix.js"
import type { Registration } from "./registration.js"
import { ServerFacts } from "./server.js"

/** What is known of one link, from its opening to its loss. */
export class Wire {
  readonly server: ServerFacts = new ServerFacts()
  readonly prefix: OwnPrefix
  readonly netsplits: Netsplits = new Netsplits()
  readonly watch: LinkWatch
  readonly link: IrcLink

  constructor(link: IrcLink, clock: Clock, pingMs: number, nick: string) {
    this.link = link
    this.prefix = new OwnPrefix(this.server, nick)
    this.watch = new LinkWatch(clock, pingMs, link)
  }

  /**
   * Resolves when the server has greeted us, or at once where another program introduced itself.
   * @param hear is given every line, taken apart where that is possible, from now on
   * @throws {ChannelError} why the server does not let us in; `noAnswer()` when `signal` aborts
   */
  async introduce(
    registration: Registration | null,
    signal: AbortSignal,
    hear: (line: string, message: IrcMessage | null) => void,
    noAnswer: () => Error,
  ): Promise<void> {
    const registered = new Promise<void>((resolve, reject) => {
      this.link.onLine((line) => {
        const message = parseIrcMessage(line)
        const step = message && registration?.hear(message)
        if (step?.kind === "registered") resolve()
        if (step?.kind === "failed") reject(step.error)
        hear(line, message)
      })
      void this.watch.lost.then(reject)
      const giveUp = (): void => reject(noAnswer())
      signal.addEventListener("abort", giveUp)
      if (signal.aborted) giveUp()
      if (!registration) resolve()
    })
    registration?.start()
    await registered
    this.watch.start()
  }

  /** Takes over what a line says of the server and of us. */
  hear(message: IrcMessage): void {
    this.watch.heard()
    this.server.hear(message)
    this.netsplits.hear(message)
    this.prefix.hear(message)
    if (message.command === "ERROR") this.watch.note(cleanText(message.params[0] ?? ""))
  }
}

/** Before there was any. */
export const noLink: IrcLink = {
  send() {},
  onLine() {},
  lost: new Promise(() => {}),
  async close() {},
}
