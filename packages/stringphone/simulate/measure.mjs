// What a run shows: who received what, how late, over how many hops, at what cost.

export const horizonHours = [1, 6, 24, 48]
const shares = [10, 25, 50, 75, 90, 95, 99]
/** A hop more than this counts as this. */
export const mostHops = 255

/**
 * Of the nodes' bytes.
 * @typedef {{ mean: number, p95: number, max: number }} Amount
 */

/**
 * @typedef {object} Result
 * @property {number} messages
 * @property {number} destinations how many wait for each message
 * @property {Record<string, number | null>} delivered share of all pairs by hours; `null`: the run is shorter
 * @property {Record<string, number | null>} latencyHours of all pairs; `null`: they never get it
 * @property {{ mean: number | null, p50: number | null, p95: number | null, max: number | null }} hops
 * @property {Amount} storedBytes at the fullest
 * @property {Amount} receivedBytes
 * @property {Amount} sentBytes
 * @property {[number, number][]} curve hours, and the share of all pairs by then
 */

export class Measure {
  #hops = new Float64Array(mostHops + 1)
  #within = horizonHours.map(() => 0)
  #minutes

  /**
   * @param {import("./messages.mjs").Messages} messages
   * @param {number} destinations how many wait for each message
   * @param {number} seconds of the whole run
   */
  constructor(messages, destinations, seconds) {
    this.messages = messages
    this.destinations = destinations
    this.seconds = seconds
    this.#minutes = new Float64Array(Math.ceil(seconds / 60) + 1)
  }

  /** A destination has it for the first time. */
  received(latencySeconds, hops) {
    // The bin of one minute ends with that minute: 60 s are within the first.
    this.#minutes[Math.ceil(latencySeconds / 60)]++
    this.#hops[hops]++
    for (let i = 0; i < horizonHours.length; i++) {
      if (latencySeconds <= horizonHours[i] * 3_600) this.#within[i]++
    }
  }

  /**
   * @param {{ stored: Float64Array, received: Float64Array, sent: Float64Array }} bytes of each node
   *   that counts
   * @returns {Result}
   */
  result(bytes) {
    const pairs = this.messages.count * this.destinations
    const longest = this.seconds - (this.messages.start[0] ?? 0)
    const delivered = horizonHours.map((hours, i) => [
      hours,
      // Nobody could have waited that long.
      longest < hours * 3_600 ? null : rounded(this.#within[i] / pairs),
    ])
    return {
      messages: this.messages.count,
      destinations: this.destinations,
      delivered: Object.fromEntries(delivered),
      latencyHours: Object.fromEntries(
        shares.map((share) => [`p${share}`, this.#latencyOf((pairs * share) / 100)]),
      ),
      hops: this.#hopsResult(),
      storedBytes: spreadOf(bytes.stored),
      receivedBytes: spreadOf(bytes.received),
      sentBytes: spreadOf(bytes.sent),
      curve: this.#curve(pairs),
    }
  }

  /** Hours until so many pairs have it; `null`: they never do. */
  #latencyOf(wanted) {
    let sum = 0
    for (let minute = 0; minute < this.#minutes.length; minute++) {
      sum += this.#minutes[minute]
      if (sum >= wanted) return rounded(minute / 60)
    }
    return null
  }

  #hopsResult() {
    const total = this.#hops.reduce((sum, count) => sum + count, 0)
    if (total === 0) return { mean: null, p50: null, p95: null, max: null }
    const at = (share) => {
      let sum = 0
      return this.#hops.findIndex((count) => (sum += count) >= total * share)
    }
    const weighted = this.#hops.reduce((sum, count, hops) => sum + count * hops, 0)
    return { mean: rounded(weighted / total), p50: at(0.5), p95: at(0.95), max: at(1) }
  }

  /** Share of the pairs that have it, each half hour of the first two days. */
  #curve(pairs) {
    const points = [[0, 0]]
    let sum = this.#minutes[0]
    for (let minute = 1; minute < this.#minutes.length && minute <= 48 * 60; minute++) {
      sum += this.#minutes[minute]
      if (minute % 30 === 0) points.push([minute / 60, rounded(sum / pairs)])
    }
    return points
  }
}

/** @param {Float64Array} values */
function spreadOf(values) {
  if (values.length === 0) return { mean: 0, p95: 0, max: 0 }
  const sorted = values.toSorted()
  return {
    mean: Math.round(sorted.reduce((sum, value) => sum + value, 0) / sorted.length),
    p95: sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))],
    max: sorted.at(-1),
  }
}

/** So that a report holds what matters, and the same digits on every machine. */
function rounded(value) {
  return Number(value.toPrecision(4))
}
