import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { connectMqtt } from "../../src/transport/mqtt.js"
import { numbered } from "../contract/transport-contract.js"
import { type EmbeddedBroker, startAedes } from "./aedes.js"
import { freePort } from "./free-port.js"
import { mqttContract } from "./mqtt-contract.js"

describe("aedes", () => {
  let broker: EmbeddedBroker
  beforeAll(async () => {
    broker = await startAedes()
  })
  afterAll(() => broker.down())

  mqttContract(
    "over TCP, falling back to MQTT 3.1.1",
    () => broker,
    () => ({ url: `mqtt://127.0.0.1:${broker.tcpPort}` }),
    2000,
  )
  mqttContract(
    "over WebSocket, falling back to MQTT 3.1.1",
    () => broker,
    () => ({ url: `ws://127.0.0.1:${broker.webPort}` }),
    2000,
  )

  it("says so when the topic is not ours", async () => {
    broker.forbid("secret")
    await expect(
      connectMqtt({ url: `mqtt://127.0.0.1:${broker.tcpPort}`, topic: "secret" }),
    ).rejects.toMatchObject({
      name: "ChannelError",
      code: "refused",
      message: expect.stringContaining("does not let this user subscribe to secret") as string,
    })
  })

  it("says so when only MQTT 5 will do", async () => {
    await expect(
      connectMqtt({
        url: `mqtt://127.0.0.1:${broker.tcpPort}`,
        topic: "five",
        protocolVersion: 5,
      }),
    ).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining("version") as string,
    })
  })
})

describe("no broker", () => {
  it("is an error that says where", async () => {
    const port = await freePort()
    for (const scheme of ["mqtt", "mqtts", "ws"]) {
      await expect(
        connectMqtt({ url: `${scheme}://127.0.0.1:${port}`, topic: "garden" }),
      ).rejects.toMatchObject({
        name: "ChannelError",
        code: "unreachable",
        message: `No MQTT broker answers at 127.0.0.1:${port}. Is it running?`,
      })
    }
  })

  it("is waited for when asked to", async () => {
    const broker = await startAedes()
    await broker.down()
    const transport = await connectMqtt({
      url: `mqtt://127.0.0.1:${broker.tcpPort}`,
      topic: "garden",
      waitForBroker: true,
      backoff: { initialMs: 20, maxMs: 20 },
    })
    expect(transport.status).not.toBe("open")
    const sent = transport.send(numbered(1))
    await broker.up()
    await sent
    expect(transport.status).toBe("open")
    await transport.close()
    await broker.down()
  })

  it("is given up when the signal aborts", async () => {
    const given = new AbortController()
    const port = await freePort()
    const connecting = connectMqtt({
      url: `mqtt://127.0.0.1:${port}`,
      topic: "garden",
      signal: given.signal,
    })
    given.abort()
    await expect(connecting).rejects.toMatchObject({ code: "aborted" })
  })
})
