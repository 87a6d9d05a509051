import { ChannelError, UsageError } from "../bytes/index.js"
import type { SendOptions } from "./port.js"

/** How much may wait to be sent, as while reconnecting. Whichever is reached first counts. */
export interface BacklogLimits {
  /** Default 16 384. */
  readonly maxMessages?: number
  /** Default 16 MiB. */
  readonly maxBytes?: number
}

/** One message on its way out; the same object each time that it is tried again. */
export interface OutgoingMessage {
  readonly bytes: Uint8Array
  readonly to?: string | undefined
  readonly retain?: string | undefined
}

/** Where an outbox sends to. */
export interface Outlet {
  /** How many messages may be on their way, not yet taken, at the same time. */
  readonly window: number
  /**
   * Resolves when the channel took the message, rejects when it will not have this one. When the
   * whole connection breaks it must do neither: {@link Outbox.lost} decides what happens then.
   */
  send(message: OutgoingMessage): Promise<void>
}

interface Item {
  readonly message: OutgoingMessage
  /** How many connections broke while they had this message. */
  losses: number
  settled: boolean
  settle(error?: unknown): void
}

/** A message that breaks every connection, as one that the broker finds too large, is given up. */
const maxLosses = 5

/**
 * The messages on their way out, in order. What a lost connection had not taken is sent again on
 * the next one: at least once, and ahead of what came later.
 */
export class Outbox {
  readonly #maxMessageBytes: () => number
  readonly #maxMessages: number
  readonly #maxBytes: number
  #outlet: Outlet | null = null
  #closed: ChannelError | null = null
  #waiting = new Set<Item>()
  readonly #sending = new Set<Item>()
  #bytes = 0

  constructor(maxMessageBytes: () => number, limits: BacklogLimits = {}) {
    this.#maxMessageBytes = maxMessageBytes
    this.#maxMessages = limits.maxMessages ?? 16_384
    this.#maxBytes = limits.maxBytes ?? 16 * 1024 * 1024
  }

  /**
   * @throws {UsageError} `message-too-large`, `bad-slot`
   * @throws {ChannelError} `closed`, `aborted`, `backlog-full`, or what the outlet threw
   */
  async send(bytes: Uint8Array, options: SendOptions = {}): Promise<void> {
    checkOutgoing(bytes, options, this.#maxMessageBytes())
    if (this.#closed) throw this.#closed
    if (options.signal?.aborted) throw aborted(options.signal)
    if (this.#isFull(bytes.length)) {
      throw new ChannelError(
        "backlog-full",
        `${this.#waiting.size} messages already wait to be sent. Wait for them, or for the connection to return.`,
      )
    }
    await new Promise<void>((resolve, reject) => this.#add(bytes, options, resolve, reject))
  }

  /** A connection is there: what waits is sent. */
  open(outlet: Outlet): void {
    this.#outlet = outlet
    this.#pump()
  }

  /** The connection is gone: what it had not taken waits for the next one. */
  lost(): void {
    this.#outlet = null
    for (const item of this.#sending) {
      item.losses += 1
      if (item.losses === maxLosses) item.settle(sendFailed())
    }
    const again = [...this.#sending].filter((item) => !item.settled)
    this.#sending.clear()
    this.#waiting = new Set([...again, ...this.#waiting])
  }

  /** Everything that still waits is rejected with `error`, and so is everything that comes. */
  close(error: ChannelError): void {
    this.#closed = error
    this.#outlet = null
    for (const item of [...this.#sending, ...this.#waiting]) item.settle(error)
    this.#sending.clear()
  }

  #isFull(length: number): boolean {
    const count = this.#waiting.size + this.#sending.size
    // An empty outbox takes any message that the channel takes.
    return count > 0 && (count >= this.#maxMessages || this.#bytes + length > this.#maxBytes)
  }

  #add(
    bytes: Uint8Array,
    { to, signal, retain }: SendOptions,
    resolve: () => void,
    reject: (error: unknown) => void,
  ): void {
    const giveUp = (): void => item.settle(aborted(signal))
    const item: Item = {
      message: { bytes, to, retain: to === undefined ? retain : undefined },
      losses: 0,
      settled: false,
      settle: (error) => {
        if (item.settled) return
        item.settled = true
        signal?.removeEventListener("abort", giveUp)
        this.#waiting.delete(item)
        this.#bytes -= bytes.length
        if (error === undefined) resolve()
        else reject(error)
      },
    }
    signal?.addEventListener("abort", giveUp)
    this.#bytes += bytes.length
    this.#waiting.add(item)
    this.#pump()
  }

  #pump(): void {
    while (this.#outlet && this.#sending.size < this.#outlet.window) {
      const [item] = this.#waiting
      if (!item) return
      this.#waiting.delete(item)
      this.#sending.add(item)
      void this.#hand(item, this.#outlet)
    }
  }

  async #hand(item: Item, outlet: Outlet): Promise<void> {
    let failure: unknown
    try {
      await outlet.send(item.message)
    } catch (error) {
      failure = error
    }
    // After `lost` this item is, or was, in other hands.
    if (this.#outlet !== outlet) return
    this.#sending.delete(item)
    item.settle(failure)
    this.#pump()
  }
}

/**
 * Finds what is wrong with a message before anything is done about it.
 * @throws {UsageError} `message-too-large`, `bad-slot`
 */
export function checkOutgoing(
  { length }: Uint8Array,
  { retain }: SendOptions,
  maxBytes: number,
): void {
  if (length > maxBytes) {
    throw new UsageError(
      "message-too-large",
      `This message has ${length} bytes, but the channel takes at most ${maxBytes}. Send it in parts.`,
    )
  }
  if (retain !== undefined && !/^[a-z0-9-]{1,32}$/.test(retain)) {
    throw new UsageError("bad-slot", "A slot is a word of 1 to 32 of a to z, 0 to 9 and -.")
  }
}

function aborted(signal: AbortSignal | undefined): ChannelError {
  return new ChannelError("aborted", "Sending was given up before the channel took the message.", {
    cause: signal?.reason,
  })
}

function sendFailed(): ChannelError {
  return new ChannelError(
    "send-failed",
    `The connection broke ${maxLosses} times before this message was acknowledged. Is it too large for the server?`,
  )
}
