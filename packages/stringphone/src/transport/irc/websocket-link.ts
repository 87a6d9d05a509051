import { ChannelError, fromUtf8 } from "../../bytes/index.js"
import { type Callee, connectionLost, unreachable } from "../failure.js"
import { missingPeer } from "../missing-peer.js"
import type { IrcLink } from "./link.js"

/** As much of a WebSocket as is needed; the platform's and that of `ws` have it. */
interface TextSocket {
  binaryType: string
  send(text: string): void
  close(code?: number): void
  addEventListener(type: "open" | "close", listener: () => void): void
  addEventListener(type: "error", listener: (event: { readonly error?: unknown }) => void): void
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void
}

/** IRCv3: one line in each frame, without a line break; text, or bytes of UTF-8. */
const subprotocols = ["text.ircv3.net", "binary.ircv3.net"]

const closeWithinMs = 1_000

/**
 * A link over a WebSocket, one line in each frame (IRCv3 `text.ircv3.net`).
 *
 * @throws {UsageError} `missing-peer` @throws {ChannelError} `unreachable`, `untrusted-certificate`
 */
export async function dialWebSocket(
  url: URL,
  callee: Callee,
  signal: AbortSignal,
): Promise<IrcLink> {
  try {
    return await dial(url, subprotocols, callee, signal)
  } catch (error) {
    // Servers that have never heard of subprotocols name none, which ends the connection.
    if (signal.aborted || !(error instanceof ChannelError)) throw error
    return await dial(url, [], callee, signal)
  }
}

async function dial(
  url: URL,
  protocols: readonly string[],
  callee: Callee,
  signal: AbortSignal,
): Promise<IrcLink> {
  const socket = await makeSocket(url.href, [...protocols])
  socket.binaryType = "arraybuffer"
  let failure: unknown
  socket.addEventListener("error", ({ error }) => (failure ??= error))
  const over = new Promise<void>((resolve) => socket.addEventListener("close", () => resolve()))
  const giveUp = (): void => socket.close()
  signal.addEventListener("abort", giveUp)
  if (signal.aborted) giveUp()
  const link = new WebSocketLink(
    socket,
    over.then(() => connectionLost(callee, failure)),
  )
  const opened = new Promise<boolean>((resolve) => {
    socket.addEventListener("open", () => resolve(true))
  })
  try {
    if (await Promise.race([opened, over.then(() => false)])) return link
    throw unreachable(callee, failure)
  } finally {
    signal.removeEventListener("abort", giveUp)
  }
}

/** The platform's own where there is one: lines are short, and nothing has to pause. */
async function makeSocket(url: string, protocols: string[]): Promise<TextSocket> {
  if ("WebSocket" in globalThis) return new WebSocket(url, protocols)
  const ws = await import("ws").catch((cause: unknown) => {
    throw missingPeer("ws", cause)
  })
  // As a page there would send it: gateways may want one.
  return new ws.WebSocket(url, protocols, { origin: new URL(url).origin.replace(/^ws/, "http") })
}

class WebSocketLink implements IrcLink {
  readonly lost: Promise<ChannelError>
  readonly #socket: TextSocket
  /** Came before anybody listened. */
  #early: string[] = []
  #listener: ((line: string) => void) | null = null

  constructor(socket: TextSocket, lost: Promise<ChannelError>) {
    this.#socket = socket
    this.lost = lost
    socket.addEventListener("message", ({ data }) => {
      const text = textOf(data)
      // Some gateways put a line break behind the line, or several lines into a frame.
      for (const line of text?.split(/\r?\n/) ?? []) if (line !== "") this.#hear(line)
    })
  }

  send(line: string): void {
    this.#socket.send(line)
  }

  onLine(listener: (line: string) => void): void {
    this.#listener = listener
    for (const line of this.#early.splice(0)) listener(line)
  }

  async close(): Promise<void> {
    this.#socket.close(1000)
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, closeWithinMs)
    })
    await Promise.race([this.lost, late])
    clearTimeout(timer)
  }

  #hear(line: string): void {
    if (this.#listener) this.#listener(line)
    else this.#early.push(line)
  }
}

function textOf(data: unknown): string | null {
  if (typeof data === "string") return data
  return data instanceof ArrayBuffer ? fromUtf8(new Uint8Array(data)) : null
}
