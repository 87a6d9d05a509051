export type {
  IncomingMessage,
  SendOptions,
  Transport,
  TransportCapabilities,
  TransportEvent,
  TransportStatus,
} from "./port.js"
