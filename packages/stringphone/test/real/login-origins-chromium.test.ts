// What a browser remembers of what it was allowed, for an application that has more than signed calls.
import type { Browser } from "playwright"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { Identity } from "../../src/identity/index.js"
import { nodeListener } from "../../src/session/login/node.js"
import { openLoginServer } from "../../src/session/login/server-index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { realm } from "../login/session-client-scene.js"
import {
  launchChromium,
  listening,
  openPage,
  requireChromium,
  servingPage,
} from "./login-runtimes-pages.js"

const path = requireChromium()

describe.skipIf(path === null)("in a page of another origin", { timeout: 120_000 }, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium(path!)
  })
  afterAll(() => browser.close())

  test.each([["*"], ["listed"]])(
    "%s: what was allowed for a signed call lets none through that is not",
    async (kind) => {
      const origin = `http://page.example:${await servingPage("window.login = {}")}`
      const logins = await openLoginServer({
        ...{ store: createMemoryStore(), identity: Identity.generate(), realm },
        origins: [kind === "listed" ? origin : kind],
      })
      const asked: string[] = []
      const handle = logins.handler(({ method }) => {
        asked.push(method)
        return new Response()
      })
      const url = `http://lamp.example:${await listening(nodeListener(handle))}/doors`
      const page = await openPage(browser, origin)
      const told = await page.evaluate(async (address) => {
        const call = (headers: Record<string, string>): Promise<unknown> =>
          fetch(address, { method: "DELETE", headers }).then(
            ({ status }) => status,
            () => "blocked",
          )
        const signature = { signature: "x", "signature-input": "x", open: "now" }
        return [await call(signature), await call({ open: "now" }), await call({})]
      }, url)
      expect(told).toEqual([400, "blocked", "blocked"])
      expect(asked).toEqual(["OPTIONS", "OPTIONS"])
    },
  )
})
