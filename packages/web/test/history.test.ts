import { expect, it } from "vitest"
import { emptyHistory, withReadings } from "../src/lib/history.ts"

const readings = {
  load: 0.5,
  memory: 0.5,
  received: null,
  sent: 1,
  disk: null,
  temperature: null,
}

it("keeps two minutes, however often it is told", () => {
  let history = emptyHistory
  for (let second = 0; second < 300; second++) {
    history = withReadings(history, readings, 1_000 * second)
  }
  expect(history.at[0]).toBe(299 - 120)
  expect(history.at.length).toBe(121)
  for (let i = 0; i < 2_000; i++) history = withReadings(history, readings, 299_001 + i)
  expect(history.at.length).toBe(600)
  expect(
    new Set(Object.values(history).map((column: readonly unknown[]) => column.length)).size,
  ).toBe(1)
})

it("starts over when the clock was set back", () => {
  const history = withReadings(withReadings(emptyHistory, readings, 5_000), readings, 1_000)
  expect(history.at).toEqual([1])
})
