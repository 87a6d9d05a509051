import { ChannelError, UsageError } from "../../bytes/index.js"
import { keyOfId } from "../../mailbox/hub/index.js"
import type { Timers } from "../timers.js"

export interface PublisherPorts {
  /** The parcels of those that others may have. */
  readonly read: (ids: readonly Uint8Array[]) => Promise<readonly Uint8Array[]>
  readonly idOf: (parcel: Uint8Array) => Uint8Array
  /** Resolves when the channel keeps it. */
  readonly send: (parcel: Uint8Array) => Promise<void>
  readonly isOpen: () => boolean
  readonly onTooLarge: (id: Uint8Array) => void
  readonly onTrouble: (error: unknown) => void
}

const maxBatch = 32
const retryMs = 5_000
/** So many that are on the channel are remembered. */
const maxKept = 65_536

/** Brings to the channel what it does not have; while it is away, only IDs wait. */
export class BackbonePublisher {
  readonly #ports: PublisherPorts
  readonly #timers: Timers
  readonly #waiting = new Map<string, Uint8Array>()
  readonly #kept = new Set<string>()
  #working: Promise<void> | null = null
  #underWay = 0
  #isClosed = false
  publishedCount = 0
  tooLargeCount = 0

  constructor(ports: PublisherPorts, timers: Timers) {
    this.#ports = ports
    this.#timers = timers
  }

  get waitingCount(): number {
    return this.#waiting.size + this.#underWay
  }

  add(ids: readonly Uint8Array[]): void {
    for (const id of ids) {
      const key = keyOfId(id)
      if (!this.#kept.has(key)) this.#waiting.set(key, id)
    }
    this.wake()
  }

  /** The channel keeps this one. */
  see(id: Uint8Array): void {
    const key = keyOfId(id)
    this.#waiting.delete(key)
    const [oldest] = this.#kept
    if (this.#kept.size >= maxKept && oldest !== undefined) this.#kept.delete(oldest)
    this.#kept.add(key)
  }

  wake(): void {
    if (this.#isClosed || this.#timers.has("retry") || !this.#hasWork()) return
    this.#working ??= this.#work()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#working
  }

  #hasWork(): boolean {
    return this.#waiting.size > 0 && this.#ports.isOpen()
  }

  async #work(): Promise<void> {
    let isFine = true
    while (isFine && !this.#isClosed && this.#hasWork()) isFine = await this.#publishSome()
    this.#working = null
    if (isFine || this.#isClosed) return
    this.#timers.once("retry", retryMs, () => this.wake())
  }

  /** @returns whether to go on at once */
  async #publishSome(): Promise<boolean> {
    // Taken off now: what is let go of while we read is added again.
    const batch = [...this.#waiting].slice(0, maxBatch)
    for (const [key] of batch) this.#waiting.delete(key)
    this.#underWay = batch.length
    try {
      const parcels = await this.#ports.read(batch.map(([, id]) => id))
      // What has left the hub meanwhile, or is held, is not to be published.
      const sent = await Promise.all(parcels.map((parcel) => this.#publish(parcel)))
      const failed = new Set(sent.filter((key) => key !== null))
      for (const [key, id] of batch) if (failed.has(key)) this.#waiting.set(key, id)
      return failed.size === 0
    } catch (error) {
      for (const [key, id] of batch) this.#waiting.set(key, id)
      if (!this.#isClosed) this.#ports.onTrouble(error)
      return false
    } finally {
      this.#underWay = 0
    }
  }

  /** @returns `null`: done with; else the key, to try again */
  async #publish(parcel: Uint8Array): Promise<string | null> {
    const id = this.#ports.idOf(parcel)
    try {
      await this.#ports.send(parcel)
    } catch (error) {
      if (error instanceof UsageError && error.code === "message-too-large") {
        this.tooLargeCount += 1
        this.#ports.onTooLarge(id)
        return null
      }
      const isOver = error instanceof ChannelError && error.code === "closed"
      if (!isOver && !this.#isClosed) this.#ports.onTrouble(error)
      return keyOfId(id)
    }
    this.publishedCount += 1
    this.see(id)
    return null
  }
}
