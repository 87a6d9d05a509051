import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { type IncomingMessage, request as send } from "node:http"
import { join } from "node:path"
import { decodeJson } from "stringphone/bytes"
import { login, openSession, register } from "stringphone/session/login"
import type { Store } from "stringphone/store"
import { createMemoryStore } from "stringphone/store/memory"
import { describe, expect, it } from "vitest"
import { freshHome } from "./folder.js"
import { keyOf, pair, type Ready, startHome } from "./home.js"
import { failure, secretFile } from "./login-scene.js"
import { json, type Running, stringphone } from "./program.js"
import { readable, WireListener } from "./up-wire.js"

const password = "correct horse battery staple"
const device = "Ann's phone"

/** i. @returns the invitation */
async function invited(home: Running): Promise<string> {
  home.type("i")
  const { text } = await home.next("invitation")
  return String(text)
}

describe("logins of a home", { timeout: 120_000 }, () => {
  it("lets whoever was invited switch the real lamp, by sealed and by signed calls", async () => {
    const { home, ready } = await startHome(freshHome())
    const told = (await (await fetch(new URL("home.json", ready.page))).json()) as { login: Told }
    expect(told.login).toEqual({
      realm: expect.stringMatching(/^home-[0-9a-f]{8}$/) as string,
      base: "/.stringphone/login",
      api: "/api",
      wire: "/login-wire",
    })
    const phone = await pair(home, ready)

    home.type("i")
    const invitation = await home.next("invitation")
    expect(invitation).toMatchObject({ url: ready.page })
    const leftMs = Date.parse(String(invitation["expiresAt"])) - Date.now()
    expect(leftMs).toBeGreaterThan(86_000_000)
    expect(leftMs).toBeLessThan(2 * 86_400_000)
    const store = createMemoryStore()
    const text = String(invitation["text"])
    const session = await register({ invitation: text, login: "ann", password, device, store })
    expect(await home.next("login")).toMatchObject({ what: "registered", login: "ann" })
    expect(await home.next("login")).toMatchObject({ what: "logged-in", login: "ann", device })

    const me = await session.fetch("/api/me")
    expect(await me.json()).toEqual({
      login: "ann",
      device,
      scopes: ["devices", "switch"],
      mode: "sealed",
    })
    const listed = (await (await session.signedFetch("/api/devices")).json()) as Listed
    expect(listed.devices).toMatchObject([
      { device: "computer", state: { readings: { load: expect.any(Number) as number } } },
      { device: "lamp", name: "Lamp", state: { on: false } },
      { device: "lock", name: "Door lock", state: { locked: true } },
    ])

    const lit = await session.fetch("/api/devices/lamp", { method: "PUT", body: '{"on":true}' })
    expect(await lit.json()).toEqual({ on: true })
    const call = await home.next("call")
    expect(call).toMatchObject({ device: "lamp", login: "ann", from: device, set: { on: true } })
    const lamp = keyOf(ready, "lamp")
    const state = await phone.hear((message) => "done" in message && message.done === call["id"])
    expect(state).toMatchObject({ kind: "state", from: lamp, device: "lamp", on: true })
    const page = await (await fetch(new URL("lamp", ready.page))).text()
    expect(page).toContain("ann, logged in on &#34;Ann&#39;s phone&#34;: on")

    const unlock = { method: "PUT", body: '{"locked":false}' }
    const opened = await session.signedFetch("/api/devices/lock", unlock)
    expect(await opened.json()).toEqual({ locked: false })
    const lock = keyOf(ready, "lock")
    await phone.hear((one) => one.from === lock && "locked" in one && !one.locked)

    // Both ways lead to the same switch.
    await phone.command(lamp, { on: false })
    await home.next("command")
    const dark = await session.fetch("/api/devices/lamp")
    expect(await dark.json()).toEqual({ device: "lamp", name: "Lamp", state: { on: false } })

    await session.logout()
    expect(await home.next("login")).toMatchObject({ what: "revoked", login: "ann" })
    expect(await home.end()).toBe(0)
    expect(home.stderr).toBe("")
  })

  it("answers nobody who is not logged in, and says so", async () => {
    const { home, ready } = await startHome(freshHome())
    const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
      fetch(new URL(path, ready.page), init)
    for (const path of ["api", "api/me", "api/devices", "api/devices/lamp", "api/nothing"]) {
      const answer = await ask(path)
      expect(answer.status).toBe(400)
      expect(answer.headers.get("stringphone-error")).toBe("unprotected")
      expect(await answer.text()).toBe("")
    }
    const put = await ask("api/devices/lamp", { method: "PUT", body: '{"on":true}' })
    expect(put.headers.get("stringphone-error")).toBe("unprotected")
    expect(put.headers.get("content-security-policy")).toContain("default-src 'none'")
    expect(await (await ask("lamp")).text()).toContain('data-state="off"')

    // A page of another site whose name was pointed here (DNS rebinding).
    for (const path of ["api/me", ".stringphone/login", "login-wire"]) {
      const rebound = send(new URL(path, ready.page), { headers: { Host: "evil.example" } }).end()
      const [answer] = (await once(rebound, "response")) as [IncomingMessage]
      expect(answer.statusCode).toBe(421)
      answer.resume()
    }
    const foreign = await ask("login-wire", { headers: { Origin: "http://evil.example" } })
    expect(foreign.status).toBe(403)
    expect(await foreign.text()).not.toContain("data:")

    // OPAQUE is WebAssembly; a page may run that, and evaluate no text.
    const { headers } = await ask("")
    expect(headers.get("content-security-policy")).toContain(
      "script-src 'self' 'wasm-unsafe-eval';",
    )

    // What is beside it stays as it was.
    expect((await ask("apiary")).status).toBeGreaterThanOrEqual(404)
    expect((await ask("home.json", { method: "PUT" })).status).toBe(405)
    expect((await ask("login-wire", { method: "POST" })).status).toBe(405)
    await home.end()
  })

  it("shows on the wire what anybody there gets, and nothing that is secret", async () => {
    const { home, ready } = await startHome(freshHome())
    const wire = await WireListener.open(ready.page)
    const store = createMemoryStore()
    const invitation = await invited(home)
    const session = await register({ invitation, login: "ann", password, device, store })
    const body = '{"on":true}'
    await session.fetch("/api/devices/lamp", { method: "PUT", body })
    await session.fetch("/api/me")
    const sealed = await wire.hear(({ n }) => n >= 4)
    expect(sealed.from).toBe("this computer")
    const { base } = await toldOf(ready)
    await fetch(new URL("api/me", ready.page))
    await wire.hear(({ request }) => request.target === "/api/me")
    const targets = wire.exchanges.map(({ request }) => `${request.method} ${request.target}`)
    expect(new Set(targets)).toEqual(new Set([`POST ${base}`, "GET /api/me"]))

    const seen = readable(wire.exchanges)
    const keys = await secretsOf(store)
    expect(keys.length).toBeGreaterThan(0)
    // spec/login.md §8.2
    const code = Buffer.from(invitation.split("/")[1]!, "base64url").subarray(65, 81)
    const secrets = [...keys, code]
    const words = [password, invitation, device, body, "devices/lamp", "switch"]
    for (const form of ["latin1", "hex", "base64", "base64url"] as const) {
      for (const word of words) expect(seen).not.toContain(Buffer.from(word).toString(form))
      for (const secret of secrets) expect(seen).not.toContain(secret.toString(form))
    }

    // A signed call is for everybody to read, and its keys for nobody.
    await session.signedFetch("/api/devices/lamp", { method: "PUT", body: '{"on":false}' })
    const signed = await wire.hear(({ request }) => request.method === "PUT")
    expect(signed.request.target).toBe("/api/devices/lamp")
    expect(signed.request.fields.map(([name]) => name.toLowerCase())).toEqual(
      expect.arrayContaining(["host", "signature", "signature-input", "content-digest"]),
    )
    expect(Buffer.from(signed.request.body, "base64").toString()).toBe('{"on":false}')
    expect(Buffer.from(signed.answer.body, "base64").toString()).toBe('{"on":false}')
    const all = readable(wire.exchanges)
    for (const secret of keys) {
      for (const form of ["latin1", "hex", "base64", "base64url"] as const) {
        expect(all).not.toContain(secret.toString(form))
      }
    }
    await home.end()
  })

  it("refuses what was recorded and comes again, and counts it", async () => {
    const { home, ready } = await startHome(freshHome())
    const wire = await WireListener.open(ready.page)
    const store = createMemoryStore()
    const session = await register({
      invitation: await invited(home),
      login: "ann",
      password,
      device,
      store,
    })
    await session.signedFetch("/api/devices/lamp", { method: "PUT", body: '{"on":true}' })
    await home.next("call")
    const { request } = await wire.hear((one) => one.request.method === "PUT")
    const again = async (body: Buffer): Promise<string | null> => {
      const headers = request.fields
        .filter(([name]) => /^(content-type|content-digest|signature|stringphone-)/i.test(name))
        .map(([name, value]) => [name, value] as [string, string])
      const url = new URL(request.target, ready.page)
      const answer = await fetch(url, {
        method: request.method,
        headers,
        body: new Uint8Array(body),
      })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.status).toBeLessThan(500)
      return answer.headers.get("stringphone-error")
    }
    const body = Buffer.from(request.body, "base64")
    expect(await again(body)).toBe("used")
    expect(await again(Buffer.from('{"on":null}'))).not.toBeNull()
    expect(await home.next("login", ({ what }) => what === "call-refused")).toMatchObject({
      count: expect.any(Number) as number,
    })
    expect(home.events.filter(({ event }) => event === "call")).toEqual([])
    await home.end()
  })

  it("gives no more than the session's scopes", async () => {
    const { home, ready } = await startHome(freshHome())
    await register({
      invitation: await invited(home),
      login: "ann",
      password,
      device,
      store: createMemoryStore(),
    })
    const narrow = await login({
      url: ready.page,
      login: "ann",
      password,
      device: "tablet",
      scopes: ["devices"],
      store: createMemoryStore(),
    })
    expect((await narrow.fetch("/api/devices")).status).toBe(200)
    const put = { method: "PUT", body: '{"on":true}' }
    await expect(narrow.fetch("/api/devices/lamp", put)).rejects.toMatchObject({
      name: "PeerError",
      code: "missing-scope",
    })
    await expect(narrow.signedFetch("/api/devices/lamp", put)).rejects.toMatchObject({
      code: "missing-scope",
    })
    expect(home.events.filter(({ event }) => event === "call")).toEqual([])
    await home.end()
  })

  it("knows users and sessions again after a restart, and the command line uses the same API", async () => {
    const folder = freshHome()
    const { home, ready } = await startHome(folder)
    const store = createMemoryStore()
    const invitation = await invited(home)
    const session = await register({ invitation, login: "ann", password, device, store })
    await session.fetch("/api/devices/lamp", { method: "PUT", body: '{"on":true}' })

    const user = freshHome()
    const file = secretFile(password)
    const text = await invited(home)
    const args = ["login", "to", "-", "--login", "bob", "--password-file", file]
    expect(await json(user, args, `${text}\n`)).toMatchObject({ login: "bob" })
    const called = await stringphone(user, ["login", "call", "GET", "/api/devices"])
    expect(called.code).toBe(0)
    expect(JSON.parse(called.stdout)).toMatchObject({
      devices: [{}, { device: "lamp", state: { on: true } }, {}],
    })
    // Its signed call is to a place that the login server keeps for itself.
    const { checks } = await json(user, ["login", "doctor"])
    expect(checks).toContainEqual(expect.objectContaining({ check: "signed", ok: true }))
    const used = await failure(freshHome(), args, `${text}\n`)
    expect(used.stderr).not.toBe("")
    const before = await toldOf(ready)
    expect(await home.end()).toBe(0)

    const again = await startHome(folder, "--port", new URL(ready.page).port)
    expect(again.ready.page).toBe(ready.page)
    expect(await toldOf(again.ready)).toEqual(before)
    const back = await openSession({ store })
    const lamp = await back.fetch("/api/devices/lamp")
    expect(await lamp.json()).toMatchObject({ state: { on: true } })
    const off = ["login", "call", "PUT", "/api/devices/lamp", "--data", '{"on":false}', "--signed"]
    expect((await stringphone(user, off)).stdout).toBe('{"on":false}')
    expect(await again.home.next("call")).toMatchObject({ login: "bob", set: { on: false } })
    await again.home.end()
  })

  it("invites to where other devices of the network find it", async () => {
    const { home, ready } = await startHome(freshHome(), "--host", "0.0.0.0")
    home.type("i")
    const { text, url } = await home.next("invitation")
    expect(url).toBe(ready.lan[0] ?? ready.page)
    const wire = await WireListener.open(String(url))
    const session = await register({
      invitation: String(text),
      login: "ann",
      password,
      device,
      store: createMemoryStore(),
    })
    expect((await session.fetch("/api/devices")).status).toBe(200)
    const { from } = await wire.hear(({ n }) => n === 1)
    expect(from).toBe(ready.lan.length > 0 ? new URL(String(url)).hostname : "this computer")
    await home.end()
  })

  it("is a home without logins when what they keep is broken, and says why", async () => {
    const folder = freshHome()
    const first = await startHome(folder)
    await first.home.end()
    const { directory } = first.ready
    writeFileSync(join(directory, "login.state.json"), "{")
    const { home, ready } = await startHome(folder)
    const notice = await home.next("notice", ({ level }) => level === "warning")
    expect(notice["text"]).toContain("Logins do not work, and the rest does.")
    expect(notice["text"]).toContain("login.state.json")
    expect(await toldOf(ready)).toBeNull()
    expect((await fetch(new URL("api/me", ready.page))).status).toBe(404)
    home.type("i")
    expect(await home.next("notice")).toMatchObject({
      level: "warning",
      text: expect.stringContaining("Logins do not work in this home.") as string,
    })
    await pair(home, ready)
    expect(await home.end()).toBe(0)
  })
})

interface Told {
  readonly realm: string
  readonly base: string
}

interface Listed {
  readonly devices: readonly unknown[]
}

async function toldOf({ page }: Ready): Promise<Told> {
  const { login: told } = (await (await fetch(new URL("home.json", page))).json()) as {
    login: Told
  }
  return told
}

/** Every key that a device keeps of its session; those of the server are public. */
async function secretsOf(store: Store): Promise<readonly Buffer[]> {
  const found: Buffer[] = []
  const walk = (value: unknown, name: string): void => {
    if (name === "serverKeys") return
    if (value instanceof Uint8Array) {
      if (value.length >= 32) found.push(Buffer.from(value))
    } else if (typeof value === "object" && value !== null) {
      for (const [key, one] of Object.entries(value)) walk(one, key)
    }
  }
  for (const { value } of await store.list("")) walk(decodeJson(value), "")
  return found
}
