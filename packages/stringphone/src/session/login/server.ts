import { UsageError } from "../../bytes/index.js"
import { randomBytes } from "../../crypto/index.js"
import type { Identity } from "../../identity/index.js"
import { takeLogin, usualLifetimes } from "../../login/index.js"
import { unavailable } from "./server-answers.js"
import { AttemptsInMemory, AttemptsInStore } from "./server-attempts.js"
import { BodyBudget } from "./server-body.js"
import { ServerCalls } from "./server-calls.js"
import { ServerCleaning } from "./server-cleaning.js"
import { type ServerContext, teller } from "./server-context.js"
import { ServerGenerations } from "./server-generations.js"
import { LanesInMemory } from "./server-lanes.js"
import { LanesInStore } from "./server-lanes-store.js"
import { ServerLimits } from "./server-limits.js"
import { ServerLogins } from "./server-logins.js"
import { deviceOf, introspect, ServerManagement } from "./server-management.js"
import { Origins } from "./server-origins.js"
import { ServerProtocol } from "./server-protocol.js"
import { ServerRealms, takeBase } from "./server-realms.js"
import { ServerRegistrations } from "./server-registrations.js"
import { type Target, targetOf } from "./server-requests.js"
import { ServerSealed } from "./server-sealed.js"
import { sessionIdOf } from "./server-session-entry.js"
import { ServerSessions } from "./server-sessions.js"
import { ServerSigned } from "./server-signed.js"
import type {
  Handler,
  InformedHandler,
  InviteOptions,
  LoginDevice,
  LoginInvitation,
  LoginServerOptions,
  LoginUser,
  RequestInfo,
} from "./server-types.js"
import { ServerUsers } from "./server-users.js"

const usualLanes = 200_000
const usualSessions = 100
const usualBodyBytes = 256 * 2 ** 20
/** Of a generation, and what is under way after it. */
const overlapMs = 120_000

/**
 * A server of logins, with all of its state in a store.
 *
 * @throws {UsageError} `bad-realm`, `bad-price`, `bad-base`, `bad-limit`, `bad-origin`
 * @throws {ChannelError} `setup-corrupt`, and those of the store
 */
export async function openLoginServer(options: LoginServerOptions): Promise<LoginServer> {
  const { authorities, base = "/.stringphone/login", store } = options
  const {
    accessSeconds,
    bodyBytes,
    lanes: most,
    refreshSeconds,
    sessions: mostSessions,
  } = limitsOf(options)
  const wallClock = options.wallClock ?? Date.now
  const origins = options.origins ? Origins.take(options.origins) : null
  const sessions = new ServerSessions(store, wallClock)
  const longestMs = accessSeconds * 1_000 + overlapMs
  const isInStore = options.lanes === "store"
  const context: ServerContext = {
    store,
    base: takeBase(base),
    authorities: authorities ? new Set(authorities.flatMap(formsOf)) : null,
    realms: await ServerRealms.open({
      ...options,
      formerIdentities: options.formerIdentities ?? [],
    }),
    users: new ServerUsers(store),
    sessions,
    mostSessions,
    lanes: isInStore
      ? new LanesInStore(store, sessions, longestMs)
      : new LanesInMemory(sessions, { longestMs, most }),
    attempts: isInStore ? new AttemptsInStore(store) : new AttemptsInMemory(),
    limits: new ServerLimits(store),
    bodies: new BodyBudget(bodyBytes),
    lifetimes: { accessSeconds, refreshSeconds },
    wallClock,
    random: options.randomBytes ?? randomBytes,
    tell: teller(options.onEvent),
  }
  return new LoginServer(context, origins)
}

/** Callers leave out the port that their scheme has anyway. */
function formsOf(authority: string): readonly string[] {
  const lower = authority.toLowerCase()
  return [lower, lower.replace(/:(?:80|443)$/, "")]
}

function limitsOf({ limits = {} }: LoginServerOptions): {
  accessSeconds: number
  refreshSeconds: number
  sessions: number
  lanes: number
  bodyBytes: number
} {
  const usual = { sessions: usualSessions, lanes: usualLanes, bodyBytes: usualBodyBytes }
  const all = { ...usualLifetimes, ...usual, ...limits }
  if (Object.values(all).every((one) => Number.isSafeInteger(one) && one >= 1)) return all
  throw new UsageError("bad-limit", "Limits of a login server are whole numbers from 1 up.")
}

/** Opened by {@link openLoginServer}. It has no timers: there is nothing to close but its store. */
export class LoginServer {
  readonly #context: ServerContext
  readonly #origins: Origins | null
  readonly #registrations: ServerRegistrations
  readonly #protocol: ServerProtocol
  readonly #signed: ServerSigned
  readonly #cleaning: ServerCleaning

  /** @internal */
  constructor(context: ServerContext, origins: Origins | null) {
    const calls = new ServerCalls(context)
    const sealed = new ServerSealed(context, calls, new ServerManagement(context))
    this.#context = context
    this.#origins = origins
    this.#registrations = new ServerRegistrations(context)
    this.#protocol = new ServerProtocol(context, {
      logins: new ServerLogins(context),
      generations: new ServerGenerations(context),
      registrations: this.#registrations,
      sealed,
    })
    this.#signed = new ServerSigned(context, calls)
    this.#cleaning = new ServerCleaning(context, this.#registrations)
  }

  get realm(): string {
    return this.#context.realms.now().realm
  }

  get identity(): Identity {
    return this.#context.realms.current
  }

  get base(): string {
    return this.#context.base
  }

  /**
   * Answers logins and calls, and hands calls on to `app`: proven ones with what was proven alone, all
   * others as they are. What needs a login is behind `protect`.
   */
  handler(app: Handler): InformedHandler {
    return async (request, info = {}) => {
      const target = targetOf(request, info)
      const allowed = this.#origins?.preflight(request, this.#isAtBase(target))
      if (allowed) return allowed
      const answering = this.#answerTo(request, target, info, app)
      if (!answering) return app(request)
      const answer = await this.#answered(answering)
      return this.#origins?.show(answer, request) ?? answer
    }
  }

  /** @throws {UsageError} `bad-login`, `login-taken`, `bad-scope`, `bad-url`, `bad-days` */
  invite(options: InviteOptions): Promise<LoginInvitation> {
    return this.#registrations.invite(options)
  }

  users(): Promise<readonly LoginUser[]> {
    return this.#context.users.list()
  }

  /** @throws {UsageError} `unknown-user`, `bad-scope` */
  setScopes(login: string, scopes: readonly string[]): Promise<readonly string[]> {
    return this.#context.users.setScopes(login, () => scopes)
  }

  /** What sessions have already gets no more by it. @throws {UsageError} `unknown-user`, `bad-scope` */
  addScopes(login: string, scopes: readonly string[]): Promise<readonly string[]> {
    return this.#context.users.setScopes(login, (now) => [...new Set([...now, ...scopes])])
  }

  /** All of its sessions end. @throws {UsageError} `unknown-user` */
  async removeUser(login: string): Promise<void> {
    await this.#context.users.remove(login)
    this.#context.tell({ kind: "user-removed", login: takeLogin(login) })
  }

  /** Living sessions of a user, the newest first. @throws {UsageError} `bad-login` */
  async devices(login: string): Promise<readonly LoginDevice[]> {
    const found = await this.#context.sessions.of(takeLogin(login))
    return Promise.all(found.map((one) => deviceOf(this.#context, one)))
  }

  /** Ends one session. @returns `false`: there is none, or it has ended already */
  async revoke(session: string): Promise<boolean> {
    const { sessions, tell } = this.#context
    const id = sessionIdOf(session)
    const ended = id && (await sessions.revoke(id))
    if (!ended) return false
    tell({ kind: "revoked", login: ended.login, session, device: ended.device })
    return true
  }

  /** Ends all sessions of a user. @throws {UsageError} `unknown-user` */
  async revokeAll(login: string): Promise<void> {
    await this.#context.users.endSessions(login)
    this.#context.tell({ kind: "revoked", login: takeLogin(login), session: null, device: null })
  }

  /** Whose a session is and what it may now; `null`: it is none, or none any more. */
  introspect(
    session: string,
  ): Promise<{ login: string; device: string; scopes: readonly string[] } | null> {
    return introspect(this.#context, session)
  }

  /**
   * A new OPAQUE setup, should the old one have been seen by somebody: records follow at their users' next logins.
   * @returns its number @throws {UsageError} `too-many-setups`
   */
  renewSetup(): Promise<number> {
    return this.#context.realms.renewSetup()
  }

  /**
   * All devices open lanes anew, and begun logins begin anew. Call it before the first request on a store that was put
   * back to an earlier state, as from a backup: the windows in it are those of then, and calls that came since would
   * be taken once more. Revocations and other passwords since then are lost, too: repeat them.
   */
  async forgetLanes(): Promise<void> {
    await this.#context.lanes.forgetAll()
    await this.#context.attempts.forgetAll()
  }

  /** Waits for the cleaning that is under way: before its store is closed. */
  settled(): Promise<void> {
    return this.#cleaning.settled()
  }

  async #answered(answering: () => Promise<Response>): Promise<Response> {
    try {
      return await answering()
    } catch (error) {
      this.#context.tell({ kind: "trouble", error })
      return unavailable()
    } finally {
      this.#cleaning.notice()
    }
  }

  #isAtBase({ path, query }: Target): boolean {
    return path === this.#context.base && query === ""
  }

  /** `null`: it is none of ours. */
  #answerTo(
    request: Request,
    target: Target,
    info: RequestInfo,
    app: Handler,
  ): (() => Promise<Response>) | null {
    if (request.method === "POST" && this.#isAtBase(target)) {
      const address = info.address ?? null
      return () => this.#protocol.answer(request, { address, app, target })
    }
    if (!ServerSigned.isSigned(request)) return null
    return () => this.#signed.answer(request, target, app)
  }
}
