export { ClassicTopicSession, openClassicTopic } from "./classic-topic.js"
export type {
  ClassicTopicEvent,
  ClassicTopicOptions,
  TopicSendOptions,
  TopicMessage,
} from "./classic-topic-events.js"
export type { Acceptance } from "./trust.js"
