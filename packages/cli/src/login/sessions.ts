import { UsageError } from "stringphone/bytes"
import { takeLogin, takeRealm } from "stringphone/login"
import { type LoginSession, openSessions, type SessionStatus } from "stringphone/session/login"
import type { Store } from "stringphone/store"
import type { Context } from "../context.js"

/** Which of the sessions of a key ring. */
export interface SessionChoice {
  /** A realm, or an address of its server. */
  readonly at?: string
  readonly login?: string
}

export interface ChosenSession {
  readonly session: LoginSession
  readonly status: SessionStatus
}

/** Runs with one session of the chosen key ring. */
export async function withSession<T>(
  context: Context,
  choice: SessionChoice,
  use: (chosen: ChosenSession) => Promise<T>,
): Promise<T> {
  return context.withRing(async ({ store }) => use(await chooseSession(context, store, choice)))
}

/**
 * @throws {UsageError} `logged-out`: there is none; `several-sessions`: say which one; `bad-realm`, `bad-login`
 */
export async function chooseSession(
  context: Context,
  store: Store,
  { at, login: name }: SessionChoice,
): Promise<ChosenSession> {
  const origin = at !== undefined && URL.canParse(at) ? new URL(at).origin : null
  const realm = at === undefined || origin !== null ? null : takeRealm(at)
  const login = name === undefined ? null : takeLogin(name)
  const found = (await savedSessions(store)).filter(
    ({ status }) =>
      (origin === null || new URL(status.url).origin === origin) &&
      (realm === null || status.realm === realm) &&
      (login === null || status.login === login),
  )
  const [chosen] = found
  if (!chosen) {
    const where = at === undefined ? "" : ` at ${at}`
    throw new UsageError(
      "logged-out",
      `This key ring has no session${where}. Log in: ${context.command} login to ${origin ?? "http://…"}`,
    )
  }
  if (found.length === 1) return chosen
  const names = found.map(({ status }) => `${status.login} at ${status.realm}`).join(", ")
  throw new UsageError(
    "several-sessions",
    `There are several sessions: ${names}. Say which one with --at and --login.`,
  )
}

/** All that have not ended, as far as is known here. */
export async function savedSessions(store: Store): Promise<readonly ChosenSession[]> {
  const sessions = await openSessions({ store })
  return Promise.all(sessions.map(async (session) => ({ session, status: await session.status() })))
}
