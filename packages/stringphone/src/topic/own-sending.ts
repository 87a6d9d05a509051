import { sameBytes, UsageError } from "../bytes/index.js"
import { blockSize } from "./key-chain.js"
import {
  epochExhausted,
  maxBlocks,
  type SendingChain,
  type SendingKeys,
  skipBlocks,
  takeBlock,
} from "./sending-keys.js"
import { decodeSending, encodeSending, type SavedSending } from "./wire/state.js"

/** Fewer message keys than this at hand, and the next snapshot takes a block. */
const lowWater = blockSize / 2
/** So many counters of one epoch are given up for reports, and no more. [TOPIC-4-6] */
const maxSkipped = 2 ** 20

/** What we send with in the current epoch: counters that are saved as taken, and their keys. */
export class OwnSending {
  #saved: SavedSending
  #blocks: SendingKeys[] = []
  /** Guards of our last 256 messages, by counter: another one tells of another copy of us. */
  readonly #guards = new Uint8Array(8 * blockSize)
  #guarded = { from: 0, to: 0 }
  /** Changes when what was taken before is given up. */
  #generation = 0
  /** Counters of this epoch that reports made us skip. */
  #skipped = 0
  /** What was used in this epoch before we began, if it was closed in order. */
  #usedBefore: number | null

  constructor(saved: SavedSending) {
    this.#saved = saved
    this.#usedBefore = saved.used
  }

  /** How many messages can be encoded before a snapshot has to be stored. */
  get left(): number {
    return this.#blocks.reduce((sum, keys) => sum + keys.left, 0)
  }

  /** Counters that were taken, by whichever process. */
  get taken(): number {
    return this.#saved.chain.block * blockSize
  }

  /** Counters that were used in this epoch before we began; `null`: it was not closed in order. */
  get usedBefore(): number | null {
    return this.#usedBefore
  }

  /** Above the last counter that was used in this epoch; `null`: that is not known. */
  get usedTo(): number | null {
    return this.#guarded.to > 0 ? this.#guarded.to : this.#usedBefore
  }

  /** The next counter and its key. @throws {UsageError} `save-first` */
  next(): { readonly counter: number; readonly key: Uint8Array } {
    const [keys] = this.#blocks
    if (!keys && this.#saved.chain.block >= maxBlocks) throw epochExhausted()
    if (!keys) {
      throw new UsageError("save-first", "Store a snapshot before you encode more.")
    }
    const next = keys.next()
    if (keys.left === 0) this.#blocks.shift()
    return next
  }

  /** Remembers with which guard a counter was used. */
  used(counter: number, guard: Uint8Array): void {
    const isNext = counter === this.#guarded.to
    const from = isNext ? Math.max(this.#guarded.from, counter + 1 - blockSize) : counter
    this.#guarded = { from, to: counter + 1 }
    this.#guards.set(guard, 8 * (counter % blockSize))
  }

  /** What to save; `stored` releases the counters that it takes. [TOPIC-6-2] */
  snapshot(closing: boolean): { readonly sending: Uint8Array; stored(): void } {
    if (closing) this.#saved = { ...this.#saved, used: this.usedTo }
    const { commitment } = this.#saved
    const generation = this.#generation
    const isLow = !closing && this.left < lowWater
    // When none is left, what came in is saved all the same; `next` says so.
    const taken = isLow && this.#saved.chain.block < maxBlocks ? takeBlock(this.#saved.chain) : null
    if (taken) this.#saved = { commitment, chain: taken.chain, used: null }
    let isStored = false
    return {
      sending: encodeSending(this.#saved),
      stored: () => {
        // Keys that were given up meanwhile are not to be used.
        if (!taken || isStored || generation !== this.#generation) return
        isStored = true
        this.#blocks.push(taken.keys)
      },
    }
  }

  /** Another process took counters meanwhile: begin after them. @throws {PeerError} `malformed` */
  adopt(sending: Uint8Array): void {
    const other = decodeSending(sending)
    if (!sameBytes(other.commitment, this.#saved.commitment)) return
    if (other.chain.block > this.#saved.chain.block) this.#saved = { ...other, used: null }
  }

  /**
   * Whether what others accepted of us shows another copy of us: a counter that was not used as far
   * as we know, or one that we used with another guard. [TOPIC-4-3]
   *
   * @param counters the highest accepted, plus 1
   * @param guard of the highest, 8 bytes
   */
  isOtherCopy(counters: number, guard: Uint8Array): boolean {
    const beyond = counters - this.#usedBelow
    // What reports can make us skip in one epoch is bounded, whoever makes them. [TOPIC-4-6]
    if (this.#skipped + Math.max(blockSize, beyond) > maxSkipped) return false
    return beyond > 0 || this.#isOtherGuard(counters - 1, guard)
  }

  /** Goes on above what others accepted. */
  skipTo(counters: number): void {
    const chain = skipBlocks(this.#saved.chain, Math.ceil(counters / blockSize))
    this.#skipped += Math.max(blockSize, counters - this.#usedBelow)
    this.#saved = { ...this.#saved, chain, used: null }
    this.#giveUp()
  }

  /** A new epoch: whatever was taken of the old one is given up. */
  enter(commitment: Uint8Array, chain: SendingChain): void {
    this.#saved = { commitment, chain, used: 0 }
    this.#usedBefore = 0
    this.#skipped = 0
    this.#giveUp()
    this.#guarded = { from: 0, to: 0 }
  }

  #giveUp(): void {
    this.#blocks = []
    this.#generation += 1
  }

  /** No counter from here on was used, as far as our own state tells. */
  get #usedBelow(): number {
    const [first] = this.#blocks
    // Blocks that were taken after ours are another process's, and may be used up.
    if (first && first.counter + this.left === this.taken) return first.counter
    return first ? this.taken : (this.#saved.used ?? this.taken)
  }

  #isOtherGuard(counter: number, guard: Uint8Array): boolean {
    if (counter < this.#guarded.from || counter >= this.#guarded.to) return false
    const at = 8 * (counter % blockSize)
    return !sameBytes(this.#guards.subarray(at, at + 8), guard)
  }
}
