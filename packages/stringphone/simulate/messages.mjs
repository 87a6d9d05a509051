// What is sent: by whom, when, how large.
import { slotTimes } from "./meetings.mjs"

/**
 * Sorted by start.
 * @typedef {object} Messages
 * @property {number} count
 * @property {Uint32Array} sender
 * @property {Uint32Array} start seconds
 * @property {Uint32Array} bytes
 */

/** Most mail is short; sizes that envelopes have, and how many of a hundred have them. */
export const sizeShares = [
  [1_024, 70],
  [4_096, 20],
  [16_384, 8],
  [65_536, 2],
]

/**
 * Each from a random sender at a random time of those at which anybody meets.
 *
 * @param {import("./meetings.mjs").Meetings} meetings
 * @param {{ count: number, leftHours: number, senders?: ArrayLike<number> }} wanted at least so much of
 *   the run is left when the last one starts
 * @param {import("./random.mjs").Random} random
 * @returns {Messages}
 */
export function randomMessages(meetings, { count, leftHours, senders }, random) {
  const slots = slotTimes(meetings).filter((t) => t <= meetings.seconds - leftHours * 3_600)
  const start = Uint32Array.from({ length: count }, () => slots[random.below(slots.length)]).sort()
  const sender = Uint32Array.from({ length: count }, () =>
    senders === undefined ? random.below(meetings.nodes) : senders[random.below(senders.length)],
  )
  const bytes = Uint32Array.from({ length: count }, () => randomSize(random))
  return { count, sender, start, bytes }
}

function randomSize(random) {
  let left = random.below(100)
  for (const [size, share] of sizeShares) {
    if (left < share) return size
    left -= share
  }
  throw new RangeError("The shares of the sizes are not a hundred together")
}
