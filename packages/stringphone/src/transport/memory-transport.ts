import { ChannelError } from "../bytes/index.js"
import { Inbox, type InboxLimits } from "./inbox.js"
import { Listeners } from "./listeners.js"
import { type OutgoingMessage, Outbox, type Outlet } from "./outbox.js"
import type {
  IncomingMessage,
  SendOptions,
  Transport,
  TransportCapabilities,
  TransportEvent,
  TransportStatus,
} from "./port.js"

/** What one member asks of its network. */
export interface MemoryUplink {
  send(message: OutgoingMessage): Promise<void>
  leave(): void
  present(): readonly string[]
}

/** One member of a network in memory. */
export class MemoryTransport implements Transport {
  readonly address: string
  readonly messages: AsyncIterable<IncomingMessage>
  readonly capabilities: TransportCapabilities
  readonly #uplink: MemoryUplink
  readonly #outlet: Outlet
  readonly #inbox: Inbox
  readonly #outbox: Outbox
  readonly #listeners = new Listeners()
  #status: TransportStatus = "open"

  constructor(
    name: string,
    limits: {
      readonly maxMessageBytes: number | undefined
      readonly inbox: InboxLimits | undefined
    },
    uplink: MemoryUplink,
  ) {
    this.address = `memory:${name}`
    this.#uplink = uplink
    this.capabilities = {
      maxMessageBytes: limits.maxMessageBytes ?? 1024 * 1024,
      ordered: true,
      addressed: true,
      presence: true,
      echo: false,
      retained: true,
    }
    this.#inbox = new Inbox(limits.inbox ?? {}, {
      dropped: (count) => this.tell({ kind: "dropped", count }),
    })
    this.messages = this.#inbox
    this.#outlet = { window: 1024, send: (message) => uplink.send(message) }
    this.#outbox = new Outbox(() => this.capabilities.maxMessageBytes)
    this.#outbox.open(this.#outlet)
  }

  get present(): readonly string[] {
    return this.#status === "open" ? this.#uplink.present() : []
  }

  get status(): TransportStatus {
    return this.#status
  }

  send(bytes: Uint8Array, options?: SendOptions): Promise<void> {
    return this.#outbox.send(bytes, options)
  }

  onEvent(listener: (event: TransportEvent) => void): () => void {
    return this.#listeners.add(listener)
  }

  async close(): Promise<void> {
    if (this.#status === "closed") return
    this.#status = "closed"
    this.#outbox.close(
      new ChannelError("closed", "This transport is closed. Connect again to send."),
    )
    this.#inbox.end()
    this.#uplink.leave()
    this.tell({ kind: "status", status: "closed" })
  }

  receive(message: IncomingMessage): void {
    this.#inbox.push(message)
  }

  disconnected(): void {
    this.#outbox.lost()
    this.#status = "reconnecting"
    const error = new ChannelError("connection-lost", `The connection to ${this.address} was lost.`)
    this.tell({ kind: "status", status: "reconnecting", error })
  }

  reconnected(): void {
    this.#status = "open"
    this.tell({ kind: "status", status: "open" })
    this.#outbox.open(this.#outlet)
  }

  tell(event: TransportEvent): void {
    this.#listeners.emit(event)
  }
}
