export { login } from "./client-login.js"
export { moveSession, type MoveSessionOptions } from "./client-move.js"
export { openSession, openSessions } from "./client-opening.js"
export { register } from "./client-registration.js"
export { LoginSession } from "./client.js"
export type {
  ChangePasswordOptions,
  Device,
  Fetch,
  LoginOptions,
  LoginProgress,
  OfferedServer,
  OpenSessionOptions,
  RegisterOptions,
  SessionStatus,
} from "./client-types.js"
