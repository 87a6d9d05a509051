import type { ReceivedMessage } from "stringphone"
import { hex, PeerError } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import { visible } from "../terminal/escape.js"
import { nameOf } from "./command-desk.js"
import { Commander } from "./commander.js"
import type { MirrorConfig } from "./config.js"
import { decodeEnvelope, encodeEnvelope, type StateEnvelope } from "./envelope.js"
import { topicProblem } from "./filter.js"
import { Latest } from "./latest.js"
import { LocalBroker } from "./local-broker.js"
import type { BridgeLog } from "./log.js"
import { Participant } from "./participant.js"
import { Rate } from "./rate.js"
import { isOneOf } from "./rules.js"
import type { Service } from "./service.js"
import type { Place } from "./session.js"

const drainWithinMs = 2_000
const askSoonMs = 500
const maxNumbers = 20_000

/** The other end of a bridge: what it tells appears at a local broker, whose commands go there. */
export function makeMirror(
  ring: KeyRing,
  config: MirrorConfig,
  place: Place,
  log: BridgeLog,
): Service {
  const { from, limits, prefix } = config
  const numbers = new Numbers()
  const malformed = new Rate(1)
  let asking: NodeJS.Timeout | null = null

  /** Asks bridges for what is kept: at the start, and after either broker was away. */
  const ask = (): void => {
    latest.pump()
    asking ??= setTimeout(() => {
      asking = null
      if (!participant.isReady || !local.isOpen) return
      participant.send(encodeEnvelope({ kind: "get" }), { validForMs: 30_000 }).catch(() => {}) // the connection was lost: we ask again when it is back
    }, askSoonMs)
  }

  const participant: Participant = new Participant({
    ring,
    config,
    place,
    log,
    onMessage: async (message) => hear(message),
    onReady: ask,
    onNewcomer: () => {},
  })
  const local: LocalBroker = new LocalBroker({
    endpoint: config.local,
    filters: config.commands.map((filter) => prefix + filter),
    wantsRetained: false,
    onMessage: (topic, payload) => commander.command(topic.slice(prefix.length), payload),
    onStatus(status, why) {
      log.status("local", status, why)
      if (status === "open") ask()
    },
  })
  const commander: Commander = new Commander({ config, participant, log })
  const latest: Latest = new Latest({
    ...limits,
    isReady: () => local.isOpen,
    send: async ({ payload, retained, topic }) => {
      await local.publish(topic, payload, retained)
      log.counts.published += 1
    },
    onDropped: (_, error) => log.count(error === null ? "too-many-waiting" : "not-publishable"),
  })

  const hear = (message: ReceivedMessage): void => {
    try {
      const envelope = decodeEnvelope(message.payload)
      if (envelope?.kind === "state") publish(envelope, message)
      if (envelope?.kind === "done" || envelope?.kind === "refused") {
        commander.hear(envelope, message)
      }
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      const sender = nameOf(message)
      if (malformed.take(sender, performance.now()) > 0) return log.count("malformed")
      const { message: text } = error
      log.say(`${visible(sender)}: ${visible(text)}`, {
        event: "malformed",
        from: sender,
        message: text,
      })
    }
  }

  const publish = (state: StateEnvelope, message: ReceivedMessage): void => {
    if (!isOneOf(from, message)) return log.count("not-allowed")
    const topic = prefix + state.topic
    if (topicProblem(topic)) return log.count("bad-topic")
    if (state.payload.length > limits.maxPayloadBytes) return log.count("too-large")
    if (!numbers.isNew(`${hex(message.from.publicKey)} ${topic}`, state.number)) return
    latest.put({ topic, payload: state.payload, retained: state.retained })
  }

  return {
    waiting: () => latest.size,
    async run() {
      await Promise.race([participant.run(), local.run()])
    },
    async stop() {
      if (asking) clearTimeout(asking)
      await participant.stop()
      commander.close()
      await latest.drained(local.isOpen ? drainWithinMs : 0)
      latest.close()
      await local.close()
    },
  }
}

/** The highest number of each topic so far: an old state that comes late does not replace a new one. */
class Numbers {
  readonly #highest = new Map<string, number>()

  isNew(key: string, number: number): boolean {
    if (number <= (this.#highest.get(key) ?? -1)) return false
    this.#highest.delete(key)
    this.#highest.set(key, number)
    const [oldest] = this.#highest.keys()
    if (this.#highest.size > maxNumbers && oldest !== undefined) this.#highest.delete(oldest)
    return true
  }
}
