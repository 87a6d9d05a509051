import { ChannelError, base85Capacity } from "../../bytes/index.js"
import { systemClock } from "../clock.js"
import { Inbox } from "../inbox.js"
import { Listeners } from "../listeners.js"
import { Outbox, type Outlet, type OutgoingMessage } from "../outbox.js"
import type {
  IncomingMessage,
  SendOptions,
  Transport,
  TransportCapabilities,
  TransportEvent,
  TransportStatus,
} from "../port.js"
import type { SendLineOptions, TextChannel, TextChannelEvent } from "../text-channel.js"
import { channelTag } from "./channel-tag.js"
import { MissingPieces } from "./missing-pieces.js"
import type { Urgency } from "./options.js"
import { Presence } from "./presence.js"
import { Reassembly } from "./reassembly.js"
import { type SentMessage, SentMessages } from "./sent-messages.js"
import {
  type Range,
  type Request,
  type TextLine,
  encodeTextLine,
  lineStart,
  messageIdBytes,
  partOverhead,
  tryDecodeTextLine,
  wholeOverhead,
} from "./text-line.js"
import { type TextTransportOptions, largestMessage } from "./text-transport-options.js"

/** Lines of Flute, which classic rooms read. [IRC-2-2] */
const fluteStart = "?VLA"

/** A channel that takes an urgency understands it; others look over it. */
type Sending = SendLineOptions & { readonly urgency?: Urgency }

/**
 * Messages of bytes over any channel of lines, spec/irc.md §2 and §3. A message that fits goes in one
 * line; others go in pieces, and who misses a piece asks for it. The channel may be used for other
 * things at the same time: lines that are not ours come as `cleartext` events.
 *
 * Who is there is told as `joined`, to the first listener also of those who came before it.
 *
 * @example
 * const transport = ircTransport(connection.channel("#kitchen"))
 * await transport.send(bytes)
 */
export function ircTransport(channel: TextChannel, options: TextTransportOptions = {}): Transport {
  return new TextTransport(channel, options)
}

/** What {@link ircTransport} gives. */
export class TextTransport implements Transport {
  readonly messages: AsyncIterable<IncomingMessage>
  readonly capabilities: TransportCapabilities
  readonly #channel: TextChannel
  readonly #options: TextTransportOptions
  readonly #tag: number
  readonly #inbox: Inbox
  readonly #outbox: Outbox
  readonly #listeners = new Listeners()
  readonly #presence: Presence
  readonly #reassembly: Reassembly
  readonly #missing: MissingPieces
  readonly #sent: SentMessages
  /** The same message tried again keeps its name, so that pieces of both fit together. */
  readonly #ids = new WeakMap<OutgoingMessage, Uint8Array>()
  readonly #stopListening: () => void
  /** Lets go of what was made for this transport alone. */
  readonly #release: () => Promise<void>
  /** The lines that wait to be sent over the present connection; `null` while there is none. */
  #waiting: Set<AbortController> | null = null
  #isClosed = false

  constructor(
    channel: TextChannel,
    options: TextTransportOptions,
    release: () => Promise<void> = async () => {},
  ) {
    this.#release = release
    const maxMessageBytes = Math.min(options.maxMessageBytes ?? largestMessage, largestMessage)
    const clock = options.clock ?? systemClock
    this.#channel = channel
    this.#options = options
    this.#tag = channelTag(channel.address)
    this.capabilities = {
      maxMessageBytes,
      ordered: options.isUrgent === undefined,
      addressed: true,
      presence: true,
      echo: false,
      retained: false,
    }
    this.#inbox = new Inbox(options.inbox ?? {}, {
      dropped: (count) => this.#listeners.emit({ kind: "dropped", count }),
    })
    this.messages = this.#inbox
    this.#outbox = new Outbox(() => maxMessageBytes, options.backlog)
    this.#presence = new Presence(channel, (event) => this.#listeners.emit(event))
    this.#reassembly = new Reassembly({ maxMessageBytes })
    this.#sent = new SentMessages(clock)
    this.#missing = new MissingPieces(
      clock,
      options.resend ?? {},
      ({ from, id }, ranges) =>
        this.#whisper(from, { kind: "request", tag: this.#tag, id, ranges }),
      (incomplete) => {
        this.#reassembly.drop(incomplete)
        this.#inbox.countDropped()
      },
    )
    this.#stopListening = channel.onEvent((event) => this.#hear(event))
    if (channel.status === "open") this.#open()
    if (channel.status === "closed") void this.close()
  }

  get address(): string {
    return this.#channel.address
  }

  get status(): TransportStatus {
    return this.#isClosed ? "closed" : this.#channel.status
  }

  send(bytes: Uint8Array, options?: SendOptions): Promise<void> {
    return this.#outbox.send(bytes, options)
  }

  onEvent(listener: (event: TransportEvent) => void): () => void {
    const stop = this.#listeners.add(listener)
    this.#presence.tell()
    return stop
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#shut(closed())
    if (this.#options.keepChannel !== true) await this.#channel.close()
    await this.#release()
  }

  #shut(refusal: ChannelError, error?: ChannelError): void {
    this.#isClosed = true
    this.#stopListening()
    this.#missing.stop()
    this.#presence.stop()
    this.#outbox.close(refusal)
    this.#takeBack()
    this.#inbox.end()
    this.#listeners.emit({ kind: "status", status: "closed", ...(error && { error }) })
  }

  #open(): void {
    this.#waiting = new Set()
    this.#presence.opened()
    this.#outbox.open(this.#outlet())
  }

  /** A new one for each connection: what an old one still says is not heard then. */
  #outlet(): Outlet {
    return { window: 8, send: (message) => this.#sendMessage(message) }
  }

  /** The outbox decides what becomes of messages that are not sent yet. */
  #takeBack(): void {
    for (const line of this.#waiting ?? []) line.abort()
    this.#waiting = null
  }

  async #sendMessage(message: OutgoingMessage): Promise<void> {
    const { bytes, to } = message
    const urgency: Urgency = this.#options.isUrgent?.(bytes) === true ? "control" : "chat"
    const options: Sending = { urgency, ...(to !== undefined && { to }) }
    const tag = to === undefined ? null : this.#tag
    if (bytes.length + wholeOverhead(tag !== null) <= this.#capacity(to)) {
      return this.#sendLine({ kind: "whole", tag, bytes }, options)
    }
    const id = this.#ids.get(message) ?? crypto.getRandomValues(new Uint8Array(messageIdBytes))
    this.#ids.set(message, id)
    const sent = this.#sent.keep({ id, bytes, to, handedOver: 0 })
    const range = { offset: 0, length: bytes.length }
    await this.#sendRange(sent, range, tag, options, (end) => (sent.handedOver = end))
    this.#sent.finish(sent)
  }

  /** All lines at once: the channel sends them one by one, and in this order. */
  async #sendRange(
    { id, bytes }: SentMessage,
    { offset, length }: Range,
    tag: number | null,
    options: Sending,
    handedOver: (end: number) => void,
  ): Promise<void> {
    const pieceBytes = this.#capacity(options.to) - partOverhead(tag !== null)
    const lines: Promise<void>[] = []
    for (let at = offset; at < offset + length; at += pieceBytes) {
      const end = Math.min(at + pieceBytes, offset + length)
      const piece = bytes.subarray(at, end)
      const line = { kind: "part", tag, id, total: bytes.length, offset: at, bytes: piece } as const
      lines.push(this.#sendLine(line, options).then(() => handedOver(end)))
    }
    await Promise.all(lines)
  }

  async #sendLine(line: TextLine, options: Sending): Promise<void> {
    const waiting = this.#waiting
    // One for each line: platforms warn of many listeners on one signal.
    const taken = new AbortController()
    waiting?.add(taken)
    try {
      await this.#channel.send(encodeTextLine(line), { ...options, signal: taken.signal })
    } finally {
      waiting?.delete(taken)
    }
  }

  /** How many bytes fit into one line. */
  #capacity(to: string | undefined): number {
    return base85Capacity(this.#channel.maxLineBytes(to) - lineStart.length)
  }

  /** To one alone, if that one is there. */
  #whisper(to: string, line: Request): void {
    if (!this.#waiting) return
    this.#sendLine(line, { to, urgency: "control" }).catch(() => {}) // asked again later, or not
  }

  #hear(event: TextChannelEvent): void {
    switch (event.kind) {
      case "status":
        return this.#hearStatus(event.status, event.error)
      case "line":
        return this.#hearLine(event.from, event.text, event.isPrivate)
      case "renamed":
        this.#reassembly.rename(event.who, event.to)
        return this.#presence.hear(event)
      default:
        return this.#presence.hear(event)
    }
  }

  #hearStatus(status: TransportStatus, error: ChannelError | undefined): void {
    if (status === "closed") {
      this.#shut(error ?? closed(), error)
      return void this.#release()
    }
    if (status !== "open") {
      this.#outbox.lost()
      this.#takeBack()
    }
    this.#listeners.emit({ kind: "status", status, ...(error && { error }) })
    // A listener may have closed us just now.
    if (status === "open" && !this.#waiting && !this.#isClosed) this.#open()
  }

  #hearLine(from: string, text: string, isPrivate: boolean): void {
    if (!text.startsWith(lineStart)) {
      if (isPrivate || text.startsWith(fluteStart)) return
      return this.#listeners.emit({ kind: "cleartext", who: from, text })
    }
    const line = tryDecodeTextLine(text)
    if (!line) return this.#inbox.countDropped()
    // [IRC-2-4]
    if (isPrivate ? line.tag !== this.#tag : line.tag !== null) return
    if (line.kind === "whole") return this.#receive(from, line.bytes)
    if (line.kind === "request") return this.#answer(from, line)
    const { message, incomplete, dropped } = this.#reassembly.add(from, line)
    for (const gone of dropped) {
      this.#missing.forget(gone)
      this.#inbox.countDropped()
    }
    if (incomplete && message) this.#missing.forget(incomplete)
    else if (incomplete) this.#missing.watch(incomplete)
    if (message) this.#receive(from, message)
  }

  #receive(from: string, bytes: Uint8Array): void {
    if (bytes.length > this.capabilities.maxMessageBytes) return this.#inbox.countDropped()
    this.#inbox.push({ bytes: bytes.slice(), from })
  }

  #answer(from: string, request: Request): void {
    const answer = this.#waiting && this.#sent.answer(from, request)
    if (!answer) return
    const [message, ranges] = answer
    for (const range of ranges) {
      this.#sendRange(message, range, this.#tag, { to: from }, () => {}).catch(() => {}) // is gone
    }
  }
}

function closed(): ChannelError {
  return new ChannelError("closed", "This transport is closed. Connect again to send.")
}
