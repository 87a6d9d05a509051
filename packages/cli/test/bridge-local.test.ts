import { ChannelError, fromUtf8, utf8 } from "stringphone/bytes"
import { describe, expect, it, onTestFinished } from "vitest"
import { LocalBroker, type LocalOptions } from "../src/bridge/local-broker.js"
import { startAedes } from "../../stringphone/test/real/aedes.js"
import { pause, until } from "./bridge-house.js"
import { mosquitto, startMosquitto } from "./mosquitto.js"

/** One of each version: mosquitto speaks MQTT 5, aedes 3.1.1 only, and sends us our own messages. */
const brokers: readonly (readonly [name: string, start: () => Promise<string>])[] = [
  ...(mosquitto === null ? [] : [["mosquitto", async () => (await startMosquitto()).url] as const]),
  [
    "aedes",
    async () => {
      const { down, tcpPort } = await startAedes()
      onTestFinished(down)
      return `mqtt://127.0.0.1:${tcpPort}`
    },
  ],
]

interface Connected {
  readonly broker: LocalBroker
  readonly heard: string[]
  readonly statuses: string[]
}

async function connect(url: string, options: Partial<LocalOptions> = {}): Promise<Connected> {
  const heard: string[] = []
  const statuses: string[] = []
  const broker = new LocalBroker({
    endpoint: { url },
    filters: ["#"],
    wantsRetained: true,
    onMessage: (topic, payload, isRetained) =>
      heard.push(`${topic}=${fromUtf8(payload) ?? "?"}${isRetained ? " (kept)" : ""}`),
    onStatus: (status) => statuses.push(status),
    ...options,
  })
  onTestFinished(() => broker.close())
  void broker.run()
  await until(() => broker.isOpen)
  return { broker, heard, statuses }
}

describe.each(brokers)("a local broker: %s", (_, start) => {
  it("tells what others publish, what it keeps, and nothing of our own", async () => {
    const url = await start()
    const device = await connect(url, { filters: [] })
    await device.broker.publish("a/kept", utf8("1"), true)
    const { broker, heard } = await connect(url)
    await until(() => heard.length > 0)
    await broker.publish("a/same", utf8("ours"), false)
    await device.broker.publish("a/same", utf8("theirs"), false)
    await until(() => heard.length > 1)
    broker.replay()
    await until(() => heard.length > 2)
    await pause(100)
    expect(heard).toEqual(["a/kept=1 (kept)", "a/same=theirs", "a/kept=1 (kept)"])
  })

  it("takes nothing that is kept for a command", async () => {
    const url = await start()
    const device = await connect(url, { filters: [] })
    await device.broker.publish("a/set", utf8("old"), true)
    const { heard } = await connect(url, { wantsRetained: false })
    await pause(200)
    await device.broker.publish("a/set", utf8("new"), true)
    await until(() => heard.length > 0)
    expect(heard).toEqual(["a/set=new"])
  })
})

describe.skipIf(mosquitto === null)("a local broker that is away", () => {
  it("takes nothing, and is found when it comes", async () => {
    const { down, up, url } = await startMosquitto()
    await down()
    const statuses: string[] = []
    const broker = new LocalBroker({
      endpoint: { url },
      filters: ["#"],
      wantsRetained: true,
      onMessage: () => {},
      onStatus: (status, why) => statuses.push(`${status} ${why ?? ""}`),
    })
    onTestFinished(() => broker.close())
    const running = broker.run()
    await until(() => statuses.length > 0)
    expect(statuses[0]).toBe(`away No answer from the local broker ${url} (ECONNREFUSED).`)
    const publishing = broker.publish("a", utf8("1"), false)
    await expect(publishing).rejects.toThrow(ChannelError)
    await expect(publishing).rejects.toHaveProperty("code", "unavailable")
    await up()
    await until(() => broker.isOpen)
    await broker.publish("a", utf8("1"), false)
    await broker.close()
    await running
  })
})
