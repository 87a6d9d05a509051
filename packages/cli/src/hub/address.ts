import { UsageError } from "stringphone/bytes"
import { type ChannelAddress, parseChannelAddress } from "../channel-address.js"

/**
 * Where another hub is: `tcp://host:4040`, `ws://host:8080`, or a channel that hubs share,
 * `mqtt://broker/street` and `nats://server/street`. Here `ws://` is a hub itself; with a channel
 * behind a `#` it is an MQTT broker, as for topics.
 *
 * @throws {UsageError} `bad-address`
 */
export function parseHubAddress(text: string): ChannelAddress {
  const isHub = /^wss?:\/\//i.test(text) && !text.includes("#")
  try {
    return parseChannelAddress(isHub ? `hub+${text}` : text)
  } catch (cause) {
    throw new UsageError(
      "bad-address",
      "A hub's address is like tcp://host:4040, ws://host:8080, mqtt://broker/channel or nats://server/channel.",
      { cause },
    )
  }
}

/** Where to listen: `0.0.0.0:4040`, `[::]:4040`, or only a port of this computer. */
export interface ListenPlace {
  readonly host: string
  readonly port: number
}

/** @throws {UsageError} `bad-address` */
export function parseListen(text: string): ListenPlace {
  const [, v6, name, port = ""] =
    /^(?:(?:\[([0-9a-f:.]+)\]|([^:\s]+)):)?(\d{1,5})$/i.exec(text) ?? []
  if (port !== "" && Number(port) < 65_536) {
    return { host: v6 ?? name ?? "127.0.0.1", port: Number(port) }
  }
  throw new UsageError("bad-address", "Say where to listen, as in 0.0.0.0:4040, or only a port.")
}

/** For people and logs: no login. */
export function listenText(scheme: string, { host, port }: ListenPlace): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`
}
