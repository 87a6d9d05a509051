import { UsageError } from "../../bytes/index.js"
import { MalformedPacketError } from "./errors.js"

/** Longest piece that {@link fragment} makes, as the original: 399 characters less 19. [FLUTE-2-2] */
export const maxPieceChars = 380
/** Longest packet in fragments; the original fails above nine. [FLUTE-2-4] */
export const maxFragments = 999

const tag = "?VLA,"

/** Whether a line is meant to be a fragment; any other line is cleartext. [FLUTE-2-1] */
export function isFragment(line: string): boolean {
  return line.startsWith(tag)
}

/**
 * Cuts a packet's text into lines, `?VLA,k,n!piece` each.
 *
 *   ?VLA , k , n ! piece
 *          |   |   at most 380 characters
 *          |   how many there are, decimal
 *          which one this is, decimal, from 1
 *
 * @param pieceChars fewer, for a channel with shorter lines
 * @returns lines of at most 13 ASCII characters more
 * @throws {UsageError} `packet-too-long`
 */
export function fragment(packetText: string, pieceChars: number = maxPieceChars): string[] {
  const count = Math.max(1, Math.ceil(packetText.length / pieceChars))
  if (count > maxFragments) {
    throw new UsageError(
      "packet-too-long",
      `A packet of ${packetText.length} characters needs ${count} fragments, and ${maxFragments} is the limit. Send less at once.`,
    )
  }
  return Array.from({ length: count }, (_, i) => {
    const piece = packetText.slice(i * pieceChars, (i + 1) * pieceChars)
    return `${tag}${i + 1},${count}!${piece}`
  })
}

/** A line as it came from the channel. */
export interface IncomingFragment {
  /** What the channel calls its sender. */
  readonly from: string
  /** The channel, or us. */
  readonly target: string
  readonly text: string
  /** Milliseconds, of any clock; absent: what waits is never too old. */
  readonly atMs?: number
}

/** How much may wait for its other fragments. */
export interface ReassemblerLimits {
  /** Senders and targets with a packet half received; default 64. */
  readonly maxPartials?: number
  /** Characters of all together; default 1,048,576. */
  readonly maxChars?: number
  /** What got no fragment for so long is dropped; default 60,000 ms. */
  readonly maxWaitMs?: number
}

interface Partial {
  readonly count: number
  /** In the order of arrival. */
  readonly pieces: ReadonlyMap<number, string>
  /** They were part of another packet already: only their continuation makes one of them. */
  readonly isSpare: boolean
  readonly chars: number
  readonly atMs: number
}

const packetChars = maxFragments * maxPieceChars

/**
 * Puts fragments together again: in any order, each sender and target on its own. A fragment that
 * can not belong to the packet that waits begins a new one; so what was lost blocks nobody.
 *
 * @example
 * ```ts
 * const reassembler = new Reassembler()
 * reassembler.add({ from: "bob", target: "#flute", text: "?VLA,2,2!ld" }) // → null
 * reassembler.add({ from: "bob", target: "#flute", text: "?VLA,1,2!03wor" }) // → "03world"
 * ```
 */
export class Reassembler {
  readonly #limits: Required<ReassemblerLimits>
  /** By sender and target; who was heard last stands last. */
  readonly #partials = new Map<string, Partial>()
  #chars = 0

  constructor(limits: ReassemblerLimits = {}) {
    this.#limits = { maxPartials: 64, maxChars: 1 << 20, maxWaitMs: 60_000, ...limits }
  }

  /** Packets that wait for fragments. */
  get waiting(): number {
    return this.#partials.size
  }

  /**
   * @returns the packet's text when this was its last missing fragment, else `null`
   * @throws {MalformedPacketError}
   */
  add({ from, target, text, atMs = 0 }: IncomingFragment): string | null {
    const { index, count, piece } = decodeFragment(text)
    if (count === 1) return piece
    const who = JSON.stringify([from, target])
    const waiting = this.#partials.get(who)
    const isLate = waiting && atMs - waiting.atMs > this.#limits.maxWaitMs // [FLUTE-2-7]
    const pieces =
      waiting && !isLate ? continued(waiting, index, count, piece) : new Map<number, string>()
    pieces.delete(index) // What came again came last.
    pieces.set(index, piece)
    let chars = 0
    for (const each of pieces.values()) chars += each.length
    this.#forget(who)
    if (chars > packetChars) throw new MalformedPacketError("Malformed packet: it is too long.")
    const isWhole = pieces.size === count
    const begun = beginning(pieces)
    const kept = !isWhole ? pieces : begun.size < count ? begun : new Map<number, string>() // [FLUTE-2-9]
    if (kept.size > 0) this.#keep(who, { count, pieces: kept, isSpare: isWhole, chars, atMs })
    if (!isWhole) return null
    return Array.from({ length: count }, (_, i) => pieces.get(i + 1)).join("")
  }

  #keep(who: string, partial: Partial): void {
    this.#partials.set(who, partial)
    this.#chars += partial.chars
    this.#makeRoom()
  }

  #forget(who: string): void {
    this.#chars -= this.#partials.get(who)?.chars ?? 0
    this.#partials.delete(who)
  }

  /** Who was silent longest loses its packet. [FLUTE-2-8] */
  #makeRoom(): void {
    const { maxPartials, maxChars } = this.#limits
    for (const who of this.#partials.keys()) {
      if (this.#partials.size <= maxPartials && this.#chars <= maxChars) return
      this.#forget(who)
    }
  }
}

/**
 * The pieces that this one goes on from. Another number of fragments, or another piece in the same
 * place, is another packet: of what waits it can have only the beginning. [FLUTE-2-6]
 */
function continued(
  { count: known, pieces, isSpare }: Partial,
  index: number,
  count: number,
  piece: string,
): Map<number, string> {
  if (known !== count) return new Map<number, string>()
  if (!isSpare && (pieces.get(index) ?? piece) === piece) return new Map(pieces)
  const begun = beginning(pieces)
  return begun.size === index - 1 ? begun : new Map<number, string>()
}

/** What came last, if it is 1, 2, 3 … in this order. */
function beginning(pieces: ReadonlyMap<number, string>): Map<number, string> {
  const arrivals = [...pieces]
  const latest = arrivals.slice(arrivals.findLastIndex(([index]) => index === 1))
  return new Map(latest.every(([index], i) => index === i + 1) ? latest : [])
}

/** @throws {MalformedPacketError} */
function decodeFragment(line: string): { index: number; count: number; piece: string } {
  const match = /^\?VLA,(\d{1,5}),(\d{1,5})!([^!]*)$/.exec(line)
  const [index, count] = [Number(match?.[1]), Number(match?.[2])]
  const isPossible = index >= 1 && index <= count && count <= maxFragments // [FLUTE-2-3]
  if (!match || !isPossible) {
    throw new MalformedPacketError("Malformed fragment: expected ?VLA,k,n! with 1 ≤ k ≤ n ≤ 999.")
  }
  return { index, count, piece: match[3] as string }
}
