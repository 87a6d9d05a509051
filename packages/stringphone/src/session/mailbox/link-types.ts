import type { RandomBytes } from "../../mailbox/hub/index.js"
import type { ChannelError } from "../../bytes/index.js"
import type { Clock, Transport, TransportEvent } from "../../transport/index.js"
import type { MailHub } from "./hub.js"

export interface HubLinkOptions {
  readonly hub: MailHub
  /** The channel to other hubs; closed together with the link. */
  readonly transport: Transport
  readonly limits?: Partial<HubLinkLimits>
  /** Not waited for; what it throws is shown as an error of an event listener is. */
  readonly onEvent?: (event: HubLinkEvent) => void | Promise<void>
  readonly clock?: Clock
  /** The operating system's generator when absent. */
  readonly randomBytes?: RandomBytes
}

export interface HubLinkLimits {
  /** How much a neighbour may send in a run before it is granted more. */
  readonly windowBytes: number
  /** The largest frame; less where the channel takes less. */
  readonly maxFrameBytes: number
  /** What was let go of at once and is more than this is left to the next run. */
  readonly maxPushBytes: number
  readonly maxPeers: number
  /** Runs at the same time. */
  readonly maxRuns: number
  /** A run in which nothing came for so long is given up. */
  readonly stallMs: number
  /** From one run with a neighbour to the next. */
  readonly runEveryMs: number
  readonly helloEveryMs: number
}

export const defaultHubLinkLimits: HubLinkLimits = {
  windowBytes: 512 * 1024,
  maxFrameBytes: 256 * 1024,
  maxPushBytes: 256 * 1024,
  maxPeers: 64,
  maxRuns: 4,
  stallMs: 30_000,
  runEveryMs: 600_000,
  helloEveryMs: 60_000,
}

export type HubLinkEvent =
  | { readonly kind: "peer"; readonly peer: string }
  | { readonly kind: "peer-left"; readonly peer: string }
  /** A run is over. */
  | { readonly kind: "run"; readonly peer: string; readonly outcome: RunOutcome }
  /** Something came that is wrong; it was dropped. */
  | {
      readonly kind: "rejected"
      /** As the channel names it; `null`: it does not. */
      readonly from: string | null
      readonly code: string
      readonly message: string
    }
  | { readonly kind: "trouble"; readonly error: ChannelError }
  | { readonly kind: "transport"; readonly event: TransportEvent }

export interface RunOutcome {
  /** Both sides have sent all that the other lacked. */
  readonly isComplete: boolean
  /** Nothing: it is complete. */
  readonly reason?:
    "stalled" | "declined" | "peer-error" | "replaced" | "left" | "closed" | "trouble"
  readonly sentParcels: number
  readonly sentBytes: number
  readonly receivedParcels: number
  readonly receivedBytes: number
  readonly reconcileBytes: number
}

/** A snapshot. */
export interface HubLinkStatus {
  readonly address: string
  /** Our own number on this channel, in hex. */
  readonly number: string
  readonly peers: readonly HubPeerStatus[]
}

export interface HubPeerStatus {
  readonly number: string
  /** The name under which it is charged. */
  readonly link: string
  readonly isRunning: boolean
  readonly completeRuns: number
}
