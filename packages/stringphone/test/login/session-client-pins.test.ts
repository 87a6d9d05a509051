// Another server calls itself by the realm of one that a device knows.
import { beforeEach, describe, expect, test } from "vitest"
import { Identity } from "../../src/identity/index.js"
import { login, openSession, openSessions } from "../../src/session/login/index.js"
import type { Store } from "../../src/store/index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import {
  cheap,
  ClientScene,
  codeOf,
  contentOf,
  password,
  types,
  url,
} from "./session-client-scene.js"

describe("another server of a realm that is known", () => {
  let scene: ClientScene
  let other: ClientScene
  let store: Store
  const options = { url, login: "alice", password, device: "Laptop", minimumPrice: cheap }

  beforeEach(async () => {
    scene = await ClientScene.open()
    other = await ClientScene.open({ identity: Identity.generate() })
    store = createMemoryStore()
    await scene.register({ store })
  })

  test.each(["alice", "bob"])("registers nobody by its invitation: %s", async (name) => {
    const before = await contentOf(store)
    expect(await codeOf(() => other.register({ store }, name))).toBe("PeerError other-server")
    expect(other.passed).toEqual([])
    expect(await contentOf(store)).toBe(before)
    const session = await openSession({ store, fetch: scene.fetch })
    expect((await session.fetch("/lamps")).status).toBe(200)
  })

  test("is not known by it afterwards", async () => {
    await other.register()
    await codeOf(() => other.register({ store }, "bob"))
    const asked = codeOf(() => login({ ...options, store, fetch: other.fetch }))
    expect(await asked).toBe("PeerError other-server")
    expect(other.count(types.finish)).toBe(1)
  })

  test("replaces it when its owner says so: nothing of the old one is believed any more", async () => {
    await scene.register({ store }, "bob")
    const session = await other.register({ store, replacesServer: true })
    expect((await session.status()).serverKey).toEqual(other.identity.publicKey)
    expect((await session.fetch("/lamps")).status).toBe(200)
    const left = await openSessions({ store, fetch: other.fetch })
    expect(await Promise.all(left.map((one) => one.status()))).toMatchObject([{ login: "alice" }])
    for (const name of ["alice", "bob"]) {
      const back = (): Promise<unknown> =>
        login({ ...options, login: name, store, fetch: scene.fetch })
      expect(await codeOf(back), name).toBe("PeerError other-server")
    }
    expect(await codeOf(() => scene.register({ store }, "carol"))).toBe("PeerError other-server")
  })

  test("replaces nothing until it has registered somebody", async () => {
    const before = await contentOf(store)
    other.meddler = ({ type }) => (type === types.record ? "unsent" : null)
    expect(await codeOf(() => other.register({ store, replacesServer: true }))).toBe(
      "ChannelError unreachable",
    )
    expect(await contentOf(store)).toBe(before)
  })

  test("the known one ends no session, whatever its owner says", async () => {
    await scene.register({ store, replacesServer: true }, "bob")
    const sessions = await openSessions({ store, fetch: scene.fetch })
    expect(sessions).toHaveLength(2)
    for (const one of sessions) expect((await one.fetch("/lamps")).status).toBe(200)
  })
})

test("a server that is known, and not the expected one, gets no login", async () => {
  const scene = await ClientScene.open()
  const { fetch, identity } = scene
  const store = createMemoryStore()
  const session = await scene.register({ store })
  const before = await contentOf(store)
  const finishes = scene.count(types.finish)
  const asked: Uint8Array[] = []
  const expecting = (answer: boolean) => () =>
    login({
      ...{ url, login: "alice", password, device: "Phone", minimumPrice: cheap, store, fetch },
      expects: (serverKey) => {
        asked.push(serverKey)
        return answer
      },
    })
  expect(await codeOf(expecting(false))).toBe("PeerError other-server")
  expect(scene.count(types.finish)).toBe(finishes)
  expect(await contentOf(store)).toBe(before)
  expect((await session.fetch("/lamps")).status).toBe(200)
  expect(await codeOf(expecting(true))).toBe("none")
  expect(asked).toEqual([identity.publicKey, identity.publicKey])
})

describe("two servers of two realms that were at one address", () => {
  const options = { url, password, device: "Phone", minimumPrice: cheap }
  let first: ClientScene
  let second: ClientScene
  let store: Store

  beforeEach(async () => {
    first = await ClientScene.open()
    second = await ClientScene.open({ identity: Identity.generate(), realm: "door.example" })
    store = createMemoryStore()
    await first.register({ store })
    await second.register({ store }, "bob")
  })

  test("are told apart by the login that is known there", async () => {
    for (const [scene, name] of [
      [first, "alice"],
      [second, "bob"],
    ] as const) {
      const session = await login({ ...options, login: name, store, fetch: scene.fetch })
      expect((await session.status()).realm).toBe(scene.realm)
      expect((await session.fetch("/lamps")).status).toBe(200)
    }
    const wrong = () => login({ ...options, login: "alice", store, fetch: second.fetch })
    expect(await codeOf(wrong)).toBe("PeerError other-realm")
  })

  test("or by their realm; else nobody is asked", async () => {
    await second.register({}, "carol")
    const carol = { ...options, login: "carol", store, fetch: second.fetch }
    const before = await contentOf(store)
    const starts = second.count(types.start)
    await expect(login(carol)).rejects.toThrow(/door\.example, lamp\.example|lamp\.example, door/)
    expect(await codeOf(() => login(carol))).toBe("UsageError several-realms")
    expect(second.count(types.start)).toBe(starts)
    expect(await contentOf(store)).toBe(before)
    const session = await login({ ...carol, realm: "door.example" })
    expect((await session.status()).realm).toBe("door.example")
    // A login that both have.
    await second.register({ store }, "alice")
    const alice = { ...options, login: "alice", store, fetch: first.fetch }
    expect(await codeOf(() => login(alice))).toBe("UsageError several-realms")
    expect(await codeOf(() => login({ ...alice, realm: "lamp.example" }))).toBe("none")
  })
})

test("what one login pinned of the price binds no other login: its record may be outdated", async () => {
  const scene = await ClientScene.open()
  const store = createMemoryStore()
  await scene.register({}, "bob")
  scene.price = { passes: 2, kib: 16, lanes: 1 }
  await scene.restart()
  await scene.register({ store })
  const options = { url, password, device: "Phone", store, fetch: scene.fetch, minimumPrice: cheap }
  expect(await codeOf(() => login({ ...options, login: "bob" }))).toBe("none")
  // His own was replaced, and is pinned from then on.
  const cheaper = await ClientScene.open({ identity: scene.identity })
  await cheaper.register({}, "bob")
  const back = () => login({ ...options, login: "bob", fetch: cheaper.fetch })
  expect(await codeOf(back)).toBe("PeerError weak-price")
})
