import type { IncomingMessage, ServerResponse } from "node:http"
import { isOurPage, setDataHeaders } from "./guard.js"
import { say } from "./say.js"
import type { WireTape } from "./wire-tape.js"

export const wirePath = "/login-wire"

const maxListeners = 16
/** So often something is said to those who went away without a word. */
const aliveEveryMs = 20_000

/** `GET /login-wire`: what passes on the wire, as server-sent events. For our own page only. */
export class WireStream {
  readonly #tape: WireTape
  readonly #listeners = new Set<ServerResponse>()

  constructor(tape: WireTape) {
    this.#tape = tape
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    setDataHeaders(response)
    if (!isOurPage(request)) return say(response, 403, "Only this server's own page may see that.")
    if (this.#listeners.size >= maxListeners) {
      return say(response, 503, "Too many pages are listening. Close one.")
    }
    response.setHeader("Content-Type", "text/event-stream")
    if (request.method === "HEAD") return void response.end()
    response.flushHeaders()
    this.#listen(response, this.#lastOf(request))
  }

  close(): void {
    for (const response of this.#listeners) response.destroy()
  }

  #listen(response: ServerResponse, after: number): void {
    const { id } = this.#tape
    let last = after
    // Who reads slowly gets the next ones when there is room; what the tape has lost by then, he misses.
    const tell = (): void => {
      for (const exchange of this.#tape.after(last)) {
        if (response.writableNeedDrain) return
        last = exchange.n
        response.write(`id: ${id}-${last}\ndata: ${JSON.stringify(exchange)}\n\n`)
      }
    }
    const alive = setInterval(() => {
      if (!response.writableNeedDrain) response.write(":\n\n")
    }, aliveEveryMs)
    const stop = this.#tape.watch(tell)
    this.#listeners.add(response)
    response.on("drain", tell)
    response.on("close", () => {
      clearInterval(alive)
      stop()
      this.#listeners.delete(response)
    })
    tell()
  }

  /** Where a page that was away goes on; 0: it is new, or what it knew is of another tape. */
  #lastOf({ headers }: IncomingMessage): number {
    const [, id, n] = /^([0-9a-f]{8})-(\d{1,15})$/.exec(String(headers["last-event-id"])) ?? []
    return id === this.#tape.id ? Number(n) : 0
  }
}
