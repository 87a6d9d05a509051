import { ChannelError } from "stringphone/bytes"
import { describe, expect, it } from "vitest"
import { eventText, gapText } from "../src/lib/events.ts"
import { guessName } from "../src/lib/own-name.ts"
import { rejectionText } from "../src/lib/rejection.ts"

const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
const nameOf = (publicKey: Uint8Array): string => `key ${publicKey[0] ?? 0}`

describe("events, in people's words", () => {
  it("say who changed the key, and for whom", () => {
    const event = { kind: "rekeyed", epoch: 4, by: key(1), added: [], removed: [] } as const
    expect(eventText(event, nameOf)?.sentence).toBe("key 1 changed the key (now epoch 4).")
    expect(eventText({ ...event, added: [key(2), key(3)], removed: [key(4)] }, nameOf)).toEqual({
      level: "news",
      sentence: "key 1 changed the key (now epoch 4) and let in key 2, key 3 and removed key 4.",
      about: "rekeyed",
    })
  })

  it("warn of what may ask for something to be done", () => {
    const by = key(9)
    const error = new ChannelError("store-full", "No room.")
    const all = [
      { kind: "branch", epoch: 2, by },
      { kind: "removed", by },
      { kind: "behind" },
      { kind: "old-copy", by: { publicKey: by, contact: null } },
      { kind: "failed", error },
    ] as const
    for (const event of all) expect(eventText(event, nameOf)?.level).toBe("warning")
    expect(eventText({ kind: "failed", error }, nameOf)?.sentence).toBe("No room.")
    expect(eventText({ kind: "taken-over" }, nameOf)).toBeNull()
  })

  it("count what is missing", () => {
    expect(gapText({ missing: 1, possiblyMissing: 0 }, "lamp")).toBe(
      "1 message of lamp is missing.",
    )
    expect(gapText({ missing: 1, possiblyMissing: 0, atRemoval: true }, "lamp")).toBe(
      "1 message of lamp did not count: sent before it knew that somebody was removed.",
    )
    expect(gapText({ missing: 2, possiblyMissing: 9 }, "lamp")).toMatch(/^2 messages/)
    expect(gapText({ missing: 0, possiblyMissing: 5 }, "lamp")).toMatch(/^lamp stopped .* most 5/)
  })

  it("say why something was refused; for what is new, in the library's words", () => {
    expect(rejectionText("replayed", "x")).toMatch(/sent it again/)
    expect(rejectionText("brand-new", "The library says so.")).toBe("The library says so.")
    expect(rejectionText("constructor", "The library says so.")).toBe("The library says so.")
  })
})

describe("what a phone is called", () => {
  it("is guessed from the browser", () => {
    expect(guessName("Mozilla/5.0 (Linux; Android 15; Pixel 9)")).toBe("Android phone")
    expect(guessName("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)")).toBe("iPhone")
    expect(guessName("Mozilla/5.0 (X11; Linux x86_64)")).toBe("Linux PC")
    expect(guessName("")).toBe("phone")
  })
})
