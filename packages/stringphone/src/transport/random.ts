/**
 * Seeded random numbers (Marsaglia's xorshift, 32 bits): the same seed gives the same numbers. For
 * simulations only; nothing about them is secret.
 */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    // Spreads small seeds over the whole range; zero would stay zero for ever.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) || 1
    for (let i = 0; i < 8; i++) this.next()
  }

  /** From 0 up to 1. */
  next(): number {
    this.#state ^= this.#state << 13
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    return (this.#state >>> 0) / 2 ** 32
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** A whole number from 0 up to `count`. */
  below(count: number): number {
    return Math.floor(this.next() * count)
  }
}
