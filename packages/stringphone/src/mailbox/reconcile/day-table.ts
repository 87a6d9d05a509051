/** Bits of an item's number that say its place within the day; ranges are cut along them. */
export const placeBits = 24

/** Items of one day whose places begin with the same bits. spec/mailbox-sync.md §1.3 */
export interface Range {
  readonly table: DayTable
  /** How many bits are fixed, 0 to 24. */
  readonly bits: number
  /** Their value. */
  readonly prefix: number
  /** The items, as positions in the table; `to` is behind the last. */
  readonly from: number
  readonly to: number
}

/**
 * The items of one day as one session sees them: under numbers that only its key gives, sorted by
 * place. About 16 bytes an item.
 *
 *   number of an item, 8 bytes [SYNC-1-6]
 *
 *   0        3                 8
 *   +--------+-----------------+
 *   | place  | short ID        |   the last 4 bytes are what a fingerprint sums up
 *   +--------+-----------------+
 */
export class DayTable {
  readonly #ids: readonly Uint8Array[]
  /** By position: which of the IDs, the number's first and second half, the sum of all before. */
  readonly #order: Uint32Array
  readonly #high: Uint32Array
  readonly #low: Uint32Array
  readonly #sums: Uint32Array
  readonly #isMissing: Uint8Array

  /** @param hash gives at least 8 bytes */
  constructor(ids: readonly Uint8Array[], hash: (id: Uint8Array) => Uint8Array) {
    const count = ids.length
    const high = new Uint32Array(count)
    const low = new Uint32Array(count)
    const keys = new Float64Array(count)
    for (let i = 0; i < count; i++) {
      const number = hash(ids[i] as Uint8Array)
      high[i] = bigEndian(number, 0)
      low[i] = bigEndian(number, 4)
      // 24 bits of place and the index: a number holds both exactly, and typed arrays sort fast.
      keys[i] = (bigEndian(number, 0) >>> 8) * maxItems + i
    }
    keys.sort()
    this.#ids = ids
    this.#order = Uint32Array.from(keys, (key) => key % maxItems)
    this.#high = this.#order.map((i) => high[i] as number)
    this.#low = this.#order.map((i) => low[i] as number)
    this.#sums = new Uint32Array(count + 1)
    for (let i = 0; i < count; i++) {
      this.#sums[i + 1] = (this.#sums[i] as number) + (this.#low[i] as number)
    }
    this.#isMissing = new Uint8Array(count)
  }

  whole(): Range {
    return { table: this, bits: 0, prefix: 0, from: 0, to: this.#ids.length }
  }

  /** Sum of the items' last 4 bytes, modulo 2³². [SYNC-1-8] */
  fingerprint({ from, to }: Range): number {
    return ((this.#sums[to] as number) - (this.#sums[from] as number)) >>> 0
  }

  /** Cuts a range along its next bits into 2^bits ranges, in order. */
  split(range: Range, bits: number): Range[] {
    const parts: Range[] = []
    const first = range.prefix * 2 ** bits
    let from = range.from
    for (let i = 0; i < 2 ** bits; i++) {
      const prefix = first + i
      const to = this.#firstFrom(
        (prefix + 1) * 2 ** (placeBits - range.bits - bits),
        from,
        range.to,
      )
      parts.push({ table: this, bits: range.bits + bits, prefix, from, to })
      from = to
    }
    return parts
  }

  /** The short ID of the item in a position: 40 bits. */
  shortId(position: number): number {
    const top = (this.#high[position] as number) & 0xff
    return top * 2 ** 32 + (this.#low[position] as number)
  }

  id(position: number): Uint8Array {
    return this.#ids[this.#order[position] as number] as Uint8Array
  }

  /** The other side lacks the item in this position. */
  markMissing(position: number): void {
    this.#isMissing[position] = 1
  }

  /**
   * Sum of the numbers of all items that the other side has, modulo 2⁶⁴, as its two halves, each a
   * number of 32 bits. [SYNC-1-18]
   */
  sumOfCommon(): readonly [high: number, low: number] {
    let high = 0
    let low = 0
    for (let i = 0; i < this.#isMissing.length; i++) {
      if (this.#isMissing[i] === 1) continue
      const sum = low + (this.#low[i] as number)
      low = sum >>> 0
      high = (high + (this.#high[i] as number) + (sum > 0xffff_ffff ? 1 : 0)) >>> 0
    }
    return [high, low]
  }

  /** The first position within from … to whose place is not below this one. */
  #firstFrom(place: number, from: number, to: number): number {
    while (from < to) {
      const middle = (from + to) >>> 1
      if ((this.#high[middle] as number) >>> 8 < place) from = middle + 1
      else to = middle
    }
    return from
  }
}

/** Of one day: place and index are together 53 bits. */
const maxItems = 2 ** 29

function bigEndian(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
  return ((high << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0
}
