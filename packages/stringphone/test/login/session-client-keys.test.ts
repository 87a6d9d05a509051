// Who has a session's root and is in the way, and a server that changes its key: a refresh tells the two apart.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { Identity } from "../../src/identity/index.js"
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
