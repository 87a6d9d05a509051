import { UsageError } from "stringphone/bytes"
import { takeLogin, takeRealm } from "stringphone/login"
import {
  type Fetch,
  type LoginSession,
  openSessions,
  type SessionStatus,
} from "stringphone/session/login"
import type { Store } from "stringphone/store"
import type { Context } from "../context.js"
import { patientFetch } from "./patient-fetch.js"

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
  fetch?: Fetch,
): Promise<T> {
  return context.withRing(async ({ store }) =>
    use(await chooseSession(context, store, choice, fetch)),
  )
}

/**
 * @throws {UsageError} `logged-out`: there is none; `several-sessions`: say which one; `bad-realm`, `bad-login`
 */
export async function chooseSession(
  context: Context,
  store: Store,
  choice: SessionChoice,
  fetch?: Fetch,
): Promise<ChosenSession> {
  const [chosen, ...others] = await chosenSessions(context, store, choice, fetch)
  if (others.length === 0) return chosen
  const names = [chosen, ...others].map(({ status }) => `${status.login} at ${status.realm}`)
  throw new UsageError(
    "several-sessions",
    `There are several sessions: ${names.join(", ")}. Say which one with --at and --login.`,
  )
}

/** @throws {UsageError} `logged-out`: there is none; `bad-realm`, `bad-login` */
export async function chosenSessions(
  context: Context,
  store: Store,
  { at, login: name }: SessionChoice,
  fetch?: Fetch,
): Promise<readonly [ChosenSession, ...ChosenSession[]]> {
  const origin = at === undefined ? null : originOf(at)
  const realm = at === undefined || origin !== null ? null : takeRealm(at)
  const login = name === undefined ? null : takeLogin(name)
  const [first, ...others] = (await savedSessions(store, fetch)).filter(
    ({ status }) =>
      (origin === null || new URL(status.url).origin === origin) &&
      (realm === null || status.realm === realm) &&
      (login === null || status.login === login),
  )
  if (first) return [first, ...others]
  const where = at === undefined ? "" : ` at ${at}`
  throw new UsageError(
    "logged-out",
    `This key ring has no session${where}. Log in: ${context.command} login to ${origin ?? "http://…"}`,
  )
}

/** @returns `null`: it is no address. `lamp.local:8484` is none, and parses as one of the scheme `lamp.local`. */
export function originOf(text: string): string | null {
  return /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text).origin : null
}

/** All that have not ended, as far as is known here. */
export async function savedSessions(
  store: Store,
  fetch: Fetch = patientFetch(),
): Promise<readonly ChosenSession[]> {
  const sessions = await openSessions({ store, fetch })
  return Promise.all(sessions.map(async (session) => ({ session, status: await session.status() })))
}
