import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { hex } from "../../src/bytes/index.js"
import { addContact, Identity } from "../../src/identity/index.js"
import { openNodeKeyRing } from "../../src/keyring/node.js"
import { login, openSession, register } from "../../src/session/login/index.js"
import { nodeListener } from "../../src/session/login/node.js"
import { callerOf, openLoginServer, protect } from "../../src/session/login/server-index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { base, cheap, codeOf, password, realm } from "../login/session-client-scene.js"
import { newFolder } from "../store/folder.js"
import {
  requireRuntime,
  runClient,
  type RunningServer,
  type ServerOptions,
  startServer,
} from "./login-runtimes.js"

const message = { method: "POST", headers: { "content-type": "application/stringphone-login" } }

describe.each(["bun", "deno"] as const)("in %s", (name) => {
  const runtime = requireRuntime(name)
  const options = { timeout: 120_000, skip: runtime === null }

  async function serve(changes: Partial<ServerOptions> = {}): Promise<RunningServer> {
    const server = await startServer(runtime!, { path: null, price: cheap, ...changes })
    onTestFinished(() => server.kill())
    return server
  }
  const common = () => ({
    ...{ password, device: "Laptop", store: createMemoryStore(), minimumPrice: cheap },
  })

  describe.each([
    { http: "its own HTTP", isNodeHttp: false },
    { http: "the HTTP of Node", isNodeHttp: true },
  ])("a server on $http", ({ isNodeHttp }) => {
    test("is logged into and called, sealed and signed", options, async () => {
      const server = await serve({ isNodeHttp })
      const { events, invitation } = server
      const session = await register({ ...common(), invitation: invitation! })
      const large = "ä".repeat(500_000)
      for (const [mode, call] of [
        ["sealed", session.fetch],
        ["signed", session.signedFetch],
      ] as const) {
        const target = "/lamps/%2f//%C3%A4?b=%20c%27&b"
        const answer = await call(target, { method: "PUT", body: large, headers: { hue: "blue" } })
        expect(await answer.json()).toEqual({ login: "alice", mode, target, text: large })
        expect(answer.headers.get("hue")).toBe("blue")
        const nothing = await call("/nothing", { method: "DELETE" })
        expect([nothing.status, await nothing.text()]).toEqual([204, ""])
        expect((await call("/lamps", { method: "HEAD" })).status).toBe(200)
      }
      await session.refresh()
      const twenty = Array.from({ length: 20 }, (_, i) =>
        (i % 2 ? session.fetch : session.signedFetch)(`/lamps/${i}`),
      )
      expect((await Promise.all(twenty)).map(({ status }) => status)).toEqual(Array(20).fill(200))
      expect((await session.status()).generation).toBe(2)
      await session.logout()
      expect(events.map(({ kind }) => kind)).toEqual(
        expect.arrayContaining(["registered", "logged-in", "refreshed", "revoked"]),
      )
      expect(events.map(({ kind }) => kind)).not.toContain("trouble")
    })

    test("refuses what is repeated, guessed or nobody's", options, async () => {
      const { invitation, url } = await serve({ isNodeHttp })
      const sent: [string, RequestInit][] = []
      const session = await register({
        ...{ ...common(), invitation: invitation! },
        fetch: (address, init = {}) => {
          sent.push([address, init])
          return fetch(address, init)
        },
      })
      await session.signedFetch("/lamps", { method: "POST", body: "on" })
      const repeated = await fetch(...sent.at(-1)!)
      expect(repeated.headers.get("stringphone-error")).toBe("used")
      await session.fetch("/lamps", { method: "POST", body: "on" })
      const [type, code] = new Uint8Array(await (await fetch(...sent.at(-1)!)).arrayBuffer())
      expect([type, code]).toEqual([0x0e, 5])

      const stranger = await fetch(`${url}/lamps`)
      expect(stranger.headers.get("stringphone-error")).toBe("unprotected")
      const body = new Uint8Array(20_000_000).fill(0x01)
      const long = await fetch(url + base, { ...message, body }).then(
        async (answer) => [...new Uint8Array(await answer.arrayBuffer())].slice(0, 2),
        () => "cut",
      )
      expect([[0x0e, 8], "cut"]).toContainEqual(long)
      expect((await session.fetch("/lamps")).status).toBe(200)

      const { serverKey } = await session.status()
      // Of whomever: it is the address that has guessed.
      const guess = (of: string): Promise<string> => {
        const about = { ...common(), url, serverKey, login: of, password: "a guess" }
        return codeOf(() => login(about))
      }
      for (let i = 0; i < 5; i++) expect(await guess(`somebody-${i}`)).toBe("PeerError not-proven")
      expect(await guess("nobody")).toBe("PeerError slow-down")
    })
  })

  test("a server that was killed goes on with what is in SQLite", options, async () => {
    const path = join(await newFolder(), "logins.sqlite")
    const before = await serve({ path })
    const store = createMemoryStore()
    const invitation = before.invitation!
    const first = await register({ ...common(), store, invitation })
    expect((await first.fetch("/lamps")).status).toBe(200)
    await before.kill()
    const after = await serve({ path })
    expect(after.invitation).toBe(null)
    const moved = await openSession({ store, url: after.url, realm })
    expect((await moved.fetch("/lamps")).status).toBe(200)
    await moved.refresh()
    expect((await moved.signedFetch("/lamps")).status).toBe(200)
  })

  test("a client has what it has in Node", options, async () => {
    const identity = Identity.generate()
    const logins = await openLoginServer({ store: createMemoryStore(), identity, realm })
    const lamps = protect(
      async (request) => {
        const { pathname, search } = new URL(request.url)
        if (pathname === "/nothing") return new Response(null, { status: 204 })
        const { login: by, mode } = callerOf(request)!
        const said = { login: by, mode, text: await request.text(), target: pathname + search }
        return Response.json(said, { headers: { hue: request.headers.get("hue") ?? "none" } })
      },
      { scopes: ["lamps"] },
    )
    const server = createServer(nodeListener(logins.handler(lamps))).listen(0, "127.0.0.1")
    onTestFinished(() => void server.close())
    await once(server, "listening")
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { text } = await logins.invite({ url, login: "alice", scopes: ["lamps"] })
    const folder = await newFolder()
    const open = () => openNodeKeyRing({ directory: folder, passphrase: () => "tin can" })
    const ring = await open()
    const { publicKey } = Identity.generate()
    const trust = { state: "trusted", atMs: 1 } as const
    await ring.updateContacts((book) => addContact(book, { petname: "Bob", publicKey }, trust))
    await ring.setPassphrase("tin can", { passes: 1, memoryKib: 64 })
    await ring.close()

    const said = { login: "alice", text: "" }
    expect(await runClient(runtime!, { invitation: text, folder })).toEqual({
      engine: name === "bun" ? (expect.stringMatching(/native|portable/) as string) : "portable",
      login: {
        sealed: [{ ...said, mode: "sealed", target: "/lamps/%2f?b=%20c%27" }, "blue"],
        signed: { ...said, mode: "signed", target: "/lamps/%C3%A4?c", text: "on" },
        isLargeWhole: [true, true],
        ...{ status: 204, devices: ["Laptop", "Phone"], end: "revoked" },
      },
      topic: ["paired", "lamp on", "verified", "phone"],
      keyRing: { contacts: ["Bob", "Carol"], publicKey: hex(ring.identity.publicKey) },
    })
    // What it wrote is there for Node, too.
    const again = await open()
    expect((await again.contacts()).map(({ petname }) => petname)).toEqual(["Bob", "Carol"])
    await again.close()
  })
})
