import { ChannelError, UsageError } from "../bytes/index.js"
import { Copies, type CopyMemory } from "./copies.js"
import { Inbox } from "./inbox.js"
import { Listeners } from "./listeners.js"
import { checkOutgoing } from "./outbox.js"
import type {
  IncomingMessage,
  SendOptions,
  Transport,
  TransportCapabilities,
  TransportEvent,
  TransportStatus,
} from "./port.js"

export type { CopyMemory } from "./copies.js"

export interface SpanOptions {
  /** How much is remembered of what arrived, to recognise its copies. */
  readonly memory?: CopyMemory
}

/** Several channels that are used as one. */
export interface SpanTransport extends Transport {
  readonly members: readonly Transport[]
}

/**
 * One topic over several channels at once, as two brokers of which one may fail. It takes the
 * transports over: read from them and close them through this one alone.
 *
 * - `send` gives the message to all and resolves when the first took it. The others go on trying;
 *   what becomes of it there is told by `trouble` events. It rejects when none took it.
 * - What arrives by several channels is let through once; a repetition on one channel is let
 *   through as one. A copy that is later than the memory reaches is let through as well, so that
 *   there have to be guards against replays above, as for any channel.
 * - `status` is `open` while one of them is, and `closed` when all are.
 *
 * @throws {UsageError} `no-channels`
 * @example
 * const transport = spanTransports([
 *   await connectMqtt({ url: "mqtts://one.example", topic: "garden", waitForBroker: true }),
 *   await connectNats({ url: "tls://two.example", subject: "garden", waitForServer: true }),
 * ])
 * await transport.send(bytes)
 */
export function spanTransports(
  members: readonly Transport[],
  options: SpanOptions = {},
): SpanTransport {
  if (members.length === 0) {
    throw new UsageError("no-channels", "A span needs at least one transport.")
  }
  return new Span([...members], options)
}

class Span implements SpanTransport {
  readonly members: readonly Transport[]
  readonly address: string
  readonly messages: AsyncIterable<IncomingMessage>
  readonly #copies: Copies
  readonly #listeners = new Listeners()
  /** By how many channels each one is there. */
  readonly #present = new Map<string, number>()
  // It never fills up: each channel brings in one message at a time.
  readonly #inbox = new Inbox({}, { dropped() {} })
  #status: TransportStatus
  #ended: Promise<void> | null = null

  constructor(members: readonly Transport[], { memory }: SpanOptions) {
    this.members = members
    this.address = members.map(({ address }) => address).join(" + ")
    this.messages = this.#inbox
    this.#copies = new Copies(memory)
    this.#status = mergedStatus(members)
    for (const member of members) member.onEvent((event) => this.#hear(member, event))
    void Promise.all(members.map((member, i) => this.#read(member, i))).then(() => {
      this.#inbox.end()
    })
  }

  /** As much as can be relied on, whichever of them carries a message. */
  get capabilities(): TransportCapabilities {
    const all = this.members.map(({ capabilities }) => capabilities)
    return {
      maxMessageBytes: Math.min(...all.map(({ maxMessageBytes }) => maxMessageBytes)),
      // What only a slow one carried comes after what was sent later by a fast one.
      ordered: all.length === 1 && all.every(({ ordered }) => ordered),
      addressed: all.every(({ addressed }) => addressed),
      presence: all.some(({ presence }) => presence),
      echo: all.some(({ echo }) => echo),
      retained: all.every(({ retained }) => retained),
    }
  }

  get status(): TransportStatus {
    return this.#status
  }

  async send(bytes: Uint8Array, options: SendOptions = {}): Promise<void> {
    const { addressed, maxMessageBytes } = this.capabilities
    checkOutgoing(bytes, options, maxMessageBytes)
    const { to, retain, signal } = options
    const members = this.members.filter(({ status }) => status !== "closed")
    if (this.#ended || members.length === 0) throw closed()
    // Once one took it, the caller's signal has no say any more.
    const giving = new AbortController()
    const giveUp = (): void => giving.abort(signal?.reason)
    if (signal?.aborted) giveUp()
    signal?.addEventListener("abort", giveUp)
    const each = members.map(async (member) =>
      member.send(bytes, {
        signal: giving.signal,
        ...(retain !== undefined && { retain }),
        ...(to !== undefined && addressed && { to }),
      }),
    )
    let taken = false
    const failures: { readonly member: Transport; readonly error: unknown }[] = []
    const tell = (): void => {
      for (const { member, error } of failures.splice(0)) this.#trouble(member, error)
    }
    each.forEach((sent, i) => {
      sent.catch((error: unknown) => {
        failures.push({ member: members[i] as Transport, error })
        if (taken) tell()
      })
    })
    try {
      await Promise.any(each)
      taken = true
      tell()
    } catch (error) {
      throw noneTook(error)
    } finally {
      signal?.removeEventListener("abort", giveUp)
    }
  }

  onEvent(listener: (event: TransportEvent) => void): () => void {
    return this.#listeners.add(listener)
  }

  close(): Promise<void> {
    return (this.#ended ??= this.#shut())
  }

  async #shut(): Promise<void> {
    this.#inbox.end()
    await Promise.all(this.members.map((member) => member.close()))
    this.#setStatus("closed")
  }

  /**
   * One message after the other, each only when the reader has dealt with the one before: so the
   * channel knows as well as without us what was received, and when to slow down.
   */
  async #read({ messages }: Transport, channel: number): Promise<void> {
    for await (const message of messages) {
      if (!this.#copies.isNews(message.bytes, channel)) continue
      // Stays here for good when nobody reads it: the channel shall not take it for received.
      await new Promise<void>((settled) => this.#inbox.push(message, settled))
    }
  }

  #hear(member: Transport, event: TransportEvent): void {
    switch (event.kind) {
      case "status":
        return this.#hearStatus(member, event.error)
      case "joined":
        return this.#count(event.who, 1, event)
      case "left":
        return this.#count(event.who, -1, event)
      case "renamed":
        return this.#rename(event)
      default:
        this.#listeners.emit(event)
    }
  }

  #hearStatus(member: Transport, error: ChannelError | undefined): void {
    const merged = mergedStatus(this.members)
    if (merged !== this.#status) this.#setStatus(merged, error)
    else if (error) this.#trouble(member, error)
  }

  /** Who is there by two channels comes with the first and goes with the last. */
  #count(who: string, change: 1 | -1, event: TransportEvent): void {
    const before = this.#present.get(who) ?? 0
    const after = Math.max(0, before + change)
    if (after === 0) this.#present.delete(who)
    else this.#present.set(who, after)
    if (before === 0 || after === 0) this.#listeners.emit(event)
  }

  /** Who keeps the old name elsewhere, or has the new one there already, comes and goes instead. */
  #rename(event: Extract<TransportEvent, { readonly kind: "renamed" }>): void {
    const { who, to } = event
    if (this.#present.get(who) === 1 && !this.#present.has(to)) {
      this.#present.delete(who)
      this.#present.set(to, 1)
      return this.#listeners.emit(event)
    }
    this.#count(who, -1, { kind: "left", who })
    this.#count(to, 1, { kind: "joined", who: to })
  }

  #trouble({ address }: Transport, error: unknown): void {
    if (this.#ended || !(error instanceof ChannelError)) return
    this.#listeners.emit({ kind: "trouble", address, error })
  }

  #setStatus(status: TransportStatus, error?: ChannelError): void {
    if (this.#status === "closed") return
    this.#status = status
    this.#listeners.emit({ kind: "status", status, ...(error && { error }) })
  }
}

/** The best of them speaks for all. */
function mergedStatus(members: readonly Transport[]): TransportStatus {
  const order: readonly TransportStatus[] = ["open", "connecting", "reconnecting", "closed"]
  return order.find((status) => members.some((member) => member.status === status)) ?? "closed"
}

function closed(): ChannelError {
  return new ChannelError("closed", "This transport is closed. Connect again to send.")
}

function noneTook(error: unknown): unknown {
  if (!(error instanceof AggregateError)) return error
  const [first, ...others] = error.errors as unknown[]
  const code = first instanceof Error && "code" in first ? first.code : undefined
  const same = others.every(
    (other) => other instanceof Error && "code" in other && other.code === code,
  )
  if (same) return first
  return new ChannelError(
    "send-failed",
    "None of the channels took the message. The cause says why.",
    {
      cause: error,
    },
  )
}
