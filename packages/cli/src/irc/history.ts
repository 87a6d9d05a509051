import type { Line } from "./line.js"
import { foldName } from "./names.js"

/** Something that was said, with the time and its place among all. */
export interface Said {
  readonly sequence: number
  readonly atMs: number
  readonly line: Line
}

/**
 * What was said while this program runs, in memory only: a room forgets its keys, and what they
 * protected must not lie on the disk instead.
 */
export class History {
  readonly #maxLines: number
  readonly #byTarget = new Map<string, Said[]>()
  #sequence = 0

  constructor(maxLines: number) {
    this.#maxLines = maxLines
  }

  /** Names the newest line. */
  get sequence(): number {
    return this.#sequence
  }

  /** `target`: the channel, or with whom. */
  add(target: string, line: Line, atMs: number): void {
    const key = foldName(target)
    const lines = this.#byTarget.get(key) ?? []
    lines.push({ sequence: ++this.#sequence, atMs, line })
    if (lines.length > this.#maxLines) lines.shift()
    // The one spoken to last stands last, so that the first is the one to forget.
    this.#byTarget.delete(key)
    this.#byTarget.set(key, lines)
    const [oldest] = this.#byTarget.keys()
    if (this.#byTarget.size > maxTargets && oldest !== undefined) this.#byTarget.delete(oldest)
  }

  since(target: string, sequence: number): readonly Said[] {
    const lines = this.#byTarget.get(foldName(target)) ?? []
    return lines.filter((one) => one.sequence > sequence)
  }

  /** All targets with something newer. */
  targets(sequence: number): readonly string[] {
    return [...this.#byTarget]
      .filter(([, lines]) => (lines.at(-1)?.sequence ?? 0) > sequence)
      .map(([target]) => target)
  }

  /** Forgets one target. */
  clear(target: string): void {
    this.#byTarget.delete(foldName(target))
  }
}

/** Strangers could open any number of queries. */
const maxTargets = 500
