import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { ChannelError } from "stringphone/bytes"
import { nodeListener } from "stringphone/session/login/node"
import type { InformedHandler } from "stringphone/session/login/server"
import { type ListenPlace, listenText } from "../hub/address.js"
import { type HttpLimits, limitOptions, usualHttpLimits } from "../server/http-limits.js"

/** Signed fields have up to 64 KiB. */
const mostHeaderBytes = 98_304
const patienceMs = 5_000

export interface HttpServer {
  readonly port: number
  /** Waits for the calls that are under way, for a while. */
  close(): Promise<void>
}

/** @throws {ChannelError} `not-listening` */
export async function startHttpServer(
  place: ListenPlace,
  handler: InformedHandler,
  onError: (error: unknown) => void,
  limits: HttpLimits = usualHttpLimits,
): Promise<HttpServer> {
  const options = { maxHeaderSize: mostHeaderBytes, ...limitOptions(limits) }
  const server = createServer(options, nodeListener(handler, { onError }))
  server.maxConnections = limits.connections
  await listening(server, place)
  return { port: (server.address() as AddressInfo).port, close: () => closed(server) }
}

function listening(server: Server, place: ListenPlace): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const reason =
        cause.code === "EADDRINUSE" ? "another program does already" : (cause.code ?? cause.message)
      const text = `Can not listen at ${listenText("http", place)}: ${reason}. Choose another place with --listen.`
      reject(new ChannelError("not-listening", text, { cause }))
    })
    server.listen(place.port, place.host, resolve)
  })
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), patienceMs)
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    server.closeIdleConnections()
  })
}
