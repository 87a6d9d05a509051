import { ChannelError } from "../../bytes/index.js"
import {
  decodeParcel,
  type EnvelopeCheck,
  type HubLimits,
  type Parcel,
  stampBytes,
} from "../../mailbox/hub/index.js"
import type { EnvelopeStore } from "../../store/envelopes/port.js"
import { HubBatch } from "./hub-batch.js"
import { HubShelf } from "./hub-shelf.js"

export interface HubBookOptions {
  readonly store: EnvelopeStore
  readonly limits: HubLimits
  readonly check: EnvelopeCheck
}

/** The shelf and the store, which agree whenever nothing is under way. One change at a time. */
export class HubBook {
  readonly #options: HubBookOptions
  #shelf: HubShelf
  /** Something failed since the shelf was read, and it could not be read again. */
  #isDoubtful = false

  constructor(options: HubBookOptions) {
    this.#options = options
    this.#shelf = new HubShelf(options.limits)
  }

  get shelf(): HubShelf {
    return this.#shelf
  }

  /** What is true is in the store. @throws {ChannelError} those of the store */
  async load(): Promise<void> {
    const shelf = new HubShelf(this.#options.limits)
    const index = await this.#options.store.index()
    for (const entry of [...index].sort((a, b) => a.number - b.number)) shelf.add(entry)
    this.#shelf = shelf
    this.#isDoubtful = false
  }

  /**
   * Decides and stores; durable when it resolves. A full store is a refusal, `failure` says so.
   * @throws {ChannelError} those of the store; nothing was stored then
   */
  async take(parcels: readonly Uint8Array[], link: string, today: number): Promise<HubBatch> {
    const { check, limits, store } = this.#options
    if (this.#isDoubtful) await this.load()
    const batch = new HubBatch({ shelf: this.#shelf, limits, check, link })
    batch.place(parcels.map(parcelOrNull), today)
    try {
      if (batch.dropping.length > 0) await store.drop(batch.dropping)
      if (batch.adding.length > 0) await store.add(batch.adding)
    } catch (error) {
      // Something may have been dropped, or stored without our being told.
      this.#isDoubtful = true
      await this.load()
      if (!(error instanceof ChannelError && error.code === "store-full")) throw error
      batch.fail(error)
    }
    return batch
  }

  /** @returns the keys of what went, and how many the store had. @throws {ChannelError} */
  async expire(
    today: number,
  ): Promise<{ readonly keys: readonly string[]; readonly count: number }> {
    const count = await this.#options.store.expire(today)
    return { keys: this.#shelf.expire(today), count }
  }
}

function parcelOrNull(bytes: Uint8Array): Parcel | null {
  return bytes.length > stampBytes ? decodeParcel(bytes) : null
}
