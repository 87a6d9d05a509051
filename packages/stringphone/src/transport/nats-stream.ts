import type {
  ConsumerConfig,
  ConsumerMessages,
  JetStreamManager,
  JsMsg,
  StreamInfo,
} from "@nats-io/jetstream"
import { ChannelError } from "../bytes/index.js"
import { connectionLost } from "./failure.js"
import type { Connection } from "./link.js"
import { codeOf, nameOf, natsPublishFailure, natsStreamFailure } from "./nats-failure.js"
import { type NatsLine, soon } from "./nats-line.js"
import type { NatsStreamOptions } from "./nats-options.js"
import { type NatsPlace, randomId } from "./nats-place.js"
import { type NatsChannel, natsWindow } from "./nats-subject.js"

export type JetStream = typeof import("@nats-io/jetstream")

/** A connection to a stream, with what the stream said of itself. */
export interface StreamConnection extends Connection {
  /** The largest message that it keeps, with our header. */
  readonly maxStoredBytes: number
  readonly retained: boolean
}

/**
 * What is not acknowledged for so long is given again, as after a breakdown. Not longer, because
 * what was on its way to us when we left comes to our next start only then.
 */
const ackWaitMs = 5_000
const forgetAfterMs = 300_000
const publishWithinMs = 10_000

/** So many messages may be with the client while our inbox is full. */
const batch = 64

const nanosPerMs = 1_000_000

/**
 * Talks on a subject that a stream keeps.
 * @throws {ChannelError} `refused`, `unreachable`
 */
export async function talkOnStream(
  line: NatsLine,
  channel: NatsChannel,
  { jetstream }: JetStream,
  place: NatsPlace,
): Promise<StreamConnection> {
  const { callee, inbox, maxMessageBytes, subject } = channel
  const { nc, over } = line
  const { options } = place
  const slots = `${subject}.retained.*`
  const js = jetstream(nc)
  const prepare = async () => {
    const jsm = await js.jetstreamManager()
    const { config, kept } = await onceMade(async () => {
      const { config, created, state } = await stream(jsm, options, subject)
      place.enter(created, state.last_seq)
      await consumer(jsm, channel, place)
      const slotStream = await streamOfSlots(jsm, options.stream, slots)
      const kept = slotStream === null ? null : await consumerOfSlots(jsm, slotStream, slots)
      return { config, kept }
    })
    const open = async (of: string, name: string): Promise<ConsumerMessages> => {
      const pulled = await js.consumers.get(of, name)
      return pulled.consume({ max_messages: batch, abort_on_missing_resource: true })
    }
    return {
      jsm,
      maxStoredBytes: config.max_msg_size > 0 ? config.max_msg_size : Infinity,
      messages: await open(options.stream, place.name),
      slots: kept && { ...kept, messages: await open(kept.stream, kept.name) },
    }
  }
  const ready = await Promise.race([prepare(), over.then(() => null)]).catch((cause: unknown) => {
    if (cause instanceof ChannelError) throw cause
    if (line.isBroken()) throw connectionLost(callee, cause)
    throw natsStreamFailure(callee, options.stream, subject, cause)
  })
  if (!ready) throw connectionLost(callee, await over)

  let closing = false
  const gate = new Gate()
  const read = async (from: ConsumerMessages, take: (message: JsMsg) => void): Promise<void> => {
    try {
      for await (const message of from) {
        take(message)
        await gate.open
      }
    } catch {
      // The stream or our place in it was deleted; a new connection sees what is there now.
    }
    if (!closing && !line.isBroken()) await nc.close()
  }
  void read(ready.messages, (message) => place.receive(message, inbox, maxMessageBytes))
  if (ready.slots) {
    const { messages, stored } = ready.slots
    void read(messages, (message) => {
      if (message.data.length === 0 || place.isOwn(message)) return // cleared, or our own
      if (message.data.length > maxMessageBytes) return inbox.countDropped()
      const retained = message.info.deliverySequence <= stored
      const bytes = new Uint8Array(message.data)
      inbox.push({ bytes, from: null, ...(retained && { retained: true }) })
    })
  }
  const patience = setInterval(() => place.askForTime(), ackWaitMs / 3)
  void over.then(() => {
    clearInterval(patience)
    gate.resume()
  })

  return {
    window: natsWindow,
    maxStoredBytes: ready.maxStoredBytes,
    retained: ready.slots !== null,
    lost: over.then((cause) => connectionLost(callee, cause)),
    async send(message) {
      const slot = ready.slots ? message.retain : undefined
      const to = slot === undefined ? subject : `${subject}.retained.${slot}`
      const options = { msgID: place.idOf(message), timeout: publishWithinMs }
      try {
        await js.publish(to, message.bytes, options)
      } catch (cause) {
        if (line.isBroken()) await new Promise(() => {}) // the outbox knows what to do
        throw natsPublishFailure(callee, to, cause)
      }
    },
    pause: () => gate.pause(),
    resume: () => gate.resume(),
    async close() {
      closing = true
      clearInterval(patience)
      if (!line.isBroken()) {
        // Nothing more may be given to us: it would count as on its way for a while.
        ready.messages.stop()
        await soon([nc.flush().catch(() => {}), over])
        place.giveBack()
        await soon([farewell(ready.jsm, place, ready.slots), over])
      }
      await line.close()
    },
  }
}

/**
 * What the server says of a stream that somebody else makes in this moment, or has made otherwise: no
 * place in it yet, its name or subject is taken, not found yet. (`errors.json` of nats-server)
 */
const makingCodes: readonly unknown[] = [10012, 10058, 10059, 10065]
const makingPausesMs = [50, 200, 500]

/** A moment later the stream is there. */
async function onceMade<T>(attempt: () => Promise<T>): Promise<T> {
  for (const pauseMs of makingPausesMs) {
    try {
      return await attempt()
    } catch (error) {
      if (!makingCodes.includes(codeOf(error))) throw error
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
  return attempt()
}

async function stream(
  jsm: JetStreamManager,
  options: NatsStreamOptions,
  subject: string,
): Promise<StreamInfo> {
  const { stream: name, maxAgeMs = 7 * 86_400_000, maxBytes = 256 * 1024 * 1024 } = options
  const { duplicatesMs = 120_000 } = options
  try {
    return await jsm.streams.info(name)
  } catch (error) {
    if (nameOf(error) !== "StreamNotFoundError") throw error
  }
  const config = {
    name,
    subjects: [subject],
    max_age: maxAgeMs * nanosPerMs,
    max_bytes: maxBytes,
    duplicate_window: Math.min(duplicatesMs, maxAgeMs) * nanosPerMs,
  }
  try {
    return await jsm.streams.add(config)
  } catch (error) {
    // Somebody else may have made it in the same moment.
    return await jsm.streams.info(name).catch(() => {
      throw error
    })
  }
}

async function consumer(
  jsm: JetStreamManager,
  { callee, subject }: NatsChannel,
  { name, next, options }: NatsPlace,
): Promise<void> {
  const { durable, stream } = options
  try {
    const { config } = await jsm.consumers.info(stream, name)
    if (config.filter_subject === subject) return
    throw new ChannelError(
      "refused",
      `${name} is already used in the stream ${stream} at ${callee.where}, for another subject. Choose another \`durable\` name.`,
    )
  } catch (error) {
    if (nameOf(error) !== "ConsumerNotFoundError") throw error
  }
  const place: Partial<ConsumerConfig> =
    durable === undefined
      ? { name, inactive_threshold: forgetAfterMs * nanosPerMs }
      : { durable_name: name }
  await jsm.consumers.add(stream, {
    ...place,
    ack_policy: "explicit",
    ack_wait: ackWaitMs * nanosPerMs,
    deliver_policy: "by_start_sequence",
    opt_start_seq: next ?? 1,
    filter_subject: subject,
  })
}

/** @returns the stream that keeps the slots, or `null`: there is none, and we may not make one. */
async function streamOfSlots(
  jsm: JetStreamManager,
  main: string,
  slots: string,
): Promise<string | null> {
  try {
    return await jsm.streams.find(slots)
  } catch {
    // Without a limit of age: what is kept in a slot is kept until it is cleared.
    const config = { name: `${main}-retained`, subjects: [slots], max_msgs_per_subject: 1 }
    return jsm.streams.add(config).then(
      () => config.name,
      () => jsm.streams.find(slots).catch(() => null), // somebody else was faster
    )
  }
}

/** The last message of each slot, and from then on all. */
async function consumerOfSlots(
  jsm: JetStreamManager,
  stream: string,
  slots: string,
): Promise<{ readonly stream: string; readonly name: string; readonly stored: number }> {
  const { name, num_pending } = await jsm.consumers.add(stream, {
    name: `sp-${randomId()}`,
    ack_policy: "none",
    deliver_policy: "last_per_subject",
    filter_subject: slots,
    inactive_threshold: forgetAfterMs * nanosPerMs,
  })
  return { stream, name, stored: num_pending }
}

/** Takes away what the server would otherwise keep for us a while. */
async function farewell(
  jsm: JetStreamManager,
  place: NatsPlace,
  slots: { readonly stream: string; readonly name: string } | null,
): Promise<void> {
  const { durable, stream } = place.options
  await Promise.allSettled([
    durable === undefined && jsm.consumers.delete(stream, place.name),
    slots && jsm.consumers.delete(slots.stream, slots.name),
  ])
}

/** Where the readers of a stream wait while our inbox is full. */
class Gate {
  open: Promise<void> = Promise.resolve()
  #release: () => void = () => {}

  pause(): void {
    this.open = new Promise((resolve) => {
      this.#release = resolve
    })
  }

  resume(): void {
    this.#release()
    this.open = Promise.resolve()
  }
}
