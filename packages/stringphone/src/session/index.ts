export { ClassicTopicSession, openClassicTopic } from "./classic-topic.js"
export type {
  ClassicTopicEvent,
  ClassicTopicOptions,
  TopicSendOptions,
  TopicMessage,
} from "./classic-topic-events.js"
export type { Acceptance } from "./trust.js"
export { openTopic, TopicSession } from "./topic.js"
export { StoredTopic } from "./stored-topic.js"
export type { Joining, Received, StoredTopicOptions } from "./stored-topic.js"
export type { JournalEntry } from "./journal.js"
export { Pairing } from "./pairing.js"
export type {
  PairingClosed,
  PairingDecision,
  PairingEnd,
  PairingOptions,
  PairingOutcome,
  PairingRequest,
} from "./pairing.js"
export type {
  Contacts,
  OpenTopicOptions,
  ReceivedMessage,
  SendTopicOptions,
  TopicEvent,
  TopicSender,
} from "./topic-events.js"
