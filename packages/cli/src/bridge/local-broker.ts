import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt"
import { ChannelError, UsageError } from "stringphone/bytes"
import { redactedBroker } from "../topic-address.js"
import type { Endpoint } from "./config.js"
import { Echoes } from "./echoes.js"
import { withoutCovered } from "./filter.js"

export interface LocalOptions {
  readonly endpoint: Endpoint
  readonly filters: readonly string[]
  /** At a new connection, too, ask for what the broker keeps. */
  readonly wantsRetained: boolean
  readonly onMessage: (topic: string, payload: Uint8Array, isRetained: boolean) => void
  readonly onStatus: (status: LocalStatus, why?: string) => void
}

export type LocalStatus = "open" | "away"

interface Dialled {
  /** Resolves when this connection is lost. */
  readonly lost: Promise<void>
}

const keepaliveSeconds = 30
const connectTimeoutMs = 10_000
const publishTimeoutMs = 5_000
const endWithinMs = 1_000
const firstPauseMs = 500
const longestPauseMs = 15_000

/**
 * A plain MQTT broker of the house: subscribes, publishes, and comes back by itself. Each connection
 * has a client of its own, so that nothing that was not acknowledged is repeated by the next one: a
 * command is carried out in time or not at all.
 */
export class LocalBroker {
  readonly #options: LocalOptions
  readonly #echoes = new Echoes()
  #client: MqttClient | null = null
  #version: 4 | 5 = 5
  #isClosed = false
  #wake: () => void = () => {}
  #timer: NodeJS.Timeout | undefined

  constructor(options: LocalOptions) {
    this.#options = options
  }

  get isOpen(): boolean {
    return this.#client !== null
  }

  /**
   * Connects, and again whenever the connection was lost, until `close`.
   * @throws {ChannelError} `refused`: the broker does not let us in; only of the first connection
   */
  async run(): Promise<void> {
    let pauseMs = firstPauseMs
    let wasOpen = false
    while (!this.#isEnded()) {
      try {
        const { lost } = await this.#connect()
        ;[pauseMs, wasOpen] = [firstPauseMs, true]
        await lost
        this.#client = null
        if (!this.#isEnded()) this.#options.onStatus("away")
      } catch (error) {
        if (this.#isEnded()) return
        if (!wasOpen && error instanceof ChannelError && error.code === "refused") throw error
        this.#options.onStatus("away", error instanceof Error ? error.message : String(error))
      }
      if (!this.#isEnded()) await this.#pause(pauseMs)
      pauseMs = Math.min(longestPauseMs, pauseMs * 2)
    }
  }

  /**
   * Resolves when the broker took it.
   * @throws {ChannelError} `unavailable`: not sent; `uncertain`: sent, and nobody knows
   */
  async publish(topic: string, payload: Uint8Array, retain: boolean): Promise<void> {
    const client = this.#client
    if (!client) {
      throw new ChannelError("unavailable", "The local broker can not be reached just now.")
    }
    // Brokers that speak MQTT 5 do not send our own messages back to us.
    if (this.#version === 4) this.#echoes.expect(topic, payload)
    let timer: NodeJS.Timeout | undefined
    let stop = (): void => {}
    const noAnswer = new Promise<never>((_, reject) => {
      stop = () =>
        reject(
          new ChannelError("uncertain", "The local broker did not say whether it took a message."),
        )
      timer = setTimeout(stop, publishTimeoutMs)
      client.once("close", stop)
    })
    try {
      const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length)
      await Promise.race([client.publishAsync(topic, bytes, { qos: 1, retain }), noAnswer])
    } catch (cause) {
      if (cause instanceof ChannelError) throw cause
      throw new ChannelError("unavailable", "The local broker refused a message.", { cause })
    } finally {
      clearTimeout(timer)
      client.off("close", stop)
      noAnswer.catch(() => {})
    }
  }

  /** Asks the broker once more for what it keeps. Nothing while it is away: it will tell then. */
  replay(): void {
    const client = this.#client
    if (client) void this.#subscribe(client).catch(() => {}) // the connection broke: see above
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#wake()
    const client = this.#client
    this.#client = null
    if (client) await end(client)
  }

  async #connect(): Promise<Dialled> {
    try {
      return await this.#dial()
    } catch (error) {
      if (this.#version === 4 || !speaksAnotherVersion(error)) throw plain(error, this.#where)
      this.#version = 4
      return await this.#dial().catch((cause: unknown) => {
        this.#version = 5
        throw plain(cause, this.#where)
      })
    }
  }

  #isEnded(): boolean {
    return this.#isClosed
  }

  get #where(): string {
    return redactedBroker(this.#options.endpoint.url)
  }

  async #dial(): Promise<Dialled> {
    const client = mqtt.connect(clientOptions(this.#options.endpoint, this.#version))
    client.on("message", (topic, payload, packet) => this.#hear(topic, payload, packet))
    const lost = new Promise<void>((resolve) => client.once("close", () => resolve()))
    try {
      await new Promise<void>((resolve, reject) => {
        client.once("connect", () => resolve())
        client.once("error", reject)
        client.once("close", () => reject(new Error("The broker ended the connection.")))
      })
      client.on("error", () => {}) // ends in "close"
      if (this.#isClosed) throw new Error("closed")
      await this.#subscribe(client)
    } catch (error) {
      client.on("error", () => {})
      client.end(true)
      throw error
    }
    this.#client = client
    this.#options.onStatus("open")
    return { lost }
  }

  /** @throws {ChannelError} `refused` */
  async #subscribe(client: MqttClient): Promise<void> {
    const { filters, wantsRetained } = this.#options
    // Not our own, `retain` as it was published, and what is kept or not. MQTT 5 §3.8.3.1
    const options = { qos: 1, nl: true, rap: wantsRetained, rh: wantsRetained ? 0 : 2 } as const
    if (filters.length === 0) return
    const granted = await client.subscribeAsync(
      Object.fromEntries(withoutCovered(filters).map((filter) => [filter, options])),
    )
    const refused = granted.filter(({ qos }) => qos > 2).map(({ topic }) => topic)
    if (refused.length > 0) {
      throw new ChannelError(
        "refused",
        `The local broker ${this.#where} does not let us subscribe to ${refused.join(", ")}.`,
      )
    }
  }

  #hear(topic: string, payload: Buffer, { retain }: IPublishPacket): void {
    if (this.#isClosed) return
    if (retain && !this.#options.wantsRetained && this.#version === 4) return
    // A copy: mqtt.js cuts payloads from larger pieces, which each would keep alive.
    const bytes = new Uint8Array(payload)
    if (this.#version === 4 && this.#echoes.isOne(topic, bytes)) return
    this.#options.onMessage(topic, bytes, retain)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      this.#timer = setTimeout(resolve, ms)
    })
  }
}

function clientOptions(endpoint: Endpoint, protocolVersion: 4 | 5): IClientOptions {
  const url = new URL(endpoint.url)
  const { password, username } = endpoint
  const isWeb = url.protocol.startsWith("ws")
  return {
    protocol: url.protocol.slice(0, -1) as "mqtt" | "mqtts" | "ws" | "wss",
    // mqtt.js puts WebSocket URLs together by itself, but leaves out the brackets of IPv6.
    hostname: isWeb ? url.hostname : url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port) || defaultPorts[url.protocol] || 1883,
    path: (url.pathname || "/") + url.search,
    protocolVersion,
    keepalive: keepaliveSeconds,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: connectTimeoutMs,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  }
}

const defaultPorts: Readonly<Record<string, number>> = {
  "mqtt:": 1883,
  "mqtts:": 8883,
  "ws:": 80,
  "wss:": 443,
}

async function end(client: MqttClient): Promise<void> {
  const closed = new Promise<void>((resolve) => client.once("close", () => resolve()))
  client.end(false)
  const timer = setTimeout(() => client.end(true), endWithinMs)
  await closed
  clearTimeout(timer)
}

function reasonCode(error: unknown): number | null {
  return error instanceof Error && "code" in error && typeof error.code === "number"
    ? error.code
    : null
}

/** CONNACK of MQTT 3.1.1 §3.2.2.3 and of MQTT 5 §3.2.2.2; some only hang up. */
function speaksAnotherVersion(error: unknown): boolean {
  const code = reasonCode(error)
  return code === 1 || code === 132 || (error instanceof Error && /ended/.test(error.message))
}

function plain(error: unknown, where: string): Error {
  if (error instanceof ChannelError || error instanceof UsageError) return error
  const code = reasonCode(error)
  // 4, 5: MQTT 3.1.1; from 128: MQTT 5. Others are of the network.
  if (code !== null && ([2, 4, 5].includes(code) || code >= 128)) {
    return new ChannelError(
      "refused",
      `The local broker ${where} does not let us in (reason code ${code}). Check user name and password.`,
      { cause: error },
    )
  }
  const why = error instanceof Error && "code" in error ? ` (${String(error.code)})` : ""
  return new ChannelError("unreachable", `No answer from the local broker ${where}${why}.`, {
    cause: error,
  })
}
