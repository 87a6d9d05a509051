// Measuring what is asynchronous: the same as measure.mjs, which is for functions that return at once.
import { do_not_optimize } from "mitata"
import { median } from "./measure.mjs"

/**
 * Compares ways to do the same on a machine that others use as well: in each round all of them, in an
 * order that turns.
 *
 * @param {{ prepare?: () => unknown, run: (state: unknown) => Promise<unknown> }[]} ways
 *   `prepare` makes what `run` uses up; its time does not count
 * @param {{ rounds: number, times?: number }} options `times`: calls of `run` after one `prepare`
 * @returns {Promise<{ ns: number, over: number }[]>} the median of each way, and how much longer it
 *   takes than the last way: 0.1 is a tenth more
 */
export async function compareAll(ways, { rounds, times = 1 }) {
  const samples = []
  const warmUp = Math.ceil(rounds / 2)
  for (let round = -warmUp; round < rounds; round++) {
    const ns = []
    for (let turn = 0; turn < ways.length; turn++) {
      const way = (turn + round + warmUp) % ways.length
      ns[way] = await timed(ways[way], times)
    }
    if (round >= 0) samples.push(ns)
  }
  return ways.map((_, way) => ({
    ns: median(samples.map((ns) => ns[way])),
    over: median(samples.map((ns) => ns[way] / ns.at(-1))) - 1,
  }))
}

/** @returns nanoseconds of one call */
async function timed({ prepare, run }, times) {
  const state = await prepare?.()
  // What preparing left behind, and moving what it made, is not to be paid for by what is measured.
  for (let i = 0; i < 2; i++) globalThis.gc({ type: "minor" })
  const start = process.hrtime.bigint()
  for (let i = 0; i < times; i++) do_not_optimize(await run(state))
  return Number(process.hrtime.bigint() - start) / times
}

/** Bytes that `make` leaves on the heap and beside it, for each of `count`. */
export async function bytesOfEach(count, make) {
  const kept = []
  const before = used()
  for (let i = 0; i < count; i++) kept.push(await make())
  const bytes = (used() - before) / count
  do_not_optimize(kept)
  return bytes
}

function used() {
  for (let i = 0; i < 3; i++) globalThis.gc()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
