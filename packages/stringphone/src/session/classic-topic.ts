import { ChannelError, PeerError, sameBytes, UsageError } from "../bytes/index.js"
import { type Contact, contactByKey } from "../identity/index.js"
import {
  closedDiscovery,
  DecryptionError,
  type DiscoveryEvent,
  type DiscoveryState,
  type JoinRequest,
  Message,
  stepDiscovery,
  Topic,
  verifyIntroduction,
} from "../topic/classic/index.js"
import { type Clock, type SendOptions, systemClock } from "../transport/index.js"
import { ClassicMembership } from "./classic-membership.js"
import type { ClassicTopicEvent, ClassicTopicOptions } from "./classic-topic-events.js"
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
const maxPairingMs = 600_000

/** One classic topic, alive: receives, verifies, delivers, pairs, and saves before it sends. */
export class ClassicTopicSession {
  readonly #options: ClassicTopicOptions
  readonly #clock: Clock
  readonly #wallClock: () => number
  readonly #membership: ClassicMembership
  readonly #done: Promise<void>
  #discovery: DiscoveryState = closedDiscovery
  /** Other topic keys offered under the same name as the one in use, until that one is proven. */
  #otherKeys: readonly Uint8Array[] = []
  readonly #timers = new Map<"introduce" | "refresh", () => void>()

  /** @internal */
  constructor(options: ClassicTopicOptions, membership: ClassicMembership) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#wallClock = options.wallClock ?? Date.now
    this.#membership = membership
    options.transport.onEvent((event) => this.#emit({ kind: "channel", event }))
    this.#every("refresh", refreshEveryMs, () => this.#refresh())
    this.#done = this.#receiveAll()
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
   * @throws {ChannelError} those of the transport
   */
  async send(
    payload: string | Uint8Array,
    options: Pick<SendOptions, "signal"> = {},
  ): Promise<void> {
    await this.#options.transport.send(this.#membership.topic.encode(payload), options)
  }

  /**
   * Opens the pairing window: until it closes, whoever introduces itself or replies becomes a
   * `request` event, and while we have no topic key we introduce ourselves every three seconds.
   *
   * @param forMs up to 600,000
   * @throws {UsageError} `bad-duration`
   */
  async openPairing(forMs = 60_000): Promise<void> {
    if (!(forMs > 0 && forMs <= maxPairingMs)) {
      throw new UsageError("bad-duration", "A pairing window is open for up to 10 minutes.")
    }
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
   *   `other-topic-key`
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
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    await this.#options.transport.close()
    await this.#done
  }

  async #letIn(request: JoinRequest, acceptance: Acceptance): Promise<void> {
    await this.#membership.trust(request.publicKey, acceptance, this.#wallClock(), null)
    for (const { message } of request.offers) {
      await this.#options.transport.send(this.#membership.topic.constructReply(message))
    }
  }

  async #join(request: JoinRequest, acceptance: Acceptance): Promise<void> {
    const offered = request.offers.map(({ message }) => this.#membership.openReply(message))
    const known = this.#membership.record.topicKey
    if (known && !offered.some((key) => sameBytes(key, known))) {
      throw new UsageError("other-topic-key", "It offers another topic's key. Nothing was changed.")
    }
    const [first, ...others] = offered
    await this.#membership.trust(request.publicKey, acceptance, this.#wallClock(), first ?? null)
    if (known) return
    this.#otherKeys = others
    this.#emit({ kind: "joined", from: request.publicKey })
  }

  async #receiveAll(): Promise<void> {
    for await (const { bytes } of this.#options.transport.messages) {
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
    if (sameBytes(message.senderId, topic.id)) return
    if (message.type !== "s") return this.#hear(message)
    if (!record.topicKey) return
    const payload = await this.#decode(bytes, record.topicKey)
    const sender = topic.participant(message.senderId)
    if (!payload || !sender) return
    await this.#options.onMessage?.({
      from: sender.publicKey,
      contact: this.contact(sender.publicKey),
      payload,
      encoded: bytes,
      receivedMs: this.#wallClock(),
    })
  }

  async #decode(bytes: Uint8Array, topicKey: Uint8Array): Promise<Uint8Array | null> {
    const { topic, record } = this.#membership
    try {
      const payload = topic.decode(bytes)
      if (!record.keyProven) await this.#prove(topicKey)
      return payload
    } catch (error) {
      if (record.keyProven || !(error instanceof DecryptionError)) throw error
      // The signature was right, the key was not: perhaps another of those offered is. [CLASSIC-5-7]
      const right = this.#otherKeys.find((key) => opens(bytes, key))
      if (!right) throw error
      await this.#prove(right)
      return topic.decode(bytes)
    }
  }

  async #prove(topicKey: Uint8Array): Promise<void> {
    await this.#membership.prove(topicKey)
    this.#otherKeys = []
    this.#emit({ kind: "key-proven" })
  }

  #hear(message: Message): void {
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
      this.#membership.openReply(message)
    }
    const kind = message.type === "i" ? "introduction" : "reply"
    const heard = { kind, publicKey, encryptionKey, message } as const
    this.#step({ kind: "heard", nowMs: this.#clock.now(), heard })
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
    if (this.#discovery.phase === "closed" || this.#membership.record.topicKey) return
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
          .then(() => {
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
    if (!(error instanceof ChannelError || error instanceof UsageError)) throw error
    this.#emit({ kind: "failed", error })
  }

  #emit(event: ClassicTopicEvent): void {
    this.#options.onEvent?.(event)
  }
}

/** Whether a simple message's content opens with this key. */
function opens(bytes: Uint8Array, topicKey: Uint8Array): boolean {
  try {
    return new Topic({ topicKey }).decode(bytes, { naive: true }) !== null
  } catch (error) {
    if (error instanceof DecryptionError) return false
    throw error
  }
}
