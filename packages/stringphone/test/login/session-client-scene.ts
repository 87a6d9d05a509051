// A login server and its clients on one network, which somebody else owns: he may hold back, change and answer.
// Nothing is sent, so it runs wherever the library does.
import { hex } from "../../src/bytes/index.js"
import { Identity } from "../../src/identity/index.js"
import type { Price } from "../../src/login/index.js"
import type { Fetch, LoginSession, RegisterOptions } from "../../src/session/login/index.js"
import { register } from "../../src/session/login/index.js"
import {
  callerOf,
  type LoginServer,
  type LoginServerEvent,
  type LoginServerLimits,
  openLoginServer,
  protect,
} from "../../src/session/login/server-index.js"
import { untilAborted } from "../../src/session/login/client-abort.js"
import type { Store } from "../../src/store/index.js"
import { createMemoryStore } from "../../src/store/memory.js"

/** Cheap enough for tests. */
export const cheap: Price = { passes: 1, kib: 8, lanes: 1 }
export const password = "correct horse battery staple"
export const url = "http://lamp.example"
export const base = "/.stringphone/login"
export const realm = "lamp.example"

/** A request on its way. */
export interface Passing {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly body: Uint8Array
  /** Of a message of the protocol; 0: it is none. */
  readonly type: number
}

/** `null`: it goes on as it is; "lost": nothing comes back, though it was acted on. */
export type Meddler = (passing: Passing) => Fate | Promise<Fate>
type Fate = Response | "lost" | "unsent" | null

export const types = {
  start: 0x01,
  finish: 0x03,
  openLane: 0x05,
  refresh: 0x07,
  sealedCall: 0x10,
  register: 0x20,
  record: 0x22,
} as const

export class ClientScene {
  readonly store: Store = createMemoryStore()
  readonly events: LoginServerEvent[] = []
  readonly passed: Passing[] = []
  /** What the handler acted on, method and target. */
  readonly acted: string[] = []
  identity: Identity = new Identity(new Uint8Array(32).fill(0x61))
  formerIdentities: readonly Identity[] = []
  meddler: Meddler = () => null
  /** Looks at answers, and may put others in their place. */
  answerMeddler: (answer: Response, passing: Passing) => Response | Promise<Response> = (answer) =>
    answer
  nowMs = 1_700_000_000_000
  price: Price = cheap
  realm = realm
  limits: LoginServerLimits = {}
  #logins!: LoginServer

  static async open(options: Partial<ClientScene> = {}): Promise<ClientScene> {
    const scene = Object.assign(new ClientScene(), options)
    await scene.restart()
    return scene
  }

  get logins(): LoginServer {
    return this.#logins
  }

  /** What was in memory alone is gone. */
  async restart(): Promise<void> {
    this.#logins = await openLoginServer({
      store: this.store,
      identity: this.identity,
      formerIdentities: this.formerIdentities,
      realm: this.realm,
      price: this.price,
      minimumPrice: cheap,
      limits: this.limits,
      wallClock: () => this.nowMs,
      onEvent: (event) => this.events.push(event),
    })
  }

  /** Of a client: what it sends passes by whoever owns the network. */
  readonly fetch: Fetch = async (address, init) => {
    const request = new Request(address, init)
    request.signal.throwIfAborted()
    const body = new Uint8Array(await request.clone().arrayBuffer())
    const { headers, method } = request
    const isOurs = new URL(address).pathname === base
    const passing = { url: address, method, headers, body, type: isOurs ? (body[0] ?? 0) : 0 }
    this.passed.push(passing)
    const instead = await this.meddler(passing)
    if (instead instanceof Response) return instead
    if (instead === "unsent") throw new TypeError("fetch failed")
    const { host } = new URL(address)
    const handler = this.#logins.handler((one) => this.app(one))
    const answer = await handler(request, { address: "192.0.2.7", authority: host })
    if (instead === "lost") throw new TypeError("fetch failed")
    return untilAborted(Promise.resolve(this.answerMeddler(answer, passing)), request.signal)
  }

  async app(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url)
    const lamps = protect(
      async (one) => {
        this.acted.push(`${one.method} ${pathname}${search}`)
        if (pathname === "/elsewhere") {
          return new Response(null, { status: 302, headers: { location: "http://evil.example/" } })
        }
        if (pathname === "/nothing") return new Response(null, { status: 204 })
        const text = await one.text()
        const { login, mode } = callerOf(one)!
        return Response.json({ login, mode, text, hue: one.headers.get("hue") })
      },
      { scopes: [pathname === "/admin" ? "lamps:admin" : "lamps"] },
    )
    return lamps(request)
  }

  /** How many messages of a type were sent. */
  count(type: number): number {
    return this.sent(type).length
  }

  sent(type: number): readonly string[] {
    return this.passed.filter((one) => one.type === type).map(({ body }) => hex(body))
  }

  /** Generations live for an hour. */
  passHour(): void {
    this.nowMs += 3_601_000
  }

  async register(options: Partial<RegisterOptions> = {}, login = "alice"): Promise<LoginSession> {
    const { text } = await this.#logins.invite({ login, scopes: ["lamps"], url })
    return register({
      invitation: text,
      password,
      device: "Laptop",
      store: createMemoryStore(),
      fetch: this.fetch,
      minimumPrice: cheap,
      ...options,
    })
  }
}

/** All that a store keeps, to compare. */
export async function contentOf(store: Store): Promise<string> {
  return JSON.stringify((await store.list("")).map(({ key, value }) => [key, hex(value)]))
}

/** Its code, or its name; `"none"`. */
export async function codeOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run()
    return "none"
  } catch (error) {
    if (!(error instanceof Error)) return String(error)
    return "code" in error && typeof error.code === "string"
      ? `${error.name} ${error.code}`
      : error.name
  }
}
