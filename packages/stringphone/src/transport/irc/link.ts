import type { ChannelError } from "../../bytes/index.js"

/**
 * Lines to one server and back, over a socket, a WebSocket or another program's connection. It knows
 * nothing of what the lines mean.
 */
export interface IrcLink {
  /** Hands one line over, without its line break. */
  send(line: string): void
  /** Every line that arrives, without its line break. One listener, set before anything arrives. */
  onLine(listener: (line: string) => void): void
  /** Resolves, once, when the link is over, whoever ended it. */
  readonly lost: Promise<ChannelError>
  /** Lets go of what is written, then ends the link; soon, even if the server is silent. */
  close(): Promise<void>
}

/**
 * One attempt to open a link.
 * @throws {ChannelError} the reason; when `signal` aborts, `unreachable`
 */
export type DialIrc = (signal: AbortSignal) => Promise<IrcLink>
