import { UsageError } from "stringphone/bytes"
import { parseIrcUrl } from "stringphone/transport/irc"

/** An IRC server that the page may reach through the home. */
export interface NamedIrcServer {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  /** As in `ircs://irc.example.org:6697`. */
  readonly address: string
  /** What the page suggests, as in `#kitchen`. */
  readonly channel: string | null
}

/** What `/home.json` tells the page about it. */
export interface ReportedIrcServer {
  readonly address: string
  /** Where the home takes WebSockets for it. */
  readonly path: string
  readonly channel: string | null
}

/**
 * Reads `ircs://host`, `irc://host:6667` or `ircs://host/#channel`.
 * @throws {UsageError} `bad-url`, `secret-in-url`
 */
export function parseIrcServer(text: string): NamedIrcServer {
  const { channel = null, host, nick, port, tls } = parseIrcUrl(text)
  if (nick !== undefined) {
    throw new UsageError(
      "bad-url",
      "Name only the server, as in ircs://irc.example.org: everybody on the page has a nick of their own.",
    )
  }
  const place = host.includes(":") ? `[${host}]` : host
  return { host, port, tls, channel, address: `${tls ? "ircs" : "irc"}://${place}:${port}` }
}

export const ircPath = "/irc"

/** The paths carry numbers and no addresses: so there is nothing in them that could name another server. */
export function reportIrcServers(servers: readonly NamedIrcServer[]): readonly ReportedIrcServer[] {
  return servers.map(({ address, channel }, i) => ({ address, channel, path: `${ircPath}/${i}` }))
}

/** The server that a path means; `null`: none that was named. */
export function ircServerAt(
  servers: readonly NamedIrcServer[],
  path: string,
): NamedIrcServer | null {
  const number = /^\/irc\/(\d{1,3})$/.exec(path)?.[1]
  return number === undefined ? null : (servers[Number(number)] ?? null)
}
