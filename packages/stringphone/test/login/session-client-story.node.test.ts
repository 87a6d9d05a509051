// A whole life of a session over plain HTTP, heard by somebody.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import { afterEach, expect, test } from "vitest"
import { base64url, decodeJson, hex, utf8 } from "../../src/bytes/index.js"
import { login, type LoginSession, openSession, register } from "../../src/session/login/index.js"
import type { Store } from "../../src/store/index.js"
import { openFileStore } from "../../src/store/file.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { cheap, ClientScene, codeOf, contentOf, password } from "./session-client-scene.js"
import { Site } from "./session-client-site.js"

const sites: Site[] = []

afterEach(async () => {
  for (const site of sites.splice(0)) await site.close()
})

async function openSite(scene: ClientScene): Promise<Site> {
  const site = await Site.open(() => scene.logins.handler((request) => scene.app(request)))
  sites.push(site)
  return site
}

/** All bytes of what a client has saved, by where they stand there. */
async function secretsOf(store: Store): Promise<ReadonlyMap<string, Uint8Array>> {
  const secrets = new Map<string, Uint8Array>()
  const collect = (path: string, value: unknown): void => {
    if (value instanceof Uint8Array) secrets.set(path, value)
    else if (typeof value === "object" && value !== null) {
      for (const [name, inner] of Object.entries(value)) collect(`${path}.${name}`, inner)
    }
  }
  for (const { value } of await store.list("")) collect("", decodeJson(value))
  return secrets
}

/** As it could be written. */
function* formsOf(secret: Uint8Array): Generator<Buffer> {
  yield Buffer.from(secret)
  for (const text of [
    hex(secret),
    base64url(secret),
    Buffer.from(secret).toString("base64").replace(/=+$/, ""),
    encodeURIComponent(Buffer.from(secret).toString("latin1")),
  ]) {
    yield Buffer.from(text)
    yield Buffer.from(text.toUpperCase())
  }
}

function isHeard(capture: Buffer, secret: Uint8Array): boolean {
  return [...formsOf(secret)].some((form) => capture.includes(form))
}

/** What travels: IDs and public keys. All else that is saved is secret. */
const open = /\.(?:session\.session|known\.session|serverKeys\.\d+|pending\.request)$/

test("who listens has nothing of it: no password, no key, and of sealed calls no path and no body", async () => {
  const scene = await ClientScene.open()
  const site = await openSite(scene)
  const store = createMemoryStore()
  const secrets = new Map<string, Uint8Array>()
  const collect = async (step: string): Promise<void> => {
    for (const [path, secret] of await secretsOf(store)) secrets.set(`${step} ${path}`, secret)
  }
  const { text } = await scene.logins.invite({ login: "alice", scopes: ["lamps"], url: site.url })
  const common = { password, device: "Kitchen radio", minimumPrice: cheap }
  const session = await register({ ...common, invitation: text, store })
  await collect("registered")

  const call = async (name: string): Promise<void> => {
    const sealed = await session.fetch(`/sealed-${name}?sealed-query-${name}`, {
      method: "POST",
      headers: { hue: `sealed-field-${name}` },
      body: `sealed-body-${name}`,
    })
    expect(await sealed.json()).toMatchObject({ mode: "sealed", text: `sealed-body-${name}` })
    const signed = await session.signedFetch(`/signed-${name}`, { method: "PUT", body: "open" })
    expect(await signed.json()).toMatchObject({ mode: "signed", text: "open" })
  }
  await call("first")
  scene.passHour()
  // The call comes too late; the refresh that follows has no answer.
  let requests = 0
  site.interloper = ({ socket }) => {
    if (++requests === 2) socket.destroy()
    return requests === 2
  }
  expect(await codeOf(() => call("lost"))).toBe("ChannelError unreachable")
  await collect("lost")
  await call("refreshed")
  await collect("refreshed")
  expect((await session.status()).generation).toBe(2)
  site.unplug()
  await scene.restart()
  // Who has not noticed yet that the connection is gone is told so.
  const retry = () => codeOf(() => session.fetch("/sealed-retry"))
  while ((await retry()) === "ChannelError unreachable");
  await call("restarted")
  const again = await login({
    ...{ ...common, url: site.url, login: "alice", store: createMemoryStore() },
    serverKey: scene.identity.publicKey,
  })
  await session.changePassword({
    ...{ oldPassword: password, newPassword: "another secret word", minimumPrice: cheap },
  })
  const { session: id } = await session.status()
  await again.revoke(id)
  expect(await codeOf(() => session.fetch("/sealed-last"))).toBe("PeerError revoked")
  expect(await codeOf(() => openSession({ store }))).toBe("UsageError logged-out")
  await again.logout()

  const { capture } = site
  expect(capture.length).toBeGreaterThan(10_000)
  // The search finds what is there.
  expect(isHeard(capture, utf8("signed-first"))).toBe(true)
  expect(isHeard(capture, scene.identity.publicKey)).toBe(true)
  const hidden = [...secrets].filter(([path]) => !open.test(path))
  expect(hidden.map(([path]) => path)).toEqual([
    "registered .session.root",
    "lost .session.root",
    "lost .session.pending.ephemeralSecret",
    "refreshed .session.root",
  ])
  for (const [path, secret] of hidden) expect(isHeard(capture, secret), path).toBe(false)
  for (const secret of [
    ...[password, "another secret word", "correct horse", "Kitchen radio", "sealed-", "lamps"],
    text.slice(-80),
  ]) {
    expect(isHeard(capture, utf8(secret)), secret).toBe(false)
  }
})

test("a session shows nothing of its keys, and neither do its errors", async () => {
  const scene = await ClientScene.open()
  const store = createMemoryStore()
  const session = await scene.register({ store })
  await session.fetch("/lamps")
  scene.passHour()
  scene.meddler = ({ type }) => (type === 7 ? "lost" : null)
  const errors: unknown[] = []
  const failing = async (run: () => Promise<unknown>): Promise<void> => {
    await run().catch((error: unknown) => errors.push(error))
  }
  await failing(() => session.fetch("/lamps"))
  scene.meddler = () => new Response("no")
  await failing(() => session.signedFetch("/lamps"))
  scene.meddler = () => null
  await failing(() => session.fetch("/admin"))
  await failing(() =>
    session.changePassword({ oldPassword: "wrong secret", newPassword: "x", minimumPrice: cheap }),
  )
  scene.meddler = ({ type }) => (type === 7 ? "lost" : null)
  scene.passHour()
  await failing(() => session.refresh())
  expect(errors).toHaveLength(5)
  const deep = { depth: Infinity, showHidden: true, getters: false } as const
  const shown = [session, session.fetch, ...errors].flatMap((one) => [
    inspect(one, deep),
    JSON.stringify([one]),
    String(one),
  ])
  const secrets = [...(await secretsOf(store))].filter(([path]) => !open.test(path))
  expect(secrets.map(([path]) => path)).toEqual([
    ".session.root",
    ".session.pending.ephemeralSecret",
  ])
  for (const [path, secret] of secrets) {
    const written = inspect(secret).slice(20, 60)
    for (const text of shown) {
      expect(isHeard(Buffer.from(text), secret), path).toBe(false)
      expect(text).not.toContain(written)
    }
  }
  for (const text of shown) expect(text).not.toMatch(/wrong secret|correct horse/)
})

test("two programs that share a file share the session", async () => {
  const scene = await ClientScene.open()
  const directory = await mkdtemp(join(tmpdir(), "login-"))
  try {
    const path = join(directory, "store.json")
    const stores = [await openFileStore({ path }), await openFileStore({ path })] as const
    await scene.register({ store: stores[0] })
    const { fetch } = scene
    const programs = await Promise.all(stores.map((store) => openSession({ store, fetch })))
    for (let round = 0; round < 3; round++) {
      scene.passHour()
      const calls = Array.from({ length: 5 }, () => programs.map((one) => one.fetch("/lamps")))
      const answers = await Promise.all(calls.flat())
      expect(answers.every(({ status }) => status === 200)).toBe(true)
    }
    expect(scene.events.filter(({ kind }) => kind === "reuse")).toEqual([])
    expect((await programs[1]!.status()).generation).toBe(4)
    for (const store of stores) await store.close()
  } finally {
    await rm(directory, { recursive: true })
  }
})

test("redirections are not followed, whoever gives them", async () => {
  const scene = await ClientScene.open()
  const site = await openSite(scene)
  const asked: string[] = []
  const elsewhere = await Site.open(() => async (request) => {
    asked.push(request.url)
    return new Response("here you are")
  })
  sites.push(elsewhere)
  const { text } = await scene.logins.invite({ login: "alice", scopes: ["lamps"], url: site.url })
  const store = createMemoryStore()
  const options = { password, device: "Laptop", store, minimumPrice: cheap }
  const session = await register({ ...options, invitation: text })
  await session.fetch("/lamps")
  const before = await contentOf(store)
  const calls: readonly ((session: LoginSession) => Promise<unknown>)[] = [
    (one) => one.fetch("/lamps"),
    (one) => one.signedFetch("/lamps"),
    (one) => one.signedFetch("/lamps", { method: "POST", body: "x", redirect: "follow" }),
    (one) => one.refresh(),
    () => login({ ...options, url: site.url, login: "alice" }),
  ]
  for (const status of [301, 302, 303, 307, 308]) {
    site.interloper = (_, outgoing) => {
      outgoing.writeHead(status, { location: elsewhere.url }).end()
      return true
    }
    for (const call of calls.filter((_, i) => i !== 3)) {
      expect(await codeOf(() => call(session))).toBe("ChannelError unauthenticated-answer")
    }
  }
  expect(await contentOf(store)).toBe(before)
  expect(await codeOf(() => calls[3]!(session))).toBe("ChannelError unauthenticated-answer")
  expect(asked).toEqual([])
  site.interloper = () => false
  expect((await session.signedFetch("/lamps")).status).toBe(200)
})

test("a server that is not there is told as that", async () => {
  const scene = await ClientScene.open()
  const site = await openSite(scene)
  const { text } = await scene.logins.invite({ login: "alice", scopes: ["lamps"], url: site.url })
  const options = { password, device: "Laptop", store: createMemoryStore(), minimumPrice: cheap }
  const session = await register({ ...options, invitation: text })
  const { url } = site
  await site.close()
  expect(await codeOf(() => session.fetch("/lamps"))).toBe("ChannelError unreachable")
  expect(await codeOf(() => login({ ...options, url, login: "alice" }))).toBe(
    "ChannelError unreachable",
  )
  expect(await codeOf(() => session.logout())).toBe("ChannelError unreachable")
  await session.forget()
  expect(await codeOf(() => session.fetch("/lamps"))).toBe("UsageError logged-out")
})

test("compression and large bodies go through, sealed and signed", async () => {
  const scene = await ClientScene.open()
  const site = await openSite(scene)
  const { text } = await scene.logins.invite({ login: "alice", scopes: ["lamps"], url: site.url })
  const options = { password, device: "Laptop", store: createMemoryStore(), minimumPrice: cheap }
  const session = await register({ ...options, invitation: text })
  const body = "x".repeat(3_000_000)
  for (const call of [session.fetch, session.signedFetch]) {
    const answer = await call("/lamps/ä?b=%20c'", { method: "POST", body })
    expect(((await answer.json()) as { text: string }).text).toBe(body)
    const stream = new Blob(["a", "b"]).stream()
    const streamed = await call("/lamps", { method: "POST", body: stream })
    expect(await streamed.json()).toMatchObject({ text: "ab" })
    const form = new FormData()
    form.set("name", "value")
    const sent = (await (await call("/lamps", { method: "POST", body: form })).json()) as {
      text: string
    }
    expect(sent.text).toContain('name="name"')
    const head = await call("/lamps", { method: "HEAD" })
    expect([head.status, head.headers.get("content-type")]).toEqual([200, "application/json"])
  }
})
