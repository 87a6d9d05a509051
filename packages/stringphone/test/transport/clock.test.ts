import { expect, it } from "vitest"
import { SimulatedClock } from "../../src/transport/clock.js"

it("runs what is due in order of time, then of scheduling", async () => {
  const clock = new SimulatedClock()
  const log: string[] = []
  clock.schedule(20, () => log.push(`c at ${clock.now()}`))
  clock.schedule(10, () => log.push(`a at ${clock.now()}`))
  clock.schedule(10, () => log.push(`b at ${clock.now()}`))
  const cancel = clock.schedule(5, () => log.push("never"))
  cancel()
  await clock.advance(19)
  expect(log).toEqual(["a at 10", "b at 10"])
  expect(clock.now()).toBe(19)
  await clock.advance(1)
  expect(log).toEqual(["a at 10", "b at 10", "c at 20"])
})

it("lets promises settle in between", async () => {
  const clock = new SimulatedClock()
  const log: number[] = []
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => void clock.schedule(ms, resolve))
  void (async () => {
    for (let i = 0; i < 3; i++) {
      await sleep(10)
      log.push(clock.now())
    }
  })()
  await clock.runUntilIdle()
  expect(log).toEqual([10, 20, 30])
})
