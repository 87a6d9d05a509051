import { ChannelError, PeerError, UsageError, utf8 } from "../../bytes/index.js"
import { randomBytes } from "../../crypto/index.js"
import { contactByKey, trustOf } from "../../identity/index.js"
import {
  defaultTiming,
  Effects,
  Room,
  type RoomMachineEvent,
  type RoomSend,
  type RoomTime,
} from "../../room/index.js"
import { type Clock, systemClock, type TransportEvent } from "../../transport/index.js"
import { report } from "../isolated.js"
import { MessageQueue } from "../message-queue.js"
import { Timers } from "../timers.js"
import type { Contacts } from "../topic-events.js"
import { RoomStore } from "./room-store.js"
import type {
  OpenRoomOptions,
  RoomEvent,
  RoomJoinOutcome,
  RoomMessage,
  RoomSessionApi,
  RoomStatus,
  StartRoomOptions,
} from "./room-types.js"
import { cleanText, RoomView } from "./room-view.js"

const tickMs = 1_000
const quietMs = 5_000
const flushMs = 2_000
const contactsEveryMs = 2_000
/** [ROOM-7-9] */
const probeMs = 2_500
const maxUnread = 1_000
const maxNameBytes = 64

/**
 * Opens a room on a channel: the one that the store has, or none yet (`start`, `join`). Everything is
 * saved before it is sent.
 *
 * @throws {UsageError} `bad-room-name`, `bad-own-name`
 * @throws {ChannelError} `room-corrupt`, `room-newer`, and those of the store
 * @example
 * const room = await openRoom({ store, identity, contacts, transport })
 * await room.start({ title: "Kitchen" })
 * await room.say("Hello")
 */
export async function openRoom(options: OpenRoomOptions): Promise<RoomSession> {
  const { ownName = "" } = options
  if (utf8(ownName).length > maxNameBytes) {
    throw new UsageError("bad-own-name", "An own name has at most 64 bytes. Choose a shorter one.")
  }
  const contacts = options.contacts ?? inMemory()
  const store = await RoomStore.open(options.store, options.name ?? "room")
  const session = new RoomSession(options, contacts, store)
  await session.begin()
  return session
}

/** In a box: what an async function returns is waited for, and this is not. */
interface Sent {
  /** All was handed to the channel (nothing), or something failed. */
  readonly sent: Promise<unknown>
}

/** One room, alive. */
export class RoomSession implements RoomSessionApi {
  readonly messages: AsyncIterable<RoomMessage>
  readonly #options: OpenRoomOptions
  readonly #clock: Clock
  readonly #wallClock: () => number
  readonly #contacts: Contacts
  readonly #store: RoomStore
  readonly #room: Room
  readonly #view: RoomView
  readonly #queue = new MessageQueue<RoomMessage>(() => undefined)
  readonly #timers: Timers
  readonly #listeners = new Set<(event: RoomEvent) => void>()
  /** One transition after the other. */
  #work: Promise<unknown> = Promise.resolve()
  #sending: Promise<unknown> = Promise.resolve()
  #status: RoomStatus
  #statusMark = ""
  #joining: ((outcome: RoomJoinOutcome) => void) | null = null
  #wasOpen = false
  /** Something is in the log that is not in the whole state. */
  #isLogged = false
  #loggedAt = 0
  #isClosed = false

  /** @internal */
  constructor(options: OpenRoomOptions, contacts: Contacts, store: RoomStore) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#wallClock = options.wallClock ?? Date.now
    this.#contacts = contacts
    this.#store = store
    this.#timers = new Timers(this.#clock)
    this.messages = this.#queue
    const { capabilities } = options.transport
    this.#room = new Room({
      identity: options.identity,
      ownName: options.ownName ?? "",
      timing: { ...defaultTiming, ...options.timing },
      // A name that no message carries says nothing about a member.
      hasPresence: capabilities.presence && capabilities.addressed,
      randomBytes,
      admission: (key) => this.#admission(key),
      standing: (key) => trustOf(contactByKey(this.#view.book, key)).state,
    })
    this.#view = new RoomView(this.#room, [])
    this.#status = this.#view.status(this.#time())
  }

  get status(): RoomStatus {
    return this.#status
  }

  onEvent(listener: (event: RoomEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** @internal */
  async begin(): Promise<void> {
    this.#view.book = await this.#contacts.contacts()
    const { transport, onEvent } = this.#options
    if (onEvent) this.onEvent((event) => void onEvent(event))
    const { state, log } = this.#store.saved
    if (state) {
      await this.#room.restore(state, log, this.#time())
      await this.#store.save(this.#room)
    }
    transport.onEvent((event) => void this.#run(async (out) => this.#hear(event, out)))
    void this.#receive()
    this.#timers.every("tick", tickMs, () => {
      if (transport.status !== "open") return
      void this.#run((out) => this.#tick(out))
    })
    this.#timers.every("contacts", contactsEveryMs, () => void this.refresh())
    await this.#run(async (out) => {
      if (transport.status === "open") await this.#opened(out)
    })
  }

  async start(options: StartRoomOptions = {}): Promise<void> {
    const { title = "", isDeniable = false, besideOther = false } = options
    if (!besideOther) {
      await this.#do((out) => this.#room.probe(this.#time(), out))
      await new Promise<void>((resolve) => this.#timers.once("probe", probeMs, resolve))
      const isTaken = this.#room.isRoomOffered
      this.#room.stopJoining()
      if (isTaken) {
        this.#refreshStatus()
        throw new UsageError(
          "other-room",
          "Somebody leads a room on this channel already. Join it, or start another one beside it.",
        )
      }
    }
    await this.#do((out) => this.#room.found({ title, isDeniable }, this.#time(), out))
  }

  async join(
    options: { readonly captain?: Uint8Array; readonly signal?: AbortSignal } = {},
  ): Promise<RoomJoinOutcome> {
    const { captain = null, signal } = options
    signal?.throwIfAborted()
    await this.#do((out) => this.#room.join(captain, this.#time(), out))
    return new Promise<RoomJoinOutcome>((resolve, reject) => {
      const giveUp = (): void => {
        this.#joining = null
        this.#room.stopJoining()
        this.#refreshStatus()
        reject(new ChannelError("aborted", "The attempt to join was given up."))
      }
      signal?.addEventListener("abort", giveUp, { once: true })
      this.#joining = (outcome) => {
        signal?.removeEventListener("abort", giveUp)
        this.#joining = null
        resolve(outcome)
      }
    })
  }

  async say(
    text: string,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<RoomMessage> {
    const said: RoomMessage[] = []
    const { sent } = await this.#do(async (out) => {
      const heard = await this.#room.say(text, this.#time(), out)
      said.push(this.#view.message(heard, this.#time()))
    }, signal)
    const failure = await sent
    if (failure instanceof Error) throw failure
    return said[0] as RoomMessage
  }

  async admit(requestId: string): Promise<void> {
    await this.#do((out) =>
      this.#room.requireMember().captaincy.admit(requestId, this.#time(), out),
    )
  }

  async decline(requestId: string, reason = ""): Promise<void> {
    if (utf8(reason).length > 200) {
      throw new UsageError("bad-reason", "A reason has at most 200 bytes. Make it shorter.")
    }
    await this.#do((out) => this.#room.requireMember().captaincy.decline(requestId, reason, out))
  }

  async remove(publicKey: Uint8Array): Promise<void> {
    await this.#do((out) =>
      this.#room.requireMember().captaincy.remove(publicKey, this.#time(), out),
    )
  }

  async rotate(): Promise<void> {
    await this.#do((out) => this.#room.requireMember().captaincy.rotate(this.#time(), out))
  }

  async abdicate(publicKey?: Uint8Array): Promise<void> {
    await this.#do((out) => this.#room.abdicate(publicKey ?? null, this.#time(), out))
  }

  async takeOver(): Promise<void> {
    await this.#do((out) => this.#room.requireMember().handover.takeOver(this.#time(), out))
  }

  async leave(): Promise<void> {
    const { sent } = await this.#do((out) => this.#room.leave(this.#time(), out))
    await sent
  }

  async refresh(): Promise<void> {
    try {
      this.#view.book = await this.#contacts.contacts()
      this.#refreshStatus()
    } catch (error) {
      this.#failed(error)
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#timers.close()
    await this.#work.catch(() => undefined)
    if (this.#isLogged) await this.#store.save(this.#room).catch(() => undefined)
    await this.#flushed()
    await this.#options.transport.close()
    this.#queue.end()
  }

  /** What is on its way gets a moment; nobody waits for a connection that is gone. */
  async #flushed(): Promise<void> {
    if (this.#options.transport.status !== "open") return
    let cancel = (): void => undefined
    const moment = new Promise<void>((resolve) => {
      cancel = this.#clock.schedule(flushMs, resolve)
    })
    await Promise.race([this.#sending, moment])
    cancel()
  }

  #time(): RoomTime {
    return { now: this.#clock.now(), wall: this.#wallClock() }
  }

  #admission(key: Uint8Array): "admit" | "ask" | "revoked" {
    const { state } = trustOf(contactByKey(this.#view.book, key))
    if (state === "revoked") return "revoked"
    const { admit = "contacts" } = this.#options
    const isKnown = state === "trusted" || state === "verified"
    return admit === "everyone" || (admit === "contacts" && isKnown) ? "admit" : "ask"
  }

  async #tick(out: Effects): Promise<void> {
    await this.#room.tick(this.#time(), out)
    // Keys that are used up shall not stay in the store for long.
    const isQuiet = this.#clock.now() - this.#loggedAt >= quietMs
    if (this.#isLogged && isQuiet) out.saveAll()
  }

  async #receive(): Promise<void> {
    for await (const { bytes, from } of this.#options.transport.messages) {
      await this.#run((out) => this.#room.receive(bytes, from, this.#time(), out))
      if (this.#isClosed) return
    }
  }

  async #hear(event: TransportEvent, out: Effects): Promise<void> {
    const { presence } = this.#room
    this.#emit({ kind: "channel", event })
    switch (event.kind) {
      case "joined":
        return presence.joined(event.who)
      case "left":
        return presence.left(event.who, event.reason ?? "quit", this.#time())
      case "renamed":
        return presence.renamed(event.who, event.to)
      case "cleartext":
        return this.#emit({
          kind: "cleartext",
          channelName: cleanText(event.who),
          text: event.text,
        })
      case "status":
        if (event.status === "open") return this.#opened(out)
        this.#wasOpen = false
        return this.#room.interrupted()
      default:
        return
    }
  }

  async #opened(out: Effects): Promise<void> {
    if (this.#wasOpen) return
    this.#wasOpen = true
    for (const name of this.#options.transport.present ?? []) this.#room.presence.joined(name)
    await this.#room.returned(this.#time(), out)
  }

  /** A command: what it throws is the caller's. @returns when all was handed to the channel. */
  async #do(
    transition: (out: Effects) => Promise<void> | void,
    signal?: AbortSignal,
  ): Promise<Sent> {
    if (this.#isClosed) throw new UsageError("closed", "This room was closed. Open it again.")
    let sent: Sent = { sent: Promise.resolve() }
    const done = this.#work.then(async () => {
      const out = new Effects()
      try {
        await transition(out)
      } finally {
        sent = await this.#perform(out, signal)
      }
    })
    this.#work = done.catch(() => undefined)
    await done
    return sent
  }

  /** Something happened: what fails is told. */
  async #run(transition: (out: Effects) => Promise<void>): Promise<void> {
    if (this.#isClosed) return
    try {
      await this.#do(transition)
    } catch (error) {
      this.#failed(error)
    }
  }

  /** Save, send, tell: in this order. */
  async #perform(out: Effects, signal?: AbortSignal): Promise<Sent> {
    if (out.save !== "nothing") {
      const saved = await this.#store.save(this.#room, out.save)
      this.#isLogged = saved === "log"
      this.#loggedAt = this.#clock.now()
    }
    const sent = out.sends.map((send) => this.#send(send, signal))
    for (const event of out.events) this.#tell(event)
    this.#refreshStatus()
    return { sent: Promise.all(sent).then((errors) => errors.find((error) => error !== null)) }
  }

  /** @returns what went wrong, which was told as well; `null`: nothing */
  async #send({ bytes, to }: RoomSend, signal?: AbortSignal): Promise<unknown> {
    const { transport } = this.#options
    const isAddressed = to !== null && transport.capabilities.addressed
    const sent = this.#sending.then(() =>
      transport.send(bytes, { ...(isAddressed && { to }), ...(signal && { signal }) }),
    )
    this.#sending = sent.catch(() => undefined)
    try {
      await sent
      return null
    } catch (error) {
      // Who has gone meanwhile needs no answer.
      if (error instanceof ChannelError && error.code === "not-connected") return null
      if (!this.#isClosed) this.#failed(error)
      return error
    }
  }

  #tell(event: RoomMachineEvent): void {
    const time = this.#time()
    const { status } = this
    switch (event.kind) {
      case "message": {
        const message = this.#view.message(event.message, time)
        if (this.#queue.length >= maxUnread) this.#queue.shift()
        this.#queue.push(message)
        return this.#emit({ kind: "message", message })
      }
      case "joined":
        return this.#emit({ kind: "joined", member: this.#view.member(event.member, time) })
      case "left": {
        const { reason } = event
        const before = status.members.find(
          ({ publicKey }) => publicKey.join() === event.member.identityKey.join(),
        )
        const member = before ?? this.#view.member(event.member, time)
        return this.#emit({ kind: "left", member, by: this.#view.member(event.by, time), reason })
      }
      case "captain":
        return this.#emit({
          kind: "captain",
          captain: this.#view.member(event.captain, time),
          how: event.how,
        })
      case "gap":
        return this.#emit({
          kind: "gap",
          seenBy: this.#view.member(event.seenBy, time),
          missing: event.missing,
        })
      case "split":
        return this.#emit({
          kind: "split",
          with: event.with && this.#view.member(event.with, time),
          explanation: event.explanation,
        })
      case "election":
        return this.#emit({
          kind: "election",
          candidate: this.#view.member(event.candidate, time),
          explanation: event.explanation,
        })
      case "request":
        return this.#emit({ kind: "request", request: this.#view.request(event.request) })
      case "removed":
        return this.#emit({ kind: "removed", by: this.#view.member(event.by, time) })
      case "healed":
        return this.#emit({ kind: "healed" })
      case "entered":
        return this.#joining?.({ kind: "joined" })
      case "declined":
        return this.#joining?.({ kind: "declined", reason: cleanText(event.reason) })
      case "no-room":
        return this.#joining?.({ kind: "no-room" })
      case "rejected": {
        const { error, encoded } = event
        return this.#emit({ kind: "rejected", code: error.code, message: error.message, encoded })
      }
    }
  }

  #refreshStatus(): void {
    const status = this.#view.status(this.#time())
    const mark = markOf(status)
    if (mark === this.#statusMark) return
    this.#statusMark = mark
    this.#status = status
    this.#emit({ kind: "status", status })
  }

  #failed(error: unknown): void {
    if (error instanceof ChannelError || error instanceof UsageError) {
      this.#emit({ kind: "failed", error })
    } else if (!(error instanceof PeerError)) report(error)
  }

  #emit(event: RoomEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        report(error)
      }
    }
  }
}

/** What of a status matters to whoever shows it; silence counts in steps of ten seconds. */
function markOf(status: RoomStatus): string {
  const { captain, captainSilentMs, members, requests, roomId, split, ...plain } = status
  return JSON.stringify([
    plain,
    roomId?.join(),
    captain?.publicKey.join(),
    captainSilentMs === null ? null : Math.floor(captainSilentMs / 10_000),
    split?.explanation,
    requests.map(({ id, contact }) => [id, contact?.petname]),
    members.map(({ publicKey, name, trust, channelName, isPresent }) => [
      publicKey.join(),
      name,
      trust,
      channelName,
      isPresent,
    ]),
  ])
}

function inMemory(): Contacts {
  let book: Awaited<ReturnType<Contacts["contacts"]>> = []
  return {
    contacts: async () => book,
    updateContacts: async (change) => (book = change(book)),
  }
}
