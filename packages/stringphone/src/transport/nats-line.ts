import type { ConnectionOptions, NatsConnection } from "@nats-io/nats-core"
import { utf8 } from "../bytes/index.js"
import type { Callee } from "./failure.js"
import { natsConnectFailure } from "./nats-failure.js"
import type { NatsOptions, NatsUrl } from "./nats-options.js"
import { socketMaker } from "./websocket-maker.js"

export type NatsCore = typeof import("@nats-io/nats-core")

/** One connection to a server, before anything is said about subjects. */
export interface NatsLine {
  readonly nc: NatsConnection
  /** Resolves when the connection is over, with what ended it, if anything is known. */
  readonly over: Promise<unknown>
  /** The connection broke, although the client may not know yet. */
  readonly isBroken: () => boolean
  /** Lets go of what is written, then ends the connection; soon, even if the server is silent. */
  close(): Promise<void>
}

const pingMs = 30_000
const endWithinMs = 1_000

/** One frame may carry many messages. */
const maxFrameBytes = 64 * 1024 * 1024

/**
 * Connects once.
 * @throws {ChannelError} `refused`, `unreachable`, `untrusted-certificate`
 */
export async function openNatsLine(
  core: NatsCore,
  url: NatsUrl,
  options: NatsOptions,
  callee: Callee,
  signal: AbortSignal,
): Promise<NatsLine> {
  let socket: WebSocket | undefined
  let failure: unknown
  const giveUp = (): void => socket?.close()
  signal.addEventListener("abort", giveUp)
  try {
    // Here and not in the factory: if that fails, the client waits for ever.
    const made = await makeSocket(url, options, signal)
    socket = made
    made.addEventListener("error", (event) => {
      failure ??= "error" in event ? event.error : undefined
    })
    if (signal.aborted) giveUp()
    const nc = await core.wsconnect({
      ...identity(core, url, options),
      servers: "ws://server", // the factory knows better
      wsFactory: async () => ({
        socket: made,
        encrypted: url.scheme === "tls" || url.scheme === "wss",
      }),
      noEcho: true,
      reconnect: false, // reconnecting is the link's business
      timeout: 2 ** 31 - 1, // and so is giving up
      resolve: false,
      ignoreClusterUpdates: true,
      pingInterval: pingMs,
      maxPingOut: 2,
      noAsyncTraces: true,
    })
    const over = nc.closed().then((error) => failure ?? error)
    return {
      nc,
      over,
      isBroken: () => nc.isClosed() || made.readyState >= closing,
      async close() {
        await soon([nc.flush().catch(() => {}), over])
        await soon([nc.close(), over])
      },
    }
  } catch (error) {
    socket?.close()
    throw natsConnectFailure(callee, error, failure)
  } finally {
    signal.removeEventListener("abort", giveUp)
  }
}

/** A WebSocket's `readyState` while it closes; more once it is closed. */
const closing = 2

async function makeSocket(
  url: NatsUrl,
  options: NatsOptions,
  signal: AbortSignal,
): Promise<WebSocket> {
  if (url.scheme === "ws" || url.scheme === "wss") {
    const { socket } = (await socketMaker()).make(url.href, maxFrameBytes)
    return socket as WebSocket
  }
  const { connectNatsTcp } = await import("./nats-tcp.js") // never reached in browsers
  return (await connectNatsTcp(url, options, signal)) as unknown as WebSocket
}

function identity(core: NatsCore, url: NatsUrl, options: NatsOptions): Partial<ConnectionOptions> {
  const { credentials } = options
  if (credentials !== undefined) {
    return { authenticator: core.credsAuthenticator(utf8(credentials)) }
  }
  const token = options.token ?? (url.password === undefined ? url.username : undefined)
  const user = options.username ?? (token === undefined ? url.username : undefined)
  const pass = options.password ?? url.password
  return {
    ...(token !== undefined && { token }),
    ...(user !== undefined && { user }),
    ...(user !== undefined && pass !== undefined && { pass }),
  }
}

/** Waits for the first of these, but not for long. */
export async function soon(promises: readonly Promise<unknown>[]): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, endWithinMs)
  })
  await Promise.race([...promises, late])
  clearTimeout(timer)
}
