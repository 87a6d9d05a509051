import { ChannelError, hex, sameBytes, UsageError } from "../bytes/index.js"
import { randomBytes, type StretchCost } from "../crypto/index.js"
import { type ContactBook, Identity } from "../identity/index.js"
import type { Entry, Store } from "../store/index.js"
import {
  type ClassicTopicRecord,
  type Codec,
  contactsRecord,
  isRecord,
  json,
  parse,
  topicsRecord,
} from "./records.js"
import {
  defaultStretchCost,
  isAllowedCost,
  isPassphraseSeal,
  openEntry,
  openRingKey,
  type PassphraseSeal,
  sealEntry,
  sealRingKey,
} from "./seal.js"

export interface OpenKeyRingOptions {
  readonly store: Store
  /** Asked only when the ring is sealed. */
  readonly passphrase?: () => string | Promise<string>
}

/** The ring key of a sealed ring, as of one version of its header. */
interface Opened {
  readonly headerVersion: string
  readonly ringKey: Uint8Array | null
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
    const opened = await open(header, options.passphrase)
    const entry = await store.get(identityName)
    // While a person typed, another process may have changed the passphrase.
    if ((await store.get(headerName))?.version !== header.version) continue
    const seed = entry && readEntry(entry, opened.ringKey)
    if (seed?.length !== 32) throw corrupt("its identity is missing or damaged")
    return new KeyRing(store, opened, new Identity(seed))
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
  readonly #store: Store
  #opened: Opened

  /** @internal */
  constructor(store: Store, opened: Opened, identity: Identity) {
    this.#store = store
    this.#opened = opened
    this.identity = identity
  }

  /** Whether a passphrase protects it. */
  get sealed(): boolean {
    return this.#opened.ringKey !== null
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
    const header = encodeHeader(seal)
    for (;;) {
      const entries = (await this.#store.list("")).filter(({ key }) => key !== headerName)
      // Also for what is not there: an entry that is written meanwhile would stay as it is.
      const absent = [identityName, contactsName, topicsName]
        .filter((name) => !entries.some(({ key }) => key === name))
        .map((key) => ({ key, version: null }))
      const ours = { key: headerName, version: this.#opened.headerVersion }
      const writes = entries.map((entry) => {
        const value = readEntry(entry, this.#opened.ringKey)
        return { key: entry.key, value: ringKey ? sealEntry(value, entry.key, ringKey) : value }
      })
      const commit = {
        checks: [...entries, ...absent, ours],
        writes: [...writes, { key: headerName, value: header }],
      }
      if (await this.#store.commit(commit)) break
      await this.#checkHeader()
    }
    const written = await this.#store.get(headerName)
    if (!written || !sameBytes(written.value, header)) throw passphraseChanged()
    this.#opened = { headerVersion: written.version, ringKey }
  }

  async close(): Promise<void> {
    await this.#store.close()
  }

  async #read<T>(name: string, codec: Codec<T>, absent: T): Promise<T> {
    const entry = await this.#store.get(name)
    if (!entry) return absent
    await this.#checkHeader()
    return decode(entry, this.#opened.ringKey, codec)
  }

  async #update<T>(name: string, codec: Codec<T>, absent: T, change: (value: T) => T): Promise<T> {
    for (;;) {
      const entry = await this.#store.get(name)
      const { headerVersion, ringKey } = this.#opened
      await this.#checkHeader()
      const next = change(entry ? decode(entry, ringKey, codec) : absent)
      const value = codec.encode(next)
      // What could not be read again would make the ring unusable.
      if (codec.decode(value) === null) {
        throw new UsageError(
          "bad-record",
          `This is no valid record of ${name}. Nothing was written.`,
        )
      }
      const checks = [
        { key: name, version: entry?.version ?? null },
        { key: headerName, version: headerVersion },
      ]
      const writes = [{ key: name, value: ringKey ? sealEntry(value, name, ringKey) : value }]
      if (await this.#store.commit({ checks, writes })) return next
    }
  }

  /** Another process may have changed the passphrase: our ring key then opens nothing. */
  async #checkHeader(): Promise<void> {
    const header = await this.#store.get(headerName)
    if (header?.version !== this.#opened.headerVersion) {
      throw passphraseChanged()
    }
  }
}

const headerName = "key-ring"
const identityName = "identity"
const contactsName = "contacts"
const topicsName = "topics"

async function open(header: Entry, passphrase: OpenKeyRingOptions["passphrase"]): Promise<Opened> {
  const seal = decodeHeader(header.value)
  if (!seal) return { headerVersion: header.version, ringKey: null }
  if (!passphrase) {
    throw new UsageError("passphrase-needed", "The key ring is sealed. Give its passphrase.")
  }
  return { headerVersion: header.version, ringKey: openRingKey(seal, await passphrase()) }
}

function readEntry(entry: Entry, ringKey: Uint8Array | null): Uint8Array {
  if (!ringKey) return entry.value
  const value = openEntry(entry.value, entry.key, ringKey)
  if (!value) throw corrupt(`its entry "${entry.key}" was altered`)
  return value
}

function decode<T>(entry: Entry, ringKey: Uint8Array | null, codec: Codec<T>): T {
  const value = codec.decode(readEntry(entry, ringKey))
  if (value === null) throw corrupt(`its entry "${entry.key}" is damaged`)
  return value
}

/** No two headers are the same: by its bytes, everyone knows the one that it wrote. */
function encodeHeader(seal: PassphraseSeal | null): Uint8Array {
  return json({ format: "stringphone key ring", version: 1, seal, id: hex(randomBytes(16)) })
}

function decodeHeader(bytes: Uint8Array): PassphraseSeal | null {
  const header = parse(bytes)
  if (!isRecord(header) || header["format"] !== "stringphone key ring") {
    throw corrupt("its header is damaged")
  }
  if (header["version"] !== 1) {
    throw new ChannelError(
      "keyring-newer",
      "A newer String phone wrote this key ring. Update first.",
    )
  }
  if (header["seal"] !== null && !isPassphraseSeal(header["seal"])) {
    throw corrupt("its passphrase seal is damaged")
  }
  return header["seal"]
}

function passphraseChanged(): UsageError {
  return new UsageError(
    "passphrase-changed",
    "The passphrase of the key ring was changed meanwhile. Open it again.",
  )
}

function corrupt(problem: string): ChannelError {
  return new ChannelError(
    "keyring-corrupt",
    `The key ring can not be used: ${problem}. It was left as it is; restore a backup or move it away.`,
  )
}
