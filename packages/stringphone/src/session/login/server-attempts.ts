import { hex } from "../../bytes/index.js"
import type { LoginAttempt } from "../../login/index.js"
import type { Store } from "../../store/index.js"
import { keys, read, unchanged, valueOf, write, type Write } from "./server-entries.js"

/** A login between challenge and finish. Secret. */
export interface KeptAttempt {
  readonly attempt: LoginAttempt
  readonly startedMs: number
  /** Keys of the limits that it was counted by. */
  readonly counted: readonly string[]
  /** The user's record, encoded; `null`: there was none. */
  readonly record: Uint8Array | null
  /** The server key that was told. */
  readonly serverKey: Uint8Array
  /** Of the device that starts, as it proved; `null`: none. [LOGIN-9-3] */
  readonly knownSession: Uint8Array | null
}

/**
 * Where begun logins are for at most 60 s. A right finish takes its attempt away, once; a wrong one leaves it: whoever
 * listens knows the ID and could otherwise end the logins of others. [LOGIN-3-6]
 */
export interface AttemptKeeper {
  /** @returns what has to be written with the limits */
  add(attempt: KeptAttempt): readonly Write[]
  find(id: Uint8Array, nowMs: number): Promise<FoundAttempt | null>
  /** @returns `false`: somebody else took it */
  take(found: FoundAttempt): Promise<boolean>
  /** So many were added that somebody should look how many there are. */
  readonly isCrowded: boolean
  removeOld(nowMs: number): Promise<void>
  forgetAll(): Promise<void>
}

/** As it was found. */
export interface FoundAttempt extends KeptAttempt {
  /** In the store. */
  readonly version: string
}

const mostAttempts = 10_000
const longestMs = 60_000
/** So many are added between two looks at how many there are. */
const surveyEvery = 1_000

export class AttemptsInMemory implements AttemptKeeper {
  readonly isCrowded = false
  readonly #attempts = new Map<string, KeptAttempt>()

  add(attempt: KeptAttempt): readonly Write[] {
    this.#attempts.set(hex(attempt.attempt.id), attempt)
    const [oldest] = this.#attempts.keys()
    if (this.#attempts.size > mostAttempts && oldest !== undefined) this.#attempts.delete(oldest)
    return []
  }

  async find(id: Uint8Array, nowMs: number): Promise<FoundAttempt | null> {
    const kept = this.#attempts.get(hex(id))
    return kept && isInTime(kept, nowMs) ? { ...kept, version: "" } : null
  }

  async take({ attempt }: FoundAttempt): Promise<boolean> {
    return this.#attempts.delete(hex(attempt.id))
  }

  async removeOld(nowMs: number): Promise<void> {
    for (const [key, attempt] of this.#attempts) {
      if (!isInTime(attempt, nowMs)) this.#attempts.delete(key)
    }
  }

  async forgetAll(): Promise<void> {
    this.#attempts.clear()
  }
}

/** For several servers: one takes the start, another the finish. */
export class AttemptsInStore implements AttemptKeeper {
  readonly #store: Store
  #sinceSurvey = 0

  constructor(store: Store) {
    this.#store = store
  }

  get isCrowded(): boolean {
    return this.#sinceSurvey >= surveyEvery
  }

  add(attempt: KeptAttempt): readonly Write[] {
    this.#sinceSurvey++
    return [write(keys.attempt(attempt.attempt.id), attempt)]
  }

  async find(id: Uint8Array, nowMs: number): Promise<FoundAttempt | null> {
    const kept = await read<KeptAttempt>(this.#store, keys.attempt(id))
    return kept && isInTime(kept.value, nowMs) ? { ...kept.value, version: kept.version } : null
  }

  take(found: FoundAttempt): Promise<boolean> {
    const key = keys.attempt(found.attempt.id)
    return this.#store.commit({
      checks: [unchanged(key, found)],
      writes: [write(key, null)],
    })
  }

  async removeOld(nowMs: number): Promise<void> {
    this.#sinceSurvey = 0
    const listed = (await this.#store.list(keys.attempts)).map((entry) => ({
      key: entry.key,
      kept: valueOf<KeptAttempt>(entry),
    }))
    const living = listed
      .filter(({ kept }) => isInTime(kept, nowMs))
      .sort((a, b) => b.kept.startedMs - a.kept.startedMs)
    const staying = new Set(living.slice(0, mostAttempts - surveyEvery).map(({ key }) => key))
    const going = listed.filter(({ key }) => !staying.has(key))
    await this.#store.commit({ writes: going.map(({ key }) => write(key, null)) })
  }

  async forgetAll(): Promise<void> {
    const listed = await this.#store.list(keys.attempts)
    await this.#store.commit({ writes: listed.map(({ key }) => write(key, null)) })
  }
}

function isInTime({ startedMs }: KeptAttempt, nowMs: number): boolean {
  // Clocks of servers differ.
  return Math.abs(nowMs - startedMs) <= longestMs
}
