import { expect, it } from "vitest"
import { SimulatedClock } from "../../src/transport/clock.js"
import { Backoff } from "../../src/transport/reconnect.js"

const never = new AbortController().signal

async function measure(clock: SimulatedClock, pause: Promise<void>): Promise<number> {
  const start = clock.now()
  let end = start
  void pause.then(() => (end = clock.now()))
  await clock.runUntilIdle()
  return end - start
}

it("grows by the factor up to the most", async () => {
  const clock = new SimulatedClock()
  const backoff = new Backoff({ initialMs: 100, maxMs: 500, factor: 2, random: () => 1, clock })
  const pauses: number[] = []
  for (let i = 0; i < 5; i++) pauses.push(await measure(clock, backoff.pause(never)))
  expect(pauses).toEqual([100, 200, 400, 500, 500])
})

it("waits at least half of that, by chance", async () => {
  const clock = new SimulatedClock()
  const backoff = new Backoff({ initialMs: 100, random: () => 0, clock })
  expect(await measure(clock, backoff.pause(never))).toBe(50)
})

it("starts over after a connection that held, not after one that broke at once", async () => {
  const clock = new SimulatedClock()
  const backoff = new Backoff({ initialMs: 100, random: () => 1, clock })
  await measure(clock, backoff.pause(never))
  backoff.connected()
  expect(await measure(clock, backoff.pause(never))).toBe(200)
  backoff.connected()
  await clock.advance(5000)
  expect(await measure(clock, backoff.pause(never))).toBe(100)
})

it("stops waiting when told to", async () => {
  const clock = new SimulatedClock()
  const ending = new AbortController()
  const pause = new Backoff({ clock }).pause(ending.signal)
  ending.abort()
  await pause
  expect(await measure(clock, Promise.resolve())).toBe(0)
})
