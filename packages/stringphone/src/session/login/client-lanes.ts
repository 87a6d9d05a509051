import { sameBytes } from "../../bytes/index.js"
import { randomBytes } from "../../crypto/index.js"
import { type ClientLane, completeLane, type ProvenError, requestLane } from "../../login/index.js"
import type { LoginChannel } from "./client-channel.js"
import { believed, toldError } from "./client-errors.js"
import {
  isOverAge,
  keysToldTo,
  type LivingLogin,
  type SessionKeeper,
  type UsedGeneration,
} from "./client-keeper.js"
import type { GenerationAge } from "./client-saved.js"

/** What calls go by. */
export interface OpenLane {
  readonly lane: ClientLane
  /** The session that it is of. */
  readonly session: Uint8Array
  readonly serverKeys: readonly Uint8Array[]
  readonly age: GenerationAge | null
}

interface Asked extends UsedGeneration {
  readonly request: Uint8Array
  /** The one lane that ever comes of it, once it is there. */
  readonly opened: OpenLane | null
}

const mostTries = 4

/** The lane of this program: opened when it is needed, and by one at a time. [LOGIN-5] */
export class LaneHolder {
  readonly #keeper: SessionKeeper
  readonly #channel: LoginChannel
  #asked: Asked | null = null
  #isDoubted = false
  #opening: Promise<OpenLane> | null = null

  constructor(keeper: SessionKeeper, channel: LoginChannel) {
    this.#keeper = keeper
    this.#channel = channel
  }

  /** @throws {PeerError} {ChannelError} {UsageError} as a refresh does */
  async open(): Promise<OpenLane> {
    const opened = this.#asked?.opened
    if (opened && !this.#isDoubted && !isOverAge(opened.age)) return opened
    this.#opening ??= this.#open().finally(() => (this.#opening = null))
    return this.#opening
  }

  leave(): void {
    this.#asked = null
  }

  /** It is gone, as its server proved. */
  drop({ lane }: OpenLane): void {
    if (this.#asked?.opened?.lane === lane) this.#asked = null
  }

  /**
   * An answer was not the server's, or by a key that is not known here: before the next call the server is asked
   * whether it has the lane. Somebody in between gains nothing by it.
   */
  doubt({ lane }: OpenLane): void {
    if (this.#asked?.opened?.lane === lane) this.#isDoubted = true
  }

  async #open(): Promise<OpenLane> {
    for (let tries = 1; ; tries++) {
      const saved = await this.#keeper.current()
      if (isOverAge(saved.age)) {
        // Whoever has the root could answer for ever that all is well. [LOGIN-5-7]
        await this.#keeper.refreshPast(saved.session)
        continue
      }
      const asked = this.#ask(saved)
      const answer = await this.#channel.post(asked.request)
      const keys = keysToldTo(saved)
      const result = believed(() => completeLane(saved.session, asked.request, answer, keys))
      if ("error" in result) {
        await this.#react(result.error, saved, tries)
        continue
      }
      const { lane } = result
      // Meanwhile this program has left, or asked anew.
      if (this.#asked !== asked) continue
      this.#isDoubted = false
      if (!asked.opened) {
        const { age, session } = saved
        const opened = { lane, session: session.session, serverKeys: keys, age }
        this.#asked = { ...asked, opened }
        return opened
      }
      if (sameBytes(asked.opened.lane.id, lane.id)) return asked.opened
      // It has another one for us. That is not taken: an old answer to the old request brought back a lane whose
      // numbers are used.
      this.#asked = null
    }
  }

  /** The same request again as long as it has no answer. [LOGIN-5-2] */
  #ask({ session }: LivingLogin): Asked {
    const { generation, session: id } = session
    const before = this.#asked
    if (before?.generation === generation && sameBytes(before.session, id)) return before
    const request = requestLane(session, randomBytes(16))
    this.#isDoubted = false
    return (this.#asked = { session: id, generation, request, opened: null })
  }

  async #react(error: ProvenError, { session }: LivingLogin, tries: number): Promise<void> {
    if (error.name === "revoked") throw await this.#keeper.end(session)
    if (error.name !== "expired" || tries >= mostTries) throw toldError(error)
    await this.#keeper.refreshPast(session)
  }
}
