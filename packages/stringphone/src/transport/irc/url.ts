import { UsageError } from "../../bytes/index.js"

/** A URL of IRC taken apart, to be spread into the options of `connectIrc`. */
export interface IrcUrl {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly nick?: string
  /** With its sign, as in `#kitchen`. */
  readonly channel?: string
}

/**
 * Takes `ircs://nick@host:port/#channel` apart; `irc://` is without TLS. Nick, port and channel may be
 * left out, and the channel's `#` may be written as `%23` or left out.
 *
 * @throws {UsageError} `bad-url`, without a word of what was in it; `secret-in-url`
 * @example
 * parseIrcUrl("ircs://ada@irc.example.org/#kitchen").channel // → "#kitchen"
 */
export function parseIrcUrl(text: string): IrcUrl {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^ircs?:$/.test(url.protocol) || url.hostname === "") throw badUrl()
  if (url.password !== "" || /^\/\/[^/]*:[^/]*@/.test(text.slice(text.indexOf(":") + 1))) {
    throw new UsageError(
      "secret-in-url",
      "A password does not belong in a URL: others see it in lists of processes and in histories. Pass it as an option or in the environment.",
    )
  }
  const tls = url.protocol === "ircs:"
  const nick = decode(url.username)
  const channel = channelOf(decode(url.pathname.slice(1)) + decode(url.hash))
  if (nick !== "" && !isNick(nick)) throw badUrl()
  return {
    host: decode(url.hostname).replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (tls ? 6697 : 6667) : Number(url.port),
    tls,
    ...(nick !== "" && { nick }),
    ...(channel !== null && { channel }),
  }
}

function channelOf(text: string): string | null {
  if (text === "" || text === "#") return null
  const name = /^[#&+!]/.test(text) ? text : `#${text}`
  if (!isChannelName(name)) throw badUrl()
  return name
}

/** What can be a channel on some server. */
export function isChannelName(name: string): boolean {
  // eslint-disable-next-line no-control-regex -- the bell is what RFC 2812 §1.3 forbids by name
  return /^[#&+!][^\s,\0\x07]{1,199}$/.test(name)
}

/** What can be a nick on some server. */
export function isNick(nick: string): boolean {
  return /^[^\s\0:@!#&,*?.$+~%\d-][^\s\0:@!,*?.]{0,62}$/u.test(nick)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw badUrl()
  }
}

function badUrl(): UsageError {
  return new UsageError("bad-url", "Expected a URL like ircs://nick@irc.example.org/#channel.")
}
