export type { Commit, Entry, Store } from "./port.js"
export { update } from "./update.js"
