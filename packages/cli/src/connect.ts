import type { LinkOptions, Transport } from "stringphone/transport"
import { spanTransports } from "stringphone/transport/span"
import type { ChannelAddress } from "./channel-address.js"

export interface ConnectOptions extends Pick<LinkOptions, "signal" | "connectTimeoutMs"> {
  /** Several brokers: go on when one of them does not answer yet. */
  readonly waitForBroker?: boolean
}

/** Connects to all of these; several are used as one, and work while one of them does. */
export async function connectAll(
  addresses: readonly ChannelAddress[],
  { signal, ...options }: ConnectOptions = {},
): Promise<Transport> {
  const [only] = addresses
  const link = { ...options, ...(signal && { signal }) }
  if (only && addresses.length === 1) return connectOne(only, link)
  const attempts = await Promise.allSettled(addresses.map((address) => connectOne(address, link)))
  const isConnected = attempts.map(({ status }) => status === "fulfilled")
  // At least one has to answer now; with the others it goes on trying.
  const [failure] = attempts.filter((attempt) => attempt.status === "rejected")
  if (failure && !isConnected.includes(true)) throw failure.reason
  const members = attempts.map(async (attempt, i) =>
    attempt.status === "fulfilled"
      ? attempt.value
      : connectOne(addresses[i] as ChannelAddress, { ...link, waitForBroker: true }),
  )
  return spanTransports(await Promise.all(members))
}

/** Connects to one broker. The libraries are loaded when they are needed. */
export async function connectOne(
  address: ChannelAddress,
  { waitForBroker = false, ...options }: ConnectOptions = {},
): Promise<Transport> {
  const link = { ...options, backoff: { maxMs: 5_000 } }
  switch (address.kind) {
    case "mqtt": {
      const { connectMqtt } = await import("stringphone/transport/mqtt")
      return connectMqtt({ ...link, url: address.url, topic: address.channel, waitForBroker })
    }
    case "nats": {
      const { connectNats } = await import("stringphone/transport/nats")
      return connectNats({
        ...link,
        url: address.url,
        subject: address.channel,
        waitForServer: waitForBroker,
      })
    }
    case "tcp": {
      const { connectTcp } = await import("stringphone/transport/tcp")
      const { hostname, port } = new URL(address.url)
      const host = hostname.replace(/^\[|\]$/g, "")
      return connectTcp({ ...link, host, port: Number(port), waitForServer: waitForBroker })
    }
    case "websocket": {
      const { connectWebSocket } = await import("stringphone/transport/websocket")
      return connectWebSocket({ ...link, url: address.url, waitForServer: waitForBroker })
    }
  }
}
