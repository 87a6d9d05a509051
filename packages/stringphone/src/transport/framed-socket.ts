import type { Socket } from "node:net"
import { ChannelError } from "../bytes/index.js"
import { FrameDecoder, encodeFrame } from "./frame.js"

/** A TCP socket that carries messages. */
export interface FramedSocket {
  /** Resolves when the connection is over; with the reason, unless the peer hung up or we did. */
  readonly over: Promise<ChannelError | undefined>
  /** `taken` is called once: without an error when the system has the message. */
  write(bytes: Uint8Array, taken: (error?: Error | null) => void): void
  pause(): void
  resume(): void
  /** Writes what is buffered, then hangs up; at the latest after {@link endWithinMs}. */
  end(): Promise<void>
  destroy(): void
}

const endWithinMs = 1_000

/** After so long without a sign of life the system itself asks the peer for one. */
const keepAliveMs = 30_000

/** Reads and writes frames on a connected socket. */
export function framedSocket(
  socket: Socket,
  maxMessageBytes: number,
  receive: (message: Uint8Array) => void,
): FramedSocket {
  const decoder = new FrameDecoder(maxMessageBytes)
  let failure: ChannelError | undefined
  const read = (chunk: Uint8Array): void => {
    try {
      for (const message of decoder.feed(chunk)) receive(message)
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error
      failure = error
      socket.destroy()
    }
  }
  socket.setNoDelay(true)
  socket.setKeepAlive(true, keepAliveMs)
  socket.on("data", read)
  socket.on("error", (cause) => {
    failure ??= new ChannelError("connection-lost", "The connection broke.", { cause })
  })
  const over = new Promise<ChannelError | undefined>((resolve) => {
    socket.on("close", () => resolve(failure))
  })
  return {
    over,
    write(bytes, taken) {
      const [header, message] = encodeFrame(bytes)
      socket.cork()
      socket.write(header)
      socket.write(message, taken)
      socket.uncork()
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    async end() {
      // Reads on without listening: a peer's last bytes in our buffer would turn the polite end
      // into a reset, and take what we wrote with them.
      socket.off("data", read)
      socket.resume()
      const timer = setTimeout(() => socket.destroy(), endWithinMs)
      socket.end()
      await over
      clearTimeout(timer)
    },
    destroy: () => void socket.destroy(),
  }
}
