import type { ChannelError } from "../../bytes/index.js"
import {
  type EnvelopeCheck,
  type HubLimits,
  idOfKey,
  keyOfId,
  ownLink,
  type Parcel,
  type ShelfItem,
  stampBits,
  unfitness,
} from "../../mailbox/hub/index.js"
import type { NewEnvelope } from "../../store/envelopes/port.js"
import type { HubShelf } from "./hub-shelf.js"
import type { AcceptResult, Refusal } from "./hub-types.js"

export interface HubBatchOptions {
  readonly shelf: HubShelf
  readonly limits: HubLimits
  readonly check: EnvelopeCheck
  readonly link: string
}

/** Parcels that came together: what the store has to do so that the shelf's decisions are true. */
export class HubBatch {
  readonly #options: HubBatchOptions
  #results: AcceptResult[] = []
  #failure: ChannelError | null = null
  /** New ones and known ones with a better stamp, by key. */
  readonly #adding = new Map<string, NewEnvelope>()
  readonly #new = new Map<string, number>()
  readonly #dropping: Uint8Array[] = []
  readonly #evicted = new Map<string, number>()
  readonly #unwanted: { readonly key: string; readonly day: number }[] = []

  constructor(options: HubBatchOptions) {
    this.#options = options
  }

  /** Why all were refused, if the store refused them. */
  get failure(): ChannelError | null {
    return this.#failure
  }

  get results(): readonly AcceptResult[] {
    return this.#results
  }

  get adding(): readonly NewEnvelope[] {
    return [...this.#adding.values()]
  }

  get dropping(): readonly Uint8Array[] {
    return this.#dropping
  }

  get newEnvelopes(): readonly NewEnvelope[] {
    return [...this.#adding].filter(([key]) => this.#new.has(key)).map(([, envelope]) => envelope)
  }

  /** Dropped, or refused for a reason that stays. */
  get unwanted(): readonly { readonly key: string; readonly day: number }[] {
    return this.#unwanted
  }

  get evictedByLink(): ReadonlyMap<string, number> {
    return this.#evicted
  }

  /** `null`: none was refused. */
  get refusals(): Partial<Record<Refusal, number>> | null {
    const counts: Partial<Record<Refusal, number>> = {}
    for (const result of this.#results) {
      if (result.kind === "refused") counts[result.why] = (counts[result.why] ?? 0) + 1
    }
    return Object.keys(counts).length > 0 ? counts : null
  }

  place(parcels: readonly (Parcel | null)[], today: number): void {
    for (const parcel of parcels) this.#results.push(this.#placeOne(parcel, today))
  }

  /** Nothing was stored: the store is full. */
  fail(error: ChannelError): void {
    this.#failure = error
    this.#results = this.#results.map(() => ({ kind: "refused", why: "full" }))
  }

  #placeOne(parcel: Parcel | null, today: number): AcceptResult {
    const { check, limits, link, shelf } = this.#options
    const facts = parcel && check(parcel.envelope) // [HUB-1-1]
    if (!facts) return { kind: "refused", why: "malformed" }
    const { day, id, size } = facts
    const bits = stampBits(id, parcel.stamp)
    const needed = link === ownLink ? { ...limits, minStampBits: 0 } : limits
    const unfit = unfitness(facts, bits, today, needed)
    const key = keyOfId(id)
    if (unfit !== null) {
      if (unfit === "too-large") this.#unwanted.push({ key, day })
      return { kind: "refused", why: unfit }
    }
    // What is kept may not be a view of something larger.
    const envelope: NewEnvelope = {
      id: id.slice(),
      day,
      link,
      stamp: parcel.stamp.slice(),
      stampBits: bits,
      bytes: parcel.envelope.slice(),
    }
    const placement = shelf.place({ ...envelope, size })
    if (placement.kind === "known") {
      this.#takeBetterStamp(envelope)
      return { kind: "known", id: envelope.id }
    }
    if (placement.kind === "refused") {
      this.#unwanted.push({ key, day })
      return { kind: "refused", why: placement.why }
    }
    this.#adding.set(key, envelope)
    this.#new.set(key, this.#results.length)
    for (const item of placement.evicted) this.#evict(item)
    return { kind: "stored", id: envelope.id }
  }

  #evict({ day, key, link }: ShelfItem): void {
    const at = this.#new.get(key)
    this.#adding.delete(key)
    this.#new.delete(key)
    if (at === undefined) this.#dropping.push(idOfKey(key))
    else this.#results[at] = { kind: "refused", why: "quota" } // came and went in one batch
    this.#unwanted.push({ key, day })
    this.#evicted.set(link, (this.#evicted.get(link) ?? 0) + 1)
  }

  /** [HUB-3-3] */
  #takeBetterStamp(envelope: NewEnvelope): void {
    const shelf = this.#options.shelf
    const item = shelf.get(envelope.id, envelope.day)
    if (!item || item.stampBits >= envelope.stampBits) return
    shelf.restamp(item, envelope.stampBits)
    this.#adding.set(item.key, { ...envelope, link: item.link })
  }
}
