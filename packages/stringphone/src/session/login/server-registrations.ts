import { PeerError, UsageError } from "../../bytes/index.js"
import {
  encodeLoginRecord,
  errorAnswer,
  type Invitation,
  invitationId,
  type InvitationState,
  invitationText,
  ServerRegistration,
  takeLogin,
  takeScopes,
} from "../../login/index.js"
import { dayOf, type ServerContext } from "./server-context.js"
import { type Kept, keys, read, unchanged, valueOf, write } from "./server-entries.js"
import type { UserEntry } from "./server-session-entry.js"
import type { InviteOptions, LoginInvitation } from "./server-types.js"

/** An invitation in the store. Secret. */
interface InvitationEntry {
  readonly state: InvitationState
  /** What the user may from then on. */
  readonly scopes: readonly string[]
  /** That it names: the server may have another one since. */
  readonly serverKey: Uint8Array
}

const usualDays = 7
const mostDays = 3_650
const dayMs = 86_400_000

/** Invitations, and what comes of them. spec/login.md §8.2 */
export class ServerRegistrations {
  readonly #context: ServerContext

  constructor(context: ServerContext) {
    this.#context = context
  }

  /** @throws {UsageError} `bad-login`, `login-taken`, `bad-scope`, `bad-url`, `bad-days` */
  async invite(options: InviteOptions): Promise<LoginInvitation> {
    const { random, realms, store, tell, users, wallClock } = this.#context
    const { days = usualDays, url } = options
    const scopes = takeScopes(options.scopes)
    const login = options.login === undefined ? "" : takeLogin(options.login)
    if (!Number.isSafeInteger(days) || days < 1 || days > mostDays) {
      throw new UsageError("bad-days", "An invitation lasts 1 to 3,650 days.")
    }
    if (login !== "" && (await users.find(login))) {
      throw new UsageError("login-taken", `There is a user ${login} already.`)
    }
    const { current: identity } = realms
    const lastDay = dayOf(wallClock()) + days
    const invitation: Invitation = {
      serverKey: identity.publicKey,
      exchangeKey: identity.exchangePublicKey,
      code: random(16),
      lastDay,
      url,
      realm: realms.now().realm,
      login,
    }
    const text = invitationText(invitation)
    const state = ServerRegistration.invitationState(invitation.code, lastDay, login)
    const entry: InvitationEntry = { state, scopes, serverKey: identity.publicKey }
    await store.commit({ writes: [write(keys.invitation(invitationId(invitation.code)), entry)] })
    tell({ kind: "invited", login, scopes })
    return { text, expiresAt: new Date((lastDay + 1) * dayMs) }
  }

  /** Takes a register message. @throws {PeerError} `malformed` */
  begin(bytes: Uint8Array): Promise<Uint8Array> {
    return this.#proving(bytes, () => this.#begin(bytes))
  }

  /** Takes a record message. @throws {PeerError} `malformed` */
  finish(bytes: Uint8Array): Promise<Uint8Array> {
    return this.#proving(bytes, () => this.#finish(bytes))
  }

  /** Its error is by the key that the invitation names. */
  async #proving(bytes: Uint8Array, run: () => Promise<Uint8Array>): Promise<Uint8Array> {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      const { kept } = await this.#find(bytes)
      const { realms } = this.#context
      const server = kept ? realms.identityOf(kept.value.serverKey) : realms.current
      return errorAnswer(bytes, error.code === "denied" ? "denied" : "malformed", server)
    }
  }

  async #begin(bytes: Uint8Array): Promise<Uint8Array> {
    const { store, users } = this.#context
    for (;;) {
      const { key, kept, registration } = await this.#find(bytes)
      if (!kept) throw denied()
      const opened = registration.open(bytes, kept.value.state, this.#today())
      if (opened.kind === "repeated") return opened.answer
      const { answer, state } = opened.answer((await users.find(opened.login)) !== null)
      const next: InvitationEntry = { ...kept.value, state }
      const commit = { checks: [unchanged(key, kept)], writes: [write(key, next)] }
      if (await store.commit(commit)) return answer
    }
  }

  async #finish(bytes: Uint8Array): Promise<Uint8Array> {
    const { random, store, tell, users, wallClock } = this.#context
    for (;;) {
      const { key, kept, registration } = await this.#find(bytes)
      if (!kept) throw denied()
      const finished = registration.finish(bytes, kept.value.state, this.#today())
      if (finished.kind === "repeated") return finished.answer
      const { answer, login, record, state } = finished
      if (await users.find(login)) throw denied() // Somebody else was faster.
      const user: UserEntry = {
        id: random(16),
        record: encodeLoginRecord(record),
        scopes: kept.value.scopes,
        epoch: 0,
        createdMs: wallClock(),
      }
      const next: InvitationEntry = { ...kept.value, state }
      const isSaved = await store.commit({
        checks: [unchanged(key, kept), unchanged(keys.user(login), null)],
        writes: [write(key, next), write(keys.user(login), user)],
      })
      if (!isSaved) continue
      tell({ kind: "registered", login })
      return answer
    }
  }

  async removeForgotten(prefix: string): Promise<void> {
    const { store } = this.#context
    for (const entry of await store.list(`login/invitation/${prefix}`)) {
      if (this.#today() <= valueOf<InvitationEntry>(entry).state.lastDay) continue
      const checks = [unchanged(entry.key, entry)]
      await store.commit({ checks, writes: [write(entry.key, null)] })
    }
  }

  /** @throws {PeerError} `malformed` */
  async #find(bytes: Uint8Array): Promise<{
    readonly key: string
    readonly kept: Kept<InvitationEntry> | null
    readonly registration: ServerRegistration
  }> {
    const { realms, store } = this.#context
    const key = keys.invitation(ServerRegistration.invitationId(bytes))
    const kept = await read<InvitationEntry>(store, key)
    // Another server may have answered the first message, with a setup that is new here.
    for (const { offer } of kept?.value.state.begun ?? []) {
      await realms.forSetup(offer?.setup ?? null)
    }
    const registration = new ServerRegistration(realms.now(kept?.value.serverKey))
    return { key, kept, registration }
  }

  #today(): number {
    return dayOf(this.#context.wallClock())
  }
}

function denied(): PeerError {
  return new PeerError("denied", "There is no such invitation, or its login was taken meanwhile.")
}
