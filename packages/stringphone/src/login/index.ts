export type { AcceptedLogin, WelcomeFields } from "./accepted-login.js"
export { ClientLogin } from "./client-login.js"
export type { ClientLoginOptions, FinishOptions, KnownSession } from "./client-login.js"
export { ClientRecord } from "./client-record.js"
export { ClientRegistration } from "./client-registration.js"
export type { ClientRegistrationOptions, Registered } from "./client-registration.js"
export type { RecordTerms } from "./handshake-keys.js"
export { invitationId, invitationText, readInvitationText } from "./invitation.js"
export type { Invitation } from "./invitation.js"
export type { LoggedIn } from "./logged-in.js"
export { decodeLoginRecord, encodeLoginRecord } from "./login-record.js"
export type { LoginRecord, RecordOffer } from "./login-record.js"
export {
  areScopes,
  takeDeviceName,
  takeLogin,
  takePassword,
  takeRealm,
  takeScopes,
} from "./names.js"
export { opaqueReady } from "./opaque.js"
export type { OpaqueIdentities } from "./opaque.js"
export { defaultPrice, maximumPrice, minimumPrice } from "./price.js"
export type { Price, PriceBounds } from "./price.js"
export type { RandomBytes } from "./random-bytes.js"
export { ServerLogin } from "./server-login.js"
export type { AskedLogin, ChallengedLogin, LoginAttempt } from "./server-login.js"
export { ServerRealm } from "./server-realm.js"
export type { ServerRealmOptions } from "./server-realm.js"
export { ServerRegistration } from "./server-registration.js"
export type {
  BegunRegistration,
  FinishedRegistration,
  InvitationState,
  OpenedRegistration,
} from "./server-registration.js"
export { ServerSetups } from "./server-setup.js"
export { decodeChallenge } from "./wire/challenge.js"
export type { Challenge } from "./wire/challenge.js"
export type { SessionTerms } from "./wire/session-terms.js"

export { loginErrors } from "./error-codes.js"
export type { LoginErrorName } from "./error-codes.js"
export { callHeadBytes, errorAnswer, isError, readError, unreadCallAnswer } from "./error-proof.js"
export type { ErrorProver, ErrorTrust, ProvenError } from "./error-proof.js"
export { errorKey, knownDeviceKey } from "./generation-keys.js"
export type { Generation } from "./generation-keys.js"

export { ClientLane, completeLane, requestLane } from "./client-lane.js"
export { LaneKeys } from "./lane-keys.js"
export { openLane } from "./lane-opening.js"
export type { LaneCircumstances, LaneStep } from "./lane-opening.js"
export { mostLanes, takeLane, useLane } from "./lane-table.js"
export type { Lane, LaneTable, TakenLane } from "./lane-table.js"
export { LaneWindow, windowNumbers } from "./lane-window.js"
export type { CallNumberState } from "./lane-window.js"
export { decodeOpenLane } from "./wire/open-lane.js"
export type { OpenLane, ReadOpenLane } from "./wire/open-lane.js"

export { beginRefresh, completeRefresh } from "./client-refresh.js"
export type { ClientSession, KnownServer, PendingRefresh, RefreshResult } from "./client-refresh.js"
export { endedAnswer, refreshSession } from "./server-generations.js"
export type { FoundSession, RefreshCircumstances, SessionStep } from "./server-generations.js"
export {
  currentGeneration,
  endSession,
  generationsOf,
  isForgotten,
  isGenerationLiving,
  isSessionLiving,
  newSession,
  retireFormer,
  scopesNow,
  usualLifetimes,
} from "./session-record.js"
export type {
  EndedSession,
  EndReason,
  Former,
  Lifetimes,
  Offer,
  RetiredGeneration,
  SessionRecord,
} from "./session-record.js"
export { decodeRefresh } from "./wire/refresh.js"
export type { ReadRefresh, Refresh } from "./wire/refresh.js"

export { mostContentBytes } from "./binary-http/index.js"
export type { BinaryFields, BinaryRequest, BinaryResponse } from "./binary-http/index.js"
export {
  laneOfCall,
  openAnswer,
  openCall,
  OpenedCall,
  sealAnswer,
  sealCall,
} from "./sealed-calls.js"
export type { SentCall, ServerLane } from "./sealed-calls.js"
export { mostRequestBytes } from "./wire/sealed-call.js"

export {
  normalAuthority,
  readCallSignature,
  readErrorName,
  readErrorSeconds,
  signAnswer,
  signCall,
  errorAnswer as signedErrorAnswer,
  signServerError,
  verifyAnswer,
  verifyCall,
} from "./signatures/index.js"
export type {
  Answer,
  AnswerHead,
  AnswerKeys,
  Call,
  CallProof,
  CallSignature,
  Fields,
  RequestHead,
  ServerSigningKey,
  SignedCall,
  SigningLane,
  VerifiedAnswer,
  VerifiedCall,
} from "./signatures/index.js"
