import type { IClientOptions } from "mqtt"
import { hex, utf8 } from "../bytes/index.js"
import type { Inbox } from "./inbox.js"
import { connectLink } from "./link.js"
import { missingPeer } from "./missing-peer.js"
import { type MqttConnection, dialMqtt } from "./mqtt-connection.js"
import { speaksAnotherVersion } from "./mqtt-failure.js"
import { type MqttOptions, type MqttUrl, checkTopic, parseMqttUrl } from "./mqtt-options.js"
import { MqttPresenceBoard, presenceId } from "./mqtt-presence.js"
import { longestTopic } from "./mqtt-topics.js"
import type { Transport, TransportEvent } from "./port.js"

export type { MqttOptions, MqttPresence } from "./mqtt-options.js"

/**
 * Connects to one topic of an MQTT broker, and reconnects when the connection is lost. Needs the
 * package `mqtt`.
 *
 * With QoS 1 `send` resolves when the broker acknowledged the message. What was not acknowledged
 * when the connection broke is sent again, so a message may arrive twice. What others send while
 * we are away is missed: brokers keep nothing for us.
 *
 * What is sent with `retain` goes to `<topic>/retained/<slot>`, where the broker keeps the last one;
 * who subscribes to the topic alone does not hear it. So does `presence` use
 * `<topic>/presence/<id>`. A broker that refuses these topics has no slots: see
 * `capabilities.retained`.
 *
 * A slow reader slows the broker down, which then decides what to drop. Under MQTT 5 our own
 * messages do not come back to us; under 3.1.1 they do: see `capabilities.echo`.
 *
 * @throws {UsageError} `bad-url`, `bad-topic`, `bad-presence-id`, `missing-peer`
 * @throws {ChannelError} `unreachable`, `refused`, `untrusted-certificate`, `aborted`
 * @example
 * const transport = await connectMqtt({ url: "mqtt://localhost", topic: "garden" })
 * await transport.send(bytes)
 * for await (const { bytes } of transport.messages) console.log(bytes)
 */
export async function connectMqtt(options: MqttOptions): Promise<Transport> {
  const { topic, qos = 1, maxMessageBytes = 1024 * 1024 } = options
  checkTopic(topic)
  const url = parseMqttUrl(options.url, topic)
  const connect = await loadConnect()
  const callee = { what: "MQTT broker", where: url.where }
  const client = clientOptions(options, url)
  let version = options.protocolVersion
  const id = options.presence && presenceId(options.presence)
  let maxPacketBytes: number | undefined
  let retained = false

  const dialAs = (
    protocolVersion: 4 | 5,
    inbox: Inbox,
    signal: AbortSignal,
    tell: (event: TransportEvent) => void,
  ) =>
    dialMqtt({
      connect,
      options: { ...client, ...limits(protocolVersion, maxMessageBytes), protocolVersion },
      callee,
      topic,
      qos,
      maxMessageBytes,
      inbox,
      signal,
      presence: id === undefined ? null : new MqttPresenceBoard(topic, id, tell),
      canRetain: () => retained,
    })
  const dial = async (
    inbox: Inbox,
    signal: AbortSignal,
    tell: (event: TransportEvent) => void,
  ): Promise<MqttConnection> => {
    try {
      return await dialAs(version ?? 5, inbox, signal, tell)
    } catch (error) {
      if (version || !speaksAnotherVersion(error)) throw error
      const connection = await dialAs(4, inbox, signal, tell)
      version = 4
      return connection
    }
  }

  return connectLink(
    {
      address: url.address,
      capabilities: () => ({
        maxMessageBytes: Math.min(
          maxMessageBytes,
          payloadBytes(maxPacketBytes, longestTopic(topic)),
        ),
        ordered: true,
        addressed: false,
        presence: id !== undefined,
        echo: version !== 5,
        retained,
      }),
      pausable: true,
      async dial(inbox, signal, tell) {
        const connection = await dial(inbox, signal, tell)
        version ??= 5 // what worked once is not put to the test at every reconnection
        maxPacketBytes = connection.maxPacketBytes
        retained = connection.retained
        return connection
      },
    },
    options,
    options.waitForBroker ?? false,
  )
}

/** Bundlers take the build of mqtt.js for browsers, which has a default export alone. */
async function loadConnect(): Promise<Mqtt["connect"]> {
  const mqtt: Partial<Mqtt> = await import("mqtt").catch((cause: unknown) => {
    throw missingPeer("mqtt", cause)
  })
  const connect = mqtt.connect ?? mqtt.default?.connect
  if (!connect) throw missingPeer("mqtt", new Error("The package mqtt exports no connect()."))
  return connect
}

type Mqtt = typeof import("mqtt")

function clientOptions(options: MqttOptions, url: MqttUrl): IClientOptions {
  const { ca, cert, key, rejectUnauthorized } = options
  const username = options.username ?? url.username
  const password = options.password ?? url.password
  return {
    protocol: url.protocol,
    hostname: url.hostname,
    port: url.port,
    path: url.path,
    clientId: options.clientId ?? randomClientId(),
    // By itself it would count its keepalive in a worker from a blob: URL in browsers, which a
    // content security policy refuses; the broker would then drop the connection.
    timerVariant: "native",
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  }
}

/**
 * Asks an MQTT 5 broker to keep from us what would only fill our memory. Twice our own limit: what
 * is just a little too large should still be noticed and counted.
 */
function limits(protocolVersion: 4 | 5, maxMessageBytes: number): IClientOptions {
  if (protocolVersion === 4) return {}
  const maximumPacketSize = Math.min(2 * maxMessageBytes + 65_536, 0xffff_ffff)
  return { properties: { maximumPacketSize } }
}

/** Fixed header, lengths, packet id and empty properties of an MQTT 5 PUBLISH packet (§3.3). */
const publishOverhead = 1 + 4 + 2 + 2 + 1

function payloadBytes(maxPacketBytes: number | undefined, topic: string): number {
  if (maxPacketBytes === undefined) return Infinity
  return Math.max(0, maxPacketBytes - publishOverhead - utf8(topic).length)
}

function randomClientId(): string {
  return `sp-${hex(crypto.getRandomValues(new Uint8Array(8)))}`
}
