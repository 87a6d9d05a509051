import { ChannelError } from "stringphone/bytes"
import { Rate } from "./rate.js"

/** A value of a topic, on its way to the other side. */
export interface Value {
  readonly topic: string
  readonly payload: Uint8Array
  readonly retained: boolean
}

export interface LatestOptions {
  /** Resolves when the other side's broker took it. A {@link ChannelError}: try again later. */
  readonly send: (value: Value) => Promise<void>
  /** Whether it makes sense to send now; whenever that changes, call `pump`. */
  readonly isReady: () => boolean
  readonly maxPerSecond: number
  readonly maxWaiting: number
  readonly maxWaitingBytes: number
  /** One that waited and was never sent, as too many waited; or that could not be sent at all. */
  readonly onDropped: (value: Value, error: unknown) => void
}

interface Ordered {
  readonly value: Value
  readonly order: number
}

/** On their way, not yet taken by the broker. */
const maxInFlight = 64
const maxBytesInFlight = 4 * 1024 * 1024

/**
 * What goes to the other side. As long as that is fast enough everything goes at once. When it is slow
 * or away, or a topic changes more often than it may, the latest value of each topic waits in the
 * place of the earlier ones, within bounds.
 */
export class Latest {
  readonly #options: LatestOptions
  readonly #rate: Rate
  readonly #waiting = new Map<string, Ordered>()
  #count = 0
  #waitingBytes = 0
  #inFlight = 0
  #bytesInFlight = 0
  #timer: NodeJS.Timeout | null = null
  #idle: (() => void)[] = []
  #isClosed = false

  constructor(options: LatestOptions) {
    this.#options = options
    this.#rate = new Rate(options.maxPerSecond)
  }

  /** How many wait or are on their way. */
  get size(): number {
    return this.#waiting.size + this.#inFlight
  }

  put(value: Value): void {
    if (this.#isClosed) return
    const ordered = { value, order: this.#count++ }
    const isFirst = !this.#waiting.has(keyOf(value)) && this.#hasRoom()
    if (isFirst && this.#rate.take(value.topic, performance.now()) === 0) return this.#send(ordered)
    this.#wait(ordered)
    this.#startTimer(pauseMs)
  }

  /** Sends what waits, as far as it may go now. */
  pump(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    let soonestMs = Infinity
    for (const [key, ordered] of this.#waiting) {
      if (!this.#hasRoom()) return
      const waitMs = this.#rate.take(ordered.value.topic, performance.now())
      if (waitMs > 0) soonestMs = Math.min(soonestMs, waitMs)
      else {
        this.#forget(key)
        this.#send(ordered)
      }
    }
    if (soonestMs < Infinity) this.#startTimer(Math.max(pauseMs, soonestMs))
  }

  /** Resolves when all has gone, or when the time is over. */
  async drained(withinMs: number): Promise<void> {
    if (this.size === 0) return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#idle.push(resolve)
      timer = setTimeout(resolve, withinMs)
    })
    clearTimeout(timer)
  }

  close(): void {
    this.#isClosed = true
    if (this.#timer) clearTimeout(this.#timer)
    this.#waiting.clear()
    this.#waitingBytes = 0
  }

  #hasRoom(): boolean {
    const isFree = this.#inFlight < maxInFlight && this.#bytesInFlight < maxBytesInFlight
    return isFree && this.#options.isReady()
  }

  #wait(ordered: Ordered): void {
    const key = keyOf(ordered.value)
    this.#forget(key, true)
    this.#waiting.set(key, ordered)
    this.#waitingBytes += sizeOf(ordered.value)
    const { maxWaiting, maxWaitingBytes, onDropped } = this.#options
    for (const [oldest, { value }] of this.#waiting) {
      if (this.#waiting.size <= maxWaiting && this.#waitingBytes <= maxWaitingBytes) return
      this.#forget(oldest)
      onDropped(value, null)
    }
  }

  /** `keepsPlace`: the next value of this key takes its place in the line. */
  #forget(key: string, keepsPlace = false): void {
    const waiting = this.#waiting.get(key)
    if (!waiting) return
    if (!keepsPlace) this.#waiting.delete(key)
    this.#waitingBytes -= sizeOf(waiting.value)
  }

  #send(ordered: Ordered): void {
    const { value } = ordered
    this.#inFlight += 1
    this.#bytesInFlight += sizeOf(value)
    this.#options
      .send(value)
      .catch((error: unknown) => this.#failed(ordered, error))
      .finally(() => {
        this.#inFlight -= 1
        this.#bytesInFlight -= sizeOf(value)
        if (this.#waiting.size > 0 && !this.#isClosed) this.#startTimer(0)
        if (this.size > 0) return
        for (const resolve of this.#idle.splice(0)) resolve()
      })
  }

  #failed(ordered: Ordered, error: unknown): void {
    if (this.#isClosed) return
    if (!(error instanceof ChannelError)) return this.#options.onDropped(ordered.value, error)
    // A newer value may wait already.
    const waiting = this.#waiting.get(keyOf(ordered.value))
    if (!waiting || waiting.order < ordered.order) this.#wait(ordered)
    this.#startTimer(retryMs)
  }

  #startTimer(afterMs: number): void {
    this.#timer ??= setTimeout(() => this.pump(), afterMs)
  }
}

const pauseMs = 5
const retryMs = 500

/** What is kept and what is only passed on do not replace each other. */
function keyOf({ retained, topic }: Value): string {
  return `${retained ? "kept" : "passing"} ${topic}`
}

function sizeOf({ payload, topic }: Value): number {
  return payload.length + topic.length
}
