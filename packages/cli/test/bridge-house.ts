import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { join } from "node:path"
import mqtt, { type MqttClient } from "mqtt"
import { Identity, openTopic, type ReceivedMessage, type TopicSession } from "stringphone"
import { hex } from "stringphone/bytes"
import { createMemoryStore } from "stringphone/store/memory"
import { connectMqtt } from "stringphone/transport/mqtt"
import { onTestFinished } from "vitest"
import { freshHome } from "./folder.js"
import { startMosquitto } from "./mosquitto.js"
import { type Event, Running } from "./program.js"

export type Mosquitto = Awaited<ReturnType<typeof startMosquitto>>

export const channel = "stringphone/t0psecret"

/** Everything that went to and from a broker, as bytes. */
export interface Wire {
  readonly url: string
  readonly seen: () => Buffer
}

/** A TCP proxy that keeps all bytes of both directions. */
export async function tap(url: string): Promise<Wire> {
  const port = Number(new URL(url).port)
  const chunks: Buffer[] = []
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect({ port, host: "127.0.0.1" })
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on("error", () => {})
      from.on("data", (chunk: Buffer) => {
        chunks.push(chunk)
        to.write(chunk)
      })
      from.on("close", () => to.destroy())
    }
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port: own } = server.address() as AddressInfo
  return { url: `mqtt://127.0.0.1:${own}`, seen: () => Buffer.concat(chunks) }
}

export interface Heard {
  readonly topic: string
  readonly text: string
  readonly payload: Buffer
  readonly retain: boolean
}

/** A plain MQTT client: a device, or somebody who listens to everything. */
export class Plain {
  readonly heard: Heard[] = []
  readonly #client: MqttClient

  private constructor(client: MqttClient) {
    this.#client = client
    client.on("message", (topic, payload, { retain }) => {
      this.heard.push({ topic, text: payload.toString(), payload, retain })
    })
  }

  static async connect(url: string, ...filters: string[]): Promise<Plain> {
    const client = await mqtt.connectAsync(url, { protocolVersion: 5, reconnectPeriod: 200 })
    onTestFinished(() => void client.endAsync(true))
    client.on("error", () => {})
    const plain = new Plain(client)
    if (filters.length > 0) await client.subscribeAsync(filters, { qos: 1, rap: true })
    return plain
  }

  async publish(topic: string, payload: string | Buffer, retain = false): Promise<void> {
    await this.#client.publishAsync(topic, payload, { qos: 1, retain })
  }

  on(topic: string): Heard[] {
    return this.heard.filter((one) => one.topic === topic)
  }

  texts(topic: string): string[] {
    return this.on(topic).map(({ text }) => text)
  }
}

export interface Said {
  readonly mqtt: string
  readonly topic?: string
  readonly payload?: string
  readonly retained?: boolean
  readonly id?: string
  readonly to?: string
  readonly because?: string
}

/** Somebody in the topic who knows the envelopes: a phone. */
export class BridgePhone {
  readonly session: TopicSession
  readonly said: Said[] = []
  readonly messages: ReceivedMessage[] = []
  #commands = 0

  private constructor(session: TopicSession) {
    this.session = session
    void this.#read()
  }

  /** Joins with the code that the bridge shows. */
  static async join(
    url: string,
    name: string,
    code: string,
    { slowByMs = 0 }: { readonly slowByMs?: number } = {},
  ): Promise<BridgePhone> {
    const session = await openTopic({
      store: createMemoryStore(),
      identity: Identity.generate(),
      transport: await connectMqtt({ url, topic: channel, backoff: { maxMs: 300 } }),
      ownName: name,
      wallClock: () => Date.now() - slowByMs,
      allowedSkewMs: 60_000,
    })
    onTestFinished(() => session.close())
    const pairing = await session.join({ code })
    for await (const request of pairing) await request.outcome
    if (session.standing !== "member") throw new Error(`${name}: ${await pairing.closed}`)
    return new BridgePhone(session)
  }

  /** @returns what was answered */
  async command(topic: string, payload: string, fields: object = {}): Promise<Said> {
    const id = `c${++this.#commands}`
    const envelope = { mqtt: "command", id, topic, payload, ...fields }
    await this.say(envelope, { validForMs: 0 })
    return this.answer(id)
  }

  /** What the bridge answered to our command. */
  answer(id: string): Promise<Said> {
    const own = hex(this.session.publicKey)
    return until(() => this.said.find((one) => one.id === id && one.to === own))
  }

  async say(envelope: object | string, options: { validForMs?: number } = {}): Promise<void> {
    const text = typeof envelope === "string" ? envelope : JSON.stringify(envelope)
    await this.session.send(text, options)
  }

  states(topic: string): string[] {
    return this.said.filter((one) => one.mqtt === "state" && one.topic === topic).map(textOf)
  }

  async #read(): Promise<void> {
    for await (const message of this.session.messages) {
      this.messages.push(message)
      if (/^{.*}$/s.test(message.text ?? "")) this.said.push(JSON.parse(message.text!) as Said)
    }
  }
}

export interface House {
  readonly folder: string
  readonly config: string
  readonly local: Mosquitto
  readonly remote: Mosquitto
  readonly wire: Wire
  /** Hears everything at the remote broker. */
  readonly spy: Plain
  /** A device at the local one. */
  readonly device: Plain
}

/** Two brokers, a configuration, and somebody who listens to everything. */
export async function makeHouse(config: object): Promise<House> {
  const [local, remote] = [await startMosquitto(), await startMosquitto()]
  const wire = await tap(remote.url)
  const folder = freshHome()
  const path = join(folder, "bridge.json")
  const places = { local: local.url, broker: `${wire.url}/${channel}`, topic: "house" }
  writeFileSync(path, JSON.stringify({ ...places, ...config }))
  const spy = await Plain.connect(remote.url, "#")
  const device = await Plain.connect(local.url, "#")
  return { folder, config: path, local, remote, wire, spy, device }
}

/** Lets a phone in, by the command that an admin runs. */
export async function letIn(
  { config, folder, remote }: Pick<House, "config" | "folder" | "remote">,
  name: string,
  options: { readonly admin?: boolean; readonly slowByMs?: number } = {},
): Promise<BridgePhone> {
  const more = options.admin ? ["--admin"] : []
  const args = ["--as", "bridge", "bridge", "pair", config, ...more]
  const pairing = Running.start(folder, args)
  const { code } = await pairing.next("pairing")
  const phone = await BridgePhone.join(remote.url, name, String(code), options)
  await pairing.next("paired")
  if ((await pairing.exitCode()) !== 0) throw new Error(pairing.stderr)
  return phone
}

/** Starts the bridge, and waits until it works. */
export async function runBridge({ config, folder }: House, command = "run"): Promise<Running> {
  const bridge = Running.start(folder, ["--as", "bridge", "bridge", command, config])
  await connected(bridge)
  return bridge
}

export async function connected(bridge: Running, ...sides: string[]): Promise<void> {
  for (const side of sides.length > 0 ? sides : ["local", "remote"]) {
    await bridge.next("status", (event: Event) => event["side"] === side && isOpen(event))
  }
}

/** Asks again and again, until there is something. */
export async function until<T>(look: () => T | undefined | null | false): Promise<T> {
  const untilMs = Date.now() + 15_000
  for (;;) {
    const found = look()
    if (found !== undefined && found !== null && found !== false) return found
    if (Date.now() > untilMs) throw new Error(`Not within 15 s: ${look.toString()}`)
    await pause(20)
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function isOpen(event: Event): boolean {
  return event["status"] === "open"
}

function textOf({ payload }: Said): string {
  return payload ?? ""
}
