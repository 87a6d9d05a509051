import { ChannelError } from "../bytes/index.js"
import { Inbox, type InboxLimits } from "./inbox.js"
import { Listeners } from "./listeners.js"
import { type BacklogLimits, Outbox } from "./outbox.js"
import type {
  IncomingMessage,
  SendOptions,
  Transport,
  TransportCapabilities,
  TransportEvent,
  TransportStatus,
} from "./port.js"

/** What every transport that listens for clients can be told. */
export interface HubOptions {
  /** Largest message, from anyone. Default 1 MiB. */
  readonly maxMessageBytes?: number
  /** More clients than this are turned away. Default 1000. */
  readonly maxConnections?: number
  /**
   * A client for which more than this waits to be written is disconnected. Default 16 MiB. Each
   * message counts 512 bytes more than it has.
   */
  readonly maxClientBytes?: number
  /** A client that is in the way of our own sending for so long is too. Default 10 000 ms. */
  readonly slowClientMs?: number
  /** How much may wait to be read here; when it is full, no client is read from. */
  readonly inbox?: InboxLimits
  /** How much of our own may wait to be sent. */
  readonly backlog?: BacklogLimits
}

/** A transport that others connect to. */
export interface ListeningTransport extends Transport {
  /** The port it listens on: the one asked for, or the one that the system chose for 0. */
  readonly port: number
}

/**
 * Takes no more clients, and resolves when the port is free; what never became a client may be cut
 * off once `clientsEnded`.
 */
export type StopListening = (clientsEnded: Promise<unknown>) => Promise<void>

/** One client, as its kind of channel sees it. */
export interface HubClient {
  readonly id: string
  /** Writes one message; `taken` is called once, when it left our buffers or never will. */
  write(bytes: Uint8Array, taken: () => void): void
  pause(): void
  resume(): void
  /** Writes what is buffered, then ends the connection; soon, even if the client is silent. */
  end(): Promise<void>
  /** Ends the connection now. */
  destroy(): void
}

/**
 * What a waiting message costs beyond its own bytes: objects, a header, a callback. Without it
 * empty messages would cost nothing, and one who never reads could make us hold them without end.
 */
const messageOverheadBytes = 512

interface Seat {
  readonly client: HubClient
  bufferedBytes: number
}

/** Everyone hears what anyone says: a message of one client goes to all others and to us. */
export class Hub implements ListeningTransport {
  readonly address: string
  readonly port: number
  readonly messages: AsyncIterable<IncomingMessage>
  readonly capabilities: TransportCapabilities
  readonly #maxConnections: number
  readonly #maxClientBytes: number
  readonly #slowClientMs: number
  readonly #stopListening: StopListening
  readonly #inbox: Inbox
  readonly #outbox: Outbox
  readonly #listeners = new Listeners()
  readonly #seats = new Map<string, Seat>()
  #roomMade: () => void = () => {}
  #status: TransportStatus = "open"
  #ended: Promise<void> | null = null

  constructor(address: string, port: number, options: HubOptions, stopListening: StopListening) {
    this.address = address
    this.port = port
    this.#maxConnections = options.maxConnections ?? 1000
    this.#maxClientBytes = options.maxClientBytes ?? 16 * 1024 * 1024
    this.#slowClientMs = options.slowClientMs ?? 10_000
    this.#stopListening = stopListening
    this.capabilities = {
      maxMessageBytes: options.maxMessageBytes ?? 1024 * 1024,
      ordered: true,
      addressed: true,
      presence: true,
      echo: false,
    }
    this.#outbox = new Outbox(() => this.capabilities.maxMessageBytes, options.backlog)
    this.#outbox.open({ window: 1, send: ({ bytes, to }) => this.#sendOwn(bytes, to) })
    this.#inbox = new Inbox(options.inbox ?? {}, {
      pause: () => this.#each((seat) => seat.client.pause()),
      resume: () => this.#each((seat) => seat.client.resume()),
      dropped: (count) => this.#listeners.emit({ kind: "dropped", count }),
    })
    this.messages = this.#inbox
  }

  get status(): TransportStatus {
    return this.#status
  }

  /** Whether clients are not read from at the moment, because our own reader is behind. */
  get paused(): boolean {
    return this.#inbox.paused
  }

  /** One client more is welcome. */
  get hasRoom(): boolean {
    return !this.#ended && this.#seats.size < this.#maxConnections
  }

  send(bytes: Uint8Array, options?: SendOptions): Promise<void> {
    return this.#outbox.send(bytes, options)
  }

  onEvent(listener: (event: TransportEvent) => void): () => void {
    return this.#listeners.add(listener)
  }

  close(): Promise<void> {
    return (this.#ended ??= this.#shut())
  }

  join(client: HubClient): void {
    this.#seats.set(client.id, { client, bufferedBytes: 0 })
    if (this.paused) client.pause()
    this.#listeners.emit({ kind: "joined", who: client.id })
  }

  /** A message of one client. */
  receive(from: string, bytes: Uint8Array): void {
    if (this.#ended || !this.#seats.has(from)) return
    this.#each((seat) => {
      if (seat.client.id !== from) this.#write(seat, bytes)
    })
    this.#inbox.push({ bytes, from })
  }

  /** A client is gone, or has to go. */
  leave(id: string, error?: ChannelError): void {
    const seat = this.#seats.get(id)
    if (!seat) return
    this.#seats.delete(id)
    seat.client.destroy()
    this.#roomMade()
    this.#listeners.emit({ kind: "left", who: id, ...(error && { error }) })
  }

  async #sendOwn(bytes: Uint8Array, to: string | undefined): Promise<void> {
    if (to !== undefined && !this.#seats.has(to)) {
      throw new ChannelError("not-connected", `${to} is not connected (any more).`)
    }
    const addressed = (): Seat[] =>
      [...this.#seats.values()].filter((seat) => to === undefined || seat.client.id === to)
    const slow = (): Seat[] =>
      addressed().filter((seat) => seat.bufferedBytes > this.#maxClientBytes / 2)
    if (slow().length > 0) await this.#waitUntil(() => slow().length === 0)
    for (const seat of slow()) this.#disconnectSlow(seat)
    for (const seat of addressed()) this.#write(seat, bytes)
  }

  /** Gives clients that are behind a while to catch up; the outbox sends one at a time. */
  async #waitUntil(ready: () => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#slowClientMs)
      this.#roomMade = () => {
        if (!this.#ended && !ready()) return
        clearTimeout(timer)
        resolve()
      }
    })
    this.#roomMade = () => {}
  }

  #write(seat: Seat, bytes: Uint8Array): void {
    const { bufferedBytes } = seat
    const cost = bytes.length + messageOverheadBytes
    if (bufferedBytes > 0 && bufferedBytes + cost > this.#maxClientBytes) {
      return this.#disconnectSlow(seat)
    }
    seat.bufferedBytes += cost
    seat.client.write(bytes, () => {
      seat.bufferedBytes -= cost
      this.#roomMade()
    })
  }

  #disconnectSlow(seat: Seat): void {
    this.leave(
      seat.client.id,
      new ChannelError("slow-client", "This client did not read fast enough and was disconnected."),
    )
  }

  #each(act: (seat: Seat) => void): void {
    // A copy: acting on one may remove it, or another.
    for (const seat of [...this.#seats.values()]) act(seat)
  }

  async #shut(): Promise<void> {
    this.#status = "closed"
    this.#outbox.close(
      new ChannelError("closed", "This transport is closed. Listen again to send."),
    )
    this.#inbox.end()
    const clients = [...this.#seats.values()].map((seat) => seat.client)
    this.#seats.clear()
    this.#roomMade()
    const clientsEnded = Promise.all(clients.map((client) => client.end()))
    await Promise.all([clientsEnded, this.#stopListening(clientsEnded)])
    this.#listeners.emit({ kind: "status", status: "closed" })
  }
}
