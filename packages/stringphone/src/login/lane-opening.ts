import type { Identity } from "../identity/index.js"
import type { LoginErrorName } from "./error-codes.js"
import { errorAnswer } from "./error-proof.js"
import type { AnsweringKeys } from "./generation-keys.js"
import { LaneKeys } from "./lane-keys.js"
import { type Lane, type LaneTable, takeLane } from "./lane-table.js"
import { endedAnswer, type FoundSession, keysNamed } from "./server-generations.js"
import { generationsOf, isGenerationLiving, isSessionLiving, takeOffer } from "./session-record.js"
import { encodeLane } from "./wire/lane.js"
import { decodeOpenLane, provesOpenLane } from "./wire/open-lane.js"

export interface LaneCircumstances {
  readonly nowMs: number
  readonly server: Identity
  /** 16 random bytes, should there be a new lane. */
  readonly newLane: Uint8Array
}

/** What to save before the answer is sent, and the lanes from now on. */
export interface LaneStep extends FoundSession {
  readonly table: LaneTable
  /** `null`: there is none. */
  readonly opened: { readonly lane: Lane; readonly keys: LaneKeys } | null
  readonly closed: readonly Lane[]
  readonly answer: Uint8Array
  readonly event: "opened" | "repeated" | "refused"
}

/**
 * A request for a lane came. Pure, as `refreshSession` is. spec/login.md §5
 *
 * @throws {PeerError} `malformed`
 */
export function openLane(
  found: FoundSession,
  table: LaneTable,
  request: Uint8Array,
  { newLane, nowMs, server }: LaneCircumstances,
): LaneStep {
  const asked = decodeOpenLane(request)
  const { record } = found
  const refuse = (answer: Uint8Array): LaneStep => {
    const nothing = { retired: null, opened: null, closed: [], event: "refused" } as const
    return { ...nothing, record, table, answer }
  }
  const refuseAs = (name: LoginErrorName, by: AnsweringKeys | null): LaneStep =>
    refuse(errorAnswer(request, name, by?.errorKey ?? server))
  if (record?.state !== "living") {
    return refuse(endedAnswer(record, asked.generation, request, server))
  }
  const keys = keysNamed(found, asked.generation)
  if (!keys || !provesOpenLane(request, keys.laneOpeningKey)) return refuseAs("denied", keys)
  if (!isSessionLiving(record, nowMs)) return refuseAs("revoked", keys) // [LOGIN-6-6]
  const isFirstUse = record.offered !== null && asked.generation > record.generation
  const taken = isFirstUse ? takeOffer(record, record.offered, nowMs) : { record, retired: null } // [LOGIN-6-3]
  const isLiving = (one: number): boolean => isGenerationLiving(taken.record, one, nowMs)
  const generation = generationsOf(record).find((one) => one.generation === asked.generation)
  if (!generation || !isLiving(asked.generation)) return refuseAs("expired", keys) // [LOGIN-5-6]
  const { closed, isRepeated, lane, table: next } = takeLane(table, asked, newLane, isLiving)
  return {
    ...taken,
    table: next,
    opened: { lane, keys: new LaneKeys(generation, lane.id) },
    closed,
    answer: encodeLane(lane.id, request, keys.laneOpeningKey),
    event: isRepeated ? "repeated" : "opened",
  }
}
