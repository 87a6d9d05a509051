/** Topics of our own over a store and a channel: what most programs need. */
export * from "./topic/index.js"
export * from "./topic/pairing/index.js"
export { Identity } from "./identity/index.js"
export {
  openTopic,
  type OpenTopicOptions,
  Pairing,
  type PairingDecision,
  type PairingOptions,
  type PairingOutcome,
  type PairingRequest,
  type ReceivedMessage,
  type SendTopicOptions,
  StoredTopic,
  type StoredTopicOptions,
  type TopicEvent,
  type TopicSender,
  TopicSession,
} from "./session/index.js"
