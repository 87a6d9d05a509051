import type { ChannelError } from "../../bytes/index.js"
import type { Clock, Transport, TransportEvent, TransportStatus } from "../../transport/index.js"
import type { MailHub } from "./hub.js"

export interface BackboneOptions {
  readonly hub: MailHub
  /** Keeps messages for those who are away, as `connectNats` with `backboneStream`; closed with the backbone. */
  readonly transport: Transport
  /** Not waited for; what it throws is shown as an error of an event listener is. */
  readonly onEvent?: (event: BackboneEvent) => void | Promise<void>
  readonly clock?: Clock
}

export type BackboneEvent =
  /** Stored, and new to this hub. */
  | { readonly kind: "received"; readonly id: Uint8Array }
  /** Larger than the channel takes; it does not go this way. */
  | { readonly kind: "too-large"; readonly id: Uint8Array }
  /** It is tried again. */
  | { readonly kind: "trouble"; readonly error: ChannelError }
  | { readonly kind: "transport"; readonly event: TransportEvent }

/** A snapshot; counts are those since the opening. */
export interface BackboneStatus {
  readonly address: string
  readonly transport: TransportStatus
  /** The name under which the hub charges what comes this way. */
  readonly link: string
  readonly published: number
  /** To be published. */
  readonly waiting: number
  readonly tooLarge: number
  /** New to this hub. */
  readonly received: number
  /** The hub had them already. */
  readonly known: number
  /** The hub did not want them. */
  readonly refused: number
}
