import { ChannelError, fromUtf8, hex, PeerError, sameBytes, UsageError } from "../bytes/index.js"
import { randomBytes } from "../crypto/index.js"
import { type ContactBook, contactByKey, trustOf } from "../identity/index.js"
import {
  cut,
  type Decoded,
  type DecodedControl,
  decodeFragment,
  type Gap,
  newRekeyKey,
  type Participant,
  RejectedMessage,
  Reassembly,
  type RosterChange,
  type Topic,
} from "../topic/index.js"
import {
  makeInvitation,
  makeJoinRequest,
  openInvitation,
  openJoinRequest,
} from "../topic/pairing/index.js"
import { type Clock, systemClock } from "../transport/index.js"
import { isolated, report } from "./isolated.js"
import type { JournalEntry } from "./journal.js"
import { MessageQueue } from "./message-queue.js"
import type { Pairing, PairingOptions } from "./pairing.js"
import { PairingDesk } from "./pairing-desk.js"
import { claimMs, StoredTopic } from "./stored-topic.js"
import { epochSlot, TopicDuties } from "./topic-duties.js"
import type {
  Contacts,
  OpenTopicOptions,
  ReceivedMessage,
  SendTopicOptions,
  TopicEvent,
  TopicSender,
} from "./topic-events.js"
import { TopicOutbox } from "./topic-outbox.js"
import { Timers } from "./timers.js"
import { acceptInto } from "./trust.js"

/** What came in together is decoded and saved together. */
const maxBatch = 256
/** Accepted and not read: then we stop receiving, or, when nobody reads at all, drop the oldest. */
const maxUnread = 1_000
/** How long we wait for others to tell whether our state is an old copy. [TOPIC-4-2] */
const holdMs = 1_500
/** Messages of an epoch that we do not have yet. */
const maxEarly = 256
/** A reader that takes longer than this for 1,000 messages is not waited for without end. */
const slowReaderMs = 1_000
const contactsEveryMs = 2_000
const retryMs = 1_000
const dayMs = 86_400_000

/**
 * Opens a topic over a channel: what the store has of it, or nothing yet (`create`, `join`). Everything
 * is saved before it counts.
 *
 * @throws {UsageError} `other-identity`, `bad-topic-name`
 * @throws {ChannelError} `topic-corrupt`, and those of the store
 */
export async function openTopic(options: OpenTopicOptions): Promise<TopicSession> {
  const { channelName, identity, name, receive, store, wallClock } = options
  const stored = await StoredTopic.open({
    store,
    signer: identity,
    ...(name !== undefined && { name }),
    ...(channelName !== undefined && { channelName }),
    ...(receive && { receive }),
    ...(wallClock && { wallClock }),
  })
  if (options.found && !stored.topic && stored.isReceiver) await stored.create(options.found)
  const contacts = options.contacts ?? inMemory()
  return new TopicSession(options, stored, contacts, await contacts.contacts())
}

/** One topic, alive: receives, verifies, delivers, pairs, rekeys, and saves before it sends. */
export class TopicSession {
  /**
   * Messages of participants, each once, saved before they are shown. A message counts as handled when
   * the next one is asked for; what was not handled before a stop is shown again. While nobody reads,
   * at most 1,000 are kept.
   */
  readonly messages: AsyncIterable<ReceivedMessage>
  readonly #options: OpenTopicOptions
  readonly #clock: Clock
  readonly #wallClock: () => number
  readonly #stored: StoredTopic
  readonly #contacts: Contacts
  readonly #queue: MessageQueue<Unread>
  readonly #outbox: TopicOutbox
  readonly #duties: TopicDuties
  readonly #desk: PairingDesk
  readonly #timers: Timers
  #book: ContactBook
  #arrived: Uint8Array[] = []
  /** Data that waits until we know whether we are an old copy; `null`: it does not. */
  #held: Uint8Array[] | null = null
  /** Somebody told us, since we opened, what it has of us. */
  #isSynced = false
  /** Of epochs that we do not have yet: their rekey message may have been overtaken. */
  #early: Uint8Array[] = []
  #pumping: Promise<void> | null = null
  readonly #reassembly = new Reassembly()
  #isClosing = false
  #isClosed = false

  /** @internal */
  constructor(
    options: OpenTopicOptions,
    stored: StoredTopic,
    contacts: Contacts,
    book: ContactBook,
  ) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#wallClock = options.wallClock ?? Date.now
    this.#stored = stored
    this.#contacts = contacts
    this.#book = book
    this.#queue = new MessageQueue((unread) => {
      if (isLastOf(unread)) stored.handled(unread.entry)
    })
    this.messages = { [Symbol.asyncIterator]: () => this.#read() }
    const onError = (error: unknown): void => this.#failed(error)
    const common = { stored, clock: this.#clock, wallClock: this.#wallClock, onError }
    const transmit = (encoded: Uint8Array, retain?: string): Promise<void> =>
      this.#transmit(encoded, retain === undefined ? {} : { retain })
    this.#outbox = new TopicOutbox(
      stored,
      (encoded, signal) => this.#transmit(encoded, signal ? { signal } : {}),
      this.#wallClock,
      options.transport.capabilities.maxMessageBytes,
    )
    this.#duties = new TopicDuties({
      ...common,
      transmit,
      rotateEveryMs: options.rotateEveryMs ?? dayMs,
    })
    this.#desk = new PairingDesk({
      ...common,
      identity: options.identity,
      ownName: options.ownName ?? "",
      contacts,
      transmit,
      onRekeyed: () => this.#duties.made(),
    })
    this.#timers = new Timers(this.#clock)
    for (const entry of stored.unhandled) this.#enqueue(entry, true)
    options.transport.onEvent((event) => {
      this.#emit({ kind: "channel", event })
      if (event.kind === "status" && event.status === "open") void this.#retain()
    })
    this.#timers.every("contacts", contactsEveryMs, () => void this.refresh())
    this.#timers.every("upkeep", claimMs / 3, () => void this.#upkeep())
    if (stored.isReceiver) this.#start()
  }

  /** Our Ed25519 key, 32 bytes. */
  get publicKey(): Uint8Array {
    return this.#options.identity.publicKey
  }

  /**
   * `outside`: in no topic yet. `waiting`: somebody was removed, and nothing is sent until the new
   * key is there. `removed`: we were.
   */
  get standing(): "outside" | "member" | "waiting" | "removed" {
    return this.#stored.topic?.standing ?? "outside"
  }

  /** Of the topic, for people; empty while outside. */
  get name(): string {
    return this.#stored.topic?.name ?? ""
  }

  /** 16 bytes; `null` while outside. */
  get id(): Uint8Array | null {
    return this.#stored.topic?.id ?? null
  }

  /** The number of the current epoch; 0 while outside. */
  get epoch(): number {
    return this.#stored.topic?.epoch ?? 0
  }

  get isAdmin(): boolean {
    return this.#stored.topic?.isAdmin ?? false
  }

  /** Whether this process receives, and not another one. */
  get isReceiver(): boolean {
    return this.#stored.isReceiver
  }

  /** Everybody in the topic, ourselves included. */
  participants(): readonly (TopicSender & Pick<Participant, "isAdmin">)[] {
    const participants = this.#stored.topic?.participants ?? []
    return participants.map(({ isAdmin, publicKey }) => ({ ...this.#sender(publicKey), isAdmin }))
  }

  /**
   * Encrypts, signs and sends. Resolves when the channel took it; waits while the channel is away or
   * a removal is on its way, unless `signal` gives up. What must not happen late says `validForMs`.
   *
   * @throws {UsageError} `outside`, `removed`, `bad-duration`
   * @throws {ChannelError} those of store and transport
   */
  async send(payload: string | Uint8Array, options: SendTopicOptions = {}): Promise<void> {
    const { validForMs = 0 } = options
    if (!(Number.isInteger(validForMs) && validForMs >= 0 && validForMs < 2 ** 32)) {
      throw new UsageError("bad-duration", "A message is valid for whole milliseconds, below 2³².")
    }
    if (typeof payload !== "string" && !(payload instanceof Uint8Array)) {
      throw new UsageError("bad-payload", "A payload is a string or a Uint8Array.")
    }
    await this.#outbox.send(payload, options)
  }

  /**
   * Founds a topic, with us as its admin.
   * @throws {UsageError} `topic-exists`, `bad-topic-name`
   */
  async create(options: NonNullable<OpenTopicOptions["found"]> = {}): Promise<void> {
    await this.#stored.create(options)
    await this.#retain()
  }

  /**
   * Opens a window in which others can ask to be let in; for admins.
   * @throws {UsageError} `not-an-admin`, `bad-window`, `bad-pairing-code`
   */
  openPairing(options: PairingOptions = {}): Promise<Pairing> {
    return this.#desk.openHost(options)
  }

  /**
   * Asks to be let in by an admin who has a pairing window open.
   * @throws {UsageError} `topic-exists`, `bad-window`, `bad-pairing-code`
   */
  join(options: PairingOptions = {}): Promise<Pairing> {
    return this.#desk.openJoiner(options)
  }

  /** For joining offline: a text to give to an admin by a means that both trust. Not secret. */
  async joinRequest(): Promise<string> {
    if (this.standing === "member" || this.standing === "waiting") throw topicExists()
    const { identity, ownName = "" } = this.#options
    const { joining } = this.#stored
    const rekeyKey = joining?.rekeyKey ?? newRekeyKey(this.#wallClock())
    await this.#stored.setJoining({ rekeyKey, host: joining?.host ?? null })
    const { publicKey, serial } = rekeyKey
    return makeJoinRequest(identity, { name: ownName, serial, rekeyKey: publicKey })
  }

  /** For joining offline: the text of an admin. We join when its rekey message comes. */
  async acceptInvitation(text: string, petname?: string): Promise<void> {
    if (this.standing === "member" || this.standing === "waiting") throw topicExists()
    const { publicKey, topicId, name } = openInvitation(text)
    await this.#trustInvited(publicKey, name, petname)
    const rekeyKey = this.#stored.joining?.rekeyKey ?? newRekeyKey(this.#wallClock())
    await this.#stored.setJoining({ rekeyKey, host: { publicKey, topicId } })
  }

  /** For letting in offline: the text to give to the joiner by a means that both trust. Not secret. */
  invitation(): string {
    const topic = this.#stored.topic
    if (!topic?.isAdmin) {
      throw new UsageError("not-an-admin", "Only an admin of this topic can let others in.")
    }
    const { identity, ownName = "" } = this.#options
    const { epoch, id: topicId, name: topicName } = topic
    return makeInvitation(identity, { name: ownName, topicId, epoch, topicName })
  }

  /** Lets in who gave us this text. @throws {UsageError} `not-an-admin`, `bad-join-request` */
  async acceptJoinRequest(text: string, petname?: string): Promise<void> {
    const { name, publicKey, rekeyKey, serial } = openJoinRequest(text)
    if (sameBytes(publicKey, this.publicKey)) {
      throw new UsageError("own-key", "This join request is our own. Give it to an admin.")
    }
    await this.#trustInvited(publicKey, name, petname)
    await this.#change({ admit: [{ publicKey, rekeyKey, serial }] })
  }

  /**
   * Removes a participant: from the new epoch on it reads nothing and its messages are refused.
   * @throws {UsageError} `not-an-admin`, `not-a-participant`, `last-admin`
   */
  remove(publicKey: Uint8Array): Promise<void> {
    return this.#change({ remove: [publicKey] })
  }

  /** Makes a participant an admin, or not. @throws as {@link remove} */
  setAdmin(publicKey: Uint8Array, isAdmin: boolean): Promise<void> {
    return this.#change({ admins: [{ publicKey, isAdmin }] })
  }

  /** A new epoch with fresh keys for the same participants. @throws {UsageError} `not-an-admin` */
  rotate(): Promise<void> {
    return this.#change({})
  }

  /** Takes over what others changed in the contact book. */
  async refresh(): Promise<void> {
    try {
      this.#book = await this.#contacts.contacts()
    } catch (error) {
      this.#failed(error)
    }
  }

  /** Saves, closes the transport, ends `messages`. May be called twice. */
  async close(): Promise<void> {
    if (this.#isClosing) return
    this.#isClosing = true
    // What is held has arrived, and the other side of a pairing is told.
    this.#release()
    await Promise.all([this.#pump(), this.#desk.close()])
    this.#isClosed = true
    this.#timers.close()
    this.#duties.close()
    this.#outbox.close()
    await this.#options.transport.close()
    this.#queue.end()
    await this.#stored.close()
  }

  #start(): void {
    if (this.#stored.topic) this.#hold()
    this.#duties.mergeIfNeeded()
    void this.#receiveAll()
    void this.#retain()
  }

  /** Others are asked what they have of us; data waits for the first answer, but not for long. */
  #hold(): void {
    const waiting = [...(this.#held ?? []), ...this.#arrived.filter(hasCounter)]
    this.#arrived = this.#arrived.filter((bytes) => !hasCounter(bytes))
    this.#held = waiting.slice(0, maxUnread)
    this.#timers.once("hold", holdMs, () => this.#release())
    void this.#duties.greet()
  }

  #release(): void {
    this.#timers.cancel("hold")
    const held = this.#held
    this.#held = null
    if (!held || held.length === 0) return
    this.#arrived.unshift(...held)
    void this.#pump()
  }

  #keepEarly(bytes: Uint8Array): void {
    this.#early.push(bytes)
    if (this.#early.length > maxEarly) this.#early.shift()
  }

  /** What came before its epoch is tried again. */
  #retryEarly(): void {
    const early = this.#early
    this.#early = []
    if (this.#held) this.#held.push(...early)
    else this.#arrived.unshift(...early)
  }

  async #receiveAll(): Promise<void> {
    for await (const { bytes } of this.#options.transport.messages) {
      const whole = this.#whole(bytes)
      if (whole) this.#take(whole)
      const done = this.#pump()
      if (this.#arrived.length >= maxBatch) await done
      // While a reader is slow the channel is not read; what the topic itself needs waits as well, but
      // not for ever: a reader may be waiting for just that.
      if (this.#queue.hasReader && this.#queue.length >= maxUnread) {
        await Promise.race([this.#queue.below(maxUnread), this.#pause(slowReaderMs)])
      }
      if (this.#isClosed || !this.#stored.isReceiver) return
    }
  }

  /** Pieces are put together before anything else is looked at. */
  #whole(bytes: Uint8Array): Uint8Array | null {
    if (!isFragment(bytes)) return bytes
    try {
      return this.#reassembly.add(decodeFragment(bytes), this.#wallClock())
    } catch (error) {
      this.#failed(error, bytes)
      return null
    }
  }

  /** While we do not know whether we are an old copy, all that has a counter waits, in its order. */
  #take(bytes: Uint8Array): void {
    if (!this.#held || !hasCounter(bytes)) return void this.#arrived.push(bytes)
    const topic = this.#stored.topic
    const report = topic?.peekReport(bytes, { nowMs: this.#wallClock() }) ?? null
    if (report === "we-are-old") return void this.#arrived.push(bytes)
    if (this.#held.length < maxUnread) this.#held.push(bytes)
    if (report === "answer") {
      this.#isSynced = true
      this.#release()
    }
  }

  /** @returns when all that has arrived is handled. */
  #pump(): Promise<void> {
    this.#pumping ??= this.#pumpAll().finally(() => {
      this.#pumping = null
      // Something may have come after the last look.
      if (this.#arrived.length > 0 && !this.#isClosed) void this.#pump()
    })
    return this.#pumping
  }

  async #pumpAll(): Promise<void> {
    while (this.#arrived.length > 0 && !this.#isClosed) {
      // What follows a rekey message may have to wait for what that brings about.
      const rekeyAt = this.#arrived.findIndex(isRekey)
      const count = rekeyAt < 0 ? maxBatch : Math.min(maxBatch, rekeyAt + 1)
      await this.#handle(this.#arrived.splice(0, count))
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.schedule(ms, resolve))
  }

  async #handle(batch: readonly Uint8Array[]): Promise<void> {
    const stored = this.#stored
    if (!stored.topic || stored.topic.standing === "removed") return this.#handleOutside(batch)
    const { allowedSkewMs, maxAgeMs } = this.#options
    const received = await this.#untilSaved(() =>
      stored.receive(batch, {
        ...(allowedSkewMs !== undefined && { allowedSkewMs }),
        ...(maxAgeMs !== undefined && { maxAgeMs }),
      }),
    )
    if (!received) return
    // What brings very much is taken in parts.
    this.#arrived.unshift(...batch.slice(received.decoded.length))
    this.#deliver(received.entries)
    for (const [i, decoded] of received.decoded.entries()) {
      const encoded = batch[i] as Uint8Array
      if (decoded instanceof PeerError) this.#rejected(decoded, encoded)
      else await this.#follow(decoded)
      if (decoded instanceof PeerError || decoded.kind !== "behind") continue
      if (decoded.isOlder || !isData(encoded)) continue
      this.#keepEarly(encoded)
    }
  }

  /** While we are in no topic only what lets us in matters. */
  async #handleOutside(batch: readonly Uint8Array[]): Promise<void> {
    for (const [i, bytes] of batch.entries()) {
      try {
        if (isPairing(bytes)) this.#desk.hear(bytes)
        else if (isRekey(bytes) && this.#stored.joining?.host) await this.#tryToJoin(bytes)
        else if (isData(bytes) && this.#stored.joining?.host) this.#keepEarly(bytes)
      } catch (error) {
        this.#failed(error, bytes)
      }
      if (this.standing === "outside" || this.standing === "removed") continue
      // We are in: what came behind the rekey message is ours to read, and what overtook it.
      this.#arrived.unshift(...batch.slice(i + 1))
      this.#early = this.#early.filter((one) => epochOf(one) === (this.epoch & 0xffff))
      this.#retryEarly()
      return
    }
  }

  async #tryToJoin(bytes: Uint8Array): Promise<void> {
    const host = this.#stored.joining?.host
    if (!host || !(await this.#stored.join(bytes))) return
    await this.#desk.joined(host.publicKey)
    await this.refresh()
    this.#emit({ kind: "joined", from: host.publicKey })
    this.#duties.entered()
    void this.#outbox.flush()
  }

  /** What a genuine message asks for beyond its delivery. */
  async #follow(decoded: Decoded): Promise<void> {
    switch (decoded.kind) {
      case "message":
      case "bundle":
        if (decoded.epoch < this.epoch) this.#duties.lagging(hex(decoded.from))
        return this.#tellGap(decoded.from, decoded.gap)
      case "control":
        return this.#followControl(decoded)
      case "rekey": {
        const { added, applied, by, epoch, removed } = decoded
        this.#duties.superseded()
        if (applied) {
          this.#emit({ kind: "rekeyed", epoch, by, added, removed })
          // An old copy may have used counters of this epoch before.
          if (!this.#isSynced) this.#hold()
          this.#duties.entered()
          this.#retryEarly()
          void this.#outbox.flush()
        } else {
          this.#emit({ kind: "branch", epoch, by })
          this.#duties.mergeIfNeeded()
        }
        return
      }
      case "key-request":
        if (decoded.request.epoch > this.epoch) this.#duties.requestKey("a higher epoch")
        return this.#duties.answer(decoded.request, decoded.answer)
      case "known":
        return this.#duties.answered()
      case "pairing":
        return this.#desk.hear(decoded.encoded)
      case "behind":
        if (decoded.isOlder) return this.#duties.resendTo(decoded.what)
        this.#emit({ kind: "behind" })
        return this.#duties.requestKey(decoded.what)
      case "removed":
        return this.#emit({ kind: "removed", by: decoded.by })
      case "incomplete":
      case "own":
      case "other":
        return
    }
  }

  #followControl({ answersUs, control, from, gap, weAreOld }: DecodedControl): void {
    this.#tellGap(from, gap)
    switch (control.kind) {
      case "sync":
        return this.#duties.report(from, control.challenge)
      case "report":
        if (weAreOld) {
          this.#emit({ kind: "old-copy", by: this.#sender(from) })
          this.#hold()
        } else if (answersUs) {
          this.#isSynced = true
          this.#release()
        }
        return
      case "closing":
      case "rekey-key":
      case "unknown":
        return
    }
  }

  #tellGap(from: Uint8Array, gap: Gap | null): void {
    if (gap) this.#emit({ kind: "gap", from: this.#sender(from), ...gap })
  }

  #deliver(entries: readonly JournalEntry[]): void {
    for (const entry of entries) {
      if (!this.#isRevoked(entry.from)) {
        this.#enqueue(entry, false)
        continue
      }
      this.#stored.handled(entry)
      this.#emit({
        kind: "rejected",
        code: "revoked-contact",
        message: "A message of a contact that you revoked. Remove it from the topic.",
        claimed: this.#sender(entry.from),
        encoded: new Uint8Array(0),
      })
    }
    while (!this.#queue.hasReader && this.#queue.length > maxUnread) {
      const dropped = this.#queue.shift()
      if (dropped && isLastOf(dropped)) this.#stored.handled(dropped.entry)
    }
  }

  #enqueue(entry: JournalEntry, isRepeated: boolean): void {
    for (const index of entry.payloads.keys()) this.#queue.push({ entry, index, isRepeated })
  }

  #rejected(error: PeerError, encoded: Uint8Array): void {
    const claimed = error instanceof RejectedMessage ? error.claimed : null
    this.#emit({
      kind: "rejected",
      code: error.code,
      message: error.message,
      claimed: claimed && this.#sender(claimed),
      encoded,
    })
    if (claimed && error.code === "replayed") this.#duties.report(claimed)
    if (error.code === "resynchronising") this.#duties.syncAgain()
  }

  async *#read(): AsyncGenerator<ReceivedMessage, void, void> {
    for await (const { entry, index, isRepeated } of this.#queue) {
      const { counter, encoded, epoch, from, isLate, payloads, receivedMs, sentMs } = entry
      const payload = payloads[index] as Uint8Array
      const sender = this.#sender(from)
      const { state } = trustOf(sender.contact)
      yield {
        from: sender,
        payload,
        text: fromUtf8(payload),
        at: receivedMs,
        sentAt: sentMs,
        status: state === "verified" || state === "trusted" ? state : "member",
        id: `${hex(from.subarray(0, 8))}-${epoch}-${counter}-${index}`,
        isRepeated,
        isLate,
        encoded,
      }
    }
  }

  #sender(publicKey: Uint8Array): TopicSender {
    return { publicKey, contact: contactByKey(this.#book, publicKey) }
  }

  #isRevoked(publicKey: Uint8Array): boolean {
    return trustOf(contactByKey(this.#book, publicKey)).state === "revoked"
  }

  async #change(change: RosterChange): Promise<void> {
    const nowMs = this.#wallClock()
    const { notices, rekey } = await this.#stored.change((topic) => {
      const admins = topic.participants.filter((one) => one.isAdmin)
      const leaving = (change.remove ?? []).map((publicKey) => ({
        publicKey,
        rekeyKey: topic.rekeyKeyOf(publicKey),
      }))
      const made = topic.change(change, nowMs)
      const told = leaving.map(
        ({ publicKey, rekeyKey }) => rekeyKey && topic.removalNotice({ publicKey, rekeyKey }),
      )
      // An admin that lost its power must have no epoch of the same number to answer with: two are
      // made, and only the second is sent. [TOPIC-7-6]
      const losesAdmin = admins.some(({ joinId }) => !isAdminStill(topic, joinId))
      const isLast = topic.standing !== "removed" && losesAdmin
      return { rekey: isLast ? topic.change({}, nowMs) : made, notices: told }
    })
    this.#duties.superseded()
    await this.#transmit(rekey, { retain: epochSlot })
    void this.#outbox.flush()
    // Whoever is there is told at once; the others when they ask.
    for (const notice of notices) if (notice) await this.#transmit(notice, {})
    this.#duties.made()
  }

  async #trustInvited(publicKey: Uint8Array, suggested: string, petname?: string): Promise<void> {
    this.#book = await this.#contacts.updateContacts((book) =>
      acceptInto(
        book,
        publicKey,
        { suggested, verifiedBy: "invitation", ...(petname !== undefined && { petname }) },
        this.#wallClock(),
      ),
    )
  }

  /** An admin's channel keeps the latest epoch for sleepers. */
  async #retain(): Promise<void> {
    const topic = this.#stored.topic
    if (!topic?.isAdmin || !this.#options.transport.capabilities.retained) return
    try {
      await this.#transmit(topic.latestRekey, { retain: epochSlot })
    } catch (error) {
      this.#failed(error)
    }
  }

  async #transmit(
    encoded: Uint8Array,
    options: { readonly signal?: AbortSignal; readonly retain?: string },
  ): Promise<void> {
    const { transport } = this.#options
    const { maxMessageBytes } = transport.capabilities
    if (encoded.length <= maxMessageBytes) return transport.send(encoded, options)
    const { signal } = options
    const pieces = cut(encoded, maxMessageBytes, randomBytes(4))
    // All at once, in their order: what is sent next must not come between.
    await Promise.all(pieces.map((piece) => transport.send(piece, signal ? { signal } : {})))
  }

  /** A disk that fails now may work again: what came in is not given up for it. */
  async #untilSaved<T>(save: () => Promise<T>): Promise<T | null> {
    while (!this.#isClosed) {
      try {
        return await save()
      } catch (error) {
        this.#failed(error)
        if (!(error instanceof ChannelError)) return null
        await this.#pause(retryMs)
      }
    }
    return null
  }

  async #upkeep(): Promise<void> {
    try {
      await this.#stored.upkeep()
      this.#duties.rotateIfDue()
      this.#duties.mergeIfNeeded()
      // Who only sends hears of no new epoch, and looks for it.
      if (!this.#stored.isReceiver) void this.#outbox.flush()
    } catch (error) {
      this.#failed(error)
    }
  }

  #failed(error: unknown, encoded?: Uint8Array): void {
    if (this.#isClosed) return
    if (error instanceof PeerError) return this.#rejected(error, encoded ?? new Uint8Array(0))
    if (error instanceof UsageError && error.code === "taken-over") {
      return this.#emit({ kind: "taken-over" })
    }
    if (error instanceof ChannelError || error instanceof UsageError) {
      return this.#emit({ kind: "failed", error })
    }
    report(error)
  }

  #emit(event: TopicEvent): void {
    const { onEvent } = this.#options
    if (onEvent && !this.#isClosed) void isolated(() => onEvent(event))
  }
}

interface Unread {
  readonly entry: JournalEntry
  /** Which of its payloads. */
  readonly index: number
  readonly isRepeated: boolean
}

function topicExists(): UsageError {
  return new UsageError("topic-exists", "There is a topic here already. Choose another name.")
}

/** A message is handled when the last of its payloads is. */
function isLastOf({ entry, index }: Unread): boolean {
  return index === entry.payloads.length - 1
}

function isAdminStill(topic: Topic, joinId: Uint8Array): boolean {
  return topic.participants.some((one) => one.isAdmin && sameBytes(one.joinId, joinId))
}

/** A contact book for who gives none. */
function inMemory(): Contacts {
  let book: ContactBook = []
  return {
    contacts: () => Promise.resolve(book),
    updateContacts(change) {
      book = change(book)
      return Promise.resolve(book)
    },
  }
}

function typeOf(bytes: Uint8Array): string {
  return String.fromCharCode(bytes[0] ?? 0)
}

/** Messages and bundles. */
function isData(bytes: Uint8Array): boolean {
  return ["M", "T", "B"].includes(typeOf(bytes))
}

/** The low 16 bits, of a data message. */
function epochOf(bytes: Uint8Array): number {
  return ((bytes[1] ?? 0) << 8) | (bytes[2] ?? 0)
}

/** What an old copy must not take twice, and what must stay in its order. */
function hasCounter(bytes: Uint8Array): boolean {
  return isData(bytes) || typeOf(bytes) === "C"
}

function isFragment(bytes: Uint8Array): boolean {
  return typeOf(bytes) === "F"
}

function isPairing(bytes: Uint8Array): boolean {
  const type = bytes[0] ?? 0
  return type >= 0x31 && type <= 0x36
}

function isRekey(bytes: Uint8Array): boolean {
  return bytes[0] === 0x4b
}
