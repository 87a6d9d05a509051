import type { JsMsg } from "@nats-io/jetstream"
import { hex } from "../bytes/index.js"
import type { Inbox } from "./inbox.js"
import type { NatsStreamOptions } from "./nats-options.js"
import type { OutgoingMessage } from "./outbox.js"

/** Servers of today lose track of what is given back and wanted again in the same moment. */
const backSoonMs = 250

/** So many messages of a stream are recognised when they come again. */
const memory = 16_384

/** A message that the reader has not dealt with yet. */
interface Arrival {
  message: JsMsg
}

/**
 * Our place in a stream, for as long as a transport lives; connections come and go. A message is
 * acknowledged when the reader has dealt with it. What the server gives us again until then, or
 * because our word of it was lost, goes no further; nor does what we sent ourselves.
 */
export class NatsPlace {
  readonly options: NatsStreamOptions
  /** How the server calls us. */
  readonly name: string
  /** The sequence number in the stream of the first message that we did not get yet. */
  next: number | null = null
  #created: string | null = null
  #ids = new WeakMap<OutgoingMessage, string>()
  readonly #own = new Recent<string>()
  readonly #settled = new Recent<number>()
  readonly #open = new Map<number, Arrival>()

  constructor(options: NatsStreamOptions) {
    this.options = options
    this.name = options.durable ?? `sp-${randomId()}`
  }

  /** Takes note of which stream this is; one that was made anew counts from 1 again. */
  enter(created: string, lastSequence: number): void {
    if (this.#created !== null && this.#created !== created) {
      this.next = 1
      this.#settled.clear()
      this.#open.clear()
    }
    this.#created = created
    this.next ??= Math.max(1, lastSequence + 1 - (this.options.replay ?? 0))
  }

  /** The same for each attempt to send a message, so that the stream keeps it once. */
  idOf(message: OutgoingMessage): string {
    let id = this.#ids.get(message)
    if (id === undefined) {
      id = this.options.messageId?.(message.bytes) ?? randomId()
      this.#ids.set(message, id)
      this.#own.add(id)
    }
    return id
  }

  isOwn(message: JsMsg): boolean {
    return this.#own.has(message.headers?.get("Nats-Msg-Id") ?? "")
  }

  receive(message: JsMsg, inbox: Inbox, maxMessageBytes: number): void {
    const { seq } = message
    this.next = Math.max(this.next ?? 1, seq + 1)
    const known = this.#open.get(seq)
    if (known) {
      known.message = message // the newest is the one to acknowledge
      return message.working()
    }
    if (this.#settled.has(seq)) return message.ack()
    if (this.isOwn(message)) return this.#settle(message)
    if (message.data.length > maxMessageBytes) {
      inbox.countDropped()
      return this.#settle(message)
    }
    const arrival: Arrival = { message }
    this.#open.set(seq, arrival)
    // A copy: the client cuts payloads from larger pieces, which each would keep alive.
    inbox.push({ bytes: new Uint8Array(message.data), from: null }, () => {
      // Unless the stream was made anew meanwhile, with another message of this number.
      if (this.#open.get(seq) === arrival) this.#settle(arrival.message)
    })
  }

  /** The reader takes its time; without a word the server would give these messages again. */
  askForTime(): void {
    for (const { message } of this.#open.values()) message.working()
  }

  /** Nobody will read these any more: our next start shall have them, at once. */
  giveBack(): void {
    for (const { message } of this.#open.values()) message.nak(backSoonMs)
    this.#open.clear()
  }

  #settle(message: JsMsg): void {
    this.#open.delete(message.seq)
    this.#settled.add(message.seq)
    message.ack()
  }
}

/** The last so many of something. */
class Recent<T> {
  readonly #items = new Set<T>()

  has(item: T): boolean {
    return this.#items.has(item)
  }

  add(item: T): void {
    this.#items.add(item)
    if (this.#items.size <= memory) return
    const [oldest] = this.#items
    this.#items.delete(oldest as T)
  }

  clear(): void {
    this.#items.clear()
  }
}

export function randomId(): string {
  return hex(crypto.getRandomValues(new Uint8Array(12)))
}
