import type { Browser, Page } from "playwright"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { launchChromium, missing } from "./fixture/chromium.ts"
import { CliHome, unbuilt } from "./fixture/cli-home.ts"
import { openLogin, overheard, result, rows, watchDrawn } from "./fixture/login-page.ts"
import { flaws, shoot } from "./fixture/look.ts"
import { connected, tabTo, visit } from "./fixture/phone-page.ts"

const obstacle = missing ?? unbuilt
if (obstacle) console.warn(`Logins were not tested in a browser: ${obstacle}`)

const password = "correct horse battery staple"
const nextPassword = "another horse entirely"

/** One story, told in order: a phone and a desk, over plain HTTP, with the home of `stringphone up`. */
describe.skipIf(obstacle !== null)("logins in the page", { timeout: 60_000 }, () => {
  const home = new CliHome(["--name", "phone.test"])
  const complaints: string[] = []
  const loaded: string[] = []
  let browser: Browser | undefined
  let invitation = ""
  let phone: Page
  let desk: Page

  const click = (page: Page, name: string): Promise<void> =>
    page.getByRole("button", { name, exact: true }).click()

  async function call(page: Page, button: string): Promise<string> {
    await click(page, button)
    await result(page).locator("b.mono").waitFor()
    return result(page).innerText()
  }

  async function lampShows(state: "on" | "off"): Promise<void> {
    const own = await phone.context().newPage()
    await own.goto(home.device("lamp").url)
    await own.locator(`main[data-state=${state}]`).waitFor()
    await own.close()
  }

  beforeAll(async () => {
    browser = await launchChromium(["--host-resolver-rules=MAP phone.test 127.0.0.1"])
    await home.start()
    // As in a local network: by a name and over plain HTTP, where browsers have no cryptography.
    const byName = home.page.replace("127.0.0.1", "phone.test")
    desk = await openLogin(browser, home.page, { width: 1280, height: 900, dark: true }, complaints)
    phone = await openLogin(browser, byName, { width: 390, height: 844 }, complaints)
    phone.on("request", (request) => loaded.push(new URL(request.url()).pathname))
  }, 60_000)

  afterEach(async ({ task }) => {
    if (task.result?.state !== "fail") return
    await shoot(phone, `failed-login-${task.name.slice(0, 30)}-phone`)
    await shoot(desk, `failed-login-${task.name.slice(0, 30)}-desk`)
  })

  afterAll(async () => {
    await browser?.close()
    await home.remove()
  }, 30_000)

  it("asks for an invitation, and says what is wrong with one", async () => {
    expect(await phone.evaluate(() => isSecureContext)).toBe(false)
    const field = phone.getByPlaceholder("stringphone:…")
    await field.fill("stringphone:login/AAAA")
    await phone.keyboard.press("Enter")
    await phone
      .getByRole("alert")
      .getByText(/invitation/)
      .waitFor()
    expect(await flaws(phone)).toEqual([])
    await shoot(phone, "login-phone-light-1-door")
    expect(await flaws(desk)).toEqual([])
    await shoot(desk, "login-desk-dark-1-door")
  })

  it("registers by an invitation of the home's terminal", async () => {
    home.press("i")
    invitation = (await home.next("invitation"))["text"] as string
    await phone.getByPlaceholder("stringphone:…").fill(invitation)
    await phone.keyboard.press("Enter")
    await phone.getByText("It brought the server’s key").waitFor()
    await phone.getByLabel("Login name").fill("ann")
    await phone.getByLabel("What this device is called").fill("Ann’s phone")
    await phone.getByLabel("A new password").fill(password)
    await phone.getByLabel("The same again").fill("correct horse battery stable")
    await phone.keyboard.press("Enter")
    await phone.getByRole("alert").getByText("are not the same").waitFor()
    expect(await flaws(phone)).toEqual([])
    await shoot(phone, "login-phone-light-2-register")
    await phone.getByLabel("A new password").fill(password)
    await phone.getByLabel("The same again").fill(password)
    const drawn = await watchDrawn(phone)
    await phone.keyboard.press("Enter")
    await phone.getByRole("heading", { name: "Logged in as ann" }).waitFor()
    expect(await drawn()).toEqual(["Asking", "Computing", "Finishing"])
    // The focus is not lost with the form.
    expect(await phone.evaluate(() => document.activeElement?.tagName)).toBe("H1")
    expect(await home.next("login")).toMatchObject({ what: "registered", login: "ann" })
    expect(await home.next("login")).toMatchObject({ what: "logged-in", device: "Ann’s phone" })
    await phone.getByText("switch", { exact: true }).waitFor()
  })

  it("reads and switches in sealed calls, of which nobody sees anything", async () => {
    const read = await call(phone, "Read the devices")
    expect(read).toContain("Proven")
    for (const text of ['"device": "lamp"', '"locked": true']) expect(read).toContain(text)
    expect(await call(phone, "Lamp on")).toContain('"on": true')
    await lampShows("on")
    await rows(phone, "this page: PUT /api/devices/lamp").click()
    const network = phone.getByRole("region", { name: "What the network sees", exact: true }).last()
    const you = phone.getByRole("region", { name: "What you see" })
    await you.getByText("Proven answer, status 200").waitFor()
    expect(await you.innerText()).toContain('{"on":true}')
    expect(await network.innerText()).toContain("POST /.stringphone/login HTTP/1.1")
    expect(await network.innerText()).not.toContain("/api/devices")
    expect(await flaws(phone)).toEqual([])
    await shoot(phone, "login-phone-light-3-sealed")
    const all = await overheard(phone)
    expect(all).toContain("ann")
    expect(all.length).toBeGreaterThan(3_000)
    for (const secret of [password, "/api/", "lamp", "Ann’s phone", '"on"']) {
      expect(all).not.toContain(secret)
    }
  })

  it("refuses what was recorded, and what was changed", async () => {
    await click(phone, "Send it again")
    await phone.getByText("200 used", { exact: true }).waitFor()
    await phone.getByText("Each has a number, and none counts twice.").waitFor()
    await click(phone, "Change one byte and send it")
    await phone.getByText("200 denied", { exact: true }).waitFor()
    await rows(phone, "this page played an attacker").first().waitFor()
    expect(await flaws(phone)).toEqual([])
    await shoot(phone, "login-phone-light-4-attacked")
    await rows(phone, "A login begins").last().click()
    await click(phone, "Send it again")
    await phone.getByText("one more login that begins").waitFor()
  })

  it("signs in the open, what nobody can repeat either", async () => {
    await phone.getByRole("radio", { name: "Signed" }).check()
    expect(await call(phone, "Who am I?")).toContain('"mode": "signed"')
    expect(await call(phone, "Lamp off")).toContain('"on": false')
    await rows(phone, "PUT /api/devices/lamp").filter({ hasText: "A signed call" }).click()
    const network = phone.getByRole("region", { name: "What the network sees", exact: true }).last()
    expect(await network.innerText()).toContain('{"on":false}')
    await click(phone, "Send it again")
    await phone.getByText("401 used", { exact: true }).waitFor()
    await click(phone, "Change one byte and send it")
    await phone.getByText(/^40\d (denied|malformed)$/).waitFor()
    await lampShows("off")
    await shoot(phone, "login-phone-light-5-signed")
    expect(await call(phone, "Call without a login")).toContain("Refused: “unprotected”")
    await rows(phone, "this page, without a login").first().waitFor()
  })

  it("lets nobody register by an invitation that was used", async () => {
    await desk.getByPlaceholder("stringphone:…").fill(invitation)
    await desk.keyboard.press("Enter")
    await desk.getByLabel("Login name").fill("eve")
    await desk.getByLabel("A new password").fill(password)
    await desk.getByLabel("The same again").fill(password)
    await desk.keyboard.press("Enter")
    await desk.getByRole("alert").getByText("this invitation was used already").waitFor()
    expect(await flaws(desk)).toEqual([])
  })

  it("logs another device in by the password, when its server was compared", async () => {
    await desk.getByRole("radio", { name: "By password" }).check()
    const logIn = async (typed: string): Promise<void> => {
      await desk.getByLabel("Login name").fill("ann")
      await desk.getByRole("textbox", { name: "Password" }).fill(typed)
      await desk.keyboard.press("Enter")
      await desk.getByRole("heading", { name: "Is this the server?" }).waitFor()
    }
    await logIn("a wrong one")
    const items = await desk
      .getByRole("list", { name: /eight words/ })
      .locator("li")
      .allInnerTexts()
    expect(items.map((text) => text.replace(/[^a-z]/g, "")).join(" ")).toBe(home.login?.words)
    expect(await flaws(desk)).toEqual([])
    await shoot(desk, "login-desk-dark-2-compare")
    await click(desk, "They are different")
    await desk.getByRole("alert").getByText("was not confirmed").waitFor()
    await logIn("a wrong one")
    await click(desk, "They are the same")
    await desk
      .getByRole("alert")
      .getByText(/password/)
      .waitFor()
    await logIn(password)
    await click(desk, "They are the same")
    await desk.getByRole("heading", { name: "Logged in as ann" }).waitFor()
    await call(desk, "Read the devices")
    await rows(desk, "this page: GET /api/devices").click()
    await click(desk, "Send it again")
    await desk.getByText("200 used", { exact: true }).waitFor()
    expect(await flaws(desk)).toEqual([])
    await shoot(desk, "login-desk-dark-3-session")
  })

  it("revokes it, and it notices", async () => {
    await click(phone, "Show my devices")
    await phone.getByText("this one", { exact: true }).waitFor()
    expect(await flaws(phone)).toEqual([])
    await shoot(phone, "login-phone-light-6-devices")
    await phone.getByRole("button", { name: /^Revoke/ }).click()
    await phone.getByRole("dialog").getByRole("button", { name: "Revoke" }).click()
    await phone.getByRole("status").getByText("is logged out.").waitFor()
    await click(desk, "Read the devices")
    await desk.getByRole("alert").getByText("This session has ended. Log in again.").waitFor()
    expect(await desk.getByLabel("Login name").inputValue()).toBe("ann")
    expect(await flaws(desk)).toEqual([])
    await shoot(desk, "login-desk-dark-4-revoked")
  })

  it("is used by keys alone, and shows everything once", async () => {
    const all = await phone.getByRole("button", { name: /^Show all/ }).innerText()
    const count = Number(all.replace(/\D/g, ""))
    expect(count).toBeGreaterThan(20)
    await visit(phone, "The wire")
    await visit(phone, "Login")
    await tabTo(phone, phone.getByRole("button", { name: "Log out" }))
    await tabTo(phone, rows(phone, "").first())
    await phone.keyboard.press("Enter")
    await tabTo(phone, phone.getByRole("button", { name: "Send it again" }))
    await phone.keyboard.press("Enter")
    await phone.getByText(/^200 used$/).waitFor()
    await click(phone, `Show all ${count + 1}`)
  })

  it("reads well in the dark, and on a desk in the light", async () => {
    await phone.emulateMedia({ colorScheme: "dark" })
    // Colours take a frame to change, and the old ones are read.
    await expect.poll(() => flaws(phone)).toEqual([])
    await shoot(phone, "login-phone-dark-7-open")
    await phone.emulateMedia({ colorScheme: "light" })
    await phone.setViewportSize({ width: 1280, height: 900 })
    await expect.poll(() => flaws(phone)).toEqual([])
    await shoot(phone, "login-desk-light-7-open")
    await phone.setViewportSize({ width: 390, height: 844 })
  })

  it("says that the home is away, and goes on when it is back", async () => {
    await home.stop()
    expect(await call(phone, "Who am I?")).toContain("does not answer")
    expect(await call(phone, "Call without a login")).toContain("does not answer")
    await click(phone, "Log out")
    await phone.getByRole("alert").getByText("does not answer").waitFor()
    await phone.getByRole("button", { name: "Forget it on this phone alone…" }).click()
    await phone.getByRole("dialog").getByRole("button", { name: "Cancel" }).click()
    expect(await flaws(phone)).toEqual([])
    await home.start()
    await connected(phone)
    expect(await call(phone, "Who am I?")).toContain('"mode": "sealed"')
    await rows(phone, "this page: GET /api/me").first().waitFor()
  })

  it("keeps the session where the keys are: sealed with them", async () => {
    await visit(phone, "This phone")
    await phone.getByLabel("Passphrase", { exact: true }).fill("two cans")
    await phone.getByLabel("The same again").fill("two cans")
    await click(phone, "Seal this phone")
    await phone.getByText("Sealed. The passphrase is asked").waitFor()
    await visit(phone, "Login")
    await phone.getByText("sealed with your passphrase").waitFor()
    await visit(phone, "This phone")
    loaded.length = 0
    await phone.reload()
    await phone.getByLabel("Passphrase").fill("two cans")
    await phone.keyboard.press("Enter")
    await connected(phone)
    // What logins need comes when it is needed, not with the page.
    const engine = /^\/assets\/(engine|LoginPane)-.*\.js$/
    expect(loaded.filter((path) => engine.test(path))).toEqual([])
    await visit(phone, "Login")
    await phone.getByRole("heading", { name: "Logged in as ann" }).waitFor()
    expect(loaded.filter((path) => engine.test(path))).toHaveLength(2)
    await visit(phone, "This phone")
    await click(phone, "Take the seal away")
    await phone.getByText("Not sealed any more.").waitFor()
    await visit(phone, "Login")
  })

  it("is still logged in when opened again, and forgets when told to", async () => {
    await phone.reload()
    await phone.getByRole("heading", { name: "Logged in as ann" }).waitFor()
    expect(await call(phone, "Who am I?")).toContain('"mode": "sealed"')
    await phone.getByText("Change the password").click()
    await phone.getByLabel("The password until now").fill(password)
    await phone.getByLabel("Another password").fill(nextPassword)
    await phone.getByLabel("The same again").fill(nextPassword)
    await click(phone, "Change it")
    await phone.getByText("Changed. All devices stay logged in.").waitFor()
    await click(phone, "Log out")
    await phone.getByRole("radio", { name: "By invitation" }).waitFor()
    await phone.reload()
    await phone.getByRole("radio", { name: "By invitation" }).waitFor()
  })

  it("fits on a narrow phone, in the dark and in between", async () => {
    await phone.emulateMedia({ colorScheme: "dark" })
    for (const width of [360, 720, 1080]) {
      await phone.setViewportSize({ width, height: 740 })
      await expect.poll(() => flaws(phone)).toEqual([])
      const links = phone.getByRole("navigation").getByRole("link")
      const titles = phone.getByRole("navigation").locator(".title")
      expect(await links.count()).toBe(8)
      for (let i = 0; i < 8; i++) {
        const [link, title] = [await links.nth(i).boundingBox(), await titles.nth(i).boundingBox()]
        expect(link!.height).toBeGreaterThanOrEqual(44)
        expect(title!.width).toBeLessThanOrEqual(link!.width)
      }
      await shoot(phone, `login-dark-${width}`)
    }
  })

  it("complains of nothing in the browser's console", () => {
    expect(complaints).toEqual([])
  })
})
