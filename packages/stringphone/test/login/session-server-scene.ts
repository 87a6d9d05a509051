// A server of logins and devices that are machines alone: whatever is sent can be kept, changed and sent again.
import { base64url, utf8 } from "../../src/bytes/index.js"
import { Identity } from "../../src/identity/index.js"
import type { BinaryResponse } from "../../src/login/binary-http/index.js"
import type { ClientLane } from "../../src/login/client-lane.js"
import { completeLane, requestLane } from "../../src/login/client-lane.js"
import {
  beginRefresh,
  type ClientSession,
  completeRefresh,
} from "../../src/login/client-refresh.js"
import { isError, type ProvenError, readError } from "../../src/login/error-proof.js"
import { knownDeviceKey } from "../../src/login/generation-keys.js"
import {
  ClientLogin,
  type ClientLoginOptions,
  ClientRecord,
  ClientRegistration,
  type FinishOptions,
  type KnownSession,
  type LoggedIn,
  type Price,
  readInvitationText,
} from "../../src/login/index.js"
import { openAnswer, sealCall } from "../../src/login/sealed-calls.js"
import type { CallProof } from "../../src/login/signatures/index.js"
import {
  type Answer,
  readErrorName,
  signCall,
  type VerifiedAnswer,
  verifyAnswer,
} from "../../src/login/signatures/index.js"
import {
  callerOf,
  type Handler,
  type InformedHandler,
  type LoginServer,
  type LoginServerEvent,
  type LoginServerOptions,
  openLoginServer,
  protect,
  type RequestInfo,
} from "../../src/session/login/server-index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import type { Store } from "../../src/store/index.js"
import { Random } from "./lane-scene.js"

/** Cheap enough for tests. */
export const cheap: Price = { passes: 1, kib: 8, lanes: 1 }
export const realm = "lamp.example"
export const origin = "http://lamp.example"
export const base = "/.stringphone/login"
export const password = "correct horse"
export const startMs = 1_700_000_000_000
export const yearMs = 365 * 86_400_000
export const serverIdentity: Identity = new Identity(new Uint8Array(32).fill(7))

/** What the application did, in order. */
export interface Acted {
  readonly call: string
  readonly body: string
  readonly by: string | null
}

export class Scene {
  readonly store: Store
  readonly events: LoginServerEvent[] = []
  readonly acted: Acted[] = []
  nowMs = startMs
  server!: LoginServer
  handle!: InformedHandler
  readonly #options: Partial<LoginServerOptions>

  private constructor(options: Partial<LoginServerOptions>) {
    this.#options = options
    this.store = options.store ?? createMemoryStore()
  }

  static async open(options: Partial<LoginServerOptions> = {}): Promise<Scene> {
    const scene = new Scene(options)
    await scene.restart()
    return scene
  }

  /** A new server object on the same store. */
  async restart(changes: Partial<LoginServerOptions> = {}): Promise<void> {
    const { handle, server } = await this.another(changes)
    this.server = server
    this.handle = handle
  }

  /** Another server beside it. */
  async another(
    changes: Partial<LoginServerOptions> = {},
  ): Promise<{ readonly server: LoginServer; readonly handle: InformedHandler }> {
    const server = await openLoginServer({
      identity: serverIdentity,
      realm,
      price: cheap,
      minimumPrice: cheap,
      wallClock: () => this.nowMs,
      onEvent: (event) => this.events.push(event),
      ...this.#options,
      ...changes,
      store: changes.store ?? this.store,
    })
    return { server, handle: server.handler(this.app) }
  }

  /** `/open` is for everybody, `/admin` needs a scope, all else a login. */
  readonly app: Handler = async (request) => {
    const { pathname, search } = new URL(request.url)
    const act: Handler = async (request) => {
      const body = await request.text()
      const call = `${request.method} ${pathname}${search}`
      this.acted.push({ call, body, by: callerOf(request)?.login ?? null })
      const fields = Object.fromEntries(request.headers)
      const said = { call, body, fields, caller: callerOf(request) }
      return Response.json(said, { headers: { "x-app": "lamp" } })
    }
    if (pathname === "/open") return act(request)
    if (pathname === "/throws") throw new Error("a bug")
    if (pathname === "/forged") {
      const headers = { "stringphone-error": "revoked", connection: "close" }
      return new Response("forged", { status: 401, headers })
    }
    return protect(act, { scopes: pathname === "/admin" ? ["admin"] : [] })(request)
  }

  async invite(login = "alice", scopes: readonly string[] = ["lamps", "admin"]): Promise<string> {
    return (await this.server.invite({ login, scopes, url: origin })).text
  }

  /** Registered, and logged in. */
  async device(login = "alice", name = "phone"): Promise<Device> {
    const users = await this.server.users()
    if (!users.some((user) => user.login === login)) {
      await new Device(this, `${login} registers`).register(await this.invite(login), login)
    }
    const device = new Device(this, `${login} ${name}`)
    await device.logIn(login, { device: name })
    return device
  }

  kinds(): readonly string[] {
    return this.events.map(({ kind }) => kind)
  }
}

/** What came of a call. */
export interface CallAnswer {
  readonly status: number
  readonly fields: readonly (readonly [string, string])[]
  readonly text: string
  /** One of ours. */
  readonly error: string | null
}

export class Device {
  readonly scene: Scene
  readonly random: Random
  /** Everything that it sent, in order. */
  readonly sent: Uint8Array[] = []
  serverKeys: readonly Uint8Array[] = [serverIdentity.publicKey]
  info: RequestInfo = {}
  session!: ClientSession
  loggedIn!: LoggedIn
  #lane: ClientLane | null = null

  constructor(scene: Scene, name: string) {
    this.scene = scene
    this.random = new Random(name)
  }

  get draw(): (length: number) => Uint8Array {
    return (length) => this.random.take(length)
  }

  get id(): string {
    return base64url(this.session.session)
  }

  async register(text: string, login?: string, secret = password): Promise<void> {
    const invitation = readInvitationText(text)
    const client = new ClientRegistration({ invitation, login, minimumPrice: cheap })
    const registering = await this.post(client.start(secret, { random: this.draw }))
    const registered = await this.post(client.record(registering, secret))
    client.finish(registered)
  }

  async logIn(
    login: string,
    finish: Partial<FinishOptions> = {},
    secret = password,
    options: Partial<ClientLoginOptions> = {},
  ): Promise<LoggedIn> {
    const client = new ClientLogin({ login, realm, minimumPrice: cheap, ...options })
    const start = client.start(secret)
    const challenge = await this.post(start)
    this.#throwError(challenge, start)
    const bytes = client.finish(challenge, secret, { device: "phone", ...finish })
    const welcome = await this.post(bytes)
    this.#throwError(welcome, bytes)
    this.loggedIn = client.welcome(welcome)
    this.session = { ...this.loggedIn.exportGeneration(), pending: null }
    this.#lane = null
    return this.loggedIn
  }

  get known(): KnownSession {
    return { session: this.session.session, key: knownDeviceKey(this.session) }
  }

  /** @returns the lane, or the name of the error */
  async openLane(random: Uint8Array = this.random.take(16)): Promise<ClientLane | string> {
    const request = requestLane(this.session, random)
    const result = completeLane(this.session, request, await this.post(request), this.serverKeys)
    return "lane" in result ? result.lane : result.error.name
  }

  async lane(): Promise<ClientLane> {
    const lane = this.#lane ?? (await this.openLane())
    if (typeof lane === "string") throw new LoginError({ name: lane, seconds: 0 } as ProvenError)
    this.#lane = lane
    return lane
  }

  /** The next call is on a new lane. */
  leaveLane(): void {
    this.#lane = null
  }

  /** @returns the scopes, or the name of the error */
  async refresh(): Promise<readonly string[] | string> {
    const begun = beginRefresh(this.session, this.random.take(32))
    this.session = begun
    const answer = await this.post(begun.pending.request)
    const result = completeRefresh(begun, answer, { realm, serverKeys: this.serverKeys })
    if ("error" in result) return result.error.name
    this.session = result.session
    this.serverKeys = [result.serverCard.publicKey]
    this.#lane = null
    return result.terms.scopes
  }

  async sealed(call: string, body = "", fields: [string, string][] = []): Promise<CallAnswer> {
    const sent = await this.seal(call, body, fields)
    return this.openSealed(sent, await this.post(sent.bytes))
  }

  async seal(
    call: string,
    body = "",
    fields: [string, string][] = [],
  ): Promise<ReturnType<typeof sealCall>> {
    const [method = "", path = ""] = call.split(" ")
    const authority = "lamp.example"
    const content = utf8(body)
    return sealCall(await this.lane(), { method, scheme: "http", authority, path, fields, content })
  }

  openSealed(sent: ReturnType<typeof sealCall>, bytes: Uint8Array): CallAnswer {
    const opened = openAnswer(sent, bytes, this.serverKeys)
    if ("error" in opened) return { status: 0, fields: [], text: "", error: opened.error.name }
    return answerOf(opened.response, opened.response.content)
  }

  async signed(call: string, body = "", fields: [string, string][] = []): Promise<CallAnswer> {
    const { proof, request } = await this.sign(call, body, fields)
    return this.verify(await this.scene.handle(request, this.info), proof)
  }

  async sign(
    call: string,
    body = "",
    fields: [string, string][] = [],
    number?: number,
  ): Promise<{ readonly request: Request; readonly proof: CallProof }> {
    const [method = "", target = ""] = call.split(" ")
    const lane = await this.lane()
    const [path = "", query] = target.split("?")
    const parts = {
      method,
      authority: "lamp.example",
      path,
      query: query === undefined ? "" : `?${query}`,
      fields,
      body: utf8(body),
    }
    const key = lane.keys.requestSigningKey()
    const signed = signCall(parts, { id: lane.id, key }, number ?? lane.takeNumber())
    const headers: [string, string][] = [...fields, ...signed.fields].map(([a, b]) => [a, b])
    const init = { method, headers, ...(body !== "" && { body: utf8(body) as BodyInit }) }
    return { request: new Request(origin + target, init), proof: signed.proof }
  }

  async verify(response: Response, proof: CallProof): Promise<CallAnswer> {
    const body = new Uint8Array(await response.arrayBuffer())
    const answer: Answer = { status: response.status, fields: [...response.headers], body }
    const lane = (await this.lane()).keys.answerSigningKey()
    const verified: VerifiedAnswer = verifyAnswer(answer, proof, { lane, server: this.serverKeys })
    return answerOf(verified, body)
  }

  /** Another password, or a new record. */
  async changePassword(login: string, to: string, endOthers?: boolean): Promise<CallAnswer> {
    const change = new ClientRecord()
    const loggedIn = await this.logIn(login, { register: change.request(to) })
    const { recordTerms, response } = loggedIn
    const record = change.record(response!, to, login, recordTerms, { minimum: cheap })
    const body = { record: base64url(record), ...(endOthers && { endOthers }) }
    return this.sealed(`PUT ${base}/password`, JSON.stringify(body))
  }

  async post(bytes: Uint8Array, handle: InformedHandler = this.scene.handle): Promise<Uint8Array> {
    this.sent.push(bytes)
    return post(handle, bytes, this.info)
  }

  #throwError(answer: Uint8Array, request: Uint8Array): void {
    if (!isError(answer)) return
    const { serverKeys } = this
    throw new LoginError(readError(answer, request, { errorKeys: [], serverKeys }))
  }
}

/** The server said so, proven. */
export class LoginError extends Error {
  readonly code: string
  readonly seconds: number

  constructor({ name, seconds }: ProvenError) {
    super(name)
    this.code = name
    this.seconds = seconds
  }
}

export async function post(
  handle: InformedHandler,
  bytes: Uint8Array,
  info: RequestInfo = {},
): Promise<Uint8Array> {
  const response = await handle(messageOf(bytes), info)
  if (response.status !== 200) throw new Error(`status ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}

export function messageOf(bytes: Uint8Array): Request {
  return new Request(origin + base, {
    method: "POST",
    headers: { "content-type": "application/stringphone-login" },
    body: bytes as BodyInit,
  })
}

function answerOf(
  { fields, status }: Pick<BinaryResponse, "status" | "fields">,
  body: Uint8Array,
): CallAnswer {
  const error = readErrorName({ status, fields })
  return { status, fields, text: new TextDecoder().decode(body), error }
}

/** The code of the error that it rejects with, or `"none"`. */
export async function codeOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run()
    return "none"
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error)
  }
}
