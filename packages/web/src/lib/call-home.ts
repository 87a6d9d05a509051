import type { KeyRing } from "stringphone/keyring"
import type { Transport } from "stringphone/transport"
import { connectMqtt } from "stringphone/transport/mqtt"
import { brokerUrl, type HomeInfo } from "./home-info.ts"

/** What a broker may ask for. */
export interface Login {
  readonly username: string
  readonly password: string
}

/** Gives the home's topic a place in the key ring, where it has none yet. */
export async function keepTopic(ring: KeyRing, { channel, mqttPath }: HomeInfo): Promise<void> {
  const outside = {
    name: channel,
    address: `${brokerUrl(location, mqttPath)} ${channel}`,
    topicKey: null,
    keyProven: false,
    participants: [],
  }
  await ring.updateTopic(channel, (topic) => topic ?? outside)
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
