import { fromHex } from "stringphone/bytes"
import type { Browser, Page } from "playwright"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { launchChromium, missing } from "./fixture/chromium.ts"
import { unbuilt } from "./fixture/cli-home.ts"
import { flaws, shoot } from "./fixture/look.ts"
import { connected, incident, ownWords, visit } from "./fixture/phone-page.ts"
import { openPlayedDevice } from "./fixture/play-device.ts"
import { type PlayedHome, playHome } from "./fixture/play-home.ts"

/** What a real home does not do: liars on the line, deaf devices, brokers that ask for a password. */
describe.skipIf((missing ?? unbuilt) !== null)("a phone on a bad line", () => {
  let home: PlayedHome
  let browser: Browser | undefined
  let page: Page

  beforeAll(async () => {
    browser = await launchChromium(["--host-resolver-rules=MAP phone.test 127.0.0.1"])
  }, 30_000)

  afterAll(async () => {
    await browser?.close()
  })

  beforeEach(async () => {
    home = await playHome()
    if (!browser) throw new Error("Chromium did not start.")
    const context = await browser.newContext({
      viewport: { width: 390, height: 844 },
      colorScheme: "dark",
      reducedMotion: "reduce",
    })
    context.setDefaultTimeout(15_000)
    page = await context.newPage()
  }, 30_000)

  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") await shoot(page, `failed-${task.name.slice(0, 40)}`)
    await page.context().close()
    await home.close()
  }, 30_000)

  async function pair(url: string): Promise<void> {
    await page.goto(url)
    await connected(page)
    const window = await home.openPairing()
    await page.getByRole("button", { name: "Pair with the home" }).click()
    await page.getByRole("button", { name: "They are the same" }).click()
    await page.getByText("This phone is in the home now.").waitFor()
    window.close()
    await page.getByRole("button", { name: "OK", exact: true }).click()
    await page.getByRole("article").nth(2).waitFor()
  }

  it("warns of another key in the name of a contact", { timeout: 60_000 }, async () => {
    await pair(home.url)
    await visit(page, "Members")
    for (const name of ["“reading lamp”", "“front door”", "workbench"]) {
      await page.getByRole("button", { name: `Remove ${name}…` }).click()
      await page.getByRole("button", { name: "Remove", exact: true }).click()
      await page.getByRole("button", { name: `Remove ${name}…` }).waitFor({ state: "detached" })
    }
    await page.getByRole("button", { name: "Let a device in" }).click()
    await page.getByRole("img", { name: "QR code" }).waitFor()
    const other = await openPlayedDevice({
      url: `ws://127.0.0.1:${new URL(home.url).port}/mqtt`,
      channel: home.channel,
      state: { kind: "state", name: "Workbench\u200b", device: "lamp", on: true },
      isFounder: false,
    })
    await other.session.join()
    await page.getByText("Another key in the name of workbench.").waitFor()
    const same = page.getByRole("button", { name: "They are the same" })
    expect(await same.isDisabled()).toBe(true)
    expect(await flaws(page)).toEqual([])
    await shoot(page, "phone-dark-3-name-clash")
    await page.getByRole("checkbox", { name: /is not the key that I call workbench/ }).check()
    expect(await same.isEnabled()).toBe(true)
    await page.getByRole("button", { name: "They are different" }).click()
    await page.getByText("so nothing was kept").waitFor()
    await other.session.close()
  })

  it("says so when nobody answers, and takes no for an answer", { timeout: 40_000 }, async () => {
    await page.goto(home.url)
    await connected(page)
    await page.getByRole("button", { name: "Pair with the home" }).click()
    await page.getByRole("heading", { name: "Asking the home" }).waitFor()
    await page.getByRole("button", { name: "Stop pairing" }).click()
    await page.getByRole("heading", { name: "Not paired" }).waitFor()
    await page.getByRole("button", { name: "OK", exact: true }).click()
    await home.openPairing()
    await page.getByRole("button", { name: "Pair with the home" }).click()
    await page.getByRole("button", { name: "They are different" }).click()
    await page.getByText("somebody in between pretended to be it").waitFor()
    expect(await flaws(page)).toEqual([])
    await shoot(page, "phone-dark-4-different")
    expect(await page.getByRole("switch").count()).toBe(0)
  })

  it("says so when a device does not answer", { timeout: 40_000 }, async () => {
    await pair(home.url)
    home.devices.lamp.deaf = true
    const card = page.getByRole("article", { name: "“reading lamp”" })
    await card.getByRole("switch").click()
    await card.getByText("Waiting for the device").waitFor()
    await card.getByText("No answer, and the command has run out").waitFor()
    expect(await card.getByRole("switch").getAttribute("aria-checked")).toBe("false")
    expect(await card.getByRole("switch").isEnabled()).toBe(true)
  })

  it("shows text of peers as text, and in its own place", { timeout: 40_000 }, async () => {
    await pair(home.url)
    const name = "<img src=x onerror=alert(1)> \u202Edegnahc Verified"
    home.devices.lamp.state = { kind: "state", name, device: "lamp", on: false }
    const shown = "<img src=x onerror=alert(1)> \\u{202e}degnahc Verified"
    const card = page.getByRole("article", { name: shown })
    await card.waitFor()
    // Who calls itself verified is not.
    await card.getByText("Let in by an admin; you compared nothing").waitFor()
    expect(await page.locator("img").count()).toBe(0)
    home.devices.lamp.state = { kind: "state", name: "Workbench", device: "lamp", on: false }
    await page.getByRole("article", { name: "another key in the name of workbench" }).waitFor()
    await home.inject(fromHex("4d".repeat(200)))
    await home.inject(fromHex("4d".repeat(50)))
    await home.inject(new Uint8Array())
    await visit(page, "Attacks")
    await incident(page, "malformed").first().waitFor()
    expect(await page.getByRole("button", { name: "Replay" }).count()).toBe(0)
    await visit(page, "The wire")
    await page.locator("li button.rejected").first().click()
    await page.getByText("✕ Rejected.", { exact: true }).waitFor()
    expect(await flaws(page)).toEqual([])
    await shoot(page, "phone-dark-6-rejected")
  })

  it("asks for the broker's password when it wants one", { timeout: 40_000 }, async () => {
    home.demand("ann:secret")
    await page.goto(home.url)
    await page.getByRole("heading", { name: "The broker wants to know you" }).waitFor()
    expect(await flaws(page)).toEqual([])
    await shoot(page, "phone-dark-0-login")
    await page.getByLabel("User name").fill("ann")
    await page.getByLabel("Password").fill("wrong")
    const before = home.refusals()
    await page.keyboard.press("Enter")
    await expect.poll(() => home.refusals(), { timeout: 10_000 }).toBeGreaterThan(before)
    await page.getByRole("button", { name: "Connect" }).waitFor()
    await page.getByLabel("Password").fill("secret")
    await page.keyboard.press("Enter")
    await connected(page)
  })

  it("seals its keys and the topic, and forgets them", { timeout: 90_000 }, async () => {
    await pair(home.url)
    await visit(page, "This phone")
    const words = await ownWords(page)
    await page.getByLabel("Passphrase", { exact: true }).fill("two cans and a string")
    await page.getByLabel("The same again").fill("two cans and a string")
    await page.getByRole("button", { name: "Seal this phone" }).click()
    await page.getByText("Working. The page stands still").waitFor()
    await page.getByText("Sealed. The passphrase is asked").waitFor()
    // It goes on as a member, without another start.
    await visit(page, "Home")
    await page.getByRole("switch", { name: "“reading lamp”" }).click()
    await page.getByText("Done: the device confirmed “on”.").waitFor()
    await page.reload()
    await page.getByLabel("Passphrase").fill("one can")
    await page.keyboard.press("Enter")
    await page.getByText("Stretching the passphrase").waitFor()
    await page.getByText("The passphrase does not open the key ring. Try again.").waitFor()
    expect(await flaws(page)).toEqual([])
    await shoot(page, "phone-dark-0-sealed")
    await page.getByLabel("Passphrase").fill("two cans and a string")
    await page.keyboard.press("Enter")
    await page.getByRole("switch", { name: "“reading lamp”" }).waitFor()
    await visit(page, "This phone")
    expect(await ownWords(page)).toBe(words)

    await page.getByRole("button", { name: "Forget everything on this phone" }).click()
    await page.getByRole("button", { name: "Forget everything", exact: true }).click()
    await page.getByRole("heading", { name: /A phone for your home/ }).waitFor()
    await connected(page)
    await visit(page, "This phone")
    expect(await ownWords(page)).not.toBe(words)
  })

  it("works over plain HTTP in a local network", { timeout: 40_000 }, async () => {
    await pair(home.url.replace("localhost", "phone.test"))
    const given = await page.evaluate(() => [isSecureContext, "serviceWorker" in navigator])
    expect(given).toEqual([false, false])
    const lamp = page.getByRole("article", { name: "“reading lamp”" })
    await lamp.getByRole("switch").click()
    await lamp.getByText("Done: the device confirmed “on”.").waitFor()
  })

  it("opens without its home, and says what is missing", { timeout: 40_000 }, async () => {
    await page.goto(home.url)
    await connected(page)
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true))
    // The first visit was before the worker was there.
    await page.reload()
    await connected(page)
    await page.context().setOffline(true)
    await page.reload()
    await page
      .locator("header")
      .getByText(/Reconnecting|Connecting/)
      .first()
      .waitFor()
    await page.getByText("As soon as the line is up.").waitFor()
  })

  it("calls a silent device stale, and goes on after the broker", { timeout: 90_000 }, async () => {
    await pair(home.url)
    const card = page.getByRole("article", { name: "workbench" })
    await card.getByText("Live", { exact: true }).waitFor()
    await home.brokerDown()
    await page.locator("header").getByText("Reconnecting").first().waitFor()
    await home.brokerUp()
    await card.getByText("Live", { exact: true }).waitFor({ timeout: 30_000 })
    await home.devices.computer.session.close()
    await card.getByText("Not heard for 1").waitFor({ timeout: 25_000 })
    expect(await flaws(page)).toEqual([])
  })
})
