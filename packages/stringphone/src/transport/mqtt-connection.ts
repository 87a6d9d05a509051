import type { IClientOptions, IPublishPacket, MqttClient } from "mqtt"
import { type Callee, connectionLost } from "./failure.js"
import type { Inbox } from "./inbox.js"
import type { Connection } from "./link.js"
import type { MqttPresenceBoard } from "./mqtt-presence.js"
import { slotOf, slotTopic } from "./mqtt-topics.js"
import type { OutgoingMessage } from "./outbox.js"
import { connectFailure, publishFailure, reasonCode, subscribeFailure } from "./mqtt-failure.js"

/** One connection to a broker; with what the broker said of itself. */
export interface MqttConnection extends Connection {
  /** The largest packet that the broker takes, if it told. */
  readonly maxPacketBytes: number | undefined
  /** Whether it lets us have the topics with what is kept. */
  readonly retained: boolean
}

/** What one attempt to connect needs to know. */
export interface MqttAttempt {
  readonly connect: (options: IClientOptions) => MqttClient
  readonly options: IClientOptions & { readonly protocolVersion: 4 | 5 }
  readonly callee: Callee
  readonly topic: string
  readonly qos: 0 | 1
  readonly maxMessageBytes: number
  readonly inbox: Inbox
  readonly signal: AbortSignal
  readonly presence: MqttPresenceBoard | null
  /** Whether this connection has its topics for what is kept. */
  readonly canRetain: () => boolean
}

const keepaliveSeconds = 30

/** More on their way at once would not make a broker faster. */
const maxWindow = 64

const endWithinMs = 1_000

/**
 * Connects once and subscribes. Every connection has an mqtt.js client of its own, so that nothing
 * of an old connection (handlers, queues, packet ids) can reach into the next.
 *
 * @throws {ChannelError} `refused`, `unreachable`, `untrusted-certificate`
 */
export async function dialMqtt(attempt: MqttAttempt): Promise<MqttConnection> {
  const { callee, options, presence, qos, signal, topic } = attempt
  const client = attempt.connect({
    ...options,
    ...(presence && { will: presence.will }),
    keepalive: keepaliveSeconds,
    clean: true,
    reconnectPeriod: 0, // reconnecting is the link's business
    connectTimeout: 2 ** 31 - 1, // and so is giving up
  })
  const { stream } = client
  if (hasNoDelay(stream)) stream.setNoDelay(true)
  const over = watch(client)
  const valve = new Valve(client, attempt)
  void over.then(() => valve.stayOpen())
  const giveUp = (): void => void stream.destroy(abortError(signal))
  if (signal.aborted) giveUp()
  signal.addEventListener("abort", giveUp)
  let retained: boolean
  try {
    await Promise.race([
      new Promise<void>((resolve) => client.once("connect", () => resolve())),
      over.then((cause) => Promise.reject(connectFailure(callee, cause))),
    ])
    const subscribed = client.subscribeAsync(topic, { qos, nl: true }).catch((cause: unknown) => {
      throw wasAnswered(cause) ? subscribeFailure(callee, topic, cause) : connectionLost(callee)
    })
    ;[, retained] = await Promise.race([
      Promise.all([subscribed, subscribesTo(client, slotTopic(topic, "+"), qos)]),
      over.then((cause) => Promise.reject(connectFailure(callee, cause))),
    ])
  } catch (error) {
    client.end(true)
    throw error
  } finally {
    signal.removeEventListener("abort", giveUp)
  }
  const server = client.serverProperties
  // Not awaited: whoever is here is told only after our caller could ask to be told.
  if (presence) void presence.appear(client)
  void over.then(() => presence?.disappeared())
  return {
    retained: retained && server?.retainAvailable !== false,
    window: Math.min(maxWindow, server?.receiveMaximum ?? maxWindow),
    maxPacketBytes: server?.maximumPacketSize,
    lost: over.then((cause) => connectionLost(callee, cause)),
    send: (message) => valve.publish(message),
    pause() {}, // the valve sees that the inbox is full
    resume: () => valve.release(),
    async close() {
      valve.stayOpen() // or the answer to our farewell could not reach us
      if (presence) await soon([presence.disappear(client), over])
      await end(client, valve, over)
    },
  }
}

/** @returns whether the broker lets us; a topic that is refused is no reason to fail. */
async function subscribesTo(client: MqttClient, filter: string, qos: 0 | 1): Promise<boolean> {
  return client.subscribeAsync(filter, { qos, nl: true }).then(
    () => true,
    () => false,
  )
}

/** @returns what ended the connection, if anything is known, once it ended. */
function watch(client: MqttClient): Promise<unknown> {
  let cause: unknown
  const note = (error: unknown): void => {
    cause ??= error
  }
  client.on("error", note)
  client.stream.on("error", note) // mqtt.js keeps errors without a code to itself
  client.on("disconnect", ({ reasonCode }) =>
    note(new Error(`The broker ended the connection with reason code ${reasonCode ?? 0}.`)),
  )
  return new Promise((resolve) => client.on("close", () => resolve(cause)))
}

/**
 * Lets messages in while the inbox has room. mqtt.js handles one packet after the other, so a
 * message held back holds back everything behind it, acknowledgements of our own messages too:
 *
 * - A reader that answers each message before it reads the next would wait for ever. So while an
 *   acknowledgement is awaited the valve is open; the oldest is dropped if even twice the limits
 *   do not suffice.
 * - The broker's answers to pings wait as well. So we say when the broker is alive.
 *
 * Once the connection is over there is nobody to slow down: what it left behind is let in, within
 * twice the limits.
 */
class Valve {
  readonly #client: MqttClient
  readonly #attempt: MqttAttempt
  #held: (() => void) | null = null
  #awaited = 0
  #staysOpen = false
  #pinging: ReturnType<typeof setInterval> | undefined

  constructor(client: MqttClient, attempt: MqttAttempt) {
    this.#client = client
    this.#attempt = attempt
    client.handleMessage = (packet, done) => this.#receive(packet, done)
  }

  async publish({ bytes, retain }: OutgoingMessage): Promise<void> {
    const { callee, qos } = this.#attempt
    const kept = retain !== undefined && this.#attempt.canRetain()
    const topic = kept ? slotTopic(this.#attempt.topic, retain) : this.#attempt.topic
    const failure = await new Promise<Error | undefined | null>((resolve) => {
      this.#awaited += 1
      this.release()
      this.#client.publish(topic, asBuffer(bytes), { qos, retain: kept }, resolve)
    })
    this.#awaited -= 1
    if (!failure) return
    // No answer: the connection broke, and the outbox decides what becomes of the message.
    if (reasonCode(failure) === null) await new Promise(() => {})
    throw publishFailure(callee, topic, failure)
  }

  release(): void {
    clearInterval(this.#pinging)
    const held = this.#held
    this.#held = null
    held?.()
  }

  stayOpen(): void {
    this.#staysOpen = true
    this.release()
  }

  #receive({ payload, retain, topic }: IPublishPacket, done: () => void): void {
    const { inbox, maxMessageBytes, presence } = this.#attempt
    if (presence?.noticed(topic, payload)) return done()
    const slot = slotOf(this.#attempt.topic, topic)
    if (slot !== null && payload.length === 0) return done() // a slot was cleared
    if (typeof payload === "string" || payload.length > maxMessageBytes) {
      inbox.countDropped()
      return done()
    }
    // A copy: mqtt.js cuts payloads from larger pieces, which each would keep alive.
    const bytes = new Uint8Array(payload)
    inbox.push({ bytes, from: null, ...(slot !== null && retain && { retained: true }) })
    if (!inbox.paused) return done()
    if (this.#staysOpen || this.#awaited > 0) {
      inbox.trim(2)
      return done()
    }
    this.#held = done
    this.#pinging = setInterval(() => this.#ping(), (keepaliveSeconds * 1000) / 2)
  }

  #ping(): void {
    this.#client.sendPing()
    this.#client.reschedulePing(true)
  }
}

async function end(client: MqttClient, valve: Valve, over: Promise<unknown>): Promise<void> {
  valve.release()
  // With acknowledgements outstanding mqtt.js would wait for them; we have given them up.
  client.end(Object.keys(client.outgoing).length > 0)
  const timer = setTimeout(() => client.stream.destroy(), endWithinMs)
  await over
  clearTimeout(timer)
}

/** Sockets of Node. Without it our small acknowledgements may each wait 40 ms for company. */
function hasNoDelay(stream: object): stream is { setNoDelay(on: boolean): void } {
  return "setNoDelay" in stream
}

/** Whether the broker itself refused the subscription. */
function wasAnswered(error: unknown): boolean {
  return error instanceof Error && "packet" in error && error.packet !== undefined
}

/** Waits for the first of these, but not for long. */
async function soon(promises: readonly Promise<unknown>[]): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, endWithinMs)
  })
  await Promise.race([...promises, late])
  clearTimeout(timer)
}

function abortError(signal: AbortSignal): Error | undefined {
  return signal.reason instanceof Error ? signal.reason : undefined
}

/** mqtt.js asks for a Buffer by name; in browsers, where there is none, plain bytes do as well. */
function asBuffer(bytes: Uint8Array): Buffer {
  return "Buffer" in globalThis
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    : (bytes as Buffer)
}
