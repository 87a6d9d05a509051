import { ChannelError } from "stringphone/bytes"
import type { Transport } from "stringphone/transport"
import { brokerUrl, type HomeInfo } from "../lib/home-info.ts"
import { type IrcLogin, nickOf, type RoomRecord } from "./room-record.ts"

/** A room's channel, and what it stands on. */
export interface RoomLine {
  readonly transport: Transport
  /** After the transport was closed: ends the connection, too. */
  close(): Promise<void>
}

export interface RoomLineOptions {
  readonly home: HomeInfo
  /** A topic of the home's broker. */
  readonly callBroker: (channel: string) => Promise<Transport>
  readonly login: IrcLogin
  /** Gives up, as long as the line is not there. */
  readonly signal: AbortSignal
  /** Do not fail when the server does not answer yet, and keep trying. */
  readonly isPatient: boolean
}

/** @throws {ChannelError} `not-offered`, and those of the transports */
export async function openRoomLine(
  { ownName, place }: RoomRecord,
  { callBroker, home, isPatient, login, signal }: RoomLineOptions,
): Promise<RoomLine> {
  if (place.kind === "home") {
    if (!home.rooms) throw notOffered("This home has no room of its own.")
    const transport = await callBroker(home.rooms.channel)
    return { transport, close: () => transport.close() }
  }
  const server = home.rooms?.irc.find(({ address }) => address === place.server)
  if (!server) {
    throw notOffered(
      `The home does not reach ${place.server}. Start it with “--irc ${place.server}”.`,
    )
  }
  const { account, channelKey, password } = login
  const { connectIrcWebSocket, ircTransport } = await import("stringphone/transport/irc")
  const connection = await connectIrcWebSocket({
    url: brokerUrl(location, server.path),
    nick: nickOf(ownName),
    realName: "String phone",
    waitForServer: isPatient,
    signal,
    ...(account !== "" && { sasl: { account, password } }),
  })
  const giveUp = (): void => void connection.close()
  signal.addEventListener("abort", giveUp)
  const options = channelKey === "" ? {} : { key: channelKey }
  try {
    const { channel: name } = place
    const channel = isPatient
      ? connection.channel(name, options)
      : await connection.join(name, options)
    return { transport: ircTransport(channel), close: () => connection.close("Back later.") }
  } catch (error) {
    await connection.close()
    throw error
  } finally {
    signal.removeEventListener("abort", giveUp)
  }
}

function notOffered(sentence: string): ChannelError {
  return new ChannelError("not-offered", sentence)
}
