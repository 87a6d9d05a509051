import { describe, expect, it } from "vitest"
import { randomBytes } from "node:crypto"
import { dummyEnvelope } from "stringphone/mailbox"
import { type ArchiveEntry, makeArchive, readArchive } from "../src/mail/archive.ts"
import { HeldFolder } from "../src/mail/held-folder.ts"
import { codesIn, PaperPile, paperCodes, readPaperCode } from "../src/mail/paper.ts"
import { excerpt, savedName, sizeText, unreadableTexts } from "../src/mail/mail-words.ts"
import { qrShape } from "../src/lib/qr-shape.ts"

const random = (length: number) => new Uint8Array(randomBytes(length))
const envelope = (size: number) => dummyEnvelope({ slotCount: 1, size }, 20_000, random)
const parts = (codes: readonly string[]) => codes.map((code) => readPaperCode(code)!)

describe("an envelope on paper", () => {
  it("comes back from its codes, in whatever order", () => {
    for (const [size, count] of [
      [1_024, 3],
      [4_096, 12],
    ] as const) {
      const bytes = envelope(size)
      const codes = paperCodes(bytes)
      expect(codes).toHaveLength(count)
      const pile = new PaperPile()
      const outcomes = parts([...codes].reverse()).map((part) => pile.add(part))
      expect(outcomes.slice(0, -1)).toEqual(Array.from({ length: count - 1 }, () => null))
      expect(outcomes.at(-1)).toEqual(bytes)
      expect(pile.progress).toEqual([])
    }
  })

  it("says which codes are missing, also of two letters at once", () => {
    const [a, b] = [paperCodes(envelope(1_024)), paperCodes(envelope(1_024))]
    const pile = new PaperPile()
    for (const part of parts([a[0]!, b[2]!, a[0]!])) expect(pile.add(part)).toBeNull()
    expect(pile.progress.map(({ missing }) => missing)).toEqual([
      [2, 3],
      [1, 2],
    ])
  })

  it("finds out what was changed, and what is none", () => {
    const codes = paperCodes(envelope(1_024))
    const changed = codes.map((code, i) => (i === 1 ? code.slice(0, -8) + "AAAAAAAA" : code))
    const pile = new PaperPile()
    expect(parts(changed).map((part) => pile.add(part))).toEqual([null, null, "damaged"])
    for (const text of ["", "https://x.example", "STRINGPHONE:PAPER/00/1-1/A", codes[0]! + "1"]) {
      expect(readPaperCode(text)).toBeNull()
    }
    const [head] = codes[0]!.split("/1-3/")
    expect(readPaperCode(`${head!}/4-3/AAAA`)).toBeNull()
    expect(readPaperCode(`${head!}/1-99/AAAA`)).toBeNull()
    expect(paperCodes(envelope(16_384))).toEqual([])
    expect(paperCodes(new Uint8Array(1_024))).toEqual([])
  })

  it("keeps no more half-read ones in mind than a person shows", () => {
    const pile = new PaperPile()
    for (let i = 0; i < 40; i++) pile.add(parts(paperCodes(envelope(1_024)))[0]!)
    expect(pile.progress).toHaveLength(16)
  })

  it("is read out of any text, in any letters", () => {
    const codes = paperCodes(envelope(1_024))
    expect(codesIn(`Here:\n${codes.join("\n\n").toLowerCase()} end`)).toHaveLength(3)
    expect(readPaperCode(codes[0]!.toLowerCase())).toEqual(readPaperCode(codes[0]!))
  })

  it("has codes that a camera reads: at most 85 modules a side, with the edge", () => {
    for (const code of paperCodes(envelope(1_024)))
      expect(qrShape(code).size).toBeLessThanOrEqual(85)
  })
})

describe("an archive of a stick", () => {
  const entries: readonly ArchiveEntry[] = [
    { name: `${"a".repeat(32)}.mail`, content: new Blob([random(5_000)]) },
    { name: `${"b".repeat(32)}.key`, content: new Blob([]) },
  ]

  it("comes back as it was", async () => {
    const archive = await makeArchive(entries)
    const found = await readArchive(archive)
    expect(found?.map(({ name }) => name)).toEqual(entries.map(({ name }) => name))
    for (const [i, { content }] of entries.entries()) {
      expect(await found![i]!.content.arrayBuffer()).toEqual(await content.arrayBuffer())
    }
  })

  it("is refused when cut, and never read beyond its end", async () => {
    const archive = await makeArchive(entries)
    const bytes = new Uint8Array(await archive.arrayBuffer())
    for (let end = 0; end < bytes.length; end += 97) {
      expect(await readArchive(new Blob([bytes.slice(0, end)]))).toBeNull()
    }
    for (let at = bytes.length - 220; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at]! ^= 0xff
      const found = await readArchive(new Blob([changed]))
      for (const { content } of found ?? []) expect(content.size).toBeLessThan(bytes.length)
    }
  })
})

describe("files in hand as a stick", () => {
  it("are written, renamed and read", async () => {
    const folder = new HeldFolder()
    const writer = await folder.create("a.part")
    await writer.append(new Uint8Array([1, 2]))
    await writer.append(new Uint8Array([3]))
    expect(await writer.sync()).toBe(true)
    await writer.close()
    await expect(folder.create("a.part")).rejects.toMatchObject({ code: "stick-failed" })
    await folder.rename("a.part", "a.mail")
    expect(await folder.list(9)).toEqual([{ name: "a.mail", bytes: 3 }])
    const reader = await folder.open("a.mail")
    expect(await reader.read(1, 9)).toEqual(new Uint8Array([2, 3]))
    await folder.remove("a.mail")
    await expect(folder.open("a.mail")).rejects.toMatchObject({ code: "stick-missing" })
  })
})

describe("words about letters", () => {
  it("shows text of others as text, in one line", () => {
    expect(excerpt("a\n\u202eb\tc")).toBe("a \\u{202e}b c")
    expect([...excerpt("🫖".repeat(400))]).toHaveLength(162)
  })

  it("saves files under names that mean nothing", () => {
    expect(savedName("../../etc/passwd")).toBe("__.._etc_passwd")
    expect(savedName("\u202egpj.exe")).toBe("_gpj.exe")
    expect(savedName("...")).toBe("file")
    expect(savedName("karte.png")).toBe("karte.png")
  })

  it("says once for each reason what of a stick could not be read", () => {
    const of = (reason: "no-key" | "failed", name: string) => ({
      name,
      reason,
      explanation: `Because of ${reason}.`,
    })
    expect(unreadableTexts([])).toEqual([])
    expect(unreadableTexts([of("no-key", "a"), of("failed", "b"), of("no-key", "c")])).toEqual([
      "2 files could not be read. Because of no-key.",
      "1 file could not be read. Because of failed.",
    ])
  })

  it("counts bytes as people do", () => {
    expect([1, 1_536, 12 * 1_048_576].map(sizeText)).toEqual(["1 byte", "1.5 KiB", "12 MiB"])
  })
})
