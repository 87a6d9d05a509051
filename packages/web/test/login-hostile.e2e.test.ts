import { once } from "node:events"
import { connect } from "node:net"
import type { Browser, Page } from "playwright"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { launchChromium, missing } from "./fixture/chromium.ts"
import { CliHome, unbuilt } from "./fixture/cli-home.ts"
import { openLogin, result, rows } from "./fixture/login-page.ts"
import { flaws, shoot } from "./fixture/look.ts"
import { connected, visit } from "./fixture/phone-page.ts"

const obstacle = missing ?? unbuilt
if (obstacle) console.warn(`Hostile neighbours of logins were not tested: ${obstacle}`)

const password = "correct horse battery staple"
const markup = "<img/src=x/onerror=alert(1)>"
const forged = `✓ this page: Proven answer, status 200 \u202e${markup}\n`

/** What strangers write into the record, and other homes at the same address. */
describe.skipIf(obstacle !== null)("a hostile neighbourhood of logins", { timeout: 60_000 }, () => {
  const home = new CliHome()
  let other: CliHome | null = null
  const complaints: string[] = []
  const asked: string[] = []
  let browser: Browser | undefined
  let page: Page

  /** As a stranger in the network, who is bound by no browser. */
  async function strangerSends(head: readonly string[], body = ""): Promise<void> {
    const socket = connect(Number(new URL(home.page).port), "127.0.0.1")
    const bytes = Buffer.from(body)
    const fields = ["Host: 127.0.0.1", `Content-Length: ${bytes.length}`, "Connection: close"]
    const first = Buffer.from(`${[...head, ...fields].join("\r\n")}\r\n\r\n`, "latin1")
    socket.write(Buffer.concat([first, bytes]))
    socket.resume()
    await once(socket, "close")
  }

  async function register(at: CliHome, login: string): Promise<void> {
    at.press("i")
    const invitation = (await at.next("invitation"))["text"] as string
    await page.getByPlaceholder("stringphone:…").fill(invitation)
    await page.keyboard.press("Enter")
    await page.getByLabel("Login name").fill(login)
    await page.getByLabel("A new password").fill(password)
    await page.getByLabel("The same again").fill(password)
    await page.keyboard.press("Enter")
    await page.getByRole("heading", { name: `Logged in as ${login}` }).waitFor()
  }

  async function whoAmI(): Promise<string> {
    await page.getByRole("button", { name: "Who am I?" }).click()
    await result(page).locator("b.mono").waitFor()
    return result(page).innerText()
  }

  beforeAll(async () => {
    browser = await launchChromium()
    await home.start()
    page = await openLogin(browser, home.page, { width: 390, height: 844 }, complaints)
    page.on("request", (one) => asked.push(`${one.method()} ${new URL(one.url()).pathname}`))
    page.on("dialog", () => complaints.push("A script of a stranger ran."))
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await home.remove()
    await other?.remove()
  }, 30_000)

  it("is shown as text, in its place, and as nobody's of this page", async () => {
    await strangerSends([`POST /api/${"x".repeat(9_000)} HTTP/1.1`])
    await strangerSends([`POST /api/${markup} HTTP/1.1`, `X: ${markup} \xe2\x80\xae`], forged)
    const row = rows(page, `POST /api/${markup}`)
    await row.waitFor()
    const box = await rows(page, "POST /api/xxx").boundingBox()
    expect(box!.height).toBeLessThan(400)
    for (const one of await rows(page, "POST /api/").all()) {
      expect(await one.locator(".inside").innerText()).toBe("somebody else: no more is known")
      expect(await one.innerText()).not.toContain("✓")
    }
    await row.click()
    const body = page.getByRole("region", { name: "Body of the request" })
    expect(await body.innerText()).toContain(`\\u{202e}${markup}`)
    expect(await page.locator("img[src=x]").count()).toBe(0)
    await page.getByText("It is by another program").waitFor()
    expect(await flaws(page)).toEqual([])
    await shoot(page, "login-phone-light-8-hostile")
  })

  it("makes this page ask for nothing that a stranger may not", async () => {
    await strangerSends(["POST /api/../eavesdropper HTTP/1.1"], '{"do":"flip"}')
    await rows(page, "POST /api/../eavesdropper").click()
    asked.length = 0
    for (const name of ["Send it again", "Change one byte and send it"]) {
      await page.getByRole("button", { name }).click()
      await page.getByRole("status").getByText("A page can not send that as it was.").waitFor()
    }
    expect(asked).toEqual([])
  })

  it("can be another home at the same address, which is no login of this one", async () => {
    await register(home, "ann")
    await home.stop()
    other = new CliHome(["--port", new URL(home.page).port])
    await other.start()
    expect(other.page).toBe(home.page)
    await page.reload()
    await connected(page)
    await page.getByRole("radio", { name: "By invitation" }).waitFor()
    expect(await page.getByText("Logged in as").count()).toBe(0)
    await register(other, "bob")
    expect(await whoAmI()).toContain('"login": "bob"')
    await other.stop()

    await home.start()
    await page.reload()
    await connected(page)
    await page.getByRole("heading", { name: "Logged in as ann" }).waitFor()
    expect(await whoAmI()).toContain('"login": "ann"')
  })

  it("can take the home's place while a page is open, and proves nothing", async () => {
    await home.stop()
    await other!.start()
    await visit(page, "The wire")
    await visit(page, "Login")
    const said = await whoAmI()
    expect(said).not.toContain("Proven")
    expect(said).not.toContain("login")
    await page.getByRole("heading", { name: "Logged in as ann" }).waitFor()
    expect(await flaws(page)).toEqual([])
    await shoot(page, "login-phone-light-9-other-home")
    await other!.stop()
    await home.start()
    await connected(page)
    expect(await whoAmI()).toContain('"login": "ann"')
  })

  it("runs no script, and the browser complains of nothing", () => {
    expect(complaints).toEqual([])
  })
})
