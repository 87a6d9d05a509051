import { UsageError } from "stringphone/bytes"
import type { Transport } from "stringphone/transport"
import { connectOne } from "../connect.js"
import { readSecretFile } from "../context.js"
import { askSecret } from "../terminal/ask.js"
import type { RoomRecord } from "./room-shelf.js"

export interface RoomLink {
  readonly signal: AbortSignal
  /** The first line of this file is the password of the account. */
  readonly saslPasswordFile: string | null
}

/** A room's channel, and what it stands on. */
export interface ConnectedRoom {
  readonly transport: Transport
  /** After the transport was closed: ends the connection, too. */
  readonly close: () => Promise<void>
}

/** Connects to a room's channel. The libraries are loaded when they are needed. */
export async function connectRoom(
  { address, nick, proxy, saslAccount }: RoomRecord,
  { saslPasswordFile, signal }: RoomLink,
): Promise<ConnectedRoom> {
  if (address.kind !== "irc") {
    if (proxy !== null || saslAccount !== null) {
      throw new UsageError("bad-option", "--proxy and --sasl-account are for IRC only.")
    }
    const transport = await connectOne(address, { signal })
    return { transport, close: () => transport.close() }
  }
  const { connectIrc, ircTransport } = await import("stringphone/transport/irc")
  const { channel, host, port, tls } = address
  const serverPassword = process.env["STRINGPHONE_IRC_PASSWORD"]
  const key = process.env["STRINGPHONE_CHANNEL_KEY"]
  const connection = await connectIrc({
    host,
    port,
    tls,
    nick,
    signal,
    ...(serverPassword && { serverPassword }),
    ...(proxy !== null && { proxy: parseProxy(proxy) }),
    ...(saslAccount !== null && {
      sasl: {
        account: saslAccount,
        password: await saslPassword(saslAccount, saslPasswordFile),
      },
    }),
  })
  try {
    const transport = ircTransport(await connection.join(channel, key ? { key } : {}))
    return { transport, close: () => connection.close() }
  } catch (error) {
    await connection.close()
    throw error
  }
}

/** @throws {UsageError} `bad-proxy` */
export function parseProxy(text: string): { readonly host: string; readonly port: number } {
  const url = URL.canParse(text) ? new URL(text) : null
  const isBare = url && /^\/?$/.test(url.pathname + url.search + url.hash)
  if (!isBare || !/^socks5h?:$/.test(url.protocol) || url.hostname === "" || url.password !== "") {
    throw new UsageError("bad-proxy", "A proxy is like socks5://127.0.0.1:9050, for Tor.")
  }
  const host = url.hostname.replace(/^\[|\]$/g, "")
  return { host, port: url.port === "" ? 1080 : Number(url.port) }
}

async function saslPassword(account: string, file: string | null): Promise<string> {
  const set = process.env["STRINGPHONE_SASL_PASSWORD"]
  if (file !== null) return readSecretFile(file)
  if (set) return set
  if (process.stdin.isTTY) return askSecret(`Password of the account ${account}: `)
  throw new UsageError(
    "password-needed",
    "The account needs a password: set STRINGPHONE_SASL_PASSWORD, or name a file with --sasl-password-file.",
  )
}
