import { afterEach, describe, expect, it } from "vitest"
import { Identity } from "../../src/identity/index.js"
import { openRoom, type RoomSession } from "../../src/session/room/index.js"
import { createMemoryStore } from "../../src/store/memory.js"
import type { Transport } from "../../src/transport/index.js"
import { connectMqtt } from "../../src/transport/mqtt.js"
import { connectNats } from "../../src/transport/nats.js"
import { connectTcp, listenTcp } from "../../src/transport/tcp.js"
import { connectWebSocket } from "../../src/transport/websocket.js"
import { listenWebSocket } from "../../src/transport/websocket-server.js"
import { mosquitto, startMosquitto } from "./mosquitto.js"
import { natsServer, startNatsServer } from "./nats-server.js"

const opened: RoomSession[] = []
const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((room) => room.close()))
  for (const stop of stops.splice(0)) await stop()
})

async function roomOn(transport: Transport, ownName: string): Promise<RoomSession> {
  const room = await openRoom({
    store: createMemoryStore(),
    identity: Identity.generate(),
    transport,
    ownName,
    admit: "everyone",
  })
  opened.push(room)
  return room
}

async function next({ messages }: RoomSession): Promise<string> {
  for await (const { text } of messages) return text
  throw new Error("ended")
}

/** Two meet, talk, and part. */
async function talk(first: Transport, second: Transport): Promise<void> {
  const alice = await roomOn(first, "alice")
  const bob = await roomOn(second, "bob")
  await alice.start({ title: "Kitchen" })
  expect(await bob.join()).toEqual({ kind: "joined" })
  await bob.say(`hello from bob ${"x".repeat(2_000)}`)
  expect(await next(alice)).toMatch(/^hello from bob x{2000}$/)
  await alice.say("hello from alice 🎈")
  expect(await next(bob)).toBe("hello from alice 🎈")
  expect(bob.status).toMatchObject({ title: "Kitchen", digits: alice.status.digits })
  expect(alice.status.members.map(({ isPresent }) => isPresent)).toEqual([true, true])
  await alice.remove(bob.status.members[1]!.publicKey)
  await expect.poll(() => bob.status.phase, { timeout: 10_000 }).toBe("removed")
}

describe("a room", () => {
  it.skipIf(mosquitto === null)("over MQTT", { timeout: 40_000 }, async () => {
    const broker = await startMosquitto()
    stops.push(() => broker.stop())
    const url = `mqtt://127.0.0.1:${broker.tcpPort}`
    await talk(await connectMqtt({ url, topic: "room" }), await connectMqtt({ url, topic: "room" }))
  })

  it.skipIf(natsServer === null)("over NATS", { timeout: 40_000 }, async () => {
    const server = await startNatsServer()
    stops.push(() => server.stop())
    const url = `nats://127.0.0.1:${server.tcpPort}`
    await talk(
      await connectNats({ url, subject: "room" }),
      await connectNats({ url, subject: "room" }),
    )
  })

  it("over WebSocket", { timeout: 40_000 }, async () => {
    const server = await listenWebSocket({ host: "127.0.0.1", port: 0 })
    await talk(server, await connectWebSocket({ url: `ws://127.0.0.1:${server.port}` }))
  })

  it("over TCP", { timeout: 40_000 }, async () => {
    const server = await listenTcp({ host: "127.0.0.1", port: 0 })
    await talk(server, await connectTcp({ host: "127.0.0.1", port: server.port }))
  })
})
