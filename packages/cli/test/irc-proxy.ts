import { onTestFinished } from "vitest"
import type { IrcServerProcess } from "../../stringphone/test/real/ngircd.js"
import { freshHome } from "./folder.js"
import { Running } from "./program.js"

export { inspircd, startInspircd } from "../../stringphone/test/real/inspircd.js"
export { ngircd, startNgircd } from "../../stringphone/test/real/ngircd.js"

export interface Proxy {
  readonly running: Running
  readonly port: number
  readonly home: string
}

/** `stringphone irc` in a process of its own, connected to this server. */
export async function startProxy(
  server: Pick<IrcServerProcess, "port">,
  nick: string,
  options: {
    readonly home?: string
    readonly args?: readonly string[]
    readonly url?: string
  } = {},
): Promise<Proxy> {
  const home = options.home ?? freshHome()
  const running = Running.start(home, [
    "irc",
    options.url ?? `irc://127.0.0.1:${server.port}`,
    "--nick",
    nick,
    "--listen",
    "127.0.0.1:0",
    ...(options.args ?? []),
  ])
  const { port } = (await running.next("listening")) as unknown as { port: number }
  return { running, port, home }
}

/** Stops a server when its test ends. */
export async function forTest(starting: Promise<IrcServerProcess>): Promise<IrcServerProcess> {
  const server = await starting
  onTestFinished(() => server.stop())
  return server
}
