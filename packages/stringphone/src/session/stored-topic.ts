import {
  ChannelError,
  concat,
  decodeAll,
  PeerError,
  sameBytes,
  u48,
  u8,
  UsageError,
} from "../bytes/index.js"
import { exchangePublicKey, randomBytes } from "../crypto/index.js"
import type { Entry, Store } from "../store/index.js"
import {
  type CreateTopicOptions,
  type Decoded,
  type DecodeOptions,
  type RekeyKeyPair,
  type Signer,
  Topic,
  type TopicSnapshot,
} from "../topic/index.js"
import {
  decodeJournalEntry,
  encodeJournalEntry,
  journalEntry,
  type JournalEntry,
} from "./journal.js"

export interface StoredTopicOptions {
  readonly store: Store
  readonly signer: Signer
  /** Which topic of the store; default `topic`. Not secret. */
  readonly name?: string
  readonly channelName?: string
  /**
   * One process receives at a time. `take` (default): this one from now on. `if-free`: this one if
   * no other has said within a minute that it does; otherwise we only send.
   */
  readonly receive?: "take" | "if-free"
  /** Milliseconds since 1970. */
  readonly wallClock?: () => number
}

/** On our way into a topic: saved, so that a rekey message that lets us in is known after a restart. */
export interface Joining {
  readonly rekeyKey: RekeyKeyPair
  /** Whose rekey message for which topic counts; `null`: we do not know yet. */
  readonly host: { readonly publicKey: Uint8Array; readonly topicId: Uint8Array } | null
}

/** What came of a batch of received bytes. */
export interface Received {
  /** Of the first ones of the batch: what brings very much is not taken all at once. */
  readonly decoded: readonly (Decoded | PeerError)[]
  /** What is to be shown to the application now; saved. */
  readonly entries: readonly JournalEntry[]
}

/** Payloads that are saved in one commit, or a few more. */
const maxPayloads = 4_096

/** How long a receiver's claim holds when it is not renewed. */
export const claimMs = 60_000

/**
 * A topic and where it is saved: every change is saved before it counts, in one commit with the
 * messages that were accepted by it. Several processes may send; one receives. spec/topic.md §6
 */
export class StoredTopic {
  readonly #options: StoredTopicOptions
  readonly #wallClock: () => number
  readonly #prefix: string
  /** As last read or written; versions for the checks. */
  #saved: { state: Entry | null; sending: Entry | null; owner: Entry | null }
  #topic: Topic | null = null
  #joining: Joining | null = null
  #isReceiver = false
  /** What is in memory may be ahead of what is saved: read again before anything else. */
  #isUncertain = false
  #unhandled: readonly JournalEntry[] = []
  #nextNumber = 0
  #handled: number[] = []
  #lastTurn: Promise<unknown> = Promise.resolve()

  private constructor(options: StoredTopicOptions) {
    this.#options = options
    this.#wallClock = options.wallClock ?? Date.now
    this.#prefix = `topic/${options.name ?? "topic"}/`
    this.#saved = { state: null, sending: null, owner: null }
  }

  /**
   * Opens what the store has; a store without this topic is fine: `create` or `join` it.
   *
   * @throws {ChannelError} `topic-corrupt`, and those of the store
   * @throws {UsageError} `other-identity`
   */
  static async open(options: StoredTopicOptions): Promise<StoredTopic> {
    const stored = new StoredTopic(options)
    await stored.#claim()
    await stored.#load()
    if (stored.#isReceiver) await stored.#loadJournal()
    return stored
  }

  /** What was accepted and not handled before the last stop, oldest first. */
  get unhandled(): readonly JournalEntry[] {
    return this.#unhandled
  }

  /** `null` while we are in none. Change it by this object's methods only. */
  get topic(): Topic | null {
    return this.#topic
  }

  /** Whether this process receives. */
  get isReceiver(): boolean {
    return this.#isReceiver
  }

  /**
   * Founds a topic here.
   * @throws {UsageError} `topic-exists`, `bad-topic-name`
   */
  async create(options: Pick<CreateTopicOptions, "name" | "isPadded"> = {}): Promise<void> {
    const { channelName, signer } = this.#options
    const nowMs = this.#wallClock()
    await this.#begin(() =>
      Topic.create({ ...options, signer, nowMs, ...(channelName && { channelName }) }),
    )
  }

  /** What we gave to somebody who may let us in; `null`: nothing. */
  get joining(): Joining | null {
    return this.#joining
  }

  /** Saves whom we expect to let us in. */
  setJoining(joining: Joining | null): Promise<void> {
    return this.#inTurn(async () => {
      this.#checkReceiver()
      await this.#commit({ writes: [{ key: this.#key("joining"), value: encodeJoining(joining) }] })
      this.#joining = joining
    })
  }

  /**
   * Joins with a rekey message, if it is the one by whom we expect.
   *
   * @returns whether it was
   * @throws {PeerError} `not-the-host`, `malformed` and others of `Topic.join`
   * @throws {UsageError} `topic-exists`
   */
  async join(rekey: Uint8Array): Promise<boolean> {
    const { channelName, signer } = this.#options
    return this.#begin(() => {
      if (!this.#joining?.host) return null
      const { host, rekeyKey } = this.#joining
      const options = { topicId: host.topicId, host: host.publicKey, rekeyKey, signer }
      return Topic.join(
        { ...options, ...(channelName && { channelName }) },
        rekey,
        this.#wallClock(),
      )
    })
  }

  /**
   * Encodes with counters that are saved as taken.
   * @throws {UsageError} `outside`, those of `Topic.encode`
   */
  encode(encode: (topic: Topic) => Uint8Array): Promise<Uint8Array> {
    return this.#inTurn(async () => {
      let topic = await this.#ready()
      if (topic.stored === 0) {
        await this.#save([])
        topic = this.#topic as Topic
      }
      return encode(topic)
    })
  }

  /**
   * Changes the topic and saves it; what is returned may be sent then.
   * @throws {UsageError} `outside`, `not-the-receiver`, those of the change
   */
  change<T>(change: (topic: Topic) => T): Promise<T> {
    return this.#inTurn(async () => {
      const topic = await this.#ready()
      this.#checkReceiver()
      const result = change(topic)
      await this.#save([])
      return result
    })
  }

  /** Decodes one; saved before it is returned. Nothing is journaled: for who has no session. */
  async decode(bytes: Uint8Array, options: Partial<DecodeOptions> = {}): Promise<Decoded> {
    const nowMs = this.#wallClock()
    return this.change((topic) => topic.decode(bytes, { nowMs, ...options }))
  }

  /** Decodes a batch, and saves what was accepted of it together with the state that accepted it. */
  receive(batch: readonly Uint8Array[], options: Omit<DecodeOptions, "nowMs">): Promise<Received> {
    return this.#inTurn(async () => {
      const topic = await this.#ready()
      this.#checkReceiver()
      const nowMs = this.#wallClock()
      if (batch.some(isControl)) await this.#adoptSending(topic)
      const decoded: (Decoded | PeerError)[] = []
      const entries: JournalEntry[] = []
      let payloads = 0
      for (const bytes of batch) {
        if (payloads >= maxPayloads) break
        const one = decodeOne(topic, bytes, { ...options, nowMs })
        decoded.push(one)
        if (one instanceof PeerError || (one.kind !== "message" && one.kind !== "bundle")) continue
        const entry = journalEntry(one, this.#nextNumber++, nowMs, bytes)
        entries.push(entry)
        payloads += entry.payloads.length
      }
      if (decoded.some(isChange)) await this.#save(entries)
      return { decoded, entries }
    })
  }

  /** What the application has handled; forgotten with the next save. */
  handled(entry: JournalEntry): void {
    this.#handled.push(entry.number)
  }

  /** Renews the claim to receive, and saves what is handled or forgotten. */
  async upkeep(): Promise<void> {
    await this.#inTurn(async () => {
      if (!this.#isReceiver) return
      this.#topic?.forget(this.#wallClock())
      await this.#commit({ writes: [{ key: this.#key("owner"), value: this.#claimValue() }] })
      await this.#saveIfAny()
    })
  }

  /** Saves what is handled and which counters were used, and lets another process receive. */
  async close(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#topic && !this.#isUncertain) await this.#saveAtEnd(this.#topic)
      if (!this.#isReceiver) return
      const owner = { key: this.#key("owner"), value: null }
      await this.#commit({ writes: [owner] })
      this.#isReceiver = false
    })
  }

  #key(name: string): string {
    return this.#prefix + name
  }

  #claimValue(): Uint8Array {
    // The random part makes each claim another one, also when two are made in one millisecond.
    const value = new Uint8Array(22)
    value.set(u48(this.#wallClock() + claimMs))
    value.set(randomBytes(16), 6)
    return value
  }

  async #claim(): Promise<void> {
    const { receive = "take", store } = this.#options
    for (;;) {
      const owner = await store.get(this.#key("owner"))
      if (owner && receive === "if-free" && claimedUntil(owner.value) > this.#wallClock()) return
      const value = this.#claimValue()
      const checks = [{ key: this.#key("owner"), version: owner?.version ?? null }]
      if (await store.commit({ checks, writes: [{ key: this.#key("owner"), value }] })) {
        this.#saved.owner = await store.get(this.#key("owner"))
        const isOurs = this.#saved.owner && sameBytes(this.#saved.owner.value, value)
        if (isOurs) this.#isReceiver = true
        return
      }
    }
  }

  async #load(): Promise<void> {
    const { store } = this.#options
    // Both at once: of different epochs they would be worth nothing.
    const both = await store.list(this.#key("s"))
    const find = (name: string): Entry | null =>
      both.find(({ key }) => key === this.#key(name)) ?? null
    const [state, sending] = [find("state"), find("sending")]
    const joining = await store.get(this.#key("joining"))
    this.#joining = joining && this.#read(() => decodeJoining(joining.value))
    const { owner } = this.#saved
    this.#saved = { state, sending, owner }
    const { channelName, signer } = this.#options
    const sendsOnly = !this.#isReceiver
    const options = { signer, sendsOnly, ...(channelName && { channelName }) }
    this.#topic =
      state && sending
        ? this.#read(() => Topic.restore(options, { state: state.value, sending: sending.value }))
        : null
    this.#isUncertain = false
  }

  async #loadJournal(): Promise<void> {
    const prefix = this.#key("inbox/")
    const entries = await this.#options.store.list(prefix)
    this.#unhandled = entries.map(({ key, value }) =>
      this.#read(() => decodeJournalEntry(Number.parseInt(key.slice(prefix.length), 16), value)),
    )
    this.#nextNumber = (this.#unhandled.at(-1)?.number ?? -1) + 1
  }

  async #ready(): Promise<Topic> {
    if (this.#isUncertain) await this.#load()
    else if (!this.#isReceiver) {
      const state = await this.#options.store.get(this.#key("state"))
      if (state?.version !== this.#saved.state?.version) await this.#load()
    }
    if (!this.#topic) {
      throw new UsageError("outside", "We are in no topic yet. Create one, or ask to be let in.")
    }
    return this.#topic
  }

  #checkReceiver(): void {
    if (this.#isReceiver) return
    throw new UsageError(
      "not-the-receiver",
      "Another process receives for this topic. Use that one.",
    )
  }

  async #begin(make: () => Topic | null): Promise<boolean> {
    return this.#inTurn(async () => {
      this.#checkReceiver()
      if (this.#isUncertain) await this.#load()
      if (this.#topic && this.#topic.standing !== "removed") {
        throw new UsageError("topic-exists", "There is a topic here already. Choose another name.")
      }
      const topic = make()
      if (!topic) return false
      const before = this.#topic
      this.#topic = topic
      this.#joining = null
      try {
        await this.#save([])
      } catch (error) {
        this.#topic = before
        throw error
      }
      return true
    })
  }

  async #saveIfAny(): Promise<void> {
    if (this.#topic && !this.#isUncertain) await this.#save([])
  }

  /** State, counters and journal in one commit. Whatever fails, memory is not believed any more. */
  async #save(entries: readonly JournalEntry[]): Promise<void> {
    const topic = this.#topic as Topic
    this.#isUncertain = true
    for (;;) {
      const snapshot = topic.snapshot()
      const handled = [...this.#handled]
      if (await this.#commit({ writes: this.#writes(snapshot, entries, handled), sending: true })) {
        this.#handled = this.#handled.slice(handled.length)
        snapshot.stored()
        break
      }
      // Another process took counters; those of this snapshot are given up.
      if (this.#isReceiver) await this.#adoptSending(topic)
      else {
        await this.#load()
        return this.#save(entries)
      }
    }
    this.#isUncertain = false
  }

  /** What was used is worth knowing, but not worth a quarrel with another process. */
  async #saveAtEnd(topic: Topic): Promise<void> {
    const snapshot = topic.snapshot(true)
    const writes = this.#writes(snapshot, [], this.#handled)
    await this.#commit({ writes, sending: true })
  }

  /** What other processes took, so that it is not mistaken for a sign of an old copy. */
  async #adoptSending(topic: Topic): Promise<void> {
    const sending = await this.#options.store.get(this.#key("sending"))
    if (sending?.version === this.#saved.sending?.version) return
    this.#saved.sending = sending
    if (sending) this.#read(() => topic.adoptSending(sending.value))
  }

  #writes(
    { sending, state }: TopicSnapshot,
    entries: readonly JournalEntry[],
    handled: readonly number[],
  ): { key: string; value: Uint8Array | null }[] {
    const writes: { key: string; value: Uint8Array | null }[] = []
    if (!this.#saved.sending || !sameBytes(this.#saved.sending.value, sending)) {
      writes.push({ key: this.#key("sending"), value: sending })
    }
    if (!this.#isReceiver) return writes
    writes.push({ key: this.#key("state"), value: state })
    writes.push({ key: this.#key("joining"), value: encodeJoining(this.#joining) })
    for (const entry of entries) {
      writes.push({ key: this.#inboxKey(entry.number), value: encodeJournalEntry(entry) })
    }
    for (const number of handled) writes.push({ key: this.#inboxKey(number), value: null })
    return writes
  }

  #inboxKey(number: number): string {
    return this.#key(`inbox/${number.toString(16).padStart(12, "0")}`)
  }

  /**
   * @returns `false`: another process took counters meanwhile
   * @throws {UsageError} `taken-over`: another process receives now
   */
  async #commit(commit: {
    readonly writes: readonly { readonly key: string; readonly value: Uint8Array | null }[]
    readonly sending?: boolean
  }): Promise<boolean> {
    const { store } = this.#options
    const [ownerKey, sendingKey] = [this.#key("owner"), this.#key("sending")]
    const { owner, sending, state } = this.#saved
    // Who only sends must not write for an epoch that is over.
    const checks = [
      this.#isReceiver
        ? { key: ownerKey, version: owner?.version ?? null }
        : { key: this.#key("state"), version: state?.version ?? null },
      ...(commit.sending ? [{ key: sendingKey, version: sending?.version ?? null }] : []),
    ]
    const isWritten = await store.commit({ checks, writes: commit.writes })
    const written = new Set(commit.writes.map(({ key }) => key))
    if (isWritten) {
      if (written.has(ownerKey)) this.#saved.owner = await store.get(ownerKey)
      if (written.has(sendingKey)) this.#saved.sending = await store.get(sendingKey)
      return true
    }
    if (this.#isReceiver && (await store.get(ownerKey))?.version !== owner?.version) {
      this.#isReceiver = false
      this.#isUncertain = true
      throw new UsageError("taken-over", "Another process receives for this topic from now on.")
    }
    return false
  }

  #read<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      throw new ChannelError(
        "topic-corrupt",
        "What was saved of this topic can not be read. Restore it, or leave the topic and join again.",
        { cause: error },
      )
    }
  }

  /** One after the other: each sees what the one before saved. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#lastTurn.then(task)
    this.#lastTurn = turn.catch(() => {})
    return turn
  }
}

function decodeOne(topic: Topic, bytes: Uint8Array, options: DecodeOptions): Decoded | PeerError {
  try {
    return topic.decode(bytes, options)
  } catch (error) {
    if (error instanceof PeerError) return error
    throw error
  }
}

/** Whether something has to be saved for it. */
function isChange(decoded: Decoded | PeerError): boolean {
  if (decoded instanceof PeerError) return false
  return ["message", "bundle", "control", "rekey", "removed", "key-request"].includes(decoded.kind)
}

/** Serial u48 ‖ secret key 32 ‖ 0, or 1 ‖ host 32 ‖ topic ID 16. */
function encodeJoining(joining: Joining | null): Uint8Array | null {
  if (!joining) return null
  const { host, rekeyKey } = joining
  const expected = host ? [u8(1), host.publicKey, host.topicId] : [u8(0)]
  return concat(u48(rekeyKey.serial), rekeyKey.secretKey, ...expected)
}

function decodeJoining(bytes: Uint8Array): Joining {
  return decodeAll(bytes, "saved request to join", (r) => {
    const serial = r.u48("serial")
    const secretKey = r.take(32, "rekey key").slice()
    const isExpected = r.u8("has host") === 1
    const host = isExpected
      ? { publicKey: r.take(32, "host").slice(), topicId: r.take(16, "topic ID").slice() }
      : null
    const publicKey = exchangePublicKey(secretKey)
    return { rekeyKey: { serial, secretKey, publicKey, usedMs: null }, host }
  })
}

/** A control message may report what others have of us. */
function isControl(bytes: Uint8Array): boolean {
  return bytes[0] === 0x43
}

function claimedUntil(owner: Uint8Array): number {
  return owner.subarray(0, 6).reduce((value, byte) => value * 256 + byte, 0)
}
