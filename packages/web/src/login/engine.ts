// Loaded when somebody opens the tab: it brings WebAssembly, and the page begins without.
export { readInvitationText } from "stringphone/login"
export { login, openSession, openSessions, register } from "stringphone/session/login"
