/** One envelope, as far as room is concerned. */
export interface ShelfItem {
  /** Its ID, or anything else that tells it from others. */
  readonly key: string
  readonly day: number
  /** In bytes. */
  readonly size: number
  readonly stampBits: number
  readonly link: string
}

/** An item in its place; `isHere` turns false when it leaves. */
export interface Shelved {
  readonly item: ShelfItem
  /** Grows with each that comes. */
  readonly number: number
  isHere: boolean
}

/** Whether `a` is dropped before `b`. [HUB-2-4] */
function isWorse(a: Shelved, b: Shelved): boolean {
  const [aBits, bBits] = [a.item.stampBits, b.item.stampBits]
  return aBits === bBits ? a.number < b.number : aBits < bBits
}

/** Heaps hold up to so many more that have left than that are here. */
const slack = 64

/** What one link stores, the worst at hand: a binary heap in which those that left are passed over. */
export class LinkShelf {
  #heap: Shelved[] = []
  #count = 0
  #bytes = 0

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#bytes
  }

  /** What would be dropped first. */
  get worst(): Shelved | null {
    for (let top = this.#heap[0]; top; top = this.#heap[0]) {
      if (top.isHere) return top
      this.#takeTop()
    }
    return null
  }

  add(shelved: Shelved): void {
    this.#count += 1
    this.#bytes += shelved.item.size
    this.#heap.push(shelved)
    this.#rise(this.#heap.length - 1)
  }

  remove(shelved: Shelved): void {
    shelved.isHere = false
    this.#count -= 1
    this.#bytes -= shelved.item.size
    if (this.#heap.length <= 2 * this.#count + slack) return
    const here = this.#heap.filter(({ isHere }) => isHere)
    // Sorted is a heap, too.
    this.#heap = here.sort((a, b) => (isWorse(a, b) ? -1 : 1))
  }

  #takeTop(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink(0)
  }

  #rise(from: number): void {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1
      if (!this.#swapIfWorse(at, parent)) return
      at = parent
    }
  }

  #sink(from: number): void {
    for (let at = from; ;) {
      const left = 2 * at + 1
      if (left >= this.#heap.length) return
      const child = this.#isWorseAt(left + 1, left) ? left + 1 : left
      if (!this.#swapIfWorse(child, at)) return
      at = child
    }
  }

  #swapIfWorse(lower: number, upper: number): boolean {
    if (!this.#isWorseAt(lower, upper)) return false
    const kept = this.#heap[lower] as Shelved
    this.#heap[lower] = this.#heap[upper] as Shelved
    this.#heap[upper] = kept
    return true
  }

  #isWorseAt(a: number, b: number): boolean {
    const [first, second] = [this.#heap[a], this.#heap[b]]
    return first !== undefined && second !== undefined && isWorse(first, second)
  }
}
