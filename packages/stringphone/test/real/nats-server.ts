import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { makeCertificates } from "./certificates.js"
import { freePort, listens } from "./free-port.js"
import { requireProgram } from "./require-program.js"

/** The server's path, or `null` where it is not installed. */
export const natsServer: string | null = requireProgram("nats-server", "nats-server")

export interface NatsServer {
  readonly tcpPort: number
  readonly webPort: number
  /** PEM text of the authority behind its TLS. */
  readonly ca: string
  /** Kills the server, and starts it again on the same ports, with what its streams kept. */
  down(): Promise<void>
  up(): Promise<void>
  /** Kills the server and removes what it left behind. */
  stop(): Promise<void>
}

export interface NatsServerOptions {
  /** Keeps no messages. */
  readonly withoutStreams?: boolean
  /** Its TCP port speaks TLS. */
  readonly tls?: boolean
  /** Lines for its configuration, as who may do what. */
  readonly more?: string
}

/** Starts a nats-server with JetStream and a WebSocket listener on free loopback ports. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const folder = mkdtempSync(join(tmpdir(), "stringphone-nats-"))
  const [tcpPort, webPort] = [await freePort(), await freePort()]
  const file = (name: string): string => join(folder, name)
  if (options.tls) makeCertificates(folder)
  writeFileSync(
    file("server.conf"),
    [
      `listen: 127.0.0.1:${tcpPort}`,
      `websocket { listen: "127.0.0.1:${webPort}", no_tls: true }`,
      ...(options.withoutStreams
        ? []
        : [
            // Streams reserve their most bytes, and the server offers a part of the free disk.
            `jetstream { store_dir: "${file("streams")}", max_file_store: 1TB }`,
          ]),
      ...(options.tls
        ? [`tls { cert_file: "${file("server.crt")}", key_file: "${file("server.key")}" }`]
        : []),
      options.more ?? "",
      "",
    ].join("\n"),
  )

  let child: ChildProcess | null = null
  const server: NatsServer = {
    tcpPort,
    webPort,
    ca: options.tls ? readFileSync(file("ca.crt"), "utf8") : "",
    async up() {
      child = spawn(natsServer as string, ["-c", file("server.conf")])
      await listens(child, [webPort, tcpPort])
    },
    async down() {
      if (!child) return
      const gone = once(child, "exit")
      child.kill("SIGKILL")
      child = null
      await gone
    },
    async stop() {
      await server.down()
      rmSync(folder, { recursive: true })
    },
  }
  // A test that fails half-way must not leave a server running.
  process.once("exit", () => child?.kill("SIGKILL"))
  await server.up()
  return server
}
