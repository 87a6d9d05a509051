import { once } from "node:events"
import { type Socket, connect, createServer, type AddressInfo } from "node:net"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import type { Transport } from "../../src/transport/index.js"
import { type MqttOptions, connectMqtt } from "../../src/transport/mqtt.js"
import { numberOf, numbered, reader, until, watchEvents } from "../contract/transport-contract.js"
import { type Broker, mosquitto, startMosquitto } from "./mosquitto.js"

describe.skipIf(mosquitto === null)("below a topic of mosquitto", () => {
  let broker: Broker
  const opened: Transport[] = []
  const open = async (options: Partial<MqttOptions> = {}): Promise<Transport> => {
    const url = `mqtt://127.0.0.1:${broker.tcpPort}`
    const transport = await connectMqtt({ url, topic: "garden", ...options })
    opened.push(transport)
    return transport
  }
  beforeAll(async () => {
    broker = await startMosquitto()
  })
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()))
  })
  afterAll(() => broker.stop())

  for (const protocolVersion of [4, 5] as const) {
    it(`the broker tells of those who go without a word (version ${protocolVersion})`, async () => {
      const wire = await startWire(broker.tcpPort)
      const ada = await open({ presence: { id: "ada" }, protocolVersion })
      const events = watchEvents(ada)
      await open({
        url: `mqtt://127.0.0.1:${wire.port}`,
        presence: { id: Uint8Array.of(0xb0, 0xb0) },
        protocolVersion,
        backoff: { initialMs: 60_000, maxMs: 60_000 },
      })
      await expect.poll(() => events).toEqual([{ kind: "joined", who: "b0b0" }])
      wire.cut()
      await expect.poll(() => events).toHaveLength(2)
      expect(events[1]).toEqual({ kind: "left", who: "b0b0" })
      wire.close()
    })
  }

  it("who comes is told who is there already, and after an outage who is there still", async () => {
    const soon = { initialMs: 20, maxMs: 20 }
    await open({ presence: { id: "ada" }, backoff: soon })
    const bob = await open({ presence: { id: "bob" }, backoff: soon })
    const events = watchEvents(bob).filter(({ kind }) => kind !== "status")
    const seen: string[] = []
    bob.onEvent((event) => {
      if (event.kind === "joined" || event.kind === "left") seen.push(`${event.kind} ${event.who}`)
    })
    await expect.poll(() => seen).toEqual(["joined ada"])
    await broker.down()
    await until(bob, "reconnecting")
    await expect.poll(() => seen).toEqual(["joined ada", "left ada"])
    await broker.up()
    await expect.poll(() => seen).toEqual(["joined ada", "left ada", "joined ada"])
    expect(events).toEqual([])
  })

  it("nothing is heard by those who have the topic alone, nor by another topic", async () => {
    const ada = await open({ presence: { id: "ada" } })
    const classic = await open({ topic: "garden" })
    const other = await open({ topic: "garden/retained" })
    const { connectAsync } = await import("mqtt")
    const raw = await connectAsync(`mqtt://127.0.0.1:${broker.tcpPort}`)
    const heard: string[] = []
    raw.on("message", (topic, payload) => heard.push(`${topic} ${payload.toString()}`))
    await raw.subscribeAsync("garden", { qos: 1 })
    await ada.send(numbered(1), { retain: "card" })
    await ada.send(numbered(2))
    await other.send(numbered(3))
    await expect.poll(() => heard).toEqual(["garden 2"])
    const atClassic = reader(classic)
    expect(numberOf(await atClassic.next())).toBe(1) // it is one of ours: it knows of slots
    expect(numberOf(await atClassic.next())).toBe(2)
    await ada.send(new Uint8Array(0), { retain: "card" })
    await raw.endAsync()
  })

  it("nobody is told of without being asked to", async () => {
    const quiet = await open()
    expect(quiet.capabilities.presence).toBe(false)
    const events = watchEvents(quiet)
    const ada = await open({ presence: { id: "ada" } })
    await ada.send(numbered(1))
    expect(numberOf(await reader(quiet).next())).toBe(1)
    expect(events).toEqual([])
  })

  it.each(["", "a/b", "+", "a b", "x".repeat(65), new Uint8Array(33), new Uint8Array(0)])(
    "%j is no id",
    async (id) => {
      await expect(open({ presence: { id } })).rejects.toMatchObject({
        name: "UsageError",
        code: "bad-presence-id",
      })
    },
  )
})

/** A connection to somewhere else that can be cut. */
async function startWire(to: number): Promise<{ port: number; cut(): void; close(): void }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    const other = connect(to, "127.0.0.1")
    for (const one of [socket, other]) one.on("error", () => {})
    socket.pipe(other).pipe(socket)
    sockets.push(socket, other)
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => sockets.splice(0).forEach((socket) => socket.destroy()),
    close: () => server.close(),
  }
}
