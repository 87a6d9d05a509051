import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { readAttachment, safeName, saveAttachments } from "../src/mail/attachments.js"
import { freshHome as freshFolder } from "./folder.js"

const bytes = Uint8Array.of(1, 2, 3)

describe("the name of a file", () => {
  it.each([
    ["map.png", "map.png"],
    ["Möwe 2.txt", "Möwe 2.txt"],
    ["../../etc/passwd", "__.._etc_passwd"],
    ["..", "file"],
    [".", "file"],
    ["", "file"],
    [".bashrc", "_bashrc"],
    ["-rf", "_rf"],
    ["C:\\evil.exe", "C__evil.exe"],
    ["CON", "_CON"],
    ["com1.txt", "_com1.txt"],
    ["trailing. . ", "trailing"],
    ["a\u0000b\u001b[2J\u202egnp.exe", "a_b_[2J_gnp.exe"],
    ["a\nb", "a_b"],
    ["a:b*c?d|e", "a_b_c_d_e"],
  ])("%j becomes %j", (name, expected) => {
    expect(safeName(name)).toBe(expected)
  })

  it("keeps its ending when it is short, and never its length", () => {
    expect(safeName(`${"ä".repeat(200)}.pdf`)).toBe(`${"ä".repeat(88)}.pdf`)
    expect(Buffer.byteLength(safeName(`a.${"b".repeat(250)}`))).toBe(180)
  })
})

describe("saving files", () => {
  it("replaces nothing and follows no link", async () => {
    const folder = freshFolder()
    const target = join(freshFolder(), "target")
    writeFileSync(join(folder, "a.txt"), "mine")
    symlinkSync(target, join(folder, "b.txt"))
    const files = ["a.txt", "a.txt", "b.txt", "../c"].map((name) => ({ name, bytes }))
    const paths = await saveAttachments(files, folder)
    expect(paths).toEqual(
      ["a (2).txt", "a (3).txt", "b (2).txt", "__c"].map((name) => join(folder, name)),
    )
    expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("mine")
    for (const path of paths) {
      expect([...readFileSync(path)]).toEqual([1, 2, 3])
      expect(statSync(path).mode & 0o777).toBe(0o600)
    }
    expect(() => statSync(target)).toThrow("ENOENT")
    expect(readdirSync(folder)).toHaveLength(6)
  })

  it("makes the folder, for its user alone", async () => {
    const folder = join(freshFolder(), "new", "one")
    await saveAttachments([{ name: "a", bytes }], folder)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  it("says in a sentence where it can not", async () => {
    const file = join(freshFolder(), "file")
    writeFileSync(file, "")
    await expect(saveAttachments([{ name: "a", bytes }], file)).rejects.toMatchObject({
      code: "not-saved",
    })
  })
})

describe("attaching files", () => {
  it("takes files of up to 1 MiB by their names", async () => {
    const folder = freshFolder()
    writeFileSync(join(folder, "a.txt"), "abc")
    writeFileSync(join(folder, "large"), new Uint8Array(1_048_577))
    mkdirSync(join(folder, "folder"))
    expect(await readAttachment(join(folder, "a.txt"))).toEqual({
      name: "a.txt",
      bytes: new Uint8Array(Buffer.from("abc")),
    })
    for (const [name, code] of [
      ["large", "too-large"],
      ["folder", "no-file"],
      ["none", "no-file"],
    ] as const) {
      await expect(readAttachment(join(folder, name))).rejects.toMatchObject({ code })
    }
  })
})
