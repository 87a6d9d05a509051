import { ChannelError, UsageError } from "../bytes/index.js"
import { type Callee, connectionLost, unreachable } from "./failure.js"
import type { Inbox } from "./inbox.js"
import { type Connection, type LinkOptions, connectLink } from "./link.js"
import type { Transport } from "./port.js"
import { type SocketMaker, type WebSocketLike, socketMaker } from "./websocket-maker.js"

/** Where to connect, and how. */
export interface WebSocketOptions extends LinkOptions {
  /** `ws://…` or `wss://…`; what stands after `?` is not shown in `address`. */
  readonly url: string
  /** Largest message, either way. Default 1 MiB. */
  readonly maxMessageBytes?: number
  /** Do not fail when nothing answers yet: return at once and keep trying. Default false. */
  readonly waitForServer?: boolean
}

const closeWithinMs = 1_000

/**
 * Connects to a WebSocket server on which one binary frame is one message, as `listenWebSocket`,
 * and reconnects when the connection is lost. Uses the platform's WebSocket, or the package `ws`
 * where there is none. Only with `ws` a slow reader slows the server down; the platform's can not
 * pause, so a full inbox drops the oldest. Text frames are dropped.
 *
 * @throws {UsageError} `bad-url`, `missing-peer`
 * @throws {ChannelError} `unreachable`, `untrusted-certificate`, `aborted`
 * @example
 * const transport = await connectWebSocket({ url: "wss://example.org/garden" })
 * await transport.send(bytes)
 */
export async function connectWebSocket(options: WebSocketOptions): Promise<Transport> {
  const url = parseUrl(options.url)
  const maxMessageBytes = options.maxMessageBytes ?? 1024 * 1024
  const maker = await socketMaker()
  const callee = { what: "WebSocket server", where: url.host }
  const capabilities = {
    maxMessageBytes,
    ordered: true,
    addressed: false,
    presence: false,
    echo: false,
  }
  return connectLink(
    {
      address: `${url.protocol}//${url.host}${url.pathname}`,
      capabilities: () => capabilities,
      pausable: maker.pausable,
      dial: (inbox, signal) => dial(maker, url.href, callee, maxMessageBytes, inbox, signal),
    },
    options,
    options.waitForServer ?? false,
  )
}

async function dial(
  maker: SocketMaker,
  url: string,
  callee: Callee,
  maxMessageBytes: number,
  inbox: Inbox,
  signal: AbortSignal,
): Promise<Connection> {
  const { socket, send } = maker.make(url, maxMessageBytes)
  socket.binaryType = "arraybuffer"
  let failure: unknown
  socket.addEventListener("error", (event) => {
    failure = event.error
  })
  const over = new Promise<number>((resolve) => {
    socket.addEventListener("close", (event) => resolve(event.code))
  })
  socket.addEventListener("message", ({ data }) => {
    if (data instanceof ArrayBuffer && data.byteLength <= maxMessageBytes) {
      inbox.push({ bytes: new Uint8Array(data), from: null })
    } else inbox.countDropped()
  })
  if (!(await opens(socket, over, signal))) throw unreachable(callee, failure)
  return {
    window: 64,
    lost: over.then((code) => lostBecause(code, callee, failure)),
    send: ({ bytes }) => send(bytes),
    pause: () => socket.pause?.(),
    resume: () => socket.resume?.(),
    close: () => close(socket, over),
  }
}

/** @returns whether it opened; if not, it is closed. */
async function opens(
  socket: WebSocketLike,
  over: Promise<number>,
  signal: AbortSignal,
): Promise<boolean> {
  const giveUp = (): void => socket.close()
  signal.addEventListener("abort", giveUp)
  if (signal.aborted) giveUp()
  const opened = new Promise<boolean>((resolve) => {
    socket.addEventListener("open", () => resolve(true))
  })
  try {
    return await Promise.race([opened, over.then(() => false)])
  } finally {
    signal.removeEventListener("abort", giveUp)
  }
}

async function close(socket: WebSocketLike, over: Promise<number>): Promise<void> {
  socket.resume?.() // or we would not see the other side's answer
  socket.close(1000)
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      socket.terminate?.()
      resolve()
    }, closeWithinMs)
  })
  await Promise.race([over, late])
  clearTimeout(timer)
}

const messageTooBig = 1009

function lostBecause(code: number, callee: Callee, failure: unknown): ChannelError {
  if (code !== messageTooBig) return connectionLost(callee, failure)
  return new ChannelError(
    "frame-too-large",
    `${callee.where} hung up over a message that is too large. Make \`maxMessageBytes\` the same on both sides.`,
    { cause: failure },
  )
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url && /^wss?:$/.test(url.protocol) && url.hash === "") return url
  // The text itself stays out of the sentence: it may contain a password.
  throw new UsageError("bad-url", "Expected a URL like wss://example.org/garden.")
}
