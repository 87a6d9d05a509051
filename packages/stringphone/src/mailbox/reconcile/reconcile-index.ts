import { concat, UsageError } from "../../bytes/index.js"
import { hash, labelled } from "../../crypto/index.js"

export interface ReconcileItem {
  /** u16 */
  readonly day: number
  /** 32 bytes. */
  readonly id: Uint8Array
}

interface Day {
  readonly ids: readonly Uint8Array[]
  /** Of the IDs, once it was asked for. */
  digest: Uint8Array | null
}

/**
 * What one hub has at one moment, by day: a snapshot that any number of sessions share. It keeps the
 * IDs that it was given and copies none.
 */
export class ReconcileIndex {
  /** Days from the first to the last; of each the IDs in their order. */
  readonly #days: ReadonlyMap<number, Day>
  readonly count: number

  private constructor(days: ReadonlyMap<number, Day>, count: number) {
    this.#days = days
    this.count = count
  }

  /**
   * @param items fastest when sorted by day, then ID, as a store gives them; the same one twice counts once
   * @throws {UsageError} `bad-item`
   */
  static of(items: Iterable<ReconcileItem>): ReconcileIndex {
    const days = new Map<number, Uint8Array[]>()
    for (const { day, id } of items) {
      if (!Number.isInteger(day) || day < 0 || day > 0xffff || id.length !== 32) {
        throw new UsageError(
          "bad-item",
          "An item has a day from 0 to 65,535 and an ID of 32 bytes.",
        )
      }
      const ids = days.get(day)
      if (ids === undefined) days.set(day, [id])
      else ids.push(id)
    }
    const sorted = [...days].sort(([a], [b]) => a - b)
    let count = 0
    const index = new Map<number, Day>()
    for (const [day, unsorted] of sorted) {
      const ids = sortedOnce(unsorted)
      index.set(day, { ids, digest: null })
      count += ids.length
    }
    return new ReconcileIndex(index, count)
  }

  /** Ascending; each has an item. */
  days(): Iterable<number> {
    return this.#days.keys()
  }

  /** Ascending; empty: nothing on that day. */
  idsOf(day: number): readonly Uint8Array[] {
    return this.#days.get(day)?.ids ?? []
  }

  /** Collision-resistant and without a key, so that all sessions share the work. [SYNC-1-5] */
  digestOf(day: number): Uint8Array {
    const found = this.#days.get(day)
    if (found === undefined)
      throw new UsageError("no-such-day", "The index has nothing on that day.")
    found.digest ??= hash(labelled("mailbox reconcile IDs", concat(...found.ids)))
    return found.digest
  }
}

function sortedOnce(ids: Uint8Array[]): readonly Uint8Array[] {
  let isAscending = true
  for (let i = 1; i < ids.length && isAscending; i++) {
    isAscending = order(ids[i - 1] as Uint8Array, ids[i] as Uint8Array) < 0
  }
  if (isAscending) return ids
  return ids.sort(order).filter((id, i) => i === 0 || order(ids[i - 1] as Uint8Array, id) !== 0)
}

function order(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < 32; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return 0
}
