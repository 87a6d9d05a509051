export { decodePairingCode, encodePairingCode, makePairingCode, pairingKeyHash } from "./code.js"
export type { PairingCode, PairingRole } from "./code.js"
export { comparisonOf } from "./comparison.js"
export type { Comparison } from "./comparison.js"
export { emojiList } from "./emoji.js"
export type { ComparedEmoji } from "./emoji.js"
export { closedHost, hostWakesAtMs, stepHost } from "./host.js"
export type { HostEffect, HostEvent, HostState } from "./host-state.js"
export { idleJoiner, joinerWakesAtMs, stepJoiner } from "./joiner.js"
export type { EndReason, JoinerEffect, JoinerEvent, JoinerState } from "./joiner-state.js"
export { comparisonMs, defaultWindowMs, maxFailures, maxWaiting, maxWindowMs } from "./limits.js"
export { makeInvitation, makeJoinRequest, openInvitation, openJoinRequest } from "./offline.js"
export type {
  HostFields,
  HostProfile,
  JoinerFields,
  JoinerProfile,
  PeerProfile,
} from "./profile.js"
export type { CardSigner, HostContext, JoinerContext } from "./signer.js"
export { isPairingMessage } from "./window.js"
export type { CancelReason } from "./wire/cancellation.js"
