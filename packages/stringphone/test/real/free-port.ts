import { once } from "node:events"
import { type AddressInfo, connect, createServer } from "node:net"

/** @returns a loopback port on which nobody listens right now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}

/** Resolves when something accepts connections on this loopback port. */
export async function accepts(port: number): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const socket = connect({ port, host: "127.0.0.1" })
    const accepted = await once(socket, "connect").then(
      () => true,
      () => false,
    )
    socket.on("error", () => {})
    socket.destroy()
    if (accepted) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`Nothing listens on port ${port}.`)
}
