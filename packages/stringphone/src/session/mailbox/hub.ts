import { UsageError } from "../../bytes/index.js"
import { randomBytes as systemRandom } from "../../crypto/index.js"
import {
  ClockWatch,
  dayOf,
  defaultHubLimits,
  encodeParcel,
  type HubLimits,
  keyOfId,
  noStamp,
  ownLink,
} from "../../mailbox/hub/index.js"
import { checkEnvelope } from "../../mailbox/index.js"
import type { EnvelopeStore } from "../../store/envelopes/port.js"
import { systemClock, type Clock } from "../../transport/index.js"
import { Timers } from "../timers.js"
import { HubListeners } from "./hub-listeners.js"
import { troubleOf } from "./hub-trouble.js"
import type { HubBatch } from "./hub-batch.js"
import { HubBook } from "./hub-book.js"
import { HubHolding } from "./hub-holding.js"
import { type IndexEntry, ShownIndex, UnwantedEnvelopes } from "./hub-known.js"
import type {
  AcceptResult,
  CoverOptions,
  MailHubEvent,
  MailHubOptions,
  MailHubUsage,
  ReleasedEnvelope,
} from "./hub-types.js"

const expireEveryMs = 600_000
const maxUnwanted = 65_536

/**
 * Opens a hub on a store of envelopes: it keeps everybody's mail, can read none of it, and passes it on
 * over links (`openHubLink`). spec/mailbox-hub.md
 *
 * @throws {ChannelError} those of the store
 * @example
 * import { createMemoryEnvelopeStore } from "stringphone/store/envelopes/memory"
 *
 * const hub = await openHub({ store: createMemoryEnvelopeStore() })
 * hub.usage.count // → 0
 * await hub.close()
 */
export async function openHub(options: MailHubOptions): Promise<MailHub> {
  const mark = (await options.released?.load()) ?? null
  const hub = new MailHub(options)
  await hub.start(mark)
  return hub
}

/** Own mail waits for its tick first. */
type Way = "mix" | "tick"

/** A store of envelopes with manners. */
export class MailHub {
  readonly #options: MailHubOptions
  readonly #limits: HubLimits
  readonly #store: EnvelopeStore
  readonly #clock: Clock
  readonly #wallClock: () => number
  readonly #timers: Timers
  readonly #watch: ClockWatch
  readonly #holding: HubHolding
  readonly #unwanted = new UnwantedEnvelopes(maxUnwanted)
  readonly #index: ShownIndex
  readonly #listeners = new HubListeners<MailHubEvent>()
  readonly #book: HubBook
  /** Whatever changes the store comes one after the other. */
  #last: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | null = null

  /** @internal */
  constructor(options: MailHubOptions) {
    this.#options = options
    this.#limits = { ...defaultHubLimits, ...options.limits }
    this.#store = options.store
    this.#clock = options.clock ?? systemClock
    this.#wallClock = options.wallClock ?? Date.now
    this.#timers = new Timers(this.#clock)
    this.#watch = new ClockWatch(this.#wallClock(), this.#clock.now())
    const randomBytes = options.randomBytes ?? systemRandom
    const { check = checkEnvelope, store } = options
    this.#book = new HubBook({ store, limits: this.#limits, check })
    this.#holding = new HubHolding({
      clock: this.#clock,
      mixing: { meanMs: 30_000, batchMs: 5_000, ...options.mixing },
      randomBytes,
      mark: options.released ?? null,
      onReleased: (envelopes) => this.#tellReleased(envelopes),
      onTrouble: (error) => this.#tellTrouble(error),
    })
    this.#index = new ShownIndex(store, this.#unwanted, (id) => this.#holding.has(id))
    if (options.onEvent) this.onEvent(options.onEvent)
  }

  /** @internal */
  async start(releasedNumber: number | null): Promise<void> {
    await this.#book.load()
    if (releasedNumber !== null) {
      for (const entry of await this.#store.index()) {
        if (entry.number <= releasedNumber) continue
        const waits = entry.link === ownLink && this.#options.cover !== undefined
        this.#hold(entry, entry.number, waits ? "tick" : "mix")
      }
    }
    this.#holding.lastNumber = (await this.#store.usage()).lastNumber
    await this.expire()
    this.#holding.release()
    this.#timers.every("expire", expireEveryMs, () => {
      this.expire().catch((error: unknown) => this.#tellTrouble(error))
    })
    const { cover } = this.#options
    if (!cover) return
    this.#holding.startTicks(cover.everyMs, () => {
      this.#postDummy(cover).catch((error: unknown) => this.#tellTrouble(error))
    })
  }

  /** Days since 1970-01-01 UTC. */
  get today(): number {
    return dayOf(this.#wallClock())
  }

  get limits(): HubLimits {
    return this.#limits
  }

  get usage(): MailHubUsage {
    const { bytes, count, links } = this.#book.shelf
    const { maxBytes } = this.#limits
    return { count, bytes, maxBytes, heldCount: this.#holding.count, links }
  }

  /** @returns a function that stops it. */
  onEvent(listener: (event: MailHubEvent) => void | Promise<void>): () => void {
    return this.#listeners.add(listener)
  }

  /**
   * Adds an envelope of our own; resolves when it is durable. Others see it later: after a random time,
   * and with `cover` when its turn has come.
   *
   * @param stamp 8 bytes
   * @throws {UsageError} `refused`: it is no envelope, expired, too large, or our own mail fills the hub
   * @throws {ChannelError} those of the store
   */
  async add(envelope: Uint8Array, stamp: Uint8Array = noStamp): Promise<void> {
    const way = this.#options.cover ? "tick" : "mix"
    const [result] = await this.#take([encodeParcel({ stamp, envelope })], ownLink, way)
    if (result?.kind !== "refused") return
    throw new UsageError(
      "refused",
      result.why === "full"
        ? "Our own mail fills the hub. Give it more room, or wait until some of it has expired."
        : `The hub does not take this envelope: ${result.why}. Check the clock, its size and its stamp.`,
    )
  }

  /**
   * Takes parcels (stamp 8 ‖ envelope) from a neighbour; resolves when what was stored is durable.
   *
   * @param link the neighbour's name, as `linkName` makes it: it is charged for the room
   * @returns what became of each
   * @throws {UsageError} `bad-link`, `closed`
   * @throws {ChannelError} those of the store; `store-full` is no throw but a refusal
   */
  async accept(parcels: readonly Uint8Array[], link: string): Promise<readonly AcceptResult[]> {
    if (link === ownLink || link === "" || link.length > 64) {
      throw new UsageError("bad-link", "A link has a name of 1 to 64 characters, and not `own`.")
    }
    return this.#take(parcels, link, "mix")
  }

  /** What others may know that we have, sorted by day, then ID; and what we do not want. */
  entries(): Promise<readonly IndexEntry[]> {
    return this.#index.entries(this.today)
  }

  /** The parcels that others may have; what is not here, held or expired is left out. */
  async parcels(ids: readonly Uint8Array[]): Promise<readonly Uint8Array[]> {
    const { today } = this
    const stored = await this.#store.get(ids.filter((id) => !this.#holding.has(id)))
    return stored.flatMap((found) =>
      found && found.day >= today
        ? [encodeParcel({ stamp: found.stamp, envelope: found.bytes })]
        : [],
    )
  }

  /** Whether it is here; what is held counts, too. */
  has(id: Uint8Array, day: number): boolean {
    return this.#book.shelf.get(id, day) !== null
  }

  /** Drops what has expired. The hub does it by itself. @returns how many */
  async expire(): Promise<number> {
    const days = this.#watch.look(this.#wallClock(), this.#clock.now())
    if (days !== 0) this.#listeners.emit({ kind: "clock-jumped", days })
    if (!this.#watch.isTrusted(this.#clock.now())) return 0
    return this.#serially(async () => {
      const { count, keys } = await this.#book.expire(this.today)
      for (const key of keys) this.#holding.forget(key)
      if (count === 0) return 0
      this.#index.change()
      this.#listeners.emit({ kind: "expired", count })
      return count
    })
  }

  /** The date is right, however it jumped: what has expired is dropped. */
  async trustClock(): Promise<void> {
    this.#watch.look(this.#wallClock(), this.#clock.now())
    this.#watch.trust()
    await this.expire()
  }

  /** Finishes what is being stored, then closes the store. May be called twice. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    this.#timers.close()
    await this.#last.catch(() => {})
    await this.#holding.close()
    await this.#store.close()
  }

  async #take(
    parcels: readonly Uint8Array[],
    link: string,
    way: Way,
  ): Promise<readonly AcceptResult[]> {
    return this.#serially(async () => {
      const taking = this.#book.take(parcels, link, this.today)
      // Also when it fails: nobody knows then what the store has done.
      const batch = await taking.finally(() => this.#index.change())
      if (batch.failure) this.#tellTrouble(batch.failure)
      else await this.#settle(batch, link, way)
      return batch.results
    })
  }

  /** All of it is durable: tells it, and holds what is new. */
  async #settle(batch: HubBatch, link: string, way: Way): Promise<void> {
    const leastNumber = this.#holding.lastNumber + 1
    const added = batch.newEnvelopes
    if (this.#options.released) await this.#holding.readLastNumber(this.#store, added)
    for (const { day, key } of batch.unwanted) {
      this.#unwanted.add(key, day)
      this.#holding.forget(key)
    }
    for (const envelope of added) {
      this.#unwanted.delete(keyOfId(envelope.id))
      this.#hold({ ...envelope, size: envelope.bytes.length }, leastNumber, way)
    }
    this.#index.change()
    if (added.length > 0) this.#listeners.emit({ kind: "new", envelopes: added })
    if (batch.evictedByLink.size > 0)
      this.#listeners.emit({ kind: "evicted", counts: batch.evictedByLink })
    if (batch.refusals) this.#listeners.emit({ kind: "refused", link, counts: batch.refusals })
    this.#holding.release()
  }

  #hold({ day, id, link, size }: ReleasedEnvelope, leastNumber: number, way: Way): void {
    const envelope = { day, id, link, size }
    if (way === "tick") this.#holding.holdForTick(envelope, leastNumber)
    else this.#holding.hold(envelope, leastNumber)
  }

  /** Its tick has come already. */
  async #postDummy({ makeDummy }: CoverOptions): Promise<void> {
    const parcel = encodeParcel({ stamp: noStamp, envelope: makeDummy(this.today) })
    await this.#take([parcel], ownLink, "mix")
  }

  #serially<T>(task: () => Promise<T>): Promise<T> {
    if (this.#closing) {
      return Promise.reject(new UsageError("closed", "This hub was closed. Open it again."))
    }
    const done = this.#last.catch(() => {}).then(task)
    this.#last = done
    return done
  }

  #tellReleased(envelopes: readonly ReleasedEnvelope[]): void {
    this.#index.change()
    this.#listeners.emit({ kind: "released", envelopes })
  }

  #tellTrouble(error: unknown): void {
    if (!this.#closing) this.#listeners.emit(troubleOf(error))
  }
}
