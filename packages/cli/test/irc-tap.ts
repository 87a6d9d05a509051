import { once } from "node:events"
import { connect, createServer, type AddressInfo } from "node:net"
import { onTestFinished } from "vitest"

/** Stands where the server stands: everything that goes to it and comes from it, in order. */
export interface Tap {
  readonly port: number
  readonly text: () => string
}

export async function startTap(serverPort: number): Promise<Tap> {
  const chunks: Buffer[] = []
  const server = createServer((near) => {
    const far = connect({ port: serverPort, host: "127.0.0.1" })
    const pairs = [
      [near, far],
      [far, near],
    ] as const
    for (const [from, to] of pairs) {
      from.on("data", (chunk) => {
        chunks.push(chunk)
        to.write(chunk)
      })
      from.on("error", () => {})
      from.on("close", () => to.destroy())
    }
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return { port, text: () => Buffer.concat(chunks).toString("utf8") }
}
