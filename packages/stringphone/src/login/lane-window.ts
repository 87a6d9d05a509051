import { concat, PeerError, u32 } from "../bytes/index.js"
import { mostCalls } from "./wire/call-number.js"

/** Numbers below the highest that came, and it, whose use is known. [LOGIN-5-3] */
export const windowNumbers = 256

/** What a number is when a call comes with it. */
export type CallNumberState = "fresh" | "used" | "too-old"

const wordBits = 32
/** More than the window, so that moving it on clears whole words: RFC 6479 §2. */
const words = 16
const savedBytes = 8 + words * 4

/** Which calls of a lane came. It changes in place. spec/login.md §5.3 */
export class LaneWindow {
  readonly #bits: Uint32Array
  #highest: number

  constructor() {
    this.#bits = new Uint32Array(words)
    this.#highest = 0
  }

  /** @param saved what {@link save} returned; @throws {PeerError} `malformed` */
  static restore(saved: Uint8Array): LaneWindow {
    const view = new DataView(saved.buffer, saved.byteOffset, saved.byteLength)
    const isWhole = saved.length === savedBytes
    const highest = isWhole ? view.getUint32(0) * 2 ** 32 + view.getUint32(4) : Infinity
    if (highest > mostCalls) throw new PeerError("malformed", "That is no saved window of a lane.")
    const window = new LaneWindow()
    window.#highest = highest
    for (let i = 0; i < words; i++) window.#bits[i] = view.getUint32(8 + 4 * i)
    return window
  }

  /** What a call with this number would be. */
  stateOf(number: number): CallNumberState {
    if (!Number.isSafeInteger(number) || number < 1) return "too-old"
    if (number > this.#highest) return "fresh"
    if (this.#highest - number >= windowNumbers) return "too-old"
    return (this.#wordOf(number) & bitOf(number)) === 0 ? "fresh" : "used"
  }

  /** The same, and a fresh number is used from now on: call it before anybody acts on the call. */
  use(number: number): CallNumberState {
    const state = this.stateOf(number)
    if (state !== "fresh") return state
    if (number > this.#highest) this.#moveTo(number)
    this.#bits[indexOf(number)] = this.#wordOf(number) | bitOf(number)
    return state
  }

  save(): Uint8Array {
    const highest = [u32(Math.floor(this.#highest / 2 ** 32)), u32(this.#highest % 2 ** 32)]
    return concat(...highest, ...Array.from(this.#bits, (word) => u32(word)))
  }

  #moveTo(number: number): void {
    const steps = Math.floor(number / wordBits) - Math.floor(this.#highest / wordBits)
    for (let i = 0; i < Math.min(steps, words); i++) this.#bits[indexOf(number - i * wordBits)] = 0
    this.#highest = number
  }

  #wordOf(number: number): number {
    return this.#bits[indexOf(number)] as number
  }
}

function indexOf(number: number): number {
  return Math.floor(number / wordBits) % words
}

function bitOf(number: number): number {
  return 1 << (number % wordBits)
}
