import { expect, it } from "vitest"
import { isRepeated } from "../src/lib/news.ts"

const lock = (number: number) =>
  ({ kind: "state", number, name: "Door lock", device: "lock", locked: true }) as const

it("a state is news only with a higher number than the last", () => {
  expect(isRepeated(undefined, lock(5))).toBe(false)
  expect([4, 5, 6].map((number) => isRepeated(lock(5), lock(number)))).toEqual([true, true, false])
})

it("other messages have their own numbers", () => {
  const command = { from: "00".repeat(16), sequence: 1 }
  expect(isRepeated(lock(5), { kind: "refused", command, because: "stale" })).toBe(false)
})
