import { join } from "node:path"
import decodeQR from "qr/decode.js"
import { describe, expect, it } from "vitest"
import { freshHome } from "./folder.js"
import {
  invitation,
  loginScene,
  password,
  plainApi,
  registered,
  secretFile,
} from "./login-scene.js"
import { json } from "./program.js"
import { darkTerminal, photograph } from "./qr-screen.js"
import { tmux, TmuxTerminal } from "./tmux.js"

const main = join(import.meta.dirname, "..", "dist", "main.js")

async function run(home: string, args: readonly string[]): Promise<TmuxTerminal> {
  return TmuxTerminal.start([process.execPath, main, "login", ...args], {
    columns: 100,
    rows: 60,
    env: { STRINGPHONE_HOME: home, NO_COLOR: "1" },
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

describe.skipIf(tmux === null)("login on a terminal", { timeout: 120_000 }, () => {
  it("asks for login, password and the server's fingerprint, and shows nothing of the password", async () => {
    const scene = await loginScene()
    await registered(scene)
    const home = freshHome()
    const terminal = await run(home, [scene.url])
    await seen(terminal, /Login:$/)
    await terminal.enter("ann")
    await seen(terminal, /Password of ann:$/)
    await terminal.enter(password)
    expect(await seen(terminal, /Is it the same\? y\/n:$/)).toContain(scene.fingerprint)
    await terminal.enter("y")
    const screen = await seen(terminal, /ended with 0/)
    expect(screen).toContain("Logged in at lamp.example as ann.")
    expect(await terminal.history()).not.toContain(password)

    const other = await run(freshHome(), [scene.url, "--login", "ann"])
    await seen(other, /Password of ann:$/)
    await other.enter(password)
    await seen(other, /y\/n:$/)
    await other.enter("n")
    expect(await seen(other, /ended with 1/)).toContain("Nothing of the password was sent.")
  })

  it("asks twice for a new password", async () => {
    const scene = await loginScene()
    const file = secretFile(await invitation(scene))
    const terminal = await run(freshHome(), [file])
    expect(await seen(terminal, /New password of ann:$/)).toContain("lamp.example")
    await terminal.enter("one password")
    await seen(terminal, /Once more:$/)
    await terminal.enter("another one")
    expect(await seen(terminal, /ended with 1/)).toContain("The two are not the same.")
    expect(await json(scene.home, ["login", "users"])).toEqual({ users: [] })

    const better = await run(freshHome(), [file])
    await seen(better, /New password of ann:$/)
    await better.enter("one password")
    await seen(better, /Once more:$/)
    await better.enter("one password")
    const screen = await seen(better, /ended with 0/)
    expect(screen).toContain("Registered, and logged in at lamp.example as ann.")
    // Registering computes twice.
    expect(screen.match(/Computing/g)).toHaveLength(1)
  })

  it("shows an invitation as a QR code that a camera reads", async () => {
    const home = freshHome()
    await json(home, ["login", "init", "--realm", "lamp.example"])
    const screen = await seen(
      await run(home, ["invite", "--url", "http://192.168.4.1:8484", "--login", "ann"]),
      /ended with 0/,
    )
    const text = /stringphone:login\/[\w\s-]+?(?=For one person)/.exec(screen)![0]
    const code = screen.split("\n").filter((row) => /^[█▀▄ ]*$/.test(row) && row !== "")
    expect(decodeQR(photograph(code.join("\n"), darkTerminal))).toBe(text.replace(/\s/g, ""))
  })

  it("warns of an invitation that leads nowhere from another computer", async () => {
    const home = freshHome()
    await json(home, ["login", "init", "--realm", "lamp.example"])
    for (const [host, isWarned] of [
      ["127.0.0.1:8484", true],
      ["0.0.0.0:8484", true],
      ["192.168.4.1:8484", false],
    ] as const) {
      const args = ["invite", "--no-qr", "--url", `http://${host}`]
      const screen = await seen(await run(home, args), /ended with 0/)
      expect(screen.includes(`${host} is this computer alone`)).toBe(isWarned)
    }
  })

  it("ends where nothing is typed, or Ctrl-C is, and has done nothing", async () => {
    const scene = await loginScene()
    const login = await run(freshHome(), [scene.url])
    await seen(login, /Login:$/)
    await login.press("C-d")
    expect(await seen(login, /ended with 1/)).toContain("Nothing was typed.")
    const password = await run(freshHome(), [scene.url, "--login", "ann"])
    await seen(password, /Password of ann:$/)
    await password.press("C-c")
    expect(await seen(password, /ended with 1/)).toContain("Given up; nothing was changed.")
    const remove = await run(scene.home, ["user", "remove", "ann"])
    expect(await seen(remove, /ended with 1/)).toContain("There is no user ann.")
  })

  it("makes what an API answers harmless", async () => {
    const api = await plainApi((_, response) => response.end("a\x1b[31mred\nb\n"))
    const scene = await loginScene(["--forward", api.url])
    const home = await registered(scene)
    const screen = await seen(await run(home, ["call", "GET", "/"]), /ended with 0/)
    expect(screen).toContain("a\\x1b[31mred\nb\n")
  })
})
