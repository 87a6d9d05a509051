// What the page is shown of the wire, on a server of its own: raw, bounded, and for that page alone.
import { once } from "node:events"
import { createServer, request as send } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { text } from "node:stream/consumers"
import type { InformedHandler } from "stringphone/session/login/server"
import { describe, expect, it, onTestFinished } from "vitest"
import { LoginRoutes } from "../src/server/login-routes.js"
import type { NumberedExchange } from "../src/server/wire-tape.js"
import { WireListener } from "./up-wire.js"

const answerAll: InformedHandler = async (request) =>
  new Response(`heard ${(await request.arrayBuffer()).byteLength}`, {
    status: 201,
    headers: { "X-A": "b" },
  })

async function opened(
  handler = answerAll,
  onError: (error: unknown) => void = () => {},
): Promise<string> {
  const routes = new LoginRoutes({ realm: "home-0", base: "/.stringphone/login", handler, onError })
  const server = createServer((request, response) => {
    const [path = ""] = (request.url ?? "").split("?")
    if (!routes.answer(request, response, path)) response.writeHead(404).end()
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => {
    routes.close()
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

async function callTimes(page: string, from: number, to: number): Promise<void> {
  for (let i = from; i <= to; i++) await (await fetch(new URL(`api/${i}`, page))).text()
}

function last({ exchanges }: WireListener): NumberedExchange {
  return exchanges.at(-1)!
}

describe("the wire view", { timeout: 120_000 }, () => {
  it("shows method, target, fields and bodies as they were, with what the server itself adds", async () => {
    const page = await opened()
    const wire = await WireListener.open(page)
    const beforeMs = Date.now()
    const socket = connect(Number(new URL(page).port), "127.0.0.1")
    onTestFinished(() => void socket.destroy())
    const head = ["Host: localhost", "x-ODD:  1 ", "X-odd: 2", "Content-Length: 4"]
    socket.write(`PUT /api/../a%41//?q=%20# HTTP/1.1\r\n${head.join("\r\n")}\r\n\r\n`)
    socket.write(Buffer.of(0, 255, 13, 10))
    const { answer, atMs, from, n, request } = await wire.hear(() => true)
    expect([n, from]).toEqual([1, "this computer"])
    expect(atMs).toBeGreaterThanOrEqual(beforeMs)
    expect(atMs).toBeLessThanOrEqual(Date.now())
    expect(request).toMatchObject({ method: "PUT", target: "/api/../a%41//?q=%20#" })
    expect(answer.status).toBe(400) // a target with a fragment is none

    socket.write(`PUT /api/../a%41//?q=%20 HTTP/1.1\r\n${head.join("\r\n")}\r\n\r\n`)
    socket.write(Buffer.of(0, 255, 13, 10))
    const second = await wire.hear((one) => one.n === 2)
    expect(second.request).toEqual({
      method: "PUT",
      target: "/api/../a%41//?q=%20",
      fields: [
        ["Host", "localhost"],
        ["x-ODD", "1"],
        ["X-odd", "2"],
        ["Content-Length", "4"],
      ],
      body: Buffer.of(0, 255, 13, 10).toString("base64"),
      bytes: 4,
    })
    expect(second.answer).toMatchObject({ status: 201, bytes: 7 })
    expect(Buffer.from(second.answer.body, "base64").toString()).toBe("heard 4")
    const names = second.answer.fields.map(([name]) => name)
    expect(names).toEqual(expect.arrayContaining(["x-a", "Date", "Connection", "Content-Length"]))
  })

  it("shows no cookies and passwords, which are of other programs on the same host", async () => {
    const page = await opened()
    const wire = await WireListener.open(page)
    const headers = { Cookie: "jupyter=secret", AUTHORIZATION: "Basic c2VjcmV0", "X-A": "cookie" }
    send(new URL("api/me", page), { headers }).end()
    const { request } = await wire.hear(() => true)
    expect(request.fields).toEqual(
      expect.arrayContaining([
        ["Cookie", "(left out)"],
        ["AUTHORIZATION", "(left out)"],
        ["X-A", "cookie"],
      ]),
    )
    expect(wire.text).not.toContain("secret")
    expect(wire.text).not.toContain("c2VjcmV0")
  })

  it("shows an answer that comes in pieces, also one that breaks off", async () => {
    const errors: unknown[] = []
    const handler: InformedHandler = async (request) => {
      const pieces = ["one ", "two ", "three"]
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, 5))
          const piece = pieces.shift()
          if (piece === undefined) controller.close()
          else if (piece === "three" && request.url.endsWith("break")) controller.error("broken")
          else controller.enqueue(Buffer.from(piece))
        },
      })
      return new Response(body)
    }
    const page = await opened(handler, (error) => errors.push(error))
    const wire = await WireListener.open(page)
    expect(await (await fetch(new URL("api/whole", page))).text()).toBe("one two three")
    const whole = await wire.hear(({ request }) => request.target === "/api/whole")
    expect(Buffer.from(whole.answer.body, "base64").toString()).toBe("one two three")
    expect(whole.answer.fields).toContainEqual(["Transfer-Encoding", "chunked"])
    const broken = fetch(new URL("api/break", page)).then((answer) => answer.text())
    await expect(broken).rejects.toThrow()
    const part = await wire.hear(({ request }) => request.target === "/api/break")
    expect(Buffer.from(part.answer.body, "base64").toString()).toBe("one two ")
    expect(errors).toEqual(["broken"])
  })

  it("shows all of a body of which the answer did not wait for the end", async () => {
    const page = await opened(async () => new Response("no", { status: 400 }))
    const wire = await WireListener.open(page)
    const ask = async (isLeft: boolean): Promise<void> => {
      const socket = connect(Number(new URL(page).port), "127.0.0.1")
      onTestFinished(() => void socket.destroy())
      socket.write("POST /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nearly")
      const [answer] = (await once(socket, "data")) as [Buffer]
      expect(answer.toString()).toContain("HTTP/1.1 400")
      if (isLeft) socket.destroy()
      else socket.write("late")
    }
    await ask(false)
    const { request } = await wire.hear(({ n }) => n === 1)
    expect([Buffer.from(request.body, "base64").toString(), request.bytes]).toEqual([
      "earlylate",
      9,
    ])
    await ask(true)
    const { request: left } = await wire.hear(({ n }) => n === 2)
    expect([Buffer.from(left.body, "base64").toString(), left.bytes]).toEqual(["early", 5])
  })

  it("cuts bodies, and says how long they were", async () => {
    const long = new Uint8Array(100_000).map((_, i) => i % 251)
    const page = await opened(async (request) => new Response(await request.arrayBuffer()))
    const wire = await WireListener.open(page)
    const url = new URL(".stringphone/login", page)
    const answer = await fetch(url, { method: "POST", body: long })
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(long)
    const exchange = await wire.hear(() => true)
    for (const { body, bytes } of [exchange.request, exchange.answer]) {
      expect(bytes).toBe(100_000)
      expect(new Uint8Array(Buffer.from(body, "base64"))).toEqual(long.subarray(0, 4_096))
    }
  })

  it("keeps the last 60, and goes on where a page was", async () => {
    const page = await opened()
    await callTimes(page, 1, 70)
    const wire = await WireListener.open(page)
    await wire.hear(({ n }) => n === 70)
    expect(wire.exchanges.map(({ n }) => n)).toEqual(Array.from({ length: 60 }, (_, i) => i + 11))
    expect(last(wire).request.target).toBe("/api/70")
    wire.leave()

    const back = await WireListener.open(page, { "Last-Event-ID": `${wire.tape}-68` })
    await back.hear(({ n }) => n === 70)
    await callTimes(page, 71, 71)
    await back.hear(({ n }) => n === 71)
    expect(back.exchanges.map(({ n }) => n)).toEqual([69, 70, 71])

    // Of a home before it was started anew, or nonsense: everything that is there.
    for (const id of ["5f3a01c2-68", "68", `${wire.tape}-`, "-1", "x"]) {
      const other = await WireListener.open(page, { "Last-Event-ID": id })
      await other.hear(({ n }) => n === 71)
      expect(other.exchanges).toHaveLength(60)
    }
  })

  it("loses nothing that is still kept to a page that reads slowly", async () => {
    const page = await opened(async (request) => new Response(await request.arrayBuffer()))
    const { port } = new URL(page)
    const slow = connect(Number(port), "127.0.0.1")
    onTestFinished(() => void slow.destroy())
    slow.write("GET /login-wire HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await once(slow, "readable")
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 60; i++) {
        const body = Buffer.alloc(4_096, i)
        await (
          await fetch(new URL(`api/${round}/${i}`, page), { method: "POST", body })
        ).arrayBuffer()
      }
    }
    let seen = ""
    for await (const chunk of slow as AsyncIterable<Buffer>) {
      seen += chunk.toString("latin1")
      if (seen.includes('"target":"/api/19/59"')) break
    }
    for (let i = 0; i < 60; i++) expect(seen).toContain(`"target":"/api/19/${i}"`)
    const numbers = [...seen.matchAll(/\nid: [0-9a-f]{8}-(\d+)\n/g)].map(([, n]) => Number(n))
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
    expect(numbers.length).toBeLessThan(20 * 60)
  })

  it("is for its own page, and for 16 at once", async () => {
    const page = await opened()
    const ask = async (origin: string): Promise<number> => {
      const going = new AbortController()
      const { signal } = going
      const url = new URL("login-wire", page)
      const { status } = await fetch(url, { headers: { Origin: origin }, signal })
      going.abort()
      return status
    }
    expect(await ask(new URL(page).origin)).toBe(200)
    expect(await ask("http://evil.example")).toBe(403)
    expect(await ask("null")).toBe(403)
    const listeners: WireListener[] = []
    while (listeners.length < 16) {
      // One that has just left may count for a moment.
      const one = await WireListener.open(page).catch(() => null)
      if (one) listeners.push(one)
    }
    await expect(WireListener.open(page)).rejects.toThrow("503")
    listeners[0]!.leave()
    for (;;) if (await WireListener.open(page).then(Boolean, () => false)) break
    const head = send(new URL("login-wire", page), { method: "HEAD" }).end()
    const [answer] = (await once(head, "response")) as [NodeJS.ReadableStream]
    expect(await text(answer)).toBe("")
  })
})
