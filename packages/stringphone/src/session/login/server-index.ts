export { LoginServer, openLoginServer } from "./server.js"
export { callerOf, protect } from "./server-protect.js"
export type * from "./server-types.js"
