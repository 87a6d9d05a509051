import type { Browser, Page } from "playwright"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { launchChromium, missing } from "./fixture/chromium.ts"
import { CliHome, unbuilt } from "./fixture/cli-home.ts"
import { flaws, shoot } from "./fixture/look.ts"
import { visit } from "./fixture/phone-page.ts"
import { answer, epochDigits, log, message, openRooms, say, status } from "./fixture/room-page.ts"

const obstacle = missing ?? unbuilt
if (obstacle) console.warn(`Rooms were not tested in a browser: ${obstacle}`)

/** One story, told in order: two browsers, and nothing installed. */
describe.skipIf(obstacle !== null)("a home's own room", { timeout: 60_000 }, () => {
  const home = new CliHome(["--name", "phone.test"])
  const complaints: string[] = []
  let browser: Browser | undefined
  let ada: Page
  let bob: Page

  beforeAll(async () => {
    browser = await launchChromium(["--host-resolver-rules=MAP phone.test 127.0.0.1"])
    await home.start()
    // As in a local network: by a name and over plain HTTP, where browsers have no cryptography.
    const byName = home.page.replace("127.0.0.1", "phone.test")
    ada = await openRooms(browser, home.page, { width: 1280, height: 900 }, complaints)
    bob = await openRooms(browser, byName, { width: 390, height: 844, dark: true }, complaints)
  }, 60_000)

  afterEach(async ({ task }) => {
    if (task.result?.state !== "fail") return
    await shoot(ada, `failed-room-${task.name.slice(0, 30)}-ada`)
    await shoot(bob, `failed-room-${task.name.slice(0, 30)}-bob`)
  })

  afterAll(async () => {
    await browser?.close()
    await home.remove()
  }, 30_000)

  it("is not there before somebody starts one", async () => {
    await bob.getByLabel("Your name there").fill("Bob")
    expect(await flaws(bob)).toEqual([])
    await shoot(bob, "room-phone-dark-1-choice")
    await bob.getByRole("button", { name: "Join the room" }).click()
    await bob.getByRole("heading", { name: "Asking to be let in" }).waitFor()
    await bob.getByText("Nobody answered who leads a room here.").waitFor()
    expect(await status(bob).textContent()).toBe("Home room · in no room")
    expect(await bob.getByRole("textbox", { name: /^Message to/ }).count()).toBe(0)
  })

  it("is started, and asks its captain about strangers", async () => {
    await ada.getByLabel("Your name there").fill("Ada")
    await shoot(ada, "room-desktop-light-1-choice")
    await ada.getByRole("button", { name: "Start a room" }).click()
    await status(ada).filter({ hasText: "encrypted · epoch 0 · captain you" }).waitFor()
    await bob.getByRole("button", { name: "Join the room" }).click()
    await ada.getByRole("heading", { name: "“Bob” asks to be let in" }).waitFor()
    expect(await flaws(ada)).toEqual([])
    await shoot(ada, "room-desktop-light-2-request")
    await shoot(bob, "room-phone-dark-2-asking")
    await ada.getByRole("button", { name: "Decline “Bob”…" }).click()
    await ada.getByLabel("Reason, which they see").fill("Not before dinner.")
    await answer(ada, "Decline")
    await bob.getByText("The captain declined: “Not before dinner.”").waitFor()
    await bob.getByRole("button", { name: "Join the room" }).click()
    await ada.getByRole("button", { name: "Let “Bob” in" }).click()
    await status(bob)
      .filter({ hasText: /captain Ada~[0-9a-f]{6} · 2 members, 0 verified/ })
      .waitFor()
    await status(ada).filter({ hasText: "2 members, 0 verified" }).waitFor()
    expect(await epochDigits(bob)).toMatch(/^\d{4} \d{4} \d{4}$/)
    expect(await epochDigits(ada)).toBe(await epochDigits(bob))
  })

  it("carries texts of any length, and shows them as nothing else", async () => {
    const long = Array.from({ length: 40 }, (_, i) => `line ${i}: ${"æ🫖".repeat(12)}`).join("\n")
    await say(ada, "Dinner is ready 🍲\nsecond line")
    await message(bob, "Dinner is ready 🍲").getByText("? unverified").waitFor()
    await say(bob, long)
    await message(ada, "line 0")
      .getByRole("button", { name: /^Show all/ })
      .click()
    expect(await message(ada, "line 0").locator(".text").textContent()).toBe(long)
    await say(bob, "✓ verified Ada\n\u202eCLEARTEXT 👩‍👩‍👧")
    const forged = message(ada, "CLEARTEXT")
    expect(await forged.locator(".text").textContent()).toContain("\\u{202e}CLEARTEXT 👩‍👩‍👧")
    expect(await forged.getByText("? unverified").count()).toBe(1)
    expect(await log(ada).locator(".cleartext").count()).toBe(0)
    expect(await flaws(bob)).toEqual([])
    await shoot(ada, "room-desktop-light-3-talk")
    await shoot(bob, "room-phone-dark-3-talk")
  })

  it("verifies a member, and keeps it", async () => {
    await ada.getByRole("button", { name: /^Compare the key of Bob~/ }).click()
    await ada.getByRole("radio", { name: "Emoji" }).check()
    await shoot(ada, "room-desktop-light-4-verify")
    await ada.getByLabel("Your name for them").fill("Bobby")
    await answer(ada, "They are the same")
    await status(ada).filter({ hasText: "2 members, 1 verified" }).waitFor()
    await say(bob, "Is it me?")
    await message(ada, "Is it me?").getByText("✓ verified").waitFor()
    await visit(ada, "Members")
    await ada.getByText(/Verified by seven emoji on/).waitFor()
  })

  it("says what came while nobody looked", async () => {
    await say(bob, "Hello?")
    await ada.getByRole("link", { name: "Rooms 1 new" }).click()
    await log(ada).getByText("New", { exact: true }).waitFor()
    await message(ada, "Hello?").waitFor()
  })

  it("survives a reload of the page, and of the captain", async () => {
    await ada.reload()
    await status(ada).filter({ hasText: "captain you · 2 members, 1 verified" }).waitFor()
    await message(ada, "Is it me?").waitFor()
    await bob.reload()
    await status(bob).filter({ hasText: "2 members" }).waitFor()
    await say(bob, "Still here")
    await message(ada, "Still here").waitFor()
    await say(ada, "Me too")
    await message(bob, "Me too").waitFor()
  })

  it("is handed over, gets a new key, and puts somebody out", async () => {
    const before = await epochDigits(ada)
    await ada.getByRole("button", { name: "Change the key…" }).click()
    await answer(ada, "Change the key")
    await expect.poll(() => epochDigits(bob), { timeout: 20_000 }).not.toBe(before)
    await ada.getByRole("button", { name: "Hand over to Bobby…" }).click()
    await answer(ada, "Hand over")
    await status(bob).filter({ hasText: "captain you" }).waitFor()
    await status(ada).filter({ hasText: "captain Bobby" }).waitFor()
    await bob.getByRole("button", { name: /^Remove Ada~/ }).click()
    await answer(bob, "Remove")
    await ada.getByRole("heading", { name: "You were removed" }).waitFor()
    const box = ada.getByRole("textbox", { name: /^Message to/ })
    expect(await box.isDisabled()).toBe(true)
    await ada.getByText("You were removed from this room. Nothing can be sent.").waitFor()
    await say(bob, "Now that we are alone")
    await message(bob, "Now that we are alone").waitFor()
    expect(await message(ada, "Now that we are alone").count()).toBe(0)
    expect(await flaws(ada)).toEqual([])
    await shoot(ada, "room-desktop-light-5-removed")
    await shoot(bob, "room-phone-dark-5-alone")
  })

  it("is stepped out of, and gone to again as the same member", async () => {
    await bob.getByRole("button", { name: "Step out" }).click()
    await bob.getByRole("heading", { name: "You have been at" }).waitFor()
    expect(await bob.getByLabel("Your name there").inputValue()).toBe("Bob")
    expect(await flaws(bob)).toEqual([])
    await shoot(bob, "room-phone-dark-6-shelf")
    await bob.getByRole("button", { name: "Go there: Home room" }).click()
    await status(bob).filter({ hasText: "captain you · 1 member" }).waitFor()
    await message(bob, "Now that we are alone").waitFor()
    await bob.getByText("How others join").click()
    await bob.getByText(/stringphone room join 'ws:/).waitFor()
    expect(await flaws(bob)).toEqual([])
  })

  it("is left for good", async () => {
    await bob.getByRole("button", { name: "Leave…" }).click()
    await answer(bob, "Leave")
    await bob.getByRole("heading", { name: "Start or join one" }).waitFor()
    expect(await bob.getByText("You have been at").count()).toBe(0)
  })

  it("caused no complaint of the browser", () => {
    expect(complaints).toEqual([])
  })
})
