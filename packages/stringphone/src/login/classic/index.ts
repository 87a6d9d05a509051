export type { StretchCost } from "../../crypto/index.js"
export type { ClassicBounds } from "./bounds.js"
export { ClassicLoginClient } from "./client.js"
export type { ClassicLoginClientOptions } from "./client.js"
export type { ClassicServerLimits } from "./limits.js"
export type { RandomBytes } from "../random-bytes.js"
export { ClassicRecord, createClassicRecord } from "./record.js"
export type { NewClassicRecord } from "./record.js"
export type { AcceptedRisks } from "./risks.js"
export { ClassicLoginServer } from "./server.js"
export type {
  ClassicCall,
  ClassicGrant,
  ClassicLoginContext,
  ClassicLoginServerOptions,
} from "./server.js"
export { ClassicSession } from "./session.js"
export type { CallArguments } from "./session.js"
