import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { connectMqtt } from "../../src/transport/mqtt.js"
import { numberOf, numbered, reader } from "../contract/transport-contract.js"
import { type Broker, mosquitto, startMosquitto } from "./mosquitto.js"
import { mqttContract } from "./mqtt-contract.js"

describe.skipIf(mosquitto === null)("mosquitto", () => {
  let broker: Broker
  beforeAll(async () => {
    broker = await startMosquitto()
  })
  afterAll(() => broker.stop())

  for (const protocolVersion of [4, 5] as const) {
    const named = protocolVersion === 4 ? "MQTT 3.1.1" : "MQTT 5"
    mqttContract(
      `${named} over TCP`,
      () => broker,
      () => ({ url: `mqtt://127.0.0.1:${broker.tcpPort}`, protocolVersion }),
    )
    mqttContract(
      `${named} over WebSocket`,
      () => broker,
      () => ({
        url: `ws://127.0.0.1:${broker.webPort}/mqtt`,
        protocolVersion,
        // mosquitto 2.0 writes 4 KiB in 0.1 s here (its issue 2252); aedes carries a mebibyte.
        maxMessageBytes: 8192,
      }),
      2000,
    )
  }
  mqttContract(
    "MQTT 5 over TLS",
    () => broker,
    () => ({ url: `mqtts://localhost:${broker.tlsPort}`, ca: broker.ca }),
  )

  it("speaks MQTT 5, without an echo, unless told otherwise", async () => {
    const url = `mqtt://127.0.0.1:${broker.tcpPort}`
    const five = await connectMqtt({ url, topic: "echo" })
    const four = await connectMqtt({ url, topic: "echo", protocolVersion: 4 })
    expect([five.capabilities.echo, four.capabilities.echo]).toEqual([false, true])
    const [atFive, atFour] = [reader(five), reader(four)]
    await five.send(numbered(5))
    await four.send(numbered(4))
    expect(numberOf(await atFive.next())).toBe(4)
    expect(numberOf(await atFour.next())).toBe(5)
    expect(numberOf(await atFour.next())).toBe(4)
    await Promise.all([five.close(), four.close()])
  })

  it("drops and counts what is too large, and goes on", async () => {
    const url = `mqtt://127.0.0.1:${broker.tcpPort}`
    const small = await connectMqtt({ url, topic: "large", maxMessageBytes: 100 })
    const large = await connectMqtt({ url, topic: "large" })
    let dropped = 0
    small.onEvent((event) => {
      if (event.kind === "dropped") dropped += event.count
    })
    await large.send(new Uint8Array(101))
    await large.send(new Uint8Array(1_000_000)) // this one the broker keeps from us
    await large.send(numbered(1))
    expect(numberOf(await reader(small).next())).toBe(1)
    expect(dropped).toBe(1)
    await Promise.all([small.close(), large.close()])
  })

  it("does not trust a certificate of an unknown authority, unless told to", async () => {
    const url = `mqtts://localhost:${broker.tlsPort}`
    await expect(connectMqtt({ url, topic: "tls" })).rejects.toMatchObject({
      name: "ChannelError",
      code: "untrusted-certificate",
      message: expect.stringContaining(`localhost:${broker.tlsPort}`) as string,
    })
    const trusting = await connectMqtt({ url, topic: "tls", rejectUnauthorized: false })
    await trusting.close()
  })

  it("works with QoS 0: what was sent before closing arrives", async () => {
    const url = `mqtt://127.0.0.1:${broker.tcpPort}`
    const [left, right] = [
      await connectMqtt({ url, topic: "zero", qos: 0 }),
      await connectMqtt({ url, topic: "zero", qos: 0 }),
    ]
    const sent = Array.from({ length: 100 }, (_, i) => left.send(numbered(i)))
    await Promise.all(sent)
    await left.close()
    const atRight = reader(right)
    for (let i = 0; i < 100; i++) expect(numberOf(await atRight.next())).toBe(i)
    await right.close()
  })
})

describe.skipIf(mosquitto === null)("mosquitto with a password", () => {
  const login = { username: "alice", password: "correct horse:battery@staple" }
  const secret = encodeURIComponent(login.password)
  let broker: Broker
  beforeAll(async () => {
    broker = await startMosquitto({ login })
  })
  afterAll(() => broker.stop())

  for (const protocolVersion of [4, 5] as const) {
    const url = (auth: string): string => `mqtt://${auth}127.0.0.1:${broker.tcpPort}`

    it(`lets in who knows it, from the URL or the options (version ${protocolVersion})`, async () => {
      const inUrl = await connectMqtt({
        url: url(`alice:${secret}@`),
        topic: "open/door",
        protocolVersion,
      })
      expect(inUrl.address).toBe(`${url("")}/open/door`)
      await inUrl.send(numbered(1))
      const inOptions = await connectMqtt({
        ...login,
        url: url(""),
        topic: "open/door",
        protocolVersion,
      })
      await Promise.all([inUrl.close(), inOptions.close()])
    })

    it(`refuses others, and keeps the secret (version ${protocolVersion})`, async () => {
      const wrong = connectMqtt({ url: url("alice:wr0ng@"), topic: "open/door", protocolVersion })
      const error: unknown = await wrong.catch((reason: unknown) => reason)
      expect(error).toMatchObject({ name: "ChannelError", code: "refused" })
      expect(inspectDeep(error)).not.toContain("wr0ng")
      await expect(
        connectMqtt({ url: url(""), topic: "open/door", protocolVersion }),
      ).rejects.toMatchObject({ code: "refused" })
    })
  }

  it("says so when a message is refused", async () => {
    const transport = await connectMqtt({
      ...login,
      url: `mqtt://127.0.0.1:${broker.tcpPort}`,
      topic: "closed",
    })
    await expect(transport.send(numbered(1))).rejects.toMatchObject({
      name: "ChannelError",
      code: "send-failed",
      message: expect.stringContaining("does not let this user send to closed") as string,
    })
    expect(transport.status).toBe("open")
    await transport.close()
  })

  it("does not keep knocking with a wrong password, even when told to wait", async () => {
    const transport = await connectMqtt({
      url: `mqtt://alice:wr0ng@127.0.0.1:${broker.tcpPort}`,
      topic: "open/door",
      waitForBroker: true,
    })
    await expect(transport.send(numbered(1))).rejects.toMatchObject({ code: "refused" })
    expect(transport.status).toBe("closed")
  })
})

/** Everything about an error that could end up in a log. */
function inspectDeep(error: unknown): string {
  const seen: string[] = []
  for (let e = error; e instanceof Error; e = e.cause) {
    seen.push(String(e.stack), JSON.stringify(e), JSON.stringify(Object.entries(e)))
  }
  return seen.join("\n")
}
