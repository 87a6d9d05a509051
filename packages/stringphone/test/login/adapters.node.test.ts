// Logins in front of frameworks, on real ports: what is proven is what was on the wire.
import { createServer, request as httpRequest } from "node:http"
import type { AddressInfo } from "node:net"
import { gzipSync } from "node:zlib"
import express from "express"
import { Hono } from "hono"
import { compress } from "hono/compress"
import { afterEach, describe, expect, test } from "vitest"
import {
  answersIn,
  expressApp,
  fastifyApp,
  honoApp,
  plainApp,
  Port,
  type Told,
} from "./adapters-scene.js"
import { signedBytes, signedOn, verified, sealedOn, told } from "./adapters-wire.js"
import {
  callerOfNode,
  fetchOf,
  nodeListener,
  protectNode,
  targetOnWire,
} from "../../src/session/login/node.js"
import { type LoginSession, register } from "../../src/session/login/index.js"
import { callerOf, type Handler, type RequestInfo } from "../../src/session/login/server-index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { cheap, codeOf, password, Scene } from "./session-server-scene.js"

const ports: Port[] = []

afterEach(async () => {
  for (const port of ports.splice(0)) await port.close()
})

async function open(handler: Parameters<typeof Port.open>[0]): Promise<Port> {
  const port = await Port.open(handler)
  ports.push(port)
  return port
}

/** An app behind logins, and a device that has one. */
async function site(app: Handler): Promise<{ port: Port; scene: Scene; session: LoginSession }> {
  const scene = await Scene.open()
  const port = await open(scene.server.handler(app))
  const { text } = await scene.server.invite({ login: "alice", scopes: ["lamps"], url: port.url })
  const common = { password, device: "Laptop", store: createMemoryStore(), minimumPrice: cheap }
  const session = await register({ ...common, invitation: text })
  return { port, scene, session }
}

const apps: readonly (readonly [name: string, make: () => Handler | Promise<Handler>])[] = [
  ["Hono", honoApp],
  ["Express", expressApp],
  ["Fastify", fastifyApp],
  ["node:http", plainApp],
]

describe.each(apps)("%s behind logins", (_, make) => {
  test("signed and sealed calls arrive, with who calls", async () => {
    const { session } = await site(await make())
    for (const [mode, call] of [
      ["sealed", session.fetch],
      ["signed", session.signedFetch],
    ] as const) {
      const init = {
        method: "POST",
        body: "hue=3",
        headers: { "content-type": "text/plain", hue: "3" },
      }
      const answer = await call("/lamps/a%2Fb", init)
      expect(answer.status).toBe(200)
      const told = (await answer.json()) as Told
      expect(told).toMatchObject({ url: "/lamps/a%2Fb", method: "POST", body: "hue=3" })
      expect(told).toMatchObject({ by: "alice", mode, fields: { hue: "3" } })
      if (mode === "sealed") {
        const cookies = await call("/cookies")
        expect(await cookies.text()).toBe("cookies")
        expect(cookies.headers.getSetCookie()).toEqual(["a=1; Path=/", "b=2"])
      }
      expect((await call("/nothing")).status).toBe(204)
      expect((await call("/unchanged")).status).toBe(304)
      expect((await (await call("/streamed")).text()).length).toBe(500_000)
      const head = await call("/lamps", { method: "HEAD" })
      expect([head.status, await head.text()]).toEqual([200, ""])
      expect((await call("/throws")).status).toBe(500)
      const large = new Uint8Array(3_000_000).fill(65)
      const put = (await (await call("/large", { method: "PUT", body: large })).json()) as Told
      expect(put.body.length).toBe(3_000_000)
    }
  })

  test("what is protected is answered for those who may, and says why not, proven", async () => {
    const { port, session } = await site(await make())
    for (const call of [session.fetch, session.signedFetch]) {
      expect(await (await call("/guarded")).json()).toMatchObject({ by: "alice" })
      expect(await codeOf(() => call("/admin"))).toBe("missing-scope")
    }
    const stripped = await fetch(`${port.url}/guarded`, {
      headers: { "stringphone-caller": "alice", authorization: "alice" },
    })
    expect([stripped.status, stripped.headers.get("stringphone-error")]).toEqual([
      400,
      "unprotected",
    ])
    const told = (await (await fetch(`${port.url}/open`)).json()) as Told
    expect(told).toMatchObject({ by: null, mode: null })
  })

  test("without protection it is as it always was", async () => {
    const port = await open(await make())
    const cookies = await fetch(`${port.url}/cookies`)
    expect(cookies.headers.getSetCookie()).toEqual(["a=1; Path=/", "b=2"])
    expect((await fetch(`${port.url}/nothing`)).status).toBe(204)
    expect((await fetch(`${port.url}/unchanged`)).status).toBe(304)
    expect((await (await fetch(`${port.url}/streamed`)).text()).length).toBe(500_000)
    const failed = await fetch(`${port.url}/throws`)
    const text = await failed.text()
    expect(failed.status).toBe(500)
    expect(text).not.toContain("a bug")
    const head = await port.raw(
      "HEAD /lamps HTTP/1.1\r\nHost: lamp.example\r\n\r\nGET /lamps HTTP/1.1\r\nHost: lamp.example\r\nConnection: close\r\n\r\n",
    )
    const answers = answersIn(head, ["HEAD", "GET"])
    expect(answers.map(({ body, status }) => [status, body.length > 0])).toEqual([
      [200, false],
      [200, true],
    ])
  })
})

const targets = [
  "/a%2Fb",
  "/a//b",
  "//a/b",
  "/a?",
  "/?",
  "/a?x=%20&y=a/../b",
  "/a?b?c",
  "/%C3%A4%c3%a4",
  "/a;b=c,d",
  "/a/...",
]
/** `URL` makes others of them. */
const ambiguous = ["/a/../b", "/a/%2e%2E/b", "/a/.", "/..", "/a/b/%2E?c", "/a\\b"]

describe("the target on the wire", () => {
  const raw: [string, () => Promise<Handler> | Handler][] = [
    ["Express", expressApp],
    ["Fastify", fastifyApp],
    ["node:http", plainApp],
  ]
  test.each(raw)("is that of %s, signed, sealed and open", async (_, make) => {
    const scene = await Scene.open()
    const device = await scene.device()
    const port = await open(scene.server.handler(await make()))
    for (const target of targets) {
      if (target !== "/a?b?c") {
        const sent = await signedOn(port, device, `GET ${target}`)
        expect(JSON.parse(sent.text), target).toMatchObject({
          url: target.replace(/\?$/, ""), // What is signed does not say whether there was one.
          by: "alice",
          mode: "signed",
        })
        const sealed = await sealedOn(port, device, `GET ${target}`)
        expect(JSON.parse(sealed.text), target).toMatchObject({ url: target, mode: "sealed" })
      }
      const open = await port.raw(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
      const [answer] = answersIn(open)
      expect(answer?.status, target).not.toBe(400)
      expect(told(answer), target).toMatchObject({ url: target, by: null })
    }
  })

  test.each(raw)(
    "has nothing for %s that is another path to whoever guards it",
    async (_, make) => {
      const scene = await Scene.open()
      const device = await scene.device()
      const app = await make()
      const seen: string[] = []
      const port = await open(
        scene.server.handler((request) => {
          seen.push(new URL(request.url).pathname)
          return app(request)
        }),
      )
      for (const target of ambiguous) {
        const sealed = await sealedOn(port, device, `GET ${target}`)
        expect([sealed.status, sealed.text], target).toEqual([400, ""])
        const signed = await signedOn(port, device, `GET ${target}`)
        expect([signed.status, signed.text], target).toEqual([400, ""])
        const bytes = await port.raw(
          `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
        )
        expect(answersIn(bytes), target).toMatchObject([{ status: 400 }])
      }
      expect(seen.slice(0, 3)).toEqual(["/b", "/b", "/b"])
    },
  )

  test("is told to a handler beside the request", async () => {
    const infos: RequestInfo[] = []
    const urls: string[] = []
    const port = await open((request: Request, info?: RequestInfo) => {
      infos.push({ ...info, ...(targetOnWire(request) !== info?.target && { target: "another" }) })
      urls.push(request.url)
      return Promise.resolve(new Response("ok"))
    })
    for (const target of [
      ...targets,
      ...ambiguous,
      "http://lamp.example:80/a/../b?c",
      "http://lamp.example:80",
    ]) {
      await port.raw(`GET ${target} HTTP/1.1\r\nHost: lamp.example:80\r\nConnection: close\r\n\r\n`)
    }
    expect(infos.map(({ target }) => target)).toEqual([...targets, ...ambiguous, "/a/../b?c", "/"])
    expect(new Set(infos.map(({ authority }) => authority))).toEqual(new Set(["lamp.example:80"]))
    expect(new Set(infos.map(({ address }) => address))).toEqual(new Set(["127.0.0.1"]))
    expect(urls.slice(-3)).toEqual([
      "http://lamp.example/a%5Cb",
      "http://lamp.example/b?c",
      "http://lamp.example/",
    ])
  })

  test("is known of the request that a handler gets, and only of that", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    const seen: (string | null)[] = []
    const handler = scene.server.handler((request) => {
      seen.push(targetOnWire(request), targetOnWire(new Request(request)))
      return new Response("ok")
    })
    const port = await open(handler)
    for (const target of ["/a/../b?c", "//x", "/%2e"]) {
      await signedOn(port, device, `GET ${target}`)
      await sealedOn(port, device, `GET ${target}`)
      expect(seen.splice(0), target).toEqual([target, null, target, null])
    }
    expect(targetOnWire(new Request("http://lamp.example/a/../b"))).toBeNull()
  })

  test("changed on the way is denied, however much it looks the same", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    const port = await open(scene.server.handler(expressApp()))
    for (const [signed, sent] of [
      ["/a%2Fb", "/a/b"],
      ["/a%2Fb", "/a%2fb"],
      ["/a//b", "/a/b"],
      ["/b", "/a/../b"],
      ["/a?b", "/a"],
      ["/a", "/a?b"],
    ] as const) {
      const answer = await signedOn(port, device, `GET ${signed}`, { target: sent })
      expect(answer.error, sent).toBe("denied")
    }
  })

  test("of an app that is mounted below a path is the whole one", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    const outer = express()
    outer.use("/api", nodeListener(scene.server.handler(expressApp())))
    const server = createServer(outer)
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const port = Object.assign(Object.create(Port.prototype) as Port, { server })
    ports.push(port)
    const answer = await signedOn(port, device, "GET /api//lamps/x%2F")
    expect(JSON.parse(answer.text)).toMatchObject({ url: "/api//lamps/x%2F", by: "alice" })
  })
})

describe("requests that are refused", () => {
  const host = "Host: lamp.example\r\n"
  const close = "Connection: close\r\n\r\n"
  test.each([
    ["two hosts", `GET / HTTP/1.1\r\n${host}Host: evil.example\r\n${close}`],
    ["the same host twice", `GET / HTTP/1.1\r\n${host}${host}${close}`],
    ["no host", `GET / HTTP/1.1\r\n${close}`],
    ["no host, as of old", "GET / HTTP/1.0\r\n\r\n"],
    ["a host with a path", `GET / HTTP/1.1\r\nHost: lamp.example/a\r\n${close}`],
    ["a host with a user", `GET / HTTP/1.1\r\nHost: a@lamp.example\r\n${close}`],
    ["another host in the target", `GET http://evil.example/ HTTP/1.1\r\n${host}${close}`],
    ["a fragment", `GET /a#b HTTP/1.1\r\n${host}${close}`],
    ["bytes beyond ASCII", `GET /caf\u00e9 HTTP/1.1\r\n${host}${close}`],
    ["everything", `OPTIONS * HTTP/1.1\r\n${host}${close}`],
    ["TRACE", `TRACE / HTTP/1.1\r\n${host}${close}`],
    ["GET with a body", `GET / HTTP/1.1\r\n${host}Content-Length: 1\r\n${close}x`],
    [
      "two lengths",
      `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n${close}xx`,
    ],
    [
      "a length and chunks",
      `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n${close}0\r\n\r\n`,
    ],
  ])("%s", async (_, bytes) => {
    let isCalled = false
    const port = await open(() => {
      isCalled = true
      return new Response()
    })
    const [answer] = answersIn(await port.raw(bytes))
    expect([answer?.status, answer?.body.length, isCalled]).toEqual([400, 0, false])
  })
})

describe("fields", () => {
  test("that stand there twice are all proven and all seen, and one that is added is neither", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    for (const make of [expressApp, fastifyApp, plainApp, honoApp]) {
      const port = await open(scene.server.handler(await make()))
      const twice: [string, string][] = [
        ["x-hue", "1"],
        ["x-hue", "2, 3"],
        ["user-agent", "a"],
      ]
      const answer = await signedOn(port, device, "GET /a", {
        fields: twice,
        added: "x-added: 1\r\n",
      })
      const { fields } = JSON.parse(answer.text) as Told
      expect(fields).toMatchObject({ "x-hue": "1, 2, 3", "user-agent": "a" })
      expect(fields).not.toHaveProperty("x-added")
      const doubled = await signedOn(port, device, "GET /a", {
        fields: twice,
        added: "x-hue: 4\r\n",
      })
      expect(doubled.error).toBe("denied")
    }
  })

  test("of any bytes reach an app that asks for no proof", async () => {
    const port = await open(plainApp())
    const bytes = await port.raw(
      "GET / HTTP/1.1\r\nHost: a\r\nX-Name: caf\u00e9\r\nX-Two: 1\r\nX-Two: 2\r\nConnection: close\r\n\r\n",
    )
    expect(told(answersIn(bytes)[0]).fields).toMatchObject({
      "x-name": "caf\u00e9",
      "x-two": "1, 2",
    })
  })

  test("of an answer are the app's, its date and the connection's", async () => {
    const headers = {
      "x-app": "1",
      "transfer-encoding": "chunked",
      connection: "x",
      "keep-alive": "1",
    }
    const port = await open(() => new Response("ok", { headers, statusText: "Fine" }))
    const bytes = await port.raw("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    const [answer] = answersIn(bytes)
    expect(answer?.fields.map(([name]) => name)).toEqual([
      ...["content-type", "x-app", "date", "connection", "content-length"],
    ])
    expect(bytes.toString("latin1")).toMatch(/^HTTP\/1\.1 200 Fine\r\n/)
  })
})

describe("bodies", () => {
  test("are not decompressed on the way to whoever proves them", async () => {
    const zipped = gzipSync("secret ".repeat(100))
    for (const make of [expressApp, fastifyApp, plainApp, honoApp]) {
      const { port, session } = await site(await make())
      for (const call of [session.fetch, session.signedFetch]) {
        const headers = { "content-encoding": "gzip", "content-type": "text/plain" }
        const answer = await call("/zipped", { method: "POST", body: zipped, headers })
        const { body, fields } = (await answer.json()) as Told
        expect(fields["content-encoding"]).toBe("gzip")
        expect(Buffer.from(body, "latin1").equals(zipped)).toBe(true)
      }
      expect(port.errors).toEqual([])
    }
  })

  test("of Express are inflated by its own parser, behind the proof", async () => {
    const app = express()
    app.use(express.json(), (request, answer) => {
      answer.json({ got: request.body as unknown, by: callerOfNode(request)?.login })
    })
    const { session } = await site(fetchOf(app))
    const headers = { "content-encoding": "gzip", "content-type": "application/json" }
    for (const call of [session.fetch, session.signedFetch]) {
      const body = gzipSync('{"hue":3}')
      const answer = await call("/", { method: "POST", body, headers })
      expect(await answer.json()).toEqual({ got: { hue: 3 }, by: "alice" })
    }
  })

  test("of more than 16 MiB are not read, and what is proven of them is that", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    const lengthOf: Handler = async (request) =>
      new Response(String((await request.arrayBuffer()).byteLength))
    const port = await open(scene.server.handler(lengthOf))
    const body = "x".repeat(2 ** 24 + 1)
    expect((await signedOn(port, device, "POST /a", { body })).error).toBe("malformed")
    expect((await signedOn(port, device, "POST /a", { body: body.slice(1) })).text).toBe(
      `${2 ** 24}`,
    )
  })

  test("without an end are cut", async () => {
    const port = await open(() => new Response("enough"))
    const { received, sent } = await port.flood(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9007199254740991\r\n\r\n",
    )
    expect(received.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(sent).toBeGreaterThan(2 ** 24)
    expect(sent).toBeLessThan(2 ** 26)
  })

  test("that nobody wanted leave the connection to the next request", async () => {
    const port = await open(() => new Response("enough"))
    const first = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${2 ** 21}\r\n\r\n`
    const last = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    const bytes = await port.raw(first, new Uint8Array(2 ** 21), last)
    expect(answersIn(bytes).map(({ status }) => status)).toEqual([200, 200])
  })

  test("stream both ways where nothing has to be proven", async () => {
    for (const make of [
      (): Handler => fetchOf((incoming, outgoing) => incoming.pipe(outgoing)),
      (): Handler => (request) => new Response(request.body),
    ]) {
      const port = await open(make())
      const echoed: string[] = []
      await new Promise<void>((resolve, reject) => {
        const asking = httpRequest(`${port.url}/`, { method: "POST" }, (incoming) => {
          incoming.on("data", (chunk: Buffer) => {
            echoed.push(chunk.toString())
            if (echoed.length === 3) asking.end()
            else asking.write(`part ${echoed.length}`)
          })
          incoming.on("end", resolve)
        })
        asking.on("error", reject)
        asking.write("part 0")
      })
      expect(echoed).toEqual(["part 0", "part 1", "part 2"])
    }
  })
})

describe("compression of the framework", () => {
  test("of Hono, inside and outside of the proof, breaks nothing", async () => {
    const inner = new Hono()
    inner.use(compress({ threshold: 0 }))
    inner.all("*", (c) => c.text(`${callerOf(c.req.raw)?.login} `.repeat(1_000)))
    const { scene, port } = await site((request) => inner.fetch(request))
    const handle = scene.server.handler((request) => inner.fetch(request))
    const outer = new Hono()
    outer.use(compress({ threshold: 0 }))
    outer.all("*", (c) => handle(c.req.raw, { authority: new URL(c.req.url).host }))
    const outerPort = await open((request: Request) => outer.fetch(request))
    for (const { url } of [port, outerPort]) {
      const { text } = await scene.server.invite({ login: `bob-${url.slice(-5)}`, scopes: [], url })
      const common = { password, device: "Laptop", store: createMemoryStore(), minimumPrice: cheap }
      const session = await register({ ...common, invitation: text })
      for (const call of [session.fetch, session.signedFetch]) {
        expect((await (await call("/")).text()).startsWith("bob-")).toBe(true)
      }
    }
    const open_ = await fetch(port.url, { headers: { "accept-encoding": "gzip" } })
    expect(open_.headers.get("content-encoding")).toBe("gzip")
  })
})

describe("connections", () => {
  test("carry several calls, one behind another, each with its own answer", async () => {
    const scene = await Scene.open()
    const device = await scene.device()
    const port = await open(scene.server.handler(expressApp()))
    const calls: Awaited<ReturnType<typeof signedBytes>>[] = []
    for (const at of [1, 2, 3, 4]) {
      calls.push(await signedBytes(device, `POST /lamps/${at}`, { body: `b${at}` }))
    }
    const bytes = await port.raw(
      ...calls.map(({ bytes }) => bytes),
      "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    )
    const answers = answersIn(bytes)
    expect(answers.length).toBe(5)
    for (const [at, { proof }] of calls.entries()) {
      const { text } = await verified(device, answers[at], proof)
      expect(JSON.parse(text)).toMatchObject({ url: `/lamps/${at + 1}`, body: `b${at + 1}` })
    }
    const crossed = verified(device, answers[1], (calls[0] as (typeof calls)[0]).proof)
    await expect(crossed).rejects.toThrow()
  })

  test("that end tell the app, which stops", async () => {
    const stopped: string[] = []
    const waiting = new Map<string, () => void>()
    const isWaiting = (name: string): Promise<void> =>
      new Promise((resolve) => waiting.set(name, resolve))
    const listener = fetchOf((_, outgoing) => {
      outgoing.on("close", () => stopped.push("listener"))
      waiting.get("listener")?.()
    })
    const web: Handler = (request) =>
      new Promise((_, reject) => {
        request.signal.addEventListener("abort", () => {
          stopped.push("web")
          reject(new Error("gone"))
        })
        waiting.get("web")?.()
      })
    const streaming: Handler = () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(Buffer.from("first")),
          cancel: () => void stopped.push("streaming"),
        }),
      )
    const names = { listener, web, streaming }
    for (const [name, handler] of Object.entries(names)) {
      const port = await open(handler)
      const arrived = isWaiting(name)
      const asking = httpRequest(port.url, (incoming) =>
        incoming.once("data", () => waiting.get(name)?.()),
      )
      asking.on("error", () => undefined)
      asking.end()
      await arrived
      asking.destroy()
      await expect.poll(() => stopped).toContain(name)
      expect(port.errors).toEqual([])
    }
  })
})

describe("a handler that throws", () => {
  test("is answered 500 without a word, and the error is told", async () => {
    const bug = new Error("a bug with a secret")
    const handlers: Handler[] = [
      () => Promise.reject(bug),
      () => {
        throw bug
      },
      () => new Response(new ReadableStream({ pull: () => Promise.reject(bug) })),
      fetchOf(() => Promise.reject(bug)),
      fetchOf(() => {
        throw bug
      }),
    ]
    for (const handler of handlers) {
      const port = await open(handler)
      const bytes = await port.raw("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      expect(answersIn(bytes)).toMatchObject([{ status: 500 }])
      expect(bytes.toString()).not.toContain("secret")
      expect(port.errors).toEqual([bug])
    }
  })

  test("in the middle of an answer ends the connection: half an answer is none", async () => {
    const port = await open(() => {
      let pulls = 0
      const pull = (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> =>
        new Promise((resolve, reject) => {
          if (pulls++ > 3) setTimeout(() => reject(new Error("a bug")), 20)
          else setTimeout(() => resolve(controller.enqueue(Buffer.from("part"))), 20)
        })
      return new Response(new ReadableStream({ pull }))
    })
    const answer = await fetch(port.url)
    await expect(answer.text()).rejects.toThrow()
    expect(port.errors).toHaveLength(1)
  })

  test("or says another length than it sends borders on no other answer", async () => {
    const headers = { "content-length": "3" }
    const port = await open(() => new Response("HTTP/1.1 200 forged", { headers }))
    const bytes = await port.raw("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    expect(bytes.toString()).toBe("")
    expect(port.errors).toHaveLength(1)
  })
})

test("who calls is not known of requests that came by no login", async () => {
  const server = createServer((incoming, outgoing) => {
    protectNode()(incoming, outgoing, () => outgoing.end("let in"))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const port = Object.assign(Object.create(Port.prototype) as Port, { server })
  ports.push(port)
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  expect([answer.status, answer.headers.get("stringphone-error")]).toEqual([400, "unprotected"])
})

test("an app sees the address of whoever sent the call, not of the connection in memory", async () => {
  const app = express()
  app.use((request, answer) => void answer.json({ ip: request.ip, secure: request.secure }))
  const { port, session } = await site(fetchOf(app))
  for (const call of [
    session.fetch,
    session.signedFetch,
    (path: string) => fetch(port.url + path),
  ]) {
    expect(await (await call("/")).json()).toEqual({ ip: "127.0.0.1", secure: false })
  }
})
