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
