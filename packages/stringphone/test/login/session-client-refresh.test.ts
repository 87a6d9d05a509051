// Generations: one refresh at a time, whoever asks for it, and whatever is lost.
import { expect, test } from "vitest"
import { hex } from "../../src/bytes/index.js"
import { Identity } from "../../src/identity/index.js"
import { login, openSession } from "../../src/session/login/index.js"
import type { Commit, Entry, Store } from "../../src/store/index.js"
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

const twenty = Array.from({ length: 20 }, (_, i) => i)

/** Another store with the same content: somebody took it. */
async function copyOf(store: Store): Promise<Store> {
  const copy = createMemoryStore()
  const writes = (await store.list("")).map(({ key, value }) => ({ key, value }))
  await copy.commit({ writes })
  return copy
}

/** Fails when it is told to. */
class FailingStore implements Store {
  readonly #store = createMemoryStore()
  commitsUntilFailure = Infinity

  get(key: string): Promise<Entry | null> {
    return this.#store.get(key)
  }

  list(prefix: string): Promise<readonly Entry[]> {
    return this.#store.list(prefix)
  }

  async commit(commit: Commit): Promise<boolean> {
    if (--this.commitsUntilFailure < 0) throw new Error("the power went off")
    return this.#store.commit(commit)
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}

test("20 calls at once that are too late: one refresh, and each is acted on once", async () => {
  const scene = await ClientScene.open()
  const session = await scene.register()
  await session.fetch("/lamps")
  scene.passHour()
  const call = (i: number): Promise<Response> =>
    (i % 2 ? session.fetch : session.signedFetch)(`/lamps?${i}`)
  const answers = await Promise.all(twenty.map(call))
  expect(answers.map(({ status }) => status)).toEqual(twenty.map(() => 200))
  expect(scene.count(types.refresh)).toBe(1)
  expect(scene.count(types.openLane)).toBe(2)
  expect(new Set(scene.acted).size).toBe(21)
  expect(scene.acted).toHaveLength(21)
  expect((await session.status()).generation).toBe(2)
})

test("two programs with one store that refresh at once share the request and its answer", async () => {
  const scene = await ClientScene.open()
  const store = createMemoryStore()
  const one = await scene.register({ store })
  const two = await openSession({ store, fetch: scene.fetch })
  for (let generation = 2; generation < 6; generation++) {
    scene.passHour()
    const before = scene.count(types.refresh)
    const calls = twenty.flatMap(() => [one.fetch("/lamps"), two.signedFetch("/lamps")])
    const answers = await Promise.all(calls)
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect(new Set(scene.sent(types.refresh).slice(before)).size).toBe(1)
    expect((await one.status()).generation).toBe(generation)
  }
  expect(scene.events.filter(({ kind }) => kind === "reuse")).toEqual([])
  const lanes = scene.sent(types.openLane)
  expect(new Set(lanes).size).toBe(lanes.length)
})

test.each(["lost", "unsent"] as const)(
  "a refresh that is %s is told, and the next program repeats the same one",
  async (fate) => {
    const scene = await ClientScene.open()
    const store = createMemoryStore()
    const session = await scene.register({ store })
    await session.fetch("/lamps")
    scene.passHour()
    scene.meddler = ({ type }) => (type === types.refresh ? fate : null)
    expect(await codeOf(() => session.fetch("/lamps"))).toBe("ChannelError unreachable")
    expect(await codeOf(() => session.fetch("/lamps"))).toBe("ChannelError unreachable")
    scene.meddler = () => null
    const afterCrash = await openSession({ store, fetch: scene.fetch })
    expect((await afterCrash.fetch("/lamps")).status).toBe(200)
    expect((await session.signedFetch("/lamps")).status).toBe(200)
    const requests = scene.sent(types.refresh)
    expect([requests.length, new Set(requests).size]).toEqual([3, 1])
    expect((await session.status()).generation).toBe(2)
  },
)

test("a program that ends before it has saved the answer loses nothing", async () => {
  const scene = await ClientScene.open()
  const store = new FailingStore()
  const session = await scene.register({ store })
  for (const commits of [0, 1]) {
    await session.fetch("/lamps")
    scene.passHour()
    store.commitsUntilFailure = commits
    const before = scene.count(types.refresh)
    expect(await codeOf(() => session.fetch("/lamps"))).toBe("Error")
    // It is saved before it is sent.
    expect(scene.count(types.refresh) - before).toBe(commits)
    store.commitsUntilFailure = Infinity
    const afterCrash = await openSession({ store, fetch: scene.fetch })
    expect((await afterCrash.fetch("/lamps")).status).toBe(200)
    expect(new Set(scene.sent(types.refresh).slice(before)).size).toBe(1)
  }
  expect((await session.status()).generation).toBe(3)
})

test("a server that starts anew has lost the lanes, and nobody notices", async () => {
  const scene = await ClientScene.open()
  const session = await scene.register()
  for (const call of [session.fetch, session.signedFetch]) {
    await call("/lamps?before")
    await scene.restart()
    expect((await call("/lamps?after")).status).toBe(200)
  }
  expect(scene.acted.map((one) => one.slice("GET /lamps?".length))).toEqual([
    ...["before", "after", "before", "after"],
  ])
  expect(scene.count(types.refresh)).toBe(0)
  scene.passHour()
  await scene.restart()
  expect((await session.fetch("/lamps")).status).toBe(200)
  expect(scene.count(types.refresh)).toBe(1)
})

test("long calls find out that the lanes are lost as short ones do", async () => {
  const scene = await ClientScene.open()
  const session = await scene.register()
  const body = "on ".repeat(50_000)
  for (const call of [session.fetch, session.signedFetch]) {
    await call("/lamps?before")
    await scene.restart()
    const answer = await call("/lamps?put", { method: "PUT", body })
    expect(await answer.json()).toMatchObject({ text: body })
    await scene.restart()
    const post = () => call("/lamps?post", { method: "POST", body })
    // Whether it was acted on before is not known to the server: see spec/login.md §5.5.
    expect(await codeOf(post)).toBe("PeerError unknown-lane")
    expect(await codeOf(post)).toBe("none")
  }
  expect(scene.acted.filter((one) => one.startsWith("P"))).toEqual([
    ...["PUT /lamps?put", "POST /lamps?post", "PUT /lamps?put", "POST /lamps?post"],
  ])
})

test("who keeps an answer back and brings the call again to a server that starts anew gets it acted on once", async () => {
  for (const mode of ["fetch", "signedFetch"] as const) {
    const scene = await ClientScene.open()
    const session = await scene.register()
    await session[mode]("/lamps")
    const before = scene.acted.length
    let isKeptBack = true
    scene.answerMeddler = async (answer, passing) => {
      if (!isKeptBack || !passing.body.length || passing.type === types.openLane) return answer
      isKeptBack = false
      await scene.restart()
      const { body, headers, method, url } = passing
      return scene.fetch(url, { method, headers, body: body.slice() })
    }
    const post = () => session[mode]("/lamps", { method: "POST", body: "one more" })
    expect(await codeOf(post)).toBe("PeerError unknown-lane")
    expect(scene.acted.slice(before)).toEqual(["POST /lamps"])
    // The next one goes by a new lane; and what a server wants refreshed was never acted on.
    expect((await post()).status).toBe(200)
    scene.passHour()
    expect((await post()).status).toBe(200)
    expect(scene.acted.slice(before)).toHaveLength(3)
  }
})

test("who took the session from a device is found out, and it ends", async () => {
  const scene = await ClientScene.open()
  const store = createMemoryStore()
  const session = await scene.register({ store })
  const stolen = await copyOf(store)
  const thief = await openSession({ store: stolen, fetch: scene.fetch })
  await thief.refresh()
  expect((await thief.fetch("/lamps")).status).toBe(200)
  expect(await codeOf(() => session.refresh())).toBe("PeerError revoked")
  expect(await codeOf(() => thief.fetch("/lamps"))).toBe("PeerError revoked")
  expect(scene.events.filter(({ kind }) => kind === "reuse")).toHaveLength(1)
  expect(await codeOf(() => session.fetch("/lamps"))).toBe("UsageError logged-out")
})

test("the key of a session that has ended is not kept", async () => {
  const scene = await ClientScene.open()
  const store = createMemoryStore()
  const session = await scene.register({ store })
  const before = await contentOf(store)
  const { session: id } = await session.status()
  await scene.logins.revoke(id)
  expect(await codeOf(() => session.signedFetch("/lamps"))).toBe("PeerError revoked")
  const text = new TextDecoder().decode((await store.list(""))[0]!.value)
  expect(JSON.parse(text)).toMatchObject({ login: "alice", session: null })
  expect(text).not.toContain("root")
  expect(before).toContain(hex(new TextEncoder().encode("root")))
  // What the server is stays known.
  const evil = await ClientScene.open({ identity: Identity.generate() })
  await evil.register()
  const options = { url, login: "alice", password, device: "Laptop", store, minimumPrice: cheap }
  expect(await codeOf(() => login({ ...options, fetch: evil.fetch }))).toBe(
    "PeerError other-server",
  )
  await login({ ...options, fetch: scene.fetch })
  // A program that runs on takes the new session.
  expect((await session.signedFetch("/lamps")).status).toBe(200)
})

test("a device that was away for too long learns that, with a proof", async () => {
  const scene = await ClientScene.open()
  const session = await scene.register()
  await session.fetch("/lamps")
  scene.nowMs += 91 * 86_400_000
  expect(await codeOf(() => session.fetch("/lamps"))).toBe("PeerError revoked")
})

test("the server changes its key, and nobody is logged out", async () => {
  const scene = await ClientScene.open()
  const store = createMemoryStore()
  const session = await scene.register({ store })
  const old = scene.identity
  await session.signedFetch("/lamps")
  scene.formerIdentities = [old]
  scene.identity = Identity.generate()
  await scene.restart()
  expect((await session.signedFetch("/lamps")).status).toBe(200)
  expect((await session.status()).serverKey).toEqual(old.publicKey)
  scene.passHour()
  expect((await session.fetch("/lamps")).status).toBe(200)
  expect((await session.status()).serverKey).toEqual(scene.identity.publicKey)
  await scene.restart()
  expect((await session.signedFetch("/lamps")).status).toBe(200)
  // The record is still that of the old key; a login makes it one of the new.
  const options = { url, login: "alice", password, device: "Laptop", store, minimumPrice: cheap }
  const again = await login({ ...options, fetch: scene.fetch })
  expect((await again.signedFetch("/lamps")).status).toBe(200)
  expect(scene.events.filter(({ kind }) => kind === "password-changed")).toHaveLength(1)
})

test("what a user may no more, no device of his may", async () => {
  const scene = await ClientScene.open()
  const session = await scene.register()
  await session.fetch("/lamps")
  await scene.logins.setScopes("alice", ["other"])
  expect(await codeOf(() => session.fetch("/lamps"))).toBe("PeerError missing-scope")
  expect(await codeOf(() => session.signedFetch("/lamps"))).toBe("PeerError missing-scope")
  await session.refresh()
  expect((await session.status()).scopes).toEqual([])
})
