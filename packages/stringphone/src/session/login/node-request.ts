import type { IncomingMessage } from "node:http"
import type { TLSSocket } from "node:tls"
import { bodyOf, type IncomingBody } from "./node-body.js"
import { withTarget } from "./request-targets.js"
import type { RequestInfo } from "./server-types.js"

/** A request of Node's server, as a handler takes it. */
export interface ReadRequest {
  readonly request: Request
  readonly info: RequestInfo
}

/** @returns `null`: no `Request` can say what was asked */
export function readRequest(
  incoming: IncomingMessage,
  body: IncomingBody | null,
  signal: AbortSignal,
): ReadRequest | null {
  const { method = "", rawHeaders, socket } = incoming
  const fields = fieldsOf(rawHeaders)
  const hosts = fields.filter(([name]) => name.toLowerCase() === "host").map(([, value]) => value)
  const [authority = ""] = hosts
  // Who asks two hosts is heard by one in front of us, and by another here.
  if (hosts.length !== 1 || !/^[^\s/\\?#@]+$/.test(authority)) return null
  const target = targetOf(urlOf(incoming), authority)
  if (target === null) return null
  const scheme = (socket as Partial<TLSSocket>).encrypted ? "https" : "http"
  try {
    const headers = new Headers()
    for (const [name, value] of fields) headers.append(name, value)
    // That a body is a stream has to be said; the platform's types do not know that.
    const init = { method, headers, signal, ...(body && { body: body.stream, duplex: "half" }) }
    const request = new Request(`${scheme}://${authority}${escaped(target)}`, init)
    const info = { address: socket.remoteAddress, target, authority }
    return { request: withTarget(request, target), info }
  } catch {
    return null // TRACE, GET with a body, a host that is none.
  }
}

export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0
}

/** As it was parsed: where `headers` has one value for a name, here are all. */
export function bodyOrNull(incoming: IncomingMessage): IncomingBody | null {
  if (!hasBody(incoming)) return null
  // From here on the rest of the body is ours: Node would read all of it after the answer, however long it is.
  incoming.read(0)
  return bodyOf(incoming)
}

export function fieldsOf(raw: readonly string[]): readonly (readonly [string, string])[] {
  return Array.from({ length: raw.length / 2 }, (_, at) => [
    raw[at * 2] as string,
    raw[at * 2 + 1] as string,
  ])
}

/** Where it is mounted below a path, Express changes `url`, and keeps what was asked. */
function urlOf(incoming: IncomingMessage): string {
  const { originalUrl, url = "" } = incoming as IncomingMessage & { originalUrl?: unknown }
  return typeof originalUrl === "string" ? originalUrl : url
}

/** Path and query. A client may say the whole address, if it is that of this host. RFC 9112 §3.2.2 */
function targetOf(url: string, authority: string): string | null {
  const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(url)
  const [, host = authority, path = url] = absolute ?? []
  if (host.toLowerCase() !== authority.toLowerCase()) return null
  const target = absolute && !path.startsWith("/") ? `/${path}` : path
  return target.startsWith("/") && !target.includes("#") ? target : null
}

/** Bytes beyond ASCII stay those bytes, and a backslash no slash. */
function escaped(target: string): string {
  return target.replace(
    /[\\\u0080-\u00ff]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
