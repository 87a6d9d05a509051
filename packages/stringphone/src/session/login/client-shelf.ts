import { sameBytes } from "../../bytes/index.js"
import type { Store } from "../../store/index.js"
import { decodeSaved, encodeSaved, type SavedLogin } from "./client-saved.js"

const prefix = "login/client/"

/** As it was read: what is written instead names its version. */
export interface Shelved {
  readonly saved: SavedLogin
  readonly version: string
}

/** A login's name, as it is saved. */
export type LoginName = Pick<SavedLogin, "realm" | "login">

/** Where one session is kept. */
export interface Shelf {
  load(name: LoginName): Promise<Shelved | null>
  /** @returns how it stands there now; `null`: another program was faster, and nothing was written */
  replace(before: Shelved | null, saved: SavedLogin): Promise<Shelved | null>
}

/** For a session that ends with what it was made for. */
export class PassingShelf implements Shelf {
  #kept: Shelved

  constructor(saved: SavedLogin) {
    this.#kept = { saved, version: "" }
  }

  async load(): Promise<Shelved> {
    return this.#kept
  }

  async replace(_: Shelved | null, saved: SavedLogin): Promise<Shelved> {
    this.#kept = { saved, version: "" }
    return this.#kept
  }
}

/** The saved logins of one store: programs that share it see each other's writes. */
export class LoginShelf implements Shelf {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  async all(): Promise<readonly SavedLogin[]> {
    const entries = await this.#store.list(prefix)
    return entries.map(({ value }) => decodeSaved(value))
  }

  async load(name: LoginName): Promise<Shelved | null> {
    const entry = await this.#store.get(keyOf(name))
    return entry && { saved: decodeSaved(entry.value), version: entry.version }
  }

  async replace(before: Shelved | null, saved: SavedLogin): Promise<Shelved | null> {
    const key = keyOf(saved)
    const value = encodeSaved(saved)
    const checks = [{ key, version: before?.version ?? null }]
    if (!(await this.#store.commit({ checks, writes: [{ key, value }] }))) return null
    const entry = await this.#store.get(key)
    return entry && sameBytes(entry.value, value) ? { saved, version: entry.version } : null
  }

  /** Whatever is there; tried until it is written. */
  async update(name: LoginName, next: (before: SavedLogin | null) => SavedLogin): Promise<void> {
    for (;;) {
      const before = await this.load(name)
      const [key, value] = [keyOf(name), encodeSaved(next(before?.saved ?? null))]
      const checks = [{ key, version: before?.version ?? null }]
      if (await this.#store.commit({ checks, writes: [{ key, value }] })) return
    }
  }
}

/** Neither has white space. [LOGIN-1-2] */
function keyOf({ login, realm }: LoginName): string {
  return `${prefix}${realm} ${login}`
}
