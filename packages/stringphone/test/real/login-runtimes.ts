// Programs that run in Bun and in Deno, as themselves, with the library as it is published.
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { installRuntime } from "../../../../scripts/runtimes.mjs"
import type { LoginServerEvent } from "../../src/session/login/server-index.js"
import { assertBuilt } from "../store/children.js"

export type RuntimeName = "bun" | "deno"

/** A runtime, and the arguments that a program stands behind. */
export interface Runtime {
  readonly path: string
  readonly args: readonly string[]
}

/** What the library has to be let do there: a store in a file asks for the name of the computer. */
const permissions = ["net", "read", "write", "sys=hostname"].map((one) => `--allow-${one}`)
/** Without the last, it tells at each start that signals of requests that were answered say that they ended. */
const denoArgs = ["run", "--no-prompt", ...permissions, "--unstable-no-legacy-abort"]

/** `null`: it can not be had here, and that is said; on the build server it is an error. */
export function requireRuntime(name: RuntimeName): Runtime | null {
  const path = installRuntime(name)
  if (path !== null) return { path, args: name === "deno" ? denoArgs : ["run"] }
  const advice = `Skipped: ${name} could not be installed from npm.`
  const isPromised = process.platform === "linux" && process.arch === "x64"
  if (process.env["CI"] === "true" && isPromised) throw new Error(advice)
  console.warn(advice)
  return null
}

export interface ServerOptions {
  /** A database; `null`: all is in memory. */
  readonly path: string | null
  readonly isNodeHttp?: boolean
  readonly price: { readonly passes: number; readonly kib: number; readonly lanes: number }
}

interface Listening {
  readonly kind: "listening"
  readonly port: number
  /** For "alice", when nobody is registered yet. */
  readonly invitation: string | null
}

export interface RunningServer {
  readonly url: string
  readonly invitation: string | null
  readonly events: readonly LoginServerEvent[]
  kill(): Promise<void>
}

export async function startServer(
  runtime: Runtime,
  options: ServerOptions,
): Promise<RunningServer> {
  const child = start(runtime, "login-runtimes-server.mjs", options)
  const ended = once(child, "close")
  const events: LoginServerEvent[] = []
  const { invitation, port } = await new Promise<Listening>((resolve, reject) => {
    createInterface(child.stdout!).on("line", (line) => {
      const told = JSON.parse(line) as LoginServerEvent | Listening
      if (told.kind === "listening") resolve(told)
      else events.push(told)
    })
    void ended.then(() => reject(new Error("The server ended.")))
  })
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL")
    await ended
  }
  return { url: `http://127.0.0.1:${port}`, invitation, events, kill }
}

/** @returns what it said, its last line */
export async function runClient(
  runtime: Runtime,
  options: { readonly invitation: string; readonly folder: string },
): Promise<unknown> {
  const child = start(runtime, "login-runtimes-client.mjs", options)
  let said = ""
  child.stdout!.on("data", (chunk) => (said += String(chunk)))
  await once(child, "close")
  return JSON.parse(said)
}

/** Programs of these runtimes find the library by its name, as those of others do. */
function start({ args, path }: Runtime, program: string, options: unknown): ChildProcess {
  assertBuilt()
  const script = fileURLToPath(new URL(program, import.meta.url))
  return spawn(path, [...args, script, JSON.stringify(options)], {
    stdio: ["pipe", "pipe", "inherit"],
    // Deno would ask its registry whether there is a newer one.
    env: { ...process.env, DENO_NO_UPDATE_CHECK: "1" },
  })
}
