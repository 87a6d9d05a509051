import type { Clock } from "../clock.js"
import type { InboxLimits } from "../inbox.js"
import type { BacklogLimits } from "../outbox.js"
import type { ResendTiming } from "./missing-pieces.js"

/** [IRC-3-1] */
export const largestMessage: number = 128 * 1024

export interface TextTransportOptions {
  /** Largest message, either way. Default, and the most: 128 KiB. */
  readonly maxMessageBytes?: number
  /** How much may wait to be read. */
  readonly inbox?: InboxLimits
  /** How much may wait to be sent, as while reconnecting. */
  readonly backlog?: BacklogLimits
  /** Others use the channel too: closing the transport does not leave it. Default false. */
  readonly keepChannel?: boolean
  /**
   * What goes before other channels' chat, as new keys. Where some messages are urgent, those of one
   * sender can overtake each other. Default: nothing.
   */
  readonly isUrgent?: (bytes: Uint8Array) => boolean
  /** The pauses before missing pieces are asked for. */
  readonly resend?: ResendTiming
  readonly clock?: Clock
}
