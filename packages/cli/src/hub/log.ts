import type { Context } from "../context.js"
import { Tally } from "../tally.js"
import { jsonLine, visible } from "../terminal/escape.js"
import { StatusLine } from "../terminal/status-line.js"
import { countOf } from "../wording.js"

/** What happens too often to tell each time. */
type Counted = "stored" | "passed on" | "refused" | "evicted" | "expired" | "too large"

/** Tells what a hub does, as lines or JSON: never an envelope, its ID, a key or a login. */
export class HubLog {
  readonly #isJson: boolean
  readonly #out = new StatusLine(process.stdout)
  readonly #counted = new Tally(10_000, (counts) => this.#tell(counts))

  constructor(context: Pick<Context, "json">) {
    this.#isJson = context.json
  }

  /** `text` is ours; what came from others in it has to be `visible`. */
  say(text: string, event: { readonly event: string } & Readonly<Record<string, unknown>>): void {
    const at = new Date().toISOString()
    this.#out.print(this.#isJson ? jsonLine({ at, ...event }) : `${at.slice(11, 19)} ${text}`)
  }

  /** One line for many of them. `why` is a word of ours, `link` where they came from. */
  count(
    what: Counted,
    times: number,
    { link = "", why = "" }: { readonly link?: string; readonly why?: string } = {},
  ): void {
    if (times > 0) this.#counted.count(JSON.stringify([what, link, why]), times)
  }

  /** The line below the others. */
  status(text: string): void {
    this.#out.show(text)
  }

  end(): void {
    this.#counted.flush()
    this.#out.end()
  }

  #tell(counts: ReadonlyMap<string, number>): void {
    for (const [key, count] of counts) {
      const [what, link, why] = JSON.parse(key) as [Counted, string, string]
      const from = link === "" ? "" : ` from ${visible(link)}`
      this.say(`${countOf(count, "envelope")} ${what}${from}${why === "" ? "" : ` (${why})`}`, {
        event: what.replace(" ", "-"),
        count,
        ...(link !== "" && { link }),
        ...(why !== "" && { why }),
      })
    }
  }
}
