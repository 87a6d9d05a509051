import { sameBytes } from "../bytes/index.js"
import type { Commit, Entry, Store } from "../store/index.js"
import { corrupt, passphraseChanged } from "./failure.js"
import { headerName, type Opened } from "./header.js"
import { openEntry, sealEntry } from "./seal.js"

export const identityName = "identity"
export const contactsName = "contacts"
export const topicsName = "topics"
/** Empty, and written with every commit of data: its version tells of keys that were not there. */
export const dataName = "data"

/** What a change of the passphrase has to see appear. Names of data are not known beforehand. */
const knownNames = [identityName, contactsName, topicsName, dataName]

/**
 * The entries of a key ring but its header: sealed in the store, plain here. All methods throw
 * {UsageError} `passphrase-changed` once another process has replaced the ring key.
 */
export class RingEntries {
  readonly #store: Store
  #opened: Opened
  /** The last change of the ring key, under way or over. Never rejects. */
  #resealed: Promise<unknown> = Promise.resolve()

  constructor(store: Store, opened: Opened) {
    this.#store = store
    this.#opened = opened
  }

  get sealed(): boolean {
    return this.#opened.ringKey !== null
  }

  /** @throws {ChannelError} `keyring-corrupt` when it was altered, or moved here */
  async get(name: string): Promise<Entry | null> {
    for (;;) {
      const opened = this.#opened
      const entry = await this.#store.get(name)
      // After the entry was read: it belongs to the header that is still there.
      if (await this.#isCurrent(opened)) return entry && readEntry(entry, opened.ringKey)
    }
  }

  /** As {@link get}; the prefix must not be one of the header's name. */
  async list(prefix: string): Promise<readonly Entry[]> {
    for (;;) {
      const opened = this.#opened
      const entries = await this.#store.list(prefix)
      if (await this.#isCurrent(opened)) {
        return entries.map((entry) => readEntry(entry, opened.ringKey))
      }
    }
  }

  /** @returns `false` only when a check of the caller's did not hold. */
  async commit(commit: Commit): Promise<boolean> {
    const { checks = [], writes } = copy(commit)
    for (;;) {
      const opened = this.#opened
      const header = { key: headerName, version: opened.headerVersion }
      const sealed = writes.map(({ key, value }) => ({
        key,
        value: seal(value, key, opened.ringKey),
      }))
      if (await this.#store.commit({ checks: [...checks, header], writes: sealed })) return true
      if (await this.#isCurrent(opened)) return false
    }
  }

  /** Replaces the header and rewrites all entries under its ring key. [IDENTITY-5-6] */
  async reseal(header: Uint8Array, ringKey: Uint8Array | null): Promise<void> {
    const done = this.#resealed.then(() => this.#resealNow(header, ringKey))
    this.#resealed = done.catch(() => {})
    return done
  }

  async close(): Promise<void> {
    await this.#store.close()
  }

  async #resealNow(header: Uint8Array, ringKey: Uint8Array | null): Promise<void> {
    const { headerVersion, ringKey: oldKey } = this.#opened
    const rewritten = new Map<string, Entry>()
    for (;;) {
      const found = await this.#store.list("")
      const versions = new Map(found.map(({ key, version }) => [key, version]))
      if (versions.get(headerName) !== headerVersion) throw passphraseChanged()
      // Also for what is not there: an entry that is written meanwhile would stay as it is.
      const absent = knownNames
        .filter((name) => !versions.has(name))
        .map((key) => ({ key, version: null }))
      const writes = found
        .filter(({ key }) => key !== headerName)
        .map((entry) => {
          const before = rewritten.get(entry.key)
          // Only what changed since the last attempt: who writes all the time does not stop us.
          if (before?.version === entry.version) return before
          const value = seal(readEntry(entry, oldKey).value, entry.key, ringKey) as Uint8Array
          const next = { ...entry, value }
          rewritten.set(entry.key, next)
          return next
        })
      const commit = {
        checks: [...found, ...absent],
        writes: [...writes, { key: headerName, value: header }],
      }
      if (await this.#store.commit(commit)) break
    }
    const written = await this.#store.get(headerName)
    if (!written || !sameBytes(written.value, header)) throw passphraseChanged()
    this.#opened = { headerVersion: written.version, ringKey }
  }

  /**
   * @returns `false` when we replaced the ring key ourselves meanwhile: start over.
   * @throws {UsageError} `passphrase-changed` when another process did. [IDENTITY-5-5]
   */
  async #isCurrent(opened: Opened): Promise<boolean> {
    const header = await this.#store.get(headerName)
    if (header?.version === opened.headerVersion) return true
    await this.#resealed
    if (this.#opened === opened) throw passphraseChanged()
    return false
  }
}

/** @throws {ChannelError} `keyring-corrupt` */
export function readEntry(entry: Entry, ringKey: Uint8Array | null): Entry {
  if (!ringKey) return entry
  const value = openEntry(entry.value, entry.key, ringKey)
  if (!value) throw corrupt(`its entry "${entry.key}" was altered`)
  return { ...entry, value }
}

function seal(
  value: Uint8Array | null,
  name: string,
  ringKey: Uint8Array | null,
): Uint8Array | null {
  // What is not bytes goes on to the store, which refuses it.
  return ringKey && value instanceof Uint8Array ? sealEntry(value, name, ringKey) : value
}

/** A second attempt must not see what the caller did to its arrays after the first. */
function copy({ checks = [], writes }: Commit): Commit {
  return {
    checks: checks.map(({ key, version }) => ({ key, version })),
    writes: writes.map(({ key, value }) => ({
      key,
      value: value instanceof Uint8Array ? new Uint8Array(value) : value,
    })),
  }
}
