import { describe, expect, it } from "vitest"
import { freshHome } from "./folder.js"
import { json, stringphone } from "./program.js"

describe("contacts", () => {
  it("are added, renamed, verified, revoked and removed", async () => {
    const home = freshHome()
    const bob = await json(home, ["--as", "bob", "id"])
    const added = await json(home, ["contacts", "add", "bob", String(bob["card"])])
    expect(added).toMatchObject({ petname: "bob", trust: "unknown", words: bob["words"] })

    await json(home, ["contacts", "trust", "bob"])
    await json(home, ["contacts", "rename", "bob", "Robert"])
    const verified = await json(home, ["contacts", "verify", "robert"], `${String(bob["words"])}\n`)
    expect(verified).toMatchObject({ petname: "Robert", trust: "verified", verifiedBy: "words" })

    const list = await stringphone(home, ["contacts", "list"])
    expect(list.stdout).toMatch(/^✔ Robert, verified by words on \d{4}-\d\d-\d\d\n/)
    const shown = await json(home, ["contacts", "show", String(bob["publicKey"]).slice(0, 8)])
    expect(shown["decisions"]).toMatchObject([
      { state: "unknown" },
      { state: "trusted" },
      { state: "verified", by: "words" },
    ])

    await json(home, ["contacts", "revoke", "Robert"])
    const again = await stringphone(home, ["contacts", "trust", "Robert"])
    expect(again).toMatchObject({ code: 1, stdout: "" })
    expect(again.stderr).toContain("is revoked")
    expect(await json(home, ["contacts", "remove", "Robert"])).toEqual({ removed: "Robert" })
    expect(await json(home, ["contacts", "list"])).toEqual({ contacts: [] })
  })

  it("with other words are not verified", async () => {
    const home = freshHome()
    const bob = await json(home, ["--as", "bob", "id"])
    const eve = await json(home, ["--as", "eve", "id"])
    await json(home, ["contacts", "add", "bob", String(bob["publicKey"])])
    const { code, stderr } = await stringphone(
      home,
      ["contacts", "verify", "bob"],
      String(eve["words"]),
    )
    expect(code).toBe(1)
    expect(stderr).toContain("Do not trust it")
    expect(await json(home, ["contacts", "show", "bob"])).toMatchObject({ trust: "unknown" })
  })

  it("can be verified by digits and by hex, typed with other spaces", async () => {
    const home = freshHome()
    const bob = await json(home, ["--as", "bob", "id"])
    await json(home, ["contacts", "add", "bob", String(bob["card"])])
    for (const by of ["digits", "hex"] as const) {
      const typed = String(bob[by]).replaceAll(" ", "-").toUpperCase()
      const answer = await json(home, ["contacts", "verify", "bob"], typed)
      expect(answer).toMatchObject({ trust: "verified", verifiedBy: by })
    }
  })

  it("with hostile names are refused, and what is quoted of them is harmless", async () => {
    const home = freshHome()
    const { publicKey } = await json(home, ["--as", "bob", "id"])
    for (const name of ["a\u001b[2Jb", "b\nok", "\u202egnp", "", " ", "x".repeat(65)]) {
      const { code, stderr } = await stringphone(home, ["contacts", "add", name, String(publicKey)])
      expect(code).toBe(2)
      expect(stderr).toMatch(/^stringphone: [\x20-\x7e]*\n$/)
    }
    const { stderr } = await stringphone(home, ["contacts", "show", "\u001b]0;pwned\u0007\nok"])
    expect(stderr).toBe('stringphone: There is no contact "\\x1b]0;pwned\\x07\\nok".\n')
  })
})
