import { join } from "node:path"
import decodeQR from "qr/decode.js"
import { register } from "stringphone/session/login"
import { createMemoryStore } from "stringphone/store/memory"
import { describe, expect, it } from "vitest"
import { freshHome } from "./folder.js"
import { darkTerminal, photograph } from "./qr-screen.js"
import { tmux, TmuxTerminal } from "./tmux.js"

const main = join(import.meta.dirname, "..", "dist", "main.js")

async function seen(terminal: TmuxTerminal, pattern: RegExp): Promise<string> {
  for (let i = 0; i < 600; i++) {
    const text = await terminal.history()
    if (pattern.test(text)) return text
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`Not seen: ${pattern.source}\n${await terminal.history()}`)
}

describe.skipIf(tmux === null)("a home on a terminal", { timeout: 120_000 }, () => {
  it("invites by a QR code that a camera reads, and tells in words who logs in and calls", async () => {
    const command = [process.execPath, main, "up", "--port", "0", "--mqtt-port", "0"]
    const env = { STRINGPHONE_HOME: freshHome(), NO_COLOR: "1" }
    const terminal = await TmuxTerminal.start(command, { columns: 100, rows: 60, env })
    const ready = await seen(terminal, /keys {5}p pair a phone/)
    const [, realm, words] = /logins {3}(home-[0-9a-f]{8}), whose words are: ([a-z ]+)$/m.exec(
      ready,
    )!
    await terminal.press("i")
    const shown = await seen(terminal, /in their place\./)
    const [text] = /stringphone:login\/[\w-]+/.exec(shown)!
    const screen = (await terminal.screen()).split("\n")
    const code = screen.filter((row) => /^[█▀▄ ]*$/.test(row) && row !== "")
    expect(decodeQR(photograph(code.join("\n"), darkTerminal))).toBe(text)
    const [page] = /http:\/\/127\.0\.0\.1:\d+\//.exec(ready)!
    expect(shown).toContain(`Somebody may register at ${page} and switch lamp and lock.`)

    const session = await register({
      invitation: text,
      login: "ann",
      password: "correct horse battery staple",
      device: "Ann's phone",
      store: createMemoryStore(),
    })
    await seen(terminal, /ann registered\./)
    await seen(terminal, /ann logged in on "Ann's phone"\./)
    await session.fetch("/api/devices/lock", { method: "PUT", body: '{"locked":false}' })
    await seen(terminal, /ann, logged in on "Ann's phone" → lock: unlock/)
    await session.logout()
    await seen(terminal, /The session of ann on "Ann's phone" has ended\./)
    await terminal.press("d")
    await seen(terminal, new RegExp(`Logins {2}${realm}\\n {3}${words}\\n`))
    await terminal.press("q")
    await seen(terminal, /ended with 0/)
  })
})
