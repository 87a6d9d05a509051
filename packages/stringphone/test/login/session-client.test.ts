// A client and a server, and nobody in between.
import { describe, expect, test } from "vitest"
import { login, openSession, openSessions, register } from "../../src/session/login/index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { cheap, ClientScene, codeOf, password, realm, types, url } from "./session-client-scene.js"

const device = "Phone"

describe("a session", () => {
  test("begins by an invitation, and calls, sealed and signed", async () => {
    const scene = await ClientScene.open()
    const session = await scene.register()
    const sealed = await session.fetch("/lamps?room=1", {
      method: "POST",
      body: "on",
      headers: { hue: "red" },
    })
    expect(sealed.status).toBe(200)
    expect(await sealed.json()).toEqual({ login: "alice", mode: "sealed", text: "on", hue: "red" })
    const signed = await session.signedFetch(`${url}/lamps?room=2`, {
      method: "PUT",
      body: new TextEncoder().encode("off"),
      headers: { hue: "blue" },
    })
    expect(signed.headers.get("content-type")).toBe("application/json")
    expect(await signed.json()).toEqual({
      login: "alice",
      mode: "signed",
      text: "off",
      hue: "blue",
    })
    expect(scene.acted).toEqual(["POST /lamps?room=1", "PUT /lamps?room=2"])
    expect(scene.count(types.openLane)).toBe(1)
    expect(await session.status()).toEqual({
      url: `${url}/.stringphone/login`,
      realm,
      login: "alice",
      device: "Laptop",
      session: (await session.devices())[0]!.session,
      scopes: ["lamps"],
      serverKey: scene.identity.publicKey,
      generation: 1,
    })
  })

  test("goes on from its store, without a password", async () => {
    const scene = await ClientScene.open()
    const store = createMemoryStore()
    await scene.register({ store })
    const { fetch } = scene
    for (const which of [{}, { url }, { realm }, { login: "ALICE" }, { url: `${url}/`, realm }]) {
      const session = await openSession({ store, fetch, ...which })
      expect((await session.fetch("/lamps")).status).toBe(200)
    }
    expect(await codeOf(() => openSession({ store, realm: "other.example" }))).toBe(
      "UsageError logged-out",
    )
    await login({ url, login: "alice", password, device, store, fetch, minimumPrice: cheap })
    await scene.register({ store }, "bob")
    expect(await codeOf(() => openSession({ store, url }))).toBe("UsageError several-sessions")
    const all = await openSessions({ store, fetch })
    const statuses = await Promise.all(all.map((one) => one.status()))
    expect(statuses.map((status) => status.login)).toEqual(["alice", "bob"])
    for (const one of all) expect((await one.fetch("/lamps")).status).toBe(200)
    const session = await openSession({
      store,
      fetch,
      url: "http://10.0.0.1:8080",
      realm,
      login: "bob",
    })
    expect((await session.status()).url).toBe("http://10.0.0.1:8080/.stringphone/login")
    expect((await session.fetch("http://10.0.0.1:8080/lamps")).status).toBe(200)
  })

  test("answers are as the handler gave them", async () => {
    const scene = await ClientScene.open()
    const session = await scene.register()
    for (const call of [session.fetch, session.signedFetch]) {
      expect((await call("/nothing")).status).toBe(204)
      const redirection = await call("/elsewhere")
      expect([redirection.status, redirection.headers.get("location")]).toEqual([
        302,
        "http://evil.example/",
      ])
      const request = new Request(`${url}/lamps`, { method: "POST", body: "by a request" })
      expect(await (await call(request)).json()).toMatchObject({ text: "by a request" })
      expect(await codeOf(() => call("/admin"))).toBe("PeerError missing-scope")
    }
    expect(scene.passed.every((one) => new URL(one.url).origin === url)).toBe(true)
  })

  test("calls nobody else, and sets no fields of the connection", async () => {
    const scene = await ClientScene.open()
    const session = await scene.register()
    const before = scene.passed.length
    for (const call of [session.fetch, session.signedFetch]) {
      expect(await codeOf(() => call("http://other.example/lamps"))).toBe("UsageError other-origin")
      expect(await codeOf(() => call("https://lamp.example/lamps"))).toBe("UsageError other-origin")
      expect(await codeOf(() => call("//other.example/lamps"))).toBe("UsageError other-origin")
      expect(await codeOf(() => call("http://[/"))).toBe("UsageError bad-url")
      expect(await codeOf(() => call("/lamps", { body: "with GET" }))).toBe(
        "UsageError bad-request",
      )
      for (const name of [
        "Host",
        "Signature",
        "Content-Digest",
        "Cookie",
        "Sec-Fetch-Mode",
        "TE",
      ]) {
        const run = () => call("/lamps", { headers: { [name]: "x" } })
        expect(await codeOf(run), name).toBe("UsageError bad-field")
      }
      const large = new Uint8Array(16 * 2 ** 20 + 1)
      expect(await codeOf(() => call("/lamps", { method: "POST", body: large }))).toBe(
        "UsageError too-large",
      )
    }
    expect(scene.passed).toHaveLength(before)
  })

  test("a new password: this session and the others stay, unless they are to end", async () => {
    const scene = await ClientScene.open()
    const { fetch } = scene
    const session = await scene.register()
    const options = {
      url,
      login: "alice",
      device,
      fetch,
      minimumPrice: cheap,
      serverKey: scene.identity.publicKey,
    }
    const other = await login({ ...options, password, store: createMemoryStore() })
    const minimumPrice = cheap
    const wrong = { oldPassword: "wrong", newPassword: "new one", minimumPrice }
    expect(await codeOf(() => session.changePassword(wrong))).toBe("PeerError not-proven")
    await session.changePassword({ oldPassword: password, newPassword: "new one", minimumPrice })
    expect((await session.devices()).map((one) => one.device).sort()).toEqual(["Laptop", device])
    expect((await other.fetch("/lamps")).status).toBe(200)
    const again = (secret: string) => () =>
      login({ ...options, password: secret, store: createMemoryStore() })
    expect(await codeOf(again(password))).toBe("PeerError not-proven")
    expect(await codeOf(again("new one"))).toBe("none")
    const passwords = { oldPassword: "new one", newPassword: "newest", minimumPrice }
    await session.changePassword({ ...passwords, endsOthers: true })
    expect(await codeOf(() => other.fetch("/lamps"))).toBe("PeerError revoked")
    expect((await session.devices()).map(({ device, isOwn }) => ({ device, isOwn }))).toEqual([
      { device: "Laptop", isOwn: true },
    ])
    expect((await session.fetch("/lamps")).status).toBe(200)
  })

  test("a login in the same store ends the session that was there, if the server can be told", async () => {
    const scene = await ClientScene.open()
    const store = createMemoryStore()
    const first = await scene.register({ store })
    const elsewhere = createMemoryStore()
    const options = { url, login: "alice", password, device, fetch: scene.fetch }
    const logIn = (at = store) => login({ ...options, store: at, minimumPrice: cheap })
    await logIn(elsewhere)
    const again = await logIn()
    expect((await again.devices()).map(({ isOwn }) => isOwn).sort()).toEqual([false, true])
    // A program that had the first one goes on with what is there now.
    await first.fetch("/lamps").catch(() => null)
    expect((await again.fetch("/lamps")).status).toBe(200)
    const opened = await openSession({ store, fetch: scene.fetch })
    expect((await opened.status()).session).toBe((await again.status()).session)
    scene.meddler = ({ type }) => (type === types.openLane ? "unsent" : null)
    expect((await (await logIn()).status()).scopes).toEqual(["lamps"])
  })

  test("another password ends all others in the same moment, whatever happens behind it", async () => {
    const scene = await ClientScene.open()
    const session = await scene.register()
    const options = { url, login: "alice", device, fetch: scene.fetch, minimumPrice: cheap }
    const other = await login({ ...options, password, store: createMemoryStore() })
    const isChanged = () => scene.events.some(({ kind }) => kind === "password-changed")
    scene.meddler = () => (isChanged() ? "unsent" : null)
    const passwords = { oldPassword: password, newPassword: "new one", minimumPrice: cheap }
    await session.changePassword({ ...passwords, endsOthers: true })
    scene.meddler = () => null
    expect(await codeOf(() => other.fetch("/lamps"))).toBe("PeerError revoked")
    expect((await session.fetch("/lamps")).status).toBe(200)
    await session.refresh()
  })

  test("the server makes passwords worth more: the record follows at the next login", async () => {
    const scene = await ClientScene.open()
    const { fetch } = scene
    const store = createMemoryStore()
    await scene.register({ store })
    scene.price = { passes: 2, kib: 16, lanes: 1 }
    await scene.restart()
    const options = { url, login: "alice", device, store, fetch, minimumPrice: cheap }
    const session = await login({ ...options, password })
    expect(scene.events.filter(({ kind }) => kind === "password-changed")).toHaveLength(1)
    expect((await session.fetch("/lamps")).status).toBe(200)
    await login({ ...options, password })
    expect(scene.events.filter(({ kind }) => kind === "password-changed")).toHaveLength(1)
    // It is pinned: less is not taken any more.
    const weaker = await ClientScene.open({ identity: scene.identity })
    const fetchWeaker = weaker.fetch
    await weaker.register({ store: createMemoryStore() })
    expect(await codeOf(() => login({ ...options, password, fetch: fetchWeaker }))).toBe(
      "PeerError weak-price",
    )
  })

  test("devices are listed, and logged out", async () => {
    const scene = await ClientScene.open()
    const { fetch } = scene
    const session = await scene.register()
    const options = { url, login: "alice", password, fetch, minimumPrice: cheap }
    const stores = [createMemoryStore(), createMemoryStore()] as const
    const lost = await login({ ...options, device: "Lost phone", store: stores[0] })
    const third = await login({ ...options, device: "Tablet", store: stores[1] })
    await lost.fetch("/lamps")
    const found = (await session.devices()).find((one) => one.device === "Lost phone")!
    expect(found).toMatchObject({ scopes: ["lamps"], isOwn: false })
    expect(found.createdAt).toEqual(new Date(scene.nowMs))
    await session.revoke(found.session)
    expect(await codeOf(() => lost.fetch("/lamps"))).toBe("PeerError revoked")
    expect(await codeOf(() => lost.signedFetch("/lamps"))).toBe("UsageError logged-out")
    expect(await codeOf(() => openSession({ store: stores[0] }))).toBe("UsageError logged-out")
    expect(await codeOf(() => session.revoke("AAAAAAAAAAAAAAAAAAAAAA"))).toBe(
      "UsageError unknown-device",
    )
    await session.revokeOthers()
    expect(await codeOf(() => third.signedFetch("/lamps"))).toBe("PeerError revoked")
    await session.logout()
    expect(await codeOf(() => session.fetch("/lamps"))).toBe("UsageError logged-out")
    const users = await scene.logins.devices("alice")
    expect(users).toHaveLength(0)
  })

  test("what was forgotten while a lane was opened is not used", async () => {
    const scene = await ClientScene.open()
    const session = await scene.register()
    scene.answerMeddler = async (answer, { type }) => {
      if (type === types.openLane) await session.forget()
      return answer
    }
    expect(await codeOf(() => session.fetch("/lamps"))).toBe("UsageError logged-out")
    expect(await codeOf(() => session.fetch("/lamps"))).toBe("UsageError logged-out")
    expect(scene.acted).toEqual([])
  })

  test("who logs out does not log out who came in meanwhile", async () => {
    const scene = await ClientScene.open()
    const store = createMemoryStore()
    const session = await scene.register({ store })
    await session.fetch("/lamps")
    const { fetch } = scene
    const options = { url, login: "alice", device, password, store, fetch, minimumPrice: cheap }
    let isFirst = true
    scene.answerMeddler = async (answer, { type }) => {
      if (type === types.sealedCall && isFirst) {
        isFirst = false
        await login(options)
      }
      return answer
    }
    await session.logout()
    const again = await openSession({ store, fetch })
    expect((await again.fetch("/lamps")).status).toBe(200)
  })

  test("a device that has a session is not held up by strangers", async () => {
    const scene = await ClientScene.open()
    const { fetch } = scene
    const store = createMemoryStore()
    await scene.register({ store })
    const options = { url, login: "alice", device, fetch, minimumPrice: cheap }
    const stranger = (): Promise<unknown> =>
      login({ ...options, password: "a guess", store: createMemoryStore(), realm })
    let waits = 0
    for (let i = 0; i < 8; i++) {
      const code = await codeOf(stranger)
      expect(["PeerError not-proven", "ChannelError unauthenticated-answer"]).toContain(code)
      if (code !== "PeerError not-proven") waits++
    }
    expect(waits).toBeGreaterThan(0)
    const session = await login({ ...options, password, store })
    expect((await session.fetch("/lamps")).status).toBe(200)
  })
})

describe("who logs in", () => {
  test("by a wrong password, with a wrong server, realm or price, sends nothing of it", async () => {
    const scene = await ClientScene.open()
    const { fetch } = scene
    const store = createMemoryStore()
    await scene.register({ store })
    const options = { url, login: "alice", password, device, store, fetch, minimumPrice: cheap }
    const finishes = scene.count(types.finish)
    expect(await codeOf(() => login({ ...options, password: "wrong" }))).toBe(
      "PeerError not-proven",
    )
    expect(await codeOf(() => login({ ...options, realm: "other.example" }))).toBe(
      "PeerError other-realm",
    )
    const serverKey = new Uint8Array(32).fill(9)
    expect(await codeOf(() => login({ ...options, serverKey }))).toBe("PeerError other-server")
    const pricier = { ...options, minimumPrice: undefined }
    expect(await codeOf(() => login(pricier))).toBe("PeerError weak-price")
    // Another server in its place, which knows the password and the realm.
    const evil = await ClientScene.open({ identity: scene.logins.identity })
    evil.identity = (await import("../../src/identity/index.js")).Identity.generate()
    await evil.restart()
    await evil.register({ store: createMemoryStore() })
    const finishesThere = evil.count(types.finish)
    const other = { ...options, fetch: evil.fetch }
    expect(await codeOf(() => login(other))).toBe("PeerError other-server")
    // From another address the realm is known as well.
    const moved = { ...other, url: "http://10.0.0.1" }
    expect(await codeOf(() => login(moved))).toBe("PeerError other-server")
    expect(scene.count(types.finish)).toBe(finishes)
    expect(evil.count(types.finish)).toBe(finishesThere)
  })

  test("for the first time decides whether it is the server", async () => {
    const scene = await ClientScene.open()
    await scene.register()
    const asked: string[] = []
    const steps: string[] = []
    const options = {
      ...{ url, login: "alice", password, device, fetch: scene.fetch, minimumPrice: cheap },
      onProgress: (step: string) => void steps.push(step),
    }
    const confirm = (answer: boolean) => ({
      confirm: async (server: { realm: string; serverKey: Uint8Array }) => {
        expect(server.serverKey).toEqual(scene.identity.publicKey)
        asked.push(server.realm)
        return answer
      },
    })
    const store = createMemoryStore()
    const finishes = scene.count(types.finish)
    expect(await codeOf(() => login({ ...options, store, ...confirm(false) }))).toBe(
      "PeerError not-confirmed",
    )
    expect([scene.count(types.finish), await store.list("")]).toEqual([finishes, []])
    steps.length = 0
    await login({ ...options, store, ...confirm(true) })
    await login({ ...options, store, ...confirm(false) })
    expect(asked).toEqual([realm, realm])
    expect(steps.slice(0, 3)).toEqual(["asking", "computing", "finishing"])
  })

  test("by an invitation that was used, changed or cut, does not register", async () => {
    const scene = await ClientScene.open()
    const { text } = await scene.logins.invite({ scopes: ["lamps"], url })
    const options = { invitation: text, password, device, fetch: scene.fetch, minimumPrice: cheap }
    const store = createMemoryStore()
    await scene.register({}, "carol")
    expect(await codeOf(() => register({ ...options, store, login: "carol" }))).toBe(
      "PeerError login-taken",
    )
    const session = await register({ ...options, store, login: "dave" })
    expect((await session.status()).login).toBe("dave")
    expect(await codeOf(() => register({ ...options, store, login: "erin" }))).toBe(
      "PeerError denied",
    )
    const cut = { ...options, store, invitation: text.slice(0, -4) }
    expect(await codeOf(() => register(cut))).toBe("UsageError bad-invitation")
  })
})
