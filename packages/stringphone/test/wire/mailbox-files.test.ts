// Files in a letter: names that are names, on any system. spec/mailbox.md §4.6
import { describe, expect, test } from "vitest"
import { concat, u32, u8, utf8 } from "../../src/bytes/index.js"
import type { Content } from "../../src/mailbox/index.js"
import { decodeContent, encodeContent } from "../../src/mailbox/wire/content.js"
import { codeOf, fill, outcome, plain } from "./mailbox-letter.js"

describe("files", () => {
  const withFiles = (files: Content["files"]): Uint8Array =>
    concat(encodeContent({ ...plain, files }), fill(64, 0x77))
  const named = (name: string | Uint8Array): Uint8Array => {
    const bytes = typeof name === "string" ? utf8(name) : name
    const head = encodeContent({ ...plain, text: "" })
    const count = head.subarray(0, head.length - 1)
    return concat(count, u8(1), u8(bytes.length), bytes, u32(1), u8(9), fill(64, 0x77))
  }

  test("255 are the most", () => {
    const files = Array.from({ length: 255 }, (_, i) => ({ name: `${i}`, bytes: fill(i, i) }))
    expect(decodeContent(withFiles(files)).files).toEqual(files)
    const more = [...files, { name: "one more", bytes: fill(1, 1) }]
    expect(codeOf(() => withFiles(more))).toBe("too-large")
  })

  test("a name has at most 255 bytes, not characters", () => {
    const longest = ["a".repeat(255), `${"é".repeat(127)}a`, `${"𝄞".repeat(63)}abc`]
    for (const name of longest) {
      expect(utf8(name)).toHaveLength(255)
      expect(decodeContent(withFiles([{ name, bytes: fill(1, 1) }])).files[0]?.name).toBe(name)
      const more = [{ name: `${name}b`, bytes: fill(1, 1) }]
      expect(codeOf(() => withFiles(more))).toBe("bad-file-name")
    }
  })

  test.each(["a", "...", "..a", " a", "a:b", "~", "naïve.txt", "שלום.txt", "👩‍👩‍👧.png", "con"])(
    "%j is a name",
    (name) => {
      expect(decodeContent(withFiles([{ name, bytes: fill(1, 9) }])).files[0]?.name).toBe(name)
      expect(outcome(named(name))).toBe("the same")
    },
  )

  test.each([
    ...["", ".", "..", "/", "../x", "a/b", "C:\\x", "a\\b", "\0", "a\0.txt", "a\nb", "\r", "\t"],
    ...["\x1b[2Ja", "\x7f", "\x85", "\x9f", "a\u202egpj.exe", "\u202a", "\u202d", "\u2066a"],
    ...["\u2069", "\u200e", "\u200f", "\u061c"],
  ])("%j is none, neither written nor read", (name) => {
    expect(codeOf(() => withFiles([{ name, bytes: fill(1, 9) }]))).toBe("bad-file-name")
    expect(outcome(named(name))).toBe("malformed")
  })

  test("two may have the same name", () => {
    const files = [1, 2].map((byte) => ({ name: "a", bytes: fill(1, byte) }))
    expect(decodeContent(withFiles(files)).files).toEqual(files)
  })
})
