import { ChannelError } from "../../bytes/index.js"
import { hash, labelled } from "../../crypto/index.js"
import {
  decodeParcel,
  type EnvelopeCheck,
  type HubLimits,
  type Parcel,
  type RandomBytes,
  stampBytes,
} from "../../mailbox/hub/index.js"
import type { EnvelopeStore } from "../../store/envelopes/port.js"
import { HubBatch } from "./hub-batch.js"
import { HubShelf } from "./hub-shelf.js"

export interface HubBookOptions {
  readonly store: EnvelopeStore
  readonly limits: HubLimits
  readonly check: EnvelopeCheck
  readonly randomBytes: RandomBytes
}

/** The shelf and the store, which agree whenever nothing is under way. One change at a time. */
export class HubBook {
  readonly #options: HubBookOptions
  readonly #rankKey: Uint8Array
  #shelf: HubShelf

  constructor(options: HubBookOptions) {
    this.#options = options
    this.#rankKey = options.randomBytes(32)
    this.#shelf = new HubShelf(options.limits)
  }

  get shelf(): HubShelf {
    return this.#shelf
  }

  /** What is true is in the store. @throws {ChannelError} those of the store */
  async load(): Promise<void> {
    const shelf = new HubShelf(this.#options.limits)
    for (const entry of await this.#options.store.index()) shelf.add(entry, this.#rankOf(entry.id))
    this.#shelf = shelf
  }

  /**
   * Decides and stores; durable when it resolves. A full store is a refusal, `failure` says so.
   * @throws {ChannelError} those of the store; nothing was stored then
   */
  async take(parcels: readonly Uint8Array[], link: string, today: number): Promise<HubBatch> {
    const { check, limits, store } = this.#options
    const rankOf = (id: Uint8Array): number => this.#rankOf(id)
    const batch = new HubBatch({ shelf: this.#shelf, limits, check, rankOf, link })
    batch.place(parcels.map(parcelOrNull), today)
    try {
      if (batch.dropping.length > 0) await store.drop(batch.dropping)
      if (batch.adding.length > 0) await store.add(batch.adding)
    } catch (error) {
      // Something may have been dropped.
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

  /** The same at each offer, and nobody else can tell it: who offers again gets no other chance. */
  #rankOf(id: Uint8Array): number {
    const [a = 0, b = 0, c = 0, d = 0] = hash(labelled("mailbox rank", this.#rankKey, id))
    return ((a * 256 + b) * 256 + c) * 256 + d
  }
}

function parcelOrNull(bytes: Uint8Array): Parcel | null {
  return bytes.length > stampBytes ? decodeParcel(bytes) : null
}
