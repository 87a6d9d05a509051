import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { type Server, STATUS_CODES, createServer } from "node:http"
import type { WebSocket, WebSocketServer } from "ws"
import { ChannelError } from "../bytes/index.js"
import { hostAndPort } from "./address.js"
import { cannotListen } from "./failure.js"
import { Hub, type HubOptions, type ListeningTransport } from "./hub.js"
import { missingPeer } from "./missing-peer.js"

/** Where to listen, and how. */
export interface WebSocketServerOptions extends HubOptions {
  /** 0, the default, lets the system choose; see `port` of the result. */
  readonly port?: number
  /** Default 127.0.0.1: only this machine. */
  readonly host?: string
  /** Only this path, as `/garden`. Default: every path. */
  readonly path?: string
  /** Share a server that listens already, instead of `port` and `host`. It is not closed by us. */
  readonly server?: Server
  /** A client that shows no sign of life between two pings is disconnected. Default 30 000 ms. */
  readonly heartbeatMs?: number
}

/**
 * Listens for WebSocket clients: one binary frame is one message, text frames end the connection.
 * A message of one client goes to all others and to `messages`; what is sent here goes to all, or
 * to the one named by `to`. Needs the package `ws`.
 *
 * @throws {UsageError} `missing-peer`
 * @throws {ChannelError} `address-in-use`, `not-permitted`, `cannot-listen`
 * @example
 * const hub = await listenWebSocket({ port: 8080, path: "/garden" })
 * for await (const { bytes, from } of hub.messages) await hub.send(bytes, { to: from })
 */
export async function listenWebSocket(
  options: WebSocketServerOptions,
): Promise<ListeningTransport> {
  const { host = "127.0.0.1", path = "/" } = options
  const ws = await import("ws").catch((cause: unknown) => {
    throw missingPeer("ws", cause)
  })
  const own = options.server ? undefined : upgradesOnly()
  const server = new ws.WebSocketServer({
    server: options.server ?? own,
    ...(options.path !== undefined && { path }),
    maxPayload: options.maxMessageBytes ?? 1024 * 1024,
    perMessageDeflate: false,
    clientTracking: false,
    verifyClient: (_, answer) => answer(hub.hasRoom, 503, "This hub is full. Try again later."),
  })
  if (own) {
    try {
      own.listen({ host, port: options.port ?? 0 })
      await once(server, "listening")
    } catch (cause) {
      throw cannotListen(hostAndPort(host, options.port ?? 0), cause)
    }
  }
  server.on("error", () => {}) // a failed accept concerns one caller, who will notice
  const bound = server.address()
  const port = bound !== null && typeof bound === "object" ? bound.port : (options.port ?? 0)
  const watch = new Heartbeat(options.heartbeatMs ?? 30_000)
  const hub = new Hub(`ws://${hostAndPort(host, port)}${path}`, port, options, (clientsEnded) => {
    watch.stop()
    return stop(server, own, clientsEnded)
  })
  watch.start(hub)
  server.on("connection", (socket) => seat(hub, watch, socket))
  return hub
}

/** An HTTP server that tells everyone who does not want a WebSocket so. */
function upgradesOnly(): Server {
  return createServer((_, response) => {
    response.writeHead(426, { Connection: "Upgrade", Upgrade: "websocket" })
    response.end(STATUS_CODES[426])
  })
}

async function stop(
  server: WebSocketServer,
  own: Server | undefined,
  clientsEnded: Promise<unknown>,
): Promise<void> {
  const stopped = new Promise<void>((resolve) => server.close(() => resolve()))
  if (own) {
    const closed = once(own, "close")
    own.close()
    await clientsEnded
    own.closeAllConnections() // or one that never asks for anything would keep the port from us
    await closed
  }
  await stopped
}

const unsupportedData = 1003
const endWithinMs = 1_000

function seat(hub: Hub, watch: Heartbeat, socket: WebSocket): void {
  const id = randomUUID()
  socket.on("message", (data: Buffer, isBinary) => {
    watch.seen(id)
    if (isBinary) hub.receive(id, new Uint8Array(data))
    else socket.close(unsupportedData)
  })
  socket.on("pong", () => watch.seen(id))
  socket.on("error", (cause) => hub.leave(id, brokenBy(cause)))
  const over = new Promise<void>((resolve) => {
    socket.on("close", () => {
      watch.forget(id)
      hub.leave(id)
      resolve()
    })
  })
  watch.add(id, socket)
  hub.join({
    id,
    write: (bytes, taken) => socket.send(bytes, { binary: true }, () => taken()),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    destroy: () => socket.terminate(),
    async end() {
      socket.resume() // or we would not see the other side's answer
      socket.close(1001)
      const timer = setTimeout(() => socket.terminate(), endWithinMs)
      await over
      clearTimeout(timer)
    },
  })
}

function brokenBy(cause: Error): ChannelError {
  if ("code" in cause && cause.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") {
    return new ChannelError("frame-too-large", "This client sent a message that is too large.", {
      cause,
    })
  }
  return new ChannelError("connection-lost", "The connection broke.", { cause })
}

/** Finds clients whose connection died without a word. */
class Heartbeat {
  readonly #everyMs: number
  readonly #sockets = new Map<string, WebSocket>()
  readonly #silent = new Set<string>()
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(everyMs: number) {
    this.#everyMs = everyMs
  }

  start(hub: Hub): void {
    this.#timer = setInterval(() => this.#beat(hub), this.#everyMs)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  add(id: string, socket: WebSocket): void {
    this.#sockets.set(id, socket)
  }

  seen(id: string): void {
    this.#silent.delete(id)
  }

  forget(id: string): void {
    this.#sockets.delete(id)
    this.#silent.delete(id)
  }

  #beat(hub: Hub): void {
    // While we do not read, nobody's sign of life can reach us.
    if (hub.paused) this.#silent.clear()
    for (const [id, socket] of this.#sockets) {
      if (this.#silent.has(id)) {
        hub.leave(id, new ChannelError("no-answer", "This client no longer answers."))
      } else {
        this.#silent.add(id)
        socket.ping()
      }
    }
  }
}
