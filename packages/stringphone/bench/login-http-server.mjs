// The server of the benchmark of calls over HTTP, in a process of its own: the same app of Fastify and of Hono, each
// as it is and behind logins. It tells its ports and an invitation, and, whenever it is asked, how much CPU it has used.
import { createServer } from "node:http"
import fastify from "fastify"
import { Hono } from "hono"
import { Identity } from "stringphone/identity"
import { callerOfNode, fetchOf, nodeListener, protectNode } from "stringphone/session/login/node"
import { callerOf, openLoginServer, protect } from "stringphone/session/login/server"
import { createMemoryStore } from "stringphone/store/memory"
import { cheap } from "./login-device.mjs"

const { Response } = globalThis

const logins = await openLoginServer({
  store: createMemoryStore(),
  identity: Identity.generate(),
  realm: "lamp.example",
  price: cheap,
  minimumPrice: cheap,
})
const withFastify = await fastifyApp()
const withHono = honoApp()
const ports = {
  // Its own server, as its documentation has it; Hono has none of its own for Node, and gets our listener.
  Fastify: await withFastify.listen({ port: 0, host: "127.0.0.1" }).then(portIn),
  "Fastify, behind logins": await open(
    logins.handler(fetchOf((incoming, outgoing) => withFastify.routing(incoming, outgoing))),
  ),
  Hono: await open((request) => withHono.fetch(request)),
  "Hono, behind logins": await open(logins.handler((request) => withHono.fetch(request))),
}
const invited = { login: "alice", scopes: ["lamps"], url: "http://127.0.0.1" }
const { text: invitation } = await logins.invite(invited)
process.on("message", () => process.send({ cpu: process.cpuUsage() }))
process.on("disconnect", () => process.exit())
process.send({ invitation, ports })

async function fastifyApp() {
  const app = fastify()
  const act = async ({ body, raw }) => told(callerOfNode(raw), body)
  const guard = protectNode({ scopes: ["lamps"] })
  const onRequest = (request, reply, next) => guard(request.raw, reply.raw, next)
  app.put("/open/:lamp", act)
  app.put("/lamps/:lamp", { onRequest }, act)
  return app
}

function honoApp() {
  const app = new Hono()
  const act = async (request) => Response.json(told(callerOf(request), await request.text()))
  const guarded = protect(act, { scopes: ["lamps"] })
  app.put("/open/:lamp", (context) => act(context.req.raw))
  app.put("/lamps/:lamp", (context) => guarded(context.req.raw))
  return app
}

function told(caller, body) {
  return { on: true, length: body.length, by: caller?.login ?? null }
}

async function open(handler) {
  const server = createServer(nodeListener(handler))
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
  return server.address().port
}

function portIn(url) {
  return Number(new URL(url).port)
}
