export { closedDiscovery, maxOffers, maxRequests, stepDiscovery } from "./discovery.js"
export type {
  DiscoveryEffect,
  DiscoveryEvent,
  DiscoveryState,
  Heard,
  JoinRequest,
  Offer,
} from "./discovery.js"
export {
  BadSignatureError,
  DecryptionError,
  IntroductionError,
  IntroductionReplyError,
  MalformedMessageError,
  MissingTopicKeyError,
  UntrustedKeyError,
} from "./errors.js"
export { generateSigningKeySeed, generateTopicKey, participantId } from "./keys.js"
export type { ParticipantId, PublicKey, SigningKeySeed, TopicKey } from "./keys.js"
export { Message } from "./message.js"
export type { MessageType } from "./message.js"
export { Topic, verifyIntroduction } from "./topic.js"
export type { DecodeOptions, Participant, TopicOptions } from "./topic.js"
export type { Introduction } from "./wire/introduction.js"
