import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { createWebSocketStream, WebSocketServer } from "ws"
import { isOurName, isOurPage } from "./guard.js"

/** More than any message of a topic; a browser's client never sends so much at once. */
const maxFrameBytes = 4 * 1024 * 1024

export interface MqttSocketOptions {
  readonly path: string
  /** Names besides the usual ones that this server goes by. */
  readonly names: readonly string[]
  /** Gets the bytes of one client. */
  readonly serve: (stream: Duplex) => void
}

/** MQTT over WebSocket on an HTTP server: answers its `upgrade` event. */
export class MqttSocket {
  readonly #options: MqttSocketOptions
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: maxFrameBytes,
    handleProtocols: (offered) => (offered.has("mqtt") ? "mqtt" : false),
  })

  constructor(options: MqttSocketOptions) {
    this.#options = options
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { names, path, serve } = this.#options
    socket.on("error", () => {})
    const found = (request.url ?? "").split("?")[0] === path
    if (!found) return refuse(socket, "404 Not Found")
    if (!isOurName(request, names) || !isOurPage(request)) return refuse(socket, "403 Forbidden")
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const stream = createWebSocketStream(webSocket)
      stream.on("error", () => {})
      serve(stream)
    })
  }

  close(): void {
    for (const client of this.#server.clients) client.terminate()
    this.#server.close()
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
