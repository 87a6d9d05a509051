import { channelOfLink, ownLink } from "./link-name.js"
import { LinkShelf, type Shelved, type ShelfItem } from "./link-shelf.js"

export interface QuotaLimits {
  /** Of all envelopes together. */
  readonly maxBytes: number
  /** Of those of one link. */
  readonly linkMaxBytes: number
  /** The part of `maxBytes` that one link may have, 0 to 1. */
  readonly linkShare: number
}

export type Placement =
  | { readonly kind: "stored"; readonly evicted: readonly ShelfItem[] }
  | { readonly kind: "known" }
  /** `quota`: its link has to make room, and has only better ones. `full`: our own mail fills everything. */
  | { readonly kind: "refused"; readonly why: "quota" | "full" }

export interface LinkUsage {
  readonly count: number
  readonly bytes: number
  readonly quotaBytes: number
}

/**
 * Who gets the room that there is: the link is charged and not the message. Without I/O and without
 * the envelopes themselves; it changes in place, because a hub has a million of them.
 */
export class Shelf {
  readonly #limits: QuotaLimits
  readonly #days = new Map<number, Map<string, Shelved>>()
  readonly #channels = new Map<string, Channel>()
  #count = 0
  #bytes = 0
  #lastNumber = 0

  constructor(limits: QuotaLimits) {
    this.#limits = limits
  }

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#bytes
  }

  get(key: string, day: number): ShelfItem | null {
    return this.#days.get(day)?.get(key)?.item ?? null
  }

  /** Decides about one more, and drops what has to make room for it. Refused: nothing changed. */
  place(item: ShelfItem): Placement {
    if (this.#days.get(item.day)?.has(item.key)) return { kind: "known" }
    const evicted: Shelved[] = []
    const why = item.link === ownLink ? this.#roomForOwn(item, evicted) : this.#room(item, evicted)
    if (why !== null) {
      for (const shelved of evicted) this.#put(shelved)
      return { kind: "refused", why }
    }
    this.add(item)
    return { kind: "stored", evicted: evicted.map(({ item }) => item) }
  }

  /**
   * Puts one there without a question, as one that a store has had since the last start. They have to be
   * added in the order in which they came.
   */
  add(item: ShelfItem): void {
    this.#put({ item, number: ++this.#lastNumber })
  }

  /** Another stamp for one that is there; it came when it came. */
  restamp(key: string, day: number, stampBits: number): void {
    const shelved = this.#days.get(day)?.get(key)
    if (!shelved) return
    this.#takeOff(shelved)
    this.#put({ item: { ...shelved.item, stampBits }, number: shelved.number })
  }

  /** Drops all whose day is before this one. @returns their keys */
  expire(beforeDay: number): readonly string[] {
    const keys: string[] = []
    for (const [day, items] of this.#days) {
      if (day >= beforeDay) continue
      for (const shelved of [...items.values()]) {
        keys.push(shelved.item.key)
        this.#takeOff(shelved)
      }
    }
    return keys
  }

  usage(): ReadonlyMap<string, LinkUsage> {
    const usage = new Map<string, LinkUsage>()
    for (const { links } of this.#channels.values()) {
      for (const [link, { count, bytes }] of links) {
        usage.set(link, { count, bytes, quotaBytes: this.#quotaOf(link) })
      }
    }
    return usage
  }

  #quotaOf(link: string): number {
    const { linkMaxBytes, linkShare, maxBytes } = this.#limits
    return link === ownLink ? maxBytes : Math.min(linkMaxBytes, Math.floor(linkShare * maxBytes))
  }

  #room(item: ShelfItem, evicted: Shelved[]): "quota" | "full" | null {
    const quotaBytes = this.#quotaOf(item.link)
    const own = this.#linkShelf(ownLink)?.bytes ?? 0
    if (item.size > quotaBytes) return "quota"
    if (own + item.size > this.#limits.maxBytes) return "full"
    // [HUB-2-2]
    while ((this.#linkShelf(item.link)?.bytes ?? 0) + item.size > quotaBytes) {
      if (!this.#evictFrom(item.link, item.stampBits, evicted)) return "quota"
    }
    // [HUB-2-3]
    while (this.#bytes + item.size > this.#limits.maxBytes) {
      const link = this.#heaviest(item)
      const mostBits = link === item.link ? item.stampBits : Infinity
      if (!this.#evictFrom(link, mostBits, evicted)) return "quota"
    }
    return null
  }

  /** Our own mail pays no share: it is what the hub is for. [HUB-2-5] */
  #roomForOwn(item: ShelfItem, evicted: Shelved[]): "full" | null {
    while (this.#bytes + item.size > this.#limits.maxBytes) {
      const link = this.#heaviest(null)
      if (!this.#evictFrom(link, Infinity, evicted)) return "full"
    }
    return null
  }

  /** @param mostBits what has a better stamp stays [HUB-2-4] */
  #evictFrom(link: string, mostBits: number, evicted: Shelved[]): boolean {
    const worst = this.#linkShelf(link)?.worst
    if (!worst || worst.item.stampBits > mostBits) return false
    this.#takeOff(worst)
    evicted.push(worst)
    return true
  }

  /** The link that stores most on the channel that stores most; `item` is counted as its link's. */
  #heaviest(item: ShelfItem | null): string {
    const start = { name: "", bytes: 0 }
    let channel = start
    const itsChannel = item && channelOfLink(item.link)
    if (item && itsChannel !== null) {
      const bytes = (this.#channels.get(itsChannel)?.bytes ?? 0) + item.size
      channel = { name: itsChannel, bytes }
    }
    for (const [name, { bytes }] of this.#channels) {
      if (name !== ownLink && bytes > channel.bytes) channel = { name, bytes }
    }
    let link = start
    if (item && channel.name === itsChannel) {
      link = { name: item.link, bytes: (this.#linkShelf(item.link)?.bytes ?? 0) + item.size }
    }
    for (const [name, { bytes }] of this.#channels.get(channel.name)?.links ?? []) {
      if (bytes > link.bytes) link = { name, bytes }
    }
    return link.name
  }

  #linkShelf(link: string): LinkShelf | undefined {
    return this.#channels.get(channelOfLink(link))?.links.get(link)
  }

  #put({ item, number }: Pick<Shelved, "item" | "number">): void {
    const shelved = { item, number, isHere: true }
    entry(this.#days, item.day, () => new Map<string, Shelved>()).set(item.key, shelved)
    const channel = entry(this.#channels, channelOfLink(item.link), newChannel)
    entry(channel.links, item.link, () => new LinkShelf()).add(shelved)
    channel.bytes += item.size
    this.#count += 1
    this.#bytes += item.size
  }

  #takeOff(shelved: Shelved): void {
    const { day, key, link, size } = shelved.item
    const items = this.#days.get(day)
    items?.delete(key)
    if (items?.size === 0) this.#days.delete(day)
    const channel = this.#channels.get(channelOfLink(link))
    const shelf = channel?.links.get(link)
    if (channel && shelf) {
      shelf.remove(shelved)
      channel.bytes -= size
      if (shelf.count === 0) channel.links.delete(link)
      if (channel.links.size === 0) this.#channels.delete(channelOfLink(link))
    }
    this.#count -= 1
    this.#bytes -= size
  }
}

/** All links on one channel. */
interface Channel {
  bytes: number
  readonly links: Map<string, LinkShelf>
}

const newChannel = (): Channel => ({ bytes: 0, links: new Map() })

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
