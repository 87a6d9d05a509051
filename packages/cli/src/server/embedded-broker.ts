import { createServer, type Server, type Socket } from "node:net"
import type { Duplex } from "node:stream"
import { Aedes, type Client, type PublishPacket } from "aedes"
import { Eavesdropper } from "./eavesdropper.js"
import { listenNear } from "./ports.js"
import { withWholeReads } from "./whole-reads.js"

/** An MQTT broker in this process. The home trusts it no more than any other. */
export interface EmbeddedBroker {
  readonly port: number
  /** Tampers with the messages of devices, on the one channel. */
  readonly eavesdropper: Eavesdropper
  /** Serves one more client, a page, on any stream of bytes. */
  serve(stream: Duplex): void
  close(): Promise<void>
}

export interface EmbeddedBrokerOptions {
  readonly host: string
  readonly port: number
  /** Where the home talks. */
  readonly channel: string
}

export async function startEmbeddedBroker(options: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
  const { channel, host } = options
  const pages = new WeakSet<object>()
  const dropped = new WeakSet<object>()
  const broker = await Aedes.createBroker({
    // As one who runs a broker: without asking, and unnoticed by the sender.
    authorizePublish(client, packet, done) {
      if (packet.topic.startsWith("$SYS/")) return done(new Error("$SYS topics are reserved."))
      if (packet.topic === channel && isDevice(client)) tamper(packet)
      done(null)
    },
    authorizeForward: (_client, packet) => (dropped.has(packet.payload as Buffer) ? null : packet),
  })
  const eavesdropper = new Eavesdropper((message) => {
    const packet = { cmd: "publish", qos: 1, dup: false, retain: false } as const
    broker.publish({ ...packet, topic: channel, payload: Buffer.from(message) }, () => {})
  })
  // Devices come by TCP, and pages through the page's server.
  const isDevice = (client: Client | null): boolean => client !== null && !pages.has(client.conn)
  const tamper = (packet: PublishPacket): void => {
    const payload = Buffer.from(packet.payload as Buffer)
    const passed = eavesdropper.pass(payload)
    packet.payload = passed === null ? payload : Buffer.from(passed)
    if (passed === null) dropped.add(payload)
  }
  const serve = (stream: Duplex): void => {
    // What one client does wrong ends that client, which aedes does by itself.
    stream.on("error", () => {})
    broker.handle(withWholeReads(stream))
  }
  const sockets = new Set<Socket>()
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket))
    serve(socket)
  })
  const port = await listenNear(server, host, options.port)
  return {
    port,
    eavesdropper,
    serve(stream) {
      pages.add(stream)
      serve(stream)
    },
    async close() {
      await new Promise<void>((resolve) => broker.close(resolve))
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
