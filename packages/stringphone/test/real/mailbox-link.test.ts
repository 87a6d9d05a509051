import { afterEach, describe, expect, it } from "vitest"
import { dayOf } from "../../src/mailbox/index.js"
import { type HubLink, openHubLink } from "../../src/session/mailbox/hub-link.js"
import { type MailHub, openHub } from "../../src/session/mailbox/hub.js"
import { createMemoryEnvelopeStore } from "../../src/store/envelopes/memory.js"
import type { Transport } from "../../src/transport/index.js"
import { connectMqtt } from "../../src/transport/mqtt.js"
import { connectNats } from "../../src/transport/nats.js"
import { connectTcp, listenTcp } from "../../src/transport/tcp.js"
import { connectWebSocket } from "../../src/transport/websocket.js"
import { listenWebSocket } from "../../src/transport/websocket-server.js"
import { envelope, parcels } from "../scenario/mailbox-hub-fixtures.js"
import { mosquitto, startMosquitto } from "./mosquitto.js"
import { natsServer, startNatsServer } from "./nats-server.js"

const day = dayOf(Date.now()) + 7
const mail = (number: number, sizeCode = 0): Uint8Array => envelope(number, day, sizeCode)
const mails = (from: number, to: number): Uint8Array[] =>
  Array.from({ length: to - from }, (_, i) => mail(from + i))
const soon = { timeout: 60_000, interval: 50 }

interface Node {
  readonly hub: MailHub
  readonly link: HubLink
}

const opened: Node[] = []
const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const { hub, link } of opened.splice(0)) {
    await link.close()
    await hub.close()
  }
  for (const stop of stops.splice(0)) await stop()
})

async function node(transport: Transport, first: readonly Uint8Array[]): Promise<Node> {
  const hub = await openHub({ store: createMemoryEnvelopeStore(), mixing: { meanMs: 0 } })
  await hub.accept(parcels(...first), "stick")
  const made = { hub, link: openHubLink({ hub, transport }) }
  opened.push(made)
  return made
}

/** Each comes with mail that the others lack; one of them has a mail of 1 MiB. */
async function exchange(connect: () => Promise<Transport>, count: number): Promise<Node[]> {
  const nodes: Node[] = []
  for (let i = 0; i < count; i++) {
    const large = i === 0 ? [mail(9_000, 5)] : []
    nodes.push(await node(await connect(), [...mails(i * 300, i * 300 + 400), ...large]))
  }
  const expected = 300 * count + 101
  await expect.poll(() => nodes.map(countOf), soon).toEqual(nodes.map(() => expected))
  await nodes[0]?.hub.add(mail(10_000))
  await expect.poll(() => nodes.map(countOf), soon).toEqual(nodes.map(() => expected + 1))
  return nodes
}

const countOf = ({ hub }: Node): number => hub.usage.count

describe("hubs meet", () => {
  it("over TCP, and again after a break", { timeout: 90_000 }, async () => {
    const server = await listenTcp({ port: 0 })
    const { port } = server
    const transports = [server, await connectTcp({ host: "127.0.0.1", port })]
    const [alice, bob] = await exchange(async () => transports.shift() as Transport, 2)
    // The listener restarts as another hub would: under another number, with another mail.
    const { address } = server
    await alice?.link.close()
    await alice?.hub.close()
    opened.splice(0, 1)
    const again = await node(await listenTcp({ port }), [mail(20_000)])
    await expect.poll(() => countOf(again), soon).toBe(703)
    await expect.poll(() => bob && countOf(bob), soon).toBe(703)
    expect(again.link.status.address).toBe(address)
  })

  it("over WebSocket: one that listens, two that come", { timeout: 90_000 }, async () => {
    const server = await listenWebSocket({ port: 0 })
    const url = `ws://127.0.0.1:${server.port}`
    const transports = [server, await connectWebSocket({ url }), await connectWebSocket({ url })]
    const [listener] = await exchange(async () => transports.shift() as Transport, 3)
    const links = [...(listener?.hub.usage.links.keys() ?? [])]
    expect(links.filter((link) => link.startsWith("ws://")).length).toBe(2)
  })

  it.skipIf(mosquitto === null)("over MQTT, three of them", { timeout: 120_000 }, async () => {
    const broker = await startMosquitto()
    stops.push(() => broker.stop())
    const url = `mqtt://127.0.0.1:${broker.tcpPort}`
    const nodes = await exchange(() => connectMqtt({ url, topic: "hubs" }), 3)
    await broker.down()
    await nodes[1]?.hub.add(mail(30_000))
    await nodes[2]?.hub.add(mail(30_001))
    await broker.up()
    await expect.poll(() => nodes.map(countOf), soon).toEqual([1_004, 1_004, 1_004])
  })

  it.skipIf(natsServer === null)("over NATS, three of them", { timeout: 120_000 }, async () => {
    const server = await startNatsServer()
    stops.push(() => server.stop())
    const url = `nats://127.0.0.1:${server.tcpPort}`
    const nodes = await exchange(() => connectNats({ url, subject: "hubs" }), 3)
    await server.down()
    await nodes[1]?.hub.add(mail(30_000))
    await server.up()
    await expect.poll(() => nodes.map(countOf), soon).toEqual([1_003, 1_003, 1_003])
  })
})
