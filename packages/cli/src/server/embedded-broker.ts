import { createServer, type Server, type Socket } from "node:net"
import type { Duplex } from "node:stream"
import { Aedes } from "aedes"
import { listenNear } from "./ports.js"
import { withWholeReads } from "./whole-reads.js"

/** An MQTT broker in this process. The home trusts it no more than any other. */
export interface EmbeddedBroker {
  readonly port: number
  /** Serves one more client, on any stream of bytes. */
  serve(stream: Duplex): void
  close(): Promise<void>
}

export async function startEmbeddedBroker(host: string, port: number): Promise<EmbeddedBroker> {
  const broker = await Aedes.createBroker()
  const sockets = new Set<Socket>()
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket))
    serve(socket)
  })
  const serve = (stream: Duplex): void => {
    // What one client does wrong ends that client, which aedes does by itself.
    stream.on("error", () => {})
    broker.handle(withWholeReads(stream))
  }
  const chosen = await listenNear(server, host, port)
  return {
    port: chosen,
    serve,
    async close() {
      await new Promise<void>((resolve) => broker.close(resolve))
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
