export { KeyRing, openKeyRing } from "./key-ring.js"
export type { OpenKeyRingOptions } from "./key-ring.js"
export type { ClassicTopicRecord } from "./records.js"
