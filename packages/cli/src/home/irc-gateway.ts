import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { WebSocketServer } from "ws"
import { isOurName, isOurPage } from "../server/guard.js"
import { maxLineBytes } from "./irc-gateway-limits.js"
import { relayIrc } from "./irc-gateway-relay.js"
import { ircPath, ircServerAt, type NamedIrcServer } from "./irc-gateway-servers.js"

const subprotocol = "text.ircv3.net"
const maxConnections = 16

export interface IrcGatewayOptions {
  /** Those that were named at the start, and no other. */
  readonly servers: readonly NamedIrcServer[]
  /** Names besides the usual ones that this server goes by. */
  readonly names: readonly string[]
}

/**
 * IRC over WebSocket for the home's own page: answers the `upgrade` event of an HTTP server for paths
 * below `/irc`. It holds no keys: what rooms send through it is ciphertext.
 */
export class IrcGateway {
  readonly #options: IrcGatewayOptions
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: maxLineBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  })

  constructor(options: IrcGatewayOptions) {
    this.#options = options
  }

  /** @returns whether the path is one of ours */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const path = (request.url ?? "").split("?")[0] ?? ""
    if (path !== ircPath && !path.startsWith(`${ircPath}/`)) return false
    const { names, servers } = this.#options
    socket.on("error", () => {})
    const isPage = request.headers.origin !== undefined && isOurPage(request)
    if (!isPage || !isOurName(request, names)) {
      refuse(socket, "403 Forbidden", "Only this server's own page may come in here.")
      return true
    }
    const server = ircServerAt(servers, path)
    if (!server) {
      refuse(socket, "404 Not Found", "This home was told of no such IRC server.")
      return true
    }
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(/\s*,\s*/)
    if (!offered.includes(subprotocol)) {
      refuse(socket, "400 Bad Request", `Only ${subprotocol} is spoken here.`)
      return true
    }
    if (this.#server.clients.size >= maxConnections) {
      refuse(socket, "503 Service Unavailable", "Too many pages are on IRC. Close one.")
      return true
    }
    this.#server.handleUpgrade(request, socket, head, (page) => relayIrc(server, page))
    return true
  }

  close(): void {
    for (const page of this.#server.clients) page.terminate()
    this.#server.close()
  }
}

function refuse(socket: Duplex, status: string, sentence: string): void {
  const length = Buffer.byteLength(sentence)
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${length}\r\n\r\n${sentence}`,
  )
}
