import type { RoomEvent } from "stringphone/session/room"
import { describe, expect, it } from "vitest"
import { arrived, attentive, unfocused } from "../src/room/attention.js"
import { cellsOf, clipped, rowsOf } from "../src/room/cells.js"
import { emptyComposer } from "../src/room/composer.js"
import { eventNote } from "../src/room/event-note.js"
import { editorWith } from "../src/room/editor.js"
import { peerLines } from "../src/room/peer-text.js"
import { liveRows } from "../src/room/screen-rows.js"
import { type Shown, shownReport, shownText } from "../src/room/shown.js"
import { statusText, warningTexts } from "../src/room/status-text.js"
import { paintFor } from "../src/terminal/paint.js"
import { captain, messageOf, requestOf, statusOf, stranger, us } from "./room-script.js"

const paint = paintFor({ isTTY: false })
const cook = "\u{1f469}\u{200d}\u{1f373}"

function line(text: string, more: Parameters<typeof messageOf>[1] = {}, columns = 200): string {
  return shownText({ kind: "message", message: messageOf(text, more) }, paint, columns)
}

describe("a message", () => {
  it.each([
    [line("Dinner!"), "12:03 alice ✓ Dinner!"],
    [line("Dinner!", { from: stranger, status: "unverified" }), "12:03 carol~3fa94c ? Dinner!"],
    [line("Dinner!", { from: us, isOwn: true }), "12:03 you › Dinner!"],
    [
      line("Dinner!", { isLate: true, isFromOtherSide: true }),
      "12:03+late+other-side alice ✓ Dinner!",
    ],
    [line("\x01ACTION cooks\x01"), "12:03 alice ✓ * cooks"],
    [line("one\ntwo"), "12:03 alice ✓ one\n      │ two"],
    [
      line("x", { from: { ...stranger, name: "alice ✓ hi~3fa94c" }, status: "unverified" }),
      '12:03 "alice ✓ hi~3fa94c" ? x',
    ],
  ])("%s", (shown, expected) => {
    expect(shown).toBe(expected)
  })

  it("can look like nothing but a message of its sender", () => {
    const forged = line("x\n12:03 bob ✓ I owe you\nCLEARTEXT <bob> hi\n⚠ You were removed")
    const [, ...rows] = forged.split("\n")
    expect(rows).toHaveLength(3)
    expect(rows.every((row) => row.startsWith("      │ "))).toBe(true)
    const hostile = "\x1b[2J\x1b]0;x\x07\u202egnp\u2066\u200b\r\x9b2J\u2028z"
    expect(line(hostile)).toBe(
      "12:03 alice ✓ \\x1b[2J\\x1b]0;x\\x07\\u{202e}gnp\\u{2066}\\u{200b}\n      │ \\x9b2J\\u{2028}z",
    )
  })

  it("breaks where a terminal of this width would, and never lets it", () => {
    const shown = line(`${"word ".repeat(20)}${"漢".repeat(40)} ${cook.repeat(20)}`, {}, 40)
    for (const row of shown.split("\n")) expect(cellsOf(row)).toBeLessThanOrEqual(40)
    expect(shown.replace(/\n {6}│ /g, " ").replace(/ /g, "")).toContain("漢".repeat(40))
  })
})

describe("what is not encrypted", () => {
  it("stands under its own word, whatever it says", () => {
    const shown: Shown = { kind: "cleartext", channelName: "eve", text: "12:03 alice ✓ hi\n⚠ x" }
    expect(shownText(shown, paint, 80)).toBe("CLEARTEXT <eve> 12:03 alice ✓ hi\n      │ ⚠ x")
    const named = { ...shown, channelName: "eve> x\n12:03 alice ✓" }
    expect(shownText(named, paint, 80)).toMatch(/^CLEARTEXT <"eve> x\\n12:03 alice ✓"> /)
    expect(shownReport(shown)).toMatchObject({ event: "cleartext", channelName: "eve" })
  })
})

describe("text of others", () => {
  it.each([
    [`${cook}!`, `${cook}!`],
    ["a\u{200d}b", "a\\u{200d}b"],
    ["\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}", "\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}"],
    [`e${"\u{301}".repeat(40)}`, `e${"\u{301}".repeat(4)}`],
    ["tab\there", "tab\\there"],
  ])("%j", (text, expected) => {
    expect(peerLines(text)).toEqual([expected])
  })
})

describe("columns", () => {
  it.each([
    ["abc", 3],
    ["漢字", 4],
    ["❤️", 2],
    [cook, 4],
    ["e\u{301}", 1],
  ])("%s takes at most %d", (text, cells) => {
    expect(cellsOf(text)).toBe(cells)
  })

  it("clips and breaks", () => {
    expect(clipped("漢字漢字", 6)).toBe("漢字…")
    expect(rowsOf(["one two three"], 8, 4, 2)).toEqual(["one ", "two ", "three"])
    expect(rowsOf(["abcdefghij"], 6, 2, 2)).toEqual(["abcd", "efgh", "ij"])
    expect(rowsOf([""], 6, 2, 2)).toEqual([""])
  })
})

describe("the status line", () => {
  const around = { channel: "#kitchen", isConnected: true, sawCleartext: false, sending: 0 }

  it("says where, how, since when, who leads and who is in", () => {
    expect(
      statusText(statusOf({ members: [captain, us, { ...stranger, trust: "verified" }] }), around),
    ).toBe("#kitchen · encrypted · epoch 4 · captain alice · 3 members, 2 verified")
    expect(
      statusText(statusOf({ isCaptain: true, isDeniable: true }), { ...around, sending: 2 }),
    ).toBe(
      "#kitchen · encrypted, deniable · epoch 4 · captain you · 3 members, 1 verified · sending 2",
    )
    expect(statusText(statusOf({ phase: "joining" }), around)).toBe(
      "#kitchen · asking to be let in",
    )
  })

  it("warns of what a person has to know, worst first", () => {
    expect(warningTexts(statusOf(), around)).toEqual([])
    const status = statusOf({
      split: { with: null, explanation: "…" },
      captainSilentMs: 90_000,
      hasMajority: false,
      requests: [requestOf()],
      otherRoom: true,
    })
    const bad = { ...around, isConnected: false, sawCleartext: true }
    expect(warningTexts(status, bad)).toEqual([
      "SPLIT: members see different rooms",
      "CLEARTEXT on the channel",
      "not connected",
      "captain silent for 90 s",
      "no majority here: nobody can join or be removed",
      "another room on this channel",
      "1 asks to be let in: /admit",
    ])
  })
})

describe("what is live at the bottom", () => {
  const screen = { status: "#kitchen", warnings: [], columns: 20, height: 24 }

  it("breaks the input itself, and knows where the cursor is", () => {
    const composer = { ...emptyComposer, editor: editorWith("0123456789abcdefghi漢\nnext") }
    const { cursor, rows } = liveRows({ ...screen, composer }, paint)
    expect(rows).toEqual(["#kitchen", "> 0123456789abcdefg", "  hi漢", "  next"])
    expect(cursor).toEqual({ x: 6, y: 3 })
    const start = { ...composer, editor: { ...composer.editor, cursor: 17 } }
    expect(liveRows({ ...screen, composer: start }, paint).cursor).toEqual({ x: 2, y: 2 })
  })

  it("is always lower than the terminal", () => {
    const composer = { ...emptyComposer, hint: "hint", editor: editorWith("x\n".repeat(50)) }
    for (const height of [2, 3, 4, 5, 6, 24]) {
      const { cursor, rows } = liveRows({ ...screen, composer, height, warnings: ["w"] }, paint)
      expect(rows.length).toBeLessThan(Math.max(2, height))
      expect(cursor.y).toBeLessThan(rows.length)
      for (const row of rows) expect(cellsOf(row)).toBeLessThan(20)
    }
  })

  it("shows pasted controls instead of obeying them", () => {
    const composer = { ...emptyComposer, editor: editorWith("a\x9b\u202eb") }
    const { rows } = liveRows({ ...screen, composer, columns: 80 }, paint)
    expect(rows.at(-1)).toBe("> a\\x9b\\u{202e}b")
  })
})

describe("the line before what is new", () => {
  it("is printed once, for who is away", () => {
    const here = attentive(0)
    expect(arrived(here, 59_000).needsMark).toBe(false)
    const away = arrived(here, 61_000)
    expect(away.needsMark).toBe(true)
    expect(arrived(away.attention, 62_000).needsMark).toBe(false)
    expect(arrived(unfocused(here), 1).needsMark).toBe(true)
    expect(shownText({ kind: "unread" }, paint, 21)).toBe("──────── new ────────")
  })
})

describe("what happens in the room", () => {
  it.each<readonly [string, RoomEvent]>([
    ["· carol~3fa94c joined.", { kind: "joined", member: stranger }],
    [
      "⚠ carol~3fa94c was removed by alice.",
      { kind: "left", member: stranger, by: captain, reason: "removed" },
    ],
    ["· The members voted: you are captain now.", { kind: "captain", captain: us, how: "vote" }],
    ["⚠ alice saw 2 messages that you did not.", { kind: "gap", seenBy: captain, missing: 2 }],
    [
      "⚠ The room is split. Compare\\ndigits.",
      { kind: "split", with: null, explanation: "Compare\ndigits." },
    ],
    ["⚠ You were removed by alice. Nothing more can be read.", { kind: "removed", by: captain }],
  ])("%s", (expected, event) => {
    expect(shownText(eventNote(event)!, paint, 200)).toBe(expected)
  })
})
