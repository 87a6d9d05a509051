import { hex, u32 } from "../../src/bytes/index.js"
import { hash } from "../../src/crypto/index.js"
import {
  deriveReconcileKey,
  ReconcileIndex,
  type ReconcileItem,
  type ReconcileOptions,
  Reconciliation,
} from "../../src/mailbox/reconcile/index.js"

export const firstDay = 20_000

/** Made once: hashing them anew in each run would take longer than what is tested. */
const pool: Uint8Array[] = []

/** The same ID for the same number. */
export function idOf(number: number): Uint8Array {
  while (pool.length <= number) pool.push(hash(u32(pool.length)))
  return pool[number] as Uint8Array
}

/** Items `from` ≤ number < `to`, spread over so many days. */
export function itemsOf(from: number, to: number, days = 1): ReconcileItem[] {
  const items: ReconcileItem[] = []
  for (let i = from; i < to; i++) items.push({ day: firstDay + (i % days), id: idOf(i) })
  return items
}

export function keyOf(seed: number): Uint8Array {
  return deriveReconcileKey(new Uint8Array(16).fill(seed), new Uint8Array(16).fill(seed >> 8))
}

/** Names of items, sorted, to compare. */
export function names(ids: readonly Uint8Array[]): string[] {
  return ids.map(hex).sort()
}

export function difference(a: readonly ReconcileItem[], b: readonly ReconcileItem[]): string[] {
  const theirs = new Set(b.map(({ id }) => hex(id)))
  return [...new Set(a.map(({ id }) => hex(id)))].filter((name) => !theirs.has(name)).sort()
}

type Limits = Partial<Omit<ReconcileOptions, "index" | "key" | "isInitiator">>

/** Both sides of a session. */
export function sidesOf(
  a: readonly ReconcileItem[],
  b: readonly ReconcileItem[],
  { seed = 7, ofA = {}, ofB = {} }: { seed?: number; ofA?: Limits; ofB?: Limits } = {},
): { a: Reconciliation; b: Reconciliation } {
  const key = keyOf(seed)
  return {
    a: new Reconciliation({ index: ReconcileIndex.of(a), key, isInitiator: true, ...ofA }),
    b: new Reconciliation({ index: ReconcileIndex.of(b), key, isInitiator: false, ...ofB }),
  }
}

export interface Outcome {
  /** What b lacks, as a found out, and the other way round; each as often as it was told. */
  readonly missingAtB: readonly string[]
  readonly missingAtA: readonly string[]
  readonly isDone: boolean
  readonly isExact: boolean
  readonly messages: readonly Uint8Array[]
  readonly bytes: number
  /** Half round trips. */
  readonly turns: number
}

/** Carries the messages to and fro until there are none. */
export function reconcile({ a, b }: { a: Reconciliation; b: Reconciliation }): Outcome {
  const found = new Map<Reconciliation, Uint8Array[]>([
    [a, []],
    [b, []],
  ])
  const messages: Uint8Array[] = []
  let isExact = true
  let turns = 0
  let to = b
  for (let under = a.start(); under.length > 0; turns++) {
    const next: Uint8Array[] = []
    for (const message of under) {
      messages.push(message)
      const step = to.receive(message)
      next.push(...step.send)
      found.get(to)?.push(...step.missingThere)
      isExact &&= step.isExact
    }
    under = next
    to = to === a ? b : a
  }
  return {
    missingAtB: names(found.get(a) ?? []),
    missingAtA: names(found.get(b) ?? []),
    isDone: a.isDone && b.isDone,
    isExact,
    messages,
    bytes: messages.reduce((sum, { length }) => sum + length, 0),
    turns,
  }
}
