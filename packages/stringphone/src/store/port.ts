/**
 * Transactional keys and values with compare-and-set, the smallest thing that files, IndexedDB,
 * SQLite and PostgreSQL all do well. Two processes on one store lose nothing: each commit names
 * the versions that it was computed from. Values are copied, in and out.
 *
 * Every method throws {UsageError} `closed` after `close`, and {ChannelError} `store-corrupt`,
 * `store-newer` (written by a newer version) or `store-failed` when the store can not be used.
 */
export interface Store {
  /** @returns the entry, or `null` when there is none. */
  get(key: string): Promise<Entry | null>

  /** All entries whose key starts with `prefix`, sorted by key (code unit order). */
  list(prefix: string): Promise<readonly Entry[]>

  /**
   * All writes or none, durable when it resolves.
   *
   * @returns `true` when written; `false` when a check did not hold, and nothing was changed.
   * @throws {ChannelError} `store-full`, `store-locked` (others did not let go in time); nothing
   * was changed.
   * @throws {UsageError} `duplicate-key`, `not-bytes`
   */
  commit(commit: Commit): Promise<boolean>

  /** Releases files and connections. May be called twice. */
  close(): Promise<void>
}

export interface Entry {
  readonly key: string
  readonly value: Uint8Array
  /** Opaque; changes with every write of this key, also when it is deleted and written anew. */
  readonly version: string
}

export interface Commit {
  /** Each key must still have this version (`null`: must not exist). */
  readonly checks?: readonly { readonly key: string; readonly version: string | null }[]
  /** `null` deletes; deleting what is not there is no error. A key may occur once. */
  readonly writes: readonly { readonly key: string; readonly value: Uint8Array | null }[]
}
