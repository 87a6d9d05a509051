import { once } from "node:events"
import { createServer as createHttpServer } from "node:http"
import { createServer, type Server, type Socket } from "node:net"
import { Aedes } from "aedes"
import { WebSocketServer, createWebSocketStream } from "ws"
import { freePort } from "./free-port.js"
import { withWholeReads } from "../../../cli/src/server/whole-reads.js"

export interface EmbeddedBroker {
  readonly tcpPort: number
  readonly webPort: number
  /** Nobody may subscribe to this topic, until the next outage. */
  forbid(topic: string): void
  down(): Promise<void>
  up(): Promise<void>
}

/** The broker that lives in this process; speaks MQTT 3.1.1 only. */
export async function startAedes(): Promise<EmbeddedBroker> {
  const [tcpPort, webPort] = [await freePort(), await freePort()]
  let running: { aedes: Aedes; servers: Server[]; sockets: Set<Socket> } | null = null
  const broker: EmbeddedBroker = {
    tcpPort,
    webPort,
    forbid(topic) {
      if (!running) return
      running.aedes.authorizeSubscribe = (_, subscription, answer) =>
        answer(null, subscription.topic === topic ? null : subscription)
    },
    async up() {
      const aedes = await Aedes.createBroker()
      const sockets = new Set<Socket>()
      const tcp = createServer((socket) => void aedes.handle(withWholeReads(socket)))
      const web = createHttpServer()
      new WebSocketServer({ server: web }).on("connection", (socket, request) => {
        aedes.handle(withWholeReads(createWebSocketStream(socket)), request)
      })
      for (const server of [tcp, web]) {
        server.on("connection", (socket: Socket) => {
          sockets.add(socket)
          socket.on("close", () => sockets.delete(socket))
        })
      }
      await Promise.all([
        once(tcp.listen(tcpPort, "127.0.0.1"), "listening"),
        once(web.listen(webPort, "127.0.0.1"), "listening"),
      ])
      running = { aedes, servers: [tcp, web], sockets }
    },
    async down() {
      if (!running) return
      const { aedes, servers, sockets } = running
      running = null
      const closed = servers.map((server) => once(server, "close"))
      for (const server of servers) server.close()
      for (const socket of sockets) socket.destroy()
      await Promise.all(closed)
      await new Promise<void>((resolve) => aedes.close(() => resolve()))
    },
  }
  await broker.up()
  return broker
}
