import { once } from "node:events"
import { type Socket, connect } from "node:net"
import { connect as connectTls } from "node:tls"
import { ChannelError } from "../bytes/index.js"
import type { NatsOptions, NatsUrl } from "./nats-options.js"

const closeWithinMs = 1_000
const maxInfoBytes = 1024 * 1024

/**
 * A TCP or TLS connection that looks like a WebSocket. That is the one kind of socket that
 * `@nats-io/nats-core` lets its caller make, and we want to: `@nats-io/transport-node` leaves the
 * connection to a silent server open for ever when connecting is given up, and which of the two
 * transports is used is a variable of the whole process.
 *
 * A NATS server speaks first, in the clear: `INFO {…}`. Only then TLS begins (NATS protocol, INFO).
 *
 * @throws whatever the platform throws; {ChannelError} `refused` when TLS is wanted but not offered
 */
export async function connectNatsTcp(
  url: NatsUrl,
  options: NatsOptions,
  signal: AbortSignal,
): Promise<TcpAsWebSocket> {
  const socket = connect({ host: url.host, port: url.port, noDelay: true })
  // Also keeps a late error from being thrown as unheard.
  const broken = new Promise<never>((_, reject) => {
    socket.on("error", reject)
    socket.on("close", () => reject(new Error("The server hung up.")))
  })
  broken.catch(() => {})
  const giveUp = (): void => void socket.destroy()
  signal.addEventListener("abort", giveUp)
  if (signal.aborted) giveUp()
  try {
    const first = await Promise.race([readInfo(socket), broken])
    const info = parseInfo(first)
    const offered = info.tls_required === true || info.tls_available === true
    if (url.scheme === "tls" && !offered) {
      throw new ChannelError(
        "refused",
        `The NATS server at ${url.where} does not offer TLS. Set it up there, or use nats://.`,
      )
    }
    if (!offered) return new TcpAsWebSocket(socket, first)
    return new TcpAsWebSocket(await Promise.race([secure(socket, url, options), broken]), first)
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    signal.removeEventListener("abort", giveUp)
  }
}

/** @returns the first line and all that came with it. */
function readInfo(socket: Socket): Promise<Buffer> {
  let first = Buffer.alloc(0)
  return new Promise((resolve) => {
    const take = (chunk: Buffer): void => {
      first = Buffer.concat([first, chunk])
      if (!first.includes("\r\n") && first.length <= maxInfoBytes) return
      socket.pause() // what follows is for others to hear
      socket.off("data", take)
      resolve(first)
    }
    socket.on("data", take)
  })
}

/** As the server says it; anything may be in there. */
interface Info {
  readonly tls_required?: unknown
  readonly tls_available?: unknown
}

function parseInfo(first: Buffer): Info {
  const json = /^INFO\s+(\{.*?\})\s*\r\n/.exec(first.toString())?.[1]
  if (json === undefined) throw new Error("Something else than a NATS server answered.")
  return JSON.parse(json) as Info
}

async function secure(socket: Socket, url: NatsUrl, options: NatsOptions): Promise<Socket> {
  const { ca, cert, key, rejectUnauthorized = true } = options
  const isName = /[a-z]/i.test(url.host) && !url.host.includes(":")
  const tls = connectTls({
    socket,
    host: url.host,
    rejectUnauthorized,
    ...(isName && { servername: url.host }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  })
  tls.on("error", () => {}) // "close" follows, and is heard
  await once(tls, "secureConnect")
  tls.pause()
  return tls
}

// The values of a WebSocket's `readyState`.
const open = 1
const closed = 3

/** As much of a WebSocket as nats-core makes use of. */
export class TcpAsWebSocket {
  binaryType = "arraybuffer"
  onopen: (() => void) | null = null
  onerror: ((event: { readonly message: string }) => void) | null = null
  onclose: ((event: { readonly wasClean: boolean; readonly reason: string }) => void) | null = null
  readonly #socket: Socket
  #first: Uint8Array | null
  #onmessage: ((event: { readonly data: Uint8Array }) => void) | null = null

  constructor(socket: Socket, first: Uint8Array) {
    this.#socket = socket
    this.#first = first
    socket.on("data", (data: Uint8Array) => this.#onmessage?.({ data }))
    socket.on("close", () => this.#tellClosed())
  }

  /** Once somebody listens, everything is told, from the first line on. */
  set onmessage(listen: ((event: { readonly data: Uint8Array }) => void) | null) {
    this.#onmessage = listen
    const first = this.#first
    if (!listen || !first) return
    this.#first = null
    setImmediate(() => {
      this.#onmessage?.({ data: first })
      this.#socket.resume()
      if (this.#socket.destroyed) this.#tellClosed()
    })
  }

  get readyState(): number {
    return this.#socket.destroyed ? closed : open
  }

  get bufferedAmount(): number {
    return this.#socket.writableLength
  }

  addEventListener(type: "error", listener: (event: { readonly error: unknown }) => void): void {
    this.#socket.on(type, (error) => listener({ error }))
  }

  /** What is sent in one turn goes together: a server that hangs up has then read all of it. */
  send(data: ArrayBuffer): void {
    this.#socket.cork()
    this.#socket.write(new Uint8Array(data))
    process.nextTick(() => this.#socket.uncork())
  }

  /** A little later: the client would not look any more at what came last, as why we have to go. */
  #tellClosed(): void {
    setImmediate(() => this.onclose?.({ wasClean: true, reason: "" }))
  }

  close(): void {
    const late = setTimeout(() => this.#socket.destroy(), closeWithinMs)
    this.#socket.once("close", () => clearTimeout(late))
    if (this.#socket.destroyed) clearTimeout(late)
    else this.#socket.end()
  }
}
