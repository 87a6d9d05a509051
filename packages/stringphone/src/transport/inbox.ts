import { UsageError } from "../bytes/index.js"
import type { IncomingMessage } from "./port.js"

/** How much may wait to be read. Whichever is reached first counts. */
export interface InboxLimits {
  /** Default 1024. */
  readonly maxMessages?: number
  /** Default 8 MiB. */
  readonly maxBytes?: number
}

/** What an inbox asks of its transport. */
export interface InboxHooks {
  /** The high water mark was reached: stop reading from the channel. */
  readonly pause?: () => void
  /** The low water mark was reached again: go on. */
  readonly resume?: () => void
  /** So many of the oldest were thrown away since the last call. */
  readonly dropped: (count: number) => void
}

interface Entry {
  readonly message: IncomingMessage
  readonly settled: (() => void) | undefined
}

/**
 * The queue behind `messages`. The limits are the high water mark; the low one is half of them.
 * With a `pause` hook nothing is dropped: what was already on its way when the channel was told to
 * pause is kept too. Without one, the oldest make room for the newest.
 */
export class Inbox implements AsyncIterable<IncomingMessage> {
  readonly #maxMessages: number
  readonly #maxBytes: number
  readonly #hooks: InboxHooks
  // A Set keeps the order of arrival and takes its first element off in constant time.
  readonly #queue = new Set<Entry>()
  #bytes = 0
  #paused = false
  #ended = false
  #dropped = 0
  #reading = false
  readonly #wanting: ((entry: Entry | null) => void)[] = []
  /** Settles the message that the reader deals with now. */
  #settle: () => void = () => {}

  constructor(limits: InboxLimits, hooks: InboxHooks) {
    this.#maxMessages = limits.maxMessages ?? 1024
    this.#maxBytes = limits.maxBytes ?? 8 * 1024 * 1024
    this.#hooks = hooks
  }

  /** Between the high and the low water mark: nothing more should be brought in. */
  get paused(): boolean {
    return this.#paused
  }

  /**
   * @param settled called once, when the reader has dealt with the message: it asks for the next,
   * stops reading, or closes the transport. Not called for one that nobody read.
   */
  push(message: IncomingMessage, settled?: () => void): void {
    if (this.#ended) return
    const entry = { message, settled }
    const wanting = this.#wanting.shift()
    if (wanting) return wanting(entry)
    this.#queue.add(entry)
    this.#bytes += message.bytes.length
    if (!this.#hooks.pause) return this.trim(1)
    if (!this.#paused && this.#exceeds(1, true)) {
      this.#paused = true
      this.#hooks.pause()
    }
  }

  /** Drops the oldest until at most `factor` times the limits are held; never the newest. */
  trim(factor: number): void {
    while (this.#queue.size > 1 && this.#exceeds(factor, false)) {
      this.#shift()
      this.countDropped()
    }
  }

  /** Reports one lost message; those of one turn of the event loop are reported together. */
  countDropped(): void {
    this.#dropped += 1
    if (this.#dropped > 1) return
    queueMicrotask(() => {
      const count = this.#dropped
      this.#dropped = 0
      this.#hooks.dropped(count)
    })
  }

  /** Nothing more comes in. What is here can still be read. */
  end(): void {
    this.#ended = true
    this.#settle()
    this.#dismiss()
  }

  /**
   * The one reader. After it stopped (`break`), another may go on where it left off.
   * @throws {UsageError} `already-reading` while another reader is at work
   */
  [Symbol.asyncIterator](): AsyncIterator<IncomingMessage, undefined> {
    const over = this.#ended && this.#queue.size === 0
    if (this.#reading && !over) {
      throw new UsageError(
        "already-reading",
        "Something else already reads these messages. Use one `for await` loop and share from there.",
      )
    }
    this.#reading = true
    let stopped = false
    return {
      next: async () => (stopped ? { value: undefined, done: true } : this.#take()),
      return: async () => {
        if (!stopped) {
          stopped = true
          this.#reading = false
          this.#settle()
          this.#dismiss()
        }
        return { value: undefined, done: true }
      },
    }
  }

  async #take(): Promise<IteratorResult<IncomingMessage, undefined>> {
    this.#settle()
    const entry = await this.#next()
    return entry ? { value: entry.message, done: false } : { value: undefined, done: true }
  }

  #next(): Promise<Entry | null> {
    const entry = this.#shift()
    if (entry) {
      if (this.#paused && !this.#exceeds(0.5, false)) {
        this.#paused = false
        this.#hooks.resume?.()
      }
      this.#handOut(entry)
      return Promise.resolve(entry)
    }
    if (this.#ended) return Promise.resolve(null)
    return new Promise((resolve) => {
      this.#wanting.push((next) => {
        if (next) this.#handOut(next)
        resolve(next)
      })
    })
  }

  #handOut({ settled }: Entry): void {
    this.#settle() // several may be asked for at once
    this.#settle = () => {
      this.#settle = () => {}
      settled?.()
    }
  }

  #dismiss(): void {
    for (const wanting of this.#wanting.splice(0)) wanting(null)
  }

  #shift(): Entry | undefined {
    const [entry] = this.#queue
    if (entry) {
      this.#queue.delete(entry)
      this.#bytes -= entry.message.bytes.length
    }
    return entry
  }

  #exceeds(factor: number, orEquals: boolean): boolean {
    const count = this.#queue.size - factor * this.#maxMessages
    const bytes = this.#bytes - factor * this.#maxBytes
    return orEquals ? count >= 0 || bytes >= 0 : count > 0 || bytes > 0
  }
}
