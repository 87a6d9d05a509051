import { UsageError } from "../bytes/index.js"
import { hostAndPort } from "./address.js"
import type { LinkOptions } from "./link.js"

/** Which server, which subject, and how. */
export interface NatsOptions extends LinkOptions {
  /**
   * `nats://`, `tls://`, `ws://` or `wss://`; in browsers only the last two. May contain a user and
   * a password, or a token alone; these and what stands after `?` never appear in `address`, errors
   * or events.
   */
  readonly url: string
  /** One subject, as `garden.shed`, no wildcards: this is the channel. */
  readonly subject: string
  /** Messages are kept by a stream of the server: what others send while we are away arrives. */
  readonly jetstream?: NatsStreamOptions
  readonly username?: string
  readonly password?: string
  readonly token?: string
  /** Text of a `.creds` file: a user's JWT and the seed of its key. */
  readonly credentials?: string
  /** PEM text of the authority that signed the server's certificate (Node only). */
  readonly ca?: string
  /** PEM texts of our own certificate and its key (Node only). */
  readonly cert?: string
  readonly key?: string
  /** `false` accepts any certificate: whoever is between reads the metadata. Default true. */
  readonly rejectUnauthorized?: boolean
  /** Largest message, either way. Larger ones from others are dropped. Default 1 MiB. */
  readonly maxMessageBytes?: number
  /** Do not fail when no server answers yet: return at once and keep trying. Default false. */
  readonly waitForServer?: boolean
}

/** How a stream keeps messages for us. */
export interface NatsStreamOptions {
  /** The stream that keeps the subject. It is made when there is none of that name. */
  readonly stream: string
  /**
   * Our place in the stream, kept by the server: another start of this program goes on where this
   * one stopped. Two who use the same name share the messages between them, so choose one per
   * device. Default: our place is kept while this transport lives.
   */
  readonly durable?: string
  /** At most so many messages from before we first came are received. Default 0. */
  readonly replay?: number
  /** How long a stream that we make keeps messages. Default 7 days. */
  readonly maxAgeMs?: number
  /** How much it keeps; the oldest make room. Default 256 MiB. */
  readonly maxBytes?: number
  /** A message of the same ID is kept once in so long, by a stream that we make. Default 2 minutes. */
  readonly duplicatesMs?: number
  /**
   * The ID of a message, visible to the server, as `a-z`, `0-9` and `-`: whoever sends what somebody
   * else has sent adds nothing. Default: random, so that only our own repetitions count as such.
   */
  readonly messageId?: (bytes: Uint8Array) => string
}

/** A URL taken apart; only `where` and `address` are for the public. */
export interface NatsUrl {
  readonly scheme: "nats" | "tls" | "ws" | "wss"
  readonly host: string
  readonly port: number
  /** For WebSockets: all of it but the user. */
  readonly href: string
  readonly username: string | undefined
  readonly password: string | undefined
  /** As in `localhost:4222`. */
  readonly where: string
  /** As in `nats://localhost:4222/garden`. */
  readonly address: string
}

const defaultPorts = { nats: 4222, tls: 4222, ws: 80, wss: 443 }

/** @throws {UsageError} `bad-url`, without a word of what was in it: it may be a password */
export function parseNatsUrl(text: string, subject: string): NatsUrl {
  const scheme = /^([a-z]+):\/\//i.exec(text)?.[1]?.toLowerCase()
  // Only known schemes are parsed by the rules for hosts and ports.
  const webText = text.replace(/^[a-z]+:/i, scheme === "tls" || scheme === "wss" ? "wss:" : "ws:")
  const url = URL.canParse(webText) ? new URL(webText) : null
  if (!url?.hostname || !isScheme(scheme)) {
    throw new UsageError("bad-url", "Expected a URL like nats://localhost:4222 or wss://host/nats.")
  }
  const web = scheme === "ws" || scheme === "wss"
  if (!web && ("document" in globalThis || "importScripts" in globalThis)) {
    throw new UsageError(
      "bad-url",
      "Browsers reach NATS servers only through ws:// or wss:// URLs.",
    )
  }
  const host = url.hostname.replace(/^\[|\]$/g, "")
  const port = portOf(text, url) ?? defaultPorts[scheme]
  const where = hostAndPort(host, port)
  return {
    scheme,
    host,
    port,
    href: `${scheme}://${where}${url.pathname}${url.search}`,
    username: decode(url.username),
    password: decode(url.password),
    where,
    address: `${scheme}://${where}${web ? url.pathname.replace(/\/$/, "") : ""}/${subject}`,
  }
}

/** A port that is the default of ws: or wss: is not in the URL any more, but meant by nats:. */
function portOf(text: string, url: URL): number | null {
  if (url.port !== "") return Number(url.port)
  const written = /:0*(80|443)$/.exec(/^[a-z]+:\/\/([^/?#]*)/i.exec(text)?.[1] ?? "")
  return written ? Number(written[1]) : null
}

/** @throws {UsageError} `bad-subject` */
export function checkSubject(subject: string): void {
  const problem = subjectProblem(subject)
  if (problem) throw new UsageError("bad-subject", `A NATS subject ${problem}.`)
}

function subjectProblem(subject: string): string | null {
  // Control characters and white space end a subject on the wire.
  // eslint-disable-next-line no-control-regex
  if (/[\s\0-\x1f\x7f]|\p{Surrogate}/u.test(subject)) return "can not contain white space"
  if (subject.split(".").includes("")) return "is one or more words with a dot between them"
  if (/[*>]/.test(subject)) return "to talk on can not contain the wildcards * and >"
  if (/^(\$|_INBOX(\.|$))/.test(subject)) return "that begins so belongs to the server"
  return subject.length > 1024 ? "can not have more than 1024 characters" : null
}

/** @throws {UsageError} `bad-stream` */
export function checkStream({ stream, durable, replay = 0 }: NatsStreamOptions): void {
  for (const [what, name] of Object.entries({ stream, durable })) {
    if (name === undefined || /^[\w-]{1,64}$/.test(name)) continue
    throw new UsageError(
      "bad-stream",
      `The name of a JetStream ${what} has 1 to 64 of A-Z, a-z, 0-9, _ and -.`,
    )
  }
  if (!Number.isSafeInteger(replay) || replay < 0) {
    throw new UsageError("bad-stream", "`replay` is a number of messages: 0, 1, 2 and so on.")
  }
}

function isScheme(text: string | undefined): text is keyof typeof defaultPorts {
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
