import { ChannelError, UsageError, utf8 } from "../../bytes/index.js"
import type { TransportStatus } from "../port.js"
import type { LeaveReason, TextChannelEvent } from "../text-channel.js"
import { cleanText } from "./clean-text.js"
import type { Lane, LineQueue } from "./line-queue.js"
import { ListenerSet } from "./listener-set.js"
import type { IrcMessage } from "./message.js"
import { Names } from "./names.js"
import type { IrcTextChannel, SendIrcTextOptions } from "./options.js"
import type { OwnPrefix } from "./own-prefix.js"
import type { ServerFacts } from "./server.js"

/** What a channel needs of its connection. */
export interface ChannelUplink {
  /** As in `ircs://irc.example.org`. */
  readonly address: string
  readonly server: ServerFacts
  readonly prefix: OwnPrefix
  readonly queue: LineQueue
  /** It is closed: nothing more is for it. */
  forget(channel: IrcChannel): void
}

/** Why a server does not let us in, by its number. */
const refusals: Readonly<Record<string, string>> = {
  "403": "there is no such channel",
  "405": "we are on too many channels",
  "407": "it has too many names",
  "437": "it is not available for a while",
  "471": "the channel is full",
  "473": "it is for invited people only",
  "474": "we are banned there",
  "475": "it has a key, and this is not the right one",
  "476": "the server does not accept this name",
  "477": "one must be logged in to an account",
  "479": "the server does not accept this name",
  "480": "it is throttled or for TLS only",
  "489": "one must be connected with TLS",
  "520": "it is for operators only",
}

/** One channel of a connection; its connection tells it what it hears. */
export class IrcChannel implements IrcTextChannel, Lane {
  readonly name: string
  readonly #key: string | undefined
  readonly #uplink: ChannelUplink
  readonly #names: Names
  readonly #listeners = new ListenerSet<TextChannelEvent>()
  #status: TransportStatus = "connecting"
  #ending: ChannelError | null = null

  constructor(name: string, key: string | undefined, uplink: ChannelUplink) {
    this.name = name
    this.#key = key
    this.#uplink = uplink
    this.#names = new Names(uplink.server)
  }

  get address(): string {
    return `${this.#uplink.address}/${this.name}`
  }

  get status(): TransportStatus {
    return this.#status
  }

  get ownName(): string {
    return this.#uplink.prefix.nick
  }

  get names(): readonly string[] {
    return this.#status === "open" ? this.#names.all : []
  }

  /** Whether its lines may go out. */
  get isReady(): boolean {
    return this.#status === "open"
  }

  maxLineBytes(to?: string): number {
    return this.#uplink.prefix.maxTextBytes(to ?? this.name)
  }

  async send(text: string, options: SendIrcTextOptions = {}): Promise<void> {
    const { to, signal, urgency = "chat" } = options
    if (text === "" || /[\r\n\0]/.test(text)) {
      throw new UsageError("bad-line", "A line is not empty and has no line break and no NUL.")
    }
    this.#checkLength(text, to)
    if (this.#ending) throw this.#ending
    if (signal?.aborted) throw aborted(signal)
    const obstacle = (): ChannelError | null => this.#obstacle(to)
    const known = this.isReady ? obstacle() : null
    if (known) throw known
    await this.#uplink.queue.send({
      text: `PRIVMSG ${to ?? this.name} :${text}`,
      lane: this,
      urgency,
      signal,
      obstacle,
    })
  }

  onEvent(listener: (event: TextChannelEvent) => void): () => void {
    return this.#listeners.add(listener)
  }

  async close(): Promise<void> {
    if (this.#ending) return
    const wasIn = this.#status === "open"
    this.end(new ChannelError("closed", "This channel is closed. Join it again to send."))
    if (wasIn) this.#uplink.queue.sendNow(`PART ${this.name}`)
  }

  /** A connection is there. */
  enter(): void {
    if (this.#ending) return
    this.#names.clear()
    this.#uplink.queue.sendNow(
      this.#key === undefined ? `JOIN ${this.name}` : `JOIN ${this.name} ${this.#key}`,
    )
  }

  /** Asks who is there, where we may have been before our connection was handed to us. */
  inquire(): void {
    this.#uplink.queue.sendNow(`NAMES ${this.name}`)
  }

  lose(error: ChannelError): void {
    if (this.#ending) return
    this.#names.clear()
    if (this.#status === "open") this.#setStatus("reconnecting", error)
  }

  /** For good. `error`: what is told; `closed` is nobody's error. */
  end(error: ChannelError): void {
    if (this.#ending) return
    this.#ending = error
    this.#names.clear()
    this.#uplink.forget(this)
    this.#uplink.queue.clear(this, error)
    this.#setStatus("closed", error.code === "closed" ? undefined : error)
  }

  has(name: string): boolean {
    return this.#status === "open" && this.#names.get(name) !== null
  }

  hear(message: IrcMessage): void {
    const { command, params, source } = message
    const [, second = ""] = params
    const who = source?.name ?? ""
    switch (command) {
      case "JOIN":
        return this.#hearJoin(who)
      case "353":
        return this.#names.list(params[3] ?? "")
      case "366":
        return this.#hearEndOfNames()
      case "PART":
        return this.#isUs(who) ? this.#thrownOut("parted", params[1]) : this.leave(who, "parted")
      case "KICK":
        return this.#isUs(second)
          ? this.#thrownOut("kicked", `${who}: ${params[2] ?? ""}`)
          : this.leave(second, "kicked")
      case "PRIVMSG":
        return this.line(who, second, false)
      case "404":
        return this.#cannotSend(params.at(-1) ?? "")
      case "470":
        return this.#refused(`the server sends us to ${cleanText(params[2] ?? "another channel")}`)
      default:
        if (refusals[command] !== undefined) this.#refused(refusals[command])
    }
  }

  line(from: string, text: string, isPrivate: boolean): void {
    if (this.#status !== "open" || this.#isUs(from)) return
    this.#listeners.emit({ kind: "line", from, text, isPrivate })
  }

  leave(who: string, reason: LeaveReason): void {
    const known = this.#names.remove(who)
    if (known !== null && this.#status === "open") {
      this.#listeners.emit({ kind: "left", who: known, reason })
    }
  }

  rename(who: string, to: string, isSelf: boolean): void {
    const known = this.#names.remove(who)
    if (known === null) return
    this.#names.add(to)
    if (this.#status === "open") {
      this.#listeners.emit({ kind: "renamed", who: known, to, isSelf })
    }
  }

  #hearJoin(who: string): void {
    const isNew = this.#names.add(who)
    if (isNew && this.#status === "open") this.#listeners.emit({ kind: "joined", who })
  }

  #hearEndOfNames(): void {
    // An answer to somebody else's question changes nothing: we know who is here.
    if (this.#status === "open") return this.#names.forgetList()
    if (this.#ending) return
    this.#names.endOfList()
    if (this.#names.get(this.ownName) === null) return // we are not in yet
    this.#setStatus("open")
    this.#uplink.queue.wake()
  }

  #thrownOut(reason: "parted" | "kicked", text: string | undefined): void {
    if (this.#ending) return
    this.#listeners.emit({ kind: "left", who: this.ownName, reason })
    const words = cleanText(text ?? "").replace(/(: )?$/, "")
    const why = words === "" ? "" : ` (${words})`
    this.end(
      reason === "kicked"
        ? new ChannelError(
            "kicked",
            `We were put out of ${this.name}${why}. Ask there, or join again.`,
          )
        : new ChannelError(
            "parted",
            `We are no longer on ${this.name}${why}. Join it again to send.`,
          ),
    )
  }

  #refused(why: string): void {
    if (this.#status === "open") return
    this.end(new ChannelError("refused", `${this.name} can not be joined: ${why}.`))
  }

  #cannotSend(text: string): void {
    const error = new ChannelError(
      "send-failed",
      `The server did not pass a line on to ${this.name}: ${cleanText(text)}.`,
    )
    this.#listeners.emit({ kind: "status", status: this.#status, error })
  }

  #obstacle(to: string | undefined): ChannelError | null {
    if (to === undefined || this.#names.get(to) !== null) return null
    return new ChannelError("not-connected", `${cleanText(to)} is not on ${this.name}.`)
  }

  #checkLength(text: string, to: string | undefined): void {
    const { length } = utf8(text)
    const most = this.maxLineBytes(to)
    if (length <= most) return
    throw new UsageError(
      "line-too-long",
      `The line has ${length} bytes, and at most ${most} arrive whole. Split it.`,
    )
  }

  #isUs(name: string): boolean {
    const { server, prefix } = this.#uplink
    return server.fold(name) === server.fold(prefix.nick)
  }

  #setStatus(status: TransportStatus, error?: ChannelError): void {
    this.#status = status
    this.#listeners.emit({ kind: "status", status, ...(error && { error }) })
  }
}

function aborted(signal: AbortSignal): ChannelError {
  return new ChannelError("aborted", "Sending was given up before the server took the line.", {
    cause: signal.reason,
  })
}
