import { ChannelError, UsageError } from "../../bytes/index.js"
import { hostAndPort } from "../address.js"
import type { Transport } from "../port.js"
import { checkChannel, untilOpen } from "./channels.js"
import { Connection } from "./connection.js"
import type { ConnectionPlan } from "./connection-plan.js"
import type { IrcLink } from "./link.js"
import type {
  IrcConnection,
  IrcOptions,
  IrcUserOptions,
  IrcWebSocketOptions,
  JoinOptions,
} from "./options.js"
import { dialSocket, portOf } from "./socket-link.js"
import { TextTransport } from "./text-transport.js"
import type { TextTransportOptions } from "./text-transport-options.js"
import { isNick } from "./url.js"
import { dialWebSocket } from "./websocket-link.js"

/**
 * Connects to an IRC server over TLS and introduces us, and reconnects when the connection is lost.
 *
 * @throws {UsageError} `bad-nick`, `bad-line`, `not-here`
 * @throws {ChannelError} `unreachable`, `refused`, `untrusted-certificate`, `proxy-refused`, `aborted`
 * @example
 * const connection = await connectIrc({ host: "irc.example.org", nick: "ada" })
 * const kitchen = await connection.join("#kitchen")
 * const transport = ircTransport(kitchen)
 */
export function connectIrc(options: IrcOptions): Promise<IrcConnection> {
  const where = hostAndPort(options.host, portOf(options))
  const plan: ConnectionPlan = {
    address: `${(options.tls ?? true) ? "ircs" : "irc"}://${where}`,
    where,
    isRegistered: false,
    dial: (signal) => dialSocket(options, signal),
  }
  return start(plan, options)
}

/**
 * The same through a gateway that relays lines of IRC over a WebSocket, also in browsers.
 *
 * @throws {UsageError} `bad-url`, `bad-nick`, `bad-line`, `missing-peer`
 * @throws {ChannelError} `unreachable`, `refused`, `untrusted-certificate`, `aborted`
 * @example
 * const connection = await connectIrcWebSocket({ url: "wss://example.org/irc", nick: "ada" })
 */
export async function connectIrcWebSocket(options: IrcWebSocketOptions): Promise<IrcConnection> {
  const url = URL.canParse(options.url) ? new URL(options.url) : null
  if (!url || !/^wss?:$/.test(url.protocol) || url.hash !== "") {
    // The text itself stays out of the sentence: it may contain a secret.
    throw new UsageError("bad-url", "Expected a URL like wss://example.org/irc.")
  }
  const address = `${url.protocol}//${url.host}${url.pathname}`
  const callee = { what: "IRC gateway", where: url.host }
  const plan: ConnectionPlan = {
    address: address.replace(/\/$/, ""),
    where: url.host,
    isRegistered: false,
    dial: (signal) => dialWebSocket(url, callee, signal),
  }
  return start(plan, options)
}

/** One channel, and how it is used. */
export interface IrcTransportOptions extends IrcOptions, JoinOptions {
  /** As in `#kitchen`. */
  readonly channel: string
  readonly transport?: TextTransportOptions
}

/**
 * Connects to an IRC server for one channel: {@link connectIrc}, `join` and {@link ircTransport} in one.
 * The connection ends with the transport.
 *
 * @throws {UsageError} `bad-channel`, and as `connectIrc`
 * @throws {ChannelError} as `connectIrc` and `join`
 * @example
 * const url = parseIrcUrl("ircs://ada@irc.example.org/#kitchen")
 * const transport = await connectIrcTransport({ ...url, nick: "ada", channel: "#kitchen" })
 */
export async function connectIrcTransport(options: IrcTransportOptions): Promise<Transport> {
  checkChannel(options.channel, options.key)
  const connection = await connectIrc(options)
  const release = (): Promise<void> => connection.close()
  const channel = connection.channel(options.channel, options)
  try {
    if (connection.status === "open") await untilOpen(channel)
  } catch (error) {
    await release()
    throw error
  }
  return new TextTransport(channel, options.transport ?? {}, release)
}

/** What is known of a link on which another program introduced itself. */
export interface AttachOptions extends Pick<IrcUserOptions, "pace" | "pingMs" | "clock"> {
  /** What the network calls us now. */
  readonly nick: string
  /** For people, without a secret. Default `irc://attached`. */
  readonly address?: string
}

/**
 * Uses a connection that another program made and keeps: nothing is registered, and when the link is
 * lost the connection is closed.
 *
 * @throws {UsageError} `bad-nick`
 * @example
 * const connection = await attachIrc(link, { nick: "ada" })
 */
export async function attachIrc(link: IrcLink, options: AttachOptions): Promise<IrcConnection> {
  let isUsed = false
  const plan: ConnectionPlan = {
    address: options.address ?? "irc://attached",
    where: "irc://attached",
    isRegistered: true,
    async dial() {
      if (!isUsed) {
        isUsed = true
        return link
      }
      throw new ChannelError("closed", "The connection that we were attached to is over.")
    },
  }
  return start(plan, options)
}

async function start(plan: ConnectionPlan, options: IrcUserOptions): Promise<IrcConnection> {
  check(options)
  const { signal, waitForServer = false } = options
  if (signal?.aborted) throw givenUp(signal)
  const connection = new Connection(plan, options)
  const giveUp = (): void => void connection.close()
  signal?.addEventListener("abort", giveUp)
  try {
    const opened = connection.open(waitForServer)
    if (!waitForServer) await opened
    else opened.catch(() => {}) // told by the `closed` event and by every `send`
    return connection
  } catch (error) {
    throw signal?.aborted ? givenUp(signal) : error
  } finally {
    signal?.removeEventListener("abort", giveUp)
  }
}

/** What ends up in lines of ours must not become two lines, or more words than one. */
function check({ nick, username, realName, serverPassword, sasl, ...rest }: IrcUserOptions): void {
  if (!isNick(nick)) {
    throw new UsageError(
      "bad-nick",
      "A nick begins with a letter and has no spaces, : ! @ or commas.",
    )
  }
  const words = [username, ...(rest.capabilities ?? [])]
  const texts = [realName, serverPassword, sasl?.account, sasl?.password]
  const isBad =
    words.some((word) => word !== undefined && /[\s\0@:]|^$/.test(word)) ||
    texts.some((text) => text !== undefined && /[\r\n\0]/.test(text))
  if (isBad) {
    throw new UsageError(
      "bad-line",
      "A user name has no spaces, @ or colons, and no name or password a line break.",
    )
  }
}

function givenUp(signal: AbortSignal): ChannelError {
  return new ChannelError("aborted", "Connecting was given up.", { cause: signal.reason })
}
