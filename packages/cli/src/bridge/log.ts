import type { Context } from "../context.js"
import { Tally } from "../tally.js"
import { jsonLine, visible } from "../terminal/escape.js"
import { StatusLine } from "../terminal/status-line.js"

export type Side = "local" | "remote"

/** What happened so far, for the status line. */
export interface Counts {
  exported: number
  published: number
  commands: number
  refused: number
}

const sides: Readonly<Record<Side, string>> = {
  local: "the local broker",
  remote: "the topic's broker",
}

/** Tells what a bridge does, as lines or JSON: never a payload, a key or a login. */
export class BridgeLog {
  readonly counts: Counts = { exported: 0, published: 0, commands: 0, refused: 0 }
  readonly #isJson: boolean
  readonly #out = new StatusLine(process.stdout)
  readonly #ignored = new Tally(10_000, (counts) => this.#sayIgnored(counts))
  readonly #state: Record<Side, "open" | "away" | "connecting"> = {
    local: "connecting",
    remote: "connecting",
  }
  #waiting: () => number = () => 0
  #timer: NodeJS.Timeout | null = null

  constructor(context: Pick<Context, "json">) {
    this.#isJson = context.json
  }

  /** `text` is ours; what came from others in it has to be `visible`. */
  say(text: string, event: { readonly event: string } & Readonly<Record<string, unknown>>): void {
    const at = new Date().toISOString()
    this.#out.print(this.#isJson ? jsonLine({ at, ...event }) : `${at.slice(11, 19)} ${text}`)
  }

  /** Something that happens often is told as a number. */
  count(code: string, times = 1): void {
    this.#ignored.count(code, times)
  }

  isAway(side: Side): boolean {
    return this.#state[side] === "away"
  }

  /** We ended the connection ourselves, and make another one. */
  connecting(side: Side): void {
    this.#state[side] = "connecting"
  }

  status(side: Side, status: "open" | "away", why?: string): void {
    if (this.#state[side] === status) return
    this.#state[side] = status
    const text =
      status === "open"
        ? `Connected to ${sides[side]}.`
        : `No connection to ${sides[side]}; trying again.${why === undefined ? "" : ` ${visible(why)}`}`
    this.say(text, { event: "status", side, status, ...(why !== undefined && { why }) })
  }

  /** Shows the line below the others, on a terminal. */
  start(waiting: () => number): void {
    this.#waiting = waiting
    if (this.#isJson) return
    this.#timer = setInterval(() => this.#out.show(this.#line()), 500)
  }

  end(): void {
    this.#ignored.flush()
    if (this.#timer) clearInterval(this.#timer)
    this.#out.end()
  }

  #line(): string {
    const { commands, exported, published, refused } = this.counts
    const { local, remote } = this.#state
    return [
      `local ${local}`,
      `topic ${remote}`,
      `${exported} sent`,
      `${published} published`,
      `${commands} commands (${refused} refused)`,
      `${this.#waiting()} waiting`,
    ].join(" · ")
  }

  #sayIgnored(counts: ReadonlyMap<string, number>): void {
    for (const [code, count] of counts) {
      const messages = count === 1 ? "1 message" : `${count} messages`
      this.say(`${messages} ignored (${code})`, { event: "ignored", code, count })
    }
  }
}
