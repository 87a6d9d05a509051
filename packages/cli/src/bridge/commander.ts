import type { ReceivedMessage } from "stringphone"
import { base64url, ChannelError, hex, UsageError } from "stringphone/bytes"
import { randomBytes } from "node:crypto"
import { visible } from "../terminal/escape.js"
import { nameOf } from "./command-desk.js"
import type { MirrorConfig } from "./config.js"
import { type Answer, encodeEnvelope } from "./envelope.js"
import { matchesAny, topicProblem } from "./filter.js"
import type { BridgeLog } from "./log.js"
import type { Participant } from "./participant.js"
import { isOneOf } from "./rules.js"

export interface CommanderOptions {
  readonly config: MirrorConfig
  readonly participant: Pick<Participant, "send" | "publicKey">
  readonly log: BridgeLog
}

const maxOpen = 256
/** The way there and back, beyond the time in which it is carried out. */
const graceMs = 5_000

/** Sends what is published locally as commands, and tells what became of them. */
export class Commander {
  readonly #options: CommanderOptions
  readonly #ownKey: string
  readonly #open = new Map<string, { readonly topic: string; readonly timer: NodeJS.Timeout }>()

  constructor(options: CommanderOptions) {
    this.#options = options
    this.#ownKey = hex(options.participant.publicKey)
  }

  command(topic: string, payload: Uint8Array): void {
    const { config, log, participant } = this.#options
    const { limits, validForMs } = config
    if (!matchesAny(config.commands, topic)) return
    if (topicProblem(topic)) return log.count("bad-topic")
    if (payload.length > limits.maxPayloadBytes) return log.count("too-large")
    if (this.#open.size >= maxOpen) return log.count("too-many")
    const id = base64url(randomBytes(9))
    const timer = setTimeout(() => this.#end(id, "no-answer"), validForMs + graceMs)
    this.#open.set(id, { topic, timer })
    log.counts.commands += 1
    const envelope = { kind: "command", id, to: null, topic, payload, validForMs } as const
    // 0: it says when it was sent, and the bridge, which can answer, judges.
    participant
      .send(encodeEnvelope(envelope), { validForMs: 0, signal: AbortSignal.timeout(validForMs) })
      .catch((error: unknown) => {
        if (!(error instanceof ChannelError || error instanceof UsageError)) throw error
        this.#end(id, "not-sent")
      })
  }

  hear(answer: Answer, message: ReceivedMessage): void {
    const { config } = this.#options
    if (answer.to !== this.#ownKey || !isOneOf(config.from, message)) return
    this.#end(answer.id, answer.kind === "done" ? null : answer.because, nameOf(message))
  }

  close(): void {
    for (const { timer } of this.#open.values()) clearTimeout(timer)
    this.#open.clear()
  }

  #end(id: string, because: string | null, by: string | null = null): void {
    const command = this.#open.get(id)
    if (!command) return
    clearTimeout(command.timer)
    this.#open.delete(id)
    const { log } = this.#options
    const topic = visible(command.topic)
    if (because === null) {
      log.say(`${topic}: done by ${visible(by ?? "")}`, { event: "done", topic, by })
      return
    }
    log.counts.refused += 1
    const who = by === null ? "" : ` by ${visible(by)}`
    log.say(`${topic}: not done (${because})${who}`, { event: "refused", topic, because, by })
  }
}
