import type { Transport } from "stringphone/transport"
import { connectMqtt } from "stringphone/transport/mqtt"
import { brokerUrl, type HomeInfo } from "./home-info.ts"

/** What a broker may ask for. */
export interface Login {
  readonly username: string
  readonly password: string
}

/** The home's channel, through the server that this page came from; keeps trying until it answers. */
export function callHome({ channel, mqttPath }: HomeInfo, login: Login | null): Promise<Transport> {
  return connectMqtt({
    url: brokerUrl(location, mqttPath),
    topic: channel,
    waitForBroker: true,
    connectTimeoutMs: 10_000,
    backoff: { maxMs: 5_000 },
    ...login,
  })
}
