import { ChannelError } from "../../src/bytes/index.js"
import { Identity } from "../../src/identity/index.js"
import { login, type LoginSession, openSession, register } from "../../src/session/login/index.js"
import {
  callerOf,
  type LoginServer,
  openLoginServer,
  protect,
} from "../../src/session/login/server-index.js"
import type { Store } from "../../src/store/index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import { cheap, codeOf, password, realm, url } from "./session-client-scene.js"

interface Device {
  readonly user: string
  readonly id: string
  readonly store: Store
  /** They share its session by the store. */
  readonly programs: LoginSession[]
  isRevoked: boolean
}

/** A request, as somebody on the way kept it. */
interface Copy {
  readonly url: string
  readonly init: RequestInit
}

/** What may come of a call when machines fail: whoever calls is told, and tries again. */
const excused = new Set([
  "none",
  "ChannelError unreachable",
  "ChannelError unauthenticated-answer",
  "PeerError unknown-lane", // The server was started anew: a POST is not repeated.
])
const users = ["ann", "bob", "cid"]
const mostCopies = 400

/** What happens is drawn from the seed, also what fails. */
export class LoadStory {
  readonly counts = {
    done: 0,
    failed: 0,
    replayed: 0,
    refreshes: 0,
    restarts: 0,
    outages: 0,
    revoked: 0,
    programs: 0,
  }
  /** In words; there should be nothing. */
  readonly wronged: string[] = []
  readonly #draw: () => number
  readonly #lanes: "memory" | "store"
  readonly #identity = new Identity(new Uint8Array(32).fill(0x4c))
  readonly #inner = createMemoryStore()
  readonly #store: Store
  readonly #devices: Device[] = []
  readonly #copies: Copy[] = []
  /** How often each order was acted on. */
  readonly #acted = new Map<string, number>()
  readonly #begunMs = 1_700_000_000_000
  #nowMs = this.#begunMs
  #servers: LoginServer[] = []
  #orders = 0
  #isCalm = false
  #outageUntilMs = 0

  private constructor(seed: number, lanes: "memory" | "store") {
    this.#draw = drawer(seed)
    this.#lanes = lanes
    this.#store = {
      get: (key) => this.#stored(() => this.#inner.get(key)),
      list: (prefix) => this.#stored(() => this.#inner.list(prefix)),
      commit: (commit) => this.#stored(() => this.#inner.commit(commit)),
      close: () => this.#inner.close(),
    }
  }

  static async begin(seed: number, lanes: "memory" | "store"): Promise<LoadStory> {
    const story = new LoadStory(seed, lanes)
    story.#isCalm = true
    // Lanes in the store are for several servers behind one address.
    story.#servers = await Promise.all(
      Array.from({ length: lanes === "store" ? 2 : 1 }, () => story.#open()),
    )
    for (const user of users) await story.#meet(user)
    story.#isCalm = false
    return story
  }

  get minutes(): number {
    return (this.#nowMs - this.#begunMs) / 60_000
  }

  async step(): Promise<void> {
    this.#nowMs += Math.floor(this.#draw() * 2_000)
    const what = this.#draw()
    if (what < 0.6) await this.#call()
    else if (what < 0.65)
      await Promise.all([this.#call(), this.#call(), this.#call(), this.#call()])
    else if (what < 0.9) await this.#replay()
    else if (what < 0.92) await this.#restart()
    else if (what < 0.94) this.#fail()
    else if (what < 0.96) await this.#comeIn()
    else if (what < 0.97) await this.#revoke()
    else await this.#openProgram()
  }

  /** All is well again: who was not revoked is served, and who was knows it. */
  async end(): Promise<void> {
    this.#isCalm = true
    for (const { id, isRevoked, programs, user } of this.#devices) {
      for (const program of programs) {
        const code = await codeOf(() => program.fetch("/lamps"))
        const wanted = isRevoked ? ["PeerError revoked", "UsageError logged-out"] : ["none"]
        if (!wanted.includes(code)) this.wronged.push(`at the end ${user}'s ${id}: ${code}`)
      }
    }
  }

  async #call(): Promise<void> {
    const isOfAny = this.#draw() < 0.1
    const device = this.#pick(this.#devices.filter(({ isRevoked }) => isOfAny || !isRevoked))
    const program = device && this.#pick(device.programs)
    if (!program) return
    const order = String(++this.#orders)
    const call = this.#draw() < 0.5 ? program.fetch : program.signedFetch
    const code = await codeOf(async () => {
      const response = await call("/orders", { method: "POST", body: order })
      if (response.status !== 200) throw new Error(`status ${response.status}`)
    })
    const acted = this.#acted.get(order) ?? 0
    this.counts[code === "none" ? "done" : "failed"]++
    if (code === "none" && acted !== 1) this.wronged.push(`${order} is said to be done: ${acted}`)
    const ended = ["PeerError revoked", "UsageError logged-out"]
    const isExcused = excused.has(code) || (device.isRevoked && ended.includes(code))
    if (!isExcused) this.wronged.push(`${device.user}'s ${device.id}: ${code}`)
  }

  /** Somebody sends again what he kept. */
  async #replay(): Promise<void> {
    const copy = this.#pick(this.#copies)
    if (!copy) return
    this.counts.replayed++
    await this.#deliver(copy)
  }

  async #restart(): Promise<void> {
    const wasCalm = this.#isCalm
    this.#isCalm = true
    this.#servers[Math.floor(this.#draw() * this.#servers.length)] = await this.#open()
    this.#isCalm = wasCalm
    this.counts.restarts++
  }

  #fail(): void {
    this.counts.outages++
    this.#outageUntilMs = this.#nowMs + 20_000
  }

  /** A new device, of somebody who knows the password. */
  async #comeIn(): Promise<void> {
    await codeOf(() => this.#meet(this.#pick(users) ?? "ann"))
  }

  async #meet(user: string): Promise<void> {
    const store = createMemoryStore()
    const options = {
      password,
      device: `device ${this.#devices.length}`,
      store,
      minimumPrice: cheap,
      fetch: (address: string, init?: RequestInit) => this.#fetch(address, init),
    }
    const isFirst = !this.#devices.some((device) => device.user === user)
    const session = isFirst
      ? await register({ ...options, invitation: await this.#invitation(user) })
      : await login({ ...options, url, login: user })
    const { session: id } = await session.status()
    this.#devices.push({ user, id, store, programs: [session], isRevoked: false })
  }

  async #invitation(user: string): Promise<string> {
    return (await this.#servers[0]!.invite({ login: user, scopes: ["orders"], url })).text
  }

  async #revoke(): Promise<void> {
    const living = this.#devices.filter(({ isRevoked }) => !isRevoked)
    const device = this.#pick(living)
    if (!device || living.length < 4) return
    // Until it is said to be done.
    for (;;) {
      const server = this.#pick(this.#servers)!
      if ((await codeOf(() => server.revoke(device.id))) === "none") break
      this.#nowMs += 1_000
    }
    device.isRevoked = true
    this.counts.revoked++
  }

  async #openProgram(): Promise<void> {
    const device = this.#pick(this.#devices.filter(({ isRevoked }) => !isRevoked))
    if (!device || device.programs.length > 3) return
    const fetch = (address: string, init?: RequestInit) => this.#fetch(address, init)
    device.programs.push(await openSession({ store: device.store, fetch }))
    this.counts.programs++
  }

  async #fetch(address: string, init: RequestInit = {}): Promise<Response> {
    const copy = { url: address, init: { ...init, signal: null } }
    this.#copies.push(copy)
    if (this.#copies.length > mostCopies) this.#copies.shift()
    const fate = this.#isCalm ? 1 : this.#draw()
    if (fate < 0.01) throw new TypeError("fetch failed")
    const answer = await this.#deliver(copy)
    if (fate < 0.03) throw new TypeError("fetch failed")
    // Who owns the network brings it twice.
    if (fate < 0.06) await this.#deliver(copy)
    return answer
  }

  #deliver({ init, url: address }: Copy): Promise<Response> {
    const server = this.#pick(this.#servers)!
    const lamps = protect(async (one) => {
      const { session } = callerOf(one)!
      const device = this.#devices.find(({ id }) => id === session)
      if (device?.isRevoked) this.wronged.push(`${session} was revoked, and is served`)
      if (one.method === "POST") {
        const order = await one.text()
        const times = (this.#acted.get(order) ?? 0) + 1
        this.#acted.set(order, times)
        if (times > 1) this.wronged.push(`${order} is acted on ${times} times`)
      }
      return new Response("done")
    })
    return server.handler(lamps)(new Request(address, init), { address: "192.0.2.7" })
  }

  #open(): Promise<LoginServer> {
    return openLoginServer({
      store: this.#store,
      identity: this.#identity,
      realm,
      lanes: this.#lanes,
      price: cheap,
      minimumPrice: cheap,
      limits: { accessSeconds: 120 },
      wallClock: () => this.#nowMs,
      onEvent: ({ kind }) => {
        if (kind === "refreshed") this.counts.refreshes++
        if (kind === "reuse") this.wronged.push("a session was taken for a stolen one")
      },
    })
  }

  /** While the database is ill, one of ten steps fails, before or after it was done. */
  async #stored<T>(run: () => Promise<T>): Promise<T> {
    const isIll = !this.#isCalm && this.#nowMs < this.#outageUntilMs
    const fate = isIll ? this.#draw() : 1
    if (fate < 0.05) throw failed()
    const result = await run()
    if (fate < 0.1) throw failed()
    return result
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.#draw() * from.length)]
  }
}

function failed(): ChannelError {
  return new ChannelError("store-failed", "The disk is gone. Try again.")
}

/** From 0 to below 1, the same for one seed (xorshift32). */
function drawer(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 0x1_0000_0000
  }
}
