import { ChannelError, hex, sameBytes, UsageError } from "../bytes/index.js"
import { randomBytes } from "../crypto/index.js"
import { type Contact, contactByKey, type ContactBook, trustOf } from "../identity/index.js"
import type { ClassicTopicRecord, KeyRing } from "../keyring/index.js"
import { MissingTopicKeyError, Topic } from "../topic/classic/index.js"
import { type Acceptance, acceptInto } from "./trust.js"

/**
 * What one participant knows of one classic topic: the topic itself, its record in the key ring and
 * the contact book, which other processes may change too. Every change is saved before it counts.
 */
export class ClassicMembership {
  readonly topic: Topic
  readonly #ring: KeyRing
  readonly #encryptionPrivateKey = randomBytes(32)
  #record: ClassicTopicRecord
  #contacts: ContactBook
  #lastTurn: Promise<unknown> = Promise.resolve()

  private constructor(ring: KeyRing, record: ClassicTopicRecord, contacts: ContactBook) {
    this.#ring = ring
    this.#record = record
    this.#contacts = contacts
    this.topic = this.#newTopic()
    this.#apply(record, contacts)
  }

  /** @throws {UsageError} `no-such-topic` */
  static async load(ring: KeyRing, name: string): Promise<ClassicMembership> {
    const record = await ring.topic(name)
    if (!record) {
      throw new UsageError("no-such-topic", `There is no topic "${name}" in this key ring.`)
    }
    return new ClassicMembership(ring, record, await ring.contacts())
  }

  get contacts(): ContactBook {
    return this.#contacts
  }

  get record(): ClassicTopicRecord {
    return this.#record
  }

  isRevoked(publicKey: Uint8Array): boolean {
    return trustOf(contactByKey(this.#contacts, publicKey)).state === "revoked"
  }

  /**
   * The topic key, 32 bytes, in a reply to us; nothing is taken or changed.
   * @throws {DecryptionError} when it does not open
   */
  openReply(reply: Uint8Array): Uint8Array {
    const probe = this.#newTopic()
    probe.parseReply(reply)
    if (!probe.topicKey) throw new MissingTopicKeyError()
    return probe.topicKey
  }

  /** Trusts a key, in the contact book and in this topic. */
  async trust(publicKey: Uint8Array, acceptance: Acceptance, nowMs: number): Promise<void> {
    await this.#inTurn(() => this.#trust(publicKey, acceptance, nowMs))
  }

  /**
   * Trusts a key, and takes the topic key that it offers. A key that is not proven gives way only
   * when `mayReplace`: two keys offered in one pairing window contradict each other.
   *
   * @returns whether the topic key is a new one
   * @throws {UsageError} `other-topic-key`; nothing was changed
   */
  async join(
    publicKey: Uint8Array,
    acceptance: Acceptance,
    nowMs: number,
    offered: { readonly topicKey: Uint8Array; readonly mayReplace: boolean },
  ): Promise<boolean> {
    const { mayReplace, topicKey } = offered
    return this.#inTurn(async () => {
      await this.#refresh()
      const { topicKey: known, keyProven } = this.#record
      const isNew = !known || !sameBytes(known, topicKey)
      if (isNew && known && (keyProven || !mayReplace)) {
        throw new UsageError(
          "other-topic-key",
          "It offers another topic's key. Nothing was changed.",
        )
      }
      await this.#trust(publicKey, acceptance, nowMs)
      if (isNew) await this.#save((record) => ({ ...record, topicKey, keyProven: false }))
      return isNew
    })
  }

  /** A trusted participant's message opened with this key: it counts, if it still is the key. */
  async prove(topicKey: Uint8Array): Promise<void> {
    const isIt = ({ topicKey: key }: ClassicTopicRecord): boolean =>
      key !== null && sameBytes(key, topicKey)
    await this.#inTurn(() =>
      this.#save((record) => (isIt(record) ? { ...record, keyProven: true } : record)),
    )
  }

  /** Takes over what other processes changed in the key ring. */
  async refresh(): Promise<void> {
    await this.#inTurn(() => this.#refresh())
  }

  async #refresh(): Promise<void> {
    const { name } = this.#record
    try {
      const [record, contacts] = await Promise.all([this.#ring.topic(name), this.#ring.contacts()])
      this.#apply(record ?? emptied(this.#record), contacts)
    } catch (error) {
      // What can not be read any more may say that somebody was revoked: trust nobody.
      if (isUnreadable(error)) this.#apply({ ...this.#record, participants: [] }, this.#contacts)
      throw error
    }
  }

  async #trust(publicKey: Uint8Array, acceptance: Acceptance, nowMs: number): Promise<void> {
    this.#contacts = await this.#ring.updateContacts((book) =>
      acceptInto(book, publicKey, acceptance, nowMs),
    )
    await this.#save((record) => ({
      ...record,
      participants: [...record.participants.filter((key) => !sameBytes(key, publicKey)), publicKey],
    }))
  }

  /** One after the other: what was read before another change must not be applied after it. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#lastTurn.then(task)
    this.#lastTurn = turn.catch(() => {})
    return turn
  }

  async #save(change: (record: ClassicTopicRecord) => ClassicTopicRecord): Promise<void> {
    const { name } = this.#record
    const saved = await this.#ring.updateTopic(name, (record) => record && change(record))
    if (!saved) throw new UsageError("no-such-topic", `The topic "${name}" was removed meanwhile.`)
    this.#apply(saved, this.#contacts)
  }

  #apply(record: ClassicTopicRecord, contacts: ContactBook): void {
    this.#record = record
    this.#contacts = contacts
    this.topic.topicKey = record.topicKey
    // Who is revoked, or no contact any more, is not trusted, whatever the topic's record says.
    const trusted = new Set(contacts.filter(isTrusted).map(({ publicKey }) => hex(publicKey)))
    const participants = record.participants.filter((key) => trusted.has(hex(key)))
    const staying = new Set(participants.map(hex))
    for (const { id, publicKey } of this.topic.participants()) {
      if (!staying.has(hex(publicKey))) this.topic.removeParticipant(id)
    }
    for (const key of participants) this.topic.addParticipant(key)
  }

  #newTopic(): Topic {
    return new Topic({
      signingKeySeed: this.#ring.identity.exportSeed(),
      encryptionPrivateKey: this.#encryptionPrivateKey,
    })
  }
}

/** What is left of a topic that was removed from the key ring. */
function emptied(record: ClassicTopicRecord): ClassicTopicRecord {
  return { ...record, topicKey: null, keyProven: false, participants: [] }
}

function isUnreadable(error: unknown): boolean {
  return (
    (error instanceof UsageError && error.code === "passphrase-changed") ||
    (error instanceof ChannelError && error.code === "keyring-corrupt")
  )
}

function isTrusted(contact: Contact): boolean {
  const { state } = trustOf(contact)
  return state === "trusted" || state === "verified"
}
