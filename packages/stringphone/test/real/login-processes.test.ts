import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { Identity } from "../../src/identity/index.js"
import {
  type Fetch,
  login,
  type LoginSession,
  openSession,
  register,
} from "../../src/session/login/index.js"
import { openLoginServer } from "../../src/session/login/server-index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import type { Store } from "../../src/store/index.js"
import { openPostgresStore } from "../../src/store/postgres.js"
import { codeOf } from "../login/session-client-scene.js"
import { newFolder } from "../store/folder.js"
import {
  type PostgresServer,
  postgresPrograms,
  startPostgresServer,
} from "./envelope-store-postgres-server.js"
import { cheap, errorOf, LoginPair, realm, seed, type Sent, url } from "./login-processes.js"

const password = "correct horse battery staple"
const { publicKey } = new Identity(seed)

describe.skipIf(postgresPrograms === null)("two login servers on one database", () => {
  let server: PostgresServer
  let schemas = 0
  beforeAll(async () => {
    server = await startPostgresServer()
  }, 120_000)
  afterAll(() => server.stop())

  /** With an invitation for "alice". */
  async function startPair(): Promise<{ readonly pair: LoginPair; readonly invitation: string }> {
    const place = { url: server.url, schema: `login_${schemas++}` }
    const store = await openPostgresStore(place)
    const prices = { price: cheap, minimumPrice: cheap }
    const identity = new Identity(seed)
    const owner = await openLoginServer({ store, identity, realm, lanes: "store", ...prices })
    const { text } = await owner.invite({ login: "alice", scopes: [], url })
    await store.close()
    const pair = await LoginPair.start(await newFolder(), place)
    onTestFinished(() => pair.stop())
    return { pair, invitation: text }
  }

  const common = (fetch: Fetch, store: Store = createMemoryStore()) => ({
    ...{ password, store, fetch, device: "Laptop", minimumPrice: cheap },
  })
  const logIn = (fetch: Fetch, options: { readonly login?: string; readonly password?: string }) =>
    login({ ...common(fetch), url, login: "alice", serverKey: publicKey, ...options })
  const post = (body: string) => ({ method: "POST", body })
  const isCall = ({ type }: Sent): boolean => type === 0 || type === 0x10
  const isUsed = async (answer: Response): Promise<boolean> => (await errorOf(answer)) === "used"

  test("a call that comes to both at once is acted on once", { timeout: 120_000 }, async () => {
    const { invitation, pair } = await startPair()
    const session = await register({ ...common(pair.toBoth), invitation })
    pair.otherAnswers.length = 0
    const ids: string[] = []
    for (let round = 0; round < 30; round++) {
      const batch = [0, 1, 2, 3].map((i) => `call ${String(round * 4 + i).padStart(3, "0")}`)
      ids.push(...batch)
      const answers = await Promise.all(
        batch.map((id, i) => (i % 2 ? session.fetch : session.signedFetch)("/pay", post(id))),
      )
      for (const [i, answer] of answers.entries()) expect(await answer.text()).toBe(batch[i])
    }
    expect(await pair.acted()).toEqual(ids)
    const errors = await Promise.all(pair.otherAnswers.map(errorOf))
    // One opened the lane, for both.
    expect(errors.filter((error) => error === null)).toHaveLength(1)
    expect(errors.filter((error) => error === "used")).toHaveLength(120)
  })

  test("twenty refreshes at once are one", { timeout: 120_000 }, async () => {
    const { invitation, pair } = await startPair()
    const store = createMemoryStore()
    await register({ ...common(pair.inTurn, store), invitation })
    for (const [round, fetch] of [pair.inTurn, pair.toBoth, pair.inTurn].entries()) {
      const programs = await Promise.all(
        Array.from({ length: 20 }, () => openSession({ store, fetch })),
      )
      await Promise.all(programs.map((one) => one.refresh()))
      const [first] = programs as [LoginSession]
      expect((await first.status()).generation).toBe(round + 2)
      // A session has sixteen lanes, and those of the generation before live on for a minute.
      const answers = await Promise.all(
        programs.slice(0, 5).map((one, i) => one.fetch("/", post(`round ${round} ${i}`))),
      )
      expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200))
      expect(await first.devices()).toHaveLength(1)
    }
    expect(pair.sent.filter(({ type }) => type === 0x07).length).toBeGreaterThanOrEqual(3)
    expect(pair.events().map(({ kind }) => kind)).not.toContain("reuse")
    expect(await pair.acted()).toHaveLength(15)
  })

  test("who is revoked at one is revoked at the other", { timeout: 120_000 }, async () => {
    const { invitation, pair } = await startPair()
    const laptop = await register({ ...common(pair.inTurn), invitation })
    for (let round = 0; round < 6; round++) {
      const store = createMemoryStore()
      await login({ ...common(pair.inTurn, store), url, login: "alice", serverKey: publicKey })
      const [here, there] = await Promise.all(
        [0, 1].map((one) => openSession({ store, fetch: pair.to((round + one) % 2) })),
      )
      await Promise.all([here, there].map((one) => one!.fetch("/", post(`before ${round}`))))
      const { session } = await here!.status()
      const own = { store: createMemoryStore(), fetch: pair.to(round % 2) }
      const owner = await login({ ...common(own.fetch, own.store), url, login: "alice" })
      await owner.revoke(session)
      const call = round % 4 < 2 ? there!.fetch : there!.signedFetch
      expect(await codeOf(() => call("/", post("after")))).toBe("PeerError revoked")
      expect(await codeOf(() => here!.fetch("/", post("after")))).toBe("PeerError revoked")
      await owner.logout()
    }
    expect(await laptop.devices()).toHaveLength(1)
    const twice = [0, 1, 2, 3, 4, 5].flatMap((i) => [`before ${i}`, `before ${i}`])
    expect(await pair.acted()).toEqual(twice)
  })

  test("what one has taken is nothing to the other", { timeout: 120_000 }, async () => {
    const { invitation, pair } = await startPair()
    await register({ ...common(pair.to(0)), invitation })
    const session = await logIn(pair.to(0), {})
    for (let i = 0; i < 10; i++) {
      await (i % 2 ? session.fetch : session.signedFetch)("/", post(`call ${i}`))
    }
    await session.refresh()
    await session.fetch("/", post("call refreshed"))
    const before = await pair.acted()
    const sent = [...pair.sent]
    for (const which of [1, 0]) {
      for (const one of sent.filter(isCall)) {
        expect(await isUsed(await pair.replay(one, which))).toBe(true)
      }
      const finishes = sent.filter(({ type }) => type === 0x03)
      for (const one of finishes)
        expect(await errorOf(await pair.replay(one, which))).toBe("denied")
    }
    // What was lost may be asked for again, and whoever asks gets the same.
    const refresh = sent.find(({ type }) => type === 0x07)!
    const again = [await pair.replay(refresh, 0), await pair.replay(refresh, 1)]
    const [one, other] = await Promise.all(again.map((answer) => answer.text()))
    expect(one).toBe(other)
    expect(await pair.acted()).toEqual(before)
    expect(before).toHaveLength(11)
    expect((await session.fetch("/", post("and on"))).status).toBe(200)
    // The registration's and that of the login.
    expect(await session.devices()).toHaveLength(2)
  })

  test("servers that are killed act on nothing twice", { timeout: 240_000 }, async () => {
    const { invitation, pair } = await startPair()
    const sessions = [await register({ ...common(pair.inTurn), invitation })]
    for (let i = 0; i < 2; i++) sessions.push(await logIn(pair.inTurn, {}))
    const traffic = { isOver: false, answered: sessions.map(() => 0) }
    const answered: string[] = []
    const troubles = new Set<string>()
    const work = sessions.map(async (session, device) => {
      for (let i = 0; !traffic.isOver; i++) {
        const id = `device ${device} call ${i}`
        const call = i % 2 ? session.fetch : session.signedFetch
        const trouble = await codeOf(async () => {
          if (i % 5 === 4) await session.refresh()
          await call("/", post(id))
          answered.push(id)
          traffic.answered[device]!++
        })
        if (trouble !== "none") troubles.add(trouble)
      }
    })
    for (let round = 0; round < 4; round++) {
      const goal = traffic.answered.map((count) => count + 4)
      const isThere = () => traffic.answered.every((count, i) => count >= goal[i]!)
      await expect.poll(isThere, { timeout: 60_000 }).toBe(true)
      await pair.killAndRestart(round % 2)
    }
    traffic.isOver = true
    await Promise.all(work)
    // Of what was not answered, nobody knows; but it was once at most.
    expect([...troubles].filter((one) => one !== "ChannelError unreachable")).toEqual([])
    for (const one of pair.sent.filter(isCall)) {
      for (const which of [0, 1]) await pair.replay(one, which)
    }
    const acted = await pair.acted()
    expect(new Set(acted).size).toBe(acted.length)
    expect(answered.filter((id) => !acted.includes(id))).toEqual([])
    for (const session of sessions) {
      expect((await session.fetch("/", post("at the end"))).status).toBe(200)
    }
    expect(await sessions[0]!.devices()).toHaveLength(3)
    expect(pair.events().map(({ kind }) => kind)).not.toContain("reuse")
  })

  test("guesses at one count at the other", { timeout: 120_000 }, async () => {
    const { invitation, pair } = await startPair()
    const store = createMemoryStore()
    await register({ ...common(pair.inTurn, store), invitation })
    const guess = (name: string, fetch: Fetch) =>
      codeOf(() => logIn(fetch, { login: name, password: "a guess" }))
    // Who sits at one address may guess five times, of whomever: known and unknown logins count alike.
    const guesses = ["alice", "nobody", "alice", "nobody", "alice"]
    for (const [i, name] of guesses.entries()) {
      expect(await guess(name, pair.to(i % 2))).toBe("PeerError not-proven")
    }
    for (const name of ["alice", "nobody", "somebody"]) {
      expect(await guess(name, pair.inTurn)).toBe("PeerError slow-down")
      expect(await guess(name, pair.inTurn)).toBe("PeerError slow-down")
    }
    // A known device waits for nobody, wherever it comes.
    for (const which of [0, 1]) {
      const known = { ...common(pair.to(which), store), url, login: "alice" }
      expect((await (await login(known)).fetch("/", post("known"))).status).toBe(200)
    }
    expect(pair.events().filter(({ kind }) => kind === "slowed-down")).toHaveLength(6)
  })
})
