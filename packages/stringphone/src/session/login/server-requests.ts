import { withTarget } from "./request-targets.js"
import { asBody } from "./server-body.js"
import type { RequestInfo } from "./server-types.js"

/** A request that a handler gets: only what was proven is in it. */
export interface ProvenRequest {
  readonly method: string
  readonly scheme: string
  readonly authority: string
  /** Path and query. */
  readonly target: string
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
}

/** Where a request goes to, as it is on the wire. */
export interface Target {
  readonly scheme: "http" | "https"
  readonly authority: string
  readonly path: string
  /** With its question mark; empty: none. */
  readonly query: string
}

/** @returns `null`: no handler can get such a one */
export function requestOf(proven: ProvenRequest, signal?: AbortSignal): Request | null {
  const { authority, body, fields, method, scheme, target } = proven
  // What `URL` takes for a slash would make a path of it.
  if (/[\\/@?#]/.test(authority)) return null
  try {
    const headers = new Headers()
    for (const [name, value] of fields) headers.append(name, value)
    const init = { method, headers, ...(signal && { signal }) }
    const hasBody = body.length > 0
    const request = new Request(
      `${scheme}://${authority}${target}`,
      hasBody ? { ...init, body: asBody(body) } : init,
    )
    return withTarget(request, target)
  } catch {
    return null
  }
}

export function targetOf(request: Request, info: RequestInfo): Target {
  const url = new URL(request.url)
  const target = info.target ?? url.pathname + url.search
  const at = target.indexOf("?")
  return {
    scheme: url.protocol === "https:" ? "https" : "http",
    authority: info.authority ?? url.host,
    path: at < 0 ? target : target.slice(0, at),
    query: at < 0 ? "" : target.slice(at),
  }
}

/** What a server keeps for itself. */
export function isBelow(base: string, target: string): boolean {
  return target.startsWith(base) && ["", "/", "?"].includes(target.charAt(base.length))
}
