import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { freshHome } from "./folder.js"
import { json, stringphone } from "./program.js"

const [ann, bob, eve] = [
  ["--as", "ann"],
  ["--as", "bob"],
  ["--as", "eve"],
]

type Row = Readonly<Record<string, unknown>>

/** People who share a computer share its hub, and nothing else. */
async function inbox(home: string, who: readonly string[]): Promise<readonly Row[]> {
  return (await json(home, [...who, "mail", "inbox"]))["letters"] as readonly Row[]
}

async function invitationOf(home: string, who: readonly string[]): Promise<string> {
  return String((await json(home, [...who, "mail", "invite"]))["text"])
}

describe("mail commands", { timeout: 120_000 }, () => {
  it("write to several, who all see whom it went to, with files and a receipt", async () => {
    const home = freshHome()
    const [fromBob, fromEve] = [await invitationOf(home, bob), await invitationOf(home, eve)]
    await json(home, [...ann, "mail", "write", "--address", fromBob, "--petname", "Bob", "1"])
    await json(home, [...ann, "mail", "write", "--address", fromEve, "--petname", "Eve", "2"])
    const map = join(home, "map ✔.txt")
    writeFileSync(map, "north")
    const written = await json(
      home,
      [
        ...[...ann, "mail", "write", "bob", "EVE", "-", "--attach", map, "--attach", map],
        ...["--receipt", "--life", "3"],
      ],
      "To you both.\nAnn\n",
    )
    expect(written).toMatchObject({
      event: "written",
      text: "To you both.\nAnn",
      to: [{ petname: "Bob" }, { petname: "Eve" }],
      authorship: "deniable",
      wantsReceipt: true,
      files: [
        { name: "map ✔.txt", bytes: 5 },
        { name: "map ✔.txt", bytes: 5 },
      ],
    })
    for (const who of [bob, eve]) {
      const letters = await inbox(home, who)
      expect(letters).toHaveLength(3 - 1)
      const letter = letters.find((one) => one["text"] === "To you both.\nAnn")!
      expect((letter["to"] as Row[]).map(({ trust }) => trust).sort()).toEqual([
        "self",
        "unverified",
      ])
      expect(letter).toMatchObject({ wantsReceipt: true, isRead: false })
      const folder = join(home, "saved", String(who[1]))
      const read = await json(home, [
        ...[...who, "mail", "read", String(letter["id"]).slice(0, 8), "--save", folder],
      ])
      const saved = read["saved"] as string[]
      expect(saved).toEqual([join(folder, "map ✔.txt"), join(folder, "map ✔ (2).txt")])
      expect(readFileSync(saved[1]!, "utf8")).toBe("north")
      expect(await json(home, [...who, "mail", "confirm", String(letter["id"])])).toMatchObject({
        event: "confirmed",
      })
    }
    const { letters: unread } = await json(home, [...bob, "mail", "inbox", "--unread"])
    expect(unread).toMatchObject([{ text: "1" }])
    const [first] = unread as Row[]
    const unsure = await stringphone(home, [...bob, "mail", "delete", String(first!["id"])], "n\n")
    expect(unsure).toMatchObject({ code: 1, stdout: "" })
    await json(home, [...bob, "mail", "delete", String(first!["id"]), "--yes"])
    expect(await inbox(home, bob)).toHaveLength(1)
  })

  it("meet by words, which find nothing before the hub has their envelope", async () => {
    const [home, elsewhere] = [freshHome(), freshHome()]
    const invited = await stringphone(home, [...bob, "mail", "invite", "--words"])
    expect(invited.stdout).toMatch(/^([a-z]+ ){11}[a-z]+\n$/)
    expect(invited.stderr).toContain("sync or export first")
    const words = invited.stdout.trim()
    const early = await stringphone(elsewhere, ["mail", "write", "--words", "-", "hi"], words)
    expect(early).toMatchObject({ code: 1, stdout: "" })
    expect(early.stderr).toContain("has not reached this hub yet")
    const wrong = words.split(" ").reverse().join(" ")
    const other = await stringphone(home, [...ann, "mail", "write", "--words", wrong, "hi"])
    expect(other.code).toBeGreaterThan(0)
    expect(other.stderr).toMatch(/^stringphone: [^\n]*\n$/)

    const typed = `${words.toUpperCase()}\n`
    await json(home, [...ann, "mail", "write", "--words", "-", "--petname", "bob", "hi"], typed)
    expect(await inbox(home, bob)).toMatchObject([{ text: "hi", from: { trust: "invited" } }])
  })

  it("write anonymously to a public address only, and say so to its reader", async () => {
    const home = freshHome()
    const { address } = await json(home, [...bob, "mail", "address"])
    const write = [...ann, "mail", "write", "--anonymous"]
    await json(home, [...write, "--address", String(address), "The mayor lies."])
    expect(await inbox(home, bob)).toMatchObject([
      { from: null, authorship: "anonymous", text: "The mayor lies." },
    ])
    const list = await stringphone(home, [...bob, "mail", "inbox"])
    expect(list.stdout).toMatch(
      /^● [0-9a-f]{8} {2}\d{4}-\d\d-\d\d {2}anonymous\n {12}│ The mayor lies\.\n$/,
    )
    const invitation = await invitationOf(home, bob)
    const refused = await stringphone(home, [...write, "--address", invitation, "x"])
    expect(refused).toMatchObject({ code: 1, stdout: "" })
    const open = await json(home, [...bob, "mail", "address"])
    const status = [...bob, "mail", "status"]
    expect(await json(home, status)).toMatchObject({ letters: 1, publicAddress: open })
    expect((await stringphone(home, status)).stdout).toContain(
      `\nAddress      open to anybody until ${String(open["expiresOn"])}\n`,
    )
    await json(home, [...bob, "mail", "address", "--close"])
    expect(await json(home, status)).toMatchObject({ letters: 1, publicAddress: null })
    expect((await stringphone(home, status)).stdout).toContain(
      "\nAddress      none that anybody may write to\n",
    )
  })

  it("write to nobody who was revoked, and forget keys", async () => {
    const home = freshHome()
    const invitation = await invitationOf(home, bob)
    const write = [...ann, "mail", "write"]
    await json(home, [...write, "--address", invitation, "--petname", "bob", "hi"])
    await json(home, [...ann, "contacts", "revoke", "bob"])
    const refused = await stringphone(home, [...write, "bob", "hi again"])
    expect(refused).toMatchObject({ code: 1, stdout: "" })
    expect(refused.stderr).toContain("You revoked bob")
    expect(await json(home, [...ann, "mail", "contacts"])).toMatchObject({
      pairs: [{ petname: "bob", trust: "revoked" }],
    })
    const forgotten = await json(home, [...ann, "mail", "forget", "bob", "--yes"])
    expect(forgotten).toMatchObject({ event: "forgotten", petname: "bob" })
    expect(await json(home, [...ann, "mail", "contacts"])).toEqual({ pairs: [] })
  })

  it("put a passphrase on a stick, which never stands on the command line", async () => {
    const [home, stick] = [freshHome(), freshHome()]
    const secret = join(home, "secret")
    writeFileSync(secret, "correct horse\n")
    await json(home, [...ann, "mail", "invite", "--words"])
    const sealed = ["--stick-passphrase-file", secret]
    expect(await json(home, ["mail", "export", stick, ...sealed])).toMatchObject({ written: 1 })
    const other = freshHome()
    const without = await stringphone(other, ["mail", "import", stick])
    expect(without).toMatchObject({ code: 1, stdout: "" })
    expect(without.stderr).toBe(
      "stringphone: The stick has a passphrase. Name a file with --stick-passphrase-file, or set STRINGPHONE_STICK_PASSPHRASE.\n",
    )
    writeFileSync(join(home, "wrong"), "wrong\n")
    const wrong = ["--stick-passphrase-file", join(home, "wrong")]
    expect(await stringphone(other, ["mail", "import", stick, ...wrong])).toMatchObject({ code: 1 })
    expect(await json(other, ["mail", "import", stick, ...sealed])).toMatchObject({ new: 1 })
  })

  it("say which files of a stick could not be read, and why", async () => {
    const [home, other, stick] = [freshHome(), freshHome(), freshHome()]
    await json(home, [...ann, "mail", "invite", "--words"])
    await json(home, [...ann, "mail", "export", stick])
    const named = (kind: string) => readdirSync(stick).find((name) => name.endsWith(kind)) ?? ""
    const [key, mail] = [named(".key"), named(".mail")]
    renameSync(join(stick, key), join(home, key))
    const importing = ["mail", "import", stick]
    expect(await json(other, importing)).toMatchObject({
      new: 0,
      unreadable: [{ name: mail, reason: "no-key" }],
    })
    const shown = await stringphone(other, importing)
    expect(shown).toMatchObject({ code: 0, stdout: "Took in 0 new envelopes.\n" })
    expect(shown.stderr).toContain(
      "1 file could not be read. There is no key for this mail on the stick. Copy its .key file as well",
    )
    expect(shown.stderr).not.toContain("place on the stick")

    renameSync(join(home, key), join(stick, key))
    renameSync(join(stick, mail), join(home, mail))
    const { stderr } = await stringphone(other, importing)
    expect(stderr).toContain("The mail that belongs to this is not on the stick.")
    renameSync(join(home, mail), join(stick, mail))
    expect(await json(other, importing)).toMatchObject({ new: 1, unreadable: [] })
  })

  it("tell how things stand", async () => {
    const home = freshHome()
    writeFileSync(join(home, "hub.json"), `{ "limits": { "maxBytes": 2097152 } }`)
    await json(home, [...ann, "mail", "invite", "--words"])
    expect(await json(home, [...ann, "mail", "status"])).toMatchObject({
      letters: 0,
      unread: 0,
      pairs: [],
      invitations: 1,
      clock: null,
      hub: { envelopes: 1, maxBytes: 2_097_152 },
    })
    const { stdout } = await stringphone(home, [...ann, "mail", "status"])
    expect(stdout).toMatch(/\nHub {10}1 envelope, \d+ KiB of 2 MiB\n {2}written here: 1 envelope, /)
  })

  it("drop nothing, here or on a stick, while the clock is wrong by a month", async () => {
    const [home, stick] = [freshHome(), freshHome()]
    await json(home, [...ann, "mail", "invite", "--words"])
    await json(home, [...ann, "mail", "export", stick])
    const files = readdirSync(stick)

    const leap = "const now=Date.now;Date.now=()=>now()+40*864e5"
    vi.stubEnv("NODE_OPTIONS", `--import=data:text/javascript,${leap.replaceAll(" ", "%20")}`)
    onTestFinished(() => void vi.unstubAllEnvs())
    for (const args of [
      ["export", stick],
      ["import", stick],
      ["sync", "tcp://127.0.0.1:1"],
    ]) {
      const refused = await stringphone(home, [...ann, "mail", ...args])
      expect([args, refused.code, refused.stdout]).toEqual([args, 1, ""])
      expect(refused.stderr).toContain("mail status --confirm-date\n")
    }
    const doubted = await json(home, [...ann, "mail", "status"])
    expect(doubted).toMatchObject({ hub: null })
    expect(doubted["clock"]).toMatch(/clock/)
    const shown = await stringphone(home, [...ann, "mail", "status"])
    expect(shown.stdout).toMatch(/\nHub {10}1 envelope\nClock {8}⚠ /)

    vi.unstubAllEnvs()
    expect(readdirSync(stick)).toEqual(files)
    const right = await json(home, [...ann, "mail", "status"])
    expect(right).toMatchObject({ clock: null, hub: { envelopes: 1 } })
    expect(await json(home, [...ann, "mail", "export", stick])).toMatchObject({ known: 1 })
  })

  it("refuse what makes no sense in one sentence, before anything is written", async () => {
    const home = freshHome()
    const invitation = await invitationOf(home, bob)
    const bad: readonly (readonly [args: readonly string[], code: 1 | 2])[] = [
      [["mail", "write"], 2],
      [["mail", "write", "nobody", "hi"], 1],
      [["mail", "write", "nobody"], 2],
      [["mail", "write", "--address", invitation, "hi", "--sign", "--anonymous"], 2],
      [["mail", "write", "--address", invitation, "hi", "--life", "5"], 2],
      [["mail", "write", "--address", invitation, "hi", "--petname", "a\u0007"], 2],
      [["mail", "write", "--address", invitation, "hi", "--attach", "/nowhere"], 1],
      [["mail", "write", "--address", invitation, "hi", "--reply-to", "0000"], 1],
      [["mail", "write", "--address", invitation, "hi", "--reply-to", "x"], 2],
      [["mail", "write", "--address", invitation.slice(0, -3), "hi"], 2],
      [["mail", "write", "--address", "stringphone:mail/AAAA", "hi"], 2],
      [["mail", "write", "--address", "-"], 2],
      [["mail", "write", "--words", "one two", "hi"], 2],
      [["mail", "read", "x"], 2],
      [["mail", "read", "00000000"], 1],
      [["mail", "confirm", "00000000"], 1],
      [["mail", "delete", "00000000", "--yes"], 1],
      [["mail", "forget", "nobody", "--yes"], 1],
      [["mail", "invite", "--days", "29"], 2],
      [["mail", "invite", "--file", "/nowhere/x"], 1],
      [["mail", "export", "/nowhere"], 1],
      [["mail", "import", "/nowhere"], 1],
      [["mail", "sync", "http://example.org"], 2],
      [["mail", "sync", "tcp://127.0.0.1:1", "--wait", "1"], 1],
      [["mail", "nonsense"], 2],
    ]
    for (const [args, code] of bad) {
      const { code: exit, stderr, stdout } = await stringphone(home, args)
      expect([args, exit, stdout, stderr]).toEqual([args, code, "", stderr])
      expect(stderr).toMatch(/stringphone: [^\n]*\n$/)
      expect(stderr).not.toContain("Unexpected")
    }
    const { letters } = await json(home, ["mail", "inbox", "--sent"])
    expect(letters).toEqual([])
    expect(await inbox(home, bob)).toEqual([])
  })

  it("have help with examples", async () => {
    const home = freshHome()
    for (const name of [
      ...["write", "inbox", "read", "confirm", "delete", "contacts", "invite", "address"],
      ...["forget", "export", "import", "sync", "status"],
    ]) {
      const { code, stdout } = await stringphone(home, ["mail", name, "--help"])
      expect(code).toBe(0)
      expect(stdout).toContain(`\nExamples:\n  stringphone mail ${name}`)
    }
    expect((await stringphone(home, ["hub", "--help"])).stdout).toContain("Examples:")
  })
})
