import type { BridgeConfig } from "./config.js"
import { encodeEnvelope } from "./envelope.js"
import { matchesAny, topicProblem } from "./filter.js"
import { Latest } from "./latest.js"
import type { BridgeLog } from "./log.js"
import type { Participant } from "./participant.js"

export interface ExporterOptions {
  readonly config: BridgeConfig
  readonly participant: Pick<Participant, "send" | "isReady">
  readonly log: BridgeLog
  /** Asks the local broker for what it keeps. */
  readonly replay: () => void
}

/** Who comes later asks for what is kept: that is told to all, not more often than this. */
const replayEveryMs = 5_000
/** Several who come at once get one answer. */
const replaySoonMs = 300

/** Takes what the local broker tells of allowed topics, and says it in the topic. */
export class Exporter {
  readonly latest: Latest
  readonly #options: ExporterOptions
  #number = 0
  #replayedMs = -Infinity
  #timer: NodeJS.Timeout | null = null

  constructor(options: ExporterOptions) {
    this.#options = options
    const { config, log, participant } = options
    this.latest = new Latest({
      ...config.limits,
      isReady: () => participant.isReady,
      send: async (value) => {
        // The clock, so that it rises after a restart, too.
        this.#number = Math.max(this.#number + 1, Date.now())
        await participant.send(encodeEnvelope({ kind: "state", ...value, number: this.#number }))
        log.counts.exported += 1
      },
      onDropped: (_, error) => log.count(error === null ? "too-many-waiting" : "not-sendable"),
    })
  }

  /** The local broker tells something. */
  take(topic: string, payload: Uint8Array, retained: boolean): void {
    const { config, log } = this.#options
    if (!matchesAny(config.export, topic) || matchesAny(config.except, topic)) return
    if (topicProblem(topic)) return log.count("bad-topic")
    if (payload.length > config.limits.maxPayloadBytes) return log.count("too-large")
    this.latest.put({ topic, payload, retained })
  }

  /** Somebody wants what is kept. */
  requested(): void {
    if (this.#timer) return
    const afterMs = Math.max(replaySoonMs, this.#replayedMs + replayEveryMs - performance.now())
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#replayedMs = performance.now()
      this.#options.replay()
    }, afterMs)
  }

  async close(withinMs: number): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer)
    await this.latest.drained(withinMs)
    this.latest.close()
  }
}
