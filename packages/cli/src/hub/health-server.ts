import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { once } from "node:events"
import { ChannelError } from "stringphone/bytes"
import type { ListenPlace } from "./address.js"
import { metricsType } from "./metrics.js"

export interface Health {
  /** What is wrong for good; `null`: it lives. */
  readonly illness: () => string | null
  /** Why it can not work now; `null`: it can. */
  readonly obstacle: () => string | null
  /** What it has to do without, although it works; `null`: nothing. */
  readonly remark: () => string | null
  readonly metrics: () => string
}

export interface HealthServer {
  readonly port: number
  close(): Promise<void>
}

/**
 * `/healthz`, `/readyz` and `/metrics`, for whatever watches over services.
 * @throws {ChannelError} `cannot-listen`
 */
export async function startHealthServer(place: ListenPlace, health: Health): Promise<HealthServer> {
  const server = createServer((request, response) => answer(request, response, health))
  // Who asks slowly must not keep others out.
  server.requestTimeout = 10_000
  server.maxConnections = 100
  try {
    server.listen(place)
    await once(server, "listening")
  } catch (cause) {
    throw new ChannelError(
      "cannot-listen",
      `Listening at ${place.host} port ${place.port} failed (${(cause as NodeJS.ErrnoException).code ?? "?"}). Choose another one with --http.`,
      { cause },
    )
  }
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function answer(request: IncomingMessage, response: ServerResponse, health: Health): void {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return send(response, 405, "Only GET is answered here.")
  }
  switch ((request.url ?? "/").split("?")[0]) {
    case "/healthz":
      return sendState(response, health.illness())
    case "/readyz":
      return sendState(response, health.illness() ?? health.obstacle(), health.remark())
    case "/metrics":
      return send(response, 200, health.metrics(), metricsType)
    default:
      return send(response, 404, "There are /healthz, /readyz and /metrics.")
  }
}

function sendState(
  response: ServerResponse,
  problem: string | null,
  remark: string | null = null,
): void {
  if (problem === null) send(response, 200, remark === null ? "ok" : `ok, but ${remark}`)
  else send(response, 503, problem)
}

function send(
  response: ServerResponse,
  status: number,
  text: string,
  type = "text/plain; charset=utf-8",
): void {
  response.writeHead(status, {
    "Content-Type": type,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  })
  response.end(text.endsWith("\n") ? text : `${text}\n`)
}
