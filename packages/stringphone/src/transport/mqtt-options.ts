import { UsageError, utf8 } from "../bytes/index.js"
import { hostAndPort } from "./address.js"
import type { LinkOptions } from "./link.js"

/** Which broker, which topic, and how. */
export interface MqttOptions extends LinkOptions {
  /**
   * `mqtt://`, `mqtts://`, `ws://` or `wss://`; in browsers only the last two. May contain a user
   * and a password; these and what stands after `?` never appear in `address`, errors or events.
   */
  readonly url: string
  /** One topic, no wildcards: this is the channel. */
  readonly topic: string
  /** 5 or 4 (which is 3.1.1). Default: 5, and 4 when the broker does not speak 5. */
  readonly protocolVersion?: 4 | 5
  /** 1, the default: the broker acknowledges each message. 0: it does not. */
  readonly qos?: 0 | 1
  readonly username?: string
  readonly password?: string
  /** PEM text of the authority that signed the broker's certificate (Node only). */
  readonly ca?: string
  /** PEM texts of our own certificate and its key (Node only). */
  readonly cert?: string
  readonly key?: string
  /** `false` accepts any certificate: whoever is between reads the metadata. Default true. */
  readonly rejectUnauthorized?: boolean
  /**
   * Shows others on this topic that we are here, and us who else is (`joined` and `left` events).
   * Anyone can claim any id: for display only. Default: neither.
   */
  readonly presence?: MqttPresence
  /** Default: a random one, kept while this transport lives. */
  readonly clientId?: string
  /** Largest message, either way. Larger ones from others are dropped. Default 1 MiB. */
  readonly maxMessageBytes?: number
  /** Do not fail when no broker answers yet: return at once and keep trying. Default false. */
  readonly waitForBroker?: boolean
}

export interface MqttPresence {
  /** Who we are: bytes, shown to others as hex, or 1 to 64 of A–Z, a–z, 0–9, `_` and `-`. */
  readonly id: Uint8Array | string
}

/** A URL taken apart, for mqtt.js; only `where` and `address` are for the public. */
export interface MqttUrl {
  readonly protocol: "mqtt" | "mqtts" | "ws" | "wss"
  readonly hostname: string
  readonly port: number
  readonly path: string
  readonly username: string | undefined
  readonly password: string | undefined
  /** As in `localhost:1883`. */
  readonly where: string
  /** As in `mqtt://localhost:1883/garden`. */
  readonly address: string
}

const defaultPorts = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 }

/** @throws {UsageError} `bad-url`, without a word of what was in it: it may be a password */
export function parseMqttUrl(text: string, topic: string): MqttUrl {
  const url = URL.canParse(text) ? new URL(text) : null
  const protocol = url?.protocol.slice(0, -1)
  if (!url?.hostname || !isProtocol(protocol)) {
    throw new UsageError("bad-url", "Expected a URL like mqtt://localhost:1883 or wss://host/mqtt.")
  }
  const web = protocol === "ws" || protocol === "wss"
  if (!web && ("document" in globalThis || "importScripts" in globalThis)) {
    throw new UsageError(
      "bad-url",
      "Browsers reach MQTT brokers only through ws:// or wss:// URLs.",
    )
  }
  const port = url.port === "" ? defaultPorts[protocol] : Number(url.port)
  const host = url.hostname.replace(/^\[|\]$/g, "")
  const where = hostAndPort(host, port)
  return {
    protocol,
    // mqtt.js puts WebSocket URLs together by itself, but leaves out the brackets of IPv6.
    hostname: web ? url.hostname : host,
    port,
    path: (url.pathname || "/") + url.search,
    username: decode(url.username),
    password: decode(url.password),
    where,
    address: `${protocol}://${where}${web ? url.pathname.replace(/\/$/, "") : ""}/${topic}`,
  }
}

/** @throws {UsageError} `bad-topic` */
export function checkTopic(topic: string): void {
  const problem = topicProblem(topic)
  if (problem) throw new UsageError("bad-topic", `An MQTT topic ${problem}.`)
}

function topicProblem(topic: string): string | null {
  if (topic === "") return "can not be empty"
  if (/[+#]/.test(topic)) return "to talk on can not contain the wildcards + and #"
  if (topic.includes("\0") || /\p{Surrogate}/u.test(topic)) return "must be text without NUL"
  if (topic.startsWith("$")) return "that begins with $ belongs to the broker; choose another"
  return utf8(topic).length > 65_535 ? "can not have more than 65 535 bytes of UTF-8" : null
}

function isProtocol(text: string | undefined): text is keyof typeof defaultPorts {
  return text !== undefined && Object.hasOwn(defaultPorts, text)
}

function decode(text: string): string | undefined {
  if (text === "") return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a lone % that was never meant as an escape
  }
}
