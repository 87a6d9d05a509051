import type {
  RoomEvent,
  RoomMember,
  RoomMessage,
  RoomSessionApi,
  RoomStatus,
} from "stringphone/session/room"
import { eventNote } from "../room/event-note.js"
import { RequestBook } from "../room/request-book.js"
import { silenceReason, statusText } from "../room/status-text.js"
import { notice } from "./audience.js"
import type { Client } from "./client.js"
import { errorText } from "./from-client.js"
import { hints } from "./hints.js"
import { line } from "./line.js"
import { type ModeChange, modeParameters } from "./modes.js"
import { foldNick, proxyPrefix } from "./names.js"
import { isProgramRequest } from "./noise.js"
import type { Parts } from "./parts.js"
import { memberLines, memberPrefix } from "./sender.js"

/** One guarded channel: its room, if we are in one, and how clients see that. */
export class RoomChannel {
  readonly name: string
  readonly requests: RequestBook = new RequestBook()
  readonly #parts: Omit<Parts, "rooms">
  readonly #shownIds = new Set<string>()
  #session: RoomSessionApi | null = null
  #opening: Promise<RoomSessionApi> | null = null
  #shownMarks = new Map<string, string>()
  #shownStatus = ""
  #sent: Promise<unknown> = Promise.resolve()
  #refusedAtMs = -Infinity

  constructor(name: string, parts: Omit<Parts, "rooms">) {
    this.name = name
    this.#parts = parts
  }

  get session(): RoomSessionApi | null {
    return this.#session
  }

  get marks(): ReadonlyMap<string, string> {
    return this.#shownMarks
  }

  /** Whether somebody of this nick is in the room. */
  hasMember(nick: string): boolean {
    return this.#shownMarks.has(foldNick(nick))
  }

  /** Shows the room of a new session from now on, unless there is one. */
  async open(make: () => Promise<RoomSessionApi>): Promise<RoomSessionApi> {
    if (this.#session) return this.#session
    this.#opening ??= make()
      .then((session) => this.#use(session))
      .finally(() => (this.#opening = null))
    return this.#opening
  }

  #use(session: RoomSessionApi): RoomSessionApi {
    this.#session = session
    session.onEvent((event) => {
      if (this.#session === session) this.#hear(event)
    })
    void this.#read(session)
    this.#hearStatus(session.status)
    return session
  }

  async close(): Promise<void> {
    await this.#opening?.catch(() => {})
    const session = this.#session
    this.#session = null
    this.#shownStatus = ""
    await session?.close()
    this.refreshMarks()
  }

  /** The names of the channel are told anew. */
  restart(): void {
    this.#shownMarks = this.#currentMarks()
  }

  /** Somebody left, or goes by another name. */
  forget(nick: string, newNick: string | null): void {
    const marks = this.#shownMarks.get(foldNick(nick))
    this.#shownMarks.delete(foldNick(nick))
    if (marks !== undefined && newNick !== null) this.#shownMarks.set(foldNick(newNick), marks)
  }

  /** Shows, by modes, who is in the room. */
  refreshMarks(): void {
    const place = this.#parts.network.place(this.name)
    if (!place) return
    const next = this.#currentMarks()
    const changes: ModeChange[] = []
    for (const { nick } of place.seats.values()) {
      const [before, after] = [this.#shownMarks, next].map((all) => all.get(foldNick(nick)) ?? "")
      for (const letter of "ohv") {
        const isSet = after?.includes(letter) ?? false
        if (isSet !== before?.includes(letter)) changes.push({ isSet, letter, argument: nick })
      }
    }
    this.#shownMarks = next
    for (let at = 0; at < changes.length; at += 3) {
      const parameters = modeParameters(changes.slice(at, at + 3))
      this.#parts.audience.tell(line(proxyPrefix, "MODE", place.name, ...parameters))
    }
  }

  /** Encrypts and sends. Not keyed means not sent. */
  say(client: Client, text: string): void {
    if (isProgramRequest(text)) {
      return this.#refuse(client, "requests between programs (CTCP) do not go through a room.")
    }
    if (this.#opening) {
      // What was typed a moment too early need not be typed again.
      this.#opening.then(
        () => this.say(client, text),
        (error: unknown) => this.#refuse(client, errorText(error)),
      )
      return
    }
    const session = this.#session
    const reason = session ? silenceReason(session.status) : "You are in no room here."
    if (!session || reason !== null)
      return this.#refuse(client, `${reason ?? ""} ${this.#advice()}`)
    const said = this.#sent.then(() => session.say(text))
    this.#sent = said.then(
      (message) => this.#showOwn(message, client),
      (error: unknown) => this.#refuse(client, errorText(error)),
    )
  }

  /** Tells all clients, and those who come later. */
  tell(text: string): void {
    const atMs = Date.now()
    for (const one of notice(this.name, hints(text, this.name))) {
      this.#parts.history.add(this.name, one, atMs)
      this.#parts.audience.tell(one, { atMs })
    }
  }

  #refuse(client: Client, reason: string): void {
    for (const one of notice(this.name, `NOT SENT: ${hints(reason.trim(), this.name)}`)) {
      client.send(one)
    }
  }

  #advice(): string {
    const phase = this.#session?.status.phase ?? "outside"
    if (phase === "joining" || phase === "stranded") return ""
    return `To talk here, /join-room or /start-room. To talk without encryption from now on: /cleartext on`
  }

  #hear(event: RoomEvent): void {
    switch (event.kind) {
      case "status":
        return this.#hearStatus(event.status)
      case "cleartext": // seen on its way from the server
      case "channel":
        return
      case "rejected":
        // Anybody can make as many of these as they like.
        if (Date.now() - this.#refusedAtMs < rejectedPauseMs) return
        this.#refusedAtMs = Date.now()
        break
      default:
    }
    const shown = event.kind === "request" ? this.requests.meet(event.request) : eventNote(event)
    if (shown?.kind === "note") this.tell(shown.text)
  }

  #hearStatus(status: RoomStatus): void {
    this.refreshMarks()
    const place = { channel: this.name, isConnected: true, sawCleartext: false, sending: 0 }
    // Whether there is a room is not known yet, or told by whoever asked.
    if (status.phase === "outside" || status.phase === "joining") return
    // A new epoch alone is no news.
    const text = statusText(status, place)
    const news = text.replace(/ · epoch \d+/, "")
    if (news === this.#shownStatus) return
    this.#shownStatus = news
    this.tell(text)
  }

  async #read(session: RoomSessionApi): Promise<void> {
    for await (const message of session.messages) {
      if (message.isOwn) this.#showOwn(message, null)
      else if (this.#isNew(message)) this.#show(message)
    }
  }

  #show(message: RoomMessage): void {
    const { audience, history } = this.#parts
    const prefix = memberPrefix(message.from, message.status)
    if (message.isFromOtherSide)
      this.tell(
        `The next message of ${message.from.name} came late, from the other side of the split.`,
      )
    for (const text of memberLines(message.text)) {
      const said = line(prefix, "PRIVMSG", this.name, text)
      history.add(this.name, said, message.at)
      audience.tell(said, { atMs: message.at })
    }
  }

  #showOwn(message: RoomMessage, speaker: Client | null): void {
    if (!this.#isNew(message)) return
    const { audience, history, network } = this.#parts
    for (const text of memberLines(message.text)) {
      const said = line(network.prefix, "PRIVMSG", this.name, text)
      history.add(this.name, said, message.at)
      if (speaker) audience.tellOwn(said, speaker, message.at)
      else audience.tell(said, { atMs: message.at })
    }
  }

  #isNew({ id }: RoomMessage): boolean {
    if (this.#shownIds.has(id)) return false
    this.#shownIds.add(id)
    const [oldest] = this.#shownIds
    // Only what was said just now can come twice.
    if (this.#shownIds.size > maxShownIds && oldest !== undefined) this.#shownIds.delete(oldest)
    return true
  }

  #currentMarks(): Map<string, string> {
    const { status } = this.#session ?? {}
    if (status?.phase !== "member") return new Map()
    const own = this.#parts.network.nick
    return new Map(
      status.members.flatMap((member) => {
        const nick = member.isSelf ? own : member.channelName
        return nick === null ? [] : [[foldNick(nick), marksOf(member)] as const]
      }),
    )
  }
}

function marksOf({ isCaptain, isSelf, trust }: RoomMember): string {
  return `${isCaptain ? "o" : ""}${isSelf || trust === "verified" ? "h" : "v"}`
}

const rejectedPauseMs = 10_000
const maxShownIds = 5_000
