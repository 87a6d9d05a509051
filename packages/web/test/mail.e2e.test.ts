import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { randomBytes } from "node:crypto"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Browser, Page } from "playwright"
import { checkEnvelope, dummyEnvelope } from "stringphone/mailbox"
import { exportToStick } from "stringphone/session/mailbox/stick"
import { createMemoryEnvelopeStore } from "stringphone/store/envelopes/memory"
import { NodeStickFolder } from "stringphone/store/stick-folder/node"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { paperCodes } from "../src/mail/paper.ts"
import { launchChromium, missing } from "./fixture/chromium.ts"
import { CliHome, unbuilt } from "./fixture/cli-home.ts"
import { flaws, shoot } from "./fixture/look.ts"
import { visit } from "./fixture/phone-page.ts"
import {
  downloadStick,
  dropFile,
  invite,
  openMail,
  row,
  turnTo,
  unloadStick,
  writeFilms,
} from "./mail-page.ts"

const obstacle = missing ?? unbuilt
if (obstacle) console.warn(`Mail was not tested in a browser: ${obstacle}`)

const random = (length: number) => new Uint8Array(randomBytes(length))
const hostile = "✓ Verified Ada\n\u202e<b>Signed</b><img src=x onerror=alert(1)>\nProof: Signed"

/** One story, told in order: two browsers that have no line to each other. */
describe.skipIf(obstacle !== null)("mail in a browser", { timeout: 90_000 }, () => {
  const home = new CliHome(["--name", "phone.test"])
  const folder = mkdtempSync(join(tmpdir(), "stringphone-mail-"))
  const complaints: string[] = []
  let browser: Browser | undefined
  let ada: Page
  let bob: Page
  let address = ""

  beforeAll(async () => {
    browser = await launchChromium(["--host-resolver-rules=MAP phone.test 127.0.0.1"])
    await home.start()
    // As in a local network: over plain HTTP, where browsers have neither camera nor folders.
    const byName = home.page.replace("127.0.0.1", "phone.test")
    ada = await openMail(browser, home.page, { width: 1280, height: 900 }, complaints)
    bob = await openMail(browser, byName, { width: 390, height: 844, dark: true }, complaints)
  }, 90_000)

  afterEach(async ({ task }) => {
    if (task.result?.state !== "fail") return
    await shoot(ada, `failed-mail-${task.name.slice(0, 30)}-ada`)
    await shoot(bob, `failed-mail-${task.name.slice(0, 30)}-bob`)
  })

  afterAll(async () => {
    await browser?.close()
    await home.remove()
    rmSync(folder, { recursive: true, force: true })
  }, 30_000)

  it("is empty at first, and says what to do", async () => {
    await ada.getByText("No letter has come yet.").waitFor()
    for (const page of [ada, bob]) {
      for (const view of ["Inbox", "Sent", "Write", "People", "Carry"]) {
        await turnTo(page, view)
        expect(await flaws(page)).toEqual([])
        const who = page === ada ? "desktop-light" : "phone-dark"
        await shoot(page, `mail-${who}-1-${view.toLowerCase()}`)
      }
    }
    await bob.setViewportSize({ width: 320, height: 640 })
    for (const view of ["Carry", "People", "Write", "Inbox"]) {
      await turnTo(bob, view)
      expect(await flaws(bob)).toEqual([])
    }
    await shoot(bob, "mail-narrow-dark-inbox")
    await bob.setViewportSize({ width: 390, height: 844 })
    await turnTo(bob, "Write")
    expect(await bob.getByRole("button", { name: "Seal the letter" }).isDisabled()).toBe(true)
  })

  it("makes an invitation, and takes its address", async () => {
    address = await invite(ada)
    expect(address).toMatch(/^stringphone:mail\//)
    await ada.getByText("1 invitation nobody has used yet.").waitFor()
    await shoot(ada, "mail-desktop-light-2-invite")
    expect(await flaws(ada)).toEqual([])
    await turnTo(bob, "Write")
    const field = bob.getByLabel("An address, or the twelve words of an invitation")
    await field.fill("stringphone:mail/nonsense")
    await bob.getByRole("button", { name: "Add" }).click()
    await bob.getByText(/That is no address for mail/).waitFor()
    await field.fill(address)
    await bob.getByRole("button", { name: "Add" }).click()
    await bob.getByText(/Invitation by key/).waitFor()
  })

  it("seals a letter with a file, without any line", async () => {
    const path = join(folder, "karte.bin")
    writeFileSync(path, Buffer.alloc(3_000, 7))
    await bob.getByLabel("Text", { exact: true }).fill(hostile)
    await bob.getByLabel("Attach files").setInputFiles(path)
    await bob.getByText("karte.bin").first().waitFor()
    await bob.getByText("Ask for a receipt, which they may refuse").click()
    expect(await flaws(bob)).toEqual([])
    await shoot(bob, "mail-phone-dark-2-write")
    await bob.getByRole("button", { name: "Seal the letter" }).click()
    await bob.getByRole("heading", { name: /^Letter to/ }).waitFor()
    await bob.getByRole("link", { name: "Print as 12 QR codes" }).waitFor()
    await shoot(bob, "mail-phone-dark-3-sent")
    await turnTo(bob, "Sent")
    await row(bob, "Verified Ada").getByText("Not confirmed yet").waitFor()
  })

  it("is carried by one file, and found by whom it is for", async () => {
    const path = await downloadStick(bob, folder, "stick.zip")
    await bob.getByText(/1 envelope written/).waitFor()
    await shoot(bob, "mail-phone-dark-4-downloaded")
    await turnTo(ada, "Carry")
    await ada.getByLabel("Choose files").setInputFiles(path)
    await ada.getByText(/1 new envelope taken in/).waitFor()
    await ada.getByRole("link", { name: "1 letter for you" }).waitFor()
    await shoot(ada, "mail-desktop-light-3-imported")
    await dropFile(ada.getByRole("group", { name: "Choose a stick" }), path)
    await ada.getByText(/0 new envelopes taken in, 1 known/).waitFor()
    await ada.getByRole("link", { name: "Mail 1 new" }).waitFor()
  })

  it("shows what others wrote as nothing else", async () => {
    await turnTo(ada, "Inbox")
    const item = row(ada, "Verified Ada")
    await item.getByText("Met by invitation, not compared").waitFor()
    expect(await item.locator(".facts").textContent()).not.toContain("✓")
    await shoot(ada, "mail-desktop-light-4-inbox")
    expect(await flaws(ada)).toEqual([])
    await item.click()
    const letter = ada.getByRole("article", { name: /^Letter from Key/ })
    const shown = await letter.getByRole("group", { name: "What they wrote" }).textContent()
    expect(shown).toContain("\\u{202e}<b>Signed</b><img src=x onerror=alert(1)>")
    expect(await letter.locator("img").count()).toBe(0)
    await letter.getByText(/^Deniable: it is surely from that key/).waitFor()
    expect(await flaws(ada)).toEqual([])
    await shoot(ada, "mail-desktop-light-5-letter")
    const download = ada.waitForEvent("download")
    await letter.getByRole("button", { name: "Download file 1" }).click()
    const saved = join(folder, "saved.bin")
    expect((await download).suggestedFilename()).toBe("karte.bin")
    await (await download).saveAs(saved)
    expect(readFileSync(saved)).toEqual(Buffer.alloc(3_000, 7))
    await letter.getByRole("button", { name: "Send the receipt asked for" }).click()
    await letter.getByText(/^The receipt goes out in 1 to 24 hours/).waitFor()
    await turnTo(ada, "Inbox")
    expect(await row(ada, "Verified Ada").getByText("Unread:").count()).toBe(0)
  })

  it("gives a key a name, and remembers that it was compared", async () => {
    await turnTo(ada, "People")
    await ada.getByRole("button", { name: "Name or compare…" }).click()
    await ada.getByLabel("Your name for them").fill("Bob")
    await ada.getByLabel("I compared the words, and they are the same").check()
    await shoot(ada, "mail-desktop-light-6-compare")
    await ada.getByRole("dialog").getByRole("button", { name: "Keep" }).click()
    await ada.getByRole("listitem", { name: "Bob" }).getByText("Verified").waitFor()
    expect(await flaws(ada)).toEqual([])
    await shoot(ada, "mail-desktop-light-7-people")
  })

  it("is answered onto a folder, and read from one", async () => {
    await turnTo(ada, "Inbox")
    await row(ada, "Verified Ada").click()
    await ada.getByRole("button", { name: "Answer" }).click()
    await ada.getByRole("heading", { name: "An answer" }).waitFor()
    await ada.getByLabel("Text", { exact: true }).fill("Your map came. Signed this time.")
    await ada.getByLabel("Proof of who wrote it").selectOption("signed")
    await shoot(ada, "mail-desktop-light-8-answer")
    await ada.getByRole("button", { name: "Seal the letter" }).click()
    await ada.getByRole("heading", { name: "Letter to Bob" }).waitFor()
    await turnTo(ada, "Carry")
    await ada.getByRole("button", { name: "Choose its folder" }).click()
    await ada.getByRole("button", { name: "Write what is missing on it" }).click()
    await ada.getByText(/2 envelopes written/).waitFor()
    await ada.getByText("Eject it before you unplug it.").waitFor()
    await shoot(ada, "mail-desktop-light-9-exported")
    await ada.getByRole("button", { name: "Write what is missing on it" }).click()
    await ada.getByText(/0 envelopes written .*, 2 had been there/).waitFor()
    const stick = join(folder, "stick")
    await unloadStick(ada, stick)
    await turnTo(bob, "Carry")
    await bob.getByLabel("Choose its folder").setInputFiles(stick)
    await bob.getByText(/1 new envelope taken in, 1 known/).waitFor()
    await turnTo(bob, "Inbox")
    await row(bob, "Your map came").getByText("Signed", { exact: true }).waitFor()
    await shoot(bob, "mail-phone-dark-5-inbox")
    await row(bob, "Your map came").click()
    await bob.getByText("a letter of yours").waitFor()
    expect(await flaws(bob)).toEqual([])
    await shoot(bob, "mail-phone-dark-6-letter")
  })

  it("is carried on paper", async () => {
    await bob.getByRole("button", { name: "Answer" }).click()
    await bob.getByLabel("Text", { exact: true }).fill("Short enough for paper")
    await bob.getByRole("button", { name: "Seal the letter" }).click()
    await bob.getByRole("link", { name: "Print as 3 QR codes" }).click()
    await bob.getByRole("img", { name: "QR code 3 of 3" }).waitFor()
    expect(await flaws(bob)).toEqual([])
    await shoot(bob, "mail-phone-dark-7-paper")
    await bob.emulateMedia({ media: "print" })
    const sheet = bob.getByRole("region", { name: "Sheet to print" })
    expect(await sheet.isVisible()).toBe(true)
    expect(await bob.getByRole("button", { name: "Print" }).count()).toBe(0)
    expect(await sheet.textContent()).not.toMatch(/Ada|Bob|[0-9a-f]{8}/)
    await shoot(bob, "mail-paper-print")
    await bob.emulateMedia({ media: "screen" })
    await bob.getByText("The same as text").click()
    const text = (await bob.locator("pre").textContent()) ?? ""
    const codes = text.split("\n")
    expect(codes).toHaveLength(3)
    await bob.getByRole("link", { name: "Back to the letter" }).click()
    await turnTo(ada, "Carry")
    const field = ada.getByLabel("Or paste what the codes say")
    const read = ada.getByRole("button", { name: "Read these codes" })
    await field.fill("https://example.org/")
    await read.click()
    await ada.getByText("That is no code of a letter.").waitFor()
    await field.fill(codes[1] ?? "")
    await read.click()
    await ada.getByText("1 of 3 codes").waitFor()
    await shoot(ada, "mail-desktop-light-10-paper")
    await field.fill(`Found on a wall:\n${codes[2]!.toLowerCase()}\n${codes[0]!}`)
    await read.click()
    await ada.getByText(/^A whole envelope was taken in/).waitFor()
    await turnTo(ada, "Inbox")
    await row(ada, "Short enough for paper").getByText("Verified", { exact: false }).waitFor()
  })

  it("finds an invitation by twelve words", async () => {
    await turnTo(ada, "People")
    await ada.getByText("Also as twelve words").click()
    await ada.getByRole("button", { name: "Make an invitation" }).click()
    const list = ada.getByRole("list", { name: "Twelve words of the invitation" })
    await list.waitFor()
    await shoot(ada, "mail-desktop-light-11-words")
    const items = await list.locator("li").allTextContents()
    const words = items.map((item) => item.replace(/[^a-z]/g, "")).join(" ")
    await turnTo(bob, "Write")
    const field = bob.getByLabel("An address, or the twelve words of an invitation")
    await field.fill(words)
    await bob.getByRole("button", { name: "Add" }).click()
    await bob.getByText(/has not come to this browser yet/).waitFor()
    const path = await downloadStick(ada, folder, "words.zip")
    await turnTo(bob, "Carry")
    await bob.getByLabel("Choose files").setInputFiles(path)
    await bob.getByText(/1 new envelope taken in/).waitFor()
    await turnTo(bob, "Write")
    await bob.getByLabel("An address, or the twelve words of an invitation").fill(words)
    await bob.getByRole("button", { name: "Add" }).click()
    await bob.getByText(/Invitation by key/).waitFor()
  })

  it("says what is wrong with what was chosen, and keeps what it has", async () => {
    const path = join(folder, "letter.zip")
    writeFileSync(path, "no archive at all, and long enough to be looked at")
    await turnTo(bob, "Carry")
    await bob.getByLabel("Choose files").setInputFiles(path)
    await bob.getByText(/packed by another program/).waitFor()
    const empty = join(folder, "empty.mail")
    writeFileSync(empty, "x")
    await bob.getByLabel("Choose files").setInputFiles(empty)
    await bob.getByText(/There is no mail in what you chose/).waitFor()
    const stick = join(folder, "stick")
    const named = (ending: string) => readdirSync(stick).find((name) => name.endsWith(ending)) ?? ""
    await bob.getByLabel("Choose files").setInputFiles(join(stick, named(".mail")))
    await bob.getByText(/The key of the stick is not among/).waitFor()
    const damaged = readFileSync(join(stick, named(".mail")))
    damaged[2_000] = (damaged[2_000] ?? 0) ^ 1
    mkdirSync(join(folder, "damaged"))
    writeFileSync(join(folder, "damaged", named(".mail")), damaged)
    copyFileSync(join(stick, named(".key")), join(folder, "damaged", named(".key")))
    await bob.getByLabel("Choose its folder").setInputFiles(join(folder, "damaged"))
    await bob.getByText(/1 file could not be read\. No key on the stick opens this mail/).waitFor()
    expect(await flaws(bob)).toEqual([])
    await shoot(bob, "mail-phone-dark-8-junk")
  })

  it("asks for the passphrase of a stick that has one", async () => {
    const sealed = join(folder, "sealed")
    mkdirSync(sealed)
    const store = createMemoryEnvelopeStore()
    const today = Math.floor(Date.now() / 86_400_000)
    const bytes = dummyEnvelope({ slotCount: 1, size: 1_024 }, today - 1, random)
    const facts = { stamp: new Uint8Array(8), stampBits: 0, link: "own" }
    await store.add([{ ...facts, ...checkEnvelope(bytes)!, bytes }])
    await exportToStick({
      folder: new NodeStickFolder(sealed),
      store,
      check: checkEnvelope,
      today: today - 2,
      passphrase: "two cans",
      stretchCost: { passes: 1, memoryKib: 8 },
    })
    await bob.getByLabel("Choose its folder").setInputFiles(sealed)
    await bob.getByText("The stick is sealed. Give its passphrase.").waitFor()
    const field = bob.getByLabel("Passphrase of the stick")
    await field.fill("one can")
    await field.press("Enter")
    await bob.getByText(/The passphrase does not open this stick/).waitFor()
    await shoot(bob, "mail-phone-dark-8-sealed")
    await field.fill("two cans")
    await field.press("Enter")
    await bob.getByText(/0 new envelopes taken in, 1 expired/).waitFor()
  })

  it("opens and closes a public address", async () => {
    await turnTo(bob, "People")
    await bob.getByRole("button", { name: "Open a public address" }).click()
    await bob.getByRole("img", { name: "QR code of your public address" }).waitFor()
    expect(await flaws(bob)).toEqual([])
    await shoot(bob, "mail-phone-dark-9-public")
    await bob.reload()
    await bob.getByRole("img", { name: "QR code of your public address" }).waitFor()
    await bob.getByRole("button", { name: "Close it" }).click()
    await bob.getByRole("button", { name: "Open a public address" }).waitFor()
  })

  it("keeps a letter for which there is no room, and writes it once", async () => {
    await turnTo(bob, "Write")
    await bob.getByRole("checkbox", { name: /Key [0-9a-f]{16}/ }).check()
    await bob.getByLabel("Text", { exact: true }).fill("In spite of the full disk")
    await bob.evaluate(fillDisk)
    await bob.getByRole("button", { name: "Seal the letter" }).click()
    await bob.getByText(/^What you wrote is kept, and waits/).waitFor()
    await bob.getByRole("heading", { name: /^Letter to/ }).waitFor()
    expect(await flaws(bob)).toEqual([])
    await shoot(bob, "mail-phone-dark-10-full")
    await turnTo(bob, "Carry")
    await bob.getByText(/^4 envelopes here/).waitFor()
    await bob.reload()
    await bob.getByText(/^5 envelopes here/).waitFor()
  })

  it("keeps everything when the page is loaded again", async () => {
    for (const page of [ada, bob]) await page.reload()
    await visit(ada, "Mail")
    await turnTo(ada, "Inbox")
    await row(ada, "Short enough for paper").waitFor()
    await row(ada, "Verified Ada").waitFor()
    await ada.getByText("4 envelopes").first().waitFor()
    await turnTo(bob, "Sent")
    await row(bob, "In spite of the full disk").waitFor()
    await row(bob, "Short enough for paper").click()
    await bob.getByRole("link", { name: "Print as 3 QR codes" }).waitFor()
    await bob.getByRole("button", { name: "Delete…" }).click()
    await bob.getByRole("dialog").getByRole("button", { name: "Delete" }).click()
    await bob.getByRole("heading", { name: "Letters of yours" }).waitFor()
    expect(await row(bob, "Short enough for paper").count()).toBe(0)
  })

  it("caused no complaint of the browser", () => {
    expect(complaints).toEqual([])
  })
})

/** From now on, until the page is loaded again, the browser has no room for envelopes. */
function fillDisk(): void {
  IDBObjectStore.prototype.put = IDBObjectStore.prototype.add = new Proxy(
    IDBObjectStore.prototype.put,
    {
      apply(put, store: IDBObjectStore, values: [unknown]): IDBRequest<IDBValidKey> {
        if (store.transaction.db.name !== "stringphone mail") return put.apply(store, values)
        throw new DOMException("no room", "QuotaExceededError")
      },
    },
  )
}

describe.skipIf(obstacle !== null)("mail on paper, before a camera", { timeout: 120_000 }, () => {
  const home = new CliHome()
  const folder = mkdtempSync(join(tmpdir(), "stringphone-paper-"))
  const complaints: string[] = []
  let browser: Browser | undefined
  let page: Page

  beforeAll(async () => {
    const day = Math.floor(Date.now() / 86_400_000) + 7
    const film = join(folder, "codes.y4m")
    writeFilms(film, paperCodes(dummyEnvelope({ slotCount: 1, size: 1_024 }, day, random)))
    browser = await launchChromium([
      "--use-fake-device-for-media-stream",
      `--use-file-for-fake-video-capture=${film}`,
    ])
    await home.start()
    page = await openMail(browser, home.page, { width: 390, height: 844 }, complaints)
    await page.context().grantPermissions(["camera"])
  }, 90_000)

  afterAll(async () => {
    await browser?.close()
    await home.remove()
    rmSync(folder, { recursive: true, force: true })
  }, 30_000)

  it("is taken in, code by code", async () => {
    await turnTo(page, "Carry")
    await page.getByRole("button", { name: "Scan with the camera" }).click()
    await page.getByText(/^A whole envelope was taken in/).waitFor({ timeout: 90_000 })
    await shoot(page, "mail-phone-light-1-camera")
    await page.getByText(/^1 envelope here/).waitFor()
    await page.getByRole("button", { name: "Stop the camera" }).click()
    expect(complaints).toEqual([])
  })

  it("says when the mailbox can not be opened, and opens it when it can", async () => {
    await page.addInitScript(() => {
      const open = indexedDB.open.bind(indexedDB)
      indexedDB.open = (name, version) => {
        const isBroken = name === "stringphone mail" && !("isMended" in globalThis)
        if (isBroken) throw new DOMException("broken", "UnknownError")
        return open(name, version)
      }
    })
    await page.reload()
    await page.getByText(/^The mailbox did not open./).waitFor()
    expect(await flaws(page)).toEqual([])
    await shoot(page, "mail-phone-light-2-failed")
    await page.evaluate(() => Object.assign(globalThis, { isMended: true }))
    await page.getByRole("button", { name: "Try again" }).click()
    await page.getByText(/^1 envelope here/).waitFor()
  })
})
