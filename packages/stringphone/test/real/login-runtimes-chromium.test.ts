import { Hono } from "hono"
import { cors } from "hono/cors"
import type { Browser, Page } from "playwright"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { Identity } from "../../src/identity/index.js"
import { login } from "../../src/session/login/index.js"
import { nodeListener } from "../../src/session/login/node.js"
import {
  callerOf,
  type Handler,
  type LoginServer,
  type LoginServerEvent,
  openLoginServer,
  protect,
  type RequestInfo,
} from "../../src/session/login/server-index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { password, realm } from "../login/session-client-scene.js"
import {
  bundled,
  launchChromium,
  listening,
  openPage,
  requireChromium,
  servingPage,
  visit,
} from "./login-runtimes-pages.js"

const path = requireChromium()

describe.skipIf(path === null)("in a page", { timeout: 120_000 }, () => {
  let browser: Browser
  let code: string
  beforeAll(async () => {
    code = await bundled()
    browser = await launchChromium(path!)
  })
  afterAll(() => browser.close())

  const events: LoginServerEvent[] = []
  async function open(origins?: readonly string[]): Promise<LoginServer> {
    events.length = 0
    return openLoginServer({
      ...{ store: createMemoryStore(), identity: Identity.generate(), realm },
      ...(origins && { origins }),
      onEvent: (event) => events.push(event),
    })
  }

  const answering = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url)
    if (pathname === "/nothing") return new Response(null, { status: 204 })
    const { mode } = callerOf(request)!
    const text = await request.text()
    const headers = { hue: request.headers.get("hue") ?? "none", etag: '"1"' }
    return Response.json({ mode, text, target: pathname + search }, { headers })
  }
  const lamps = protect(answering, { scopes: ["lamps"] })
  /** With a field that both the application and who speaks to browsers have something to say in. */
  const varying: Handler = async (request) => {
    const answer = await lamps(request)
    if (answer.ok) answer.headers.set("vary", "accept")
    if (request.url.endsWith("/cookie")) answer.headers.set("set-cookie", "a=b")
    return answer
  }

  async function invitation(logins: LoginServer, url: string): Promise<string> {
    return (await logins.invite({ url, login: "alice", scopes: ["lamps"] })).text
  }

  /** Registers, at the full price. @returns the code of the error that it ended with, or "none" */
  const register = (page: Page, text: string): Promise<string> =>
    page.evaluate(
      async ({ password, text }) => {
        const store = await window.openStore()
        const options = { invitation: text, password, device: "Page", store }
        return window.login.register(options).then(
          () => "none",
          (error: unknown) => (error as { code: string }).code,
        )
      },
      { password, text },
    )

  /** Sealed and signed. */
  const callAll = (page: Page): Promise<unknown> =>
    page.evaluate(async () => {
      const session = await window.login.openSession({ store: await window.openStore() })
      const said: unknown[] = []
      for (const call of [session.fetch, session.signedFetch]) {
        const init = { method: "PUT", body: "on", headers: { hue: "blue" } }
        const answer = await call("/lamps/%2fä?b=%20c'", init)
        said.push(await answer.json(), answer.headers.get("hue"))
        const large = "ä".repeat(300_000)
        const echo = await call("/large", { method: "POST", body: large })
        said.push(((await echo.json()) as { text: string }).text === large)
        said.push((await call("/nothing", { method: "DELETE" })).status)
        said.push((await call("/lamps", { method: "HEAD" })).headers.get("etag"))
      }
      return said
    })
  /** No page sees cookies that an answer sets, so none can prove them. */
  const cookieCodes = (page: Page): Promise<unknown> =>
    page.evaluate(async () => {
      const session = await window.login.openSession({ store: await window.openStore() })
      const calls = [session.fetch, session.signedFetch].map((call) =>
        call("/cookie").then(
          ({ status }) => status,
          (error: unknown) => (error as { code: string }).code,
        ),
      )
      return Promise.all(calls)
    })
  const varyOf = (page: Page): Promise<string | null> =>
    page.evaluate(async () => {
      const session = await window.login.openSession({ store: await window.openStore() })
      return (await session.signedFetch("/lamps")).headers.get("vary")
    })
  const target = "/lamps/%2f%C3%A4?b=%20c%27"
  const allSaid = ["sealed", "signed"].flatMap((mode) => [
    ...[{ mode, text: "on", target }, "blue", true, 204, '"1"'],
  ])

  test("of another origin, which is no secure one", async () => {
    const origin = `http://page.example:${await servingPage(code)}`
    const logins = await open([origin])
    const url = `http://lamp.example:${await listening(nodeListener(logins.handler(varying)))}`
    const page = await openPage(browser, origin)
    expect(await page.evaluate(() => [isSecureContext, location.origin])).toEqual([false, origin])
    expect(await register(page, await invitation(logins, url))).toBe("none")
    expect(await callAll(page)).toEqual(allSaid)
    expect(await varyOf(page)).toBe("accept")
    expect(await cookieCodes(page)).toEqual([200, "unauthenticated-answer"])

    await visit(page, origin)
    const generation = await page.evaluate(async () => {
      const session = await window.login.openSession({ store: await window.openStore() })
      await session.refresh()
      await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 ? session.fetch : session.signedFetch)("/a")),
      )
      return (await session.status()).generation
    })
    expect(generation).toBe(2)

    const laptop = await login({
      url: url.replace("lamp.example", "127.0.0.1"),
      ...{ login: "alice", password, device: "Laptop", store: createMemoryStore() },
    })
    const [other] = (await laptop.devices()).filter(({ isOwn }) => !isOwn)
    expect(other!.device).toBe("Page")
    await laptop.revoke(other!.session)
    const ends = await page.evaluate(async () => {
      const session = await window.login.openSession({ store: await window.openStore() })
      const codeOf = (error: { code: string }): string => error.code
      const codes: unknown[] = []
      for (const call of [session.signedFetch, session.fetch]) {
        codes.push(await call("/lamps").catch(codeOf))
      }
      return codes
    })
    expect(ends).toEqual(["revoked", "logged-out"])
    expect(events.map(({ kind }) => kind)).not.toContain("trouble")
  })

  test("of the server's own origin", async () => {
    const logins = await open()
    const port = await servingPage(code)
    const app = async (request: Request): Promise<Response> => {
      if (callerOf(request)) return lamps(request)
      const { pathname } = new URL(request.url)
      const { body, headers } = await fetch(`http://127.0.0.1:${port}${pathname}`)
      return new Response(body, { headers: { "content-type": headers.get("content-type")! } })
    }
    const url = `http://lamp.example:${await listening(nodeListener(logins.handler(app)))}`
    const page = await openPage(browser, url)
    expect(await register(page, await invitation(logins, url))).toBe("none")
    expect(await callAll(page)).toEqual(allSaid)
  })

  test("of an origin that is not listed, the browser lets nothing through", async () => {
    const port = await servingPage(code)
    const logins = await open([`http://page.example:${port}`])
    const url = `http://lamp.example:${await listening(nodeListener(logins.handler(lamps)))}`
    const text = await invitation(logins, url)
    const stranger = await openPage(browser, `http://stranger.example:${port}`)
    expect(await register(stranger, text)).toBe("unreachable")
    expect(events.map(({ kind }) => kind)).toEqual(["invited"])
    // The invitation is as good as before.
    const page = await openPage(browser, `http://page.example:${port}`)
    expect(await register(page, text)).toBe("none")
  })

  test("of any origin, where any is listed", async () => {
    const logins = await open(["*"])
    const url = `http://lamp.example:${await listening(nodeListener(logins.handler(lamps)))}`
    const page = await openPage(browser, `http://page.example:${await servingPage(code)}`)
    expect(await register(page, await invitation(logins, url))).toBe("none")
    expect(await callAll(page)).toEqual(allSaid)
  })

  test("of an origin that a framework around the handler lists", async () => {
    const origin = `http://page.example:${await servingPage(code)}`
    const logins = await open()
    const handle = logins.handler(lamps)
    const app = new Hono<{ Bindings: RequestInfo }>()
    const proofs = ["content-digest", "signature", "signature-input", "stringphone-error"]
    app.use(cors({ origin, exposeHeaders: [...proofs, "hue", "etag"] }))
    app.all("*", ({ env, req }) => handle(req.raw, env))
    const listener = nodeListener(async (request, info) => app.fetch(request, info))
    const url = `http://lamp.example:${await listening(listener)}`
    const page = await openPage(browser, origin)
    expect(await register(page, await invitation(logins, url))).toBe("none")
    expect(await callAll(page)).toEqual(allSaid)
  })
})
