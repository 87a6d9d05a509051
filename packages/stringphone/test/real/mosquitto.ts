import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { makeCertificates } from "./certificates.js"
import { freePort, listens } from "./free-port.js"
import { requireProgram } from "./require-program.js"

/** The broker's path, or `null` where it is not installed. */
export const mosquitto: string | null = requireProgram("mosquitto", "mosquitto")

export interface Broker {
  readonly tcpPort: number
  readonly webPort: number
  readonly tlsPort: number
  /** PEM text of the authority behind the TLS listener. */
  readonly ca: string
  /** Kills the broker, and starts it again on the same ports. */
  down(): Promise<void>
  up(): Promise<void>
  /** Kills the broker and removes what it left behind. */
  stop(): Promise<void>
}

export interface BrokerOptions {
  /** Only this user gets in, and only to topics below `open/`. */
  readonly login?: { readonly username: string; readonly password: string }
}

/** Starts a mosquitto with plain, WebSocket and TLS listeners on free loopback ports. */
export async function startMosquitto({ login }: BrokerOptions = {}): Promise<Broker> {
  const folder = mkdtempSync(join(tmpdir(), "stringphone-mosquitto-"))
  const [tcpPort, webPort, tlsPort] = [await freePort(), await freePort(), await freePort()]
  const file = (name: string): string => join(folder, name)
  makeCertificates(folder)
  writeFileSync(file("acl"), "topic readwrite open/#\npattern readwrite open/#\n")
  if (login) {
    const { username, password } = login
    execFileSync("mosquitto_passwd", ["-b", "-c", file("passwords"), username, password])
    writeFileSync(file("acl"), `user ${username}\ntopic readwrite open/#\n`)
  }
  writeFileSync(
    file("mosquitto.conf"),
    [
      ...(process.getuid?.() === 0 ? ["user root"] : []),
      "persistence false",
      "max_queued_messages 0",
      ...(login
        ? ["allow_anonymous false", `password_file ${file("passwords")}`, `acl_file ${file("acl")}`]
        : ["allow_anonymous true"]),
      `listener ${tcpPort} 127.0.0.1`,
      `listener ${webPort} 127.0.0.1`,
      "protocol websockets",
      `listener ${tlsPort} 127.0.0.1`,
      `certfile ${file("server.crt")}`,
      `keyfile ${file("server.key")}`,
      "",
    ].join("\n"),
  )

  let child: ChildProcess | null = null
  const broker: Broker = {
    tcpPort,
    webPort,
    tlsPort,
    ca: readFileSync(file("ca.crt"), "utf8"),
    async up() {
      child = spawn(mosquitto as string, ["-c", file("mosquitto.conf")])
      await listens(child, [tcpPort, webPort, tlsPort])
    },
    async down() {
      if (!child) return
      const gone = once(child, "exit")
      child.kill("SIGKILL")
      child = null
      await gone
    },
    async stop() {
      await broker.down()
      rmSync(folder, { recursive: true })
    },
  }
  // A test that fails half-way must not leave a broker running.
  process.once("exit", () => child?.kill("SIGKILL"))
  await broker.up()
  return broker
}
