import type { LoginErrorName, ProvenError } from "../../login/index.js"
import { untilAborted } from "./client-abort.js"
import type { LoginChannel, RawAnswer } from "./client-channel.js"
import { isUnauthenticated, toldError } from "./client-errors.js"
import type { SessionKeeper } from "./client-keeper.js"
import { LaneHolder, type OpenLane } from "./client-lanes.js"
import type { ProvenAnswer, Protection } from "./client-protection.js"
import type { CallRequest } from "./client-request.js"

/** What came now was not acted on; but who is in the way may have brought it before. */
const notActedOnNow: ReadonlySet<LoginErrorName> = new Set(["too-old", "unknown-lane"])
/** Acting on them twice does no harm: RFC 9110 §9.2.2. */
const repeatable: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
const mostTries = 4

/** Makes calls in one session, and whatever it takes for them. */
export class Caller {
  readonly #keeper: SessionKeeper
  readonly #channel: LoginChannel
  readonly #lanes: LaneHolder

  constructor(keeper: SessionKeeper, channel: LoginChannel) {
    this.#keeper = keeper
    this.#channel = channel
    this.#lanes = new LaneHolder(keeper, channel)
  }

  /**
   * @throws {PeerError} what the server says, by its name: `revoked`, `missing-scope`, `used`, …
   * @throws {ChannelError} `unauthenticated-answer`, `unreachable`, `too-large`
   * @throws {UsageError} `logged-out`
   */
  async call(
    request: CallRequest,
    protection: Protection,
    signal?: AbortSignal,
  ): Promise<RawAnswer> {
    for (let tries = 1; ; tries++) {
      const open = await untilAborted(this.#lanes.open(), signal)
      const answer = await this.#once(request, protection, open, signal)
      if ("response" in answer) return answer.response
      await untilAborted(this.#react(answer.error, open), signal)
      if (!mayRepeat(answer.error, request) || tries === mostTries) throw toldError(answer.error)
    }
  }

  /** To the next generation, at once. */
  async refresh(): Promise<void> {
    const { session } = await this.#keeper.current()
    await this.#keeper.refreshPast(session)
  }

  /** Its lane is of a session that was forgotten. */
  leave(): void {
    this.#lanes.leave()
  }

  async #once(
    request: CallRequest,
    protection: Protection,
    open: OpenLane,
    signal?: AbortSignal,
  ): Promise<ProvenAnswer> {
    try {
      return await protection(this.#channel, open, request, signal)
    } catch (error) {
      if (isUnauthenticated(error)) this.#lanes.doubt(open)
      throw error
    }
  }

  /** Only now, when it is proven, is anything changed. [LOGIN-6-5] */
  async #react({ name }: ProvenError, open: OpenLane): Promise<void> {
    const { generation } = open.lane
    if (name === "unknown-lane" || name === "expired" || name === "revoked") this.#lanes.drop(open)
    if (name === "expired") await this.#keeper.refreshPast({ session: open.session, generation })
    if (name === "revoked") throw await this.#keeper.end(open)
  }
}

/** [LOGIN-5-5] */
function mayRepeat({ name }: ProvenError, { method }: CallRequest): boolean {
  return name === "expired" || (notActedOnNow.has(name) && repeatable.has(method))
}
