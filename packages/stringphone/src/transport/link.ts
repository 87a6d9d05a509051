import { ChannelError } from "../bytes/index.js"
import { Inbox, type InboxLimits } from "./inbox.js"
import { Listeners } from "./listeners.js"
import { type BacklogLimits, Outbox, type Outlet } from "./outbox.js"
import type {
  IncomingMessage,
  SendOptions,
  Transport,
  TransportCapabilities,
  TransportEvent,
  TransportStatus,
} from "./port.js"
import { Backoff, type BackoffOptions } from "./reconnect.js"

/** What every transport that dials a server can be told. */
export interface LinkOptions {
  /** How much may wait to be read. */
  readonly inbox?: InboxLimits
  /** How much may wait to be sent, as while reconnecting. */
  readonly backlog?: BacklogLimits
  /** The pauses between attempts to reconnect. */
  readonly backoff?: BackoffOptions
  /** One attempt to connect takes no longer than this. Default 20 000 ms. */
  readonly connectTimeoutMs?: number
  /** Gives up the first attempt to connect. Once connected it has no effect. */
  readonly signal?: AbortSignal
}

/** One connection of a link, from its opening to its loss. */
export interface Connection extends Outlet {
  /** Resolves, once, when the connection is over, whoever ended it. */
  readonly lost: Promise<ChannelError>
  /** Stop and go on reading, where the channel can. */
  pause(): void
  resume(): void
  /** Lets go of what is written, then ends the connection; soon, even if the peer is silent. */
  close(): Promise<void>
}

/** How one kind of channel is dialled. */
export interface Dialled {
  readonly address: string
  /** Asked at every use: a broker may only tell when connected. */
  readonly capabilities: () => TransportCapabilities
  /** Whether its connections can pause; otherwise a full inbox drops the oldest. */
  readonly pausable: boolean
  /**
   * One attempt. What arrives goes to `inbox`; who comes and goes, to `tell`.
   * @throws {ChannelError} the reason; when `signal` aborts, `unreachable`
   */
  dial(
    inbox: Inbox,
    signal: AbortSignal,
    tell: (event: TransportEvent) => void,
  ): Promise<Connection>
}

/** Trying again will not help: a person has to change something first. */
const hopeless: readonly string[] = ["refused", "untrusted-certificate"]

/**
 * Connects, and from then on keeps connected.
 *
 * @param patient do not fail when the first attempt does: return at once and keep trying
 * @throws {ChannelError} `aborted`, or what the first attempt threw
 */
export async function connectLink(
  dialled: Dialled,
  options: LinkOptions,
  patient: boolean,
): Promise<Transport> {
  const { signal } = options
  if (signal?.aborted) throw givenUp(signal)
  const link = new Link(dialled, options)
  const giveUp = (): void => {
    void link.close()
  }
  signal?.addEventListener("abort", giveUp)
  try {
    const opened = link.open(patient)
    if (!patient) await opened
    else opened.catch(() => {}) // told by the `closed` event and by every `send`
    return link
  } catch (error) {
    throw signal?.aborted ? givenUp(signal) : error
  } finally {
    signal?.removeEventListener("abort", giveUp)
  }
}

class Link implements Transport {
  readonly address: string
  readonly messages: AsyncIterable<IncomingMessage>
  readonly #dialled: Dialled
  readonly #connectTimeoutMs: number
  readonly #inbox: Inbox
  readonly #outbox: Outbox
  readonly #backoff: Backoff
  readonly #listeners = new Listeners()
  readonly #ending = new AbortController()
  #connection: Connection | null = null
  #status: TransportStatus = "connecting"
  #ended: Promise<void> | null = null

  constructor(dialled: Dialled, options: LinkOptions) {
    this.#dialled = dialled
    this.address = dialled.address
    this.#connectTimeoutMs = options.connectTimeoutMs ?? 20_000
    this.#backoff = new Backoff(options.backoff)
    this.#outbox = new Outbox(() => this.capabilities.maxMessageBytes, options.backlog)
    this.#inbox = new Inbox(options.inbox ?? {}, {
      dropped: (count) => this.#listeners.emit({ kind: "dropped", count }),
      ...(dialled.pausable && {
        pause: () => this.#connection?.pause(),
        resume: () => this.#connection?.resume(),
      }),
    })
    this.messages = this.#inbox
  }

  get capabilities(): TransportCapabilities {
    return this.#dialled.capabilities()
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

  close(): Promise<void> {
    return this.#end(new ChannelError("closed", "This transport is closed. Connect again to send."))
  }

  /** Resolves when open for the first time; keeps reconnecting behind that. */
  async open(patient: boolean): Promise<void> {
    for (;;) {
      try {
        this.#use(await this.#dial())
        return
      } catch (error) {
        const reason = asChannelError(error)
        if (this.#isEnded()) throw reason
        if (!patient || hopeless.includes(reason.code)) {
          await this.#end(reason, reason)
          throw reason
        }
        await this.#pause(reason)
      }
    }
  }

  #use(connection: Connection): void {
    this.#connection = connection
    this.#backoff.connected()
    if (this.#inbox.paused) connection.pause()
    this.#setStatus("open")
    // A listener may have closed us just now.
    if (this.#connection === connection) this.#outbox.open(connection)
    void this.#reopenWhenLost(connection)
  }

  async #reopenWhenLost(connection: Connection): Promise<void> {
    let reason = await connection.lost
    if (this.#isEnded()) return
    this.#connection = null
    this.#outbox.lost()
    for (;;) {
      await this.#pause(reason)
      if (this.#isEnded()) return
      try {
        return this.#use(await this.#dial())
      } catch (error) {
        reason = asChannelError(error)
      }
    }
  }

  async #pause(reason: ChannelError): Promise<void> {
    if (this.#isEnded()) return
    this.#setStatus("reconnecting", reason)
    await this.#backoff.pause(this.#ending.signal)
  }

  async #dial(): Promise<Connection> {
    const attempt = new AbortController()
    const giveUp = (): void => attempt.abort()
    const timer = setTimeout(giveUp, this.#connectTimeoutMs)
    this.#ending.signal.addEventListener("abort", giveUp)
    try {
      if (this.#isEnded()) throw closedWhileConnecting()
      const connection = await this.#dialled.dial(this.#inbox, attempt.signal, (event) =>
        this.#listeners.emit(event),
      )
      if (!this.#isEnded()) return connection
      await connection.close()
      throw closedWhileConnecting()
    } finally {
      clearTimeout(timer)
      this.#ending.signal.removeEventListener("abort", giveUp)
    }
  }

  #isEnded(): boolean {
    return this.#ended !== null
  }

  #end(refusal: ChannelError, error?: ChannelError): Promise<void> {
    return (this.#ended ??= this.#shut(refusal, error))
  }

  async #shut(refusal: ChannelError, error?: ChannelError): Promise<void> {
    const connection = this.#connection
    this.#connection = null
    this.#status = "closed"
    this.#outbox.close(refusal)
    this.#inbox.end()
    this.#ending.abort()
    await connection?.close()
    this.#setStatus("closed", error)
  }

  #setStatus(status: TransportStatus, error?: ChannelError): void {
    this.#status = status
    this.#listeners.emit({ kind: "status", status, ...(error && { error }) })
  }
}

function givenUp(signal: AbortSignal): ChannelError {
  return new ChannelError("aborted", "Connecting was given up.", { cause: signal.reason })
}

function closedWhileConnecting(): ChannelError {
  return new ChannelError("closed", "This transport was closed before it could connect.")
}

function asChannelError(error: unknown): ChannelError {
  if (error instanceof ChannelError) return error
  return new ChannelError("unreachable", "Connecting failed. The cause says why.", { cause: error })
}
