import { describe, expect, it } from "vitest"
import { decodeHomeMessage, encodeHomeMessage, type HomeMessage } from "../src/home/messages.js"

const key = "0123456789abcdef".repeat(4)
const id = "fedcba9876543210"
const readings = { load: 0.5, memory: 1, received: null, sent: 3, disk: null, temperature: 48.5 }

const messages: readonly HomeMessage[] = [
  { kind: "state", name: "Lamp", device: "lamp", on: true },
  { kind: "state", name: "Door lock", done: id, device: "lock", locked: false },
  { kind: "state", name: "desk", device: "computer", readings },
  { kind: "command", to: key, id, set: { on: false } },
  { kind: "command", to: key, id, set: { locked: true } },
  { kind: "refused", command: id, to: key, because: "not-mine" },
]

function decode(value: unknown): HomeMessage | null {
  return decodeHomeMessage(new TextEncoder().encode(JSON.stringify(value)))
}

describe("what a home and its phones say", () => {
  it("is read as it was written, without what is unknown", () => {
    for (const message of messages) {
      const bytes = new TextEncoder().encode(encodeHomeMessage(message))
      expect(decodeHomeMessage(bytes)).toEqual(message)
      expect(decode({ ...message, more: 1 })).toEqual(message)
    }
  })

  it("is nothing without one of its fields, or with a wrong one", () => {
    const optional = ["done"]
    for (const message of messages) {
      for (const field of Object.keys(message).filter((name) => !optional.includes(name))) {
        const { [field as keyof HomeMessage]: _, ...rest } = message
        expect(decode(rest), field).toBeNull()
        for (const wrong of [null, 7, "", {}, [], "x".repeat(65)]) {
          expect(decode({ ...message, [field]: wrong }), field).toBeNull()
        }
      }
    }
  })

  it.each([
    { ...messages[0], done: "FEDCBA9876543210" },
    { ...messages[0], done: { from: key, sequence: 1 } },
    { ...messages[3], to: key.slice(32) },
    { ...messages[3], id: 7 },
    { kind: "command", to: key.slice(32), sequence: 1, set: { on: true } },
    { ...messages[5], because: "stale" },
    null,
    [],
    "state",
  ])("is not %j", (value) => {
    expect(decode(value)).toBeNull()
  })

  it("is not what is no text, or no JSON", () => {
    for (const bytes of [Uint8Array.of(), Uint8Array.of(255), new TextEncoder().encode("{")]) {
      expect(decodeHomeMessage(bytes)).toBeNull()
    }
  })
})
