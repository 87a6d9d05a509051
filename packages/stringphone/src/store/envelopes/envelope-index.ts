import { idOf, keyOf } from "./envelope-key.js"
import type { EnvelopeEntry, EnvelopeUsage } from "./port.js"

/** What is known of an envelope without looking at its bytes, and where those are. */
export interface Row<Place> {
  readonly key: string
  readonly day: number
  readonly number: number
  readonly link: string
  readonly size: number
  stamp: Uint8Array
  stampBits: number
  place: Place
  isDropped: boolean
}

export interface NewRow<Place> {
  readonly key: string
  readonly day: number
  readonly number: number
  readonly link: string
  readonly size: number
  readonly stamp: Uint8Array
  readonly stampBits: number
  readonly place: Place
}

interface Day<Place> {
  readonly rows: Set<Row<Place>>
  /** By ID; `null` when it has to be sorted anew. */
  sorted: readonly Row<Place>[] | null
}

interface Share {
  /** The one copy of it. */
  readonly link: string
  count: number
  bytes: number
}

/** Most have none, and need no array of their own. */
const NO_STAMP = new Uint8Array(8)

/** A copy, to be kept. */
export function ownStamp(stamp: Uint8Array): Uint8Array {
  return stamp.some((byte) => byte !== 0) ? new Uint8Array(stamp) : NO_STAMP
}

/** All envelopes that a store has, by ID, by day and by number. */
export class EnvelopeIndex<Place> {
  readonly #rows = new Map<string, Row<Place>>()
  readonly #days = new Map<number, Day<Place>>()
  readonly #links = new Map<string, Share>()
  #bytes = 0
  #lastNumber = 0
  /** By number; dropped ones stay until they are many. */
  #ordered: Row<Place>[] = []
  #isOrdered = true
  #droppedCount = 0

  get lastNumber(): number {
    return this.#lastNumber
  }

  /** Numbers up to this one have been given, also when nothing that is here has them. */
  skipNumbers(upTo: number): void {
    this.#lastNumber = Math.max(this.#lastNumber, upTo)
  }

  find(id: Uint8Array): Row<Place> | null {
    return this.#rows.get(keyOf(id)) ?? null
  }

  /** Keeps the stamp. */
  add(row: NewRow<Place>): void {
    const { key, day, number, size, stamp, stampBits, place } = row
    const link = this.#links.get(row.link)?.link ?? row.link
    if (this.#rows.has(key)) return
    const kept = { key, day, number, link, size, stamp, stampBits, place, isDropped: false }
    this.#rows.set(key, kept)
    const sameDay = this.#dayOf(day)
    sameDay.rows.add(kept)
    sameDay.sorted = null
    this.#count(kept, 1)
    if (number < (this.#ordered.at(-1)?.number ?? 0)) this.#isOrdered = false
    this.#ordered.push(kept)
    this.skipNumbers(number)
  }

  remove(row: Row<Place>): void {
    if (row.isDropped) return
    row.isDropped = true
    this.#rows.delete(row.key)
    this.#count(row, -1)
    const day = this.#dayOf(row.day)
    day.rows.delete(row)
    day.sorted = null
    if (day.rows.size === 0) this.#days.delete(row.day)
    this.#droppedCount++
    if (this.#droppedCount * 2 <= this.#ordered.length) return
    this.#ordered = this.#ordered.filter(({ isDropped }) => !isDropped)
    this.#droppedCount = 0
  }

  days(): readonly number[] {
    return [...this.#days.keys()].sort((a, b) => a - b)
  }

  rowsOf(day: number): ReadonlySet<Row<Place>> {
    return this.#days.get(day)?.rows ?? new Set()
  }

  /** Sorted by day, then ID. */
  entries(): readonly EnvelopeEntry[] {
    return this.days().flatMap((day) => this.#sorted(day).map(entryOf))
  }

  /** By number, the first above `number`. */
  after(number: number, limit: number): readonly Row<Place>[] {
    if (!this.#isOrdered) this.#ordered.sort((a, b) => a.number - b.number)
    this.#isOrdered = true
    const found: Row<Place>[] = []
    for (let at = this.#firstAbove(number); at < this.#ordered.length; at++) {
      if (found.length >= limit) break
      const row = this.#ordered[at] as Row<Place>
      if (!row.isDropped) found.push(row)
    }
    return found
  }

  usage(): EnvelopeUsage {
    const links = new Map(
      Array.from(this.#links, ([link, { count, bytes }]) => [link, { count, bytes }]),
    )
    return { count: this.#rows.size, bytes: this.#bytes, links, lastNumber: this.#lastNumber }
  }

  #dayOf(number: number): Day<Place> {
    let day = this.#days.get(number)
    if (day === undefined) this.#days.set(number, (day = { rows: new Set(), sorted: null }))
    return day
  }

  #sorted(number: number): readonly Row<Place>[] {
    const day = this.#dayOf(number)
    day.sorted ??= [...day.rows].sort((a, b) => (a.key < b.key ? -1 : 1))
    return day.sorted
  }

  #firstAbove(number: number): number {
    let low = 0
    let high = this.#ordered.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#ordered[middle] as Row<Place>).number > number) high = middle
      else low = middle + 1
    }
    return low
  }

  #count({ link, size }: Row<Place>, by: 1 | -1): void {
    const share = this.#links.get(link) ?? { link, count: 0, bytes: 0 }
    share.count += by
    share.bytes += by * size
    this.#bytes += by * size
    if (share.count === 0) this.#links.delete(link)
    else this.#links.set(link, share)
  }
}

function entryOf({ key, day, stampBits, link, size, number }: Row<unknown>): EnvelopeEntry {
  return { id: idOf(key), day, stampBits, link, size, number }
}
