import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { type Socket, connect, createServer } from "node:net"
import { hostAndPort } from "./address.js"
import { type Callee, cannotListen, connectionLost, unreachable } from "./failure.js"
import { framedSocket } from "./framed-socket.js"
import { Hub, type HubOptions, type ListeningTransport } from "./hub.js"
import type { Inbox } from "./inbox.js"
import { type Connection, type LinkOptions, connectLink } from "./link.js"
import type { Transport } from "./port.js"

/** Where to connect, and how. */
export interface TcpOptions extends LinkOptions {
  readonly host: string
  readonly port: number
  /** Largest message, either way. Default 1 MiB. */
  readonly maxMessageBytes?: number
  /** Do not fail when nothing answers yet: return at once and keep trying. Default false. */
  readonly waitForServer?: boolean
}

/** Where to listen, and how. */
export interface TcpServerOptions extends HubOptions {
  /** Default 127.0.0.1: only this machine. */
  readonly host?: string
  /** 0 lets the system choose; see `port` of the result. */
  readonly port: number
}

/**
 * Connects to a {@link listenTcp} hub, and reconnects when the connection is lost. Messages are
 * framed by a u32 big-endian length.
 *
 * @throws {ChannelError} `unreachable`, `aborted`
 * @example
 * const transport = await connectTcp({ host: "localhost", port: 4040 })
 * await transport.send(bytes)
 */
export function connectTcp(options: TcpOptions): Promise<Transport> {
  const maxMessageBytes = options.maxMessageBytes ?? 1024 * 1024
  const callee = { what: "server", where: hostAndPort(options.host, options.port) }
  const capabilities = {
    maxMessageBytes,
    ordered: true,
    addressed: false,
    presence: false,
    echo: false,
  }
  return connectLink(
    {
      address: `tcp://${callee.where}`,
      capabilities: () => capabilities,
      pausable: true,
      dial: (inbox, signal) => dial(options, callee, maxMessageBytes, inbox, signal),
    },
    options,
    options.waitForServer ?? false,
  )
}

async function dial(
  { host, port }: TcpOptions,
  callee: Callee,
  maxMessageBytes: number,
  inbox: Inbox,
  signal: AbortSignal,
): Promise<Connection> {
  const socket = connect({ host, port })
  try {
    await once(socket, "connect", { signal })
  } catch (cause) {
    // `once` took its own listener off again; a late error must not go unheard.
    socket.on("error", () => {})
    socket.destroy()
    throw unreachable(callee, cause)
  }
  const framed = framedSocket(socket, maxMessageBytes, (bytes) => inbox.push({ bytes, from: null }))
  return {
    window: 64,
    lost: framed.over.then((error) => error ?? connectionLost(callee)),
    send: ({ bytes }) =>
      new Promise((taken) => {
        framed.write(bytes, (error) => {
          if (!error) taken()
        })
      }),
    pause: framed.pause,
    resume: framed.resume,
    close: framed.end,
  }
}

/**
 * Listens for {@link connectTcp} clients. A message of one goes to all others and to `messages`;
 * what is sent here goes to all, or to the one named by `to`.
 *
 * @throws {ChannelError} `address-in-use`, `not-permitted`, `cannot-listen`
 * @example
 * const hub = await listenTcp({ port: 4040 })
 * for await (const { bytes, from } of hub.messages) await hub.send(bytes, { to: from })
 */
export async function listenTcp(options: TcpServerOptions): Promise<ListeningTransport> {
  const host = options.host ?? "127.0.0.1"
  const maxMessageBytes = options.maxMessageBytes ?? 1024 * 1024
  const server = createServer({ noDelay: true })
  try {
    server.listen({ host, port: options.port })
    await once(server, "listening")
  } catch (cause) {
    throw cannotListen(hostAndPort(host, options.port), cause)
  }
  server.on("error", () => {}) // a failed accept concerns one caller, who will notice
  const bound = server.address()
  const port = bound !== null && typeof bound === "object" ? bound.port : options.port
  const hub = new Hub(
    `tcp://${hostAndPort(host, port)}`,
    port,
    options,
    () => new Promise((resolve) => server.close(() => resolve())),
  )
  server.on("connection", (socket) => {
    if (hub.hasRoom) seat(hub, socket, maxMessageBytes)
    else socket.destroy()
  })
  return hub
}

function seat(hub: Hub, socket: Socket, maxMessageBytes: number): void {
  const id = randomUUID()
  const framed = framedSocket(socket, maxMessageBytes, (bytes) => hub.receive(id, bytes))
  hub.join({ id, ...framed })
  void framed.over.then((error) => hub.leave(id, error))
}
