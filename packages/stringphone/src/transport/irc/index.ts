export {
  type AttachOptions,
  type IrcTransportOptions,
  attachIrc,
  connectIrc,
  connectIrcTransport,
  connectIrcWebSocket,
} from "./connect.js"
export { type IrcFrameworkClient, linkOfClient } from "./framework-link.js"
export type { IrcLink } from "./link.js"
export type { ResendTiming } from "./missing-pieces.js"
export { type IrcMessage, type IrcSource, parseIrcMessage } from "./message.js"
export type {
  IrcConnection,
  IrcConnectionEvent,
  IrcOptions,
  IrcPace,
  IrcTextChannel,
  IrcUserOptions,
  IrcWebSocketOptions,
  JoinOptions,
  SendIrcLineOptions,
  SendIrcTextOptions,
  SocksProxy,
  Urgency,
} from "./options.js"
export type { IrcServer, IrcServerKind } from "./server.js"
export { ircTransport } from "./text-transport.js"
export type { TextTransportOptions } from "./text-transport-options.js"
export { type IrcUrl, parseIrcUrl } from "./url.js"
