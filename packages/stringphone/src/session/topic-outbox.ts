import { ChannelError, UsageError } from "../bytes/index.js"
import type { Topic } from "../topic/index.js"
import type { StoredTopic } from "./stored-topic.js"
import type { SendTopicOptions } from "./topic-events.js"

/** Payloads in one bundle, and how long it gets at most. */
const maxTogether = 64
const maxBundleBytes = 32_768
/** Of a data message, over its content. */
const overheadBytes = 99
/** Messages handed to the channel and not taken by it yet. */
const maxInFlight = 32

interface Waiting {
  readonly payload: string | Uint8Array
  readonly options: SendTopicOptions
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * What is to be sent. While the channel is busy payloads gather, and go together in bundles; while
 * a removal waits for its epoch nothing goes.
 */
export class TopicOutbox {
  readonly #stored: StoredTopic
  readonly #transmit: (encoded: Uint8Array, signal?: AbortSignal) => Promise<void>
  readonly #nowMs: () => number
  readonly #maxBytes: number
  #waiting: Waiting[] = []
  #inFlight = 0
  #isFlushing = false
  #closed: Error | null = null

  constructor(
    stored: StoredTopic,
    transmit: (encoded: Uint8Array, signal?: AbortSignal) => Promise<void>,
    nowMs: () => number,
    maxMessageBytes: number,
  ) {
    this.#stored = stored
    this.#maxBytes = Math.min(maxBundleBytes, maxMessageBytes - overheadBytes)
    this.#transmit = transmit
    this.#nowMs = nowMs
  }

  send(payload: string | Uint8Array, options: SendTopicOptions): Promise<void> {
    const { signal } = options
    return new Promise<void>((resolve, reject) => {
      if (this.#closed) return reject(this.#closed)
      if (signal?.aborted) return reject(aborted())
      const waiting: Waiting = { payload, options, resolve, reject }
      this.#waiting.push(waiting)
      signal?.addEventListener("abort", () => this.#giveUp(waiting), { once: true })
      void this.flush()
    })
  }

  /** Sends what waits, if something can be sent now. */
  async flush(): Promise<void> {
    if (this.#isFlushing) return
    this.#isFlushing = true
    try {
      // What is sent in one turn of the caller goes together.
      await Promise.resolve()
      while (this.#waiting.length > 0 && this.#inFlight < maxInFlight && this.#canSend()) {
        await this.#sendSome(this.#next())
      }
    } finally {
      this.#isFlushing = false
    }
  }

  close(): void {
    this.#closed = new ChannelError("closed", "The topic was closed.")
    for (const { reject } of this.#waiting) reject(this.#closed)
    this.#waiting = []
  }

  #canSend(): boolean {
    // Who only sends learns of the next epoch by trying.
    return !this.#stored.isReceiver || this.#stored.topic?.standing !== "waiting"
  }

  /** The next message: one that says its time, or as many others as fit into a bundle. */
  #next(): readonly Waiting[] {
    const first = this.#waiting[0] as Waiting
    let count = 1
    let bytes = sizeOf(first)
    if (first.options.validForMs === undefined) {
      for (const { options, payload } of this.#waiting.slice(1, maxTogether)) {
        bytes += sizeOf({ payload })
        if (options.validForMs !== undefined || bytes > this.#maxBytes) break
        count += 1
      }
    }
    return this.#waiting.splice(0, count)
  }

  async #sendSome(some: readonly Waiting[]): Promise<void> {
    let encoded: Uint8Array
    try {
      encoded = await this.#stored.encode((topic) => this.#encode(topic, some))
    } catch (error) {
      if (error instanceof UsageError && error.code === "removal-pending" && !this.#closed) {
        const [gone, staying] = [some.filter(isAborted), some.filter((one) => !isAborted(one))]
        for (const { reject } of gone) reject(aborted())
        this.#waiting.unshift(...staying)
        return
      }
      for (const { reject } of some) reject(error)
      return
    }
    this.#inFlight += 1
    // One of many can not be called back from a bundle.
    const signal = some.length === 1 ? some[0]?.options.signal : undefined
    this.#transmit(encoded, signal)
      .then(
        () => some.forEach(({ resolve }) => resolve()),
        (error: unknown) => some.forEach(({ reject }) => reject(error)),
      )
      .finally(() => {
        this.#inFlight -= 1
        void this.flush()
      })
  }

  #encode(topic: Topic, some: readonly Waiting[]): Uint8Array {
    const [first] = some as readonly [Waiting]
    if (some.length > 1) return topic.encodeBundle(some.map(({ payload }) => payload))
    const { validForMs } = first.options
    return validForMs === undefined
      ? topic.encode(first.payload)
      : topic.encodeTimed(first.payload, { sentMs: this.#nowMs(), validForMs })
  }

  #giveUp(waiting: Waiting): void {
    const at = this.#waiting.indexOf(waiting)
    if (at < 0) return
    this.#waiting.splice(at, 1)
    waiting.reject(aborted())
  }
}

function isAborted({ options }: Waiting): boolean {
  return options.signal?.aborted === true
}

function sizeOf({ payload }: Pick<Waiting, "payload">): number {
  return payload.length + 4
}

function aborted(): ChannelError {
  return new ChannelError("aborted", "Sending was given up.")
}
