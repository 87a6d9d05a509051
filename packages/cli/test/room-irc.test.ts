import { connect, type Socket } from "node:net"
import { createInterface } from "node:readline"
import { join } from "node:path"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { ngircd, startNgircd } from "../../stringphone/test/real/ngircd.js"
import { startBroker } from "./broker.js"
import { freshHome } from "./folder.js"
import { type Event, json, Running, stringphone } from "./program.js"
import { tmux, TmuxTerminal } from "./tmux.js"

// Many processes, and a server that makes whoever writes fast wait.
vi.setConfig({ testTimeout: 240_000 })
const poll = { timeout: 60_000, interval: 200 }

const main = join(import.meta.dirname, "..", "dist", "main.js")

async function startIrc(): Promise<{ readonly url: string; readonly port: number }> {
  const { port, stop } = await startNgircd()
  onTestFinished(stop)
  return { port, url: `irc://127.0.0.1:${port}/#kitchen` }
}

/** Somebody with a bare IRC connection, who sees what the server sees. */
class Onlooker {
  readonly lines: string[] = []
  readonly #socket: Socket

  private constructor(socket: Socket) {
    this.#socket = socket
    createInterface({ input: socket }).on("line", (line) => {
      this.lines.push(line)
      if (line.startsWith("PING")) this.send(line.replace("PING", "PONG"))
    })
    this.send("NICK eve")
    this.send("USER eve 0 * :eve")
    this.send("JOIN #kitchen")
  }

  static async join(port: number): Promise<Onlooker> {
    const eve = new Onlooker(connect(port, "127.0.0.1"))
    onTestFinished(() => void eve.#socket.destroy())
    await expect.poll(() => eve.lines.join("\n"), poll).toContain(" 366 eve #kitchen")
    return eve
  }

  send(line: string): void {
    this.#socket.write(`${line}\r\n`)
  }
}

function open(home: string, args: readonly string[]): Promise<TmuxTerminal> {
  const env = { STRINGPHONE_HOME: home, TERM: "xterm-256color" }
  return TmuxTerminal.start([process.execPath, main, ...args], { columns: 100, rows: 40, env })
}

const bob = ["--as", "bob"]

describe.skipIf(ngircd === null || tmux === null)("two terminals in a room on IRC", () => {
  it("start, join, talk, part and come back", async () => {
    const { port, url } = await startIrc()
    const eve = await Onlooker.join(port)
    const home = freshHome()
    const alice = await open(home, ["room", "start", url, "--nick", "alice"])
    await expect
      .poll(() => alice.screen(), poll)
      .toMatch(/\n#kitchen · encrypted · epoch \d+ · captain you · 1 member, 0 verified\n>$/)

    const bobs = await open(home, [...bob, "room", "join", url, "--nick", "bob"])
    await expect.poll(() => alice.screen(), poll).toMatch(/asks to be let in: not a contact/)
    expect(await bobs.screen()).toContain("#kitchen · asking to be let in")
    await bobs.enter("too early")
    await expect.poll(() => bobs.screen(), poll).toContain("You are not let in yet.")
    await bobs.press("C-u")
    await alice.enter("/admit")
    await expect
      .poll(() => bobs.screen(), poll)
      .toMatch(/#kitchen · encrypted · epoch \d+ · captain "?alice.* · 2 members, 0 verified/)

    await alice.enter("Dinner is ready 👩‍🍳 漢字")
    await expect
      .poll(() => bobs.screen(), poll)
      .toMatch(/\d\d:\d\d alice.* \? Dinner is ready 👩‍🍳 漢字/)
    await bobs.enter("I come.")
    await expect.poll(() => alice.screen(), poll).toMatch(/\d\d:\d\d bob.* \? I come\./)

    const long = `begin ${"0123456789".repeat(200)} end`
    await alice.paste(long)
    await alice.press("Enter")
    await expect
      .poll(async () => (await bobs.history()).replace(/\n *│ |\s/g, ""), poll)
      .toContain(long.replaceAll(" ", ""))

    await alice.enter("/verify bob yes")
    await expect.poll(() => alice.screen(), poll).toContain("2 members, 1 verified")
    await bobs.enter("still me")
    await expect.poll(() => alice.screen(), poll).toMatch(/bob ✓ still me/)

    eve.send("PRIVMSG #kitchen :12:03 alice ✓ come to my house")
    await expect.poll(() => bobs.screen(), poll).toMatch(/CLEARTEXT <eve> 12:03 alice ✓ come/)
    expect(await bobs.screen()).toContain("⚠ CLEARTEXT on the channel")

    // He ends his program, and comes back as the same member, without being asked.
    await bobs.enter("/quit")
    await expect.poll(() => bobs.screen(), poll).toContain("ended with 0")
    const again = await open(home, [...bob, "room", "join", "kitchen"])
    await expect.poll(() => again.screen(), poll).toMatch(/encrypted .* 2 members/)
    await again.enter("I am back")
    await expect.poll(() => alice.screen(), poll).toMatch(/bob ✓ I am back/)

    await alice.enter("/kick bob")
    await expect.poll(() => again.screen(), poll).toContain("You were removed by")
    await again.enter("let me speak")
    await expect.poll(() => again.screen(), poll).toContain("You were removed from this room.")
    await again.press("C-u")
    await again.enter("/quit")
    await expect.poll(() => again.screen(), poll).toContain("ended with 1")
    await alice.press("C-c")
    await expect.poll(() => alice.screen(), poll).toContain("ended with 0")

    const seen = eve.lines.join("\n")
    for (const text of ["Dinner", "I come", "0123456789", "still me", "too early", "let me"]) {
      expect(seen).not.toContain(text)
    }
  })
})

describe.skipIf(ngircd === null)("rooms for programs", () => {
  it("tell events, take lines, and end with the input", async () => {
    const { port, url } = await startIrc()
    const home = freshHome()
    const alice = Running.start(home, ["room", "start", url, "--nick", "alice", "--title", "T"])
    expect(await alice.next("entered")).toMatchObject({
      phase: "member",
      isCaptain: true,
      title: "T",
    })

    const guest = Running.start(home, [...bob, "room", "join", url, "--nick", "bob"])
    const { number, publicKey } = await alice.next("request")
    expect(number).toBe(1)
    const key = await json(home, [...bob, "id"])
    expect(JSON.stringify(key)).toContain(String(publicKey))
    const elsewhere = await json(home, ["room", "status"])
    expect(elsewhere).toMatchObject({ name: "kitchen", address: url, isRunning: true })
    alice.type(JSON.stringify({ command: "/admit 1" }))
    await guest.next("entered")
    guest.type(JSON.stringify({ say: "/not a command" }))
    expect(await alice.next("message")).toMatchObject({
      text: "/not a command",
      status: "unverified",
      isOwn: false,
    })
    alice.type("two words")
    expect(await guest.next("message", ({ isOwn }) => isOwn === false)).toMatchObject({
      text: "two words",
    })

    const eve = await Onlooker.join(port)
    eve.send("PRIVMSG #kitchen :in clear")
    expect(await guest.next("cleartext")).toMatchObject({ channelName: "eve", text: "in clear" })
    guest.type("/kcik alice")
    expect(await guest.next("refused")).toMatchObject({ line: "/kcik alice" })
    expect(guest.stderr).toBe("")
    await guest.end("SIGKILL")

    // A pipe, as the same member: what it holds is said, and then it ends.
    const piped = await stringphone(home, [...bob, "room", "join", "kitchen"], "from a pipe\n")
    expect(piped).toMatchObject({ code: 0, stderr: "" })
    expect(piped.stdout).toMatch(/\d\d:\d\d you › from a pipe/)
    const heard = await alice.next("message", ({ isOwn }) => isOwn === false)
    expect(heard).toMatchObject({ text: "from a pipe" })

    const members = await json(home, [...bob, "room", "members", "kitchen"])
    expect(members).toMatchObject({ isRunning: false, members: [{}, {}] })
    const left = await json(home, [...bob, "room", "leave", "--yes"])
    expect(left).toEqual({ event: "left", room: "kitchen", isTold: true })
    await alice.next("left")
    const gone = await stringphone(home, [...bob, "room", "status"])
    expect(gone).toMatchObject({ code: 1, stdout: "" })
    expect(gone.stderr).toContain("There is no room in this key ring.")
    expect(await alice.end()).toBe(0)
  })

  it("say why somebody is not let in, and that there is no room", async () => {
    const { url } = await startIrc()
    const home = freshHome()
    const alice = Running.start(home, ["room", "start", url, "--nick", "alice"])
    await alice.next("entered")
    const guest = stringphone(home, [...bob, "room", "join", url, "--nick", "bob"])
    await alice.next("request")
    alice.type("/decline 1 Who are you?")
    expect(await guest).toMatchObject({ code: 1 })
    expect((await guest).stderr).toContain("did not let you in. They say: Who are you?")
    await alice.end()
    const nobody = await stringphone(home, [
      ...bob,
      "room",
      "join",
      url.replace("kitchen", "attic"),
      "--nick",
      "bob",
    ])
    expect(nobody).toMatchObject({ code: 1 })
    expect(nobody.stderr).toContain("Nobody leads a room here.")
    expect((await stringphone(home, [...bob, "room", "status"])).stderr).toContain(
      "There is no room",
    )
  })
})

describe("rooms on a broker", () => {
  it("are the same: verified, handed over, renewed, deniable", async () => {
    const { url } = await startBroker()
    const home = freshHome()
    const place = `${url}/den`
    const publicKey = String((await json(home, ["id"]))["publicKey"])
    const alice = Running.start(home, ["room", "start", place, "--admit", "everyone", "--deniable"])
    expect(await alice.next("entered")).toMatchObject({ isDeniable: true })
    const guest = Running.start(home, [...bob, "room", "join", place, "--captain", publicKey])
    await guest.next("entered")
    guest.type("hello")
    expect(await alice.next("message")).toMatchObject({ text: "hello", status: "unverified" })

    // Both see the same digits, and each other's key.
    alice.type("/digits")
    guest.type("/digits")
    const [shown, seen] = [await alice.next("digits"), await guest.next("digits")]
    expect(seen["digits"]).toBe(shown["digits"])
    guest.type(`/verify ${publicKey.slice(0, 8)}`)
    expect(await guest.next("comparison")).toMatchObject({
      publicKey,
      emoji: expect.any(Array) as [],
    })
    guest.type(`/verify ${publicKey.slice(0, 8)} yes as Alice`)
    expect(await guest.next("verified")).toMatchObject({ member: { petname: "Alice" } })
    alice.type("verified?")
    expect(await guest.next("message", ({ isOwn }) => isOwn === false)).toMatchObject({
      text: "verified?",
      status: "verified",
      petname: "Alice",
    })

    const epoch = Number(shown["epoch"])
    alice.type("/rotate")
    await guest.next("status", (status) => Number(status["epoch"]) > epoch)
    guest.type("/kick Alice")
    expect(await guest.next("failed")).toMatchObject({ code: "not-captain" })
    alice.type(`/captain ${String((await json(home, [...bob, "id"]))["publicKey"]).slice(0, 8)}`)
    expect(await guest.next("captain")).toMatchObject({
      how: "abdication",
      captain: { isYou: true },
    })
    guest.type("/takeover")
    await guest.next("failed")

    // One program in a room at a time.
    const second = await stringphone(home, [...bob, "room", "join", place])
    expect(second).toMatchObject({ code: 1, stdout: "" })
    expect(second.stderr).toContain('Another command is in the room "den"')

    guest.type("/kick Alice")
    expect(await alice.next("removed")).toMatchObject({ by: { isYou: false } })
    expect(await alice.exitCode()).toBe(1)
    guest.type("/leave yes")
    expect(await guest.exitCode()).toBe(0)
    const kept = await stringphone(home, [...bob, "room", "status"])
    expect(kept.stderr).toContain("There is no room")
  })
})

describe.skipIf(ngircd === null)("a server that goes away", () => {
  it("is waited for, and what is said then arrives afterwards", async () => {
    const { down, port, stop, up } = await startNgircd()
    onTestFinished(stop)
    const url = `irc://127.0.0.1:${port}/#kitchen`
    const home = freshHome()
    const alice = Running.start(home, ["room", "start", url, "--nick", "al", "--admit", "everyone"])
    await alice.next("entered")
    const guest = Running.start(home, [...bob, "room", "join", url, "--nick", "bob"])
    await guest.next("entered")
    await down()
    const lost = ({ status }: Event): boolean => status === "reconnecting"
    await alice.next("connection", lost)
    await guest.next("connection", lost)
    guest.type("said meanwhile")
    await up()
    expect(await alice.next("message", ({ isOwn }) => isOwn === false)).toMatchObject({
      text: "said meanwhile",
    })
    expect([await guest.end(), await alice.end()]).toEqual([0, 0])
  })
})

describe("wrong command lines", () => {
  it.each([
    [["join", "irc://127.0.0.1"], 2, "Say the channel, too"],
    [["join", "kitchen"], 2, "A room's address is like"],
    [["start", "ircs://a:secret@127.0.0.1/#x"], 2, "A password does not belong in an address"],
    [["start", "irc://127.0.0.1/#x", "--admit", "some"], 2, "Allowed choices are contacts"],
    [["start", "irc://127.0.0.1/#x", "--proxy", "http://x"], 2, "A proxy is like socks5://"],
    [["join", "irc://127.0.0.1/#x", "--captain", "nobody"], 2, "Name the captain by"],
    [["join", "mqtt://127.0.0.1:1/x", "--sasl-account", "a"], 2, "are for IRC only"],
    [["join", "irc://127.0.0.1:1/#x"], 1, "127.0.0.1"],
    [["status", "x"], 1, 'There is no room "x"'],
    [["leave"], 1, "There is no room in this key ring"],
  ])("%j", async (args, code, sentence) => {
    const home = freshHome()
    const result = await stringphone(home, ["room", ...args])
    expect(result).toMatchObject({ code, stdout: "" })
    expect(result.stderr).toContain(sentence)
    expect(result.stderr.trim().split("\n")).toHaveLength(1)
    expect(result.stderr).not.toContain("secret")
  })
})
