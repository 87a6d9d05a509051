import type { Browser, Page } from "playwright"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { launchChromium, missing } from "./fixture/chromium.ts"
import { CliHome, unbuilt } from "./fixture/cli-home.ts"
import { flaws, shoot } from "./fixture/look.ts"
import {
  connected,
  digitsOf,
  emojiOf,
  incident,
  member,
  tabTo,
  visit,
} from "./fixture/phone-page.ts"

const obstacle = missing ?? unbuilt
if (obstacle) console.warn(`The phone was not tested in a browser: ${obstacle}`)

it.runIf(process.env["CI"] === "true")("has what it needs in CI", () => {
  expect(obstacle).toBeNull()
})

/** One story, told in order, with the real home of `stringphone up`. */
describe.skipIf(obstacle !== null)("a phone and the home of `stringphone up`", () => {
  const home = new CliHome()
  const complaints: string[] = []
  let browser: Browser | undefined
  let page: Page
  let stranger: Page
  let startedMs = 0

  async function open(options: { width: number; height: number; dark?: boolean }): Promise<Page> {
    if (!browser) throw new Error("Chromium did not start.")
    const context = await browser.newContext({
      viewport: { width: options.width, height: options.height },
      colorScheme: options.dark ? "dark" : "light",
      reducedMotion: "reduce",
    })
    context.setDefaultTimeout(15_000)
    const opened = await context.newPage()
    opened.on("pageerror", (error) => complaints.push(error.stack ?? error.message))
    opened.on("console", (message) => {
      // The home is down for a while; and there may be nothing to replay yet.
      const isExpected = /ERR_CONNECTION_REFUSED|WebSocket connection|status of 409/.test(
        message.text(),
      )
      if (["error", "warning"].includes(message.type()) && !isExpected) {
        complaints.push(message.text())
      }
    })
    await opened.goto(home.page)
    return opened
  }

  /** The epoch that the members' pane shows. */
  async function epochOf(shown: Page): Promise<number> {
    return Number(await shown.locator(".epoch").textContent())
  }

  beforeAll(async () => {
    startedMs = Date.now()
    browser = await launchChromium()
    await home.start()
    page = await open({ width: 390, height: 844 })
    stranger = await open({ width: 1280, height: 900, dark: true })
  }, 60_000)

  afterEach(async ({ task }) => {
    if (task.result?.state !== "fail") return
    await shoot(page, `failed-${task.name.slice(0, 30)}`)
    await shoot(stranger, `failed-${task.name.slice(0, 30)}-stranger`)
  })

  afterAll(async () => {
    await browser?.close()
    await home.remove()
  }, 30_000)

  it("shows how to pair, and trusts nobody", { timeout: 30_000 }, async () => {
    await connected(page)
    await page.getByRole("button", { name: "Pair with the home" }).waitFor()
    expect(await page.getByRole("switch").count()).toBe(0)
    expect(await flaws(page)).toEqual([])
    await shoot(page, "phone-light-1-first")
    await connected(stranger)
    expect(await flaws(stranger)).toEqual([])
    await shoot(stranger, "desktop-dark-1-first")
  })

  it("pairs with the keyboard alone, by equal emoji", { timeout: 60_000 }, async () => {
    await tabTo(page, page.getByLabel("What this phone is called"))
    await page.keyboard.press("ControlOrMeta+A")
    await page.keyboard.type("Ada’s phone")
    await tabTo(page, page.getByRole("button", { name: "Pair with the home" }))
    await page.keyboard.press("Enter")
    await page.getByRole("heading", { name: "Asking the home" }).waitFor()
    await shoot(page, "phone-light-2-waiting")
    home.press("p")
    const request = await home.next("request")
    expect(request["name"]).toBe("Ada’s phone")
    const there = (request["emoji"] as readonly { readonly name: string }[]).map(({ name }) => name)
    expect(await emojiOf(page)).toEqual(there)
    expect(there).toHaveLength(7)
    expect(await digitsOf(page)).toBe(request["comparedDigits"])
    expect(await flaws(page)).toEqual([])
    await shoot(page, "phone-light-3-compare")

    await tabTo(page, page.getByLabel("Your name for it"))
    await page.keyboard.type("my computer")
    await tabTo(page, page.getByRole("button", { name: "They are the same" }))
    await page.keyboard.press("Enter")
    await page.getByText("You said the same. Waiting for the other side").waitFor()
    expect(await page.getByRole("switch").count()).toBe(0)
    await shoot(page, "phone-light-3-waiting")
    home.press("y")
    expect(await home.next("paired")).toMatchObject({ isAdmin: true, verifiedBy: "emoji" })
    await page.getByText("Paired.", { exact: true }).waitFor()
    // The focus is not lost with the button that was pressed.
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("pairing-title")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.getByRole("heading", { name: "Paired" }).waitFor({ state: "detached" })
  })

  it("closes the home's window", async () => {
    home.press("c")
    await home.next("pairing")
  })

  it("shows the first decrypted reading", { timeout: 20_000 }, async () => {
    const card = page.getByRole("article", { name: "my computer" })
    await card.getByText("Live", { exact: true }).waitFor()
    await card.getByRole("img", { name: /Load and memory.*Now: Load [\d.]+ %/ }).waitFor()
    console.log(`From start to the first reading: ${Date.now() - startedMs} ms`)
    await card.getByText("Verified by seven emoji on").waitFor()
    await page.getByRole("article", { name: "“Lamp”" }).getByText("Let in by an admin").waitFor()
  })

  it("switches the lamp, and the lamp's own page shows it", { timeout: 30_000 }, async () => {
    const lamp = page.getByRole("switch", { name: "“Lamp”" })
    expect(await lamp.getAttribute("aria-checked")).toBe("false")
    await lamp.focus()
    await page.keyboard.press("Space")
    await page.getByText("Done: the device confirmed “on”.").waitFor()
    expect(await lamp.getAttribute("aria-checked")).toBe("true")
    expect((await home.next("command"))["set"]).toEqual({ on: true })
    const own = await page.context().newPage()
    await own.goto(home.device("lamp").url)
    await own.locator("main[data-state=on]").waitFor()
    await own.close()
  })

  it("unlocks the door only when asked twice", { timeout: 30_000 }, async () => {
    const lock = page.getByRole("switch", { name: "“Door lock”, locked" })
    await lock.click()
    await page.getByRole("dialog", { name: "Unlock “Door lock”?" }).waitFor()
    await page.keyboard.press("Escape")
    expect(await lock.getAttribute("aria-checked")).toBe("true")
    await lock.click()
    await shoot(page, "phone-light-5-unlock")
    await page.getByRole("button", { name: "Unlock", exact: true }).click()
    await page.getByText("Done: the device confirmed “unlocked”.").waitFor()
    expect(await flaws(page)).toEqual([])
    await page.waitForTimeout(process.env["SCREENSHOT_DIR"] ? 8_000 : 0)
    await shoot(page, "phone-light-4-home")
    await lock.click()
    await page.getByText("Done: the device confirmed “locked”.").waitFor()
  })

  it("shows on the wire what the broker can not read", { timeout: 30_000 }, async () => {
    await visit(page, "The wire")
    const row = page.locator("li button").filter({ hasText: "my computer" }).first()
    await row.click()
    await page.getByRole("button", { name: "Follow the newest" }).waitFor()
    const broker = await page.getByRole("region", { name: "What the broker sees" }).innerText()
    const phone = await page.getByRole("region", { name: "What this phone sees" }).innerText()
    expect(JSON.parse(phone.slice(phone.indexOf("{")))).toMatchObject({ device: "computer" })
    expect(phone).toContain("Accepted")
    expect(phone).toContain("Verified")
    for (const field of ["type: M", "epoch: ", "sender tag", "counter: ", "guard", "sealed"]) {
      expect(broker).toContain(field)
    }
    await page.getByRole("button", { name: "Show every byte" }).click()
    const dump = await page.locator("[data-kind=box].bytes").innerText()
    const bytes = dump.match(/\b[0-9a-f]{2}\b/g) ?? []
    expect(bytes.length).toBeGreaterThan(100)
    const seen = String.fromCharCode(...bytes.map((pair) => Number.parseInt(pair, 16)))
    for (const plain of ["readings", "load"]) expect(seen).not.toContain(plain)
    expect(await flaws(page)).toEqual([])
    await shoot(page, "phone-light-6-wire")
  })

  it("tells a stranger nothing", { timeout: 30_000 }, async () => {
    await visit(stranger, "The wire")
    await stranger.getByText("Unreadable: this phone has no key").first().waitFor()
    const text = await stranger.locator("body").innerText()
    for (const secret of ["readings", "my lamp", "temperature", '"kind"']) {
      expect(text).not.toContain(secret)
    }
    await shoot(stranger, "desktop-dark-6-stranger")
    await visit(stranger, "Members")
    await stranger.getByText("This phone is in no home yet.").waitFor()
  })

  it("lets another phone in by a code", { timeout: 60_000 }, async () => {
    await visit(page, "Members")
    await page.getByRole("button", { name: "Let a device in" }).click()
    await page.getByRole("img", { name: "QR code that lets a device" }).waitFor()
    const code = await page.getByText(/^stringphone:pair\//).innerText()
    expect(await flaws(page)).toEqual([])
    await shoot(page, "phone-light-7-let-in")
    await visit(stranger, "Home")
    await stranger.getByLabel("What this phone is called").fill("desk")
    const field = stranger.getByPlaceholder("stringphone:…")
    await field.fill("stringphone:pair/AAAA")
    await stranger.keyboard.press("Enter")
    await stranger.getByRole("alert").getByText(/code/).waitFor()
    await field.fill(code)
    await stranger.keyboard.press("Enter")
    await stranger.getByText("This phone is in the home now. The code proved").waitFor()
    await page.getByText("It is in the home now. The code proved who it is.").waitFor()
    await stranger.getByRole("button", { name: "OK", exact: true }).click()
    await stranger.getByRole("article", { name: "“Lamp”" }).waitFor()
    await page.getByRole("button", { name: "Close the window" }).click()
    await page.getByRole("button", { name: "OK", exact: true }).click()
    await member(page, "desk").getByText("Verified by a code on").waitFor()
    expect(await member(page, "Ada’s phone").getByText("this phone").count()).toBe(1)
    expect(await page.getByRole("article").count()).toBe(5)
    expect(await flaws(page)).toEqual([])
    await shoot(page, "phone-light-8-members")
  })

  it("changes the key, and all go on", { timeout: 30_000 }, async () => {
    const before = await epochOf(page)
    await page.getByRole("button", { name: "Change the key…" }).click()
    await page.getByRole("button", { name: "Change the key", exact: true }).click()
    await expect.poll(() => epochOf(page)).toBe(before + 1)
    await stranger.getByText(`changed the key (now epoch ${before + 1})`).waitFor()
    await visit(stranger, "Members")
    await expect.poll(() => epochOf(stranger)).toBe(before + 1)
    await shoot(stranger, "desktop-dark-7-rotated")
    await visit(page, "Home")
    await page.getByRole("switch", { name: "“Lamp”" }).click()
    await page.getByText("Done: the device confirmed “off”.").waitFor()
  })

  it("removes the other one, which says so, and may come back", { timeout: 60_000 }, async () => {
    await visit(page, "Members")
    await visit(stranger, "Home")
    await page.getByRole("button", { name: "Remove desk…" }).click()
    await page.getByText("From then on it can read nothing").waitFor()
    await shoot(page, "phone-light-9-remove")
    await page.getByRole("button", { name: "Remove", exact: true }).click()
    await member(page, "desk").getByText("Verified by a code").waitFor()
    await page.getByRole("heading", { name: "Known, and not in this home" }).waitFor()
    await stranger
      .getByRole("heading", { name: "This phone was removed" })
      .waitFor({ timeout: 30_000 })
    expect(await stranger.getByRole("switch").count()).toBe(0)
    expect(await flaws(stranger)).toEqual([])
    await shoot(stranger, "desktop-dark-8-removed")

    await page.getByRole("button", { name: "Let a device in" }).click()
    await stranger.getByRole("button", { name: "Pair again" }).click()
    expect(await emojiOf(stranger)).toEqual(await emojiOf(page))
    await page.getByText("You know this key: desk").waitFor()
    expect(await flaws(stranger)).toEqual([])
    await shoot(stranger, "desktop-dark-9-compare")
    await stranger.getByRole("button", { name: "They are the same" }).click()
    await page.getByRole("button", { name: "They are different" }).click()
    await page.getByText("The two sides showed different emoji, so nothing was kept.").waitFor()
    await stranger.getByText("The other person saw different emoji").waitFor()
    await shoot(stranger, "desktop-dark-9-different")
    await stranger.getByRole("button", { name: "OK", exact: true }).click()
    await stranger.getByRole("heading", { name: "This phone was removed" }).waitFor()
    await page.getByRole("button", { name: "Close the window" }).click()
    await page.getByRole("button", { name: "OK", exact: true }).click()
  })

  it("notices whatever an eavesdropper does", { timeout: 90_000 }, async () => {
    await visit(page, "Attacks")
    // What a device said while it let this phone in may have come too early; that is no alarm.
    const noticed = await incident(page, "").allTextContents()
    expect(noticed.filter((text) => !text.includes("For the record"))).toEqual([])
    const act = (name: string): Promise<void> =>
      page.getByRole("button", { name, exact: true }).click()
    await act("Flip a bit")
    await incident(page, "not-authentic").filter({ hasText: "It seems to be" }).first().waitFor()
    // There may be nothing to replay yet: the first message of this epoch was the one with another bit.
    const replayed = async (): Promise<number> => {
      await act("Replay")
      await page
        .getByRole("status")
        .filter({ hasText: /Replay: done|Wait a second/ })
        .waitFor()
      return incident(page, "replayed").count()
    }
    await expect.poll(replayed, { timeout: 20_000, interval: 500 }).toBeGreaterThan(0)
    await act("Drop")
    await incident(page, "Missing").first().waitFor({ timeout: 20_000 })
    const before = await incident(page, "not-authentic").count()
    await act("Inject")
    await expect.poll(() => incident(page, "not-authentic").count()).toBeGreaterThan(before)
    expect(await incident(page, "(not proven)").count()).toBeGreaterThan(2)
    expect(await flaws(page)).toEqual([])
    await shoot(page, "phone-light-10-attacks")
    await visit(page, "The wire")
    await page.locator("li button.rejected").filter({ hasText: "(not proven)" }).first().click()
    await page.getByText("✕ Rejected.", { exact: true }).waitFor()
    await shoot(page, "phone-light-10-wire-rejected")
    await act("Follow the newest")
    await visit(page, "Attacks")
    await shoot(page, "phone-light-11-notices")
  })

  it("is still a member when opened again", { timeout: 30_000 }, async () => {
    await page.goto(home.page)
    await page.reload()
    const lamp = page.getByRole("switch", { name: "“Lamp”" })
    await lamp.waitFor()
    expect(await lamp.getAttribute("aria-checked")).toBe("false")
    await page.getByRole("article", { name: "my computer" }).getByText("Verified by").waitFor()
  })

  it("speaks in one tab at a time", { timeout: 30_000 }, async () => {
    const second = await page.context().newPage()
    await second.goto(home.page)
    await second.getByRole("switch", { name: "“Lamp”" }).waitFor()
    await page.getByRole("heading", { name: "Open in another tab" }).waitFor()
    expect(await flaws(page)).toEqual([])
    await shoot(page, "phone-light-12-elsewhere")
    await page.getByRole("button", { name: "Use here" }).click()
    await page.getByRole("switch", { name: "“Lamp”" }).waitFor()
    await second.getByRole("heading", { name: "Open in another tab" }).waitFor()
    await second.close()
    await page.getByRole("switch", { name: "“Lamp”" }).click()
    await page.getByText("Done: the device confirmed “on”.").waitFor()
  })

  it("says that the line is down, and when it is up again", { timeout: 60_000 }, async () => {
    await home.stop()
    await page.locator("header").getByText("Reconnecting").first().waitFor()
    expect(await page.getByRole("switch", { name: "“Lamp”" }).isDisabled()).toBe(true)
    await page.getByText("Nothing is sent until it is up again.").first().waitFor()
    expect(await page.getByText("Live", { exact: true }).count()).toBe(0)
    expect(await flaws(page)).toEqual([])
    await shoot(page, "phone-light-13-down")
    await home.start()
    await connected(page)
    const lamp = page.getByRole("switch", { name: "“Lamp”" })
    await lamp.click()
    await page.getByText("Done: the device confirmed “off”.").waitFor()
  })

  it("gives names, and verifies by eight words", { timeout: 30_000 }, async () => {
    await visit(page, "Members")
    await page.getByRole("button", { name: "Give “Lamp” a name" }).click()
    await page.getByRole("textbox", { name: "Name" }).fill("my computer")
    await page.getByRole("button", { name: "Rename", exact: true }).click()
    await page.getByText(/There is a contact .my computer. already/).waitFor()
    await page.getByRole("textbox", { name: "Name" }).fill("bedside")
    await page.getByRole("button", { name: "Rename", exact: true }).click()
    await member(page, "bedside").getByText("not compared").waitFor()
    await page.getByRole("button", { name: "Compare the words of bedside" }).click()
    const words = await page.getByRole("dialog").locator("li").allTextContents()
    const plain = words.map((text) => text.replace(/[^a-z]/g, "")).join(" ")
    expect(plain).toBe(home.device("lamp").words)
    await page.getByRole("button", { name: "All eight are the same" }).click()
    await member(page, "bedside").getByText("Verified by its eight words").waitFor()
    await visit(page, "Home")
    await page.getByRole("article", { name: "bedside" }).getByText("calls itself “Lamp”").waitFor()
  })

  it("reads well on a desk, in the dark and in the light", { timeout: 90_000 }, async () => {
    const panes = ["Home", "The wire", "Members", "Attacks", "This phone"]
    for (const scheme of ["dark", "light"] as const) {
      await page.emulateMedia({ colorScheme: scheme })
      for (const [width, height, look] of [
        [1280, 900, "desktop"],
        [360, 640, "narrow"],
      ] as const) {
        await page.setViewportSize({ width, height })
        for (const name of panes) {
          await visit(page, name)
          await page.waitForTimeout(300)
          expect([look, scheme, name, ...(await flaws(page))]).toEqual([look, scheme, name])
          await shoot(page, `${look}-${scheme}-${name.replace(/ /g, "-").toLowerCase()}`)
        }
      }
    }
  })

  it("caused no error and no complaint of the browser", () => {
    expect(complaints).toEqual([])
  })
})
