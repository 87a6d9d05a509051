import {
  coverTick,
  HoldQueue,
  keyOfId,
  type MixLimits,
  type RandomBytes,
  untilTickMs,
} from "../../mailbox/hub/index.js"
import type { EnvelopeStore } from "../../store/envelopes/port.js"
import type { Clock } from "../../transport/index.js"
import { Timers } from "../timers.js"
import type { ReleasedEnvelope, ReleasedMark } from "./hub-types.js"

interface Held {
  readonly envelope: ReleasedEnvelope
  /** Its number in the store is this, or higher. */
  readonly leastNumber: number
}

export interface HoldingOptions {
  readonly clock: Clock
  readonly mixing: MixLimits
  readonly randomBytes: RandomBytes
  readonly mark: ReleasedMark | null
  readonly onReleased: (envelopes: readonly ReleasedEnvelope[]) => void
  readonly onTrouble: (error: unknown) => void
}

/** What a hub has and does not show yet: mail under a random delay, own mail that waits for a tick. */
export class HubHolding {
  readonly #options: HoldingOptions
  readonly #timers: Timers
  readonly #held = new Map<string, Held>()
  readonly #mix: HoldQueue<Held>
  #waiting: readonly Held[] = []
  #lastNumber = 0
  #savedNumber = -1
  #saving: Promise<void> = Promise.resolve()

  constructor(options: HoldingOptions) {
    this.#options = options
    this.#timers = new Timers(options.clock)
    this.#mix = new HoldQueue(options.mixing, options.randomBytes)
  }

  get count(): number {
    return this.#held.size
  }

  has(id: Uint8Array): boolean {
    return this.#held.has(keyOfId(id))
  }

  /** The highest number in the store: what is added later has a higher one. */
  set lastNumber(number: number) {
    this.#lastNumber = number
  }

  get lastNumber(): number {
    return this.#lastNumber
  }

  /**
   * These were added last. Without the number of the last one, more is held once more after a restart,
   * and that is all. Asked of one envelope: the usage of a large archive takes long to count.
   */
  async readLastNumber(
    store: Pick<EnvelopeStore, "get">,
    added: readonly Pick<ReleasedEnvelope, "id">[],
  ): Promise<void> {
    try {
      const [last] = await store.get(added.slice(-1).map(({ id }) => id))
      this.#lastNumber = Math.max(this.#lastNumber, last?.number ?? 0)
    } catch (error) {
      this.#options.onTrouble(error)
    }
  }

  /** For a random time. */
  hold(envelope: ReleasedEnvelope, leastNumber: number): void {
    const held = { envelope, leastNumber }
    this.#held.set(keyOfId(envelope.id), held)
    this.#mix.hold(held, this.#options.clock.now())
  }

  /** Until its turn comes, and then for a random time. */
  holdForTick(envelope: ReleasedEnvelope, leastNumber: number): void {
    const held = { envelope, leastNumber }
    this.#held.set(keyOfId(envelope.id), held)
    this.#waiting = [...this.#waiting, held]
  }

  /** At each tick own mail goes its way, or `onIdle` is called. [HUB-4-3] */
  startTicks(everyMs: number, onIdle: () => void): void {
    const { clock } = this.#options
    const startedMs = clock.now()
    const next = (): void =>
      this.#timers.once("tick", untilTickMs(startedMs, everyMs, clock.now()), () => {
        next()
        this.#tick(onIdle)
      })
    next()
  }

  /** It was dropped; there is nothing to let go of. */
  forget(key: string): void {
    this.#held.delete(key)
  }

  /** Lets go of what is due, and comes back for the rest. */
  release(): void {
    const now = this.#options.clock.now()
    const due = this.#mix.release(now).filter((held) => {
      const key = keyOfId(held.envelope.id)
      // It may have been dropped, and may have come again since.
      return this.#held.get(key) === held && this.#held.delete(key)
    })
    if (this.#mix.nextMs !== null) {
      this.#timers.once("release", this.#mix.nextMs - now, () => this.release())
    }
    if (due.length > 0) this.#options.onReleased(due.map(({ envelope }) => envelope))
    if (due.length > 0 || this.#held.size === 0) this.#saveMark()
  }

  async close(): Promise<void> {
    this.#timers.close()
    await this.#saving
  }

  #tick(onIdle: () => void): void {
    const { post, waiting } = coverTick(this.#waiting)
    this.#waiting = waiting
    if (post === null || this.#held.get(keyOfId(post.envelope.id)) !== post) return onIdle()
    this.#mix.hold(post, this.#options.clock.now())
    this.release()
  }

  #saveMark(): void {
    const { mark, onTrouble } = this.#options
    if (mark === null) return
    let number = this.#lastNumber
    for (const { leastNumber } of this.#held.values()) number = Math.min(number, leastNumber - 1)
    if (number <= this.#savedNumber) return
    this.#savedNumber = number
    this.#saving = this.#saving.then(() => mark.save(number)).catch(onTrouble)
  }
}
