import type { Socket } from "node:net"
import { ChannelError, UsageError } from "../../bytes/index.js"
import { hostAndPort } from "../address.js"
import { connectionLost, unreachable } from "../failure.js"
import type { IrcLink } from "./link.js"
import type { IrcOptions } from "./options.js"
import { openSocksTunnel } from "./socks.js"

const closeWithinMs = 1_000

/** After so long without a sign of life the system itself asks the server for one. */
const keepAliveMs = 30_000

/** Longer than any line with tags may be; who sends more without a line break does not speak IRC. */
const maxLineBytes = 64 * 1024

/**
 * A link over TCP, with TLS unless told otherwise, through a proxy if there is one.
 *
 * @throws {UsageError} `not-here` in browsers
 * @throws {ChannelError} `unreachable`, `untrusted-certificate`
 */
export async function dialSocket(options: IrcOptions, signal: AbortSignal): Promise<IrcLink> {
  const { host, proxy, tls = true } = options
  const port = portOf(options)
  const callee = { what: "IRC server", where: hostAndPort(host, port) }
  const net = await import("node:net").catch((cause: unknown) => {
    throw new UsageError(
      "not-here",
      "Browsers can not open sockets to IRC servers. Use connectIrcWebSocket and a gateway.",
      { cause },
    )
  })
  const socket = net.connect(
    proxy ? { host: proxy.host, port: proxy.port, noDelay: true } : { host, port, noDelay: true },
  )
  const giveUp = (): void => void socket.destroy()
  signal.addEventListener("abort", giveUp)
  if (signal.aborted) giveUp()
  let failure: Error | undefined
  const broken = new Promise<never>((_, reject) => {
    socket.on("error", (error) => (failure ??= error))
    socket.on("close", () => reject(failure ?? new Error("The server hung up.")))
  })
  broken.catch(() => {})
  let asked = proxy ? { what: "proxy", where: hostAndPort(proxy.host, proxy.port) } : callee
  try {
    await Promise.race([heard(socket, "connect"), broken])
    asked = callee
    if (proxy) await Promise.race([openSocksTunnel(socket, proxy, host, port), broken])
    const secured = tls ? await Promise.race([secure(socket, options), broken]) : socket
    secured.setKeepAlive(true, keepAliveMs)
    return new SocketLink(secured, () => connectionLost(callee, failure))
  } catch (cause) {
    socket.destroy()
    if (cause instanceof ChannelError) throw cause
    throw unreachable(asked, cause)
  } finally {
    signal.removeEventListener("abort", giveUp)
  }
}

/** The port that is meant where none is named. */
export function portOf({ port, tls = true }: IrcOptions): number {
  return port ?? (tls ? 6697 : 6667)
}

async function secure(socket: Socket, options: IrcOptions): Promise<Socket> {
  const { host, ca, rejectUnauthorized = true } = options
  const { connect } = await import("node:tls")
  const isName = /[a-z]/i.test(host) && !host.includes(":")
  const tls = connect({
    socket,
    host,
    rejectUnauthorized,
    ...(isName && { servername: host }),
    ...(ca !== undefined && { ca }),
  })
  const refused = new Promise<never>((_, reject) => tls.on("error", reject))
  refused.catch(() => {})
  await Promise.race([heard(tls, "secureConnect"), refused])
  return tls
}

function heard(socket: Socket, event: "connect" | "secureConnect"): Promise<void> {
  return new Promise((resolve) => socket.once(event, () => resolve()))
}

class SocketLink implements IrcLink {
  readonly lost: Promise<ChannelError>
  readonly #socket: Socket
  #rest: Uint8Array = new Uint8Array(0)
  #listener: (line: string) => void = () => {}

  constructor(socket: Socket, lostBecause: () => ChannelError) {
    this.#socket = socket
    this.lost = new Promise((resolve) => socket.on("close", () => resolve(lostBecause())))
    socket.on("data", (chunk: Uint8Array) => this.#read(chunk))
    socket.pause() // until somebody listens
  }

  send(line: string): void {
    this.#socket.write(`${line}\r\n`)
  }

  onLine(listener: (line: string) => void): void {
    this.#listener = listener
    this.#socket.resume()
  }

  async close(): Promise<void> {
    if (this.#socket.destroyed) return
    const over = this.lost
    this.#socket.end()
    const late = setTimeout(() => this.#socket.destroy(), closeWithinMs)
    await over
    clearTimeout(late)
  }

  #read(chunk: Uint8Array): void {
    const bytes = Buffer.concat([this.#rest, chunk])
    let start = 0
    for (;;) {
      const end = bytes.indexOf(0x0a, start)
      if (end < 0) break
      this.#listener(bytes.toString("utf8", start, end).replace(/\r$/, ""))
      start = end + 1
    }
    this.#rest = bytes.subarray(start)
    if (this.#rest.length > maxLineBytes) this.#socket.destroy()
  }
}
