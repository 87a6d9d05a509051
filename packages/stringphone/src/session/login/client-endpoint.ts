import { UsageError } from "../../bytes/index.js"

/** Where a server is. */
export interface Endpoint {
  /** As `http://lamp.local:8080`. */
  readonly origin: string
  readonly scheme: "http" | "https"
  /** Host, and port where it is not the usual one. */
  readonly authority: string
  /** Path of everything but signed calls. */
  readonly base: string
}

const usualBase = "/.stringphone/login"

/** @throws {UsageError} `bad-url` */
export function endpointOf(text: string): Endpoint {
  const url = parsed(text)
  const scheme = url?.protocol === "https:" ? "https" : "http"
  const isAddress = url?.protocol === `${scheme}:` && url.host !== ""
  if (!url || !isAddress || url.username || url.password || url.search || url.hash) {
    throw new UsageError(
      "bad-url",
      "The address of a server is as http://lamp.local, without user, query and fragment.",
    )
  }
  const path = url.pathname.replace(/\/+$/, "")
  return { origin: url.origin, scheme, authority: url.host, base: path || usualBase } // [LOGIN-1-5]
}

/** Its one form. */
export function endpointUrl({ base, origin }: Endpoint): string {
  return origin + base
}

/**
 * Of a call; a path alone is one of the server.
 * @throws {UsageError} `bad-url`, `other-origin`
 */
export function targetOf({ origin }: Endpoint, input: string | URL): URL {
  const url = parsed(String(input), origin)
  if (!url || url.username || url.password) {
    throw new UsageError("bad-url", "A call needs an address, or a path that begins with a slash.")
  }
  if (url.origin === origin) return url
  throw new UsageError(
    "other-origin",
    `This session is with ${origin}, and calls nobody else. Use the platform's fetch for other servers.`,
  )
}

function parsed(text: string, relativeTo?: string): URL | null {
  try {
    return new URL(text, relativeTo)
  } catch {
    return null
  }
}
