import { describe, expect, it } from "vitest"
import { freshHome } from "./folder.js"
import { failure, loginScene, secretFile } from "./login-scene.js"
import { json, stringphone } from "./program.js"

const at = "http://127.0.0.1:1"
const words = "humble bus awful lend giraffe frost until piece"

const table: readonly (readonly [args: readonly string[], code: 1 | 2])[] = [
  [[], 2],
  [["nonsense"], 2],
  [["to"], 2],
  [["to", "ftp://lamp.local", "--login", "ann"], 2],
  [["to", "stringphone:login/AAAA"], 2],
  [["to", "stringphone:mail/AAAA"], 2],
  [["to", "-"], 1],
  [["to", at], 2],
  [["to", "http://["], 2],
  [["to", "/dev/null"], 2],
  [["to", at, "--login", "ann"], 1],
  [["to", at, "--login", "a b", "--password-file", "PASSWORD"], 2],
  [["to", at, "--login", "ann", "--password-file", "/nowhere"], 1],
  [["to", at, "--login", "ann", "--password-file", "EMPTY"], 2],
  [["to", at, "--login", "ann", "--password-file", "PASSWORD"], 1],
  [["to", at, "--login", "ann", "--password", "x"], 2],
  [["to", at, "--login", "ann", "--expect", "three words only"], 2],
  [["to", at, "--login", "ann", "--password-file", "PASSWORD", "--device", "a\u0007"], 2],
  [["to", at, "--login", "ann", "--password-file", "PASSWORD", "--realm", "a b"], 2],
  [["to", at, "--login", "ann", "--password-file", "PASSWORD", "--expect", words], 1],
  [["to", `${at}/?x=1`, "--login", "ann", "--password-file", "PASSWORD"], 2],
  [["to", "http://ann:s3cret@host", "--login", "ann", "--password-file", "PASSWORD"], 2],
  [["call"], 2],
  [["call", "GET"], 2],
  [["call", "GET", "/lamps"], 1],
  [["call", "/lamps", "GET"], 2],
  [["call", "GET", "//evil.example/"], 2],
  [["call", "GET", "lamps"], 2],
  [["call", "GET", "/", "--header", "nonsense"], 2],
  [["call", "GET", "/", "--header", "a: b\r\nc: d"], 2],
  [["call", "PUT", "/", "--data", "a", "--data-file", "b"], 2],
  [["call", "PUT", "/", "--data-file", "/nowhere"], 1],
  [["call", "GET", "/", "--wait", "0"], 2],
  [["call", "GET", "/", "--at", "a b"], 2],
  [["devices"], 1],
  [["devices", "--at", at], 1],
  [["revoke"], 2],
  [["revoke", "phone", "--others"], 2],
  [["revoke", "phone"], 1],
  [["password"], 1],
  [["moved"], 2],
  [["moved", at], 1],
  [["moved", at, "--at", "a b"], 2],
  [["logout"], 1],
  [["init"], 2],
  [["init", "--realm", "a b"], 2],
  [["init", "--realm", "lamp.example", "--folder", "/dev/null/x"], 1],
  [["server"], 1],
  [["serve"], 1],
  [["serve", "--listen", "nowhere"], 2],
  [["serve", "--forward", "ftp://host"], 2],
  [["serve", "--forward", "http://host/path"], 2],
  [["serve", "--forward", "http://ann:s3cret@host"], 2],
  [["serve", "--scope", "Big"], 2],
  [["serve", "--mode", "plain"], 2],
  [["serve", "--authority", "http://host"], 2],
  [["invite"], 2],
  [["invite", "--url", at], 1],
  [["invite", "--url", at, "--days", "0"], 2],
  [["users"], 1],
  [["user"], 2],
  [["user", "devices", "ann"], 1],
  [["user", "set-scopes", "ann"], 2],
  [["user", "remove", "ann", "--yes"], 1],
]

describe("a wrong command line of login", { timeout: 120_000 }, () => {
  it.each(table)("%j ends with %d and one sentence", async (args, code) => {
    const [password, empty] = [secretFile(), secretFile("")]
    const given = args.map((one) => one.replace("PASSWORD", password).replace("EMPTY", empty))
    const finished = await stringphone(freshHome(), ["login", ...given])
    expect(finished.stdout).toBe("")
    expect(finished.stderr).not.toMatch(/Unexpected|s3cret|\n\s+at /)
    // `login user` alone shows its help.
    if (args[0] !== "user" || args.length > 1) {
      // Some end with a command to type, or with an example: no full stop belongs to those.
      expect(finished.stderr).toMatch(/^stringphone: [A-Zh"][^\n]{10,}\n$/)
    }
    expect(finished.code).toBe(code)
  })

  it("of a server with wrong invitations, scopes and users", async () => {
    const home = freshHome()
    await json(home, ["login", "init", "--realm", "lamp.example"])
    for (const [args, code, says] of [
      [["init", "--realm", "lamp.example"], 1, /already; it was left as it is/],
      [["invite", "--url", "nowhere"], 2, /./],
      [["invite", "--url", at, "--scopes", "A"], 2, /Scopes are/],
      [["invite", "--url", at, "--login", "a b"], 2, /./],
      [["invite", "--url", at, "--file", "/dev/null/x"], 1, /can not be written/],
      [["invite", "--url", at, "--file", secretFile()], 1, /was left as it is/],
      [["user", "set-scopes", "bob", "lamps"], 1, /There is no user bob/],
      [["user", "revoke", "bob"], 1, /There is no user bob/],
      [["user", "revoke", "bob", "AAAA"], 1, /has no such session/],
      [["user", "remove", "bob", "--yes"], 1, /There is no user bob/],
      [["user", "remove", "bob"], 1, /There is no user bob/],
      [["user", "devices", "bob"], 1, /There is no user bob/],
      [["user", "devices", "a b"], 2, /A login has/],
    ] as const) {
      const failed = await failure(home, ["login", ...args])
      expect(failed, args.join(" ")).toMatchObject({ code, stdout: "" })
      expect(failed.stderr).toMatch(says)
      expect(failed.stderr).not.toMatch(/Unexpected/)
    }
  })
})

it("a place that is taken is said", { timeout: 60_000 }, async () => {
  const { home, url } = await loginScene()
  const taken = await failure(home, ["login", "serve", "--listen", new URL(url).host])
  expect(taken).toMatchObject({ code: 1, stdout: "" })
  expect(taken.stderr).toContain("another program does already")
})

describe("help of login", () => {
  it("is there for every command, with examples", { timeout: 120_000 }, async () => {
    const home = freshHome()
    const names =
      "to call sessions devices revoke password moved logout doctor init server serve invite"
    const users = ["set-scopes", "devices", "revoke", "remove"].map((name) => ["user", name])
    for (const command of [...names.split(" ").map((name) => [name]), ["users"], ...users]) {
      const { code, stdout } = await stringphone(home, ["login", ...command, "--help"])
      expect(code).toBe(0)
      expect(stdout).toContain(`\nExamples:\n  stringphone login ${command[0]!}`)
    }
    const { stdout } = await stringphone(home, ["login", "--help"])
    expect(stdout).toContain("login call GET http://192.168.4.1/lamps")
    expect(stdout).not.toContain("\x1b")
  })
})
