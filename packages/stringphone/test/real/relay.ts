import { once } from "node:events"
import { type AddressInfo, type Socket, connect, createServer } from "node:net"

/** Stands between two programs, writes down what passes, and can cut them off. */
export interface Relay {
  readonly port: number
  /** Everything that passed, both ways. */
  readonly passed: Buffer
  /** Ends what is connected, and lets nobody through. */
  cut(): void
  mend(): void
  stop(): Promise<void>
}

/** Relays to a loopback port, which may change. */
export async function startRelay(target: () => number): Promise<Relay> {
  const sockets = new Set<Socket>()
  const chunks: Buffer[] = []
  let isCut = false
  const pipe = (from: Socket, to: Socket): void => {
    sockets.add(from)
    from.on("data", (chunk: Buffer) => {
      chunks.push(chunk)
      to.write(chunk)
    })
    from.on("error", () => {})
    from.on("close", () => {
      sockets.delete(from)
      to.destroy()
    })
  }
  const server = createServer((socket) => {
    if (isCut) {
      socket.on("error", () => {})
      socket.destroy()
      return
    }
    const onward = connect(target(), "127.0.0.1")
    pipe(socket, onward)
    pipe(onward, socket)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const destroyAll = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    get passed() {
      return Buffer.concat(chunks)
    },
    cut() {
      isCut = true
      destroyAll()
    },
    mend() {
      isCut = false
    },
    async stop() {
      const closed = once(server, "close")
      server.close()
      destroyAll()
      await closed
    },
  }
}
