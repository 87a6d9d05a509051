// Who meets whom, when: what a trace says, or what the model makes up.

/**
 * Sorted by time; those of one time are one after the other, in the order they have here.
 * @typedef {object} Meetings
 * @property {number} nodes how many there are
 * @property {Uint32Array} time seconds since the first one
 * @property {Uint32Array} a
 * @property {Uint32Array} b
 * @property {number} seconds how long all of it lasts
 */

/**
 * @param {number} nodes
 * @param {ArrayLike<number>} time
 * @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b
 * @param {number} seconds
 * @returns {Meetings}
 */
export function sortedMeetings(nodes, time, a, b, seconds) {
  const count = time.length
  // As one number each, which typed arrays sort quickly: the time, then the place in the input.
  const order = new Float64Array(count)
  for (let i = 0; i < count; i++) order[i] = time[i] * count + i
  order.sort()
  const sorted = {
    nodes,
    time: new Uint32Array(count),
    a: new Uint32Array(count),
    b: new Uint32Array(count),
    seconds,
  }
  for (let i = 0; i < count; i++) {
    const from = order[i] % count
    sorted.time[i] = time[from]
    sorted.a[i] = a[from]
    sorted.b[i] = b[from]
  }
  return sorted
}

/** @returns {Uint32Array} the times at which anybody meets, each once */
export function slotTimes({ time }) {
  return time.filter((t, i) => i === 0 || t !== time[i - 1])
}
