import { ChannelError, UsageError, utf8 } from "../bytes/index.js"
import { type OutgoingMessage, Outbox, type Outlet } from "./outbox.js"
import type { TransportStatus } from "./port.js"
import type { SendLineOptions, TextChannel, TextChannelEvent } from "./text-channel.js"

/** What one client asks of its server. */
export interface TextUplink {
  readonly address: string
  readonly maxLineBytes: number
  send(message: OutgoingMessage): Promise<void>
  part(): void
}

/** One client on a channel of lines in memory. It knows what it was told, and not more. */
export class MemoryTextChannel implements TextChannel {
  readonly address: string
  readonly #uplink: TextUplink
  readonly #outbox: Outbox
  readonly #outlet: Outlet
  readonly #listeners = new Set<{ readonly call: (event: TextChannelEvent) => void }>()
  #names: ReadonlySet<string> = new Set()
  #ownName: string
  #status: TransportStatus = "open"

  constructor(ownName: string, uplink: TextUplink) {
    this.address = uplink.address
    this.#ownName = ownName
    this.#uplink = uplink
    this.#outbox = new Outbox(() => uplink.maxLineBytes)
    this.#outlet = { window: 1024, send: (message) => uplink.send(message) }
  }

  get status(): TransportStatus {
    return this.#status
  }

  get ownName(): string {
    return this.#ownName
  }

  get names(): readonly string[] {
    return [...this.#names]
  }

  maxLineBytes(): number {
    return this.#uplink.maxLineBytes
  }

  async send(text: string, { to, signal }: SendLineOptions = {}): Promise<void> {
    if (/[\r\n\0]/.test(text) || text === "") {
      throw new UsageError("bad-line", "A line is not empty and has no line break and no NUL.")
    }
    const bytes = utf8(text)
    const { maxLineBytes } = this.#uplink
    if (bytes.length > maxLineBytes) {
      throw new UsageError(
        "line-too-long",
        `The line has ${bytes.length} bytes, and this channel carries ${maxLineBytes}. Split it.`,
      )
    }
    await this.#outbox.send(bytes, { ...(to !== undefined && { to }), ...(signal && { signal }) })
  }

  onEvent(listener: (event: TextChannelEvent) => void): () => void {
    const entry = { call: listener }
    this.#listeners.add(entry)
    return () => {
      this.#listeners.delete(entry)
    }
  }

  async close(): Promise<void> {
    if (this.#status === "closed") return
    this.#uplink.part()
    this.end(new ChannelError("closed", "This channel is closed. Connect again to send."))
  }

  /** The server has us on the channel. */
  arrive(names: readonly string[]): void {
    this.#names = new Set(names)
    this.#status = "open"
    this.#outbox.open(this.#outlet)
  }

  /** The same, after the connection had been lost. */
  return(names: readonly string[]): void {
    this.arrive(names)
    this.#emit({ kind: "status", status: "open" })
  }

  lose(): void {
    this.#outbox.lost()
    this.#names = new Set()
    this.#status = "reconnecting"
    const error = new ChannelError("connection-lost", `The connection to ${this.address} was lost.`)
    this.#emit({ kind: "status", status: "reconnecting", error })
  }

  /** We are off the channel for good. */
  end(error: ChannelError): void {
    if (this.#status === "closed") return
    this.#names = new Set()
    this.#status = "closed"
    this.#outbox.close(error)
    this.#emit({ kind: "status", status: "closed", error })
  }

  hear(event: TextChannelEvent): void {
    if (this.#status !== "open") return
    const names = new Set(this.#names)
    if (event.kind === "joined") names.add(event.who)
    if (event.kind === "left") names.delete(event.who)
    if (event.kind === "renamed") {
      names.delete(event.who)
      names.add(event.to)
      if (event.isSelf) this.#ownName = event.to
    }
    this.#names = names
    this.#emit(event)
  }

  #emit(event: TextChannelEvent): void {
    for (const entry of [...this.#listeners]) {
      try {
        entry.call(event)
      } catch (error) {
        // As EventTarget does it: a listener's bug is shown, but does not break the channel.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
