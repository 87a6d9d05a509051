import type { ServerOptions } from "node:http"

/** What one who sends slowly, or opens many connections, can take. */
export interface HttpLimits {
  readonly requestMs: number
  readonly headersMs: number
  /** How often it is looked for those who take too long. */
  readonly lookEveryMs: number
  readonly connections: number
}

export const usualHttpLimits: HttpLimits = {
  requestMs: 60_000,
  headersMs: 10_000,
  lookEveryMs: 5_000,
  connections: 1_000,
}

/** As Node names them; how many connections there may be is said to the server itself. */
export function limitOptions({ headersMs, lookEveryMs, requestMs }: HttpLimits): ServerOptions {
  return {
    requestTimeout: requestMs,
    headersTimeout: headersMs,
    connectionsCheckingInterval: lookEveryMs,
  }
}
