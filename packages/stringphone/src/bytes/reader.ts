import { PeerError } from "./errors.js"

/** Makes the error for a malformed input; a protocol may answer with a class of its own. */
export type Malformed = (message: string) => Error

/** Bounds-checked, forward-only reading. Every error names the format and the field. */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #what: string
  readonly #malformed: Malformed
  #at = 0

  constructor(bytes: Uint8Array, what: string, malformed: Malformed) {
    this.#bytes = bytes
    this.#what = what
    this.#malformed = malformed
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  /** A view (not a copy) of the next `length` bytes. */
  take(length: number, field: string): Uint8Array {
    if (this.remaining < length) {
      throw this.fail(`${field} needs ${length} bytes but only ${this.remaining} are left`)
    }
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  /** A view of everything that is left, at least `minBytes`. */
  rest(field: string, minBytes = 0): Uint8Array {
    return this.take(Math.max(minBytes, this.remaining), field)
  }

  u8(field: string): number {
    return this.#bigEndian(1, field)
  }

  u16(field: string): number {
    return this.#bigEndian(2, field)
  }

  u32(field: string): number {
    return this.#bigEndian(4, field)
  }

  /** Up to 2⁴⁸ − 1, which a number holds exactly. */
  u48(field: string): number {
    return this.#bigEndian(6, field)
  }

  /** One byte that must have exactly this value. */
  expect(value: number, field: string): void {
    const found = this.u8(field)
    if (found !== value) throw this.fail(`${field} is ${found}, expected ${value}`)
  }

  /** No byte may be left over. */
  end(): void {
    if (this.remaining > 0) throw this.fail(`${this.remaining} bytes too many`)
  }

  fail(problem: string): Error {
    return this.#malformed(`Malformed ${this.#what}: ${problem}.`)
  }

  #bigEndian(length: number, field: string): number {
    if (this.remaining < length) this.take(length, field)
    let value = 0
    for (let i = 0; i < length; i++) value = value * 256 + (this.#bytes[this.#at++] as number)
    return value
  }
}

/**
 * Runs a decoder over all of `bytes`; too few and too many are both errors.
 * @throws {PeerError} `malformed`, unless `malformed` makes another.
 */
export function decodeAll<T>(
  bytes: Uint8Array,
  what: string,
  decode: (reader: Reader) => T,
  malformed: Malformed = (message) => new PeerError("malformed", message),
): T {
  const reader = new Reader(bytes, what, malformed)
  const value = decode(reader)
  reader.end()
  return value
}
