import { readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { freshHome } from "./folder.js"
import { json, stringphone } from "./program.js"

describe("id", () => {
  it("makes an identity once and shows it in every form", async () => {
    const home = freshHome()
    const first = await json(home, ["id"])
    expect(String(first["words"]).split(" ")).toHaveLength(8)
    expect(first["digits"]).toMatch(/^\d{5}( \d{5}){5}$/)
    expect(first["publicKey"]).toMatch(/^[0-9a-f]{64}$/)
    expect(await json(home, ["id"])).toEqual(first)
    const { stdout } = await stringphone(home, ["id"])
    for (const part of ["words", "digits", "publicKey", "card"]) {
      expect(stdout).toContain(first[part])
    }
    expect(statSync(join(home, "default.keyring.json")).mode & 0o777).toBe(0o600)
  })

  it("prints the card alone, and profiles are different people", async () => {
    const home = freshHome()
    const { stdout } = await stringphone(home, ["id", "card"])
    expect(stdout).toMatch(/^stringphone:card\/[\w-]{172}\n$/)
    const bob = await stringphone(home, ["--as", "bob", "id", "card"])
    expect(bob.stdout).not.toBe(stdout)
  })
})

describe("a sealed key ring", () => {
  it("needs its passphrase, takes another, and can be unsealed", async () => {
    const home = freshHome()
    const file = (name: string, passphrase: string): string => {
      writeFileSync(join(home, name), `${passphrase}\n`)
      return join(home, name)
    }
    const [one, two] = [file("one", "correct horse"), file("two", "battery staple")]
    const { publicKey } = await json(home, ["id"])
    await json(home, ["id", "seal", "--new-passphrase-file", one])

    const without = await stringphone(home, ["id"])
    expect(without).toMatchObject({ code: 1, stdout: "" })
    expect(without.stderr).toContain("--passphrase-file")
    const wrong = await stringphone(home, ["--passphrase-file", two, "id"])
    expect(wrong).toMatchObject({ code: 1, stdout: "" })
    expect(wrong.stderr).toContain("does not open the key ring")

    const withOne = ["--passphrase-file", one]
    expect(await json(home, [...withOne, "id"])).toMatchObject({ publicKey, sealed: true })
    await json(home, [...withOne, "id", "seal", "--new-passphrase-file", two])
    expect((await stringphone(home, [...withOne, "id"])).code).toBe(1)
    await json(home, ["--passphrase-file", two, "id", "unseal"])
    expect(await json(home, ["id"])).toMatchObject({ publicKey, sealed: false })
  })
})

describe("a damaged key ring", () => {
  it.each([
    ["cut short", (text: string) => text.slice(0, text.length / 2)],
    ["no JSON", () => "hello"],
    ["empty", () => ""],
  ])("is told of and left as it is: %s", async (_, damage) => {
    const home = freshHome()
    await json(home, ["id"])
    const path = join(home, "default.keyring.json")
    writeFileSync(path, damage(readFileSync(path, "utf8")))
    const before = readFileSync(path)
    for (const args of [["id"], ["contacts", "list"], ["topic", "list"]]) {
      const { code, stderr, stdout } = await stringphone(home, args)
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
      expect(stderr).toMatch(/^stringphone: [^\n]*\n$/)
      expect(stderr).not.toContain("Unexpected")
    }
    expect(readFileSync(path).equals(before)).toBe(true)
  })
})
