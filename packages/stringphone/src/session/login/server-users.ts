import { UsageError } from "../../bytes/index.js"
import { takeLogin, takeScopes } from "../../login/index.js"
import type { Store } from "../../store/index.js"
import { type Kept, keys, read, unchanged, valueOf, write } from "./server-entries.js"
import type { UserEntry } from "./server-session-entry.js"
import type { LoginUser } from "./server-types.js"

/** The users, in the store. */
export class ServerUsers {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** @param login in its one form */
  find(login: string): Promise<Kept<UserEntry> | null> {
    return read<UserEntry>(this.#store, keys.user(login))
  }

  async list(): Promise<readonly LoginUser[]> {
    const entries = await this.#store.list(keys.users)
    return entries.map((entry) => {
      const { createdMs, scopes } = valueOf<UserEntry>(entry)
      const login = entry.key.slice(keys.users.length)
      return { login, scopes, createdAt: new Date(createdMs) }
    })
  }

  /** @throws {UsageError} `bad-scope`, `unknown-user` */
  async setScopes(
    login: string,
    next: (scopes: readonly string[]) => readonly string[],
  ): Promise<readonly string[]> {
    const { scopes } = await this.change(login, (user) => ({
      ...user,
      scopes: takeScopes(next(user.scopes)),
    }))
    return scopes
  }

  /** All sessions of this user end by this one write. @throws {UsageError} `unknown-user` */
  async endSessions(login: string): Promise<void> {
    await this.change(login, (user) => ({ ...user, epoch: user.epoch + 1 }))
  }

  /** With it, all sessions end. @throws {UsageError} `unknown-user` */
  async remove(login: string): Promise<void> {
    await this.#replace(login, () => null)
  }

  /** @throws {UsageError} `unknown-user` */
  async change(login: string, next: (user: UserEntry) => UserEntry): Promise<UserEntry> {
    return (await this.#replace(login, next)) as UserEntry
  }

  async #replace(
    login: string,
    next: (user: UserEntry) => UserEntry | null,
  ): Promise<UserEntry | null> {
    const name = takeLogin(login)
    for (;;) {
      const kept = await this.find(name)
      if (!kept) throw new UsageError("unknown-user", `There is no user ${name}.`)
      const value = next(kept.value)
      const key = keys.user(name)
      const commit = { checks: [unchanged(key, kept)], writes: [write(key, value)] }
      if (await this.#store.commit(commit)) return value
    }
  }
}
