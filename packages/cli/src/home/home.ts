import { hostname } from "node:os"
import type { Duplex } from "node:stream"
import { connectMqtt } from "stringphone/transport/mqtt"
import { type EmbeddedBroker, startEmbeddedBroker } from "../server/embedded-broker.js"
import { mqttPath, startHomeServer } from "../server/home-server.js"
import { pipeToBroker } from "../server/broker-pipe.js"
import { formatTopicAddress, redactedBroker } from "../topic-address.js"
import { lanUrls, loopbackOf } from "../server/addresses.js"
import { homeTopic, type Household, openHousehold } from "./birth.js"
import { BrokerWatch } from "./broker-watch.js"
import { Device, type DeviceListeners } from "./device.js"
import type { Emit, ReadyEvent } from "./event.js"
import { Pairing } from "./pairing.js"
import { Rejections } from "./rejections.js"

export interface HomeOptions {
  /** Where the devices keep what they know. */
  readonly directory: string
  readonly host: string
  readonly port: number
  readonly mqttHost: string
  readonly mqttPort: number
  /** Another broker instead of the embedded one; may hold a login. */
  readonly brokerUrl: string | null
  /** Names besides the usual ones that the page is asked for by. */
  readonly names: readonly string[]
  readonly pairingMs: number
  readonly emit: Emit
}

/** How long a start waits for a broker; the home goes on without it, and keeps trying. */
const reachWithinMs = 6_000

/** A running home: three devices, the page, and perhaps a broker. */
export class Home {
  readonly devices: readonly Device[]
  readonly pairing: Pairing
  readonly ready: ReadyEvent
  readonly #stop: () => Promise<void>

  /** @internal */
  constructor(
    devices: readonly Device[],
    pairing: Pairing,
    ready: ReadyEvent,
    stop: () => Promise<void>,
  ) {
    this.devices = devices
    this.pairing = pairing
    this.ready = ready
    this.#stop = stop
  }

  /** Stops everything; never takes longer than a second and a half. */
  async stop(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, 1_500)
    })
    await Promise.race([this.#stop(), late])
    clearTimeout(timer)
  }
}

/**
 * Starts a home.
 * @throws {ChannelError} {@link UsageError} those of ports, key rings, stores and the broker
 */
export async function startHome(options: HomeOptions): Promise<Home> {
  const parts = new Parts()
  try {
    return await assemble(options, parts)
  } catch (error) {
    await parts.stop()
    throw error
  }
}

/** What was started so far, to be stopped in the opposite order. */
class Parts {
  readonly #stops: (() => Promise<void>)[] = []

  add(stop: () => Promise<void>): void {
    this.#stops.unshift(stop)
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) await stop().catch(() => {})
  }
}

async function assemble(options: HomeOptions, parts: Parts): Promise<Home> {
  const { directory, emit, host, names } = options
  const household = await openHousehold(directory, hostname().slice(0, 64) || "This computer")
  const embedded = await startBroker(options, parts)
  const brokerUrl =
    options.brokerUrl ?? `mqtt://${loopbackOf(options.mqttHost)}:${embedded?.port ?? 0}`
  let devices: readonly Device[] = []
  let pageUrl = ""
  const tcp = embedded && { host: loopbackOf(options.mqttHost), port: embedded.port }
  const server = await startHomeServer({
    host,
    port: options.port,
    names,
    serveMqtt: (stream: Duplex) =>
      embedded ? embedded.serve(stream) : pipeToBroker(brokerUrl, stream),
    home: () => ({
      channel: household.channel,
      mqttPath,
      embedded: embedded !== null,
      tcp,
      broker: redactedBroker(brokerUrl),
    }),
    devices: () =>
      devices.map((device) => ({
        report: device.report(pageUrl),
        state: device.state,
        log: device.log,
      })),
  })
  parts.add(() => server.close())
  pageUrl = `http://${loopbackOf(host)}:${server.port}/`
  const rejected = new Rejections(emit)
  parts.add(async () => rejected.stop())
  const watch = new BrokerWatch(emit, (count) => rejected.countDropped(count))
  let pairing: Pairing | null = null
  devices = await connectDevices(household, brokerUrl, watch, {
    emit,
    onRequest: (device, request) => pairing?.hear(device, request),
    onCrowded: () => emit({ event: "notice", level: "warning", text: crowded }),
    onRejected: (error, encoded) => rejected.hear(error, encoded, devices),
  })
  parts.add(async () => {
    await Promise.allSettled(devices.map((device) => device.stop()))
  })
  for (const device of devices) await device.start()
  const reached = await watch.reached(reachWithinMs)
  pairing = new Pairing({ devices, emit, windowMs: options.pairingMs })
  const ready: ReadyEvent = {
    event: "ready",
    page: pageUrl,
    lan: lanUrls(host, server.port),
    devices: devices.map((device) => device.report(pageUrl)),
    broker: { address: redactedBroker(brokerUrl), embedded: embedded !== null, tcp, reached },
    address: formatTopicAddress({ brokerUrl, channel: household.channel }),
    directory,
  }
  return new Home(devices, pairing, ready, () => parts.stop())
}

async function startBroker(
  { brokerUrl, mqttHost, mqttPort }: HomeOptions,
  parts: Parts,
): Promise<EmbeddedBroker | null> {
  if (brokerUrl !== null) return null
  const broker = await startEmbeddedBroker(mqttHost, mqttPort)
  parts.add(() => broker.close())
  return broker
}

/** Each device gets a connection of its own: they reach each other only through the broker. */
async function connectDevices(
  { channel, members }: Household,
  url: string,
  watch: BrokerWatch,
  listeners: DeviceListeners,
): Promise<readonly Device[]> {
  return Promise.all(
    members.map(async ({ body, ring }) => {
      const transport = await connectMqtt({
        url,
        topic: channel,
        waitForBroker: true,
        connectTimeoutMs: 10_000,
        backoff: { maxMs: 5_000 },
      })
      watch.add(transport)
      return new Device({ ...listeners, body, ring, topic: homeTopic, transport })
    }),
  )
}

const crowded =
  "Very many ask to be trusted, more than are listed: somebody may be flooding the channel."
