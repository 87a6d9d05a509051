import { describe, expect, it } from "vitest"
import { freshHome } from "./folder.js"
import { stringphone } from "./program.js"

const key = "ab".repeat(32)
const url = "mqtt://ann:s3cret@127.0.0.1:1"

const table: readonly (readonly [args: readonly string[], code: 1 | 2])[] = [
  [["nonsense"], 2],
  [["id", "nonsense"], 2],
  [["id", "--nonsense"], 2],
  [["contacts", "nonsense"], 2],
  [["contacts", "add", "bob"], 2],
  [["contacts", "add", "bob", "12"], 2],
  [["contacts", "add", "bob", "stringphone:card/AAAA"], 1],
  [["contacts", "add", "bob", key, "--verified", "feeling"], 2],
  [["contacts", "show", "nobody"], 1],
  [["--as", "../bob", "id"], 2],
  [["--as", "", "id"], 2],
  [["--passphrase-file"], 2],
  [["topic", "new", "kitchen"], 2],
  [["topic", "new", "kitchen", "--broker", "http://example.org"], 2],
  [["topic", "new", "kitchen", "--broker", `${url}/path`], 2],
  [["topic", "new", "kitchen", "--broker", url, "--channel", "a/#"], 2],
  [["topic", "new", "kitchen", "--broker", "nats://ann:s3cret@host/x"], 2],
  [["topic", "new", "kitchen", "--broker", "nats://host", "--channel", "a..b"], 2],
  [["topic", "new", "kitchen", "--broker", "tcp://host"], 2],
  [["topic", "new", "kitchen", "--broker", "hub+ftp://host"], 2],
  [["topic", "new", "kitchen", "--broker", url, "--broker", "nonsense"], 2],
  [["topic", "new", "kit\nchen", "--broker", url], 2],
  [["topic", "pair", "nothing"], 1],
  [["topic", "pair", "nothing", "--wait", "601"], 2],
  [["topic", "pair", "nothing", "--petname", "a\u0007"], 2],
  [["topic", "pair", "nothing", "--code", "stringphone:pair/x"], 2],
  [["topic", "join"], 2],
  [["topic", "join", "kitchen"], 2],
  [["topic", "join", "mqtt://"], 2],
  [["topic", "join", url], 2],
  [["topic", "join", `${url}/a/%23`], 2],
  [["topic", "join", `${url}/a/%zz`], 2],
  [["topic", "join", "nats://host/a.*"], 2],
  [["topic", "join", `${url}/a`, "--wait", "0"], 2],
  [["topic", "join", `${url}/a`, "--name", "a\u0007"], 2],
  [["topic", "join", `${url}/a`, "--code", "--show-code"], 2],
  [["topic", "join", "--code"], 1],
  [["topic", "join", `${url}/a`], 1],
  [["topic", "listen", "nothing"], 1],
  [["topic", "listen", "nothing", "--count", "none"], 2],
  [["topic", "send", "nothing", "hello"], 1],
  [["topic", "send", "nothing", "hello", "--valid-for", "0"], 2],
  [["topic", "send", "nothing", "hello", "--wait", "x"], 2],
  [["topic", "members", "nothing"], 1],
  [["topic", "status", "nothing"], 1],
  [["topic", "remove", "nothing", "bob", "--yes"], 1],
  [["topic", "remove", "nothing"], 2],
  [["topic", "rotate", "nothing"], 1],
  [["topic", "admin", "nothing", "bob"], 1],
  [["topic", "invite", "nothing"], 1],
  [["topic", "request", "x", "--at", "nowhere"], 2],
  [["topic", "accept", "x", "--at", "nowhere"], 2],
  [["topic", "add", "nothing"], 1],
  [["topic", "leave", "nothing"], 1],
  [["topic", "forget", "nothing"], 1],
  [["classic", "new", "kitchen"], 2],
  [["classic", "new", "kitchen", "--broker", `${url}/path`], 2],
  [["classic", "new", "kitchen", "--broker", url, "--channel", "a/#"], 2],
  [["classic", "join", "kitchen"], 2],
  [["classic", "join", `${url}/a#b`], 2],
  [["classic", "join", `${url}/a`, "--expect", "three words only"], 2],
  [["classic", "join", `${url}/a`, "--wait", "0"], 2],
  [["classic", "join", `${url}/a`, "--expect", "1".repeat(30)], 1],
  [["classic", "listen", "nothing"], 1],
  [["classic", "listen", "nothing", "--pair=700"], 2],
  [["classic", "listen", "nothing", "--expect", "1".repeat(30)], 2],
  [["classic", "send", "nothing", "hello"], 1],
  [["classic", "remove", "nothing"], 1],
  [["classic", "participants", "nothing"], 1],
  [["id", "unseal"], 1],
  [["id", "seal"], 1],
  [["id", "seal", "--new-passphrase-file", "/nowhere"], 1],
  [["up", "--port", "70000"], 2],
  [["up", "--port", "x"], 2],
  [["up", "--broker", "ftp://example.org"], 2],
  [["up", "--pair-seconds", "0"], 2],
]

describe("a wrong command line", () => {
  it.each(table)("%j ends with %d and one sentence", async (args, code) => {
    const home = freshHome()
    const finished = await stringphone(home, args)
    expect(finished.stdout).toBe("")
    expect(finished.stderr).toMatch(/^stringphone: [^\n]*[.?)]\n$/)
    expect(finished.stderr).not.toMatch(/Unexpected|s3cret|\n\s+at /)
    expect(finished.code).toBe(code)
  })
})

describe("help", () => {
  it("is there for every command, with examples", async () => {
    const home = freshHome()
    const commands = [
      ...[[], ["up"], ["id"], ["id", "seal"], ["id", "unseal"], ["id", "card"]],
      ...["list", "show", "add", "rename", "trust", "verify", "revoke", "remove"].map((name) => [
        "contacts",
        name,
      ]),
      ...[
        ...["new", "pair", "join", "listen", "send", "list", "members", "status", "doctor"],
        ...["remove", "rotate", "admin", "request", "invite", "add", "accept", "leave", "forget"],
      ].map((name) => ["topic", name]),
      ...["new", "join", "listen", "send", "list", "remove", "participants"].map((name) => [
        "classic",
        name,
      ]),
    ]
    await Promise.all(
      commands.map(async (command) => {
        const { code, stdout } = await stringphone(home, [...command, "--help"])
        expect(code).toBe(0)
        expect(stdout).toContain("Examples:\n  stringphone ")
      }),
    )
    expect(await stringphone(home, [])).toMatchObject({ code: 0, stderr: "" })
    expect(await stringphone(home, ["topic"])).toMatchObject({ code: 2, stdout: "" })
  })
})
