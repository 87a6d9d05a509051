import type { IncomingMessage, ServerResponse } from "node:http"
import type { Duplex } from "node:stream"
import { callerOf, protect } from "./server-protect.js"
import type { Caller, ProtectOptions } from "./server-types.js"

/** A request on its way through an app of Node's kind. */
export interface Exchange {
  readonly request: Request
  /** Set: the app's answer is not what is answered. */
  instead: Response | null
}

/** By the connection that was made for each. */
export const exchanges: WeakMap<Duplex, Exchange> = new WeakMap()

/**
 * Who made this call, proven; `null`: nobody can say. `incoming` is what Node calls a request: that of Express, the
 * `raw` of one of Fastify, the `req` of one of Koa.
 */
export function callerOfNode(incoming: IncomingMessage): Caller | null {
  const exchange = exchanges.get(incoming.socket)
  return exchange ? callerOf(exchange.request) : null
}

/**
 * Middleware for signed and sealed calls alone, which have the scopes; as `protect`, within an app behind `fetchOf`.
 *
 * @example
 * ```ts no-run
 * import express from "express"
 * import { protectNode } from "stringphone/session/login/node"
 *
 * const app = express()
 * app.use("/lamps", protectNode({ scopes: ["lamps"] }))
 * ```
 */
export function protectNode(
  options: ProtectOptions = {},
): (incoming: IncomingMessage, outgoing: ServerResponse, next: () => void) => void {
  const letIn = new Response()
  const nobody = new Request("http://nobody.invalid/")
  const guard = protect(() => letIn, options)
  return (incoming, outgoing, next) => {
    const exchange = exchanges.get(incoming.socket)
    const answer = guard(exchange?.request ?? nobody) as Response
    if (answer === letIn) {
      next()
      return
    }
    // The very object is known as an error of ours: a field alone could be anybody's.
    if (exchange) exchange.instead = answer
    outgoing.writeHead(answer.status, Object.fromEntries(answer.headers)).end()
  }
}
