import { sameBytes, UsageError } from "../bytes/index.js"
import { randomBytes, type StretchCost } from "../crypto/index.js"
import { type ContactBook, Identity } from "../identity/index.js"
import type { Entry, Store } from "../store/index.js"
import { DataStore } from "./data-store.js"
import { contactsName, identityName, readEntry, RingEntries, topicsName } from "./entries.js"
import { corrupt } from "./failure.js"
import { encodeHeader, headerName, openHeader } from "./header.js"
import { type ClassicTopicRecord, type Codec, contactsRecord, topicsRecord } from "./records.js"
import { defaultStretchCost, isAllowedCost, sealRingKey } from "./seal.js"

export interface OpenKeyRingOptions {
  readonly store: Store
  /** Asked only when the ring is sealed. */
  readonly passphrase?: () => string | Promise<string>
}

/**
 * Opens the key ring in a store; an empty store gets a new identity. Two processes that open the
 * same empty store at once agree on one.
 *
 * @throws {UsageError} `passphrase-needed`, `passphrase-wrong`
 * @throws {ChannelError} `keyring-corrupt`, and those of the store
 */
export async function openKeyRing(options: OpenKeyRingOptions): Promise<KeyRing> {
  const { store } = options
  if (!(await store.get(headerName))) {
    const seed = Identity.generate().exportSeed()
    const names = [headerName, identityName]
    await store.commit({
      checks: names.map((key) => ({ key, version: null })),
      writes: [
        { key: headerName, value: encodeHeader(null) },
        { key: identityName, value: seed },
      ],
    })
  }
  for (;;) {
    const header = await store.get(headerName)
    if (!header) throw corrupt("its header is missing")
    const opened = await openHeader(header, options.passphrase)
    const entry = await store.get(identityName)
    // While a person typed, another process may have changed the passphrase.
    if ((await store.get(headerName))?.version !== header.version) continue
    const seed = entry && readEntry(entry, opened.ringKey).value
    if (seed?.length !== 32) throw corrupt("its identity is missing or damaged")
    return new KeyRing(new RingEntries(store, opened), new Identity(seed))
  }
}

/** As {@link openKeyRing}, for a store that nobody else has: a failure closes it. @internal */
export async function openOwnKeyRing(options: OpenKeyRingOptions): Promise<KeyRing> {
  try {
    return await openKeyRing(options)
  } catch (error) {
    await options.store.close()
    throw error
  }
}

/**
 * An identity, its contacts and its topics in a store, optionally sealed with a passphrase.
 * Everything that is written was computed from what is there: concurrent processes lose nothing.
 */
export class KeyRing {
  readonly identity: Identity
  readonly #entries: RingEntries

  /** @internal */
  constructor(entries: RingEntries, identity: Identity) {
    this.#entries = entries
    this.identity = identity
  }

  /** Whether a passphrase protects it. */
  get sealed(): boolean {
    return this.#entries.sealed
  }

  /**
   * A store within the ring, for what sessions keep: values are sealed when the ring is, keys never
   * are, so put no secret in a key. Each time a new view; closing it leaves the ring and the other
   * views open. A change of the passphrase changes all versions. Methods also throw {UsageError}
   * `passphrase-changed` and {ChannelError} `keyring-corrupt`.
   */
  get store(): Store {
    return new DataStore(this.#entries)
  }

  contacts(): Promise<ContactBook> {
    return this.#read(contactsName, contactsRecord, [])
  }

  /**
   * Changes the contact book. `change` may run again when another process wrote in between; what
   * it throws is passed on, and nothing is written.
   * @throws {UsageError} `bad-record` when the result could not be read again
   */
  updateContacts(change: (book: ContactBook) => ContactBook): Promise<ContactBook> {
    return this.#update(contactsName, contactsRecord, [], change)
  }

  topics(): Promise<readonly ClassicTopicRecord[]> {
    return this.#read(topicsName, topicsRecord, [])
  }

  /** @returns the topic of this name, or `null`. */
  async topic(name: string): Promise<ClassicTopicRecord | null> {
    return (await this.topics()).find((topic) => topic.name === name) ?? null
  }

  /** Adds, changes or (with `null`) removes one topic; as {@link updateContacts}. */
  async updateTopic(
    name: string,
    change: (topic: ClassicTopicRecord | null) => ClassicTopicRecord | null,
  ): Promise<ClassicTopicRecord | null> {
    const topics = await this.#update(topicsName, topicsRecord, [], (before) => {
      const next = change(before.find((topic) => topic.name === name) ?? null)
      const others = before.filter((topic) => topic.name !== name)
      return next ? [...others, next] : others
    })
    return topics.find((topic) => topic.name === name) ?? null
  }

  /** Takes a key (32 bytes) out of the participants of all topics. */
  async leaveOut(publicKey: Uint8Array): Promise<void> {
    await this.#update(topicsName, topicsRecord, [], (topics) =>
      topics.map((topic) => ({
        ...topic,
        participants: topic.participants.filter((key) => !sameBytes(key, publicKey)),
      })),
    )
  }

  /**
   * Seals the ring under a passphrase, changes the passphrase, or with `null` takes it away. All
   * entries are rewritten under a new ring key in one commit.
   *
   * @throws {UsageError} `passphrase-empty`, `passphrase-changed`, `bad-cost`
   */
  async setPassphrase(
    passphrase: string | null,
    cost: StretchCost = defaultStretchCost,
  ): Promise<void> {
    if (passphrase === "")
      throw new UsageError("passphrase-empty", "A passphrase can not be empty.")
    if (!isAllowedCost(cost)) {
      throw new UsageError("bad-cost", "Argon2id takes 1 to 64 passes over 8 KiB to 2 GiB here.")
    }
    const ringKey = passphrase === null ? null : randomBytes(32)
    const seal = passphrase === null || !ringKey ? null : sealRingKey(ringKey, passphrase, cost)
    await this.#entries.reseal(encodeHeader(seal), ringKey)
  }

  async close(): Promise<void> {
    await this.#entries.close()
  }

  async #read<T>(name: string, codec: Codec<T>, absent: T): Promise<T> {
    const entry = await this.#entries.get(name)
    return entry ? decode(entry, codec) : absent
  }

  async #update<T>(name: string, codec: Codec<T>, absent: T, change: (value: T) => T): Promise<T> {
    for (;;) {
      const entry = await this.#entries.get(name)
      const next = change(entry ? decode(entry, codec) : absent)
      const value = codec.encode(next)
      // What could not be read again would make the ring unusable.
      if (codec.decode(value) === null) {
        throw new UsageError(
          "bad-record",
          `This is no valid record of ${name}. Nothing was written.`,
        )
      }
      const checks = [{ key: name, version: entry?.version ?? null }]
      if (await this.#entries.commit({ checks, writes: [{ key: name, value }] })) return next
    }
  }
}

function decode<T>(entry: Entry, codec: Codec<T>): T {
  const value = codec.decode(entry.value)
  if (value === null) throw corrupt(`its entry "${entry.key}" is damaged`)
  return value
}
