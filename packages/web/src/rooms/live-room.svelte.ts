import type { KeyRing } from "stringphone/keyring"
import type { RoomEvent, RoomSession, RoomStatus, StartRoomOptions } from "stringphone/session/room"
import type { TransportStatus } from "stringphone/transport"
import { codeOf, sentenceOf } from "../lib/sentence.ts"
import { messageEntry, pendingEntry, type RoomEntry, withinLimits } from "./room-entry.ts"
import type { RoomLine } from "./room-line.ts"
import { RoomLog } from "./room-log.ts"
import { type Note, noteOf } from "./room-note.ts"
import { placeName, type RoomRecord } from "./room-record.ts"

/** A sentence that was said among the last so many entries is counted, not said again. */
const repeatedWithin = 12

const farewellMs = 2_000

interface Channel {
  readonly status: TransportStatus
  readonly error: string | null
}

/** One room that is open: what the page shows of it, and what a person can do. */
export class LiveRoom {
  readonly record: RoomRecord
  status = $state.raw<RoomStatus | null>(null)
  channel = $state.raw<Channel>({ status: "connecting", error: null })
  entries = $state.raw<readonly RoomEntry[]>([])
  /** What came while nobody looked. */
  unread = $state(0)
  /** The first of it; stays until the person says something or looks away again. */
  firstUnread = $state<number | null>(null)
  /** What is being typed; survives a look at another view. */
  draft = $state("")
  /** How the last attempt to start or to join ended, in a sentence. */
  answer = $state("")
  /** Another room was in the way of a new one. */
  isOtherInTheWay = $state(false)
  doing = $state<"starting" | "joining" | null>(null)

  #session: RoomSession | null = null
  #line: RoomLine | null = null
  #log: RoomLog | null = null
  #next = 1
  #isWatched = false
  #giveUp: AbortController | null = null
  /** How a room is to be started, also at the second attempt. */
  #wanted: StartRoomOptions = {}

  constructor(record: RoomRecord) {
    this.record = record
  }

  get name(): string {
    return placeName(this.record.place)
  }

  /** Takes over the line; closed with the room. */
  async open(ring: KeyRing, line: RoomLine): Promise<void> {
    this.#line = line
    const { id, ownName } = this.record
    this.#log = new RoomLog(ring.store, id)
    this.entries = await this.#log.load()
    this.#next = (this.entries.at(-1)?.n ?? 0) + 1
    const { transport } = line
    this.channel = { status: transport.status, error: null }
    // MLS comes along; who never goes to a room does not load it.
    const { openRoom } = await import("stringphone/session/room")
    const session = await openRoom({
      store: ring.store,
      identity: ring.identity,
      contacts: ring,
      transport,
      name: id,
      ownName,
      onEvent: (event) => this.#hear(event),
    })
    this.#session = session
    this.channel = { ...this.channel, status: transport.status }
    this.status = session.status
    void this.#read(session)
  }

  async close(): Promise<void> {
    const session = this.#session
    this.#session = null
    this.#giveUp?.abort()
    const closed = session?.close()
    // What is on its way may go; what waits for a lost connection may not keep us.
    await Promise.race([closed, pause(farewellMs)])
    await this.#line?.close()
    await closed
    await this.#log?.close()
  }

  /** The contact book has changed. */
  async refresh(): Promise<void> {
    await this.#session?.refresh()
  }

  async start(options: StartRoomOptions = {}): Promise<void> {
    const besideOther = this.isOtherInTheWay
    this.#wanted = { ...this.#wanted, ...options }
    await this.#enter("starting", (session) => session.start({ ...this.#wanted, besideOther }))
  }

  /** Asks to be let in, and waits for the captain. */
  async join(): Promise<void> {
    await this.#enter("joining", async (session) => {
      this.#giveUp = new AbortController()
      const outcome = await session.join({ signal: this.#giveUp.signal })
      if (outcome.kind === "no-room") {
        this.answer = "Nobody answered who leads a room here. Start one, or try again later."
      }
      if (outcome.kind === "declined") {
        const because = outcome.reason === "" ? "without a reason." : `“${outcome.reason}”`
        this.answer = `The captain declined: ${because}`
      }
    })
  }

  stopAsking(): void {
    this.#giveUp?.abort()
  }

  async say(text: string): Promise<void> {
    const session = this.#require()
    const pending = pendingEntry(text, this.#next++, Date.now())
    this.firstUnread = null
    this.#add(pending)
    try {
      const message = await session.say(text)
      this.#replace(
        pending,
        messageEntry({ ...message, from: { ...message.from, name: "you" } }, pending.n),
      )
    } catch (error) {
      this.#replace(pending, { ...pending, sending: "not sent" })
      this.note({ tone: "alarm", text: sentenceOf(error) })
    }
  }

  /** What only a session can do, as `remove`; its errors are the caller's. */
  async act(work: (session: RoomSession) => Promise<void>): Promise<void> {
    await work(this.#require())
  }

  /** Leaves for good. */
  async leave(): Promise<void> {
    await Promise.race([this.#session?.leave(), pause(farewellMs)])
    await this.close()
  }

  note({ text, tone }: Note): void {
    const lately = this.entries.slice(-repeatedWithin)
    const same = lately.find((entry) => entry.kind === "note" && entry.text === text)
    if (same?.kind === "note") return this.#replace(same, { ...same, times: same.times + 1 })
    this.#add({ kind: "note", n: this.#next++, at: Date.now(), tone, text, times: 1 })
  }

  /** Whether a person looks at it now. */
  watch(isWatched: boolean): void {
    this.#isWatched = isWatched
    if (isWatched) this.unread = 0
    else if (this.unread === 0) this.firstUnread = null
  }

  async #enter(
    what: "starting" | "joining",
    work: (session: RoomSession) => Promise<void>,
  ): Promise<void> {
    if (this.doing) return
    this.doing = what
    this.answer = ""
    this.isOtherInTheWay = false
    try {
      await work(this.#require())
    } catch (error) {
      this.isOtherInTheWay = codeOf(error) === "other-room"
      if (codeOf(error) !== "aborted") this.answer = sentenceOf(error)
    } finally {
      this.doing = null
      this.#giveUp = null
    }
  }

  #require(): RoomSession {
    if (!this.#session) throw new Error("The room is not open.")
    return this.#session
  }

  async #read(session: RoomSession): Promise<void> {
    for await (const message of session.messages) {
      if (this.#session !== session) return
      // Said once more by ourselves: it is there already.
      const isKnown = this.entries.some(
        (entry) => entry.kind === "message" && entry.id === message.id,
      )
      if (isKnown) continue
      this.#arrived(messageEntry(message, this.#next++))
    }
  }

  #hear(event: RoomEvent): void {
    if (event.kind === "status") this.status = event.status
    if (event.kind === "channel" && event.event.kind === "status") {
      const { error, status } = event.event
      this.channel = { status, error: error?.message ?? null }
    }
    if (event.kind === "cleartext") {
      const { channelName: name, text } = event
      this.#arrived({ kind: "cleartext", n: this.#next++, at: Date.now(), name, text })
    }
    const note = noteOf(event)
    if (note) this.note(note)
  }

  #arrived(entry: RoomEntry): void {
    if (!this.#isWatched) {
      this.unread += 1
      this.firstUnread ??= entry.n
    }
    this.#add(entry)
  }

  #add(entry: RoomEntry): void {
    this.entries = withinLimits([...this.entries, entry])
    this.#log?.changed(this.entries)
  }

  #replace(before: RoomEntry, after: RoomEntry): void {
    this.entries = this.entries.map((entry) => (entry.n === before.n ? after : entry))
    this.#log?.changed(this.entries)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
