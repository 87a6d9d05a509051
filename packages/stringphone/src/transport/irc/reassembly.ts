import { hex } from "../../bytes/index.js"
import { type Part, type Range, maxRanges } from "./text-line.js"

/** How much may be held of messages that are not complete. */
export interface ReassemblyLimits {
  readonly maxMessageBytes: number
  /** Messages of one sender. Default 4. */
  readonly maxPerSender?: number
  /** Of all senders. Default 4 MiB. */
  readonly maxBytes?: number
}

/** One message on its way in. */
export interface Incomplete {
  from: string
  readonly id: Uint8Array
  readonly bytes: Uint8Array
  /** What has arrived, in order, apart from each other. */
  ranges: Range[]
}

/** More holes than that come from nobody who means well. */
const maxHoles = 256

/** So many messages that were complete are remembered, so that late copies start nothing. */
const maxRemembered = 1024

/** What became of a piece. `dropped`: messages that had to make room. */
export interface Added {
  /** Complete, with this piece. */
  readonly message: Uint8Array | null
  /** The message that this piece brought further, to its end or not. */
  readonly incomplete: Incomplete | null
  readonly dropped: readonly Incomplete[]
}

/** Puts the pieces of messages together, whatever order they come in. spec/irc.md §3 */
export class Reassembly {
  readonly #maxMessageBytes: number
  readonly #maxPerSender: number
  readonly #maxBytes: number
  /** The one that has waited longest for a piece first. */
  readonly #incomplete = new Map<string, Incomplete>()
  readonly #complete = new Set<string>()

  constructor({ maxMessageBytes, maxPerSender = 4, maxBytes = 4 * 1024 * 1024 }: ReassemblyLimits) {
    this.#maxMessageBytes = maxMessageBytes
    this.#maxPerSender = maxPerSender
    this.#maxBytes = maxBytes
  }

  add(from: string, part: Part): Added {
    const nothing: Added = { message: null, incomplete: null, dropped: [] }
    if (part.total > this.#maxMessageBytes) return nothing // [IRC-3-1]
    const key = keyOf(from, part.id)
    if (this.#complete.has(key)) return nothing // [IRC-3-4]
    const known = this.#incomplete.get(key)
    if (known && known.bytes.length !== part.total) return nothing // [IRC-3-2]
    const incomplete = known ?? {
      from,
      id: part.id.slice(),
      bytes: new Uint8Array(part.total),
      ranges: [],
    }
    const isNews = insert(incomplete, part)
    if (known && !isNews) return nothing
    this.#forget(key)
    if (incomplete.ranges.length > maxHoles) return { ...nothing, dropped: [incomplete] }
    if (incomplete.ranges[0]?.length === part.total) {
      this.#remember(key)
      return { ...nothing, incomplete, message: incomplete.bytes }
    }
    const dropped = known ? [] : this.#makeRoom(from, part.total)
    this.#incomplete.set(key, incomplete)
    return { message: null, incomplete, dropped }
  }

  has({ from, id }: Incomplete): boolean {
    return this.#incomplete.has(keyOf(from, id))
  }

  drop({ from, id }: Incomplete): void {
    this.#forget(keyOf(from, id))
  }

  /** A sender goes by another name now. [IRC-3-5] */
  rename(from: string, to: string): void {
    for (const [key, incomplete] of [...this.#incomplete]) {
      if (incomplete.from !== from) continue
      this.#incomplete.delete(key)
      incomplete.from = to
      this.#incomplete.set(keyOf(to, incomplete.id), incomplete)
    }
    for (const key of [...this.#complete]) {
      const id = key.slice(0, key.indexOf(" "))
      if (key === `${id} ${from}`) this.#complete.add(`${id} ${to}`)
    }
  }

  #makeRoom(from: string, total: number): Incomplete[] {
    const dropped: Incomplete[] = []
    const own = [...this.#incomplete.values()].filter((other) => other.from === from)
    // [IRC-3-3]
    while (own.length >= this.#maxPerSender) dropped.push(own.shift() as Incomplete)
    const others = [...this.#incomplete.values()].filter((other) => !dropped.includes(other))
    let bytes = others.reduce((sum, other) => sum + other.bytes.length, 0)
    while (bytes + total > this.#maxBytes && others.length > 0) {
      const oldest = others.shift() as Incomplete
      bytes -= oldest.bytes.length
      dropped.push(oldest)
    }
    for (const incomplete of dropped) this.drop(incomplete)
    return dropped
  }

  #forget(key: string): void {
    const known = this.#incomplete.get(key)
    if (!known) return
    this.#incomplete.delete(key)
  }

  #remember(key: string): void {
    this.#complete.add(key)
    if (this.#complete.size <= maxRemembered) return
    const [oldest] = this.#complete
    if (oldest !== undefined) this.#complete.delete(oldest)
  }
}

/** What has not arrived yet; the first sixteen pieces of it. */
export function missingRanges({ bytes, ranges }: Incomplete): Range[] {
  const missing: Range[] = []
  let at = 0
  for (const { offset, length } of [...ranges, { offset: bytes.length, length: 0 }]) {
    if (offset > at) missing.push({ offset: at, length: offset - at })
    at = offset + length
  }
  return missing.slice(0, maxRanges)
}

/** Whether something behind a hole has arrived: on IRC the hole was lost then, not late. */
export function hasHole({ ranges }: Incomplete): boolean {
  return ranges.length > 1 || (ranges[0]?.offset ?? 0) > 0
}

/** What is there already stays: the first copy counts. @returns whether anything was new */
function insert(incomplete: Incomplete, { offset, bytes }: Part): boolean {
  let isNews = false
  let at = offset
  const end = offset + bytes.length
  for (const range of [...incomplete.ranges, { offset: end, length: 0 }]) {
    const until = Math.min(end, range.offset)
    if (at < until) {
      incomplete.bytes.set(bytes.subarray(at - offset, until - offset), at)
      isNews = true
    }
    at = Math.max(at, range.offset + range.length)
  }
  if (isNews) incomplete.ranges = merged([...incomplete.ranges, { offset, length: bytes.length }])
  return isNews
}

function merged(ranges: readonly Range[]): Range[] {
  const result: Range[] = []
  for (const range of [...ranges].sort((a, b) => a.offset - b.offset)) {
    const last = result.at(-1)
    if (!last || range.offset > last.offset + last.length) {
      result.push(range)
      continue
    }
    const end = Math.max(last.offset + last.length, range.offset + range.length)
    result[result.length - 1] = { offset: last.offset, length: end - last.offset }
  }
  return result
}

function keyOf(from: string, id: Uint8Array): string {
  return `${hex(id)} ${from}`
}
