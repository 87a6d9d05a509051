export { type Clock, systemClock } from "./clock.js"
export type { HubOptions, ListeningTransport } from "./hub.js"
export type { InboxLimits } from "./inbox.js"
export type { LinkOptions } from "./link.js"
export type { BacklogLimits } from "./outbox.js"
export type { BackoffOptions } from "./reconnect.js"
export type {
  IncomingMessage,
  SendOptions,
  Transport,
  TransportCapabilities,
  TransportEvent,
  TransportStatus,
} from "./port.js"
export type { LeaveReason, SendLineOptions, TextChannel, TextChannelEvent } from "./text-channel.js"
