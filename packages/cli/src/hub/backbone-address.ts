import { UsageError } from "stringphone/bytes"
import { parseChannelAddress } from "../channel-address.js"

/** The stream by which hubs of one operator are joined. */
export interface BackboneAddress {
  /** May hold a login: do not print it. */
  readonly url: string
  /** Of the stream, and of its subject. */
  readonly name: string
}

/**
 * `nats://server:4222/name`, or `tls://…`.
 * @throws {UsageError} `bad-address`, without a word of what was in it
 */
export function parseBackbone(text: string): BackboneAddress {
  const address = addressOrNull(text)
  if (address?.kind === "nats" && /^[\w-]{1,64}$/.test(address.channel)) {
    return { url: address.url, name: address.channel }
  }
  throw new UsageError(
    "bad-address",
    "A backbone's address is like nats://server:4222/mail or tls://server/mail; its last part names the stream, in letters, digits, _ and -.",
  )
}

/** For NATS, a user alone is a token. */
export function hasBackboneLogin({ url }: BackboneAddress): boolean {
  const { password, username } = new URL(url)
  return username !== "" || password !== ""
}

/** For people and logs: no login. */
export function backboneText({ name, url }: BackboneAddress): string {
  const { host, protocol } = new URL(url)
  return `${protocol}//${host}/${name}`
}

function addressOrNull(text: string): ReturnType<typeof parseChannelAddress> | null {
  try {
    return parseChannelAddress(text)
  } catch {
    return null
  }
}
