import type { IncomingMessage, ServerResponse } from "node:http"
import { isIP } from "node:net"
import { hostname } from "node:os"

/**
 * Whether a request's Host is a name that this server goes by. A page of another site whose name was
 * pointed at this computer (DNS rebinding) comes with that site's name.
 */
export function isOurName(request: IncomingMessage, names: readonly string[]): boolean {
  const host = nameOf(request.headers.host)
  if (host === null) return false
  const own = hostname().toLowerCase()
  return (
    isIP(host) !== 0 ||
    host === "localhost" ||
    host.endsWith(".localhost") ||
    host === own ||
    host === `${own}.local` ||
    names.includes(host)
  )
}

/** Whether what opens a socket or asks for a change is our own page, or no browser at all. */
export function isOurPage({ headers }: IncomingMessage): boolean {
  const { host, origin } = headers
  if (origin === undefined) return true
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase()
}

/** Whether a request comes from this computer. */
export function isLocal({ socket }: IncomingMessage): boolean {
  const address = (socket.remoteAddress ?? "").replace(/^::ffff:/, "")
  return address === "::1" || address.startsWith("127.")
}

/** Headers of every page: nothing of others is loaded, framed, guessed or told. */
export function setSecurityHeaders(request: IncomingMessage, response: ServerResponse): void {
  // 'self' does not mean WebSockets in every browser. The name was checked: nothing else fits in.
  const host = request.headers.host ?? "localhost"
  const policy = [
    "default-src 'none'",
    // Passwords are checked by OPAQUE, which is WebAssembly. Text still becomes no script.
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `connect-src 'self' ws://${host} wss://${host}`,
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]
  response.setHeader("Content-Security-Policy", policy.join("; "))
  response.setHeader("X-Content-Type-Options", "nosniff")
  response.setHeader("X-Frame-Options", "DENY")
  response.setHeader("Referrer-Policy", "no-referrer")
  response.setHeader("Cross-Origin-Opener-Policy", "same-origin")
  response.setHeader("Cross-Origin-Resource-Policy", "same-origin")
  response.setHeader("Permissions-Policy", "camera=(self), microphone=(), geolocation=()")
}

/** Headers of answers that are no pages: nothing in them is shown, run, framed or kept. */
export function setDataHeaders(response: ServerResponse): void {
  response.setHeader("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
  response.setHeader("X-Content-Type-Options", "nosniff")
  response.setHeader("Cross-Origin-Resource-Policy", "same-origin")
  response.setHeader("Cache-Control", "no-store")
}

/** The name or number in a Host header, without port and brackets; `null` when it is none. */
function nameOf(header: string | undefined): string | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header ?? "")
  return match ? (match[1] ?? match[2] ?? "").toLowerCase() : null
}
