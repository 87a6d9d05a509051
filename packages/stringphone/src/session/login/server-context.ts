import { base64url } from "../../bytes/index.js"
import type { Lifetimes, RandomBytes } from "../../login/index.js"
import type { Store } from "../../store/index.js"
import { report } from "../isolated.js"
import type { AttemptKeeper } from "./server-attempts.js"
import type { BodyBudget } from "./server-body.js"
import type { LaneKeeper } from "./server-lanes.js"
import type { ServerLimits } from "./server-limits.js"
import type { ServerRealms } from "./server-realms.js"
import type { ServerSessions } from "./server-sessions.js"
import type { LoginServerEvent } from "./server-types.js"
import type { ServerUsers } from "./server-users.js"

/** What the parts of a server share. */
export interface ServerContext {
  readonly store: Store
  readonly base: string
  /** In lower case; `null`: any. */
  readonly authorities: ReadonlySet<string> | null
  readonly realms: ServerRealms
  readonly users: ServerUsers
  readonly sessions: ServerSessions
  /** Of one user that live at once. */
  readonly mostSessions: number
  readonly lanes: LaneKeeper
  readonly attempts: AttemptKeeper
  readonly limits: ServerLimits
  readonly bodies: BodyBudget
  readonly lifetimes: Lifetimes
  readonly wallClock: () => number
  readonly random: RandomBytes
  /** A listener's mistake is its own. */
  readonly tell: (event: LoginServerEvent) => void
}

export function teller(
  onEvent: ((event: LoginServerEvent) => void) | undefined,
): (event: LoginServerEvent) => void {
  return (event) => {
    try {
      onEvent?.(event)
    } catch (error) {
      report(error)
    }
  }
}

export function dayOf(nowMs: number): number {
  return Math.floor(nowMs / 86_400_000)
}

export function idText(id: Uint8Array): string {
  return base64url(id)
}
