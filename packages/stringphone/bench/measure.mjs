// What the benchmarks share: how to measure, and how to say it. They run what is built, from dist.
import { do_not_optimize } from "mitata"

/**
 * One result, as a line of JSON for scripts/bench.mjs.
 * @param {{ name: string, value: number, unit: string, goal?: number, atMost?: number }} result
 *   `goal`: at least; `atMost`: a goal of which less is better
 */
export function report({ name, value, unit, goal = null, atMost = null }) {
  const rounded = Number(value.toPrecision(4))
  console.log(JSON.stringify({ name, value: rounded, unit, goal, atMost }))
}

/**
 * Compares two functions on a machine that others use as well: many short rounds in which they take
 * turns in who is first, and the median of the rounds. What slows a round down slows both.
 *
 * @param {() => unknown} ours
 * @param {() => unknown} bare
 * @returns {{ ratio: number, oursNs: number, bareNs: number }} `ratio` above 1: we are faster
 */
export function compare(ours, bare, { rounds = 151, roundMs = 4 } = {}) {
  const times = timesIn(bare, roundMs)
  // Compiled, and no longer compiled again: the first rounds do not count.
  const warmUp = Math.ceil(rounds / 5)
  const samples = []
  for (let round = -warmUp; round < rounds; round++) {
    const first = round % 2 === 0
    const a = first ? timed(ours, times) : null
    const bareNs = timed(bare, times)
    const oursNs = a ?? timed(ours, times)
    if (round >= 0) samples.push({ ratio: bareNs / oursNs, oursNs, bareNs })
  }
  return {
    ratio: median(samples.map(({ ratio }) => ratio)),
    oursNs: median(samples.map(({ oursNs }) => oursNs)),
    bareNs: median(samples.map(({ bareNs }) => bareNs)),
  }
}

/**
 * The median time of something that can not be done twice from the same state.
 *
 * @template T
 * @param {() => T} prepare makes the state anew; its time does not count
 * @param {(state: T) => unknown} run
 */
export function milliseconds(prepare, run, rounds = 21) {
  const samples = []
  for (let round = -2; round < rounds; round++) {
    const state = prepare()
    const ns = timed(() => run(state), 1)
    if (round >= 0) samples.push(ns / 1e6)
  }
  return median(samples)
}

/** How many calls take about this long. */
function timesIn(run, milliseconds) {
  for (let times = 1; ; times *= 2) {
    const ns = timed(run, times) * times
    if (ns > milliseconds * 1e6) return Math.max(1, Math.round((times * milliseconds * 1e6) / ns))
  }
}

/** @returns nanoseconds of one call */
function timed(run, times) {
  const start = process.hrtime.bigint()
  for (let i = 0; i < times; i++) do_not_optimize(run())
  return Number(process.hrtime.bigint() - start) / times
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}

/**
 * Messages per second of a channel: `send` up to 64 at once, until `count` have arrived.
 *
 * @param {() => Promise<void>} send
 * @param {(arrived: () => void) => void} onArrival is given what to call for every message
 */
export async function messagesPerSecond(send, onArrival, count) {
  let missing = count
  const start = process.hrtime.bigint()
  const allArrived = new Promise((resolve) => onArrival(() => --missing === 0 && resolve()))
  let next = 0
  const sender = async () => {
    while (next < count) {
      next++
      await send()
    }
  }
  await Promise.all([...Array.from({ length: 64 }, sender), allArrived])
  return count / (Number(process.hrtime.bigint() - start) / 1e9)
}
