export type {
  Decoded,
  DecodedBundle,
  DecodedControl,
  DecodedMessage,
  DecodedRekey,
  Origin,
  RequestAnswer,
} from "./decoded.js"
export { cut, Reassembly } from "./fragments.js"
export { decodeFragment } from "./wire/fragment.js"
export type { Fragment } from "./wire/fragment.js"
export type { FreshnessOptions } from "./freshness.js"
export type { Gap } from "./receiving-keys.js"
export type { Admission, RosterChange } from "./roster-change.js"
export type { Signer } from "./signer.js"
export type { RekeyKeyPair } from "./slot.js"
export { newRekeyKey } from "./own-rekey-keys.js"
export { RejectedMessage } from "./decoded.js"
export { Topic } from "./topic.js"
export type {
  CreateTopicOptions,
  DecodeOptions,
  JoinTopicOptions,
  RestoreTopicOptions,
  SavedTopic,
  TopicSnapshot,
} from "./topic-options.js"
export type { Control } from "./wire/control.js"
export type { KeyRequest } from "./wire/key-request.js"
export type { Participant } from "./wire/rekey.js"
