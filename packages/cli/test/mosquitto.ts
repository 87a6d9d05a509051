import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { type AddressInfo, connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { onTestFinished } from "vitest"

/** The broker's path; `null`, and a line that says so, where it is not installed. */
export const mosquitto: string | null = find("mosquitto")

export interface Broker {
  readonly url: string
  /** Kills it. */
  down(): Promise<void>
  /** Starts it again, on the same port. */
  up(): Promise<void>
}

/** A mosquitto on a free loopback port, for one test. */
export async function startMosquitto(): Promise<Broker> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), "stringphone-mosquitto-"))
  const config = join(folder, "mosquitto.conf")
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`)
  let child: ChildProcess | null = null
  const broker: Broker = {
    url: `mqtt://127.0.0.1:${port}`,
    async up() {
      child = spawn(mosquitto!, ["-c", config], { stdio: "ignore" })
      while (!(await accepts(port))) await new Promise((resolve) => setTimeout(resolve, 10))
    },
    async down() {
      if (!child) return
      const gone = once(child, "exit")
      child.kill("SIGKILL")
      child = null
      await gone
    },
  }
  onTestFinished(async () => {
    await broker.down()
    rmSync(folder, { recursive: true })
  })
  await broker.up()
  return broker
}

/** A loopback port on which nobody listens right now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" })
  const accepted = await once(socket, "connect").then(
    () => true,
    () => false,
  )
  socket.on("error", () => {})
  socket.destroy()
  return accepted
}

function find(program: string): string | null {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"]
  const path = folders.map((folder) => join(folder, program)).find(isExecutable)
  if (path !== undefined) return path
  const advice = `Skipped: needs ${program}. Install it with: apt install ${program}`
  if (process.env["CI"] === "true") throw new Error(advice)
  console.warn(advice)
  return null
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
