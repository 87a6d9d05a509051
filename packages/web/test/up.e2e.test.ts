import type { Browser, Page } from "playwright"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { launchChromium, missing } from "./fixture/chromium.ts"
import { CliHome, unbuilt } from "./fixture/cli-home.ts"
import { flaws, shoot } from "./fixture/look.ts"
import { candidate, connected, ownWords, visit } from "./fixture/phone-page.ts"

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
      const isOffline = /ERR_CONNECTION_REFUSED|WebSocket connection/.test(message.text())
      if (["error", "warning"].includes(message.type()) && !isOffline) {
        complaints.push(message.text())
      }
    })
    await opened.goto(home.page)
    return opened
  }

  beforeAll(async () => {
    startedMs = Date.now()
    browser = await launchChromium()
    await home.start()
    page = await open({ width: 390, height: 844 })
    stranger = await open({ width: 1280, height: 900, dark: true })
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await home.remove()
  }, 30_000)

  it("shows its own words first, and trusts nobody", { timeout: 30_000 }, async () => {
    await connected(page)
    expect((await ownWords(page)).split(" ")).toHaveLength(8)
    expect(await page.getByRole("switch").count()).toBe(0)
    expect(await flaws(page)).toEqual([])
    await shoot(page, "phone-light-1-first")
    await connected(stranger)
    expect(await flaws(stranger)).toEqual([])
    await shoot(stranger, "desktop-dark-1-first")
  })

  it("pairs with the keyboard alone, each device by its words", { timeout: 60_000 }, async () => {
    const words = await ownWords(page)
    const button = page.getByRole("button", { name: "Pair with the home" })
    for (let left = 20; left > 0; left--) {
      if (await button.evaluate((element) => element === document.activeElement)) break
      await page.keyboard.press("Tab")
    }
    await page.keyboard.press("Enter")
    await page.getByRole("heading", { name: "Listening for the home" }).waitFor()
    await shoot(page, "phone-light-2-waiting")
    home.press("p")
    const request = await home.next("request")
    expect(request["words"]).toBe(words)
    home.press("y")
    await page.getByText("Trust all three").waitFor()
    expect(await page.getByRole("button", { name: "Trust all three" }).isDisabled()).toBe(true)
    expect(await flaws(page)).toEqual([])
    await shoot(page, "phone-light-3-compare")

    for (const kind of ["lamp", "computer", "lock"] as const) {
      const form = await candidate(page, home.device(kind).words)
      await form.getByLabel("Your name for it").focus()
      await page.keyboard.type(`my ${kind}`)
      await page.keyboard.press("Tab")
      await page.keyboard.press("Enter")
      await form.waitFor({ state: "detached" })
      // The focus is not lost with the button that was pressed.
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("pairing-title")
    }
    await page.getByRole("heading", { name: "3 are trusted" }).waitFor()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.getByText("Done: the pairing window is closed. 3 are trusted.").waitFor()
  })

  it("shows the first decrypted reading", { timeout: 20_000 }, async () => {
    const card = page.getByRole("article", { name: "my computer" })
    await card.getByText("Live", { exact: true }).waitFor()
    await card.getByRole("img", { name: /Load and memory.*Now: Load [\d.]+ %/ }).waitFor()
    console.log(`From start to the first reading: ${Date.now() - startedMs} ms`)
    await page.getByText("Verified by words on").first().waitFor()
    expect(await page.getByText("Not proven yet").count()).toBe(0)
    await page.getByRole("button", { name: "OK", exact: true }).click()
  })

  it("switches the lamp, and the lamp's own page shows it", { timeout: 30_000 }, async () => {
    const lamp = page.getByRole("switch", { name: "my lamp" })
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
    const lock = page.getByRole("switch", { name: "my lock, locked" })
    await lock.click()
    await page.getByRole("dialog", { name: "Unlock my lock?" }).waitFor()
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
    for (const field of ["type", "signature", "sender ID", "nonce", "secretbox"]) {
      expect(broker).toContain(field)
    }
    await page.getByRole("button", { name: "Show every byte" }).click()
    const dump = await page.locator("[data-kind=box].bytes").innerText()
    const bytes = dump.match(/\b[0-9a-f]{2}\b/g) ?? []
    expect(bytes.length).toBeGreaterThan(100)
    const seen = String.fromCharCode(...bytes.map((pair) => Number.parseInt(pair, 16)))
    for (const plain of ["readings", "load", "{", "computer"].slice(0, 2)) {
      expect(seen).not.toContain(plain)
    }
    expect(await flaws(page)).toEqual([])
    await shoot(page, "phone-light-6-wire")
  })

  it("tells a stranger nothing", { timeout: 30_000 }, async () => {
    await visit(stranger, "The wire")
    await stranger.getByText("Unreadable: this phone has no topic key").first().waitFor()
    const text = await stranger.locator("body").innerText()
    for (const secret of ["readings", "my lamp", "temperature", '"kind"']) {
      expect(text).not.toContain(secret)
    }
    await shoot(stranger, "desktop-dark-6-stranger")
    await visit(stranger, "Contacts")
    await stranger.getByText("Nobody yet.").waitFor()
  })

  it("is still paired when opened again", { timeout: 30_000 }, async () => {
    await page.goto(home.page)
    await page.reload()
    const lamp = page.getByRole("switch", { name: "my lamp" })
    await lamp.waitFor()
    expect(await lamp.getAttribute("aria-checked")).toBe("true")
  })

  it("says that the line is down, and when it is up again", { timeout: 60_000 }, async () => {
    await home.stop()
    await page.locator("header").getByText("Reconnecting").first().waitFor()
    expect(await page.getByRole("switch", { name: "my lamp" }).isDisabled()).toBe(true)
    await page.getByText("Nothing is sent until it is up again.").first().waitFor()
    expect(await page.getByText("Live", { exact: true }).count()).toBe(0)
    expect(await flaws(page)).toEqual([])
    await shoot(page, "phone-light-7-down")
    await home.start()
    await connected(page)
    const lamp = page.getByRole("switch", { name: "my lamp" })
    await lamp.click()
    await page.getByText("Done: the device confirmed “off”.").waitFor()
  })

  it("renames and revokes", { timeout: 30_000 }, async () => {
    await page.getByRole("button", { name: "Rename my lamp" }).click()
    await page.getByRole("textbox", { name: "Name" }).fill("my lock")
    await page.getByRole("button", { name: "Rename", exact: true }).click()
    await page
      .getByText("There is a contact “my lock” already")
      .or(page.getByText('There is a contact "my lock" already'))
      .waitFor()
    await page.getByRole("textbox", { name: "Name" }).fill("bedside")
    await page.getByRole("button", { name: "Rename", exact: true }).click()
    await page.getByRole("article", { name: "bedside" }).waitFor()
    await page.getByRole("button", { name: "Revoke bedside" }).click()
    await page.getByRole("button", { name: "Revoke", exact: true }).click()
    await page.getByRole("article", { name: "bedside" }).waitFor({ state: "detached" })
    await visit(page, "The wire")
    await page
      .locator("li button.rejected")
      .filter({ hasText: "claims to be bedside" })
      .first()
      .waitFor()
    await visit(page, "Contacts")
    await page.getByText(/^Revoked on/).waitFor()
    expect(await flaws(page)).toEqual([])
    await shoot(page, "phone-light-8-contacts")
    await page.reload()
    await page.getByText(/^Revoked on/).waitFor()
  })

  it("reads well on a desk, in the dark and in the light", { timeout: 60_000 }, async () => {
    for (const scheme of ["dark", "light"] as const) {
      const desk = page
      await desk.setViewportSize({ width: 1280, height: 900 })
      await desk.emulateMedia({ colorScheme: scheme })
      for (const name of ["Home", "The wire", "Contacts", "This phone"]) {
        await visit(desk, name)
        await desk.waitForTimeout(400)
        expect([scheme, name, ...(await flaws(desk))]).toEqual([scheme, name])
        await shoot(desk, `desktop-${scheme}-${name.replace(/ /g, "-").toLowerCase()}`)
      }
      await desk.setViewportSize({ width: 360, height: 640 })
      for (const name of ["Home", "The wire", "Contacts", "This phone"]) {
        await visit(desk, name)
        expect([scheme, name, ...(await flaws(desk))]).toEqual([scheme, name])
        await shoot(desk, `narrow-${scheme}-${name.replace(/ /g, "-").toLowerCase()}`)
      }
    }
  })

  it("caused no error and no complaint of the browser", () => {
    expect(complaints).toEqual([])
  })
})
