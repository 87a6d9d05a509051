import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { makeCertificates } from "./certificates.js"
import { freePort, listens } from "./free-port.js"
import { startRelay } from "./relay.js"
import { requireProgram } from "./require-program.js"

export const ngircd: string | null = requireProgram("ngircd", "ngircd")

/** A running IRC server. */
export interface IrcServerProcess {
  /** As it calls itself. */
  readonly name: string
  readonly port: number
  readonly tlsPort: number
  /** PEM text of the authority behind the TLS listener. */
  readonly ca: string
  /** Kills the server, and starts it again on the same ports. */
  down(): Promise<void>
  up(): Promise<void>
  /** Kills the server and removes what it left behind. */
  stop(): Promise<void>
}

export interface NgircdOptions {
  /** Of the server; letters. Default `one`: it calls itself `one.test.example`. */
  readonly name?: string
  readonly password?: string
  /** No penalties for those who send fast. Default false: as it comes. */
  readonly isFast?: boolean
  /** Another one, which this one calls when it starts. */
  readonly peer?: { readonly name: string; readonly port: number }
  readonly port?: number
}

export const linkPassword = "linked"

/** Starts an ngIRCd with plain and TLS listeners on free loopback ports. */
export async function startNgircd(options: NgircdOptions = {}): Promise<IrcServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), "stringphone-ngircd-"))
  const file = (name: string): string => join(folder, name)
  const port = options.port ?? (await freePort())
  const tlsPort = await freePort()
  const name = `${options.name ?? "one"}.test.example`
  makeCertificates(folder)
  writeFileSync(file("motd"), "Welcome.\n")
  writeFileSync(
    file("ngircd.conf"),
    [
      "[Global]",
      `Name = ${name}`,
      "Info = For tests",
      "Listen = 127.0.0.1",
      `Ports = ${port}`,
      `MotdFile = ${file("motd")}`,
      ...(options.password === undefined ? [] : [`Password = ${options.password}`]),
      "[Limits]",
      "MaxConnectionsIP = 0",
      "MaxNickLength = 30",
      "MaxJoins = 100",
      "ConnectRetry = 1",
      "PingTimeout = 120",
      "PongTimeout = 20",
      ...(options.isFast === true ? ["MaxPenaltyTime = 0"] : []),
      "[Options]",
      "DNS = no",
      "Ident = no",
      "PAM = no",
      "SyslogFacility = local1",
      "[SSL]",
      `CertFile = ${file("server.crt")}`,
      `KeyFile = ${file("server.key")}`,
      `Ports = ${tlsPort}`,
      ...(options.peer
        ? [
            "[Server]",
            `Name = ${options.peer.name}`,
            "Host = 127.0.0.1",
            ...(options.peer.port > 0 ? [`Port = ${options.peer.port}`] : []),
            `MyPassword = ${linkPassword}`,
            `PeerPassword = ${linkPassword}`,
            "Group = 1",
          ]
        : []),
      "",
    ].join("\n"),
  )
  return supervise({
    name,
    port,
    tlsPort,
    folder,
    start: () => spawn(ngircd as string, ["-n", "-f", file("ngircd.conf")]),
  })
}

/** Keeps one server running, as its test wants it. */
export async function supervise(server: {
  readonly name: string
  readonly port: number
  readonly tlsPort: number
  readonly folder: string
  start(): ChildProcess
}): Promise<IrcServerProcess> {
  const { folder, name, port, tlsPort } = server
  let child: ChildProcess | null = null
  const running: IrcServerProcess = {
    name,
    port,
    tlsPort,
    ca: readFileSync(join(folder, "ca.crt"), "utf8"),
    async up() {
      child = server.start()
      await listens(child, [port, tlsPort])
    },
    async down() {
      if (!child) return
      const gone = once(child, "exit")
      child.kill("SIGKILL")
      child = null
      await gone
    },
    async stop() {
      await running.down()
      rmSync(folder, { recursive: true })
    },
  }
  // A test that fails half-way must not leave a server running.
  process.once("exit", () => child?.kill("SIGKILL"))
  await running.up()
  return running
}

/** Two servers of one network, and the power to part them. */
export interface LinkedServers {
  readonly one: IrcServerProcess
  readonly two: IrcServerProcess
  /** They lose each other: a netsplit. */
  split(): void
  /** They may find each other again, within seconds. */
  heal(): void
  stop(): Promise<void>
}

/** Starts two ngIRCds, the second of which calls the first through a relay. */
export async function startLinkedNgircds(): Promise<LinkedServers> {
  const names = { one: "one.test.example", two: "two.test.example" }
  const one = await startNgircd({ name: "one", peer: { name: names.two, port: 0 } })
  const relay = await startRelay(() => one.port)
  const two = await startNgircd({ name: "two", peer: { name: names.one, port: relay.port } })
  return {
    one,
    two,
    split: () => relay.cut(),
    heal: () => relay.mend(),
    async stop() {
      await Promise.all([one.stop(), two.stop()])
      await relay.stop()
    },
  }
}
