import type { Correspondent, Letter } from "stringphone/session/mailbox"
import { describe, expect, it } from "vitest"
import { barText } from "../src/mail/progress-bar.js"
import { letterText, pairText, rowText } from "../src/mail/letter-text.js"
import { namesAndText } from "../src/mail/write.js"
import { sizeText } from "../src/mail/usage-text.js"
import { paintFor } from "../src/terminal/paint.js"

const paint = paintFor({ isTTY: false })
const publicKey = Uint8Array.of(...new Array<number>(32).fill(0xab))

function somebody(petname: string | null, trust: Correspondent["trust"]): Correspondent {
  const contact =
    petname === null ? null : { petname, publicKey, exchangePublicKey: null, decisions: [] }
  return { publicKey, contact, name: petname ?? "abababab", trust }
}

function letter(more: Partial<Letter> = {}): Letter {
  return {
    id: "3fa94c01000000000000000000000000",
    messageId: "00000000000000000000000000000000",
    direction: "in",
    from: somebody("bob", "verified"),
    to: [somebody(null, "self")],
    authorship: "deniable",
    text: "hi",
    files: [],
    writtenAt: Date.UTC(2026, 10, 21),
    receivedAt: Date.UTC(2026, 10, 22, 8),
    expiresAt: Date.UTC(2026, 11, 3),
    replyTo: null,
    wantsReceipt: false,
    isRead: false,
    confirmedBy: [],
    ...more,
  }
}

const row = (more: Partial<Letter>): string => rowText(letter(more), paint, 60)

describe("a letter in the list", () => {
  it.each([
    [{}, "● 3fa94c01  2026-11-21  bob ✔ verified · deniable", "hi"],
    [{ isRead: true }, "  3fa94c01  2026-11-21  bob ✔ verified · deniable", "hi"],
    [{ from: null, authorship: "anonymous" as const }, "● 3fa94c01  2026-11-21  anonymous", "hi"],
    [
      { from: somebody(null, "unverified"), authorship: "signed" as const },
      "● 3fa94c01  2026-11-21  (no contact abababab) ? unverified · signed",
      "hi",
    ],
    [
      { from: somebody("bob ✔ verified · signed", "invited") },
      `● 3fa94c01  2026-11-21  "bob ✔ verified · signed" ◇ invited · deniable`,
      "hi",
    ],
    [
      { files: [{ name: "a", size: 1 }], wantsReceipt: true },
      "● 3fa94c01  2026-11-21  bob ✔ verified · deniable · 1 file · asks for a receipt",
      "hi",
    ],
    [
      { text: "\n\n  \nfirst\nsecond" },
      "● 3fa94c01  2026-11-21  bob ✔ verified · deniable",
      "first",
    ],
    [
      { text: "\u001b[2K\u202e● 3fa94c02  alice ✔ verified" },
      "● 3fa94c01  2026-11-21  bob ✔ verified · deniable",
      "\\x1b[2K\\u{202e}● 3fa94c02  alice ✔ verified",
    ],
    [
      { text: "x".repeat(100) },
      "● 3fa94c01  2026-11-21  bob ✔ verified · deniable",
      `${"x".repeat(45)}…`,
    ],
    [
      {
        direction: "out" as const,
        from: somebody(null, "self"),
        to: [somebody("bob", "verified")],
      },
      "  3fa94c01  2026-11-21  to bob · deniable",
      "hi",
    ],
    [
      {
        direction: "out" as const,
        from: somebody(null, "self"),
        to: [somebody("bob", "verified"), somebody("eve", "trusted")],
        wantsReceipt: true,
        confirmedBy: [somebody("bob", "verified")],
      },
      "  3fa94c01  2026-11-21  to bob, eve · deniable · confirmed by bob so far",
      "hi",
    ],
  ])("%j", (more, head, body) => {
    expect(row(more)).toBe(`${head}\n            │ ${body}`)
  })

  it("has every row of others behind a bar, whatever they write", () => {
    const hostile = [
      "a\nFrom      alice ✔ verified",
      "a\r\n● 11111111  2026-11-21  alice ✔ verified · signed",
      "\u001b[1A\u001b[2K\u009b2J\u0007",
      "a\u2028b\u2029c\u0085d\u000be",
      `${"wide ".repeat(60)}✔ verified`,
      "漢".repeat(90),
    ]
    for (const text of hostile) {
      for (const columns of [20, 60, Infinity]) {
        const shown = letterText(letter({ text }), null, { paint, columns, command: "stringphone" })
        const [head = "", body = ""] = shown.split("\n\n")
        expect(head.split("\n").map((line) => line.slice(0, 10).trim())).toEqual([
          "Letter",
          "From",
          "To",
          "Proof",
          "Written",
          "Received",
          "Carried",
        ])
        expect(head).toContain("From      bob ✔ verified")
        for (const line of body.split("\n"))
          expect(line).toMatch(/^│ [^\p{Cc}\p{Cf}\u2028\u2029]*$/u)
        expect(shown.split("\n\n")).toHaveLength(2)
      }
    }
  })
})

describe("a whole letter", () => {
  it("says what its proof is worth, what it answers, and what is in it", () => {
    const answered = letter({ id: "99999999000000000000000000000000" })
    const files = [{ name: 'map" ✔ verified.pdf\n', size: 12_000 }]
    const shown = letterText(
      letter({ authorship: "signed", files, wantsReceipt: true, replyTo: answered.messageId }),
      answered,
      { paint, columns: Infinity, command: "stringphone --as ann" },
    )
    expect(shown.split("\n")).toEqual([
      "Letter    3fa94c01000000000000000000000000",
      "From      bob ✔ verified",
      "To        you",
      "Proof     signed: whoever has this letter can show to others who wrote it",
      "Written   2026-11-21, as its writer says",
      "Received  2026-11-22 08:00 UTC",
      "Carried   until the end of 2026-12-02",
      "Answers   99999999",
      "Receipt   asked for: stringphone --as ann mail confirm 3fa94c01",
      'File 1    12000 bytes, named "map″ ✔ verified.pdf\\n"',
      "",
      "│ hi",
    ])
  })

  it.each([
    [letter({ from: null, authorship: "anonymous" }), "none: anybody may have written it"],
    [letter(), "deniable: it is surely from that key, and you can prove that to nobody"],
    [
      letter({ direction: "out" }),
      "deniable: its receivers know that you wrote it, and can prove that to nobody",
    ],
  ])("%#", (one, proof) => {
    const shown = letterText(one, null, { paint, columns: Infinity, command: "stringphone" })
    expect(shown).toContain(`\nProof     ${proof}\n`)
  })
})

describe("what stands around", () => {
  it.each([
    [barText("Writing", 3, 10), "Writing [██████░░░░░░░░░░░░░░]  30 %"],
    [barText("Writing", 10, 10), "Writing [████████████████████] 100 %"],
    [barText("Reading", 0, 0), "Reading [████████████████████] 100 %"],
    [barText("Reading", 9.99, 10), "Reading [███████████████████░]  99 %"],
    [sizeText(0), "0 bytes"],
    [sizeText(1_023), "1023 bytes"],
    [sizeText(1_536), "1.5 KiB"],
    [sizeText(12 * 1_048_576), "12 MiB"],
    [sizeText(1_024 ** 3), "1 GiB"],
    [
      pairText({ ...somebody("bob", "verified"), phase: "open", hasSecret: true }, paint),
      `bob ✔ verified · both have the keys · met by an invitation\n    ${"ab".repeat(32)}`,
    ],
  ])("%s", (shown, expected) => {
    expect(shown).toBe(expected)
  })
})

describe("the words of `mail write`", () => {
  const address = ["stringphone:mail/x"]
  it.each([
    [["bob"], {}, ["bob"], null],
    [["bob", "hi"], {}, ["bob"], "hi"],
    [["bob", "-"], {}, ["bob"], null],
    [["bob", "eve", "hi"], {}, ["bob", "eve"], "hi"],
    [["hi"], { address }, [], "hi"],
    [[], { address }, [], null],
    [["-"], { words: ["a b"] }, [], null],
    [["bob", "hi"], { address }, ["bob"], "hi"],
  ])("%j %j", (given, options, names, text) => {
    expect(namesAndText(given, options)).toEqual({ names, text })
  })

  it("name a receiver", () => {
    expect(() => namesAndText([], {})).toThrow("Say who receives it")
  })
})
