import { UsageError } from "stringphone/bytes"
import { takePetname } from "stringphone/identity"
import { type IrcUrl, parseIrcUrl } from "stringphone/transport/irc"
import {
  type ChannelAddress,
  formatChannelAddress,
  parseChannelAddress,
} from "../channel-address.js"

/**
 * Where a room is: `ircs://host/#kitchen`, `irc://host/#kitchen` without TLS, or any address that a
 * topic can have.
 */
export type RoomAddress =
  | {
      readonly kind: "irc"
      readonly host: string
      readonly port: number
      readonly tls: boolean
      readonly channel: string
    }
  | ChannelAddress

/** @throws {UsageError} `bad-address`, `bad-url`, `secret-in-url` */
export function parseRoomAddress(text: string): {
  readonly address: RoomAddress
  /** The nick that an IRC URL may hold. */
  readonly nick: string | null
} {
  if (!isIrcUrl(text)) return { address: parseOtherAddress(text), nick: null }
  const { channel, host, nick, port, tls } = parseIrcAddress(text)
  if (channel === undefined) {
    throw new UsageError(
      "bad-address",
      "Say the channel, too, as in ircs://irc.example.org/#kitchen. In a shell, put it in quotes.",
    )
  }
  return { address: { kind: "irc", host, port, tls, channel }, nick: nick ?? null }
}

/**
 * As {@link parseIrcUrl}; it says where a command takes a password instead.
 * @throws {UsageError} `bad-url`, `secret-in-url`
 */
export function parseIrcAddress(text: string): IrcUrl {
  try {
    return parseIrcUrl(text)
  } catch (error) {
    if (!(error instanceof UsageError && error.code === "secret-in-url")) throw error
    throw new UsageError(
      "secret-in-url",
      "A password does not belong in an address: others see it in lists of processes and in histories. The server's own goes into STRINGPHONE_IRC_PASSWORD; that of an account into STRINGPHONE_SASL_PASSWORD, with --sasl-account.",
    )
  }
}

/** The address to give to others; `withLogin` is only for the key ring. */
export function formatRoomAddress(
  address: RoomAddress,
  options: { readonly withLogin?: boolean } = {},
): string {
  if (address.kind !== "irc") return formatChannelAddress(address, options)
  const { channel, host, port, tls } = address
  const isDefault = port === (tls ? 6697 : 6667)
  const place = host.includes(":") ? `[${host}]` : host
  const path = channel.startsWith("#") ? `#${encodeURI(channel.slice(1))}` : encodeURI(channel)
  return `${tls ? "ircs" : "irc"}://${place}${isDefault ? "" : `:${port}`}/${path}`
}

/** What people call the channel: `#kitchen`. */
export function channelLabel(address: RoomAddress): string {
  if (address.kind === "irc") return address.channel
  if ("channel" in address) return address.channel.split("/").at(-1) || address.channel
  return new URL(address.url).host
}

/** A name for the owner's list, made of the address. */
export function nameFor(address: RoomAddress): string {
  const name = channelLabel(address)
    .replace(/^[^\p{L}\p{N}]+/u, "")
    .replace(/[^\p{L}\p{N}._-]/gu, "-")
  return takePetname(name.slice(0, 32) || "room")
}

function parseOtherAddress(text: string): ChannelAddress {
  const isName = !text.includes("://")
  try {
    if (!isName) return parseChannelAddress(text)
  } catch (error) {
    if (!(error instanceof UsageError && error.code === "bad-address")) throw error
  }
  throw new UsageError(
    "bad-address",
    `${isName ? "You have no room of this name. " : ""}A room's address is like ircs://irc.example.org/#kitchen, mqtt://host:1883/channel or nats://host:4222/channel.`,
  )
}

function isIrcUrl(text: string): boolean {
  return /^ircs?:\/\//i.test(text)
}
