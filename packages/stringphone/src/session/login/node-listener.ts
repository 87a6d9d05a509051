import { AsyncLocalStorage } from "node:async_hooks"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { IncomingBody } from "./node-body.js"
import { bodyOrNull, readRequest } from "./node-request.js"
import { sendResponse } from "./node-response.js"
import type { RequestInfo } from "./server-types.js"

/** What `createServer` of `node:http` and `node:https` takes. */
export type NodeListener = (incoming: IncomingMessage, outgoing: ServerResponse) => void

export interface NodeListenerOptions {
  /** What a handler threw, or the body of its answer; a warning of the process unless set. */
  readonly onError?: (error: unknown) => void
}

/** Of a body that nobody wanted, so much is read to keep the connection; then it is cut. */
const mostDiscardedBytes = 16 * 2 ** 20

/** Who sent what is being answered. */
export const sender: AsyncLocalStorage<string | undefined> = new AsyncLocalStorage()

/**
 * A handler behind Node's own server. It gets path and query, host, fields and body exactly as they came, and
 * nothing is added to its answer but `date` and what is about the connection.
 *
 * Requests that no `Request` can say are answered 400: without exactly one host, with a fragment, `*`, TRACE, GET with a body.
 * Signed calls have up to 64 KiB of fields: give the server a `maxHeaderSize` if yours have more than 16 KiB.
 *
 * @example
 * ```ts no-run
 * import { createServer } from "node:http"
 * import { Hono } from "hono"
 * import { nodeListener } from "stringphone/session/login/node"
 * import type { LoginServer } from "stringphone/session/login/server"
 *
 * declare const logins: LoginServer
 * const app = new Hono()
 * createServer(nodeListener(logins.handler((request) => app.fetch(request)))).listen(8080)
 * ```
 */
export function nodeListener(
  handler: (request: Request, info: RequestInfo) => Response | Promise<Response>,
  { onError = warn }: NodeListenerOptions = {},
): NodeListener {
  return (incoming, outgoing) => {
    const body = bodyOrNull(incoming)
    const gone = new AbortController()
    outgoing.once("close", () => {
      if (!outgoing.writableFinished) gone.abort()
    })
    outgoing.once("finish", () => void discard(incoming, body))
    const read = readRequest(incoming, body, gone.signal)
    if (!read) {
      outgoing.statusCode = 400
      outgoing.end()
      return
    }
    const answer = async (): Promise<void> => {
      const response = await handler(read.request, read.info)
      await sendResponse(response, outgoing, gone.signal)
    }
    sender.run(read.info.address, answer).catch((error: unknown) => {
      if (gone.signal.aborted) return
      fail(outgoing)
      onError(error)
    })
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error))
}

/** Nothing of what went wrong is said. */
function fail(outgoing: ServerResponse): void {
  if (outgoing.headersSent) {
    outgoing.destroy()
    return
  }
  for (const name of outgoing.getHeaderNames()) outgoing.removeHeader(name)
  outgoing.statusMessage = ""
  outgoing.statusCode = 500
  outgoing.end()
}

/** The next request stands behind this body. */
async function discard(incoming: IncomingMessage, body: IncomingBody | null): Promise<void> {
  if (!body || incoming.readableEnded) return
  await body.leave().catch(() => undefined)
  let left = mostDiscardedBytes
  incoming.on("data", (chunk: Uint8Array) => {
    left -= chunk.length
    if (left < 0) incoming.destroy()
  })
  incoming.on("error", () => undefined)
  incoming.resume()
}
