import type { StateMessage } from "@stringphone/cli/home-messages"
import { createMemoryStore } from "stringphone/store/memory"
import { describe, expect, it } from "vitest"
import {
  answered,
  answerWithinMs,
  issued,
  nextSequence,
  noCommand,
  timedOut,
} from "../src/lib/command.ts"
import { takeSequence } from "../src/lib/sequence.ts"

const me = "00".repeat(16)
const other = "11".repeat(16)
const pending = issued(7, { on: true }, 1_000)

function lamp(from?: string, sequence = 7): StateMessage {
  const state = { kind: "state", number: 1, name: "lamp", device: "lamp", on: true } as const
  return from === undefined ? state : { ...state, done: { from, sequence } }
}

describe("command numbers", () => {
  it("rise, whatever the clock does", () => {
    expect(nextSequence(0, 5_000.7)).toBe(5_000)
    expect(nextSequence(5_000, 4_000)).toBe(5_001)
    expect(nextSequence(5_000, 5_000)).toBe(5_001)
  })

  it("are never taken twice, not even at the same time", async () => {
    const store = createMemoryStore()
    const all = await Promise.all(Array.from({ length: 20 }, () => takeSequence(store, 1_000)))
    expect(new Set(all).size).toBe(20)
    expect(await takeSequence(store, 500)).toBeGreaterThan(Math.max(...all))
  })
})

describe("a command", () => {
  it("is done when its own receipt comes, and not before", () => {
    expect(answered(pending, lamp(), me)).toBe(pending)
    expect(answered(pending, lamp(other), me)).toBe(pending)
    expect(answered(pending, lamp(me, 6), me)).toBe(pending)
    expect(answered(pending, lamp(me), me)).toEqual({ phase: "done", set: { on: true } })
  })

  it("fails when the device refuses it", () => {
    const command = { from: me, sequence: 7 }
    const refusal = { kind: "refused", command, because: "stale" } as const
    expect(answered(pending, refusal, me).phase).toBe("failed")
    expect(answered(pending, { ...refusal, command: { ...command, sequence: 8 } }, me)).toBe(
      pending,
    )
  })

  it("fails when nobody answers in time", () => {
    expect(timedOut(pending, 1_000 + answerWithinMs - 1)).toBe(pending)
    expect(timedOut(pending, 1_000 + answerWithinMs).phase).toBe("failed")
    expect(timedOut(noCommand, Infinity)).toBe(noCommand)
  })
})
