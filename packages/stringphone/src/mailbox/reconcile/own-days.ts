import { DayTable } from "./day-table.js"
import { dayFingerprint, itemHasher } from "./key.js"
import type { ReconcileIndex } from "./reconcile-index.js"

/** The days of an index as one session sees them. A day's items are hashed when it first differs. */
export class OwnDays {
  readonly #index: ReconcileIndex
  readonly #key: Uint8Array
  readonly #fromDay: number
  readonly #tables = new Map<number, DayTable>()
  readonly #hash: (id: Uint8Array) => Uint8Array

  constructor(index: ReconcileIndex, key: Uint8Array, fromDay: number) {
    this.#index = index
    this.#key = key
    this.#fromDay = fromDay
    this.#hash = itemHasher(key)
  }

  /** Earlier days are not looked at. [SYNC-1-4] */
  isWanted(day: number): boolean {
    return day >= this.#fromDay
  }

  /** Those with items, ascending. */
  between(fromDay: number, throughDay: number): number[] {
    const first = Math.max(fromDay, this.#fromDay)
    return [...this.#index.days()].filter((day) => day >= first && day <= throughDay)
  }

  idsOf(day: number): readonly Uint8Array[] {
    return this.#index.idsOf(day)
  }

  /** 6 bytes. */
  fingerprint(day: number): Uint8Array {
    return dayFingerprint(day, this.#index.digestOf(day), this.#key)
  }

  table(day: number): DayTable {
    let table = this.#tables.get(day)
    if (table === undefined) {
      table = new DayTable(this.#index.idsOf(day), this.#hash)
      this.#tables.set(day, table)
    }
    return table
  }
}
