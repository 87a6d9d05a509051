export { callerOfNode, protectNode } from "./node-exchange.js"
export { fetchOf } from "./node-fetch.js"
export { nodeListener, type NodeListener, type NodeListenerOptions } from "./node-listener.js"
export type { Caller, CallMode, ProtectOptions, RequestInfo } from "./server-types.js"
