import { inspect } from "node:util"
import { afterEach, describe, expect, it, vi } from "vitest"
import { connectMqtt } from "../../src/transport/mqtt.js"
import { checkTopic, parseMqttUrl } from "../../src/transport/mqtt-options.js"

afterEach(() => {
  vi.doUnmock("mqtt")
  vi.unstubAllGlobals()
})

it.each([
  ["mqtt://localhost", "mqtt://localhost:1883/garden"],
  ["mqtts://localhost", "mqtts://localhost:8883/garden"],
  ["ws://host:9001/mqtt?token=s3cret", "ws://host:9001/mqtt/garden"],
  ["wss://host", "wss://host:443/garden"],
  ["mqtt://user:s3cret@host:1", "mqtt://host:1/garden"],
  ["mqtt://[::1]:1883", "mqtt://[::1]:1883/garden"],
])("takes %s", (url, address) => {
  expect(parseMqttUrl(url, "garden").address).toBe(address)
})

it("takes user and password apart, escaped or not", () => {
  const { username, password } = parseMqttUrl("mqtt://a%40b:p%3Aq%@host", "t")
  expect([username, password]).toEqual(["a@b", "p%3Aq%"])
  expect(parseMqttUrl("mqtt://a:p%3Aq@host", "t").password).toBe("p:q")
})

it.each(["", "localhost", "http://host", "mqtt://", "mqtt://user:s3cret@host:99999"])(
  "refuses the URL %j without repeating it",
  async (url) => {
    const error: unknown = await connectMqtt({ url, topic: "t" }).catch((e: unknown) => e)
    expect(error).toMatchObject({ name: "UsageError", code: "bad-url" })
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("s3cret")
  },
)

it("refuses TCP in browsers", () => {
  vi.stubGlobal("document", {})
  expect(() => parseMqttUrl("mqtt://host", "t")).toThrow(/ws:\/\/ or wss:\/\//)
  expect(parseMqttUrl("wss://host/mqtt", "t").address).toBe("wss://host:443/mqtt/t")
})

describe("topic", () => {
  it.each(["", "a/+", "#", "a\0b", "\ud800", "$SYS/x", "$share/a/b", "x".repeat(65_536)])(
    "%j is refused",
    (topic) => {
      expect(() => checkTopic(topic)).toThrow(
        expect.objectContaining({ name: "UsageError", code: "bad-topic" }),
      )
    },
  )

  it.each(["a", "/", "a b/ü/漢", "x".repeat(65_535)])("%j is taken", (topic) => {
    checkTopic(topic)
  })
})

it("says what to install when the library is missing, and keeps the cause", async () => {
  vi.doMock("mqtt", () => {
    throw new Error("Cannot find package 'mqtt'")
  })
  vi.resetModules()
  const { connectMqtt: connect } = await import("../../src/transport/mqtt.js")
  await expect(connect({ url: "mqtt://host", topic: "t" })).rejects.toMatchObject({
    name: "UsageError",
    code: "missing-peer",
    message: expect.stringContaining("npm install mqtt") as string,
    cause: expect.any(Error) as Error,
  })
})
