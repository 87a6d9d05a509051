import { type IncomingMessage, request as requestHttp } from "node:http"
import { request as requestHttps } from "node:https"
import { Readable } from "node:stream"
import { UsageError } from "stringphone/bytes"
import { targetOnWire } from "stringphone/session/login/node"
import { type Caller, callerOf, type Handler } from "stringphone/session/login/server"
import { decoded } from "./forward-coding.js"
import { answeredFields, forwardedFields } from "./forward-fields.js"

const usualWaitMs = 60_000

/** @throws {UsageError} `bad-url` */
export function parseForward(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  const isOrigin = url?.pathname === "/" && !url.search && !url.hash && !url.username
  if (isOrigin && !url.password && /^https?:$/.test(url.protocol)) return url
  throw new UsageError(
    "bad-url",
    "The API to forward to is as http://127.0.0.1:8080, without path, user and query.",
  )
}

/** A handler that hands proven calls on to an API that knows nothing of logins, and says by whom they are. */
export function forwardTo(api: URL, waitMs: number = usualWaitMs): Handler {
  return async (request) => {
    const caller = callerOf(request)
    // Nobody gets past `protect` without one; this is not the place to rely on that.
    if (!caller) return new Response(null, { status: 403 })
    try {
      return answerOf(await send(api, request, caller, waitMs), request)
    } catch (error) {
      const isLate = error instanceof Late
      const text = isLate ? "The API took too long.\n" : "The API does not answer.\n"
      return new Response(text, { status: isLate ? 504 : 502 })
    }
  }
}

class Late extends Error {}

async function send(
  api: URL,
  request: Request,
  caller: Caller,
  waitMs: number,
): Promise<IncomingMessage> {
  const body = Buffer.from(await request.arrayBuffer())
  const headers: (readonly [string, string])[] = [
    ["host", api.host],
    ...lengthField(request.method, body.length),
    ...(isCodingAsked(request) ? [] : [["accept-encoding", "identity"] as const]),
    ...forwardedFields(request.headers, caller),
  ]
  const start = api.protocol === "https:" ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const call = start(api, {
      method: request.method,
      path: targetOf(request),
      headers: headers.flat(),
      agent: false,
      signal: request.signal,
    })
    call.setTimeout(waitMs, () => call.destroy(new Late()))
    call.on("response", resolve)
    call.on("error", reject)
    // Also where it wants another protocol (101): then there is neither.
    call.on("close", () => reject(new Error("The connection ended without an answer.")))
    call.end(body)
  })
}

/** What was proven, to the letter: a `URL` would make `/b` of `/a/../b`. */
export function targetOf(request: Request): string {
  const { pathname, search } = new URL(request.url)
  return targetOnWire(request) ?? pathname + search
}

/** That nothing comes is said where something could. RFC 9110 §8.6 */
function lengthField(method: string, length: number): readonly [string, string][] {
  const isLeftOut = length === 0 && /^(?:GET|HEAD|OPTIONS|DELETE)$/.test(method)
  return isLeftOut ? [] : [["content-length", String(length)]]
}

/** Who says what he decodes gets it as it is; clients of ours do not. */
function isCodingAsked({ headers }: Request): boolean {
  return headers.has("accept-encoding")
}

function answerOf(message: IncomingMessage, request: Request): Response {
  const status = message.statusCode ?? 0
  if (status < 200 || status > 599) {
    message.destroy()
    throw new RangeError(`HTTP ${status}`)
  }
  const fields = answeredFields(message.rawHeaders)
  if (request.method === "HEAD" || status === 204 || status === 205 || status === 304) {
    message.resume()
    return new Response(null, { status, headers: fields })
  }
  const answer = isCodingAsked(request) ? { stream: message, fields } : decoded(message, fields)
  const body = Readable.toWeb(answer.stream) as ReadableStream<Uint8Array>
  return new Response(body, { status, headers: [...answer.fields] })
}
