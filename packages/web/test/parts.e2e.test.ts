import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Browser, Page } from "playwright"
import { decodeQR } from "qr/decode.js"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { writeFilm } from "./fixture/camera-film.ts"
import { launchChromium, missing } from "./fixture/chromium.ts"
import { flaws, shoot } from "./fixture/look.ts"
import { type PartsPage, servePartsPage } from "./fixture/parts-page.ts"

const short = "stringphone:pair?v=1&k=pQ3kq0vZr1mM2h7bq9xJwA"
const long = `${short}&n=`.padEnd(250, "AbCdEf0123456789_-~.")
const place = "--host-resolver-rules=MAP phone.test 127.0.0.1"

/** What the page under test is made to remember; and what its browser is said to have. */
interface Watched {
  readonly streams: MediaStream[]
  BarcodeDetector?: unknown
}

describe.skipIf(missing !== null)("the parts that show and read codes", () => {
  const folder = mkdtempSync(join(tmpdir(), "stringphone-film-"))
  const complaints: string[] = []
  let server: PartsPage
  let browser: Browser | undefined
  let page: Page

  beforeAll(async () => {
    server = await servePartsPage()
  }, 60_000)

  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") await shoot(page, `failed-${task.name.slice(0, 40)}`)
    await page.context().close()
    expect(complaints.splice(0)).toEqual([])
  })

  afterAll(async () => {
    await browser?.close()
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** One browser at a time: which camera it has is decided when it starts. */
  function withCamera(...flags: readonly string[]): void {
    beforeAll(async () => {
      await browser?.close()
      browser = await launchChromium([place, ...flags])
    }, 30_000)
  }

  interface Visit {
    query: string
    dark?: boolean
    wide?: boolean
    allow?: readonly string[]
    insecure?: boolean
    before?: () => void
  }

  async function open(visit: Visit): Promise<void> {
    if (!browser) throw new Error("Chromium did not start.")
    const context = await browser.newContext({
      viewport: visit.wide ? { width: 1100, height: 700 } : { width: 390, height: 844 },
      colorScheme: visit.dark ? "dark" : "light",
      reducedMotion: "reduce",
    })
    context.setDefaultTimeout(15_000)
    // Who is allowed nothing has to be refused, not asked: nobody would answer.
    await context.grantPermissions([...(visit.allow ?? ["geolocation"])])
    await context.addInitScript(() => {
      const streams: MediaStream[] = []
      Object.assign(globalThis, { streams })
      const devices = navigator.mediaDevices as MediaDevices | undefined
      if (!devices) return
      const ask = devices.getUserMedia.bind(devices)
      devices.getUserMedia = async (wanted) => {
        const stream = await ask(wanted)
        streams.push(stream)
        return stream
      }
    })
    if (visit.before) await context.addInitScript(visit.before)
    page = await context.newPage()
    page.on("pageerror", (error) => complaints.push(error.stack ?? error.message))
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text())
    })
    await page.goto((visit.insecure ? server.insecureUrl : server.url) + visit.query)
  }

  async function codes(): Promise<unknown> {
    return JSON.parse((await page.locator("output").textContent()) ?? "")
  }

  /** The state of every track that was ever opened. */
  function tracks(): Promise<readonly string[]> {
    return page.evaluate(() =>
      (globalThis as unknown as Watched).streams.flatMap((stream) =>
        stream.getTracks().map((track) => track.readyState),
      ),
    )
  }

  async function start(): Promise<void> {
    await page.getByRole("button", { name: "Scan with the camera" }).click()
  }

  async function failure(): Promise<string> {
    return await page.getByRole("alert").innerText()
  }

  /** Soon: where motion is reduced, colours take one frame to change, and the old ones are read. */
  async function expectNoFlaws(): Promise<void> {
    await expect.poll(() => flaws(page), { timeout: 2_000 }).toEqual([])
  }

  describe("with a code in front of the camera", () => {
    const film = join(folder, "code.y4m")
    writeFilm(film, long)
    withCamera("--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${film}`)

    it("scans it, and switches the camera off", { timeout: 30_000 }, async () => {
      const loaded: string[] = []
      await open({
        query: "?scan",
        allow: ["camera"],
        // On some systems Chromium has a reader of its own.
        before: () => {
          delete (globalThis as unknown as Watched).BarcodeDetector
        },
      })
      page.on("request", (request) => loaded.push(new URL(request.url()).pathname))
      await start()
      await page.getByText("A code was read.").waitFor()
      expect(await codes()).toEqual([long])
      expect(await tracks()).toEqual(["ended"])
      expect(await page.getByRole("button", { name: "Stop the camera" }).count()).toBe(0)
      // The library's reader came when it was needed, not with the page.
      expect(loaded).toEqual([expect.stringMatching(/^\/assets\/decode-.*\.js$/)])
    })

    it("scans again, as often as one likes", { timeout: 30_000 }, async () => {
      await open({ query: "?scan", allow: ["camera"] })
      for (let times = 1; times <= 2; times++) {
        await start()
        await expect.poll(codes, { timeout: 10_000 }).toEqual(Array(times).fill(long))
      }
      expect(await tracks()).toEqual(["ended", "ended"])
    })

    it("takes the browser's own reader where there is one", { timeout: 30_000 }, async () => {
      await open({
        query: "?scan",
        allow: ["camera"],
        before: () => {
          ;(globalThis as unknown as Watched).BarcodeDetector = class {
            static getSupportedFormats = async () => ["ean_13", "qr_code"]
            detect = async () => [{ rawValue: "no code of ours" }]
          }
        },
      })
      await start()
      expect(await failure()).toBe("This is no code of String phone.")
      expect(await page.getByRole("textbox").inputValue()).toBe("no code of ours")
      expect(await tracks()).toEqual(["ended"])
    })

    it.each([
      ["knows no QR codes", "formats"],
      ["fails when it is used", "use"],
    ])("takes the library's where the browser's own %s", { timeout: 30_000 }, async (_, lack) => {
      await open({
        query: "?scan",
        allow: ["camera"],
        before:
          lack === "formats"
            ? () => {
                ;(globalThis as unknown as Watched).BarcodeDetector = class {
                  static getSupportedFormats = async () => ["ean_13"]
                  detect = async () => [{ rawValue: "wrong" }]
                }
              }
            : () => {
                ;(globalThis as unknown as Watched).BarcodeDetector = class {
                  static getSupportedFormats = async () => ["qr_code"]
                  detect = () => Promise.reject(new DOMException("none", "NotSupportedError"))
                }
              },
      })
      await start()
      await expect.poll(codes, { timeout: 10_000 }).toEqual([long])
    })
  })

  describe("with a camera that sees no code", () => {
    withCamera("--use-fake-device-for-media-stream")

    it.each([true, false])("stops when told to, dark: %s", { timeout: 30_000 }, async (dark) => {
      await open({ query: "?scan", allow: ["camera"], dark })
      await page.keyboard.press("Tab")
      await page.keyboard.press("Enter")
      await page.getByText("Hold the QR code in front of the camera.").waitFor()
      expect(await tracks()).toEqual(["live"])
      await expectNoFlaws()
      await page.waitForTimeout(300)
      await shoot(page, `scan-${dark ? "dark" : "light"}-1-camera`)
      // The same button, so that the focus stays.
      await page.keyboard.press("Enter")
      expect(await tracks()).toEqual(["ended"])
      expect(await page.locator("video").isVisible()).toBe(false)
      expect(await codes()).toEqual([])
    })

    it("switches the camera off when it is closed", { timeout: 30_000 }, async () => {
      await open({ query: "?scan", allow: ["camera"] })
      await start()
      await page.getByText("Hold the QR code in front of the camera.").waitFor()
      await page.getByRole("button", { name: "Close" }).click()
      expect(await tracks()).toEqual(["ended"])
    })

    it("also when it is closed while the browser asks", { timeout: 30_000 }, async () => {
      await open({
        query: "?scan",
        allow: ["camera"],
        before: () => {
          const devices = navigator.mediaDevices
          const ask = devices.getUserMedia.bind(devices)
          devices.getUserMedia = async (wanted) => {
            await new Promise((resolve) => setTimeout(resolve, 1_000))
            return await ask(wanted)
          }
        },
      })
      await start()
      await page.getByText("Waiting for the camera.").waitFor()
      await page.getByRole("button", { name: "Close" }).click()
      await expect.poll(tracks, { timeout: 10_000 }).toEqual(["ended"])
    })

    it(
      "and a second scan is not disturbed by the end of the first",
      { timeout: 30_000 },
      async () => {
        await open({ query: "?scan", allow: ["camera"] })
        await start()
        await page.getByText("Hold the QR code in front of the camera.").waitFor()
        await page.getByRole("button", { name: "Stop the camera" }).click()
        await start()
        await page.getByText("Hold the QR code in front of the camera.").waitFor()
        await page.waitForTimeout(500)
        expect(await tracks()).toEqual(["ended", "live"])
        const isPlaying = await page.locator("video").evaluate((video: HTMLVideoElement) => {
          return video.srcObject !== null && !video.paused
        })
        expect(isPlaying).toBe(true)
      },
    )

    it("says so when the camera goes away", { timeout: 30_000 }, async () => {
      await open({ query: "?scan", allow: ["camera"] })
      await start()
      await page.getByText("Hold the QR code in front of the camera.").waitFor()
      await page.evaluate(() =>
        (globalThis as unknown as Watched).streams[0]?.getTracks().forEach((track) => track.stop()),
      )
      expect(await failure()).toMatch(/^The camera was switched off\./)
    })

    it("switches it off when nobody can see the page", { timeout: 30_000 }, async () => {
      await open({ query: "?scan", allow: ["camera"] })
      await start()
      await page.getByText("Hold the QR code in front of the camera.").waitFor()
      // Pages without a window are never hidden by themselves.
      await page.evaluate(() => {
        Object.defineProperty(document, "hidden", { value: true })
        document.dispatchEvent(new Event("visibilitychange"))
      })
      expect(await tracks()).toEqual(["ended"])
      await page.getByText("as this page was not to be seen").waitFor()
    })

    it.each([true, false])(
      "says that it was refused, dark: %s",
      { timeout: 30_000 },
      async (dark) => {
        await open({ query: "?scan", dark })
        await start()
        expect(await failure()).toMatch(
          /^The camera was not allowed\. .* or paste or type the code\.$/,
        )
        expect(await page.locator("video").isVisible()).toBe(false)
        await expectNoFlaws()
        await shoot(page, `scan-${dark ? "dark" : "light"}-2-refused`)
      },
    )

    it("says that another program has it", { timeout: 30_000 }, async () => {
      await open({
        query: "?scan",
        before: () => {
          navigator.mediaDevices.getUserMedia = () =>
            Promise.reject(new DOMException("busy", "NotReadableError"))
        },
      })
      await start()
      expect(await failure()).toMatch(/^The camera did not start\. Perhaps another program/)
    })

    it("offers only the field over plain HTTP, and says why", { timeout: 30_000 }, async () => {
      await open({ query: "?scan", insecure: true })
      await page.getByRole("heading", { name: "Paste or type a code", exact: true }).waitFor()
      await page.getByText("This page came over plain HTTP").waitFor()
      expect(await page.getByRole("button", { name: /camera/ }).count()).toBe(0)
      expect(await page.locator("video").count()).toBe(0)
      await expectNoFlaws()
      await shoot(page, "scan-light-3-insecure")
      await page.getByLabel("The code").fill(short)
      await page.keyboard.press("Enter")
      expect(await codes()).toEqual([short])
    })

    it(
      "shows what is wrong beside the field until it is changed",
      { timeout: 30_000 },
      async () => {
        await open({ query: "?scan", dark: true })
        const field = page.getByLabel("Or paste or type it here")
        await field.fill("  https://exam ple.org ")
        await page.getByRole("button", { name: "Use this code" }).click()
        expect(await codes()).toEqual(["https://example.org"])
        expect(await failure()).toBe("This is no code of String phone.")
        expect(await field.getAttribute("aria-invalid")).toBe("true")
        const description = await field.getAttribute("aria-describedby")
        expect(await page.locator(`[id="${description ?? ""}"]`).innerText()).toBe(await failure())
        await expectNoFlaws()
        await shoot(page, "scan-dark-4-wrong")
        await field.press("End")
        await page.keyboard.type("/")
        expect(await page.getByRole("alert").count()).toBe(0)
        expect(await field.getAttribute("aria-invalid")).toBeNull()
        await field.fill("")
        await page.keyboard.press("Enter")
        await field.fill("   ")
        await page.keyboard.press("Enter")
        expect(await codes()).toHaveLength(1)
      },
    )

    it.each([
      { looks: "light, narrow", dark: false, wide: false, text: short },
      { looks: "dark, wide", dark: true, wide: true, text: long },
    ])("shows a code that can be read: $looks", { timeout: 30_000 }, async (look) => {
      await open({ ...look, query: `?show=${encodeURIComponent(look.text)}` })
      const picture = page.getByRole("img", { name: "QR code that invites to the home" })
      const png = (await picture.screenshot()).toString("base64")
      // Browsers can open a PNG, and Node can not.
      const seen = await page.evaluate(async (data) => {
        const image = new Image()
        image.src = `data:image/png;base64,${data}`
        await image.decode()
        const canvas = new OffscreenCanvas(image.width, image.height)
        const context = canvas.getContext("2d")!
        context.drawImage(image, 0, 0)
        const pixels = context.getImageData(0, 0, image.width, image.height)
        return { width: image.width, height: image.height, data: [...pixels.data] }
      }, png)
      expect(decodeQR({ ...seen, data: Uint8Array.from(seen.data) })).toBe(look.text)
      // Black on white, with a quiet zone, in the dark as well.
      const middle = 4 * (seen.width * Math.floor(seen.height / 2) + 3)
      expect(seen.data.slice(middle, middle + 3)).toEqual([255, 255, 255])
      await expectNoFlaws()
      await shoot(page, `qr-${look.looks.replace(", ", "-")}`)
    })

    it.each([
      { over: "HTTPS or localhost", insecure: false },
      { over: "plain HTTP", insecure: true },
    ])(
      "copies it there and pastes it here, over $over",
      { timeout: 30_000 },
      async ({ insecure }) => {
        await open({
          query: `?scan&show=${encodeURIComponent(long)}`,
          insecure,
          ...(!insecure && { allow: ["clipboard-write"] }),
        })
        await page.getByRole("button", { name: "Copy" }).click()
        await page.getByText("Copied.").waitFor()
        await page.getByRole("textbox").focus()
        await page.keyboard.press("ControlOrMeta+V")
        await page.keyboard.press("Enter")
        expect(await codes()).toEqual([long])
      },
    )

    it("selects the text when the browser copies nothing", { timeout: 30_000 }, async () => {
      await open({
        query: `?show=${encodeURIComponent(short)}`,
        insecure: true,
        before: () => {
          Object.assign(document, { execCommand: () => false })
        },
      })
      await page.getByRole("button", { name: "Copy" }).click()
      await page.getByText("It is selected: copy it with the keys.").waitFor()
      expect(await page.evaluate(() => getSelection()?.toString())).toBe(short)
    })
  })

  describe("without a camera", () => {
    withCamera("--use-fake-device-for-media-stream=device-count=0")

    it("says that there is none", { timeout: 30_000 }, async () => {
      await open({ query: "?scan", allow: ["camera"] })
      await start()
      expect(await failure()).toBe("No camera was found. Paste or type the code instead.")
      await shoot(page, "scan-light-5-none")
    })
  })
})
