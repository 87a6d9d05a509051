import { describe, expect, it } from "vitest"
import {
  addressAt,
  brokerName,
  formatChannelAddress,
  parseChannelAddress,
} from "../src/channel-address.js"

describe("a channel's address", () => {
  it.each([
    ["mqtt://host:1883/a/b", { kind: "mqtt", url: "mqtt://host:1883", channel: "a/b" }],
    ["wss://host/mqtt#a/b", { kind: "mqtt", url: "wss://host/mqtt", channel: "a/b" }],
    ["nats://host:4222/a/b", { kind: "nats", url: "nats://host:4222", channel: "a/b" }],
    ["tls://host/a.b", { kind: "nats", url: "tls://host", channel: "a.b" }],
    ["tcp://host:4040", { kind: "tcp", url: "tcp://host:4040" }],
    ["tcp://[::1]:4040", { kind: "tcp", url: "tcp://[::1]:4040" }],
    ["hub+ws://host:80/x", { kind: "websocket", url: "ws://host/x" }],
  ])("%s", (text, address) => {
    expect(parseChannelAddress(text)).toEqual(address)
    expect(formatChannelAddress(parseChannelAddress(text))).toBe(text.replace(":80/", "/"))
  })

  it.each([
    ["mqtt://ann:pass%2Fword@host/a", "mqtt://host/a"],
    ["nats://ann:pass@host:4222/a", "nats://host:4222/a"],
    ["nats://token@host/a", "nats://host/a"],
    ["wss://ann:x@host/mqtt?token=y#a", "wss://host/mqtt#a"],
    ["hub+wss://ann:x@host/y?token=z", "hub+wss://host/y"],
  ])("keeps the login of %s for the key ring only", (text, shown) => {
    const address = parseChannelAddress(text)
    expect(formatChannelAddress(address, { withLogin: true })).toBe(text)
    expect(formatChannelAddress(address)).toBe(shown)
    expect(brokerName(address)).not.toMatch(/ann|token|pass/)
  })

  it.each([
    ...["", "host/a", "http://host/a", "mqtt://host", "nats://host", "nats://host/", "tcp://host"],
    ...[
      "nats://host/a?b",
      "nats://host/a..b",
      "nats://host/a.>",
      "nats://host/$JS",
      "nats://h/%zz",
    ],
    ...["tcp://host:1/path", "tcp://ann@host:1", "hub+ws://", "hub+ws://host#x", "hub+mqtt://host"],
    ...["nats://ho st/a", "javascript:alert(1)", "nats://host/a%20b"],
  ])("is not %j", (text) => {
    expect(() => parseChannelAddress(text)).toThrow("A topic's address is like")
  })

  it.each(["nats://host/x", "nats://host#x", "tcp://host", "hub+ws://", "ftp://host", "x"])(
    "and a broker's URL is not %j",
    (text) => {
      expect(() => addressAt(text)).toThrow("A broker's URL is like")
    },
  )

  it("of a new topic tells nothing", () => {
    const [one, two] = [addressAt("nats://host"), addressAt("nats://host")]
    expect(one).not.toEqual(two)
    expect(parseChannelAddress(formatChannelAddress(one))).toEqual(one)
  })
})
