import { chunkBytes, chunkDataBytes, segmentSaltBytes } from "./chunk.js"
import { compareEntries, listFileBytes } from "./list-file.js"
import { framedBytes, maxParcels, maxStreamBytes } from "./segment.js"

/** An envelope that a store has. */
export interface Candidate {
  readonly id: Uint8Array
  readonly day: number
  /** Of the envelope, without its stamp. */
  readonly size: number
}

/** From this size on, a segment ends where a day does, so that all of it can go at once. */
const wholeDaysFrom = 8 * 1_048_576

/** What a store has, and what of it was found on a stick: a mark for each. */
export class Difference<T extends Candidate> {
  readonly #sorted: readonly T[]
  readonly #isThere: Uint8Array
  #count = 0

  constructor(candidates: readonly T[]) {
    this.#sorted = [...candidates].sort(compareEntries)
    this.#isThere = new Uint8Array(this.#sorted.length)
  }

  /** How many are there. */
  get known(): number {
    return this.#count
  }

  has(entry: Pick<Candidate, "id" | "day">): boolean {
    return this.#find(entry) !== null
  }

  mark(entry: Pick<Candidate, "id" | "day">): void {
    const at = this.#find(entry)
    if (at === null || this.#isThere[at] === 1) return
    this.#isThere[at] = 1
    this.#count++
  }

  /** Sorted by day, then ID. */
  missing(): T[] {
    return this.#sorted.filter((_, at) => this.#isThere[at] === 0)
  }

  #find(entry: Pick<Candidate, "id" | "day">): number | null {
    let low = 0
    let high = this.#sorted.length - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const order = compareEntries(this.#sorted[middle] as T, entry)
      if (order === 0) return middle
      if (order < 0) low = middle + 1
      else high = middle - 1
    }
    return null
  }
}

export interface StickPlan<T extends Candidate> {
  /** For each segment to write, its envelopes. */
  readonly segments: readonly (readonly T[])[]
  /** What all files will take. */
  readonly bytes: number
  /** For how many there is no room. */
  readonly left: number
}

/**
 * What to write: who lives longest goes first, since there may not be room for all, and what expires on
 * one day lies together. [STICK-6-3]
 *
 * @param missing sorted by day
 * @param roomBytes how much may be written
 */
export function planStick<T extends Candidate>(
  missing: readonly T[],
  roomBytes: number,
): StickPlan<T> {
  const segments: T[][] = []
  let bytes = 0
  let left = 0
  let current: T[] = []
  let stream = 0
  const close = () => {
    if (current.length === 0) return
    segments.push(current)
    bytes += filesBytes(stream, current.length)
    current = []
    stream = 0
  }
  for (let i = missing.length - 1; i >= 0; i--) {
    const candidate = missing[i] as T
    const framed = framedBytes(8 + candidate.size)
    const isFull = stream + framed > maxStreamBytes || current.length === maxParcels
    const isNextDay = stream >= wholeDaysFrom && current.at(-1)?.day !== candidate.day
    if (isFull || isNextDay) close()
    if (bytes + filesBytes(stream + framed, current.length + 1) > roomBytes) {
      left++
      continue
    }
    current.push(candidate)
    stream += framed
  }
  close()
  return { segments, bytes, left }
}

/** A segment and its list. */
function filesBytes(stream: number, parcels: number): number {
  const chunks = Math.max(1, Math.ceil(stream / chunkDataBytes))
  return segmentSaltBytes + chunks * chunkBytes + listFileBytes(parcels)
}
