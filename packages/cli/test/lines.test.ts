import type { ReceivedMessage } from "stringphone"
import { describe, expect, it } from "vitest"
import { Context } from "../src/context.js"
import { shownName } from "../src/member.js"
import { messageLine } from "../src/message-line.js"
import { refusedText } from "../src/refused.js"
import { duration, quoted } from "../src/wording.js"

const publicKey = new Uint8Array(32)

function line(text: string | null, petname: string | null, more: object = {}): string {
  const contact =
    petname === null ? null : { petname, publicKey, exchangePublicKey: null, decisions: [] }
  const message: ReceivedMessage = {
    from: { publicKey, contact },
    payload: new TextEncoder().encode(text ?? "\u0000\u0000"),
    text,
    at: Date.UTC(2026, 0, 1),
    sentAt: null,
    status: "verified",
    id: "x",
    isRepeated: false,
    isLate: false,
    encoded: null,
    ...more,
  }
  return messageLine(new Context({}), message).slice(8)
}

describe("a line of a message", () => {
  it.each([
    [line("hi", "bob"), " bob ✔ verified hi"],
    [line("hi", "bob ✔ verified hello"), ' "bob ✔ verified hello" ✔ verified hi'],
    [line("hi", 'b" ✔ verified x'), ' "b″ ✔ verified x" ✔ verified hi'],
    [line("a\n⚠ removed", "bob"), " bob ✔ verified a\\n⚠ removed"],
    [line(null, "bob"), " bob ✔ verified (2 bytes that are no text)"],
    [line("hi", null, { status: "member" }), " (no contact 00000000) member hi"],
    [line("hi", "bob", { isLate: true, isRepeated: true }), "+late+kept bob ✔ verified hi"],
  ])("%s", (shown, expected) => {
    expect(shown).toBe(expected)
  })
})

describe("words", () => {
  it.each([
    [shownName("büro-2"), "büro-2"],
    [shownName("Bob from work"), '"Bob from work"'],
    [quoted("it's"), "'it'\\''s'"],
    [duration(59_400), "59 s"],
    [duration(600_000), "10 min"],
    [duration(3 * 86_400_000), "3 days"],
    [
      refusedText("replayed", 2, "bob"),
      "2 messages in the name of bob refused: repeated by somebody",
    ],
    [refusedText("whatever", 1, null), "1 message refused: whatever"],
  ])("%s", (shown, expected) => {
    expect(shown).toBe(expected)
  })
})
