import type { Clock } from "../clock.js"
import type { BackoffOptions } from "../reconnect.js"
import type { TransportStatus } from "../port.js"
import type { ChannelError } from "../../bytes/index.js"
import type { TextChannel, SendLineOptions } from "../text-channel.js"
import type { IrcServer } from "./server.js"

/** Who we are on the network, and how we treat it. */
export interface IrcUserOptions {
  /** The nick that we would like. In use: `nick_`, `nick__` …, until it is free again. */
  readonly nick: string
  /** The middle of `nick!username@host`. Default: the nick. */
  readonly username?: string
  /** For people. Default: the nick. */
  readonly realName?: string
  /** The password of the server (`PASS`), not of an account. */
  readonly serverPassword?: string
  /** Logs in to an account with SASL PLAIN; the connection fails where that does not succeed. */
  readonly sasl?: { readonly account: string; readonly password: string }
  /** How fast lines are sent. Default: what the kind of the server can take. */
  readonly pace?: IrcPace
  /** IRCv3 capabilities to ask for beside those we use ourselves. */
  readonly capabilities?: readonly string[]
  /** The server is asked for a sign of life after so much silence. Default 30 000 ms. */
  readonly pingMs?: number
  /** The pauses between attempts to reconnect. */
  readonly backoff?: BackoffOptions
  /** One attempt to connect takes no longer than this. Default 20 000 ms. */
  readonly connectTimeoutMs?: number
  /** Do not fail when no server answers yet: return at once and keep trying. Default false. */
  readonly waitForServer?: boolean
  /** Gives up the first attempt to connect. Once connected it has no effect. */
  readonly signal?: AbortSignal
  readonly clock?: Clock
}

/** Where to connect, and as whom. */
export interface IrcOptions extends IrcUserOptions {
  readonly host: string
  /** Default 6697 with TLS, 6667 without. */
  readonly port?: number
  /** `false`: everybody between us and the server reads along who talks where. Default true. */
  readonly tls?: boolean
  /** PEM text of the authority that signed the server's certificate. */
  readonly ca?: string
  /** `false` accepts any certificate. Default true. */
  readonly rejectUnauthorized?: boolean
  /** A SOCKS5 proxy that the connection goes through; it resolves the server's name too, as Tor does. */
  readonly proxy?: SocksProxy
}

export interface SocksProxy {
  readonly host: string
  readonly port: number
  readonly username?: string
  readonly password?: string
}

/** A gateway that relays lines of IRC over a WebSocket. */
export interface IrcWebSocketOptions extends IrcUserOptions {
  /** `ws://…` or `wss://…`; what stands after `?` is not shown in `address`. */
  readonly url: string
}

/** At first `burst` lines at once, then `linesPerSecond`; while quiet, the burst fills up again. */
export interface IrcPace {
  readonly burst: number
  readonly linesPerSecond: number
}

/** One connection to a network, with any number of channels on it. */
export interface IrcConnection {
  /** As in `ircs://irc.example.org:6697`. */
  readonly address: string
  readonly status: TransportStatus
  /** What the network calls us at this moment. */
  readonly nick: string
  /** What the server told of itself. */
  readonly server: IrcServer
  /**
   * Joins, and comes back after a reconnection; after a kick it does not: `closed`, with the reason.
   * At once, with status `connecting`; the same object while it is not closed.
   *
   * @throws {UsageError} `bad-channel`
   */
  channel(name: string, options?: JoinOptions): IrcTextChannel
  /**
   * Joins, and resolves when we are in.
   * @throws {UsageError} `bad-channel` @throws {ChannelError} `refused`, `closed`
   */
  join(name: string, options?: JoinOptions): Promise<IrcTextChannel>
  /**
   * Sends a line of IRC for which there is no other word, in its turn.
   * @throws {UsageError} `bad-line`, `line-too-long` @throws {ChannelError} `closed`, `aborted`
   */
  sendLine(line: string, options?: SendIrcLineOptions): Promise<void>
  /** Every line from the server, as it came. @returns a function that stops it. */
  onLine(listener: (line: string) => void): () => void
  /** Asks for another nick; kept in mind for reconnections. @throws {UsageError} `bad-nick` */
  changeNick(nick: string): void
  /** @returns a function that stops it. */
  onEvent(listener: (event: IrcConnectionEvent) => void): () => void
  /** Says goodbye and ends all channels. May be called twice. */
  close(farewell?: string): Promise<void>
}

export type IrcConnectionEvent =
  | { readonly kind: "status"; readonly status: TransportStatus; readonly error?: ChannelError }
  /** We go by another name now. */
  | { readonly kind: "nick"; readonly nick: string }

export interface JoinOptions {
  /** The channel's key (mode +k). */
  readonly key?: string
}

export interface SendIrcLineOptions {
  readonly signal?: AbortSignal
  /** `control` goes before everything that is `chat`, the default. */
  readonly urgency?: Urgency
}

/** What goes first; within one urgency the channels take turns. */
export type Urgency = "control" | "chat"

/** A channel of IRC. */
export interface IrcTextChannel extends TextChannel {
  /** As in `#kitchen`. */
  readonly name: string
  send(text: string, options?: SendIrcTextOptions): Promise<void>
}

export interface SendIrcTextOptions extends SendLineOptions {
  readonly urgency?: Urgency
}
