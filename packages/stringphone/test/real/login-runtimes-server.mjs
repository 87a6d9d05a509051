// A login server on what a runtime has itself, `Bun.serve` or `Deno.serve`, or on its `node:http`.
//   login-runtimes-server.mjs '{ "path": "a database, or null", "isNodeHttp": false, "price": … }'
import { createServer } from "node:http"
import process from "node:process"
import { Identity } from "stringphone/identity"
import { nodeListener } from "stringphone/session/login/node"
import { callerOf, openLoginServer, protect } from "stringphone/session/login/server"
import { createMemoryStore } from "stringphone/store/memory"
import { openSqliteStore } from "stringphone/store/sqlite"

const { Bun, Deno, Response } = globalThis
const { isNodeHttp, path, price } = JSON.parse(process.argv[2])
const tell = (line) => console.log(JSON.stringify(line))

const logins = await openLoginServer({
  store: path === null ? createMemoryStore() : await openSqliteStore({ path }),
  identity: new Identity(new Uint8Array(32).fill(7)),
  realm: "lamp.example",
  price,
  minimumPrice: price,
  onEvent: ({ error, ...event }) => tell(error ? { ...event, error: String(error) } : event),
})
const lamps = protect(
  async (request) => {
    const { pathname, search } = new URL(request.url)
    if (pathname === "/nothing") return new Response(null, { status: 204 })
    const text = await request.text()
    const { login, mode } = callerOf(request)
    const headers = { hue: request.headers.get("hue") ?? "none" }
    return Response.json({ login, mode, text, target: pathname + search }, { headers })
  },
  { scopes: ["lamps"] },
)
const handle = logins.handler(lamps)
const hostname = "127.0.0.1"

const listen = {
  deno: () => {
    const fetch = (request, { remoteAddr }) => handle(request, { address: remoteAddr.hostname })
    return Deno.serve({ port: 0, hostname, onListen: () => {} }, fetch).addr.port
  },
  bun: () => {
    const fetch = (request, server) =>
      handle(request, { address: server.requestIP(request).address })
    return Bun.serve({ port: 0, hostname, fetch }).port
  },
  node: async () => {
    const server = createServer(nodeListener(handle))
    await new Promise((resolve) => server.listen(0, hostname, resolve))
    return server.address().port
  },
}
const kind = isNodeHttp ? "node" : Deno ? "deno" : "bun"
const port = await listen[kind]()
const url = `http://${hostname}:${port}`
const isNew = (await logins.users()).length === 0
const invitation = isNew ? await logins.invite({ url, login: "alice", scopes: ["lamps"] }) : null
tell({ kind: "listening", port, invitation: invitation?.text ?? null })
process.stdin.on("end", () => process.exit()).resume()
