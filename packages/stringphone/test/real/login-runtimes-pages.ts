// Pages in Chromium, on hosts of other names, with the library as a bundler makes it of what is published.
import { once } from "node:events"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { type Browser, chromium, type Page } from "playwright"
import { onTestFinished } from "vitest"
import { chromiumFlags, findChromium } from "../../../../scripts/chromium.mjs"
import type * as client from "../../src/session/login/index.js"
import type { openIndexedDbStore } from "../../src/store/indexeddb.js"
import { assertBuilt } from "../store/children.js"

declare global {
  interface Window {
    /** In a page: the library. */
    login: typeof client
    openStore: () => ReturnType<typeof openIndexedDbStore>
  }
}

/** `null`: there is none, and that is said; on the build server it is an error. */
export function requireChromium(): string | null {
  const path = findChromium()
  if (path !== null) return path
  const advice = "Skipped: needs Chromium (apt install chromium), or CHROMIUM_PATH."
  if (process.env["CI"] === "true") throw new Error(advice)
  console.warn(advice)
  return null
}

/** All names that end with `.example` are this computer; but a browser takes none of them for a secure place. */
export function launchChromium(executablePath: string): Promise<Browser> {
  const args = [...chromiumFlags, "--host-resolver-rules=MAP *.example 127.0.0.1"]
  return chromium.launch({ executablePath, args })
}

/** What a page loads. A module of Node in it is an error. */
export async function bundled(): Promise<string> {
  assertBuilt()
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import * as login from "stringphone/session/login"
        import { openIndexedDbStore } from "stringphone/store/indexeddb"
        Object.assign(window, { login, openStore: () => openIndexedDbStore({ name: "keys" }) })`,
      resolveDir: fileURLToPath(new URL(".", import.meta.url)),
    },
    ...{ bundle: true, write: false, format: "esm", target: "es2023", platform: "browser" },
    logLevel: "silent",
  })
  return outputFiles[0]!.text
}

/** Listens until the test is over. @returns the port */
export async function listening(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, "127.0.0.1")
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, "listening")
  return (server.address() as AddressInfo).port
}

/** Serves a page that has the library. @returns the port */
export function servingPage(code: string): Promise<number> {
  return listening(({ url }, answer) => {
    const isCode = url === "/code.js"
    answer.setHeader("content-type", isCode ? "text/javascript" : "text/html")
    answer.end(isCode ? code : '<!doctype html><script type="module" src="/code.js"></script>')
  })
}

/** In a profile of its own. */
export async function openPage(browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  const page = await context.newPage()
  await visit(page, url)
  return page
}

export async function visit(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await page.waitForFunction(() => "login" in window)
}
