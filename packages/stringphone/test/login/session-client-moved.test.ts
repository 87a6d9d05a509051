// A server that is at another address, or says so.
import { describe, expect, test } from "vitest"
import { Identity } from "../../src/identity/index.js"
import { moveSession, openSession } from "../../src/session/login/index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { base, ClientScene, codeOf, realm, types, url } from "./session-client-scene.js"

const elsewhere = "http://elsewhere.example:8484"

describe("a server that has moved", () => {
  test("proves itself without a password, and then its address is saved", async () => {
    const scene = await ClientScene.open()
    const { fetch } = scene
    const store = createMemoryStore()
    await scene.register({ store })
    const starts = scene.count(types.start)
    const session = await moveSession({ store, realm, url: elsewhere, fetch })
    expect((await session.status()).url).toBe(elsewhere + base)
    expect((await session.fetch("/lamps")).status).toBe(200)
    expect(scene.passed.at(-1)?.url).toBe(elsewhere + base)
    expect((await (await openSession({ store, fetch })).status()).url).toBe(elsewhere + base)
    expect(scene.count(types.start)).toBe(starts)
  })

  test("is refreshed there, if it has to be", async () => {
    const scene = await ClientScene.open()
    const { fetch } = scene
    const store = createMemoryStore()
    await scene.register({ store })
    scene.passHour()
    const session = await moveSession({ store, url: elsewhere, fetch })
    expect(await session.status()).toMatchObject({ url: elsewhere + base, generation: 2 })
  })

  test("is not believed when it is another, or nobody", async () => {
    const scene = await ClientScene.open()
    const other = await ClientScene.open({ identity: Identity.generate() })
    const store = createMemoryStore()
    await scene.register({ store })
    const move = async (fetch: typeof scene.fetch): Promise<string> =>
      codeOf(() => moveSession({ store, url: elsewhere, fetch }))
    expect(await move(other.fetch)).toBe("ChannelError unauthenticated-answer")
    expect(await move(async () => new Response("Hello"))).toBe(
      "ChannelError unauthenticated-answer",
    )
    const nobody = async (): Promise<never> => {
      throw new TypeError("fetch failed")
    }
    expect(await move(nobody)).toBe("ChannelError unreachable")
    scene.meddler = ({ type }) => (type === types.sealedCall ? new Response("cut") : null)
    expect(await move(scene.fetch)).toBe("ChannelError unauthenticated-answer")
    scene.meddler = () => null
    const session = await openSession({ store, fetch: scene.fetch })
    expect((await session.status()).url).toBe(url + base)
    expect((await session.fetch("/lamps")).status).toBe(200)
  })

  test("says, and proves, that the session has ended", async () => {
    const scene = await ClientScene.open()
    const store = createMemoryStore()
    await scene.register({ store })
    await scene.logins.revokeAll("alice")
    const { fetch } = scene
    expect(await codeOf(() => moveSession({ store, url: elsewhere, fetch }))).toBe(
      "PeerError revoked",
    )
    expect(await codeOf(() => openSession({ store }))).toBe("UsageError logged-out")
  })

  test("has to be said which, and where", async () => {
    const scene = await ClientScene.open()
    const store = createMemoryStore()
    const { fetch } = scene
    const move = async (options: object, to = elsewhere): Promise<string> =>
      codeOf(() => moveSession({ store, url: to, fetch, ...options }))
    expect(await move({})).toBe("UsageError logged-out")
    await scene.register({ store })
    await scene.register({ store }, "bob")
    expect(await move({})).toBe("UsageError several-sessions")
    expect(await move({ realm: "oven.example" })).toBe("UsageError logged-out")
    expect(await move({ login: "bob" }, `${elsewhere}/?a`)).toBe("UsageError bad-url")
    expect(await move({ login: "bob" })).toBe("none")
    const ofAlice = await openSession({ store, login: "alice", fetch })
    expect((await ofAlice.status()).url).toBe(url + base)
  })
})
