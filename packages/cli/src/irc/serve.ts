import { type ChannelError, UsageError } from "stringphone/bytes"
import type { KeyRing } from "stringphone/keyring"
import { openRoom as openOwnRoom } from "stringphone/session/room"
import { connectIrc, ircTransport } from "stringphone/transport/irc"
import type { Context } from "../context.js"
import { interrupted } from "../interrupt.js"
import { isOpenHost } from "../server/addresses.js"
import { parseIrcAddress } from "../room/room-address.js"
import { parseProxy } from "../room/room-connect.js"
import { visible } from "../terminal/escape.js"
import { countOf } from "../wording.js"
import { Bouncer, type BouncerEvent } from "./bouncer.js"
import { classicFace } from "./classic-face.js"
import { accountPassword } from "./login.js"
import { clientPassword } from "./password.js"
import { RoomLedger } from "./room-ledger.js"
import { type OpenRoom, Rooms } from "./rooms.js"

export interface IrcProxyOptions {
  /** Default: port 6667 of this computer only. */
  readonly listen?: { readonly host: string; readonly port: number }
  readonly nick?: string
  readonly saslAccount?: string
  readonly saslPasswordFile?: string
  /** Clients have to say it. */
  readonly passwordFile?: string
  readonly proxy?: string
}

/** `stringphone irc`: a proxy for IRC clients, until Ctrl-C or SIGTERM. */
export async function serveIrc(
  context: Context,
  ring: KeyRing,
  url: string,
  options: IrcProxyOptions,
): Promise<void> {
  const { host, nick: urlNick, port, tls, channel } = parseIrcAddress(url)
  const { passwordFile, proxy, saslAccount, saslPasswordFile } = options
  const listen = options.listen ?? { host: "127.0.0.1", port: 6667 }
  if (isOpenHost(listen.host) && passwordFile === undefined) {
    throw new UsageError(
      "password-needed",
      `Other computers reach ${listen.host}, and whoever connects speaks as you. Name a file for a password with --password-file, or listen at 127.0.0.1.`,
    )
  }
  const password = passwordFile === undefined ? null : await clientPassword(context, passwordFile)
  if (isOpenHost(listen.host)) {
    context.warn(
      "What clients on other computers say to this proxy is not encrypted on its way here.",
    )
  }
  // The same channel, whatever port and protection one comes through.
  const ledger = await RoomLedger.load(ring, host.toLowerCase())
  const accountLogin = saslAccount !== undefined && {
    sasl: {
      account: saslAccount,
      password: await accountPassword(context, saslAccount, saslPasswordFile),
    },
  }
  const serverPassword = process.env["STRINGPHONE_IRC_PASSWORD"]
  const upstream = await connectIrc({
    host,
    port,
    tls,
    nick: options.nick ?? urlNick ?? defaultNick(context),
    waitForServer: true,
    ...(serverPassword && { serverPassword }),
    ...(proxy !== undefined && { proxy: parseProxy(proxy) }),
    ...accountLogin,
  })
  const ending = interrupted()
  let rooms: Rooms | null = null
  const refusals: ChannelError[] = []
  const bouncer = new Bouncer({
    upstream,
    password,
    rooms: (parts) => (rooms = new Rooms(parts, { ring, ledger, openRoom: opener(ring) })),
    onEvent: (event) => context.print(eventText(event, upstream.address), event),
  })
  upstream.onEvent((event) => {
    if (event.kind !== "status" || event.status !== "closed" || !event.error) return
    // Trying again would not help: a wrong password, a certificate that nobody vouches for.
    refusals.push(event.error)
    ending.interrupt()
  })
  try {
    const bound = await bouncer.listen(listen.host, listen.port)
    context.print(
      `Connect your IRC client to ${listen.host} port ${bound}, without TLS. It reaches ${upstream.address}.`,
      { event: "listening", host: listen.host, port: bound, server: upstream.address },
    )
    for (const one of ledger.all) if (one.isIn) upstream.channel(one.channel)
    if (channel !== undefined) upstream.channel(channel)
    await ending.promise
  } finally {
    await (rooms as Rooms | null)?.close()
    await bouncer.close()
    await upstream.close("stringphone")
  }
  if (refusals[0]) throw refusals[0]
}

function opener(ring: KeyRing): OpenRoom {
  return async (kind, { channel, explain, name, ownName }) => {
    const { identity, store } = ring
    if (kind === "classic") {
      const { openClassicRoom } = await import("stringphone/session/room/classic")
      const session = await openClassicRoom({ channel, identity, contacts: ring })
      return classicFace(session, identity.publicKey, explain)
    }
    const transport = ircTransport(channel)
    return openOwnRoom({ store, identity, contacts: ring, transport, name, ownName })
  }
}

function eventText(event: BouncerEvent, address: string): string {
  if (event.event === "client") {
    return `A client ${event.status}; ${countOf(event.clients, "client")} now.`
  }
  const { message, status } = event
  const why = message === null ? "" : ` ${visible(message)}`
  switch (status) {
    case "open":
      return `Connected to ${address}.`
    case "reconnecting":
      return `Not connected.${why} Trying again.`
    default:
      return `The connection to ${address} has ended.${why}`
  }
}

/** What an IRC server takes as a nick, made of what we call ourselves. */
function defaultNick({ ownName }: Context): string {
  const name = ownName.replace(/[^\w[\]\\`^{|}-]/g, "").replace(/^[\d-]+/, "")
  return name.slice(0, 16) || "guest"
}
