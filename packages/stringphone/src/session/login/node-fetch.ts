import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from "node:http"
import { type Duplex, duplexPair } from "node:stream"
import { bodyOf, openingOf } from "./node-body.js"
import { type Exchange, exchanges } from "./node-exchange.js"
import { sender } from "./node-listener.js"
import { fieldsOf } from "./node-request.js"
import { hopFields } from "./node-response.js"
import { targetOnWire } from "./request-targets.js"

/** Sealed calls have up to 64 KiB of fields. */
const maxHeaderSize = 128 * 1024
/** Not of the app's request, or set anew. */
const ownFields = new Set([...hopFields, "content-length", "expect", "host"])
const bodyless = new Set([204, 205, 304])

/**
 * An app of Node's kind – of Express, `app.routing` of Fastify when it is ready, `app.callback()` of Koa – as a handler.
 * It runs through Node's own HTTP, by a connection in memory: it has real requests and answers, with the path as it was
 * on the wire, and no way around. {@link callerOfNode} says who calls.
 *
 * A path with a segment `.` or `..`, or a backslash, is answered 400: whoever guards it by the URL of the request, in front
 * of the app, would see another path than the app.
 *
 * @example
 * ```ts no-run
 * import { createServer } from "node:http"
 * import express from "express"
 * import { callerOfNode, fetchOf, nodeListener } from "stringphone/session/login/node"
 * import type { LoginServer } from "stringphone/session/login/server"
 *
 * declare const logins: LoginServer
 * const app = express()
 * app.get("/", (request, answer) => void answer.json({ by: callerOfNode(request)?.login }))
 * createServer(nodeListener(logins.handler(fetchOf(app)))).listen(8080)
 * ```
 */
export function fetchOf(
  listener: (incoming: IncomingMessage, outgoing: ServerResponse) => unknown,
): (request: Request) => Promise<Response> {
  const failures = new WeakMap<Duplex, (error: Error) => void>()
  const options = { maxHeaderSize, requestTimeout: 0, headersTimeout: 0 }
  // It listens nowhere: connections are handed to it.
  const server = createServer(options, (incoming, outgoing) => {
    const run = async (): Promise<unknown> => listener(incoming, outgoing)
    run().catch((error: unknown) => {
      failures.get(incoming.socket)?.(
        error instanceof Error
          ? error
          : new Error("The app threw what is no error.", { cause: error }),
      )
    })
  })
  return (request) => {
    const path = targetOnWire(request) ?? targetOf(request)
    if (isAmbiguous(path)) return Promise.resolve(new Response(null, { status: 400 }))
    return new Promise((resolve, reject) => {
      const [near, far] = connectTo(server, request)
      const asking = httpRequest({
        createConnection: () => near,
        method: request.method,
        path,
        setHost: false,
        maxHeaderSize,
      })
      failures.set(far, (error) => asking.destroy(error))
      const stop = (): unknown => asking.destroy(request.signal.reason as Error)
      request.signal.addEventListener("abort", stop, { once: true })
      asking.on("response", (incoming) => {
        try {
          resolve(exchanges.get(far)?.instead ?? responseOf(incoming, request.method))
        } catch (error) {
          asking.destroy()
          reject(error)
        }
      })
      asking.on("error", reject)
      send(request, asking).catch((error: unknown) => asking.destroy(error as Error))
    })
  }
}

function connectTo(server: Server, request: Request): readonly [near: Duplex, far: Duplex] {
  const [near, far] = duplexPair()
  const exchange: Exchange = { request, instead: null }
  exchanges.set(far, exchange)
  const encrypted = request.url.startsWith("https:")
  Object.assign(far, { remoteAddress: sender.getStore(), encrypted })
  near.once("close", () => far.destroy())
  far.once("close", () => {
    // What was sent to the end may not have been read yet.
    if (!far.writableFinished) near.destroy()
  })
  server.emit("connection", far)
  return [near, far]
}

function targetOf(request: Request): string {
  const { pathname, search } = new URL(request.url)
  return pathname + search
}

/** `URL` takes such segments away, and a backslash for a slash. */
function isAmbiguous(target: string): boolean {
  const [path = ""] = target.split("?", 1)
  return path.includes("\\") || path.split("/").some((one) => /^(?:\.|%2e){1,2}$/i.test(one))
}

async function send(request: Request, asking: ReturnType<typeof httpRequest>): Promise<void> {
  asking.setHeader("host", new URL(request.url).host)
  for (const [name, value] of request.headers) {
    if (!ownFields.has(name)) asking.appendHeader(name, value)
  }
  if (!request.body) {
    asking.end()
    return
  }
  const { first, rest } = await openingOf(request.body.getReader())
  if (!rest) {
    asking.setHeader("content-length", first?.length ?? 0)
    asking.end(first ?? undefined)
    return
  }
  asking.setHeader("transfer-encoding", "chunked")
  await write(asking, first as Uint8Array)
  for await (const chunk of rest) {
    if (asking.destroyed) return
    await write(asking, chunk)
  }
  asking.end()
}

async function write(asking: ReturnType<typeof httpRequest>, chunk: Uint8Array): Promise<void> {
  if (asking.write(chunk)) return
  await new Promise<void>((resolve) => {
    const go = (): void => {
      asking.off("drain", go).off("close", go)
      resolve()
    }
    asking.on("drain", go).on("close", go)
  })
}

function responseOf(incoming: IncomingMessage, method: string): Response {
  const { rawHeaders, statusCode: status = 0, statusMessage: statusText = "" } = incoming
  const headers = new Headers()
  for (const [name, value] of fieldsOf(rawHeaders)) {
    if (!hopFields.has(name.toLowerCase())) headers.append(name, value)
  }
  const hasNoBody = method === "HEAD" || bodyless.has(status)
  const body = hasNoBody ? null : bodyOf(incoming, () => incoming.destroy()).stream
  return new Response(body, { status, statusText, headers })
}
