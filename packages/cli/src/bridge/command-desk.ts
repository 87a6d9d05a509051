import type { ReceivedMessage } from "stringphone"
import { ChannelError, hex, PeerError, UsageError } from "stringphone/bytes"
import { visible } from "../terminal/escape.js"
import type { BridgeConfig } from "./config.js"
import { type CommandEnvelope, decodeEnvelope, encodeEnvelope, type Refusal } from "./envelope.js"
import type { BridgeLog } from "./log.js"
import type { Participant } from "./participant.js"
import { Rate } from "./rate.js"
import { decide } from "./rules.js"

export interface CommandDeskOptions {
  readonly config: BridgeConfig
  readonly participant: Pick<Participant, "send" | "publicKey">
  readonly log: BridgeLog
  /** @throws {ChannelError} `unavailable`, `uncertain` */
  readonly publish: (topic: string, payload: Uint8Array, retain: boolean) => Promise<void>
  /** Somebody asks for what is kept. */
  readonly onGet: () => void
  /** Milliseconds since 1970. */
  readonly wallClock?: () => number
}

/** An answer that comes later helps nobody. */
const answerForMs = 30_000
const maxAnswersWaiting = 256
const maxSeen = 1_000

/** Hears what the participants want, and lets through to the local broker what a rule allows. */
export class CommandDesk {
  readonly #options: CommandDeskOptions
  readonly #rate: Rate
  readonly #ownKey: string
  readonly #wallClock: () => number
  readonly #seen = new Set<string>()
  #answersWaiting = 0

  constructor(options: CommandDeskOptions) {
    this.#options = options
    this.#rate = new Rate(options.config.limits.commandsPerSecond)
    this.#ownKey = hex(options.participant.publicKey)
    this.#wallClock = options.wallClock ?? Date.now
  }

  async hear(message: ReceivedMessage): Promise<void> {
    // After another process took over for a while, what we handled may be shown to us again.
    if (message.isRepeated && this.#seen.has(message.id)) return
    this.#remember(message.id)
    const { log, onGet } = this.#options
    try {
      const envelope = decodeEnvelope(message.payload)
      if (envelope?.kind === "get") onGet()
      if (envelope?.kind === "command") await this.#hearCommand(envelope, message)
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      const from = nameOf(message)
      if (this.#rate.take(`malformed ${from}`, performance.now()) > 0) return log.count("malformed")
      log.say(`${visible(from)}: ${visible(error.message)}`, {
        event: "malformed",
        from,
        message: error.message,
      })
    }
  }

  async #hearCommand(command: CommandEnvelope, message: ReceivedMessage): Promise<void> {
    if (command.to !== null && command.to !== this.#ownKey) return
    const { counts } = this.#options.log
    counts.commands += 1
    if (this.#rate.take(hex(message.from.publicKey), performance.now()) > 0) {
      counts.refused += 1
      // One answer for a whole flood of them.
      const isFirst = this.#rate.take(`flood ${nameOf(message)}`, performance.now()) === 0
      if (isFirst) this.#answer(command, message, "too-many")
      return this.#options.log.count("too-many")
    }
    const because = await this.#carryOut(command, message)
    this.#answer(command, message, because)
    this.#tell(command, message, because)
  }

  /** @returns why not, or `null`: the local broker took it */
  async #carryOut(command: CommandEnvelope, message: ReceivedMessage): Promise<Refusal | null> {
    const { config, log, publish } = this.#options
    const decision = decide(config.commands, command.topic, message)
    if (!decision.isAllowed) return decision.because
    if (command.payload.length > config.limits.maxPayloadBytes) return "too-large"
    const late = this.#lateness(command, message)
    if (late) return late
    try {
      await publish(command.topic, command.payload, decision.retain)
      log.counts.published += 1
      return null
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error
      return error.code === "uncertain" ? "uncertain" : "unavailable"
    }
  }

  #lateness(command: CommandEnvelope, message: ReceivedMessage): Refusal | null {
    if (message.sentAt === null) return "untimed"
    const { allowedSkewMs, commandMaxAgeMs } = this.#options.config.limits
    const validForMs = Math.min(command.validForMs ?? Infinity, commandMaxAgeMs)
    if (this.#wallClock() > message.sentAt + validForMs + allowedSkewMs) return "stale"
    // It may have been carried out before we stopped: at most once.
    return message.isRepeated ? "interrupted" : null
  }

  #answer({ id }: CommandEnvelope, { from }: ReceivedMessage, because: Refusal | null): void {
    if (this.#answersWaiting >= maxAnswersWaiting) return
    const to = hex(from.publicKey)
    const answer = because ? ({ kind: "refused", id, to, because } as const) : null
    this.#answersWaiting += 1
    this.#options.participant
      .send(encodeEnvelope(answer ?? { kind: "done", id, to }), { validForMs: answerForMs })
      .catch((error: unknown) => {
        // Nobody hears it: the commander sees that no answer came.
        if (!(error instanceof ChannelError || error instanceof UsageError)) throw error
      })
      .finally(() => (this.#answersWaiting -= 1))
  }

  #tell({ topic }: CommandEnvelope, message: ReceivedMessage, because: Refusal | null): void {
    const { log } = this.#options
    const from = nameOf(message)
    const what = { topic, from, trust: message.status }
    if (because === null) {
      log.say(`${visible(from)} commands ${visible(topic)}`, { event: "command", ...what })
    } else {
      log.counts.refused += 1
      log.say(`Refused: ${visible(from)} commands ${visible(topic)} (${because})`, {
        event: "refused",
        ...what,
        because,
      })
    }
  }

  #remember(id: string): void {
    this.#seen.add(id)
    if (this.#seen.size <= maxSeen) return
    const [oldest] = this.#seen
    if (oldest !== undefined) this.#seen.delete(oldest)
  }
}

/** A contact's name, or the start of a key that we know nothing of. */
export function nameOf({ from: { contact, publicKey } }: Pick<ReceivedMessage, "from">): string {
  return contact?.petname ?? hex(publicKey).slice(0, 16)
}
