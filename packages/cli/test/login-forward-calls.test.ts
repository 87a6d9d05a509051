import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib"
import { Identity } from "stringphone/identity"
import { type LoginSession, register } from "stringphone/session/login"
import { nodeListener } from "stringphone/session/login/node"
import { openLoginServer, protect } from "stringphone/session/login/server"
import { createMemoryStore } from "stringphone/store/memory"
import { describe, expect, it, onTestFinished } from "vitest"
import { forwardTo } from "../src/login/forward.js"
import { plainApi } from "./login-scene.js"

const price = { passes: 1, kib: 64, lanes: 1 }

/** A session with a login server before this API. */
async function sessionBefore(api: RequestListener, waitMs?: number): Promise<LoginSession> {
  const { url: apiUrl } = await plainApi(api)
  const logins = await openLoginServer({
    store: createMemoryStore(),
    identity: Identity.generate(),
    realm: "lamp.example",
    price,
    minimumPrice: price,
  })
  const handler = logins.handler(protect(forwardTo(new URL(apiUrl), waitMs)))
  const server = createServer(nodeListener(handler))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { text: invitation } = await logins.invite({ url, login: "ann", scopes: [] })
  const store = createMemoryStore()
  const password = "correct horse"
  return register({ invitation, password, device: "laptop", store, minimumPrice: price })
}

const ways = ["fetch", "signedFetch"] as const

describe.each(ways)("an API behind a login server, called by %s", (way) => {
  it("redirects, says nothing, and is asked for heads", async () => {
    const session = await sessionBefore((request, response) => {
      const { method, url } = request
      if (url === "/old") response.writeHead(302, { location: "/new" }).end()
      else if (url === "/nothing") response.writeHead(204).end()
      else response.setHeader("x-asked", `${method} ${url}`).end("body")
    })
    const moved = await session[way]("/old")
    expect([moved.status, moved.headers.get("location")]).toEqual([302, "/new"])
    const nothing = await session[way]("/nothing")
    expect([nothing.status, await nothing.text()]).toEqual([204, ""])
    const head = await session[way]("/a/../b?x=%2F", { method: "HEAD" })
    expect([head.headers.get("x-asked"), await head.text()]).toEqual(["HEAD /b?x=%2F", ""])
  })

  it("is asked for no coding, and where it has one none is left", async () => {
    const coded: Record<string, Buffer> = {
      gzip: gzipSync("light"),
      br: brotliCompressSync("light"),
      deflate: deflateSync("light"),
    }
    const session = await sessionBefore((request, response) => {
      const coding = request.url!.slice(1)
      response.writeHead(200, {
        "content-encoding": coding,
        "x-asked": `${request.headers["accept-encoding"]} ${request.headers["content-length"]}`,
      })
      response.end(coded[coding])
    })
    for (const coding of Object.keys(coded)) {
      const answer = await session[way](`/${coding}`)
      expect([answer.status, await answer.text()], coding).toEqual([200, "light"])
      expect(answer.headers.get("content-encoding")).toBeNull()
      expect(answer.headers.get("x-asked")).toBe("identity undefined")
      expect((await session[way](`/${coding}`, { method: "HEAD" })).status, coding).toBe(200)
    }
    coded["gzip"] = Buffer.alloc(0)
    expect(await (await session[way]("/gzip")).text()).toBe("")
    coded["gzip"] = Buffer.from("what is none")
    expect((await session[way]("/gzip")).status).toBe(500)
    // Little on the way, and too much when it is unpacked.
    coded["gzip"] = gzipSync(Buffer.alloc(2 ** 26))
    expect((await session[way]("/gzip")).status).toBe(500)
  })

  it("that takes too long, or goes away, is told as such", async () => {
    const session = await sessionBefore((request, response) => {
      if (request.url === "/cut") request.socket.destroy()
      if (request.url === "/other") {
        request.socket.end(
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        )
      }
      if (request.url === "/half") {
        response.writeHead(200, { "content-length": "100" })
        response.write("half", () => request.socket.destroy())
      }
      if (request.url === "/odd") request.socket.end("HTTP/1.1 999 Odd\r\n\r\n")
    }, 300)
    const late = await session[way]("/hangs")
    expect([late.status, await late.text()]).toEqual([504, "The API took too long.\n"])
    const cut = await session[way]("/cut")
    expect([cut.status, await cut.text()]).toEqual([502, "The API does not answer.\n"])
    expect((await session[way]("/odd")).status).toBe(502)
    expect((await session[way]("/other")).status).toBe(502)
    // Half an answer is none.
    const half = await session[way]("/half")
    expect([half.status, await half.text()]).toEqual([500, ""])
  })

  it("that answers too much is refused, and its errors are not ours", async () => {
    const large = Buffer.alloc(17 * 2 ** 20)
    const session = await sessionBefore((request, response) => {
      if (request.url === "/large") response.end(large)
      else response.writeHead(401, { "stringphone-error": "revoked" }).end("no")
    })
    expect((await session[way]("/large")).status).toBe(500)
    const forged = await session[way]("/forged")
    expect([forged.status, await forged.text()]).toEqual([401, "no"])
    expect(forged.headers.has("stringphone-error")).toBe(false)
    expect((await session.status()).login).toBe("ann")
  })
})

it("an API may set two cookies in a sealed answer, and none of them in a signed one", async () => {
  const session = await sessionBefore((_, response) =>
    response.writeHead(200, { "set-cookie": ["a=1", "b=2"] }).end(),
  )
  expect((await session.fetch("/")).headers.getSetCookie()).toEqual(["a=1", "b=2"])
  expect((await session.signedFetch("/")).status).toBe(500)
})
