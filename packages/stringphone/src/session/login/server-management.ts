import { fromBase64url, fromUtf8, PeerError, sameBytes } from "../../bytes/index.js"
import { hash } from "../../crypto/index.js"
import { decodeLoginRecord, encodeLoginRecord, scopesNow } from "../../login/index.js"
import { idText, type ServerContext } from "./server-context.js"
import { keys, unchanged, write } from "./server-entries.js"
import { ownError } from "./server-protect.js"
import type { ProvenRequest } from "./server-requests.js"
import { sessionIdOf, type UserEntry } from "./server-session-entry.js"
import { isLiving, type LoadedSession } from "./server-sessions.js"
import type { Caller, LoginDevice } from "./server-types.js"

export interface Asking {
  readonly caller: Caller
  readonly session: LoadedSession
}

/** `null`: nothing is to be changed. */
type Change = (
  user: UserEntry,
  session: LoadedSession["entry"],
) => { readonly user: UserEntry; readonly change?: null } | null

/** A device, as JSON. */
interface ToldDevice {
  readonly session: string
  readonly device: string
  readonly scopes: readonly string[]
  readonly createdAt: string
  readonly seenAt: string | null
}

/** A record is taken for so long after the login. [LOGIN-8-3] */
const changeMs = 300_000
const recordBytes = 192

/** What a device asks about itself and its user's others, by sealed calls alone. spec/login.md §8.4 */
export class ServerManagement {
  readonly #context: ServerContext

  constructor(context: ServerContext) {
    this.#context = context
  }

  /** @throws {ChannelError} */
  async answer(proven: ProvenRequest, asking: Asking): Promise<Response> {
    try {
      return await this.#answer(proven, asking)
    } catch (error) {
      if (error instanceof PeerError) return ownError("malformed")
      throw error
    }
  }

  async #answer(proven: ProvenRequest, asking: Asking): Promise<Response> {
    const path = proven.target.slice(this.#context.base.length)
    const call = `${proven.method} ${path}`
    if (call === "GET /session") return Response.json(await this.#session(asking))
    if (call === "GET /devices") return Response.json(await this.#devices(asking))
    if (call === "DELETE /devices") return this.#endOthers(asking)
    if (call === "PUT /password") return this.#changePassword(asking, objectOf(proven.body))
    if (call === "POST /introspect") return this.#introspect(asking, objectOf(proven.body))
    const [, id] = /^DELETE \/devices\/([A-Za-z0-9_-]{22})$/.exec(call) ?? []
    return id === undefined ? new Response(null, { status: 404 }) : this.#endOne(asking, id)
  }

  async #session({ caller, session }: Asking): Promise<object> {
    return { ...(await this.#told(session)), ...caller, realm: this.#context.realms.now().realm }
  }

  async #devices({ caller }: Asking): Promise<object> {
    const found = await this.#context.sessions.of(caller.login)
    const devices = await Promise.all(found.map((one) => this.#told(one)))
    return { devices: devices.map((one) => ({ ...one, isOwn: one.session === caller.session })) }
  }

  async #endOne({ caller }: Asking, id: string): Promise<Response> {
    const { sessions, tell } = this.#context
    const { login } = caller
    const bytes = sessionIdOf(id)
    const ended = bytes && (await sessions.revoke(bytes, login))
    if (ended) tell({ kind: "revoked", login, session: id, device: ended.device })
    return new Response(null, { status: ended ? 204 : 404 })
  }

  async #endOthers(asking: Asking): Promise<Response> {
    const isDone = await this.#saveBoth(asking.session.id, (user) => ({
      user: { ...user, epoch: user.epoch + 1 },
    }))
    const { login } = asking.caller
    if (isDone) this.#context.tell({ kind: "revoked", login, session: null, device: null })
    return new Response(null, { status: isDone ? 204 : 404 })
  }

  async #changePassword(
    { caller, session }: Asking,
    fields: Readonly<Record<string, unknown>>,
  ): Promise<Response> {
    const { realms, tell, wallClock } = this.#context
    const opaque = recordOf(fields["record"])
    const { login } = caller
    const realm = await realms.forSetup(session.entry.change?.offer.setup ?? null)
    const found = { isSame: false }
    const endsOthers = fields["endOthers"] === true
    const kept = endsOthers ? keptId(fields["keep"]) : null
    const change: Change = (user, { change }) => {
      found.isSame = sameBytes(decodeLoginRecord(user.record).opaque, opaque)
      if (found.isSame) return null // It came before, and its answer was lost. [LOGIN-8-3]
      if (!change || !sameBytes(hash(user.record), change.recordDigest)) return null // [LOGIN-8-3]
      // Clocks of servers differ.
      if (Math.abs(wallClock() - change.sinceMs) > changeMs) return null
      const record = encodeLoginRecord(realm.takeRecord(login, opaque, change.offer))
      const epoch = endsOthers ? user.epoch + 1 : user.epoch
      return { user: { ...user, record, epoch }, change: null }
    }
    const isDone = await this.#saveBoth(session.id, change, kept)
    if (!isDone && !found.isSame) return ownError("denied")
    if (isDone) tell({ kind: "password-changed", login })
    if (isDone && endsOthers) tell({ kind: "revoked", login, session: null, device: null })
    return new Response(null, { status: 204 })
  }

  async #introspect(
    { caller }: Asking,
    fields: Readonly<Record<string, unknown>>,
  ): Promise<Response> {
    if (!caller.scopes.includes("introspect")) return ownError("missing-scope")
    const { session } = fields
    const found = await introspect(this.#context, typeof session === "string" ? session : "")
    return Response.json(found ? { active: true, ...found } : { active: false })
  }

  /** A user, one session, and another that stays: they follow its epoch, all or none. */
  async #saveBoth(
    id: Uint8Array,
    next: Change,
    alsoKept: Uint8Array | null = null,
  ): Promise<boolean> {
    const { sessions } = this.#context
    for (;;) {
      const loaded = await sessions.load(id)
      if (loaded?.record.state !== "living" || !loaded.user) return false
      const both = next(loaded.user.value, loaded.entry)
      if (!both) return false
      const { user, ...changes } = both
      const key = keys.user(loaded.entry.login)
      const kept = await this.#otherOf(loaded, alsoKept)
      const keptWrite = kept && write(keys.session(kept.id), { ...kept.entry, epoch: user.epoch })
      const isSaved = await sessions.save(loaded, { ...changes, epoch: user.epoch }, null, {
        checks: [
          unchanged(key, loaded.user),
          ...(kept ? [unchanged(keys.session(kept.id), kept)] : []),
        ],
        writes: [write(key, user), ...(keptWrite ? [keptWrite] : [])],
      })
      if (isSaved) return true
    }
  }

  /** @returns `null`: it is none of the same user that lives, or the same one */
  async #otherOf(
    { entry: { login }, id: own }: LoadedSession,
    id: Uint8Array | null,
  ): Promise<LoadedSession | null> {
    if (!id || sameBytes(id, own)) return null
    const { sessions, wallClock } = this.#context
    const other = await sessions.load(id, login)
    return other?.entry.login === login && isLiving(other, wallClock()) ? other : null
  }

  async #told(session: LoadedSession): Promise<ToldDevice> {
    const {
      createdAt,
      device,
      scopes,
      seenAt,
      session: id,
    } = await deviceOf(this.#context, session)
    const times = { createdAt: createdAt.toISOString(), seenAt: seenAt?.toISOString() ?? null }
    return { session: id, device, scopes, ...times }
  }
}

/** As people are told of it. */
export async function deviceOf(
  { sessions }: ServerContext,
  { entry, id, record, user }: LoadedSession,
): Promise<LoginDevice> {
  const ofUser = user?.value.scopes ?? []
  const seenMs = await sessions.seenMs(id)
  return {
    session: idText(id),
    login: entry.login,
    device: entry.device,
    scopes: record.state === "living" ? scopesNow(record, ofUser) : [],
    createdAt: new Date(entry.createdMs),
    seenAt: seenMs === null ? null : new Date(seenMs),
  }
}

/** What a living session is and may; `null`: it is none. */
export async function introspect(
  context: ServerContext,
  session: string,
): Promise<{
  readonly login: string
  readonly device: string
  readonly scopes: readonly string[]
} | null> {
  const id = sessionIdOf(session)
  const loaded = id && (await context.sessions.load(id))
  if (!loaded || !isLiving(loaded, context.wallClock())) return null
  const { device, login, scopes } = await deviceOf(context, loaded)
  return { login, device, scopes }
}

function objectOf(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(fromUtf8(body) ?? "")
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>
  } catch {
    // Told below.
  }
  throw malformed()
}

function recordOf(value: unknown): Uint8Array {
  try {
    const bytes = fromBase64url(typeof value === "string" ? value : "")
    if (bytes.length === recordBytes) return bytes
  } catch {
    // Told below.
  }
  throw malformed()
}

/** @throws {PeerError} `malformed` */
function keptId(value: unknown): Uint8Array | null {
  if (value === undefined) return null
  const id = typeof value === "string" ? sessionIdOf(value) : null
  if (id) return id
  throw malformed()
}

function malformed(): PeerError {
  return new PeerError("malformed", "The body is not the JSON that was expected.")
}
