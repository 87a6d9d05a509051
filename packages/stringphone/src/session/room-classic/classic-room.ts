import { ChannelError, PeerError, UsageError } from "../../bytes/index.js"
import { randomBytes } from "../../crypto/index.js"
import type { ContactBook } from "../../identity/index.js"
import {
  type ClassicRoomEffect,
  type ClassicRoomEvent as MachineEvent,
  type ClassicRoomState,
  fragment,
  isFragment,
  maxPieceChars,
  outsideClassicRoom,
  type PacketSigner,
  packetSigner,
  Reassembler,
  stepClassicRoom,
} from "../../room/classic/index.js"
import { systemClock, type TextChannelEvent } from "../../transport/index.js"
import { isolated, report } from "../isolated.js"
import { MessageQueue } from "../message-queue.js"
import { Timers } from "../timers.js"
import type { Contacts } from "../topic-events.js"
import { acceptInto } from "../trust.js"
import type {
  ClassicJoinOptions,
  ClassicJoinOutcome,
  ClassicRoomEvent,
  ClassicRoomMessage,
  ClassicRoomOptions,
  ClassicRoomStatus,
  TrustKeyOptions,
} from "./classic-room-types.js"
import { explain } from "./explanations.js"
import { memoryContacts } from "./memory-contacts.js"
import { personOf, sameStatus, statusOf } from "./people.js"

/**
 * Listens on a channel for a classic room; `start` or `join` enters one. Nothing of it is stored: a
 * room's keys end with the session. Its protection is Flute's, see spec/room-classic.md §7.
 *
 * @throws {ChannelError} when the contact book can not be read
 */
export async function openClassicRoom(options: ClassicRoomOptions): Promise<ClassicRoomSession> {
  const contacts = options.contacts ?? memoryContacts()
  return new ClassicRoomSession(options, contacts, await contacts.contacts())
}

/** So many messages are kept while nobody reads them. */
const maxUnread = 1000
const refreshEveryMs = 10_000
const defaultAnswerWithinMs = 30_000
/** `?VLA,999,999!` */
const fragmentOverhead = 13

/** One classic room, alive. */
export class ClassicRoomSession {
  readonly #options: ClassicRoomOptions
  readonly #signer: PacketSigner
  readonly #contacts: Contacts
  readonly #timers: Timers
  readonly #now: () => number
  readonly #wallClock: () => number
  readonly #listeners = new Set<{ readonly call: (event: ClassicRoomEvent) => unknown }>()
  readonly #reassembler = new Reassembler()
  readonly #queue = new MessageQueue<ClassicRoomMessage>(() => {})
  readonly #stopListening: () => void
  #state: ClassicRoomState = outsideClassicRoom
  #book: ContactBook
  #status: ClassicRoomStatus
  #answered: ((outcome: ClassicJoinOutcome) => void) | null = null
  #isClosed = false

  /** @internal */
  constructor(options: ClassicRoomOptions, contacts: Contacts, book: ContactBook) {
    const clock = options.clock ?? systemClock
    this.#options = options
    this.#signer = packetSigner(options.identity.exportSeed())
    this.#contacts = contacts
    this.#timers = new Timers(clock)
    this.#now = () => clock.now()
    this.#wallClock = options.wallClock ?? Date.now
    this.#book = book
    this.#status = this.#newStatus()
    if (options.onEvent) this.onEvent(options.onEvent)
    this.#stopListening = options.channel.onEvent((event) => this.#hear(event))
    this.#timers.every("refresh", refreshEveryMs, () => {
      this.refresh().catch((error: unknown) => this.#fail(error))
    })
  }

  get status(): ClassicRoomStatus {
    return this.#status
  }

  /** Messages, each once; one reader. While nobody reads, at most 1,000 are kept. */
  get messages(): AsyncIterable<ClassicRoomMessage> {
    return this.#queue
  }

  /** @returns a function that stops it. */
  onEvent(listener: (event: ClassicRoomEvent) => void | Promise<void>): () => void {
    const entry = { call: listener }
    this.#listeners.add(entry)
    return () => {
      this.#listeners.delete(entry)
    }
  }

  /**
   * Leads a room here: trusted contacts who ask are let in. On a channel that is not empty, a notice
   * says that there may be another captain.
   *
   * @throws {UsageError} `in-room`, `not-connected`
   */
  async start(): Promise<void> {
    await this.refresh()
    this.#requireConnection()
    await this.#step({ kind: "start", others: this.#others() })
  }

  /**
   * Asks to be let in, with a fresh key pair. A captain who declines does not say so.
   *
   * @throws {UsageError} `in-room`, `empty-channel`, `bad-key`, `not-connected`
   * @throws {ChannelError} those of the channel
   */
  async join(options: ClassicJoinOptions = {}): Promise<ClassicJoinOutcome> {
    await this.refresh()
    this.#requireConnection()
    const { answerWithinMs = defaultAnswerWithinMs, captain, acceptUnverified = false } = options
    this.#answered?.({ kind: "no-answer" })
    const outcome = new Promise<ClassicJoinOutcome>((resolve) => {
      this.#answered = resolve
    })
    const wants = { acceptUnverified, ...(captain && { captain }) }
    await this.#step({ kind: "join", others: this.#others(), ...wants })
    this.#timers.once("answer", answerWithinMs, () => this.#answer({ kind: "no-answer" }))
    return outcome
  }

  /**
   * Encrypts, signs and sends one line. Not keyed means not sent. Resolves when the channel took it.
   *
   * @throws {UsageError} `not-in-room`, `left-out`, `captain-gone`, `nobody-here`, `text-too-long`
   *   (65,536 bytes), `bad-text` (empty, or with a line break)
   * @throws {ChannelError} those of the channel
   */
  async say(text: string): Promise<ClassicRoomMessage> {
    await this.#step({ kind: "say", text })
    const from = personOf(this.#book, this.#options.channel.ownName, this.#signer.publicKey)
    return { from, text, at: this.#wallClock(), status: "verified", isLate: false, isOwn: true }
  }

  /** Sends our identity key to one person; they decide. @throws {ChannelError} `not-connected` */
  async introduce(channelName: string): Promise<void> {
    await this.#step({ kind: "introduce", to: channelName })
  }

  /**
   * Puts a key into the contact book as trusted. As captain, whoever asked with it is let in.
   *
   * @throws {UsageError} `bad-petname`, `petname-taken`, `revoked`, `bad-key`
   */
  async trustKey(
    petname: string,
    publicKey: Uint8Array,
    options: TrustKeyOptions = {},
  ): Promise<void> {
    const acceptance = { petname, ...options }
    this.#book = await this.#contacts.updateContacts((book) =>
      acceptInto(book, publicKey, acceptance, this.#wallClock()),
    )
    await this.#step({ kind: "contacts" })
  }

  /** Captain: a new key now. @throws {UsageError} `not-captain` */
  async rotate(): Promise<void> {
    await this.#step({ kind: "rotate" })
  }

  /** Reads the contact book anew; without it, that happens within ten seconds. */
  async refresh(): Promise<void> {
    this.#book = await this.#contacts.contacts()
    await this.#step({ kind: "contacts" })
  }

  /** Leaves the channel, and with it the room; forgets all keys. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#stopListening()
    this.#timers.close()
    this.#state = outsideClassicRoom
    this.#answer({ kind: "no-answer" })
    this.#queue.end()
    await this.#options.channel.close()
  }

  #hear(event: TextChannelEvent): void {
    const { channel } = this.#options
    switch (event.kind) {
      case "line":
        return this.#hearLine(event.from, event.text, event.isPrivate)
      case "left":
        if (event.who === channel.ownName) this.#inform({ kind: "gone" })
        else this.#inform(event)
        break
      case "renamed":
        this.#inform({ kind: "renamed", who: event.who, to: event.to })
        break
      case "status":
        // The captain sees us leave, and members see the captain: both ends start anew.
        if (event.status !== "open") this.#inform({ kind: "gone" })
        break
      case "joined":
        break
    }
    this.#emit({ kind: "channel", event })
    this.#showStatus()
  }

  #hearLine(from: string, text: string, isPrivate: boolean): void {
    if (!isFragment(text)) {
      this.#emit({ kind: "cleartext", channelName: from, text, isPrivate })
      return
    }
    const { channel } = this.#options
    const target = isPrivate ? "us" : channel.address
    try {
      const packet = this.#reassembler.add({ from, target, text, atMs: this.#now() })
      if (packet !== null) this.#inform({ kind: "packet", from, isPrivate, text: packet })
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      const { code, message } = error
      this.#notify({ kind: "rejected", nick: from, code, message })
    }
  }

  /** A step that nobody waits for. */
  #inform(event: MachineEvent): void {
    this.#step(event).catch((error: unknown) => this.#fail(error))
  }

  async #step(event: MachineEvent): Promise<void> {
    if (this.#isClosed) {
      throw new UsageError("closed", "This room was closed. Open it again.")
    }
    const [state, effects] = stepClassicRoom(this.#state, event, {
      signer: this.#signer,
      contacts: this.#book,
      random: this.#options.randomBytes ?? randomBytes,
      nowMs: this.#now(),
    })
    this.#state = state
    const sent = this.#perform(effects)
    if (state.phase === "captain") {
      const inMs = Math.max(0, state.rekeyAtMs - this.#now())
      this.#timers.once("rekey", inMs, () => this.#inform({ kind: "tick" }))
    } else this.#timers.cancel("rekey")
    this.#showStatus()
    await sent
  }

  /** In order; all lines are handed to the channel at once, so that none comes between. */
  #perform(effects: readonly ClassicRoomEffect[]): Promise<unknown> {
    const sending: Promise<void>[] = []
    for (const effect of effects) {
      if (effect.kind === "send") sending.push(...this.#send(effect.text, effect.to))
      if (effect.kind === "deliver") this.#deliver(effect.message)
      if (effect.kind === "notice") this.#notify(effect.notice)
    }
    return Promise.all(sending)
  }

  #send(text: string, to: string | null): Promise<void>[] {
    const { channel } = this.#options
    const addressed = to === null ? {} : { to }
    const lineBytes = channel.maxLineBytes(to ?? undefined)
    const pieceChars = Math.min(maxPieceChars, lineBytes - fragmentOverhead)
    return fragment(text, pieceChars).map((line) => channel.send(line, addressed))
  }

  #deliver(heard: Extract<ClassicRoomEffect, { kind: "deliver" }>["message"]): void {
    const { nick, identityKey, text, isLate } = heard
    const from = personOf(this.#book, nick, identityKey)
    const status = from.trust === "verified" ? "verified" : "unverified"
    const message = { from, text, at: this.#wallClock(), status, isLate, isOwn: false } as const
    if (this.#queue.length >= maxUnread) this.#queue.shift()
    this.#queue.push(message)
    this.#emit({ kind: "message", message })
  }

  #notify(notice: Extract<ClassicRoomEffect, { kind: "notice" }>["notice"]): void {
    if (notice.kind === "joined" || notice.kind === "unverified-captain") {
      const { nick, identityKey } = notice.captain
      this.#answer({ kind: notice.kind, captain: personOf(this.#book, nick, identityKey) })
    }
    const explanation = explain(
      notice,
      ({ nick, identityKey }) => personOf(this.#book, nick, identityKey).name,
    )
    this.#emit({ kind: "notice", notice, explanation })
  }

  #answer(outcome: ClassicJoinOutcome): void {
    this.#timers.cancel("answer")
    this.#answered?.(outcome)
    this.#answered = null
  }

  #others(): string[] {
    const { channel } = this.#options
    return channel.names.filter((name) => name !== channel.ownName)
  }

  #requireConnection(): void {
    if (this.#options.channel.status === "open") return
    throw new UsageError("not-connected", "The channel is not connected. Wait until it is.")
  }

  #newStatus(): ClassicRoomStatus {
    return statusOf(this.#state, this.#book, this.#options.channel, this.#signer.publicKey)
  }

  #showStatus(): void {
    const status = this.#newStatus()
    if (sameStatus(status, this.#status)) return
    this.#status = status
    this.#emit({ kind: "status", status })
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return
    if (error instanceof ChannelError || error instanceof UsageError) {
      this.#emit({ kind: "failed", error })
    } else report(error)
  }

  #emit(event: ClassicRoomEvent): void {
    for (const { call } of [...this.#listeners]) {
      void isolated(async () => {
        await call(event)
      })
    }
  }
}
