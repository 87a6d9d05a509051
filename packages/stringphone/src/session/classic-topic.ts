import { ChannelError, PeerError, sameBytes, UsageError } from "../bytes/index.js"
import { type Contact, contactByKey } from "../identity/index.js"
import {
  closedDiscovery,
  type DiscoveryEvent,
  type DiscoveryState,
  type JoinRequest,
  Message,
  stepDiscovery,
  verifyIntroduction,
} from "../topic/classic/index.js"
import { type Clock, systemClock } from "../transport/index.js"
import { ClassicMembership } from "./classic-membership.js"
import type {
  ClassicTopicEvent,
  ClassicTopicOptions,
  TopicSendOptions,
} from "./classic-topic-events.js"
import { isolated, report } from "./isolated.js"
import type { Acceptance } from "./trust.js"

/**
 * Joins or goes on with a classic topic over a channel.
 *
 * @throws {UsageError} `no-such-topic`
 */
export async function openClassicTopic(options: ClassicTopicOptions): Promise<ClassicTopicSession> {
  return new ClassicTopicSession(options, await ClassicMembership.load(options.ring, options.name))
}

const introduceEveryMs = 3_000
const refreshEveryMs = 2_000
const greetEveryMs = 2_000
const maxPairingMs = 600_000

/** One classic topic, alive: receives, verifies, delivers, pairs, and saves before it sends. */
export class ClassicTopicSession {
  readonly #options: ClassicTopicOptions
  readonly #clock: Clock
  readonly #wallClock: () => number
  readonly #membership: ClassicMembership
  #discovery: DiscoveryState = closedDiscovery
  /** Who gave us the topic key in this pairing window. */
  #joinedFrom: Uint8Array | null = null
  #isClosed = false
  #greetedMs = -Infinity
  readonly #timers = new Map<"introduce" | "refresh", () => void>()

  /** @internal */
  constructor(options: ClassicTopicOptions, membership: ClassicMembership) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#wallClock = options.wallClock ?? Date.now
    this.#membership = membership
    options.transport.onEvent((event) => this.#emit({ kind: "channel", event }))
    this.#every("refresh", refreshEveryMs, () => this.#refresh())
    void this.#receiveAll()
  }

  /** Our Ed25519 key, 32 bytes. */
  get publicKey(): Uint8Array {
    return this.#membership.topic.publicKey
  }

  /** `unproven`: we have a topic key, but no trusted participant's message opened with it yet. */
  get membership(): "outside" | "unproven" | "member" {
    const { topicKey, keyProven } = this.#membership.record
    if (!topicKey) return "outside"
    return keyProven ? "member" : "unproven"
  }

  /** Whom this topic trusts: Ed25519 keys, 32 bytes each. */
  participants(): readonly Uint8Array[] {
    return this.#membership.topic.participants().map(({ publicKey }) => publicKey)
  }

  /** Who that is in the contact book. */
  contact(publicKey: Uint8Array): Contact | null {
    return contactByKey(this.#membership.contacts, publicKey)
  }

  /**
   * Encrypts, signs and sends. Resolves when the channel took it. While the channel is away it
   * waits, unless `signal` gives up: use one for what must not happen late, as unlocking a door.
   *
   * @throws {MissingTopicKeyError}
   * @throws {UsageError} `unproven-key`, unless `evenUnproven`: whoever forged the reply reads it
   * @throws {ChannelError} those of the transport
   */
  async send(payload: string | Uint8Array, options: TopicSendOptions = {}): Promise<void> {
    if (this.membership === "unproven" && !options.evenUnproven) {
      throw new UsageError(
        "unproven-key",
        "No trusted participant has used this topic key yet, so it may be somebody else's. Wait for a message.",
      )
    }
    await this.#options.transport.send(this.#membership.topic.encode(payload), options)
  }

  /**
   * Opens the pairing window: until it closes, whoever introduces itself or replies becomes a
   * `request` event, and while we have no proven topic key we introduce ourselves every three
   * seconds.
   *
   * @param forMs up to 600,000
   * @throws {UsageError} `bad-duration`
   */
  async openPairing(forMs = 60_000): Promise<void> {
    if (!(forMs > 0 && forMs <= maxPairingMs)) {
      throw new UsageError("bad-duration", "A pairing window is open for up to 10 minutes.")
    }
    this.#joinedFrom = null
    this.#step({ kind: "open", nowMs: this.#clock.now(), forMs })
    this.#every("introduce", introduceEveryMs, () => this.#introduce())
    await this.#introduce()
  }

  /** Closes the pairing window at once. */
  closePairing(): void {
    this.#step({ kind: "close" })
  }

  /** Milliseconds until the pairing window closes; 0 when it is closed. */
  get pairingLeftMs(): number {
    if (this.#discovery.phase === "closed") return 0
    return Math.max(0, this.#discovery.untilMs - this.#clock.now())
  }

  /** Who asked in the open window and was not answered yet. */
  get requests(): readonly JoinRequest[] {
    return this.#discovery.phase === "open" ? this.#discovery.requests : []
  }

  /**
   * Trusts somebody who asked. An introduction is answered with **the topic key**; from a reply the
   * topic key is taken. Saved before anything is sent.
   *
   * @throws {UsageError} `no-such-request`, `revoked`, `bad-petname`, `petname-taken`,
   *   `other-topic-key`; `contradicting-offers`: several topic keys came in this name, of which all
   *   but one are somebody else's
   * @throws {ChannelError} those of store and transport
   */
  async accept(publicKey: Uint8Array, acceptance: Acceptance = {}): Promise<void> {
    this.#tick()
    const asked = this.requests.filter((request) => sameBytes(request.publicKey, publicKey))
    if (asked.length === 0) {
      throw new UsageError("no-such-request", "Nobody with this key asks, or the time is over.")
    }
    // Who introduced itself has no key to give: a reply in its name is somebody else's.
    const introduction = asked.find(({ kind }) => kind === "introduction")
    if (introduction) await this.#letIn(introduction, acceptance)
    else for (const reply of asked) await this.#join(reply, acceptance)
    this.#step({ kind: "decide", publicKey })
  }

  /** Turns somebody away who asked; it is not listed again in this window. */
  refuse(publicKey: Uint8Array): void {
    this.#step({ kind: "decide", publicKey })
  }

  /**
   * Takes over what was changed in the key ring, by this process or another; without it, that
   * happens within two seconds. Who was removed or revoked is not heard from then on.
   * @throws {ChannelError} those of the store
   */
  async refresh(): Promise<void> {
    await this.#membership.refresh()
  }

  /** Stops, and closes the channel. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    await this.#options.transport.close()
  }

  async #letIn(request: JoinRequest, acceptance: Acceptance): Promise<void> {
    await this.#membership.trust(request.publicKey, acceptance, this.#wallClock())
    for (const { message } of request.offers) {
      await this.#options.transport.send(this.#membership.topic.constructReply(message))
    }
  }

  async #join({ offers, publicKey }: JoinRequest, acceptance: Acceptance): Promise<void> {
    const [topicKey, ...others] = offers.map(({ message }) => this.#membership.openReply(message))
    if (!topicKey) return
    if (others.some((other) => !sameBytes(other, topicKey))) {
      throw new UsageError(
        "contradicting-offers",
        "Several topic keys came in this name, so somebody else answered too. Nothing was trusted: refuse it, and pair again.",
      )
    }
    const before = this.#joinedFrom
    this.#joinedFrom ??= publicKey // now, because two may be accepted at the same time
    const offered = { topicKey, mayReplace: before === null }
    try {
      const isNew = await this.#membership.join(publicKey, acceptance, this.#wallClock(), offered)
      if (isNew) this.#emit({ kind: "joined", from: publicKey })
    } catch (error) {
      this.#joinedFrom = before
      throw error
    }
  }

  async #receiveAll(): Promise<void> {
    for await (const { bytes } of this.#options.transport.messages) {
      if (this.#isClosed) return
      try {
        await this.#receive(bytes)
      } catch (error) {
        if (error instanceof PeerError) this.#emit({ kind: "rejected", error, encoded: bytes })
        else this.#fail(error)
      }
    }
  }

  async #receive(bytes: Uint8Array): Promise<void> {
    const { topic, record } = this.#membership
    const message = new Message(bytes)
    const { senderId, type } = message // each is read from the bytes anew
    if (sameBytes(senderId, topic.id)) return
    if (type !== "s") return this.#hear(message)
    if (!record.topicKey) return
    const payload = await this.#decode(bytes, record.topicKey)
    const sender = topic.participant(senderId)
    if (!payload || !sender || payload.length === 0) return // A greeting is for its key alone. [CLASSIC-5-8]
    const { onMessage } = this.#options
    const receivedMs = this.#wallClock()
    const { publicKey: from } = sender
    await isolated(() =>
      onMessage?.({ from, contact: this.contact(from), payload, encoded: bytes, receivedMs }),
    )
  }

  /** Evidence, not proof: a message can be repeated by whoever knows an old key. [CLASSIC-5-7] */
  async #decode(bytes: Uint8Array, topicKey: Uint8Array): Promise<Uint8Array | null> {
    const { topic, record } = this.#membership
    const payload = topic.decode(bytes)
    if (!record.keyProven) {
      await this.#membership.prove(topicKey)
      this.#emit({ kind: "key-proven" })
    }
    return payload
  }

  #hear(message: Message): void {
    if (message.type === "i" && this.#membership.topic.participant(message.senderId)) {
      verifyIntroduction(message)
      this.#greet()
    }
    if (this.#discovery.phase === "closed") return
    const { senderKey: publicKey, encryptionKey } = message
    if (this.#membership.isRevoked(publicKey)) {
      throw new PeerError("revoked", "Somebody whose key you revoked asks to be trusted again.")
    }
    if (message.type === "i") {
      verifyIntroduction(message)
      if (!this.#membership.record.topicKey) return // Neither of us has a key to give.
    } else {
      if (!sameBytes(message.recipientId, this.#membership.topic.id)) return
      this.#checkOffer(publicKey, this.#membership.openReply(message))
    }
    const kind = message.type === "i" ? "introduction" : "reply"
    const heard = { kind, publicKey, encryptionKey, message } as const
    this.#step({ kind: "heard", nowMs: this.#clock.now(), heard })
  }

  /** Somebody whom we trust still introduces itself: any message shows it that its key is right. */
  #greet(): void {
    const nowMs = this.#clock.now()
    if (this.membership !== "member" || nowMs - this.#greetedMs < greetEveryMs) return
    this.#greetedMs = nowMs
    this.send("").catch((error: unknown) => this.#fail(error))
  }

  /** Another topic key in the name of somebody whose key we just took. [CLASSIC-5-9] */
  #checkOffer(publicKey: Uint8Array, topicKey: Uint8Array): void {
    const { topicKey: known } = this.#membership.record
    const isFrom = this.#joinedFrom !== null && sameBytes(this.#joinedFrom, publicKey)
    if (isFrom && known && !sameBytes(known, topicKey)) {
      throw new PeerError(
        "contradicting-offer",
        "Another topic key came in the name of somebody whose key was just taken. One of them is false: pair again.",
      )
    }
  }

  #step(event: DiscoveryEvent): void {
    const [next, effects] = stepDiscovery(this.#discovery, event)
    this.#discovery = next
    if (next.phase === "closed") this.#cancel("introduce")
    for (const effect of effects) {
      if (effect.kind === "closed") this.#emit({ kind: "pairing-closed", because: effect.because })
      else this.#emit(effect)
    }
  }

  /** The window closes when its time is over, also for a person who answers a moment too late. */
  #tick(): void {
    this.#step({ kind: "tick", nowMs: this.#clock.now() })
  }

  async #introduce(): Promise<void> {
    this.#tick()
    if (this.#discovery.phase === "closed" || this.membership === "member") return
    await this.#options.transport.send(this.#membership.topic.constructIntro())
  }

  async #refresh(): Promise<void> {
    this.#tick()
    await this.#membership.refresh()
  }

  /** Runs `task` again and again, a pause after each; a failure is reported and tried again. */
  #every(name: "introduce" | "refresh", pauseMs: number, task: () => Promise<void>): void {
    this.#cancel(name)
    const run = (): void => {
      const again = this.#clock.schedule(pauseMs, () => {
        void task()
          .catch((error: unknown) => this.#fail(error))
          .finally(() => {
            if (this.#timers.get(name) === again) run()
          })
      })
      this.#timers.set(name, again)
    }
    run()
  }

  #cancel(name: "introduce" | "refresh"): void {
    this.#timers.get(name)?.()
    this.#timers.delete(name)
  }

  #fail(error: unknown): void {
    if (error instanceof ChannelError || error instanceof UsageError) {
      this.#emit({ kind: "failed", error })
    } else report(error)
  }

  #emit(event: ClassicTopicEvent): void {
    void isolated(() => this.#options.onEvent?.(event))
  }
}
