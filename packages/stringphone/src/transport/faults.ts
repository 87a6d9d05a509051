import { UsageError } from "../bytes/index.js"
import type { SeededRandom } from "./random.js"

/** What a hostile network does to messages: each a probability, 0 (the default) to 1. */
export interface Faults {
  /** The message never arrives. */
  readonly drop?: number
  /** It arrives twice. */
  readonly duplicate?: number
  /** It arrives later than some that were sent after it. */
  readonly reorder?: number
  /** One of its bits is flipped. */
  readonly corrupt?: number
  /** After it, some earlier message arrives once more. */
  readonly replay?: number
  /** Every message takes this long. Default: no time at all. */
  readonly delayMs?: { readonly min: number; readonly max: number }
}

/** One arrival that the network brings about. */
export interface Delivery {
  readonly bytes: Uint8Array
  readonly delayMs: number
  /** Not held back by the order of arrival. */
  readonly reordered: boolean
}

/** A reordered message is held back by up to so much more. */
const reorderMs = 50

/** So many earlier messages are kept to be replayed. */
const memory = 1000

/** Decides, with one stream of random numbers, what becomes of each message. */
export class HostileNetwork {
  readonly #random: SeededRandom
  readonly #earlier: Uint8Array[] = []
  #faults: Faults = {}

  constructor(random: SeededRandom, faults: Faults) {
    this.#random = random
    this.faults = faults
  }

  /** @throws {UsageError} `bad-faults` unless all probabilities are from 0 to 1 */
  set faults(faults: Faults) {
    const { delayMs = { min: 0, max: 0 }, ...probabilities } = faults
    const bad = Object.entries(probabilities).find(([, value]) => !(value >= 0 && value <= 1))
    if (bad) throw new UsageError("bad-faults", `The probability of ${bad[0]} is not from 0 to 1.`)
    if (!(delayMs.min >= 0 && delayMs.max >= delayMs.min)) {
      throw new UsageError("bad-faults", "A delay needs 0 <= min <= max.")
    }
    this.#faults = faults
  }

  /** All that one receiver gets when this message is sent. */
  deliveries(bytes: Uint8Array): Delivery[] {
    const random = this.#random
    const { drop = 0, duplicate = 0, replay = 0 } = this.#faults
    const deliveries: Delivery[] = []
    if (!random.chance(drop)) deliveries.push(this.#deliver(bytes))
    if (random.chance(duplicate)) deliveries.push(this.#deliver(bytes))
    const replayed = random.chance(replay) && this.#earlier[random.below(this.#earlier.length)]
    if (replayed) deliveries.push(this.#deliver(replayed))
    return deliveries
  }

  /** Keeps a message for a later replay. */
  remember(bytes: Uint8Array): void {
    this.#earlier.push(bytes)
    if (this.#earlier.length > memory) this.#earlier.shift()
  }

  #deliver(bytes: Uint8Array): Delivery {
    const random = this.#random
    const { corrupt = 0, reorder = 0, delayMs = { min: 0, max: 0 } } = this.#faults
    const copy = Uint8Array.from(bytes)
    if (random.chance(corrupt) && copy.length > 0) {
      const at = random.below(copy.length)
      copy[at] = (copy[at] as number) ^ (1 << random.below(8))
    }
    const reordered = random.chance(reorder)
    const late = reordered ? random.next() * reorderMs : 0
    return {
      bytes: copy,
      delayMs: delayMs.min + random.next() * (delayMs.max - delayMs.min) + late,
      reordered,
    }
  }
}
