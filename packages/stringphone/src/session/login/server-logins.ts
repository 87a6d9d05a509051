import { sameBytes } from "../../bytes/index.js"
import { hash } from "../../crypto/index.js"
import {
  type AcceptedLogin,
  type ChallengedLogin,
  decodeLoginRecord,
  errorAnswer,
  newSession,
  ServerLogin,
  type ServerRealm,
} from "../../login/index.js"
import type { KeptAttempt } from "./server-attempts.js"
import { idText, type ServerContext } from "./server-context.js"
import { deviceKey, type Kept, keys, unchanged, write } from "./server-entries.js"
import type { CountedStart } from "./server-limits.js"
import type { SessionEntry, UserEntry } from "./server-session-entry.js"

/** A session that was saved. */
interface OpenedLogin {
  readonly session: Uint8Array
  readonly welcome: Uint8Array
  readonly told: { readonly session: string; readonly device: string }
}

/** Starts and finishes. spec/login.md §3 */
export class ServerLogins {
  readonly #context: ServerContext

  constructor(context: ServerContext) {
    this.#context = context
  }

  /** @throws {PeerError} `malformed` */
  async start(bytes: Uint8Array, address: string | null): Promise<Uint8Array> {
    const { attempts, limits, random, realms, store, tell, users, wallClock } = this.#context
    const asked = ServerLogin.asked(bytes)
    const { login } = asked
    const user = await users.find(login)
    const record = user && decodeLoginRecord(user.value.record)
    const device = await this.#knownDevice(asked)
    const realm = await realms.forSetup(record?.setup ?? null)
    let challenged: ChallengedLogin | null = null
    for (;;) {
      const nowMs = wallClock()
      const counted = await limits.count({ login, address, device, start: bytes }, nowMs)
      if (counted.waitMs > 0) {
        tell({ kind: "slowed-down", login, address })
        const server = record ? realms.identityOf(record.serverKey) : realms.current
        return errorAnswer(bytes, "slow-down", server, counted.waitMs / 1_000) // [LOGIN-9-2]
      }
      challenged ??= new ServerLogin(realm).challenge(bytes, record, { random })
      const kept = keptAttempt(challenged, counted, { user, device, realm }, nowMs)
      const writes = [...counted.writes, ...attempts.add(kept)]
      if (!(await store.commit({ checks: counted.checks, writes }))) continue // [LOGIN-9-1]
      if (attempts.isCrowded) await attempts.removeOld(nowMs)
      return challenged.answer
    }
  }

  /** @throws {PeerError} `malformed` */
  async finish(bytes: Uint8Array, address: string | null): Promise<Uint8Array> {
    const { attempts, limits, realms, tell, wallClock } = this.#context
    const kept = await attempts.find(ServerLogin.attemptId(bytes), wallClock())
    const realm = realms.now()
    const accepted = new ServerLogin(realm).finish(bytes, kept?.attempt ?? null)
    const isTaken = kept && accepted && (await attempts.take(kept)) // [LOGIN-3-6]
    const opened = isTaken && (await this.#open(accepted, kept))
    if (!kept || !accepted || !opened) {
      const login = kept?.attempt.login ?? null
      tell({ kind: "login-denied", login, address })
      const server = kept ? realms.identityOf(kept.serverKey) : realms.current
      return errorAnswer(bytes, "denied", server) // [LOGIN-3-7]
    }
    try {
      await limits.forgive(kept.counted, wallClock())
    } catch (error) {
      tell({ kind: "trouble", error }) // The session is there: its device should have it.
    }
    tell({ kind: "logged-in", login: accepted.login, ...opened.told })
    await this.#endSurplus(accepted.login, opened.session, kept.knownSession)
    return opened.welcome
  }

  /** Who logs in again and again fills no store. What its device has may be what it logs in for. [LOGIN-9-4] */
  async #endSurplus(login: string, newest: Uint8Array, known: Uint8Array | null): Promise<void> {
    const { mostSessions, sessions, tell } = this.#context
    const staying = known ? [newest, known] : [newest]
    try {
      const ended = await sessions.endSurplus(login, mostSessions, { newest, staying })
      for (const { device, id } of ended) {
        tell({ kind: "revoked", login, session: idText(id), device, isDisplaced: true })
      }
    } catch (error) {
      tell({ kind: "trouble", error }) // The next login ends them.
    }
  }

  /** @returns the session that this device had, if it proves that; `null`: it is as a stranger */
  async #knownDevice(asked: ReturnType<typeof ServerLogin.asked>): Promise<Uint8Array | null> {
    const { knownSession, login } = asked
    if (!knownSession) return null
    const known = await this.#context.sessions.knownDeviceKeys(knownSession, login)
    return known.some((key) => asked.isKnownDevice(key)) ? knownSession : null
  }

  /** @returns `null`: what the password was proven for is not there any more */
  async #open(accepted: AcceptedLogin, kept: KeptAttempt): Promise<OpenedLogin | null> {
    const { lifetimes, random, realms, store, users, wallClock } = this.#context
    const session = random(16)
    const { device, login, offer, scopesWanted } = accepted
    const { serverKey } = realms.now().offer
    let welcome: Uint8Array | null = null
    let scopes: readonly string[] = []
    for (;;) {
      const user = await users.find(login)
      const isSame = user && kept.record && sameBytes(user.value.record, kept.record)
      if (!isSame) return null
      const nowMs = wallClock()
      if (!welcome) {
        const wanted = scopesWanted ?? user.value.scopes
        scopes = user.value.scopes.filter((scope) => wanted.includes(scope))
        welcome = accepted.sealWelcome({ session, scopes, ...lifetimes })
      }
      const entry: SessionEntry = {
        record: newSession(accepted.exportGeneration(), scopes, lifetimes, nowMs),
        login,
        user: user.value.id,
        epoch: user.value.epoch,
        device,
        createdMs: nowMs,
        serverKey,
        offeredKey: null,
        lanes: [],
        change: offer && { offer, sinceMs: nowMs, recordDigest: hash(kept.record) },
      }
      const key = keys.session(session)
      const isSaved = await store.commit({
        checks: [unchanged(keys.user(login), user), unchanged(key, null)],
        writes: [write(key, entry), write(deviceKey(login, session), 1)],
      })
      if (isSaved) return { session, welcome, told: { session: idText(session), device } }
    }
  }
}

function keptAttempt(
  { attempt }: ChallengedLogin,
  { keys: counted }: CountedStart,
  {
    device,
    realm,
    user,
  }: {
    readonly device: Uint8Array | null
    readonly realm: ServerRealm
    readonly user: Kept<UserEntry> | null
  },
  startedMs: number,
): KeptAttempt {
  const record = user?.value.record ?? null
  const serverKey = record ? decodeLoginRecord(record).serverKey : realm.offer.serverKey
  return { attempt, startedMs, counted, record, serverKey, knownSession: device }
}
