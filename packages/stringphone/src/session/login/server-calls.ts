import {
  isGenerationLiving,
  isSessionLiving,
  type LoginErrorName,
  scopesNow,
} from "../../login/index.js"
import { idText, type ServerContext } from "./server-context.js"
import type { HeldLane } from "./server-lanes.js"
import type { LoadedSession } from "./server-sessions.js"
import type { Caller, CallMode } from "./server-types.js"

/** A call whose number is used: it may be acted on. */
export interface TakenCall<T> {
  readonly kind: "taken"
  readonly opened: T
  readonly session: LoadedSession
  readonly caller: Caller
}

export type CallResult<T> =
  | TakenCall<T>
  /** Not acted on; `lane`: proves the error, `null`: there is none. */
  | { readonly kind: "refused"; readonly name: LoginErrorName; readonly lane: HeldLane | null }

/** What both modes have in common: a lane, a number, a session that lives. */
export class ServerCalls {
  readonly #context: ServerContext

  constructor(context: ServerContext) {
    this.#context = context
  }

  /**
   * @param open checks the call with the lane's keys, and only then uses its number, all in one turn; it may
   *   be asked again, with another lane object
   * @throws what `open` throws, and {ChannelError}
   */
  async take<T>(
    lane: Uint8Array,
    mode: CallMode,
    open: (lane: HeldLane) => T | LoginErrorName,
  ): Promise<CallResult<T>> {
    const { lanes, sessions, wallClock } = this.#context
    for (;;) {
      const held = await lanes.find(lane)
      if (!held) return { kind: "refused", name: "unknown-lane", lane: null } // [LOGIN-5-4]
      const session = await sessions.load(held.generation.session, held.login)
      const opened = open(held)
      if (typeof opened === "string") return this.#refused(opened as LoginErrorName, held)
      const nowMs = wallClock()
      if (!session) return this.#refused("revoked", held)
      // Also of what is refused: the number is never fresh again, whatever date it was. [LOGIN-5-3]
      if (!(await lanes.keep(held, session, nowMs))) continue
      const name = endOf(session, held, nowMs)
      if (name) return this.#refused(name, held)
      return { kind: "taken", opened, session, caller: callerIn(session, mode) }
    }
  }

  #refused(name: LoginErrorName, lane: HeldLane): CallResult<never> {
    const session = idText(lane.generation.session)
    this.#context.tell({ kind: "call-refused", session, reason: name })
    return { kind: "refused", name, lane }
  }
}

function endOf(
  { record }: LoadedSession,
  { generation }: HeldLane,
  nowMs: number,
): LoginErrorName | null {
  if (record.state !== "living" || !isSessionLiving(record, nowMs)) return "revoked" // [LOGIN-6-6]
  return isGenerationLiving(record, generation.generation, nowMs) ? null : "expired" // [LOGIN-5-6]
}

function callerIn({ entry, id, record, user }: LoadedSession, mode: CallMode): Caller {
  const ofUser = user?.value.scopes ?? []
  const scopes = record.state === "living" ? scopesNow(record, ofUser) : [] // [LOGIN-6-7]
  const { device, login } = entry
  return Object.freeze({
    login,
    session: idText(id),
    device,
    scopes: Object.freeze([...scopes]),
    mode,
  })
}
