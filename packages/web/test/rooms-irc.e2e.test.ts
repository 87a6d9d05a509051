import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Browser, Page } from "playwright"
import { Identity } from "stringphone/identity"
import { openRoom, type RoomMessage, type RoomSession } from "stringphone/session/room"
import { createMemoryStore } from "stringphone/store/memory"
import { connectIrc, type IrcConnection, ircTransport } from "stringphone/transport/irc"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { observe, type Observer } from "../../stringphone/test/real/irc-observer.js"
import { type IrcServerProcess, ngircd, startNgircd } from "../../stringphone/test/real/ngircd.js"
import { launchChromium, missing } from "./fixture/chromium.ts"
import { CliHome, unbuilt } from "./fixture/cli-home.ts"
import { flaws, shoot } from "./fixture/look.ts"
import { epochDigits, log, message, openRooms, say, status } from "./fixture/room-page.ts"

const obstacle = missing ?? unbuilt ?? (ngircd === null ? "ngircd is not installed." : null)
const long = Array.from(
  { length: 14 },
  (_, i) => `${i} ${"Rührei 🍳 mit Speck, ".repeat(6)}!`,
).join("\n")

/** A page on IRC through the home, with somebody who is on IRC directly, and a server that listens. */
describe.skipIf(obstacle !== null)("a room on an IRC channel", { timeout: 120_000 }, () => {
  const complaints: string[] = []
  const heard: RoomMessage[] = []
  const folder = mkdtempSync(join(tmpdir(), "stringphone-ca-"))
  let irc: IrcServerProcess
  let home: CliHome
  let browser: Browser | undefined
  let ada: Page
  let eve: Observer
  let connection: IrcConnection
  let bob: RoomSession

  beforeAll(async () => {
    irc = await startNgircd()
    // Our authority is one to be trusted only for the home that is started here.
    writeFileSync(join(folder, "ca.crt"), irc.ca)
    const options = ["--irc", `ircs://127.0.0.1:${irc.tlsPort}/#kitchen`]
    home = new CliHome(options, { NODE_EXTRA_CA_CERTS: join(folder, "ca.crt") })
    await home.start()
    browser = await launchChromium()
    ada = await openRooms(browser, home.page, { width: 390, height: 844 }, complaints)
    eve = await observe(irc.port, "eve", "#kitchen")
    connection = await connectIrc({ host: "127.0.0.1", port: irc.port, tls: false, nick: "bob" })
    bob = await openRoom({
      store: createMemoryStore(),
      identity: Identity.generate(),
      ownName: "Bob",
      admit: "everyone",
      transport: ircTransport(await connection.join("#kitchen")),
    })
    void (async () => {
      for await (const one of bob.messages) heard.push(one)
    })()
    await bob.start({ title: "Kitchen" })
  }, 120_000)

  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") await shoot(ada, `failed-irc-${task.name.slice(0, 30)}`)
  })

  afterAll(async () => {
    await browser?.close()
    await bob.close()
    await connection.close()
    await eve.leave()
    await home.remove()
    await irc.stop()
    rmSync(folder, { recursive: true })
  }, 30_000)

  it("is joined by a page", async () => {
    await ada
      .getByLabel("Where")
      .selectOption({ label: `A channel at ircs://127.0.0.1:${irc.tlsPort}` })
    await ada.getByLabel("Your name there").fill("Ada Lovelace")
    await ada.getByText("On IRC you are called Ada_Lovelace.").waitFor()
    expect(await flaws(ada)).toEqual([])
    await shoot(ada, "room-irc-phone-light-1-choice")
    await ada.getByRole("button", { name: "Join the room" }).click()
    await status(ada)
      .filter({
        hasText: /^#kitchen · encrypted · epoch \d+ · captain Bob~[0-9a-f]{6} · 2 members/,
      })
      .waitFor({ timeout: 60_000 })
    expect(await epochDigits(ada)).toBe(bob.status.digits)
    const member = bob.status.members.find(({ isSelf }) => !isSelf)
    expect(member).toMatchObject({ name: expect.stringMatching(/^Ada Lovelace~/) as string })
    await ada.getByText("on the channel as bob").waitFor()
    await ada.getByText("On the channel, not in the room").waitFor()
    expect(await ada.locator(".strangers").innerText()).toContain("eve")
  })

  it("is talked in, both ways, and the server reads nothing", async () => {
    expect(new TextEncoder().encode(long).length).toBeGreaterThan(2_000)
    await say(ada, long)
    await expect.poll(() => heard.at(-1)?.text, { timeout: 60_000 }).toBe(long)
    expect(heard.at(-1)?.from.channelName).toBe("Ada_Lovelace")
    await bob.say(`Danke! 🥰\n${long}`)
    await message(ada, "Danke! 🥰").getByText("? unverified").waitFor({ timeout: 60_000 })
    for (const line of eve.lines) expect(line).not.toMatch(/Speck|Danke|Kitchen/)
    expect(eve.lines.some((line) => line.includes("PRIVMSG #kitchen :?SP2,"))).toBe(true)
  })

  it("shows as CLEARTEXT what anybody else writes on the channel", async () => {
    eve.say("#kitchen", "✓ verified Bob: the password is at my place")
    const shown = log(ada).locator(".cleartext")
    await shown.getByText("CLEARTEXT", { exact: true }).waitFor({ timeout: 60_000 })
    expect(await shown.innerText()).toContain("Somebody called “eve” on the channel")
    expect(await message(ada, "the password is at my place").count()).toBe(0)
    expect(await flaws(ada)).toEqual([])
    await shoot(ada, "room-irc-phone-light-2-talk")
  })

  it("finds together again when the server was away", async () => {
    await irc.down()
    await ada
      .getByText(/Not connected\..* Trying again; what you send waits\./)
      .waitFor({ timeout: 60_000 })
    await shoot(ada, "room-irc-phone-light-3-away")
    await say(ada, "Are you there?")
    await irc.up()
    await expect.poll(() => heard.at(-1)?.text, { timeout: 90_000 }).toBe("Are you there?")
    await bob.say("I am back")
    await message(ada, "I am back").waitFor({ timeout: 60_000 })
    eve = await observe(irc.port, "eve", "#kitchen")
  })

  it("puts somebody out, who reads no more", async () => {
    const key = bob.status.members.find(({ isSelf }) => !isSelf)?.publicKey
    expect(key).toBeDefined()
    await bob.remove(key ?? new Uint8Array())
    await ada.getByRole("heading", { name: "You were removed" }).waitFor({ timeout: 60_000 })
    await bob.say("Among ourselves")
    eve.say("#kitchen", "after that")
    await log(ada)
      .locator(".cleartext")
      .filter({ hasText: "after that" })
      .waitFor({ timeout: 60_000 })
    expect(await message(ada, "Among ourselves").count()).toBe(0)
    expect(await ada.getByRole("textbox", { name: /^Message to/ }).isDisabled()).toBe(true)
  })

  it("caused no complaint of the browser", () => {
    expect(complaints).toEqual([])
  })
})
