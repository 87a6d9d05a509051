import type { ChannelError } from "../bytes/index.js"
import type { TransportStatus } from "./port.js"

/**
 * A channel of lines of text with names and presence, as IRC has: what the transport over IRC and
 * classic rooms are built on. Trusted with nothing; names are for display and replies only.
 */
export interface TextChannel {
  /** For people: which channel this is, without any secret, as in `ircs://irc.example.org/#kitchen`. */
  readonly address: string
  readonly status: TransportStatus
  /** What the channel calls us at this moment. */
  readonly ownName: string
  /** Who is there, ourselves included; empty while not connected. */
  readonly names: readonly string[]
  /**
   * Longest text that arrives whole, in bytes of UTF-8, computed from our own prefix as the server
   * shows it to others. `to`: for a line to this one alone.
   */
  maxLineBytes(to?: string): number
  /**
   * Sends one line at the pace that the server allows. Resolves when it was handed to the server,
   * waits while the channel is reconnecting.
   *
   * @throws {UsageError} `line-too-long`, `bad-line` (it has a line break or NUL)
   * @throws {ChannelError} `closed`, `aborted`, `send-failed`, `not-connected` (`to` is not there)
   */
  send(text: string, options?: SendLineOptions): Promise<void>
  /** @returns a function that stops it. */
  onEvent(listener: (event: TextChannelEvent) => void): () => void
  /** Leaves the channel; rejects what is waiting to be sent. May be called twice. */
  close(): Promise<void>
}

export interface SendLineOptions {
  /** This one alone, by name. */
  readonly to?: string
  readonly signal?: AbortSignal
}

export type TextChannelEvent =
  | { readonly kind: "status"; readonly status: TransportStatus; readonly error?: ChannelError }
  /** `isPrivate`: to us alone. Own lines do not come back. */
  | {
      readonly kind: "line"
      readonly from: string
      readonly text: string
      readonly isPrivate: boolean
    }
  | { readonly kind: "joined"; readonly who: string }
  | { readonly kind: "left"; readonly who: string; readonly reason: LeaveReason }
  /** Somebody, or we ourselves (`isSelf`), goes by another name from now on. */
  | {
      readonly kind: "renamed"
      readonly who: string
      readonly to: string
      readonly isSelf: boolean
    }

/**
 * `parted`: left this channel. `kicked`: was put out of it. `quit`: its connection ended.
 * `netsplit`: two servers lost each other, it may be there still.
 */
export type LeaveReason = "parted" | "kicked" | "quit" | "netsplit"
