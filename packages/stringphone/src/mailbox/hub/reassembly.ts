import { PeerError } from "../../bytes/index.js"
import type { Piece } from "./wire/piece.js"

/**
 * Puts one parcel after the other together again. Pieces come in order; where one is missing the
 * parcel is given up, and the next run brings it. [SYNC-2-14]
 */
export class Reassembly {
  readonly #maxBytes: number
  #bytes: Uint8Array | null = null
  #filled = 0
  /** The sender's position before the parcel: tells it from another one of that size. */
  #start = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** @returns the parcel, once it is whole. @throws {PeerError} `malformed`, `missing-piece` */
  add({ offset, piece, position, total }: Piece): Uint8Array | null {
    const start = position - offset - piece.length
    if (total > this.#maxBytes || offset + piece.length > total || start < 0) {
      throw new PeerError("malformed", "A piece does not fit into a parcel.")
    }
    const isSame = this.#bytes?.length === total && start === this.#start
    if (isSame && offset + piece.length <= this.#filled) return null // it came again
    if (offset === 0) {
      this.#bytes = new Uint8Array(total)
      this.#filled = 0
      this.#start = start
    } else if (!isSame || offset !== this.#filled) {
      this.#bytes = null
      throw new PeerError("missing-piece", "A piece of a parcel did not arrive.")
    }
    this.#bytes?.set(piece, offset)
    this.#filled += piece.length
    if (this.#filled < total) return null
    const whole = this.#bytes
    this.#bytes = null
    return whole
  }
}
