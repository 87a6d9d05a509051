import { missingPeer } from "./missing-peer.js"

/** What the platform's WebSocket and that of `ws` have in common, and what only the latter has. */
export interface WebSocketLike {
  binaryType: string
  close(code?: number): void
  addEventListener(type: "open", listener: () => void): void
  addEventListener(type: "close", listener: (event: { readonly code: number }) => void): void
  addEventListener(type: "error", listener: (event: { readonly error?: unknown }) => void): void
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void
  readonly pause?: () => void
  readonly resume?: () => void
  readonly terminate?: () => void
}

/** A socket, not open yet, and how to send on it. */
export interface MadeSocket {
  readonly socket: WebSocketLike
  /** Resolves when the socket took the message; never, when the socket breaks. */
  send(bytes: Uint8Array): Promise<void>
}

/** One way to make WebSockets. */
export interface SocketMaker {
  readonly pausable: boolean
  make(url: string, maxMessageBytes: number): MadeSocket
}

/**
 * In Node `ws` where it is installed, because it can pause; elsewhere the platform's own.
 * @throws {UsageError} `missing-peer` when there is neither
 */
export async function socketMaker(): Promise<SocketMaker> {
  const platform = "WebSocket" in globalThis ? platformSockets(WebSocket) : null
  // A page may have a `process` as well: bundlers and test runners put one there.
  const isNode = "process" in globalThis && "versions" in process && "node" in process.versions
  if (platform && !isNode) return platform
  try {
    return await packageSockets()
  } catch (error) {
    if (platform) return platform
    throw error
  }
}

const open = 1
const maxBufferedBytes = 1024 * 1024
const pollMs = 10

function platformSockets(Platform: typeof WebSocket): SocketMaker {
  return {
    pausable: false,
    make(url) {
      const socket = new Platform(url)
      return {
        socket,
        async send(bytes) {
          socket.send(Uint8Array.from(bytes))
          // The platform has no event for a buffer that empties.
          while (socket.bufferedAmount > maxBufferedBytes && socket.readyState === open) {
            await new Promise((resolve) => setTimeout(resolve, pollMs))
          }
          if (socket.readyState !== open) await new Promise(() => {})
        },
      }
    },
  }
}

async function packageSockets(): Promise<SocketMaker> {
  const { WebSocket } = await import("ws").catch((cause: unknown) => {
    throw missingPeer("ws", cause)
  })
  return {
    pausable: true,
    make(url, maxMessageBytes) {
      const socket = new WebSocket(url, { maxPayload: maxMessageBytes, perMessageDeflate: false })
      return {
        socket,
        send: (bytes) =>
          new Promise((taken) => {
            socket.send(bytes, { binary: true }, (error) => {
              if (!error) taken()
            })
          }),
      }
    },
  }
}
