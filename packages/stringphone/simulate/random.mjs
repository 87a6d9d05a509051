// A seeded source of numbers (sfc32): the same seed gives the same run on every machine.

export class Random {
  #a = 0x9e3779b9
  #b = 0x243f6a88
  #c = 0xb7e15162
  #d = 1

  /**
   * @param {number} seed u32
   * @param {string} purpose each purpose has numbers of its own: a sweep does not shift the others
   */
  constructor(seed, purpose) {
    this.#a ^= seed >>> 0
    for (const character of purpose) {
      this.#b = Math.imul(this.#b ^ character.charCodeAt(0), 0x01000193)
    }
    for (let i = 0; i < 16; i++) this.u32()
  }

  u32() {
    const t = (this.#a + this.#b + this.#d) | 0
    this.#d = (this.#d + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + t
    return t >>> 0
  }

  /** From 0 up to 1, never 1. */
  unit() {
    return this.u32() / 4_294_967_296
  }

  /** A whole number from 0 up to `end`, never `end`. */
  below(end) {
    return Math.floor(this.unit() * end)
  }

  /** Heavy-tailed, at least 1, at most `most`: the share of those above x falls as x^-exponent. */
  pareto(exponent, most) {
    return Math.min(most, (1 - this.unit()) ** (-1 / exponent))
  }

  /** How many happen when `mean` are expected. */
  poisson(mean) {
    if (mean > 50) {
      const normal = Math.sqrt(-2 * Math.log(1 - this.unit())) * Math.cos(2 * Math.PI * this.unit())
      return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal))
    }
    let count = 0
    for (let left = Math.exp(-mean), product = this.unit(); product > left; count++) {
      product *= this.unit()
    }
    return count
  }

  /** @returns {number[]} `count` different numbers below `end`, in random order */
  sample(count, end) {
    const all = Uint32Array.from({ length: end }, (_, i) => i)
    for (let i = 0; i < count; i++) {
      const j = i + this.below(end - i)
      const other = all[j]
      all[j] = all[i]
      all[i] = other
    }
    return [...all.subarray(0, count)]
  }
}
