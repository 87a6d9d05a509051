import { hex, sameBytes } from "../../bytes/index.js"
import {
  type Generation,
  type Lane,
  LaneKeys,
  type LaneStep,
  type LaneTable,
  LaneWindow,
  mostLanes,
} from "../../login/index.js"
import type { Store } from "../../store/index.js"
import { idParts, keys, read, unchanged, valueOf, write } from "./server-entries.js"
import { heldLane, type HeldLane, type LaneKeeper, seenEveryMs, takenBy } from "./server-lanes.js"
import type { LoadedSession, ServerSessions } from "./server-sessions.js"

/** A lane in the store, with its window: they are written together. [LOGIN-5-4] */
interface LaneEntry {
  readonly generation: Generation
  readonly login: string
  readonly window: Uint8Array
  readonly openedMs: number
  readonly usedMs: number | null
  /** When it was told that the device was seen. */
  readonly seenMs: number | null
}

interface StoredLane extends HeldLane {
  readonly version: string
  readonly entry: LaneEntry
}

/**
 * Lanes that several servers share, and that outlive them. Each call is a commit, which says that its
 * number is used, and that its session is as it was found: of two calls with one number one is acted on.
 */
export class LanesInStore implements LaneKeeper {
  readonly #store: Store
  readonly #sessions: ServerSessions
  readonly #longestMs: number

  /** @param longestMs that a generation lives */
  constructor(store: Store, sessions: ServerSessions, longestMs: number) {
    this.#store = store
    this.#sessions = sessions
    this.#longestMs = longestMs
  }

  async find(id: Uint8Array): Promise<StoredLane | null> {
    const kept = await read<LaneEntry>(this.#store, keys.lane(id))
    if (!kept) return null
    const { generation, login, window } = kept.value
    return {
      id,
      generation,
      login,
      keys: new LaneKeys(generation, id),
      window: LaneWindow.restore(window),
      version: kept.version,
      entry: kept.value,
    }
  }

  async keep(lane: StoredLane, session: LoadedSession, nowMs: number): Promise<boolean> {
    const { entry, id, window } = lane
    const isToTell = entry.seenMs === null || Math.abs(nowMs - entry.seenMs) > seenEveryMs
    const seenMs = isToTell ? nowMs : entry.seenMs
    const next: LaneEntry = { ...entry, window: window.save(), usedMs: nowMs, seenMs }
    const key = keys.lane(id)
    return this.#store.commit({
      checks: [unchanged(key, lane), unchanged(keys.session(session.id), session)],
      writes: [
        write(key, next), // [LOGIN-5-3]
        ...(isToTell ? [write(keys.seen(session.id), nowMs)] : []),
      ],
    })
  }

  async open(
    session: LoadedSession,
    nowMs: number,
    run: (table: LaneTable) => LaneStep,
  ): Promise<LaneStep | null> {
    const step = await this.#stepOf(await this.#ordered(session.entry.lanes), run)
    const held = step.event === "opened" ? heldLane(step, session.entry.login) : null
    if (!held && step.record === session.record) return step
    const writes = step.closed.map((lane) => write(keys.lane(lane.id), null))
    if (held) writes.push(write(keys.lane(held.id), newEntry(held, nowMs)))
    const changes = { ...takenBy(step, session), lanes: step.table }
    const isSaved = await this.#sessions.save(session, changes, step.retired, { writes })
    return isSaved ? step : null
  }

  async removeOld(prefix: string, nowMs: number): Promise<number> {
    const listed = await this.#store.list(keys.lanes + prefix)
    for (const entry of listed) {
      const { openedMs } = valueOf<LaneEntry>(entry)
      if (Math.abs(nowMs - openedMs) <= this.#longestMs) continue
      const checks = [unchanged(entry.key, entry)]
      await this.#store.commit({ checks, writes: [write(entry.key, null)] })
    }
    return listed.length
  }

  async forgetAll(): Promise<void> {
    for (const part of idParts) {
      const listed = await this.#store.list(keys.lanes + part)
      await this.#store.commit({ writes: listed.map(({ key }) => write(key, null)) })
    }
  }

  /** One that was forgotten is none, whoever asks for it once more. [LOGIN-5-2] */
  async #stepOf(table: LaneTable, run: (table: LaneTable) => LaneStep): Promise<LaneStep> {
    const step = run(table)
    const id = step.event === "repeated" ? step.opened?.lane.id : undefined
    if (!id || (await this.find(id))) return step
    return run(table.filter((one) => !sameBytes(one.id, id)))
  }

  /** The one unused for longest comes first: that matters when one has to go. [LOGIN-5-2] */
  async #ordered(table: LaneTable): Promise<LaneTable> {
    if (table.length < mostLanes) return table
    const entries = await Promise.all(
      table.map(({ id }) => read<LaneEntry>(this.#store, keys.lane(id))),
    )
    const usedMs = new Map<string, number | null>(
      table.map(({ id }, i) => [hex(id), entries[i]?.value.usedMs ?? null]),
    )
    const usedAt = ({ id }: Lane): number => usedMs.get(hex(id)) ?? 0
    return table
      .map((lane): Lane => ({ ...lane, isUsed: (usedMs.get(hex(lane.id)) ?? null) !== null }))
      .sort((a, b) => usedAt(a) - usedAt(b))
  }
}

function newEntry({ generation, login, window }: HeldLane, nowMs: number): LaneEntry {
  const never = { usedMs: null, seenMs: null } as const
  return { generation, login, window: window.save(), openedMs: nowMs, ...never }
}
