import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { createServer, connect } from "node:net"

/**
 * Below the ports that systems give to those who dial (RFC 6335 §6: from 49152; Linux: from 32768), so
 * that no connection of another test takes it before its server listens, or while that is down. Each
 * process has a part of them for itself, in which it goes round.
 */
const [from, ofEach, processes] = [10_000, 100, 220]
const first = from + ofEach * (process.pid % processes)
let asked = 0

/** @returns a loopback port on which nobody listens right now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + (asked++ % ofEach)
    const server = createServer().listen(port, "127.0.0.1")
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    server.close()
    await once(server, "close")
    return port
  }
}

const patienceMs = 60_000

/**
 * Resolves when a program that was just started accepts connections on these loopback ports.
 * @throws {Error} with what it printed, when it ends before
 */
export async function listens(child: ChildProcess, ports: readonly number[]): Promise<void> {
  let printed = ""
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (bytes: Buffer) => (printed = `${printed}${bytes.toString()}`.slice(-2_000)))
  }
  const name = child.spawnargs.join(" ")
  const deadline = Date.now() + patienceMs
  for (const port of ports) {
    while (!(await accepts(port))) {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`Ended before it listened: ${name}\n${printed}`)
      }
      if (Date.now() > deadline)
        throw new Error(`Nothing listens on port ${port}: ${name}\n${printed}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" })
  const isAccepted = await once(socket, "connect").then(
    () => true,
    () => false,
  )
  socket.on("error", () => {})
  socket.destroy()
  return isAccepted
}
