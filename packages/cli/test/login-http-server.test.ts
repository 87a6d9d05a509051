// What one who sends slowly, opens many connections or goes away can do to a login server.
import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { text } from "node:stream/consumers"
import { Identity } from "stringphone/identity"
import { register } from "stringphone/session/login"
import { type InformedHandler, openLoginServer, protect } from "stringphone/session/login/server"
import { createMemoryStore } from "stringphone/store/memory"
import { expect, it, onTestFinished } from "vitest"
import { forwardTo } from "../src/login/forward.js"
import { type HttpServer, startHttpServer } from "../src/login/http-server.js"
import type { HttpLimits } from "../src/server/http-limits.js"
import { plainApi } from "./login-scene.js"

const patient: HttpLimits = {
  requestMs: 600_000,
  headersMs: 600_000,
  lookEveryMs: 20,
  connections: 100,
}
const errors: unknown[] = []

async function started(
  limits: Partial<HttpLimits>,
  handler: InformedHandler = async (request) => new Response(await request.text()),
): Promise<HttpServer> {
  const place = { host: "127.0.0.1", port: 0 }
  errors.length = 0
  const hear = (error: unknown): void => void errors.push(error)
  const server = await startHttpServer(place, handler, hear, { ...patient, ...limits })
  onTestFinished(() => server.close())
  return server
}

async function connected({ port }: HttpServer): Promise<Socket> {
  const socket = connect(port, "127.0.0.1")
  onTestFinished(() => void socket.destroy())
  socket.on("error", () => undefined)
  await once(socket, "connect")
  return socket
}

it("who does not end his headers is not waited for", async () => {
  const socket = await connected(await started({ headersMs: 50 }))
  socket.write("POST / HTTP/1.1\r\nhost: lamp\r\n")
  expect(await text(socket)).toContain("408")
})

it("who does not end his body is not waited for, and told to nobody", async () => {
  const socket = await connected(await started({ headersMs: 50, requestMs: 50 }))
  socket.write("POST / HTTP/1.1\r\nhost: lamp\r\ncontent-length: 5\r\n\r\nhal")
  expect(await text(socket)).toContain("408")
  expect(errors).toEqual([])
})

it("there are so many connections and no more", async () => {
  const server = await started({ connections: 2 })
  const [first, second, third] = [
    await connected(server),
    await connected(server),
    await connected(server),
  ]
  expect(await text(third)).toBe("")
  for (const socket of [first, second]) {
    socket.write(
      "POST / HTTP/1.1\r\nhost: lamp\r\nconnection: close\r\ncontent-length: 2\r\n\r\non",
    )
    expect(await text(socket)).toContain("200 OK")
  }
})

it.each(["fetch", "signedFetch"] as const)(
  "a call by %s whose caller goes away ends at the API, and is no trouble",
  async (way) => {
    const leaving = new AbortController()
    let hasEnded: () => void
    const ended = new Promise<void>((resolve) => (hasEnded = resolve))
    const api = await plainApi((_, response) => {
      response.on("close", hasEnded)
      response.write("half")
      setImmediate(() => leaving.abort())
    })
    const price = { passes: 1, kib: 64, lanes: 1 }
    const troubles: unknown[] = []
    const logins = await openLoginServer({
      store: createMemoryStore(),
      identity: Identity.generate(),
      realm: "lamp.example",
      price,
      minimumPrice: price,
      onEvent: (event) => {
        if (event.kind === "trouble") troubles.push(event.error)
      },
    })
    const { port } = await started({}, logins.handler(protect(forwardTo(new URL(api.url)))))
    const { text: invitation } = await logins.invite({
      url: `http://127.0.0.1:${port}`,
      login: "ann",
      scopes: [],
    })
    const session = await register({
      invitation,
      password: "correct horse",
      device: "laptop",
      store: createMemoryStore(),
      minimumPrice: price,
    })
    const { signal } = leaving
    await expect(session[way]("/half", { signal })).rejects.toThrow()
    await ended
    expect(troubles).toEqual([])
    expect(errors).toEqual([])
  },
)
