import { hostname } from "node:os"
import type { Duplex } from "node:stream"
import { UsageError } from "stringphone/bytes"
import { connectMqtt } from "stringphone/transport/mqtt"
import { type EmbeddedBroker, startEmbeddedBroker } from "../server/embedded-broker.js"
import { mqttPath, startHomeServer } from "../server/home-server.js"
import { pipeToBroker } from "../server/broker-pipe.js"
import { formatTopicAddress, redactedBroker } from "../topic-address.js"
import { lanUrls, loopbackOf } from "../server/addresses.js"
import type { ApiDevice } from "./api.js"
import { type Household, openHousehold } from "./birth.js"
import { BrokerWatch } from "./broker-watch.js"
import { type NamedIrcServer, reportIrcServers } from "./irc-gateway-servers.js"
import { Device, type DeviceOptions } from "./device.js"
import type { Emit, MemberReport, ReadyEvent } from "./event.js"
import { HomeLogins } from "./login-server.js"
import { listMembers } from "./members.js"
import { Names } from "./names.js"
import { Pairing } from "./pairing.js"
import { Rejections } from "./rejections.js"
import { TopicNews } from "./topic-news.js"

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
  /** IRC servers that the page may reach through the home. */
  readonly irc: readonly NamedIrcServer[]
  readonly pairingMs: number
  readonly emit: Emit
}

type HomeParts = Pick<Home, "devices" | "pairing"> & {
  readonly names: Names
  readonly logins: HomeLogins | null
}

/** How long a start waits for a broker; the home goes on without it, and keeps trying. */
const reachWithinMs = 6_000

/** A running home: three devices, the page, and perhaps a broker. */
export class Home {
  /** The computer first. */
  readonly devices: readonly Device[]
  readonly pairing: Pairing
  readonly ready: ReadyEvent
  readonly #names: Names
  readonly #logins: HomeLogins | null
  readonly #stop: () => Promise<void>

  /** @internal */
  constructor(
    { devices, logins, names, pairing }: HomeParts,
    ready: ReadyEvent,
    stop: () => Promise<void>,
  ) {
    this.devices = devices
    this.pairing = pairing
    this.ready = ready
    this.#names = names
    this.#logins = logins
    this.#stop = stop
  }

  members(): Promise<readonly MemberReport[]> {
    return listMembers(this.devices, this.#names)
  }

  /** New keys for all who are in. @throws {UsageError} `not-an-admin` */
  async rotate(): Promise<void> {
    await this.devices[0]?.session.rotate()
  }

  /** @throws {UsageError} `not-an-admin`, `not-a-participant` */
  async remove(publicKey: Uint8Array): Promise<void> {
    await this.devices[0]?.session.remove(publicKey)
  }

  /** Invites somebody to register and call the API. @throws {UsageError} `no-logins` */
  async invite(): Promise<void> {
    const { lan, page } = this.ready
    if (this.#logins) return this.#logins.invite(lan[0] ?? page)
    throw new UsageError("no-logins", "Logins do not work in this home. The start says why.")
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
  const { directory, emit, host, names: hostNames } = options
  const household = await openHousehold(directory, computerName())
  const embedded = await startBroker(options, household.channel, parts)
  const brokerUrl =
    options.brokerUrl ?? `mqtt://${loopbackOf(options.mqttHost)}:${embedded?.port ?? 0}`
  let devices: readonly Device[] = []
  let started: readonly Device[] = []
  let pageUrl = ""
  const tcp = embedded && { host: loopbackOf(options.mqttHost), port: embedded.port }
  const called = (): readonly ApiDevice[] => started.map((device) => device.forCalls)
  const logins = await HomeLogins.open({ directory, emit, devices: called })
  parts.add(async () => logins?.close())
  const server = await startHomeServer({
    host,
    port: options.port,
    names: hostNames,
    irc: options.irc,
    serveMqtt: (stream: Duplex) =>
      embedded ? embedded.serve(stream) : pipeToBroker(brokerUrl, stream),
    home: () => ({
      protocol: 2,
      eavesdropper: embedded !== null,
      channel: household.channel,
      mqttPath,
      embedded: embedded !== null,
      tcp,
      broker: redactedBroker(brokerUrl),
      rooms: { channel: `${household.channel}/room`, irc: reportIrcServers(options.irc) },
    }),
    devices: () =>
      devices.map((device) => ({
        report: device.report(pageUrl),
        state: device.state,
        log: device.log,
      })),
    tamper:
      embedded &&
      ((action) => {
        const outcome = embedded.eavesdropper.act(action)
        if (outcome === "done") emit({ event: "eavesdropper", do: action })
        return outcome
      }),
    logins: logins?.service ?? null,
  })
  parts.add(() => server.close())
  pageUrl = `http://${loopbackOf(host)}:${server.port}/`
  const names = new Names(() => devices)
  const rejections = new Rejections(emit, names)
  parts.add(async () => rejections.stop())
  const news = new TopicNews({ devices: () => devices, names, rejections, emit })
  const watch = new BrokerWatch(emit, (count) => rejections.count("dropped", null, count))
  devices = await connectDevices(household, brokerUrl, watch, {
    emit,
    nameOf: (publicKey) => names.find(publicKey),
    onTopicEvent: (device, event) => news.hear(device, event),
    onLate: (from, code) => rejections.count(code, from),
  })
  parts.add(async () => {
    await Promise.allSettled(devices.map((device) => device.stop()))
  })
  // Only a channel that is there can be told to keep the latest epoch.
  const reached = await watch.reached(reachWithinMs)
  await names.refresh()
  for (const device of devices) await device.start()
  started = devices
  for (const device of devices) warnIfOut(device, emit)
  const address = formatTopicAddress({ brokerUrl, channel: household.channel })
  const pairing = new Pairing({ devices, names, emit, address, windowMs: options.pairingMs })
  parts.add(async () => pairing.stop())
  const ready: ReadyEvent = {
    event: "ready",
    page: pageUrl,
    lan: lanUrls(host, server.port),
    devices: devices.map((device) => device.report(pageUrl)),
    login: logins?.report ?? null,
    broker: { address: redactedBroker(brokerUrl), embedded: embedded !== null, tcp, reached },
    address,
    directory,
  }
  return new Home({ devices, logins, names, pairing }, ready, () => parts.stop())
}

/** At most 64 bytes, as all names in topics. */
function computerName(): string {
  const name = hostname().slice(0, 64)
  return name !== "" && Buffer.byteLength(name) <= 64 ? name : "This computer"
}

/** A start does not undo what an admin decided. */
function warnIfOut({ body, session }: Device, emit: Emit): void {
  if (session.standing === "removed") emit({ event: "removed", device: body.kind, by: null })
  if (session.standing !== "outside") return
  const text = `${body.name} is in no topic, and this computer is no admin any more, who could let it in.`
  emit({ event: "notice", level: "warning", text })
}

async function startBroker(
  { brokerUrl, mqttHost: host, mqttPort: port }: HomeOptions,
  channel: string,
  parts: Parts,
): Promise<EmbeddedBroker | null> {
  if (brokerUrl !== null) return null
  const broker = await startEmbeddedBroker({ host, port, channel })
  parts.add(() => broker.close())
  return broker
}

/** Each device gets a connection of its own: they reach each other only through the broker. */
async function connectDevices(
  { channel, members }: Household,
  url: string,
  watch: BrokerWatch,
  options: Omit<DeviceOptions, "body" | "ring" | "transport">,
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
      return new Device({ ...options, body, ring, transport })
    }),
  )
}
