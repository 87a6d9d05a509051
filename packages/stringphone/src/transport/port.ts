import type { ChannelError } from "../bytes/index.js"
import type { LeaveReason } from "./text-channel.js"

/**
 * A channel: bytes in, bytes out, trusted with nothing. One transport is one channel (an MQTT
 * topic, a socket, an IRC channel); whoever is on it may read, drop, change, repeat and invent.
 */
export interface Transport {
  /** For people: which channel this is, without any secret, as in `mqtt://host:1883/garden`. */
  readonly address: string
  readonly capabilities: TransportCapabilities
  readonly status: TransportStatus

  /** Who is there now besides us, as far as the channel has said; only with `capabilities.presence`. */
  readonly present?: readonly string[]

  /**
   * Hands one message to the channel. Resolves when the channel took it (for MQTT QoS 1: when the
   * broker acknowledged), waits while the channel is reconnecting or its buffers are full.
   *
   * @throws {UsageError} `message-too-large` above `capabilities.maxMessageBytes`; `bad-slot`
   * @throws {ChannelError} `closed`, `aborted`, `send-failed`: it was not sent, or nobody knows
   */
  send(bytes: Uint8Array, options?: SendOptions): Promise<void>

  /**
   * Everything that arrives, once, in the order of arrival; ends when the transport is closed.
   * One reader only. While the reader does not ask for more, the transport stops reading from the
   * channel where it can; where it cannot, it drops the oldest and counts them in `dropped`.
   */
  readonly messages: AsyncIterable<IncomingMessage>

  /** Called at every change of `status` and every notice. @returns a function that stops it. */
  onEvent(listener: (event: TransportEvent) => void): () => void

  /** Ends `messages`, stops reconnecting, rejects what is waiting to be sent. May be called twice. */
  close(): Promise<void>
}

export interface SendOptions {
  /** Only where `capabilities.addressed`: this receiver alone. */
  readonly to?: string
  /** Gives up waiting (for a reconnection, for room in a buffer). */
  readonly signal?: AbortSignal
  /**
   * Only where `capabilities.retained`, and nothing elsewhere or together with `to`: the channel
   * keeps the last message sent with this word and gives it to everyone who connects later. A word
   * of 1 to 32 of a–z, 0–9 and `-`. An empty message clears the slot and arrives nowhere.
   */
  readonly retain?: string
}

export interface IncomingMessage {
  readonly bytes: Uint8Array
  /** The sender as the channel names it. Not authenticated: for display and replies only. */
  readonly from: string | null
  /** The channel had kept it: it was sent before we connected, nobody knows how long before. */
  readonly retained?: true
}

export interface TransportCapabilities {
  /** Largest message `send` takes, in bytes. */
  readonly maxMessageBytes: number
  /** Messages of one sender arrive in the order in which they were sent, while connected. */
  readonly ordered: boolean
  /** Incoming messages carry `from`, and `send` takes `to`. */
  readonly addressed: boolean
  /** The channel reports who comes and goes (`joined`, `left` events). */
  readonly presence: boolean
  /** The channel sends our own messages back to us. */
  readonly echo: boolean
  /**
   * The channel keeps the last message of each slot: `send` takes `retain`. What it kept arrives
   * at every connection, so at a reconnection once more. Default false.
   */
  readonly retained?: boolean
}

/** `reconnecting`: was open, or never came up; trying again with growing pauses. */
export type TransportStatus = "connecting" | "open" | "reconnecting" | "closed"

export type TransportEvent =
  | { readonly kind: "status"; readonly status: TransportStatus; readonly error?: ChannelError }
  | { readonly kind: "dropped"; readonly count: number }
  /** One of several channels failed, while the others carry on. `address` says which. */
  | { readonly kind: "trouble"; readonly address: string; readonly error: ChannelError }
  | { readonly kind: "joined"; readonly who: string }
  | {
      readonly kind: "left"
      readonly who: string
      /** Why we ended that one's connection, if it was us. */
      readonly error?: ChannelError
      /** Nothing: not known. */
      readonly reason?: LeaveReason
    }
  /** Somebody goes by another name from now on. */
  | { readonly kind: "renamed"; readonly who: string; readonly to: string }
  /** A line of text on the channel that is none of our messages: readable by all, written by anybody. */
  | { readonly kind: "cleartext"; readonly who: string; readonly text: string }
