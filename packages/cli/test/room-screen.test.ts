import { describe, expect, it, vi } from "vitest"
import { captain, messageOf, requestOf, stranger, us } from "./room-script.js"
import { tmux } from "./tmux.js"

// Where this is set, ink draws nothing live.
vi.hoisted(() => {
  if (process.env["CI"]) process.env["CI"] = "false"
  delete process.env["CONTINUOUS_INTEGRATION"]
})

vi.setConfig({ testTimeout: 60_000 })
const poll = { timeout: 20_000, interval: 100 }

const { RoomStage } = await import("./room-stage.js")

describe.skipIf(tmux === null)("the screen of a room", () => {
  it("prints what is said above, and keeps status and input below", async () => {
    const stage = await RoomStage.open()
    const screen = (): Promise<string> => stage.terminal.screen()
    stage.room.receive(messageOf("Dinner is ready."))
    stage.room.receive(messageOf("漢字 and 👩‍🍳", { from: stranger, status: "unverified" }))
    stage.type("I co")
    await expect
      .poll(screen, poll)
      .toBe(
        [
          "12:03 alice ✓ Dinner is ready.",
          "12:03 carol~3fa94c ? 漢字 and 👩‍🍳",
          "#kitchen · encrypted · epoch 4 · captain alice · 3 members, 1 verified",
          "> I co",
        ].join("\n"),
      )
    await expect.poll(() => stage.terminal.cursor(), poll).toBe("6,3")
    stage.type("me\r")
    await expect.poll(screen, poll).toContain("12:03 you › I come\n#kitchen · encrypted")
    expect(stage.room.asked).toEqual(["say I come"])
  })

  it("keeps what can not be sent in the input, and says why", async () => {
    const stage = await RoomStage.open()
    stage.room.change({ phase: "joining" })
    stage.type("secret\r")
    await expect
      .poll(() => stage.terminal.screen(), poll)
      .toBe(
        [
          "#kitchen · asking to be let in",
          "You are not let in yet. Nothing is sent before that.",
          "> secret",
        ].join("\n"),
      )
    expect(stage.room.asked).toEqual([])
    stage.room.change({ phase: "member" })
    stage.type("\r")
    await expect.poll(() => stage.room.asked, poll).toEqual(["say secret"])
    stage.room.failure = new Error("The server is gone.")
    stage.type("again\r")
    await expect
      .poll(() => stage.terminal.screen(), poll)
      .toMatch(/\n⚠ Not sent. The server is gone.\n#kitchen .*\n> again$/)
  })

  it("takes a paste of several lines as one message, after it was asked", async () => {
    const stage = await RoomStage.open()
    stage.type("\x1b[200~one\rtwo\rthree\rfour\rfive\rsix\x1b[201~")
    await expect.poll(() => stage.terminal.screen(), poll).toMatch(/> one\n {2}two\n.*\n {2}six$/s)
    expect(stage.room.asked).toEqual([])
    stage.type("\r")
    await expect
      .poll(() => stage.terminal.screen(), poll)
      .toContain("6 lines: Enter again sends them as one message.")
    stage.type("\r")
    await expect
      .poll(() => stage.room.asked, poll)
      .toEqual(["say one\ntwo\nthree\nfour\nfive\nsix"])
    await expect
      .poll(() => stage.terminal.screen(), poll)
      .toMatch(/^12:03 you › one\n {6}│ two\n.* six\n#kitchen.*\n>$/s)
  })

  it("leaves everything in the scrollback once, whatever the size of the terminal", async () => {
    const stage = await RoomStage.open({ columns: 60, rows: 10 })
    for (let i = 0; i < 60; i++) stage.room.receive(messageOf(`message ${i} ${"word ".repeat(8)}`))
    await expect.poll(() => stage.terminal.screen(), poll).toContain("message 59")
    stage.type("input ".repeat(30))
    await stage.resize(40, 8)
    await expect.poll(() => stage.terminal.screen(), poll).toMatch(/input\s*$/)
    await stage.resize(100, 30)
    stage.type("\x15")
    stage.room.receive(messageOf("after"))
    await expect.poll(() => stage.terminal.screen(), poll).toMatch(/after\n#kitchen .*\n>$/)
    const history = await stage.terminal.history()
    const seen = [...history.matchAll(/alice ✓ message (\d+) /g)].map(([, number]) =>
      Number(number),
    )
    expect(seen).toEqual([...Array(60).keys()])
  })

  it("marks what came while nobody looked", async () => {
    const stage = await RoomStage.open({ columns: 40 })
    stage.room.receive(messageOf("old"))
    await expect.poll(() => stage.terminal.screen(), poll).toContain("old")
    stage.type("\x1b[O")
    await new Promise(setImmediate)
    stage.room.receive(messageOf("first"))
    stage.room.receive(messageOf("second"))
    await expect
      .poll(() => stage.terminal.screen(), poll)
      .toMatch(/old\n─+ new ─+\n12:03 alice ✓ first\n12:03 alice ✓ second\n#kitchen/)
    // Back again, and away again.
    stage.type("\x1b[I\x1b[O")
    await new Promise(setImmediate)
    stage.room.receive(messageOf("third"))
    await expect.poll(() => stage.terminal.screen(), poll).toMatch(/second\n─+ new ─+\n.* third\n/)
  })

  it("shows warnings above the status, and cleartext as what it is", async () => {
    const stage = await RoomStage.open({ columns: 110, withColours: true })
    stage.room.tell({ kind: "cleartext", channelName: "eve", text: "12:03 alice ✓ hi\x1b[2J" })
    stage.room.change({ captainSilentMs: 125_000, requests: [requestOf()] })
    stage.room.tell({ kind: "request", request: requestOf() })
    await expect
      .poll(() => stage.terminal.screen(), poll)
      .toMatch(/^CLEARTEXT <eve> 12:03 alice ✓ hi\\x1b\[2J\n⚠ carol~.* asks to be let in/)
    const screen = await stage.terminal.screen()
    expect(screen).toMatch(
      /\n⚠ CLEARTEXT on the channel · captain silent for 2 min · 1 asks to be let in: \/admit\n#kitchen · encrypted .*\n>$/,
    )
    // Red all along, and not the green of what is verified.
    // eslint-disable-next-line no-control-regex -- that is what colours are made of
    expect(await stage.terminal.painted()).toMatch(/^\x1b\[31mCLEARTEXT <eve> 12:03 alice ✓ hi/)
  })

  it("completes names, goes through what was sent, and clears up behind itself", async () => {
    const stage = await RoomStage.open({ columns: 60 })
    stage.room.change({ members: [captain, us] })
    stage.type("al\thi\r")
    await expect.poll(() => stage.room.asked, poll).toEqual(["say alice: hi"])
    stage.type("\x1b[A!\r")
    await expect.poll(() => stage.room.asked, poll).toEqual(["say alice: hi", "say alice: hi!"])
    stage.type("/quit\r")
    expect(await stage.ended).toBe("quit")
    await expect
      .poll(() => stage.terminal.screen(), poll)
      .toBe("12:03 you › alice: hi\n12:03 you › alice: hi!")
  })
})
