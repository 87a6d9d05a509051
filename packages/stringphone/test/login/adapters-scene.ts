// One app, written for each framework, behind a login server on a real port.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { type AddressInfo, connect } from "node:net"
import express from "express"
import fastify from "fastify"
import { Hono } from "hono"
import { callerOfNode, fetchOf, nodeListener, protectNode } from "../../src/session/login/node.js"
import {
  type Caller,
  callerOf,
  type Handler,
  type InformedHandler,
  protect,
} from "../../src/session/login/server-index.js"

/** What an app says of a request. */
export interface Told {
  readonly url: string
  readonly method: string
  readonly body: string
  readonly by: string | null
  readonly mode: string | null
  readonly fields: Readonly<Record<string, string | readonly string[] | undefined>>
}

type Fields = Told["fields"]

function told(
  caller: Caller | null,
  url: string,
  method: string,
  body: string,
  fields: Fields,
): Told {
  return { url, method, body, by: caller?.login ?? null, mode: caller?.mode ?? null, fields }
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString("latin1")
}

async function toldByNode(incoming: IncomingMessage, url = incoming.url): Promise<Told> {
  const { headers, method = "" } = incoming
  return told(callerOfNode(incoming), url ?? "", method, await textOf(incoming), headers)
}

const longText = "long ".repeat(100_000)

/**
 * `/cookies`, `/nothing`, `/unchanged`, `/streamed`, `/throws`, `/admin` (needs a scope), `/guarded` (needs a login); all
 * else tells what was asked.
 */
export function honoApp(): Handler {
  const app = new Hono()
  app.onError((error) => {
    throw error
  })
  app.get("/cookies", (c) => {
    c.header("set-cookie", "a=1; Path=/", { append: true })
    c.header("set-cookie", "b=2", { append: true })
    return c.text("cookies")
  })
  app.get("/nothing", (c) => c.body(null, 204))
  app.get("/unchanged", (c) => c.body(null, 304))
  app.get("/streamed", () => new Response(new Blob([longText]).stream()))
  app.get("/throws", () => {
    throw new Error("a bug of the app")
  })
  const tell: Handler = async (request) => {
    const fields = Object.fromEntries(request.headers)
    const { method, url } = request
    const body = Buffer.from(await request.arrayBuffer()).toString("latin1")
    return Response.json(told(callerOf(request), new URL(url).pathname, method, body, fields))
  }
  app.all("/guarded", (c) => protect(tell)(c.req.raw))
  app.all("/admin", (c) => protect(tell, { scopes: ["admin:all"] })(c.req.raw))
  app.all("*", (c) => tell(c.req.raw))
  return (request) => app.fetch(request)
}

export function expressApp(): Handler {
  const app = express()
  app.get("/cookies", (_, answer) => {
    answer.cookie("a", "1").append("set-cookie", "b=2").send("cookies")
  })
  app.get("/nothing", (_, answer) => void answer.status(204).end())
  app.get("/unchanged", (_, answer) => void answer.status(304).end())
  app.get("/streamed", (_, answer) => {
    for (let at = 0; at < 5; at++) answer.write(longText.slice(at * 100_000, (at + 1) * 100_000))
    answer.end()
  })
  app.get("/throws", (_, answer) => {
    answer.destroy()
  })
  app.use("/guarded", protectNode())
  app.use("/admin", protectNode({ scopes: ["admin:all"] }))
  app.use(
    async (request, answer) => void answer.json(await toldByNode(request, request.originalUrl)),
  )
  return fetchOf(app)
}

export async function fastifyApp(): Promise<Handler> {
  const app = fastify()
  app.addContentTypeParser("*", (_, body, done) => done(null, body))
  app.addContentTypeParser("text/plain", (_, body, done) => done(null, body))
  app.get("/cookies", (_, reply) =>
    reply.header("set-cookie", ["a=1; Path=/", "b=2"]).send("cookies"),
  )
  app.get("/nothing", (_, reply) => reply.code(204).send())
  app.get("/unchanged", (_, reply) => reply.code(304).send())
  app.get("/streamed", (_, reply) => reply.send(new Blob([longText]).stream()))
  app.get("/throws", (_, reply) => {
    reply.hijack()
    reply.raw.destroy()
  })
  const guards = { "/guarded": protectNode(), "/admin": protectNode({ scopes: ["admin:all"] }) }
  for (const [url, guard] of Object.entries(guards)) {
    app.all(url, { onRequest: (request, reply, next) => guard(request.raw, reply.raw, next) }, tell)
  }
  app.all("*", tell)
  app.all("/", tell)
  function tell({ raw }: { raw: IncomingMessage }): Promise<Told> {
    return toldByNode(raw)
  }
  await app.ready()
  return fetchOf((incoming, outgoing) => app.routing(incoming, outgoing))
}

/** Without a framework. */
export function plainApp(): Handler {
  const guards: Record<string, ReturnType<typeof protectNode>> = {
    "/guarded": protectNode(),
    "/admin": protectNode({ scopes: ["admin:all"] }),
  }
  return fetchOf(async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const path = incoming.url ?? ""
    if (path === "/throws") throw new Error("a bug of the app")
    if (path === "/nothing") return outgoing.writeHead(204).end()
    if (path === "/unchanged") return outgoing.writeHead(304).end()
    if (path === "/streamed") {
      outgoing.write(longText.slice(0, 10))
      return outgoing.end(longText.slice(10))
    }
    if (path === "/cookies") {
      return outgoing.writeHead(200, { "set-cookie": ["a=1; Path=/", "b=2"] }).end("cookies")
    }
    const guard = guards[path] ?? ((_: unknown, __: unknown, next: () => void) => next())
    return guard(incoming, outgoing, () => {
      void toldByNode(incoming).then((one) => outgoing.end(JSON.stringify(one)))
    })
  })
}

export class Port {
  readonly server: Server
  readonly errors: unknown[] = []

  private constructor(server: Server) {
    this.server = server
  }

  static async open(handler: InformedHandler | Handler): Promise<Port> {
    const onError = (error: unknown): void => void port.errors.push(error)
    const port: Port = new Port(createServer(nodeListener(handler, { onError })))
    await new Promise<void>((resolve) => port.server.listen(0, "127.0.0.1", resolve))
    return port
  }

  get number(): number {
    return (this.server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.number}`
  }

  /** All that comes back until the connection ends. */
  async raw(...parts: readonly (string | Uint8Array)[]): Promise<Buffer> {
    const socket = connect(this.number, "127.0.0.1")
    const chunks: Buffer[] = []
    socket.on("data", (chunk) => chunks.push(chunk))
    for (const part of parts)
      socket.write(typeof part === "string" ? Buffer.from(part, "latin1") : part)
    await new Promise((resolve) => socket.on("error", () => undefined).on("close", resolve))
    return Buffer.concat(chunks)
  }

  /** Sends a head, and a body that never ends, until the connection is cut. */
  async flood(head: string): Promise<{ readonly received: Buffer; readonly sent: number }> {
    const socket = connect(this.number, "127.0.0.1")
    const chunks: Buffer[] = []
    let sent = 0
    const send = (): void => {
      do sent += 2 ** 16
      while (socket.write(Buffer.alloc(2 ** 16)))
    }
    socket.on("data", (chunk) => chunks.push(chunk)).on("drain", send)
    socket.write(head)
    send()
    await new Promise((resolve) => socket.on("error", () => undefined).on("close", resolve))
    return { received: Buffer.concat(chunks), sent }
  }

  async close(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}

/** One answer as it is on the wire. */
export interface RawAnswer {
  readonly status: number
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}

/** Answers one behind another, each with its length. */
export function answersIn(bytes: Buffer, methods: readonly string[] = []): readonly RawAnswer[] {
  const answers: RawAnswer[] = []
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf("\r\n\r\n", at)
    if (end < 0) throw new Error(`no answer: ${bytes.toString("latin1", at)}`)
    const [first = "", ...lines] = bytes.toString("latin1", at, end).split("\r\n")
    const fields = lines.map((line): [string, string] => {
      const colon = line.indexOf(":")
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    })
    const status = Number(first.split(" ")[1])
    const length = Number(fields.find(([name]) => name === "content-length")?.[1] ?? 0)
    const hasBody = methods[answers.length] !== "HEAD" && status !== 204 && status !== 304
    at = end + 4 + (hasBody ? length : 0)
    answers.push({ status, fields, body: bytes.subarray(end + 4, at) })
  }
  return answers
}
