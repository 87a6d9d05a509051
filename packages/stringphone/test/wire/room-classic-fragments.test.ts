import { describe, expect, test } from "vitest"
import { fragment, isFragment, Reassembler } from "../../src/room/classic/index.js"
import { errorName } from "./fixtures.js"

/** One reassembler and the lines of one sender. */
function hearing(limits = {}) {
  const reassembler = new Reassembler(limits)
  const hear = (text: string, { from = "bob", target = "#flute", atMs = 0 } = {}) =>
    reassembler.add({ from, target, text, atMs })
  return { reassembler, hear }
}

describe("fragment", () => {
  test.each([
    [0, 1, 0],
    [1, 1, 1],
    [380, 1, 380],
    [381, 2, 1],
    [760, 2, 380],
    [3420, 9, 380],
    [3421, 10, 1],
    [379_620, 999, 380],
  ])("%i characters in %i pieces, the last of %i", (length, count, last) => {
    const lines = fragment("x".repeat(length))
    expect(lines).toHaveLength(count)
    expect(lines[0]).toBe(`?VLA,1,${count}!${"x".repeat(Math.min(380, length))}`)
    expect(lines.at(-1)).toBe(`?VLA,${count},${count}!${"x".repeat(last)}`)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(393)
  })

  test("more than 999 are refused; shorter pieces for shorter lines", () => {
    expect(errorName(() => fragment("x".repeat(379_621)))).toBe("UsageError")
    expect(fragment("abcdefg", 3)).toEqual(["?VLA,1,3!abc", "?VLA,2,3!def", "?VLA,3,3!g"])
  })

  test("the example of Flute's specification", () => {
    expect(fragment("03NICEBANANA", 4)).toEqual(["?VLA,1,3!03NI", "?VLA,2,3!CEBA", "?VLA,3,3!NANA"])
  })
})

test("isFragment: the tag, at the beginning", () => {
  expect(isFragment("?VLA,1,1!00")).toBe(true)
  expect(isFragment("?VLA,nonsense")).toBe(true)
  for (const line of ["", "hello", "?VLA", "?vla,1,1!", " ?VLA,1,1!", "?OTR:1"]) {
    expect(isFragment(line)).toBe(false)
  }
})

describe("Reassembler", () => {
  test("one line, three lines, and three in any order", () => {
    const { hear } = hearing()
    expect(hear("?VLA,1,1!whole")).toBe("whole")
    const orders = [
      [1, 2, 3],
      [1, 3, 2],
      [2, 1, 3],
      [2, 3, 1],
      [3, 1, 2],
      [3, 2, 1],
    ]
    for (const order of orders) {
      const { hear } = hearing()
      const results = order.map((k) => hear(`?VLA,${k},3!${"abc".charAt(k - 1)}`))
      expect(results).toEqual([null, null, "abc"])
    }
  })

  test("two senders, two targets, all mixed", () => {
    const { hear } = hearing()
    hear("?VLA,1,2!a", { from: "bob" })
    hear("?VLA,1,2!b", { from: "carol" })
    hear("?VLA,1,2!c", { from: "bob", target: "us" })
    expect(hear("?VLA,2,2!A", { from: "bob" })).toBe("aA")
    expect(hear("?VLA,2,2!C", { from: "bob", target: "us" })).toBe("cC")
    expect(hear("?VLA,2,2!B", { from: "carol" })).toBe("bB")
  })

  test("a lost fragment does not block its sender", () => {
    const { hear } = hearing()
    hear("?VLA,1,3!a")
    hear("?VLA,2,3!b") // The third is lost; another packet of three begins.
    expect([1, 2, 3].map((k) => hear(`?VLA,${k},3!${"xyz".charAt(k - 1)}`))).toEqual([
      null,
      null,
      "xyz",
    ])
    hear("?VLA,1,3!a") // The rest is lost; another packet of two begins.
    expect([hear("?VLA,1,2!x"), hear("?VLA,2,2!y")]).toEqual([null, "xy"])
    hear("?VLA,1,3!a")
    expect(hear("?VLA,1,1!single")).toBe("single")
  })

  test("nor does a lost first fragment, though the rest of its packet waits", () => {
    const { hear } = hearing()
    for (const line of ["?VLA,2,3!b", "?VLA,3,3!c"]) hear(line)
    const results = ["?VLA,1,3!x", "?VLA,2,3!y", "?VLA,3,3!z"].map((line) => hear(line))
    expect(results).toEqual(["xbc", null, "xyz"])
    hear("?VLA,3,3!c")
    const again = ["?VLA,1,3!x", "?VLA,2,3!y", "?VLA,3,3!z"].map((line) => hear(line))
    expect(again).toEqual([null, "xyc", "xyz"])
    // What may begin a packet is forgotten when something else comes.
    for (const k of [2, 3, 1, 3, 2]) hear(`?VLA,${k},3!${k}`)
    expect(hear("?VLA,1,3!1")).toBe("123")
  })

  test("nor when the rest that waits has a piece in common with the next packet", () => {
    const { hear } = hearing()
    for (const line of ["?VLA,2,5!s", "?VLA,5,5!e"]) hear(line)
    const results = ["x", "s", "y", "z", "w"].map((piece, i) => hear(`?VLA,${i + 1},5!${piece}`))
    expect(results).toEqual([null, null, null, "xsyze", "xsyzw"])
  })

  test("the same fragment twice is one", () => {
    const { hear } = hearing()
    expect(["?VLA,1,2!a", "?VLA,1,2!a", "?VLA,2,2!b"].map((line) => hear(line))).toEqual([
      null,
      null,
      "ab",
    ])
    expect(hear("?VLA,2,2!b")).toBeNull()
  })

  test("what waits for more than a minute is not continued", () => {
    const { hear } = hearing()
    hear("?VLA,1,2!a", { atMs: 0 })
    expect(hear("?VLA,2,2!b", { atMs: 60_000 })).toBe("ab")
    hear("?VLA,1,2!a", { atMs: 0 })
    expect(hear("?VLA,2,2!b", { atMs: 60_001 })).toBeNull()
    expect(hear("?VLA,1,2!c", { atMs: 60_002 })).toBe("cb")
  })

  test.each([
    "",
    "hello",
    "?VLA,",
    "?VLA,1",
    "?VLA,1,1",
    "?VLA,0,1!x",
    "?VLA,2,1!x",
    "?VLA,1,0!x",
    "?VLA,1,1000!x",
    "?VLA,-1,1!x",
    "?VLA,+1,1!x",
    "?VLA,1.0,1!x",
    "?VLA,a,b!x",
    "?VLA, 1,1!x",
    "?VLA,000001,1!x",
    "?VLA,1,1!x!y",
    "?VLA,١,١!x",
  ])("malformed: %j", (line) => {
    const { hear, reassembler } = hearing()
    hear("?VLA,1,2!a")
    expect(errorName(() => hear(line))).toBe("MalformedPacketError")
    expect(reassembler.waiting).toBe(1)
    expect(hear("?VLA,2,2!b")).toBe("ab")
  })

  test("999 fragments; pieces so long that the packet would be too long", () => {
    const { hear } = hearing()
    const text = Array.from({ length: 379_620 }, (_, i) => String(i % 10)).join("")
    const results = fragment(text)
      .reverse()
      .map((line) => hear(line))
    expect(results.at(-1)).toBe(text)
    hear(`?VLA,1,999!${"x".repeat(200_000)}`)
    expect(errorName(() => hear(`?VLA,2,999!${"x".repeat(200_000)}`))).toBe("MalformedPacketError")
  })

  test("many senders: the one who was silent longest is dropped", () => {
    const { hear, reassembler } = hearing({ maxPartials: 3 })
    for (const from of ["a", "b", "c"]) hear("?VLA,1,3!1", { from })
    hear("?VLA,2,3!2", { from: "a" })
    hear("?VLA,1,3!1", { from: "d" }) // b goes.
    expect(reassembler.waiting).toBe(3)
    expect(hear("?VLA,3,3!3", { from: "a" })).toBe("123")
    hear("?VLA,2,3!2", { from: "b" })
    expect(hear("?VLA,3,3!3", { from: "b" })).toBeNull()
  })

  test("memory: so many characters in all, whoever sends them", () => {
    const { hear, reassembler } = hearing({ maxChars: 5000 })
    for (let i = 0; i < 50; i++) hear(`?VLA,1,2!${"x".repeat(1000)}`, { from: `flooder ${i}` })
    expect(reassembler.waiting).toBe(5)
    hear(`?VLA,1,2!${"y".repeat(300)}`, { from: "bob" })
    expect(reassembler.waiting).toBe(5)
    expect(hear("?VLA,2,2!z", { from: "bob" })).toBe(`${"y".repeat(300)}z`)
    const unlimited = hearing()
    for (let i = 0; i < 10_000; i++) {
      unlimited.hear(`?VLA,${(i % 900) + 1},999!${"x".repeat(400)}`, { from: `f${i % 500}` })
    }
    expect(unlimited.reassembler.waiting).toBeLessThanOrEqual(64)
  })
})
