import { sameBytes } from "../../bytes/index.js"
import { hash } from "../../crypto/index.js"
import type { Store } from "../../store/index.js"
import { addressGroup } from "./server-address.js"
import {
  type Check,
  type Kept,
  keys,
  read,
  unchanged,
  valueOf,
  write,
  type Write,
} from "./server-entries.js"

/** Failed attempts of one login, device or address. */
interface LimitEntry {
  /** When all of them will be forgotten. */
  readonly emptyMs: number
  readonly lastMs: number
  /** Of a device: digests of its starts, so that each is its own once alone. */
  readonly starts?: readonly Uint8Array[]
}

/** Who starts a login, and from where. */
export interface StartOf {
  readonly login: string
  readonly address: string | null
  /** The session whose device it proved to be, 16 bytes. */
  readonly device: Uint8Array | null
  readonly start: Uint8Array
}

/** A device that starts more often within one session is a stranger. */
const mostStarts = 64
const freeAttempts = 5
const firstWaitMs = 2_000
const longestWaitMs = 900_000
/** One is forgotten. */
const stepMs = 900_000
/** More of them make nobody wait longer. */
const mostAttempts = freeAttempts + 9

/** What a start has to be counted by, and how long it has to wait. [LOGIN-9-2] */
export interface CountedStart {
  /** 0: it may go on. */
  readonly waitMs: number
  readonly keys: readonly string[]
  readonly checks: readonly Check[]
  /** To be written before it is answered. [LOGIN-9-1] */
  readonly writes: readonly Write[]
}

/** Counters of failed attempts, in the store. */
export class ServerLimits {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /**
   * A start as the next one. Who proved to be a known device waits for nobody else [LOGIN-9-3]; who
   * repeats a start that he overheard is a stranger.
   */
  async count(who: StartOf, nowMs: number): Promise<CountedStart> {
    const own = who.device && (await this.#countDevice(who.device, who.start, nowMs))
    if (own) return own
    const { address, login } = who
    const groups = address === null ? [] : [keys.limit("address", addressGroup(address))]
    const counted = [keys.limit("login", login), ...groups]
    const kept = await Promise.all(counted.map((key) => read<LimitEntry>(this.#store, key)))
    return {
      waitMs: Math.max(...kept.map((one) => waitMs(one, nowMs))),
      keys: counted,
      checks: counted.map((key, i) => unchanged(key, kept[i] ?? null)),
      writes: counted.map((key, i) => write(key, withOneMore(kept[i] ?? null, nowMs))),
    }
  }

  /** @returns `null`: it is none of that device */
  async #countDevice(
    device: Uint8Array,
    start: Uint8Array,
    nowMs: number,
  ): Promise<CountedStart | null> {
    const key = keys.starts(device)
    const kept = await read<LimitEntry>(this.#store, key)
    const starts = kept?.value.starts ?? []
    const digest = hash(start).slice(0, 16)
    if (starts.length >= mostStarts || starts.some((one) => sameBytes(one, digest))) return null
    const next = { ...withOneMore(kept, nowMs), starts: [...starts, digest] }
    const checks = [unchanged(key, kept)]
    return { waitMs: waitMs(kept, nowMs), keys: [key], checks, writes: [write(key, next)] }
  }

  /** It was no failure. */
  async forgive(counted: readonly string[], nowMs: number): Promise<void> {
    for (const key of counted) {
      for (;;) {
        const kept = await read<LimitEntry>(this.#store, key)
        if (!kept) break
        const emptyMs = kept.value.emptyMs - stepMs
        const isKept = emptyMs > nowMs || kept.value.starts !== undefined
        const next = isKept ? { ...kept.value, emptyMs } : null
        const commit = { checks: [unchanged(key, kept)], writes: [write(key, next)] }
        if (await this.#store.commit(commit)) break
      }
    }
  }

  async removeForgotten(prefix: string, nowMs: number): Promise<void> {
    for (const entry of await this.#store.list(`login/limit/${prefix}`)) {
      if (attemptsOf(valueOf<LimitEntry>(entry), nowMs) > 0) continue
      const checks = [unchanged(entry.key, entry)]
      await this.#store.commit({ checks, writes: [write(entry.key, null)] })
    }
  }
}

function waitMs(kept: Kept<LimitEntry> | null, nowMs: number): number {
  const attempts = kept ? attemptsOf(kept.value, nowMs) : 0
  if (!kept || attempts < freeAttempts) return 0
  const { lastMs } = kept.value
  // The clock was set back: nobody waits for a wrong date [LOGIN-10-1]. Clocks of servers differ by less.
  if (lastMs - nowMs > longestWaitMs) return 0
  const wait = Math.min(firstWaitMs * 2 ** (attempts - freeAttempts), longestWaitMs)
  return Math.max(0, lastMs + wait - nowMs)
}

/** What was counted by a clock that has been set back since, or by one that is ahead, counts all the same. */
function attemptsOf({ emptyMs, lastMs }: LimitEntry, nowMs: number): number {
  const left = emptyMs - Math.max(nowMs, lastMs)
  return Math.min(Math.max(0, Math.ceil(left / stepMs)), mostAttempts)
}

function withOneMore(kept: Kept<LimitEntry> | null, nowMs: number): LimitEntry {
  const isSome = kept !== null && attemptsOf(kept.value, nowMs) > 0
  const setBackMs = kept ? Math.max(0, kept.value.lastMs - nowMs) : 0
  const emptyMs = kept ? kept.value.emptyMs - setBackMs : nowMs
  const from = isSome ? Math.min(emptyMs, nowMs + (mostAttempts - 1) * stepMs) : nowMs
  return { emptyMs: from + stepMs, lastMs: nowMs }
}
