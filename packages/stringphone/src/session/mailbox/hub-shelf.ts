import {
  keyOfId,
  type LinkUsage,
  type Placement,
  type QuotaLimits,
  Shelf,
  type ShelfItem,
} from "../../mailbox/hub/index.js"

/** An envelope as the store's index has it, and as a new one has it. */
interface Entry {
  readonly id: Uint8Array
  readonly day: number
  readonly size: number
  readonly stampBits: number
  readonly link: string
}

/** The shelf of a hub, with IDs instead of keys. */
export class HubShelf {
  readonly #shelf: Shelf

  constructor(limits: QuotaLimits) {
    this.#shelf = new Shelf(limits)
  }

  get count(): number {
    return this.#shelf.count
  }

  get bytes(): number {
    return this.#shelf.bytes
  }

  get links(): ReadonlyMap<string, LinkUsage> {
    return this.#shelf.usage()
  }

  get(id: Uint8Array, day: number): ShelfItem | null {
    return this.#shelf.get(keyOfId(id), day)
  }

  /** In the order in which they came. */
  add(entry: Entry): void {
    this.#shelf.add(itemOf(entry))
  }

  place(entry: Entry): Placement {
    return this.#shelf.place(itemOf(entry))
  }

  /** The same envelope under a better stamp. */
  restamp({ day, key }: ShelfItem, stampBits: number): void {
    this.#shelf.restamp(key, day, stampBits)
  }

  expire(beforeDay: number): readonly string[] {
    return this.#shelf.expire(beforeDay)
  }
}

function itemOf({ day, id, link, size, stampBits }: Entry): ShelfItem {
  return { key: keyOfId(id), day, size, stampBits, link }
}
