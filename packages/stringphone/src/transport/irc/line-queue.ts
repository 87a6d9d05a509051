import { ChannelError } from "../../bytes/index.js"
import type { Clock } from "../clock.js"
import type { IrcPace, Urgency } from "./options.js"

/** One line on its way to the server. */
export interface QueuedLine {
  readonly text: string
  readonly urgency: Urgency
  /** Lines of one lane keep their order; lanes take turns. */
  readonly lane: Lane
  readonly signal?: AbortSignal | undefined
  /** Asked when the line's turn comes. @returns why it can not be sent after all */
  readonly obstacle?: () => ChannelError | null
}

/** Whose lines they are. */
export interface Lane {
  /** Its lines wait while not; `wake` of the queue says that this has changed. */
  readonly isReady: boolean
}

interface Item extends QueuedLine {
  settle(error?: ChannelError): void
}

/** So many lines may wait in all lanes together. */
const maxWaiting = 50_000

/**
 * All lines to one server, at its pace: a bucket of `burst` tokens that fills up by `linesPerSecond`.
 * `control` goes before `chat`; within one urgency the lanes take turns. What the protocol itself asks
 * for at once (`sendNow`) waits for nothing, but counts.
 */
export class LineQueue {
  readonly #clock: Clock
  readonly #lanes: Readonly<Record<Urgency, Map<Lane, Set<Item>>>> = {
    control: new Map(),
    chat: new Map(),
  }
  #write: ((line: string) => void) | null = null
  #pace: IrcPace
  #tokens: number
  #filledAt: number
  #cancel: (() => void) | null = null
  #waiting = 0

  constructor(clock: Clock, pace: IrcPace) {
    this.#clock = clock
    this.#pace = pace
    this.#tokens = pace.burst
    this.#filledAt = clock.now()
  }

  set pace(pace: IrcPace) {
    this.#fill()
    this.#tokens = Math.min(this.#tokens, pace.burst)
    this.#pace = pace
    this.wake()
  }

  /** A connection is there; its server has counted nothing yet. */
  open(write: (line: string) => void): void {
    this.#write = write
    this.#tokens = this.#pace.burst
    this.#filledAt = this.#clock.now()
    this.wake()
  }

  /** The connection is gone: what waits, waits for the next one. */
  lost(): void {
    this.#write = null
    this.#cancel?.()
    this.#cancel = null
  }

  sendNow(line: string): void {
    if (!this.#write) return
    this.#fill()
    this.#tokens -= 1
    this.#write(line)
  }

  /**
   * Resolves when the line was handed over.
   * @throws {ChannelError} `aborted`, `backlog-full`, the obstacle, or what `clear` was given
   */
  send(line: QueuedLine): Promise<void> {
    if (line.signal?.aborted) return Promise.reject(aborted(line.signal))
    if (this.#waiting >= maxWaiting) {
      return Promise.reject(
        new ChannelError(
          "backlog-full",
          `${this.#waiting} lines already wait to be sent. Wait for them, or for the connection to return.`,
        ),
      )
    }
    return new Promise((resolve, reject) => {
      const giveUp = (): void => item.settle(aborted(line.signal))
      const item: Item = {
        ...line,
        settle: (error) => {
          line.signal?.removeEventListener("abort", giveUp)
          this.#remove(item)
          if (error) reject(error)
          else resolve()
        },
      }
      line.signal?.addEventListener("abort", giveUp)
      this.#add(item)
      this.wake()
    })
  }

  /** Everything of this lane is rejected. */
  clear(lane: Lane, error: ChannelError): void {
    for (const lanes of Object.values(this.#lanes)) {
      for (const item of [...(lanes.get(lane) ?? [])]) item.settle(error)
    }
  }

  /** Sends what may be sent now, and comes back for the rest. */
  wake(): void {
    this.#cancel?.()
    this.#cancel = null
    for (;;) {
      const write = this.#write
      const item = write && this.#next()
      if (!write || !item) return
      this.#fill()
      if (this.#tokens < 1) break
      const obstacle = item.obstacle?.() ?? null
      this.#moveBack(item)
      if (obstacle) {
        item.settle(obstacle)
        continue
      }
      this.#tokens -= 1
      write(item.text)
      item.settle()
    }
    const delayMs = Math.ceil(((1 - this.#tokens) / this.#pace.linesPerSecond) * 1000)
    this.#cancel = this.#clock.schedule(delayMs, () => this.wake())
  }

  #next(): Item | null {
    for (const lanes of [this.#lanes.control, this.#lanes.chat]) {
      for (const [lane, items] of lanes) {
        const [item] = items
        if (lane.isReady && item) return item
      }
    }
    return null
  }

  /** The lane that had its turn goes to the end. */
  #moveBack({ lane, urgency }: Item): void {
    const lanes = this.#lanes[urgency]
    const items = lanes.get(lane)
    if (!items) return
    lanes.delete(lane)
    lanes.set(lane, items)
  }

  #add(item: Item): void {
    const lanes = this.#lanes[item.urgency]
    const items = lanes.get(item.lane)
    if (items) items.add(item)
    else lanes.set(item.lane, new Set([item]))
    this.#waiting += 1
  }

  #remove(item: Item): void {
    const lanes = this.#lanes[item.urgency]
    const items = lanes.get(item.lane)
    if (!items?.delete(item)) return
    this.#waiting -= 1
    if (items.size === 0) lanes.delete(item.lane)
  }

  #fill(): void {
    const now = this.#clock.now()
    const gained = ((now - this.#filledAt) / 1000) * this.#pace.linesPerSecond
    this.#tokens = Math.min(this.#pace.burst, this.#tokens + gained)
    this.#filledAt = now
  }
}

function aborted(signal: AbortSignal | undefined): ChannelError {
  return new ChannelError("aborted", "Sending was given up before the server took the line.", {
    cause: signal?.reason,
  })
}
