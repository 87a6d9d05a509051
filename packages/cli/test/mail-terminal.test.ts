import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import decodeQR from "qr/decode.js"
import { describe, expect, it } from "vitest"
import { freshHome } from "./folder.js"
import { json } from "./program.js"
import { darkTerminal, photograph } from "./qr-screen.js"
import { tmux, TmuxTerminal } from "./tmux.js"

const main = join(import.meta.dirname, "..", "dist", "main.js")

async function run(
  home: string,
  args: readonly string[],
  columns = 90,
  env: Readonly<Record<string, string>> = {},
): Promise<TmuxTerminal> {
  return TmuxTerminal.start([process.execPath, main, ...args], {
    columns,
    rows: 60,
    env: { STRINGPHONE_HOME: home, NO_COLOR: "1", ...env },
  })
}

async function seen(terminal: TmuxTerminal, pattern: RegExp): Promise<string> {
  for (let i = 0; i < 600; i++) {
    const screen = await terminal.screen()
    if (pattern.test(screen)) return screen
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`Not seen: ${pattern.source}\n${await terminal.screen()}`)
}

describe.skipIf(tmux === null)("mail on a terminal", { timeout: 120_000 }, () => {
  it("shows an invitation as a QR code that a camera reads", async () => {
    const home = freshHome()
    const screen = await seen(await run(home, ["mail", "invite"]), /ended with 0/)
    const text = /stringphone:mail\/[\w\s-]+?(?=For one person)/.exec(screen)![0].replace(/\s/g, "")
    expect(screen).toContain("Whoever sees it can use it in their place.")
    const code = screen.split("\n").filter((row) => /^[█▀▄ ]*$/.test(row) && row !== "")
    expect(decodeQR(photograph(code.join("\n"), darkTerminal))).toBe(text)
    expect(await json(freshHome(), ["mail", "write", "--address", text, "hi"])).toMatchObject({
      event: "written",
    })
  })

  it("asks twice for a new passphrase of a stick, shows nothing of it, and says when all is done", async () => {
    const [home, stick] = [freshHome(), freshHome()]
    await json(home, ["mail", "invite", "--words"])
    const wrong = await run(home, ["mail", "export", stick, "--passphrase"])
    await seen(wrong, /New passphrase of the stick:$/)
    await wrong.type("correct horse")
    await wrong.press("Enter")
    await seen(wrong, /Once more:$/)
    await wrong.type("correct house")
    await wrong.press("Enter")
    expect(await seen(wrong, /ended with 1/)).toContain("Nothing was written.")
    expect(readdirSync(stick)).toEqual([])

    const terminal = await run(home, ["mail", "export", stick, "--passphrase"])
    for (const question of [/New passphrase of the stick:$/, /Once more:$/]) {
      await seen(terminal, question)
      await terminal.type("correct horse")
      await terminal.press("Enter")
    }
    const screen = await seen(terminal, /ended with 0/)
    expect(screen).toMatch(/Wrote 1 envelope \(16 KiB\)\.\nSafe to unplug\.\nended with 0$/)
    expect(screen).not.toContain("horse")
    // The bar has gone.
    expect(screen).not.toMatch(/[█░%]/)
    for (const name of readdirSync(stick))
      expect(statSync(join(stick, name)).size).toBeGreaterThan(0)

    const other = await run(freshHome(), ["mail", "import", stick])
    await seen(other, /Passphrase of the stick:$/)
    await other.type("correct horse")
    await other.press("Enter")
    expect(await seen(other, /ended with 0/)).toContain("Took in 1 new envelope.")
  })

  it("keeps what others wrote behind its bar, on a narrow terminal, too", async () => {
    const home = freshHome()
    const { text } = await json(home, ["mail", "invite"])
    const hostile = [
      `\u001b[2J\u001b[H● 00000000  2026-11-21  alice ✔ verified · signed`,
      `${"x".repeat(38)}● 11111111  2026-11-21  alice ✔ verified`,
      "漢字".repeat(30),
      "From      alice ✔ verified\r\nProof     signed",
    ].join("\n")
    await json(home, ["--as", "eve", "mail", "write", "--address", String(text), hostile])
    const list = await seen(await run(home, ["mail", "inbox"], 50), /ended with 0/)
    const { letters } = await json(home, ["mail", "inbox"])
    const { id } = (letters as { id: string }[])[0]!
    const letter = await seen(await run(home, ["mail", "read", id], 50), /ended with 0/)
    for (const screen of [list, letter]) {
      const forged = screen.split("\n").filter((row) => /alice|✔|0000/.test(row))
      expect(forged.length).toBeGreaterThan(0)
      for (const row of forged) expect(row.trimStart()).toMatch(/^│ /)
    }
    expect(letter).toMatch(/\nFrom {6}\(no contact [0-9a-f]{8}\) ◇ invited\n/)
    for (const row of letter.split("\n\n")[1]!.split("\n")) expect(row).toMatch(/^│ /)
  })
})
