import { hex } from "../bytes/index.js"
import { randomBytes } from "../crypto/index.js"
import type { KeyRequest, RequestAnswer, Topic } from "../topic/index.js"
import type { Clock } from "../transport/index.js"
import type { StoredTopic } from "./stored-topic.js"
import { Timers } from "./timers.js"

/** The word under which a channel keeps the latest rekey message. [TOPIC-7-11] */
export const epochSlot = "epoch"

const requestEveryMs = 10_000
const askAgainMs = 300_000
const maxAsked = 3
const maxAskedAbout = 256
const reportEveryMs = 60_000
const renewEveryMs = 10_000
const mergeAfterMs = 2_000
/** No merge for so long, and the next one does not wait. */
const calmMs = 120_000
/** What was lost of an epoch's one message is sent again. */
const repeatAfterMs = 3_000
const maxEpochCounters = 2 ** 24

const nothing = new Uint8Array(0)

interface DutiesOptions {
  readonly stored: StoredTopic
  readonly clock: Clock
  readonly wallClock: () => number
  readonly rotateEveryMs: number
  readonly transmit: (encoded: Uint8Array, retain?: string) => Promise<void>
  readonly onError: (error: unknown) => void
}

/**
 * What a participant owes the others without being asked to by its owner: reports, announcements,
 * answers to key requests, merges and rotations, each in its time. spec/topic.md §§4, 7, 8
 */
export class TopicDuties {
  readonly #options: DutiesOptions
  readonly #timers: Timers
  /** When something was last done, by what and for whom. */
  readonly #last = new Map<string, number>()
  readonly #asked = new Map<string, { readonly sinceMs: number; readonly times: number }>()
  #mergeDelayMs = 0
  #mergedMs = -Infinity
  #requestedMs = -Infinity
  #enteredMs = -Infinity

  constructor(options: DutiesOptions) {
    this.#options = options
    this.#timers = new Timers(options.clock)
  }

  close(): void {
    this.#timers.close()
  }

  /** Asks whether our state is an old copy, and tells our rekey key. */
  async greet(): Promise<void> {
    await this.#send((topic) => topic.sync())
    await this.announce()
  }

  /** Somebody has not answered yet: it was away. */
  syncAgain(): void {
    if (this.#mayAgain("sync", requestEveryMs)) void this.#send((topic) => topic.sync())
  }

  announce(): Promise<void> {
    return this.#send((topic) => topic.announcement())
  }

  /** A message of an earlier epoch, long after the current one began: its sender missed it. */
  lagging(who: string): void {
    if (this.#options.clock.now() - this.#enteredMs > repeatAfterMs) this.resendTo(who)
  }

  /** A new epoch counts: announce another rekey key, in no hurry. */
  entered(): void {
    this.#timers.cancel("key request")
    this.#asked.clear()
    this.#enteredMs = this.#options.clock.now()
    this.#timers.once("announce", randomMs(500), () => {
      void this.#send((topic) => topic.closing()).then(() => this.announce())
    })
    this.mergeIfNeeded()
  }

  /** Merges two branches, if nobody of a higher rank does. [TOPIC-7-7] */
  mergeIfNeeded(): void {
    const topic = this.#options.stored.topic
    if (!topic?.needsMerge || this.#timers.has("merge")) return
    // Where merges cross each other, one side has to be slower.
    const sinceMs = this.#options.clock.now() - this.#mergedMs
    this.#mergeDelayMs =
      sinceMs > calmMs ? 0 : Math.min(2 * this.#mergeDelayMs + mergeAfterMs, calmMs)
    const delayMs = topic.adminRank * (mergeAfterMs + this.#mergeDelayMs) + randomMs(500)
    this.#timers.once("merge", delayMs, () => {
      if (!this.#options.stored.topic?.needsMerge) return
      this.#mergedMs = this.#options.clock.now()
      void this.rekey()
    })
  }

  /** Makes a new epoch when the current one is old or much used. [TOPIC-7-12] */
  rotateIfDue(): void {
    const { rotateEveryMs, stored, wallClock } = this.#options
    const { topic } = stored
    if (!stored.isReceiver || !topic?.isAdmin) return
    // Admins after the first leave it time to do it.
    const waitMs = rotateEveryMs + topic.adminRank * 600_000
    const isOld = wallClock() - topic.epochMadeMs >= waitMs
    if (isOld || topic.mostCounters >= maxEpochCounters) void this.rekey()
  }

  /**
   * We made an epoch: tell our own end of the one before, and send the rekey message once more for who
   * did not hear it.
   */
  made(): void {
    this.entered()
    this.#timers.once("repeat", repeatAfterMs, () => void this.#resend())
  }

  /** A new epoch with the same roster. */
  rekey(): Promise<void> {
    return this.#do(async () => {
      const { stored, transmit, wallClock } = this.#options
      await transmit(await stored.change((topic) => topic.change({}, wallClock())), epochSlot)
      this.made()
    })
  }

  /** Answers a sync, or tells a sender of used-up keys what we have. [TOPIC-4-2] [TOPIC-4-4] */
  report(about: Uint8Array, challenge?: Uint8Array): void {
    const name = `report ${hex(about)}`
    if (!challenge && !this.#mayAgain(name, reportEveryMs)) return
    if (!challenge && this.#timers.has(name)) return
    this.#timers.once(name, randomMs(200), () => {
      void this.#send((topic) => topic.report(about, challenge))
    })
  }

  /**
   * Asks for an epoch that we do not have. [TOPIC-8-1]
   *
   * @param what names what could not be read: for the same thing, which may be another topic's, we ask
   *   three times in five minutes and no more
   */
  requestKey(what: string): void {
    const nowMs = this.#options.clock.now()
    const asked = this.#asked.get(what)
    if (asked && nowMs - asked.sinceMs < askAgainMs && asked.times >= maxAsked) return
    if (this.#timers.has("key request")) return
    const isNew = !asked || nowMs - asked.sinceMs >= askAgainMs
    this.#asked.set(
      what,
      isNew ? { sinceMs: nowMs, times: 1 } : { ...asked, times: asked.times + 1 },
    )
    if (this.#asked.size > maxAskedAbout) this.#asked.delete([...this.#asked.keys()][0] ?? "")
    const delayMs = Math.max(randomMs(500), this.#requestedMs + requestEveryMs - nowMs)
    this.#timers.once("key request", delayMs, () => {
      this.#requestedMs = this.#options.clock.now()
      void this.#do(async () => {
        const { stored, transmit, wallClock } = this.#options
        if (!stored.topic || stored.topic.standing === "removed") return
        await transmit(await stored.change((topic) => topic.keyRequest(wallClock())))
      })
    })
  }

  /** Does what a key request asks for, unless somebody else does it first. */
  answer(request: KeyRequest, answer: RequestAnswer): void {
    const who = hex(request.publicKey)
    if (answer === "resend" && this.#mayAgain("resend", requestEveryMs)) {
      this.#timers.once("resend", randomMs(1_000), () => void this.#resend())
    } else if (answer === "renew" && this.#mayAgain(`renew ${who}`, renewEveryMs)) {
      const rank = this.#options.stored.topic?.adminRank ?? 0
      this.#timers.once("renew", rank * mergeAfterMs + randomMs(500), () => void this.rekey())
    } else if (answer === "notice" && this.#mayAgain(`notice ${who}`, reportEveryMs)) {
      void this.#do(async () => {
        const notice = this.#options.stored.topic?.removalNotice(request)
        if (notice) await this.#options.transmit(notice)
      })
    }
  }

  /** Somebody uses an epoch that is over: it has not heard of ours. [TOPIC-8-2] */
  resendTo(who: string): void {
    if (!this.#mayAgain(`lagging ${who}`, reportEveryMs)) return
    if (this.#mayAgain("resend", requestEveryMs)) {
      this.#timers.once("resend", randomMs(1_000), () => void this.#resend())
    }
  }

  /** Somebody else sent the latest rekey message. */
  answered(): void {
    this.#timers.cancel("resend")
  }

  /** Another epoch came: what was asked of us was about the one before. */
  superseded(): void {
    this.#timers.cancel("resend")
    this.#timers.cancel("renew")
    this.#timers.cancel("repeat")
  }

  async #resend(): Promise<void> {
    await this.#do(async () => {
      const { topic } = this.#options.stored
      // What the channel keeps is for admins to decide.
      if (topic)
        await this.#options.transmit(topic.latestRekey, topic.isAdmin ? epochSlot : undefined)
    })
  }

  #mayAgain(name: string, everyMs: number): boolean {
    const nowMs = this.#options.clock.now()
    if (nowMs - (this.#last.get(name) ?? -Infinity) < everyMs) return false
    // What is long past says nothing any more.
    for (const [other, atMs] of this.#last)
      if (nowMs - atMs > reportEveryMs) this.#last.delete(other)
    this.#last.set(name, nowMs)
    return true
  }

  #send(encode: (topic: Topic) => Uint8Array | null): Promise<void> {
    return this.#do(async () => {
      const { stored, transmit } = this.#options
      if (!stored.topic || stored.topic.standing === "removed") return
      const encoded: Uint8Array[] = []
      await stored.encode((topic) => {
        const bytes = encode(topic)
        if (bytes) encoded.push(bytes)
        return bytes ?? nothing
      })
      for (const bytes of encoded) await transmit(bytes)
    })
  }

  async #do(task: () => Promise<void>): Promise<void> {
    try {
      await task()
    } catch (error) {
      this.#options.onError(error)
    }
  }
}

function randomMs(below: number): number {
  return (new DataView(randomBytes(4).buffer).getUint32(0) / 2 ** 32) * below
}
