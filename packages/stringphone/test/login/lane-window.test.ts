// The window against replay beside a slow and simple one: spec/login.md §5.3.
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type CallNumberState, LaneWindow } from "../../src/login/lane-window.js"
import { codeOf } from "./lane-scene.js"

const most = Number.MAX_SAFE_INTEGER

/** Keeps everything. */
class Model {
  readonly #came = new Set<number>()
  #highest = 0

  use(number: number): CallNumberState {
    if (this.#highest - number >= 256) return "too-old"
    if (this.#came.has(number)) return "used"
    this.#came.add(number)
    this.#highest = Math.max(this.#highest, number)
    return "fresh"
  }
}

function uses(window: LaneWindow, ...numbers: readonly number[]): readonly CallNumberState[] {
  return numbers.map((number) => window.use(number))
}

describe("a window", () => {
  test("takes each number once", () => {
    const window = new LaneWindow()
    expect(uses(window, 1, 1, 2, 1, 2, 5, 4, 5, 3)).toEqual([
      ...["fresh", "used", "fresh", "used", "used", "fresh", "fresh", "used", "fresh"],
    ])
  })

  test("takes 256 numbers in any order, and none below", () => {
    const window = new LaneWindow()
    const descending = Array.from({ length: 256 }, (_, i) => 256 - i)
    expect(new Set(uses(window, ...descending))).toEqual(new Set(["fresh"]))
    expect(new Set(uses(window, ...descending))).toEqual(new Set(["used"]))
    expect(uses(window, 257, 2, 1)).toEqual(["fresh", "used", "too-old"])
  })

  test("forgets nothing when it moves by a word, a round or far away", () => {
    for (const step of [1, 31, 32, 33, 255, 256, 257, 511, 512, 513, 2 ** 20, 2 ** 40]) {
      const window = new LaneWindow()
      const [first, second] = [1_000, 1_000 + step]
      expect(uses(window, first, second, second)).toEqual(["fresh", "fresh", "used"])
      expect(window.use(first)).toBe(step < 256 ? "used" : "too-old")
      expect(window.use(second - 255)).toBe(step === 255 ? "used" : "fresh")
      expect(window.use(second - 256)).toBe("too-old")
    }
  })

  test("goes up to 2⁵³ − 1, and takes nothing that is no number of a call", () => {
    const window = new LaneWindow()
    expect(uses(window, most - 1, most, most, most - 255, most - 256)).toEqual([
      ...["fresh", "fresh", "used", "fresh", "too-old"],
    ])
    expect(uses(new LaneWindow(), 0, -1, 0.5, NaN, Infinity, most + 1)).toEqual(
      Array<string>(6).fill("too-old"),
    )
  })

  test("asking changes nothing", () => {
    const window = new LaneWindow()
    expect([window.stateOf(7), window.stateOf(7), window.use(7)]).toEqual(Array(3).fill("fresh"))
    expect(window.stateOf(7)).toBe("used")
  })

  test("does as the simple one, also when it was saved and restored in between", () => {
    const near = fc.integer({ min: -300, max: 40 })
    const far = fc.integer({ min: 0, max: 1_200 })
    const steps = fc.array(fc.tuple(fc.oneof({ weight: 9, arbitrary: near }, far), fc.boolean()), {
      maxLength: 400,
      size: "max",
    })
    const start = fc.constantFrom(1, 300, 2 ** 32 - 100, 2 ** 45)
    fc.assert(
      fc.property(start, steps, (first, all) => {
        const model = new Model()
        let window = new LaneWindow()
        let highest = first
        for (const [by, isSaved] of all) {
          const number = Math.max(1, highest + by)
          if (isSaved) window = LaneWindow.restore(window.save())
          const found = window.use(number)
          expect([number, found]).toEqual([number, model.use(number)])
          highest = Math.max(highest, number)
        }
      }),
      { numRuns: 60 },
    )
  })

  test("that is none is not restored", () => {
    const saved = new LaneWindow().save()
    expect(saved).toHaveLength(72)
    for (const length of [0, 8, 71]) {
      expect(codeOf(() => LaneWindow.restore(saved.subarray(0, length)))).toBe("malformed")
    }
    const beyond = Uint8Array.from(saved)
    beyond.set([0, 0x20, 0, 0, 0, 0, 0, 0])
    expect(codeOf(() => LaneWindow.restore(beyond))).toBe("malformed")
  })
})
