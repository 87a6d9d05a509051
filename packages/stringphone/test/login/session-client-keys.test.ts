// Who has a session's root and is in the way, and a server that changes its key: a refresh tells the two apart.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { Identity } from "../../src/identity/index.js"
import { errorAnswer } from "../../src/login/error-proof.js"
import { refreshSession } from "../../src/login/server-generations.js"
import { newSession, usualLifetimes } from "../../src/login/session-record.js"
import { LoginShelf } from "../../src/session/login/client-shelf.js"
import { login, openSession } from "../../src/session/login/index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { cheap, ClientScene, codeOf, password, realm, types, url } from "./session-client-scene.js"

const twenty = Array.from({ length: 20 }, (_, i) => i)
const yearMs = 365 * 86_400_000

test("who took the session and is in the way answers no refresh: nothing of his is believed", async () => {
  const scene = await ClientScene.open()
  const store = createMemoryStore()
  const session = await scene.register({ store })
  await session.fetch("/lamps")
  const evil = Identity.generate()
  const stolen = (await new LoginShelf(store).all())[0]!.session!
  const record = newSession(stolen, ["lamps"], usualLifetimes, scene.nowMs)
  const forged = (request: Uint8Array): Uint8Array =>
    refreshSession({ record, retired: null }, request, {
      ...{ nowMs: scene.nowMs, realm, server: evil, signer: evil },
      ephemeralSecret: new Uint8Array(32).fill(1),
      userScopes: ["lamps"],
    }).answer
  const headers = { "content-type": "application/stringphone-login" }
  scene.meddler = ({ body, type }) =>
    type === types.refresh ? new Response(forged(body) as BodyInit, { headers }) : null
  const before = await session.status()
  for (let tries = 0; tries < 3; tries++) {
    expect(await codeOf(() => session.refresh())).toBe("ChannelError unauthenticated-answer")
    expect(await session.status()).toEqual(before)
  }
  scene.meddler = () => null
  await session.refresh()
  expect(await session.status()).toEqual({ ...before, generation: 2 })
  expect((await session.fetch("/lamps")).status).toBe(200)
})

test("who has a former key of the server, and all that the device has, is believed nothing by it", async () => {
  const scene = await ClientScene.open()
  const store = createMemoryStore()
  const session = await scene.register({ store })
  const leaked = scene.identity
  scene.formerIdentities = [leaked]
  scene.identity = Identity.generate()
  await scene.restart()
  await session.refresh()
  const before = await session.status()
  expect(before.serverKey).toEqual(scene.identity.publicKey)
  const saved = (await new LoginShelf(store).all())[0]!
  // Its record is still of that key: logins believe it.
  expect(saved.serverKeys).toContainEqual(leaked.publicKey)
  const record = newSession(saved.session!, ["lamps"], usualLifetimes, scene.nowMs)
  const refreshed = (request: Uint8Array): Uint8Array =>
    refreshSession({ record, retired: null }, request, {
      ...{ nowMs: scene.nowMs, realm, server: leaked, signer: leaked },
      ephemeralSecret: new Uint8Array(32).fill(1),
      userScopes: ["lamps"],
    }).answer
  const headers = { "content-type": "application/stringphone-login" }
  for (const forged of [refreshed, (one: Uint8Array) => errorAnswer(one, "revoked", leaked)]) {
    scene.meddler = ({ body, type }) =>
      type === types.refresh ? new Response(forged(body) as BodyInit, { headers }) : null
    expect(await codeOf(() => session.refresh())).toBe("ChannelError unauthenticated-answer")
    expect(await session.status()).toEqual(before)
  }
  scene.meddler = ({ body, type }) =>
    type === types.openLane
      ? new Response(errorAnswer(body, "revoked", leaked) as BodyInit, { headers })
      : null
  expect(await codeOf(() => session.fetch("/lamps"))).toBe("ChannelError unauthenticated-answer")
  scene.meddler = () => null
  expect((await session.fetch("/lamps")).status).toBe(200)
})

test("a server that signs no refreshes is told as one that may be too old", async () => {
  const scene = await ClientScene.open()
  const session = await scene.register()
  const headers = { "content-type": "application/stringphone-login" }
  const old = new Uint8Array(1 + 32 + 512 + 16).fill(8)
  scene.meddler = ({ type }) =>
    type === types.refresh ? new Response(old as BodyInit, { headers }) : null
  await expect(session.refresh()).rejects.toThrow(/is too old/)
  expect(await codeOf(() => session.refresh())).toBe("ChannelError unauthenticated-answer")
  expect((await session.status()).generation).toBe(1)
})

test("a server that has lost the key that a device knows refreshes it when it is back", async () => {
  const scene = await ClientScene.open()
  const session = await scene.register()
  const old = scene.identity
  scene.identity = Identity.generate()
  await scene.restart()
  expect(await codeOf(() => session.refresh())).toBe("PeerError denied")
  expect(scene.events.at(-1)).toMatchObject({
    kind: "trouble",
    error: { code: "unknown-identity" },
  })
  expect((await session.status()).generation).toBe(1)
  scene.formerIdentities = [old]
  await scene.restart()
  expect((await session.fetch("/lamps")).status).toBe(200)
  await session.refresh()
  expect((await session.status()).serverKey).toEqual(scene.identity.publicKey)
  scene.formerIdentities = []
  await scene.restart()
  await session.refresh()
  expect((await session.status()).generation).toBe(3)
})

test("another password after the server changed its key: this session goes on by the key that it was told", async () => {
  const scene = await ClientScene.open()
  const store = createMemoryStore()
  const session = await scene.register({ store })
  const old = scene.identity
  scene.formerIdentities = [old]
  scene.identity = Identity.generate()
  await scene.restart()
  const newPassword = "another horse battery staple"
  await session.changePassword({ oldPassword: password, newPassword, minimumPrice: cheap })
  expect((await session.status()).serverKey).toEqual(old.publicKey)
  expect((await session.signedFetch("/lamps")).status).toBe(200)
  await session.refresh()
  expect((await session.status()).serverKey).toEqual(scene.identity.publicKey)
  const options = { url, login: "alice", device: "Laptop", store, minimumPrice: cheap }
  const again = await login({ ...options, password: newPassword, fetch: scene.fetch })
  expect((await again.fetch("/lamps")).status).toBe(200)
})

test("another password, where a user has one session: it is this one that stays", async () => {
  const scene = await ClientScene.open({ limits: { sessions: 1 } })
  const session = await scene.register()
  const newPassword = "another horse battery staple"
  await session.changePassword({ oldPassword: password, newPassword, minimumPrice: cheap })
  expect((await session.fetch("/lamps")).status).toBe(200)
  expect(await session.devices()).toHaveLength(1)
  // A record that is renewed, too.
  scene.price = { ...cheap, passes: 2 }
  await scene.restart()
  const options = { url, login: "alice", device: "Laptop", minimumPrice: cheap, fetch: scene.fetch }
  const store = createMemoryStore()
  const other = await login({ ...options, password: newPassword, store })
  expect((await other.fetch("/lamps")).status).toBe(200)
  expect(await codeOf(() => session.fetch("/lamps"))).toBe("PeerError revoked")
  const again = await login({ ...options, password: newPassword, store })
  expect((await again.fetch("/lamps")).status).toBe(200)
})

describe("by its own clock", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test("a device refreshes when the access time is over, whatever it is told", async () => {
    const scene = await ClientScene.open()
    const store = createMemoryStore()
    const session = await scene.register({ store })
    const calling = async (): Promise<number> => {
      expect((await session.fetch("/lamps")).status).toBe(200)
      expect((await session.signedFetch("/lamps")).status).toBe(200)
      return (await session.status()).generation
    }
    expect(await calling()).toBe(1)
    for (const [passedMs, generation] of [
      [3_600_000, 1],
      [1, 2],
      [3_600_001, 3],
      // Set back, by whatever: once.
      [-yearMs, 4],
      [0, 4],
      [yearMs, 5],
    ] as const) {
      vi.setSystemTime(Date.now() + passedMs)
      expect(await calling(), String(passedMs)).toBe(generation)
    }
    expect(scene.count(types.refresh)).toBe(4)
    expect(scene.count(types.openLane)).toBe(5)
    vi.setSystemTime(Date.now() + 3_600_001)
    const other = await openSession({ store, fetch: scene.fetch })
    const calls = twenty.flatMap(() => [session.fetch("/lamps"), other.fetch("/lamps")])
    expect((await Promise.all(calls)).every(({ status }) => status === 200)).toBe(true)
    expect((await session.status()).generation).toBe(6)
    expect(new Set(scene.sent(types.refresh)).size).toBe(5)
  })

  test("two programs whose clocks are hours apart refresh more often, and end nothing", async () => {
    const scene = await ClientScene.open()
    const store = createMemoryStore()
    const one = await scene.register({ store })
    const other = await openSession({ store, fetch: scene.fetch })
    const now = Date.now()
    for (let i = 1; i <= 10; i++) {
      vi.setSystemTime(now + i)
      expect((await one.fetch("/lamps")).status).toBe(200)
      vi.setSystemTime(now + i - 7_200_000)
      expect((await other.fetch("/lamps")).status).toBe(200)
    }
    expect((await one.status()).generation).toBeLessThanOrEqual(21)
    expect(scene.events.filter(({ kind }) => kind === "reuse")).toEqual([])
  })

  test("a clock that leaps while the answer is lost repeats the same request", async () => {
    const scene = await ClientScene.open()
    const session = await scene.register()
    vi.setSystemTime(Date.now() + 3_600_001)
    scene.meddler = ({ type }) => (type === types.refresh ? "lost" : null)
    for (const leapMs of [0, yearMs, -2 * yearMs]) {
      vi.setSystemTime(Date.now() + leapMs)
      expect(await codeOf(() => session.fetch("/lamps"))).toBe("ChannelError unreachable")
    }
    scene.meddler = () => null
    expect((await session.fetch("/lamps")).status).toBe(200)
    expect(new Set(scene.sent(types.refresh)).size).toBe(1)
    expect((await session.status()).generation).toBe(2)
  })

  test("who has its root and plays the server is found out after the access time", async () => {
    const scene = await ClientScene.open()
    const store = createMemoryStore()
    const session = await scene.register({ store })
    // All that the server has, but for its identity: more than what the root alone makes.
    const evil = await ClientScene.open({ identity: Identity.generate() })
    evil.formerIdentities = []
    const writes = (await scene.store.list("")).map(({ key, value }) => ({ key, value }))
    await evil.store.commit({ writes })
    scene.meddler = ({ body, headers, method, url }) =>
      evil.fetch(url, { method, headers, ...(body.length > 0 && { body: body.slice() }) })
    const passed = scene.acted.length
    expect((await session.fetch("/lamps")).status).toBe(200)
    vi.setSystemTime(Date.now() + 3_599_000)
    expect((await session.signedFetch("/lamps")).status).toBe(200)
    vi.setSystemTime(Date.now() + 1_001)
    for (const call of [session.fetch, session.signedFetch]) {
      expect(await codeOf(() => call("/lamps"))).toBe("PeerError denied")
    }
    const afterRestart = await openSession({ store, fetch: scene.fetch })
    expect(await codeOf(() => afterRestart.fetch("/lamps"))).toBe("PeerError denied")
    expect(scene.acted).toHaveLength(passed)
    scene.meddler = () => null
    expect((await session.fetch("/lamps")).status).toBe(200)
  })
})
