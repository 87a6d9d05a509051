import { UsageError } from "stringphone/bytes"

/**
 * Where a topic is: a broker and a channel on it. As text, `mqtt://host:1883/channel`, or for
 * brokers behind WebSockets, whose URLs have paths of their own, `wss://host/mqtt#channel`. There is
 * no secret in it, unless its owner keeps a login for the broker there (a user name and a password,
 * or what stands behind the question mark of a `wss://` URL).
 */
export interface TopicAddress {
  /** The broker; may hold a login: do not print it. */
  readonly brokerUrl: string
  readonly channel: string
}

/** @throws {UsageError} `bad-address`, without a word of what was in it: it may be a password */
export function parseTopicAddress(text: string): TopicAddress {
  const url = brokerOf(text)
  if (!url) throw badAddress()
  const encoded = isWeb(url) ? url.hash.slice(1) : url.pathname.slice(1)
  if (!isWeb(url) && (url.hash !== "" || url.search !== "")) throw badAddress()
  const channel = decode(encoded)
  if (channel === null || !isChannel(channel)) throw badAddress()
  url.hash = ""
  if (!isWeb(url)) url.pathname = ""
  return { brokerUrl: url.href, channel }
}

/**
 * A broker's URL, without a channel.
 * @throws {UsageError} `bad-url`, without a word of what was in it
 */
export function parseBrokerUrl(text: string): string {
  const url = brokerOf(text)
  const bare = url && url.hash === "" && (isWeb(url) || /^\/?$/.test(url.pathname + url.search))
  if (!bare) {
    throw new UsageError(
      "bad-url",
      "A broker's URL is like mqtt://localhost:1883, mqtts://host or wss://host/mqtt.",
    )
  }
  return url.href
}

/** @throws {UsageError} `bad-channel` */
export function checkChannel(channel: string): string {
  if (isChannel(channel)) return channel
  throw new UsageError(
    "bad-channel",
    "A channel is the name of an MQTT topic: 1 to 200 characters, no + and #, not beginning with $ or /.",
  )
}

/** The address to give to others; `withLogin` is only for the key ring. */
export function formatTopicAddress(
  { brokerUrl, channel }: TopicAddress,
  { withLogin = false }: { readonly withLogin?: boolean } = {},
): string {
  const url = new URL(brokerUrl)
  if (!withLogin) [url.username, url.password, url.search] = ["", "", ""]
  const encoded = channel.split("/").map(encodeURIComponent).join("/")
  return isWeb(url) ? `${url.href}#${encoded}` : `${url.protocol}//${authority(url)}/${encoded}`
}

/** A broker's URL for people: no user, no password, nothing behind a question mark. */
export function redactedBroker(brokerUrl: string): string {
  const url = new URL(brokerUrl)
  return `${url.protocol}//${url.host}${isWeb(url) ? url.pathname : ""}`
}

function authority({ username, password, host }: URL): string {
  if (username === "" && password === "") return host
  return `${username}${password === "" ? "" : `:${password}`}@${host}`
}

const protocols = ["mqtt:", "mqtts:", "ws:", "wss:"]

function brokerOf(text: string): URL | null {
  if (/[\s\p{C}]/u.test(text) || !URL.canParse(text)) return null
  const url = new URL(text)
  return protocols.includes(url.protocol) && url.hostname !== "" ? url : null
}

function isWeb({ protocol }: URL): boolean {
  return protocol === "ws:" || protocol === "wss:"
}

function isChannel(text: string): boolean {
  return /^[^$/+#\p{C}][^+#\p{C}]{0,199}$/u.test(text)
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

function badAddress(): UsageError {
  return new UsageError(
    "bad-address",
    "A topic's address is like mqtt://host:1883/channel or wss://host/mqtt#channel. Copy all of it.",
  )
}
