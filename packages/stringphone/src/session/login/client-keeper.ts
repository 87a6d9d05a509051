import { PeerError, sameBytes, UsageError } from "../../bytes/index.js"
import { randomBytes } from "../../crypto/index.js"
import {
  beginRefresh,
  type ClientSession,
  completeRefresh,
  knownDeviceKey,
  type KnownSession,
  type PendingRefresh,
} from "../../login/index.js"
import { believed, toldError } from "./client-errors.js"
import type { LoginChannel } from "./client-channel.js"
import type { GenerationAge, SavedLogin } from "./client-saved.js"
import type { LoginName, Shelf, Shelved } from "./client-shelf.js"

/** Saved, with a session. */
export interface LivingLogin extends SavedLogin {
  readonly session: ClientSession
}

/** Which keys something was done with. */
export type UsedGeneration = Pick<ClientSession, "session" | "generation">

/**
 * One device's session, as all of its programs share it by the store: it is saved before anything
 * counts, and the store is right where the memory is not.
 */
export class SessionKeeper {
  readonly name: LoginName
  readonly shelf: Shelf
  readonly #channel: LoginChannel
  #refreshing: Promise<unknown> | null = null

  constructor(name: LoginName, shelf: Shelf, channel: LoginChannel) {
    this.name = name
    this.shelf = shelf
    this.#channel = channel
  }

  /** @throws {UsageError} `logged-out` */
  async current(): Promise<LivingLogin> {
    return living((await this.#load()).saved)
  }

  /**
   * To a generation after this one. Whoever wants that meanwhile waits for the same refresh; it is for all,
   * so nobody can call it off.
   *
   * @throws {PeerError} `revoked`: the session has ended; `denied`, `slow-down`
   * @throws {ChannelError} the next one who wants it repeats the same request
   * @throws {UsageError} `logged-out`
   */
  async refreshPast(used: UsedGeneration): Promise<void> {
    while (isOf((await this.current()).session, used)) {
      this.#refreshing ??= this.#refresh(used).finally(() => (this.#refreshing = null))
      await this.#refreshing
    }
  }

  /**
   * The server said, and proved, that this session has ended: its keys are forgotten.
   * @returns what to tell
   */
  async end({ session }: Pick<UsedGeneration, "session">): Promise<PeerError> {
    const now = (await this.shelf.load(this.name))?.saved.session
    if (now && !sameBytes(now.session, session)) {
      return new PeerError(
        "revoked",
        "The session of this call has ended, and this device has a newer one. Try again.",
      )
    }
    await this.forget(session)
    return toldError({ name: "revoked", seconds: 0 })
  }

  /** Its keys, and no more: what is pinned stays. @param session only this one */
  async forget(session?: Uint8Array): Promise<void> {
    for (;;) {
      const before = await this.shelf.load(this.name)
      const now = before?.saved.session
      if (!now || (session && !sameBytes(now.session, session))) return
      if (await this.shelf.replace(before, withoutSession(before.saved))) return
    }
  }

  async #refresh(used: UsedGeneration): Promise<void> {
    for (;;) {
      const begun = await this.#begin(used)
      if (begun === "done") return
      if (begun === "again") continue
      const { pending, saved, session, shelved } = begun
      const answer = await this.#channel.post(pending.request)
      const server = { realm: saved.realm, serverKeys: keysToldTo(saved) }
      const result = believed(() => completeRefresh({ ...session, pending }, answer, server))
      if ("error" in result) {
        throw result.error.name === "revoked" ? await this.end(session) : toldError(result.error)
      }
      const { serverCard, terms } = result
      const next: SavedLogin = {
        ...saved,
        session: result.session,
        age: ageNow(terms),
        scopes: terms.scopes,
        serverKeys: withNewest(saved.serverKeys, serverCard.publicKey),
      }
      if (await this.shelf.replace(shelved, next)) return
    }
  }

  /** The request is saved before it is sent; one that was sent already stays the one. [LOGIN-6-2] */
  async #begin(used: UsedGeneration): Promise<BegunRefresh | "done" | "again"> {
    const loaded = await this.#load()
    const saved = living(loaded.saved)
    if (!isOf(saved.session, used)) return "done"
    const session = beginRefresh(saved.session, randomBytes(32))
    const { pending } = session
    if (saved.session.pending) return { saved, session, pending, shelved: loaded }
    const shelved = await this.shelf.replace(loaded, { ...saved, session })
    return shelved ? { saved, session, pending, shelved } : "again"
  }

  async #load(): Promise<Shelved> {
    return (await this.shelf.load(this.name)) ?? raiseLoggedOut()
  }
}

interface BegunRefresh {
  readonly saved: LivingLogin
  readonly session: ClientSession
  readonly pending: PendingRefresh
  readonly shelved: Shelved
}

/**
 * The server's errors and refreshes are believed by the key that this session was told last: an older one may be
 * anybody's by now.
 */
export function keysToldTo({ serverKeys }: SavedLogin): readonly Uint8Array[] {
  return serverKeys.slice(0, 1)
}

/** From now on. */
export function ageNow({ accessSeconds }: Pick<GenerationAge, "accessSeconds">): GenerationAge {
  return { sinceMs: Date.now(), accessSeconds }
}

/** The clock may be wrong, and may have been set: then there is one refresh more, or less. [LOGIN-5-7] */
export function isOverAge(age: GenerationAge | null): boolean {
  if (!age) return false
  const passedMs = Date.now() - age.sinceMs
  return passedMs < 0 || passedMs > age.accessSeconds * 1_000
}

/** The server changes its key: the others are still those of records and former sessions. [LOGIN-10-3] */
export function withNewest(keys: readonly Uint8Array[], newest: Uint8Array): readonly Uint8Array[] {
  return [newest, ...keys.filter((key) => !sameBytes(key, newest))]
}

/** Another session was told it: logins believe it from now on, this session when it is told so itself. */
export function withAnother(keys: readonly Uint8Array[], told: Uint8Array): readonly Uint8Array[] {
  return keys.some((key) => sameBytes(key, told)) ? keys : [...keys, told]
}

/** What stays is pinned; and where the session ended by time, it lets this device in among strangers. [LOGIN-9-3] */
function withoutSession(saved: SavedLogin): SavedLogin {
  return { ...saved, session: null, known: knownOf(saved) }
}

export function knownOf({ known, session }: SavedLogin): KnownSession | null {
  return session ? { session: session.session, key: knownDeviceKey(session) } : known
}

function living(saved: SavedLogin): LivingLogin {
  const { session } = saved
  return session ? { ...saved, session } : raiseLoggedOut()
}

function raiseLoggedOut(): never {
  throw new UsageError("logged-out", "This device has no session with that server. Log in.")
}

function isOf(session: ClientSession, used: UsedGeneration): boolean {
  return session.generation === used.generation && sameBytes(session.session, used.session)
}
