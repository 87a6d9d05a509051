import { fromHex } from "stringphone/bytes"
import { generateTopicKey, Topic } from "stringphone/topic/classic"
import { connectMqtt } from "stringphone/transport/mqtt"
import type { Browser, Page } from "playwright"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { launchChromium, missing } from "./fixture/chromium.ts"
import { unbuilt } from "./fixture/cli-home.ts"
import { flaws, shoot } from "./fixture/look.ts"
import { candidate, connected, ownWords, visit } from "./fixture/phone-page.ts"
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
    const words = await ownWords(page)
    await home.openPairing()
    await page.getByRole("button", { name: "Pair with the home" }).click()
    await home.accept(words)
    await page.getByRole("checkbox", { name: /all match/ }).check()
    // The tick stays, though the page takes over what the session says every second.
    await page.waitForTimeout(1_500)
    await page.getByRole("button", { name: "Trust all three" }).click()
    await page.getByRole("button", { name: "Done" }).click()
    await page.getByRole("button", { name: "OK", exact: true }).click()
  }

  it("warns of contradicting answers, and trusts none of them", { timeout: 40_000 }, async () => {
    const liar = new Topic({ topicKey: generateTopicKey() })
    const line = await connectMqtt({
      url: `ws://127.0.0.1:${new URL(home.url).port}/mqtt`,
      topic: home.channel,
      username: "device",
    })
    const lying = (async () => {
      for await (const { bytes } of line.messages) {
        if (bytes[0] !== "i".charCodeAt(0)) continue
        const reply = Uint8Array.from(liar.constructReply(bytes))
        reply.set(home.devices.lamp.publicKey, 121)
        await line.send(reply).catch(() => {})
      }
    })()
    await page.goto(home.url)
    await connected(page)
    const words = await ownWords(page)
    await home.openPairing()
    await page.getByRole("button", { name: "Pair with the home" }).click()
    await home.accept(words)
    await page.getByText("2 answers in this name contradict each other.").waitFor()
    expect(await page.getByText("Trust all").count()).toBe(0)
    expect(await flaws(page)).toEqual([])
    await shoot(page, "phone-dark-3-contradiction")
    const lamp = await candidate(page, home.devices.lamp.words)
    await lamp.getByRole("button", { name: "Different — refuse" }).click()
    await lamp.waitFor({ state: "detached" })
    await page.getByRole("button", { name: "Stop pairing" }).click()
    await page.getByText("Nobody was trusted.").waitFor()
    await page.getByRole("heading", { name: /A phone for your home/ }).waitFor()
    await line.close()
    await lying
  })

  it("says so when a device does not answer", { timeout: 40_000 }, async () => {
    await pair(home.url)
    home.devices.lamp.deaf = true
    const card = page.getByRole("article").filter({ hasText: "calls itself “reading lamp”" })
    await card.getByRole("switch").click()
    await card.getByText("Waiting for the device").waitFor()
    await card.getByText("No answer. It may or may not have been carried out").waitFor()
    expect(await card.getByRole("switch").getAttribute("aria-checked")).toBe("false")
    expect(await card.getByRole("switch").isEnabled()).toBe(true)
  })

  it("shows text of peers as text, and in its own place", { timeout: 40_000 }, async () => {
    await pair(home.url)
    const name = "<img src=x onerror=alert(1)> \u202Edegnahc Verified by words"
    home.devices.lamp.state = { kind: "state", number: 1, name, device: "lamp", on: false }
    const shown = "<img src=x onerror=alert(1)> \\u{202e}degnahc Verified by words"
    await page.getByText(shown).waitFor()
    expect(await page.locator("img").count()).toBe(0)
    await home.inject(fromHex("73".repeat(200)))
    await home.inject(new Uint8Array())
    await visit(page, "The wire")
    await page.locator("li button.rejected").nth(1).waitFor()
    await page.locator("li button.rejected").first().click()
    await page.getByText("Rejected.", { exact: true }).waitFor()
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

  it("seals its keys, and forgets them", { timeout: 60_000 }, async () => {
    await page.goto(home.url)
    await connected(page)
    const words = await ownWords(page)
    await visit(page, "This phone")
    await page.getByLabel("Passphrase", { exact: true }).fill("two cans and a string")
    await page.getByLabel("The same again").fill("two cans and a string")
    await page.getByRole("button", { name: "Seal this phone" }).click()
    await page.getByText("Working. The page stands still").waitFor()
    await page.getByText("Sealed. The passphrase is asked").waitFor()
    await page.reload()
    await page.getByLabel("Passphrase").fill("one can")
    await page.keyboard.press("Enter")
    await page.getByText("Stretching the passphrase").waitFor()
    await page.getByText("The passphrase does not open the key ring. Try again.").waitFor()
    expect(await flaws(page)).toEqual([])
    await shoot(page, "phone-dark-0-sealed")
    await page.getByLabel("Passphrase").fill("two cans and a string")
    await page.keyboard.press("Enter")
    await connected(page)
    expect(await ownWords(page)).toBe(words)

    await page.getByRole("button", { name: "Forget everything on this phone" }).click()
    await page.getByRole("button", { name: "Forget everything", exact: true }).click()
    await page.getByRole("heading", { name: /A phone for your home/ }).waitFor()
    await connected(page)
    expect(await ownWords(page)).not.toBe(words)
  })

  it("works over plain HTTP in a local network", { timeout: 40_000 }, async () => {
    await pair(home.url.replace("localhost", "phone.test"))
    const given = await page.evaluate(() => [isSecureContext, "serviceWorker" in navigator])
    expect(given).toEqual([false, false])
    const lamp = page.getByRole("article").filter({ hasText: "calls itself “reading lamp”" })
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
    await ownWords(page)
  })

  it(
    "calls a silent device stale",
    {
      timeout: 60_000,
    },
    async () => {
      await pair(home.url)
      const card = page.getByRole("article").filter({ hasText: "calls itself “workbench”" })
      await card.getByText("Live", { exact: true }).waitFor()
      await home.devices.computer.session.close()
      await card.getByText("Not heard for 1").waitFor({ timeout: 25_000 })
      expect(await flaws(page)).toEqual([])
    },
  )

  it("asks the home again for a device that was left out", { timeout: 60_000 }, async () => {
    await page.goto(home.url)
    await connected(page)
    const words = await ownWords(page)
    await home.openPairing()
    await page.getByRole("button", { name: "Pair with the home" }).click()
    await home.accept(words)
    const computer = await candidate(page, home.devices.computer.words)
    await computer.getByRole("button", { name: "The words match" }).click()
    await computer.waitFor({ state: "detached" })
    await page.getByRole("button", { name: "Stop pairing" }).click()
    await visit(page, "This phone")
    await home.openPairing()
    await page.getByRole("button", { name: "Ask the home again" }).click()
    await page.getByRole("button", { name: "Ask again", exact: true }).click()
    await home.accept(words)
    const lamp = await candidate(page, home.devices.lamp.words)
    await lamp.getByRole("button", { name: "The words match" }).click()
    await lamp.waitFor({ state: "detached" })
    await visit(page, "Home")
    await page.getByRole("article").nth(1).waitFor()
  })
})
