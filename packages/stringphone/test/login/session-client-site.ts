// The same over real HTTP, on loopback, by a cable that somebody listens at.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import {
  type AddressInfo,
  connect,
  createServer as createCable,
  type Server as Cable,
  type Socket,
} from "node:net"
import { Readable } from "node:stream"
import type { InformedHandler } from "../../src/session/login/server-index.js"

/** Answers a request itself; `null`: it goes on. */
export type Interloper = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean

export class Site {
  /** Every byte of both directions. */
  readonly heard: Uint8Array[] = []
  interloper: Interloper = () => false
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  readonly #cable: Cable

  private constructor(server: Server, cable: Cable) {
    this.#server = server
    this.#cable = cable
  }

  static async open(handler: () => InformedHandler): Promise<Site> {
    const server = createServer((incoming, outgoing) => {
      if (site.interloper(incoming, outgoing)) return
      void answer(handler(), incoming, outgoing)
    })
    const cable = createCable((client) => {
      const { port } = server.address() as AddressInfo
      const upstream = connect(port, "127.0.0.1")
      site.#join(client, upstream)
      site.#join(upstream, client)
    })
    const site = new Site(server, cable)
    for (const one of [server, cable]) {
      await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve))
    }
    return site
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#cable.address() as AddressInfo).port}`
  }

  get capture(): Buffer {
    return Buffer.concat(this.heard)
  }

  /** Pulls the plug of all connections. */
  unplug(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    this.unplug()
    for (const one of [this.#cable, this.#server]) {
      await new Promise((resolve) => one.close(resolve))
    }
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.on("data", (bytes: Uint8Array) => {
      this.heard.push(bytes)
      to.write(bytes)
    })
    from.on("error", () => to.destroy())
    from.on("close", () => {
      this.#sockets.delete(from)
      to.destroy()
    })
  }
}

async function answer(
  handler: InformedHandler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { headers, method = "GET", socket, url: target = "/" } = incoming
  const hasBody = method !== "GET" && method !== "HEAD"
  const body = Readable.toWeb(incoming) as unknown as BodyInit
  const fields = new Headers()
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) fields.append(name, value)
  }
  const authority = headers.host ?? ""
  const init = { method, headers: fields, ...(hasBody && { body, duplex: "half" }) } as RequestInit
  const request = new Request(`http://${authority}${target}`, init)
  const response = await handler(request, { address: socket.remoteAddress, target, authority })
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  outgoing.end(new Uint8Array(await response.arrayBuffer()))
}
