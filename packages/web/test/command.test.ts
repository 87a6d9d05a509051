import { commandValidForMs, type StateMessage } from "@stringphone/cli/home-messages"
import { describe, expect, it } from "vitest"
import {
  answered,
  answerWithinMs,
  issued,
  newCommandId,
  noCommand,
  timedOut,
} from "../src/lib/command.ts"

const me = "00".repeat(32)
const id = "0123456789abcdef"
const pending = issued(id, { on: true }, 1_000)

function lamp(done?: string): StateMessage {
  const state = { kind: "state", name: "lamp", device: "lamp", on: true } as const
  return done === undefined ? state : { ...state, done }
}

describe("a command", () => {
  it("has an ID that nobody can guess", () => {
    expect(newCommandId()).toMatch(/^[0-9a-f]{16}$/)
    expect(new Set(Array.from({ length: 50 }, newCommandId)).size).toBe(50)
  })

  it("is done when its own receipt comes, and not before", () => {
    expect(answered(pending, lamp(), me)).toBe(pending)
    expect(answered(pending, lamp("f".repeat(16)), me)).toBe(pending)
    expect(answered(pending, lamp(id), me)).toEqual({ phase: "done", set: { on: true } })
  })

  it("fails when the device refuses it, and not when it refuses another's", () => {
    const refusal = { kind: "refused", command: id, to: me, because: "not-mine" } as const
    expect(answered(pending, refusal, me).phase).toBe("failed")
    expect(answered(pending, { ...refusal, to: "11".repeat(32) }, me)).toBe(pending)
    expect(answered(pending, { ...refusal, command: "f".repeat(16) }, me)).toBe(pending)
  })

  it("fails when nobody answers in time, which is when it counts no more", () => {
    expect(answerWithinMs).toBeGreaterThan(commandValidForMs + 2_000)
    expect(timedOut(pending, 1_000 + answerWithinMs - 1)).toBe(pending)
    expect(timedOut(pending, 1_000 + answerWithinMs).phase).toBe("failed")
    expect(timedOut(noCommand, Infinity)).toBe(noCommand)
  })
})
