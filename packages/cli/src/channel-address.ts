import { UsageError } from "stringphone/bytes"
import { randomChannel } from "./channel.js"
import { checkChannel, parseBrokerUrl, parseTopicAddress } from "./topic-address.js"

/**
 * Where a topic is, as text:
 *
 *   mqtt://host:1883/channel    mqtts://…    an MQTT broker
 *   wss://host/mqtt#channel     ws://…       the same, through a WebSocket
 *   nats://host:4222/channel    tls://…      a NATS server; `tls` with TLS
 *   tcp://host:4040                          a hub of `listenTcp`: all of it is one channel
 *   hub+wss://host/path         hub+ws://…   a hub of `listenWebSocket`
 *
 * Like {@link parseTopicAddress} it may hold a login, which only the key ring keeps.
 */
export type ChannelAddress =
  | { readonly kind: "mqtt" | "nats"; readonly url: string; readonly channel: string }
  | { readonly kind: "tcp" | "websocket"; readonly url: string }

/** @throws {UsageError} `bad-address`, without a word of what was in it: it may be a password */
export function parseChannelAddress(text: string): ChannelAddress {
  const kind = kindOf(text)
  if (kind === "mqtt") {
    const { brokerUrl, channel } = parseTopicAddress(text)
    return { kind, url: brokerUrl, channel }
  }
  const hub = kind === "nats" ? null : hubOf(text)
  if (hub) return hub
  const url = kind === "nats" ? urlOf(text) : null
  const channel = url && decoded(url.pathname.slice(1))
  if (!url || !channel || !isSubject(channel) || url.search !== "" || url.hash !== "") {
    throw badAddress()
  }
  url.pathname = ""
  return { kind: "nats", url: url.href, channel }
}

/**
 * The address of a new topic at a broker, whose URL has no channel in it.
 *
 * @param channel default: a random one, which tells nothing
 * @throws {UsageError} `bad-url`, `bad-channel`
 */
export function addressAt(brokerUrl: string, channel: string = randomChannel()): ChannelAddress {
  switch (kindOf(brokerUrl)) {
    case "mqtt":
      return { kind: "mqtt", url: parseBrokerUrl(brokerUrl), channel: checkChannel(channel) }
    case "nats": {
      const url = urlOf(brokerUrl)
      if (!url || !/^\/?$/.test(url.pathname + url.search + url.hash)) throw badUrl()
      if (isSubject(channel)) return { kind: "nats", url: url.href, channel }
      throw new UsageError(
        "bad-channel",
        "A channel at a NATS server is one or more words with dots between them, no * and >.",
      )
    }
    case "tcp":
    case "websocket": {
      const hub = hubOf(brokerUrl)
      if (hub) return hub
      throw badUrl()
    }
    case null:
      throw badUrl()
  }
}

/** The address to give to others; `withLogin` is only for the key ring. */
export function formatChannelAddress(
  address: ChannelAddress,
  { withLogin = false }: { readonly withLogin?: boolean } = {},
): string {
  const url = new URL(address.url)
  if (!withLogin) [url.username, url.password, url.search] = ["", "", ""]
  if (address.kind === "websocket") return `hub+${url.href}`
  if (!("channel" in address)) return `${url.protocol}//${url.host}`
  const isWeb = url.protocol === "ws:" || url.protocol === "wss:"
  const encoded = address.channel.split("/").map(encodeURIComponent).join("/")
  if (isWeb) return `${url.href}#${encoded}`
  const login = url.username === "" && url.password === "" ? "" : `${loginOf(url)}@`
  return `${url.protocol}//${login}${url.host}/${encoded}`
}

/** The broker alone, for people: no login. */
export function brokerName(address: ChannelAddress): string {
  const url = new URL(address.url)
  const path = url.pathname === "/" ? "" : url.pathname
  return `${address.kind === "websocket" ? "hub+" : ""}${url.protocol}//${url.host}${path}`
}

function kindOf(text: string): ChannelAddress["kind"] | null {
  const scheme = /^([a-z+]+):\/\//i.exec(text)?.[1]?.toLowerCase() ?? ""
  if (["mqtt", "mqtts", "ws", "wss"].includes(scheme)) return "mqtt"
  if (["nats", "tls"].includes(scheme)) return "nats"
  if (scheme === "tcp") return "tcp"
  return scheme === "hub+ws" || scheme === "hub+wss" ? "websocket" : null
}

function hubOf(text: string): ChannelAddress | null {
  const kind = kindOf(text)
  if (kind === "websocket") {
    const url = urlOf(text.replace(/^hub\+/i, ""))
    return url?.hash === "" ? { kind, url: url.href } : null
  }
  const url = kind === "tcp" ? urlOf(text) : null
  const isBare = url && /^\/?$/.test(url.pathname + url.search + url.hash)
  if (!isBare || url.port === "" || url.username !== "" || url.password !== "") return null
  return { kind: "tcp", url: url.href }
}

function urlOf(text: string): URL | null {
  if (/[\s\p{C}]/u.test(text) || !URL.canParse(text)) return null
  const url = new URL(text)
  return url.hostname === "" ? null : url
}

/** What NATS takes, and others as well. */
function isSubject(text: string): boolean {
  return /^[^$._*>\s\p{C}][^*>\s\p{C}]{0,199}$/u.test(text) && !text.split(".").includes("")
}

function loginOf({ password, username }: URL): string {
  return password === "" ? username : `${username}:${password}`
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

function badUrl(): UsageError {
  return new UsageError(
    "bad-url",
    "A broker's URL is like mqtt://localhost:1883, wss://host/mqtt, nats://host:4222, tcp://host:4040 or hub+ws://host:8080.",
  )
}

function badAddress(): UsageError {
  return new UsageError(
    "bad-address",
    "A topic's address is like mqtt://host:1883/channel, wss://host/mqtt#channel, nats://host:4222/channel or tcp://host:4040. Copy all of it.",
  )
}
