import type { IncomingMessage, ServerResponse } from "node:http"
import { nodeListener, type NodeListener } from "stringphone/session/login/node"
import type { InformedHandler } from "stringphone/session/login/server"
import { setDataHeaders } from "./guard.js"
import { tapExchange } from "./wire-tap.js"
import { WireStream, wirePath } from "./wire-stream.js"
import { WireTape } from "./wire-tape.js"

export const apiPath = "/api"

/** What answers logins and calls. */
export interface LoginService {
  readonly realm: string
  /** The path of logins and sealed calls; what is below it is the login server's, too. */
  readonly base: string
  readonly handler: InformedHandler
  readonly onError: (error: unknown) => void
}

/** What the page has to know of it; `null` in /home.json: logins do not work. */
export interface LoginJson {
  readonly realm: string
  readonly base: string
  readonly api: string
  readonly wire: string
}

/** Logins, the API behind them, and the view of what passes between them and who calls. */
export class LoginRoutes {
  readonly #places: readonly string[]
  readonly #listener: NodeListener
  readonly #tape = new WireTape()
  readonly #wire = new WireStream(this.#tape)

  constructor({ base, handler, onError }: LoginService) {
    this.#places = [base, apiPath]
    this.#listener = nodeListener(handler, { onError })
  }

  /** @returns whether the path is one of these. */
  answer(request: IncomingMessage, response: ServerResponse, path: string): boolean {
    const isRead = request.method === "GET" || request.method === "HEAD"
    if (path === wirePath && isRead) {
      this.#wire.answer(request, response)
      return true
    }
    if (!this.#places.some((place) => path === place || path.startsWith(`${place}/`))) return false
    setDataHeaders(response)
    tapExchange(request, response, (exchange) => this.#tape.record(exchange))
    this.#listener(request, response)
    return true
  }

  close(): void {
    this.#wire.close()
  }
}

export function reportLogins({ base, realm }: LoginService): LoginJson {
  return { realm, base, api: apiPath, wire: wirePath }
}
