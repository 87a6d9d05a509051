import { hex } from "../../bytes/index.js"
import {
  type Generation,
  generationsOf,
  type LaneKeys,
  type LaneStep,
  type LaneTable,
  LaneWindow,
  useLane,
} from "../../login/index.js"
import type { SessionEntry } from "./server-session-entry.js"
import type { LoadedSession, ServerSessions } from "./server-sessions.js"

/** A lane as a call found it. Secret. */
export interface HeldLane {
  readonly id: Uint8Array
  readonly generation: Generation
  /** Of its user. */
  readonly login: string
  readonly keys: LaneKeys
  readonly window: LaneWindow
}

/** Where lanes and their windows are. A lane without its window there is none. [LOGIN-5-4] */
export interface LaneKeeper {
  find(id: Uint8Array): Promise<HeldLane | null>
  /**
   * A number of it was used. Once this is `true`, the call may be acted on.
   * @returns `false`: another server was faster, or the session has changed: find it anew
   */
  keep(lane: HeldLane, session: LoadedSession, nowMs: number): Promise<boolean>
  /**
   * Computes with the lanes of a session, saves, and is what the answer is made of.
   * @returns `null`: something has changed: load the session anew
   */
  open(
    session: LoadedSession,
    nowMs: number,
    run: (table: LaneTable) => LaneStep,
  ): Promise<LaneStep | null>
  /** @returns how many were looked at in the store */
  removeOld(prefix: string, nowMs: number): Promise<number>
  /** Without their windows they would take what came since the store was as it is now. [LOGIN-5-4] */
  forgetAll(): Promise<void>
}

interface MemoryLane extends HeldLane {
  readonly openedMs: number
  seenMs: number | null
}

/** How exactly it is told when a device was last seen. */
export const seenEveryMs = 600_000

/**
 * Lanes of this process alone. A number is used in the same turn in which it was found fresh: nothing comes
 * in between.
 */
export class LanesInMemory implements LaneKeeper {
  readonly #lanes = new Map<string, MemoryLane>()
  readonly #tables = new Map<string, LaneTable>()
  /** Keys of each user's lanes, in the same order. */
  readonly #ofUsers = new Map<string, Set<string>>()
  readonly #sessions: ServerSessions
  readonly #most: number
  readonly #longestMs: number

  /** @param longestMs that a generation lives */
  constructor(sessions: ServerSessions, { longestMs, most }: { longestMs: number; most: number }) {
    this.#sessions = sessions
    this.#most = most
    this.#longestMs = longestMs
  }

  async find(id: Uint8Array): Promise<HeldLane | null> {
    return this.#lanes.get(hex(id)) ?? null
  }

  async keep(lane: HeldLane, session: LoadedSession, nowMs: number): Promise<boolean> {
    const key = hex(lane.id)
    const held = this.#lanes.get(key)
    if (!held) return true
    const sessionKey = hex(session.id)
    this.#tables.set(sessionKey, useLane(this.#tables.get(sessionKey) ?? [], lane.id))
    this.#forget(key, held)
    this.#add(key, held)
    if (held.seenMs === null || Math.abs(nowMs - held.seenMs) > seenEveryMs) {
      held.seenMs = nowMs
      await this.#sessions.see(session.id, nowMs)
    }
    return true
  }

  async open(
    session: LoadedSession,
    nowMs: number,
    run: (table: LaneTable) => LaneStep,
  ): Promise<LaneStep | null> {
    const key = hex(session.id)
    const step = run(this.#tables.get(key) ?? [])
    const { record, retired } = step
    if (record !== session.record) {
      await this.#sessions.save(session, takenBy(step, session), retired)
      return null
    }
    if (step.table.length > 0) this.#tables.set(key, step.table)
    for (const { id } of step.closed) this.#forget(hex(id), session.entry)
    if (step.event === "opened") {
      const held = heldLane(step, session.entry.login)
      if (held) this.#add(hex(held.id), { ...held, openedMs: nowMs, seenMs: null })
      this.#dropOldest(session.entry.login)
    }
    return step
  }

  async removeOld(_prefix: string, nowMs: number): Promise<number> {
    for (const [key, lane] of this.#lanes) {
      if (Math.abs(nowMs - lane.openedMs) > this.#longestMs) this.#drop(key, lane)
    }
    return 0
  }

  async forgetAll(): Promise<void> {
    for (const all of [this.#lanes, this.#tables, this.#ofUsers]) all.clear()
  }

  /** The one that was used least recently: of this user, where it has more than its share. [LOGIN-9-4] */
  #dropOldest(login: string): void {
    const share = Math.max(1, Math.floor(this.#most / 4))
    const [own] = this.#ofUsers.get(login) ?? []
    const isGreedy = (this.#ofUsers.get(login)?.size ?? 0) > share
    const [first] = this.#lanes.keys()
    const key = isGreedy ? own : this.#lanes.size > this.#most ? first : undefined
    const lane = key === undefined ? null : this.#lanes.get(key)
    if (key !== undefined && lane) this.#drop(key, lane)
  }

  #add(key: string, lane: MemoryLane): void {
    const { login } = lane
    this.#lanes.set(key, lane)
    this.#ofUsers.set(login, (this.#ofUsers.get(login) ?? new Set()).add(key))
  }

  #forget(key: string, { login }: { readonly login: string }): void {
    this.#lanes.delete(key)
    const own = this.#ofUsers.get(login)
    if (own?.delete(key) && own.size === 0) this.#ofUsers.delete(login)
  }

  #drop(key: string, lane: MemoryLane): void {
    const { generation, id } = lane
    this.#forget(key, lane)
    const sessionKey = hex(generation.session)
    const idKey = hex(id)
    const left = (this.#tables.get(sessionKey) ?? []).filter((one) => hex(one.id) !== idKey)
    if (left.length > 0) this.#tables.set(sessionKey, left)
    else this.#tables.delete(sessionKey)
  }
}

/** A new lane, with nothing used; `null`: there is none. */
export function heldLane({ opened, record }: LaneStep, login: string): HeldLane | null {
  if (!opened || record?.state !== "living") return null
  const number = opened.lane.generation
  const generation = generationsOf(record).find((one) => one.generation === number)
  if (!generation) return null
  return { id: opened.lane.id, generation, login, keys: opened.keys, window: new LaneWindow() }
}

/** What a session becomes when its device showed that it has the next generation. [LOGIN-6-3] */
export function takenBy(
  { record }: LaneStep,
  { entry, record: before }: LoadedSession,
): Partial<SessionEntry> {
  if (!record || record === before) return {}
  return { record, serverKey: entry.offeredKey ?? entry.serverKey, offeredKey: null }
}
