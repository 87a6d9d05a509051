import { fromBase64url, sameBytes } from "../../bytes/index.js"
import {
  type EndedSession,
  endSession,
  type FoundSession,
  generationsOf,
  isForgotten,
  isSessionLiving,
  knownDeviceKey,
  type RetiredGeneration,
  retireFormer,
  type SessionRecord,
} from "../../login/index.js"
import type { Entry, Store } from "../../store/index.js"
import {
  type Check,
  type Kept,
  keys,
  read,
  removalOf,
  retiredBySession,
  retiredKey,
  retirement,
  unchanged,
  valueOf,
  write,
  type Write,
} from "./server-entries.js"
import { recordNow, type SessionEntry, type UserEntry } from "./server-session-entry.js"

/** A session with its user, as both were at one moment. */
export interface LoadedSession {
  readonly id: Uint8Array
  readonly entry: SessionEntry
  readonly version: string
  /** What is true of it: it may have ended by its user. */
  readonly record: SessionRecord | EndedSession
  /** `null`: removed. */
  readonly user: Kept<UserEntry> | null
}

export interface EndedOne {
  readonly id: Uint8Array
  readonly device: string
}

/** The sessions of all users, in the store. What ends is saved before anybody is told. */
export class ServerSessions {
  readonly #store: Store
  readonly #wallClock: () => number

  constructor(store: Store, wallClock: () => number) {
    this.#store = store
    this.#wallClock = wallClock
  }

  /** @param login if it is known already: both are read at once */
  async load(id: Uint8Array, login?: string): Promise<LoadedSession | null> {
    const key = keys.session(id)
    const early = login === undefined ? null : this.#user(login)
    const [kept, user] = await Promise.all([read<SessionEntry>(this.#store, key), early])
    if (!kept) return null
    const owner = early ? user : await this.#user(kept.value.login)
    const loaded = this.#loaded(id, kept, owner)
    const hasEnded = kept.value.record.state === "living" && loaded.record.state === "ended"
    return hasEnded ? this.#loadInOrder(id, kept.value.login) : loaded
  }

  /** Nobody is told that a session ended because one entry was read before a commit, and one behind it. */
  async #loadInOrder(id: Uint8Array, login: string): Promise<LoadedSession | null> {
    for (;;) {
      const user = await this.#user(login)
      const kept = await read<SessionEntry>(this.#store, keys.session(id))
      // Of one who registered anew under that login, the epochs begin anew, too.
      const isSame = kept && user && sameBytes(user.value.id, kept.value.user)
      const isOlder = isSame && user.value.epoch < kept.value.epoch
      if (!isOlder) return kept && this.#loaded(id, kept, user)
    }
  }

  /** With the generation that a request names, if it is none of the record's. */
  async found(loaded: LoadedSession | null, generation: number): Promise<FoundSession> {
    const record = loaded?.record ?? null
    if (record?.state !== "living") return { record, retired: null }
    if (generationsOf(record).some((one) => one.generation === generation)) {
      return { record, retired: null }
    }
    const kept = await read<RetiredGeneration>(this.#store, retiredKey(record.id, generation))
    return { record, retired: kept?.value ?? null }
  }

  /** What a machine says to save. @returns `false`: it is not as it was, and nothing was saved */
  async save(
    loaded: LoadedSession,
    changes: Partial<SessionEntry>,
    retired: RetiredGeneration | null = null,
    more: { readonly checks?: readonly Check[]; readonly writes?: readonly Write[] } = {},
  ): Promise<boolean> {
    const { checks = [], writes = [] } = more
    const key = keys.session(loaded.id)
    const isOfNoUse = changes.record?.state === "ended"
    const listed = isOfNoUse ? await this.#store.list(keys.retired(loaded.id)) : []
    return this.#store.commit({
      checks: [unchanged(key, loaded), ...checks],
      writes: [
        write(key, { ...loaded.entry, ...changes }),
        ...(retired ? retirement(loaded.id, retired) : []),
        ...listed.map((entry) => write(entry.key, null)),
        ...writes,
      ],
    })
  }

  /**
   * @param by the session that ends it, and must live itself
   * @returns what has ended; `null`: there is none, or it has ended already
   */
  async revoke(id: Uint8Array, onlyOf?: string, by?: Uint8Array): Promise<SessionEntry | null> {
    for (;;) {
      const own = by ? await this.load(by) : null
      if (by && own?.record.state !== "living") return null
      const loaded = await this.load(id)
      if (loaded?.record.state !== "living") return null
      if (onlyOf !== undefined && loaded.entry.login !== onlyOf) return null
      const record = endSession(loaded.record, "revoked", this.#wallClock())
      const checks = own ? [unchanged(keys.session(own.id), own)] : []
      if (await this.save(loaded, { record, change: null }, null, { checks })) return loaded.entry
    }
  }

  /** Living ones, the newest first. */
  async of(login: string): Promise<readonly LoadedSession[]> {
    const nowMs = this.#wallClock()
    return (await this.#all(login, await this.#listed(login))).filter((one) => isLiving(one, nowMs))
  }

  /**
   * Ends those used least recently where a user has more than that living, and forgets the oldest of the others where
   * there are more than that. [LOGIN-9-4]
   * @param newest ends the others: so of logins at once no two end each other
   * @param staying are not ended
   * @returns what was ended
   */
  async endSurplus(
    login: string,
    most: number,
    { newest, staying }: { newest: Uint8Array; staying: readonly Uint8Array[] },
  ): Promise<readonly EndedOne[]> {
    const listed = await this.#listed(login)
    if (listed.length <= most) return []
    const all = await this.#all(login, listed)
    const nowMs = this.#wallClock()
    // What ended by time alone may live by another date. [LOGIN-10-1]
    const ended = all.filter(({ record }) => record.state === "ended")
    for (const one of ended.slice(most)) await this.#forget(login, one)
    const living = all.filter((one) => isLiving(one, nowMs))
    if (living.length <= most) return []
    const used = await Promise.all(
      living.map(async (one) => ({
        id: one.id,
        usedMs: Math.max(one.entry.createdMs, (await this.seenMs(one.id)) ?? 0),
      })),
    )
    const others = used.filter(({ id }) => !staying.some((one) => sameBytes(one, id)))
    const places = Math.max(0, most - (used.length - others.length))
    const surplus = others.sort((a, b) => b.usedMs - a.usedMs).slice(places)
    const displaced: EndedOne[] = []
    for (const { id } of surplus) {
      const ended = await this.revoke(id, login, newest)
      if (ended) displaced.push({ id, device: ended.device })
    }
    return displaced
  }

  /** IDs of all that are remembered. */
  async #listed(login: string): Promise<readonly Uint8Array[]> {
    const prefix = keys.devices(login)
    return (await this.#store.list(prefix)).map(({ key }) =>
      fromBase64url(key.slice(prefix.length)),
    )
  }

  /** The newest first. */
  async #all(login: string, ids: readonly Uint8Array[]): Promise<readonly LoadedSession[]> {
    const user = await this.#user(login)
    const found = await Promise.all(
      ids.map(async (id) => {
        const kept = await read<SessionEntry>(this.#store, keys.session(id))
        return kept && this.#loaded(id, kept, user)
      }),
    )
    return found.filter((one) => one !== null).sort((a, b) => b.entry.createdMs - a.entry.createdMs)
  }

  async #forget(login: string, { entry, id, version }: LoadedSession): Promise<void> {
    const retired = await this.#store.list(keys.retired(id))
    const lanes = entry.lanes.map((lane) => write(keys.lane(lane.id), null))
    await this.#store.commit({
      checks: [unchanged(keys.session(id), { version })],
      writes: [...removalOf(login, id, retired), ...lanes],
    })
  }

  /** A call came. */
  async see(id: Uint8Array, nowMs: number): Promise<void> {
    await this.#store.commit({ writes: [write(keys.seen(id), nowMs)] })
  }

  async seenMs(id: Uint8Array): Promise<number | null> {
    return (await read<number>(this.#store, keys.seen(id)))?.value ?? null
  }

  /** Whether one of these keys is that of a device that this session had, of this login. [LOGIN-9-3] */
  async knownDeviceKeys(id: Uint8Array, login: string): Promise<readonly Uint8Array[]> {
    const loaded = await this.load(id, login)
    if (loaded?.entry.login !== login) return []
    const { record } = loaded
    if (record.state === "living") return generationsOf(record).map(knownDeviceKey)
    return record.knownDeviceKey ? [record.knownDeviceKey] : []
  }

  /** What nobody asks about any more: deletes it. @returns how many entries were looked at */
  async removeForgotten(prefix: string): Promise<number> {
    const nowMs = this.#wallClock()
    const sessions = await this.#store.list(`login/session/${prefix}`)
    const listed = await this.#store.list(`login/retired/${prefix}`)
    const allRetired = retiredBySession(listed)
    for (const entry of sessions) {
      const session = valueOf<SessionEntry>(entry)
      const { id } = session.record
      const retired = allRetired.get(keys.retired(id)) ?? []
      if (!isOver(session.record, nowMs)) {
        await this.#removeKeys({ value: session, version: entry.version }, retired, nowMs)
        continue
      }
      await this.#store.commit({
        checks: [unchanged(entry.key, entry)],
        writes: removalOf(session.login, id, retired),
      })
    }
    return sessions.length + listed.length
  }

  /** Keys that nobody is answered by any more, of a session that stays. [LOGIN-6-3] */
  async #removeKeys(
    kept: Kept<SessionEntry>,
    retired: readonly Entry[],
    nowMs: number,
  ): Promise<void> {
    const { login, record } = kept.value
    if (record.state === "ended") return
    const { id, lifetimes } = record
    const forgotten = retired.filter((entry) => {
      const { untilMs } = valueOf<RetiredGeneration>(entry)
      return isForgotten(untilMs, lifetimes.refreshSeconds, nowMs)
    })
    const writes = forgotten.map(({ key }) => write(key, null))
    if (writes.length > 0) await this.#store.commit({ writes })
    const listed = this.#loaded(id, kept, await this.#user(login))
    const isLeft = listed.record.state === "living" && isSessionLiving(listed.record, nowMs)
    // Most need nothing: only what is to be written is read once more.
    if (isLeft && !retireFormer(listed.record, nowMs)) return
    const loaded = await this.load(id, login)
    if (loaded?.entry.record.state !== "living") return
    if (loaded.record.state === "ended") {
      // It ended with its user, by a write that was not to it.
      await this.save(loaded, { record: loaded.record, change: null })
      return
    }
    if (!isSessionLiving(loaded.record, nowMs)) {
      const endedMs = loaded.record.refreshedMs + lifetimes.refreshSeconds * 1_000
      const ended = endSession(loaded.record, "time", endedMs)
      await this.save(loaded, { record: ended, change: null })
      return
    }
    const step = retireFormer(loaded.record, nowMs)
    if (step) await this.save(loaded, { record: step.record }, step.retired)
  }

  #loaded(
    id: Uint8Array,
    { value: entry, version }: Kept<SessionEntry>,
    user: Kept<UserEntry> | null,
  ): LoadedSession {
    const record = recordNow(entry, user?.value ?? null, this.#wallClock())
    return { id, entry, version, record, user }
  }

  #user(login: string): Promise<Kept<UserEntry> | null> {
    return read<UserEntry>(this.#store, keys.user(login))
  }
}

export function isLiving({ record }: LoadedSession, nowMs: number): boolean {
  return record.state === "living" && isSessionLiving(record, nowMs)
}

/** Its device learns no more that it ended. [LOGIN-6-6] */
function isOver(record: SessionRecord | EndedSession, nowMs: number): boolean {
  if (record.state === "ended") return isForgotten(record.endedMs, record.keptSeconds, nowMs)
  return isForgotten(record.refreshedMs, 2 * record.lifetimes.refreshSeconds, nowMs)
}
