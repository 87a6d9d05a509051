import { idOfKey } from "../../mailbox/hub/index.js"
import type { EnvelopeStore } from "../../store/envelopes/port.js"

/** An envelope as a reconciliation sees it. */
export interface IndexEntry {
  readonly day: number
  readonly id: Uint8Array
}

/**
 * What a hub had, or was offered, and does not keep: it says that it knows them, or every neighbour would
 * send them at every run. The oldest are forgotten. [HUB-2-6]
 */
export class UnwantedEnvelopes {
  readonly #max: number
  readonly #days = new Map<string, number>()

  constructor(max: number) {
    this.#max = max
  }

  add(key: string, day: number): void {
    this.#days.delete(key)
    this.#days.set(key, day)
    const [oldest] = this.#days.keys()
    if (this.#days.size > this.#max && oldest !== undefined) this.#days.delete(oldest)
  }

  delete(key: string): void {
    this.#days.delete(key)
  }

  /** Those that did not expire, sorted. */
  entries(today: number): readonly IndexEntry[] {
    for (const [key, day] of this.#days) if (day < today) this.#days.delete(key)
    return [...this.#days].map(([key, day]) => ({ id: idOfKey(key), day })).sort(compareEntries)
  }
}

/** By day, then by ID. */
function compareEntries(a: IndexEntry, b: IndexEntry): number {
  if (a.day !== b.day) return a.day - b.day
  for (let i = 0; i < a.id.length; i++) {
    const difference = (a.id[i] ?? 0) - (b.id[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** Two sorted lists as one. */
function merged(a: readonly IndexEntry[], b: readonly IndexEntry[]): readonly IndexEntry[] {
  if (b.length === 0) return a
  const out: IndexEntry[] = []
  let at = 0
  for (const entry of b) {
    for (let next = a[at]; next && compareEntries(next, entry) < 0; next = a[at]) {
      out.push(next)
      at += 1
    }
    out.push(entry)
  }
  return [...out, ...a.slice(at)]
}

interface Snapshot {
  readonly version: number
  readonly today: number
  readonly entries: readonly IndexEntry[]
}

/** What others may know that we have, and what we do not want; kept as long as it is true. [SYNC-2-10] */
export class ShownIndex {
  readonly #store: EnvelopeStore
  readonly #isHeld: (id: Uint8Array) => boolean
  readonly #unwanted: UnwantedEnvelopes
  #version = 0
  #snapshot: Snapshot | null = null

  constructor(
    store: EnvelopeStore,
    unwanted: UnwantedEnvelopes,
    isHeld: (id: Uint8Array) => boolean,
  ) {
    this.#store = store
    this.#unwanted = unwanted
    this.#isHeld = isHeld
  }

  /** What was computed is no longer true. */
  change(): void {
    this.#version += 1
  }

  /** Sorted by day, then ID; the same array again while nothing changed. */
  async entries(today: number): Promise<readonly IndexEntry[]> {
    const version = this.#version
    const known = this.#snapshot
    if (known?.version === version && known.today === today) return known.entries
    const stored = await this.#store.index()
    const shown = stored.filter(({ day, id }) => day >= today && !this.#isHeld(id))
    const own = shown.map(({ day, id }) => ({ day, id }))
    const entries = merged(own, this.#unwanted.entries(today))
    if (version === this.#version) this.#snapshot = { version, today, entries }
    return entries
  }
}
