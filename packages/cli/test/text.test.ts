import { describe, expect, it } from "vitest"
import { jsonLine, quoted, visible } from "../src/terminal/escape.js"
import { wrap } from "../src/terminal/wrap.js"
import {
  formatTopicAddress,
  parseBrokerUrl,
  parseTopicAddress,
  redactedBroker,
} from "../src/topic-address.js"

describe("text of others", () => {
  it.each([
    ["plain, ümläut, 日本", "plain, ümläut, 日本"],
    ["a\nb\r\tc", "a\\nb\\r\\tc"],
    ["\u001b[31mred\u009b0m", "\\x1b[31mred\\x9b0m"],
    ["\u202egnp\u2066", "\\u{202e}gnp\\u{2066}"],
    ["zero\u200bwidth\ufeff", "zero\\u{200b}width\\u{feff}"],
    ["\u2028\u2029\u3164", "\\u{2028}\\u{2029}\\u{3164}"],
    ["\u{e0041}", "\\u{e0041}"],
    ["\ud800", "\\u{d800}"],
  ])("%j is printed as %j", (text, shown) => {
    expect(visible(text)).toBe(shown)
    expect(JSON.parse(jsonLine(text))).toBe(text)
    expect(jsonLine(text)).not.toMatch(/\p{C}/u)
  })

  it("never reaches the right edge, so that no row can pass for ours", () => {
    const rows = `x${wrap("a".repeat(30) + "日本".repeat(20), 20, 1, "  | ")}`.split("\n")
    expect(rows.length).toBeGreaterThan(3)
    for (const [i, row] of rows.entries()) {
      const width = [...row].reduce((sum, c) => sum + (c < "\u007f" ? 1 : 2), 0)
      expect(width).toBeLessThanOrEqual(20)
      if (i > 0) expect(row.startsWith("  | ")).toBe(true)
    }
  })
})

describe("a topic's address", () => {
  it.each([
    ["mqtt://host:1883/a/b", "mqtt://host:1883", "a/b"],
    ["mqtts://host/kitchen", "mqtts://host", "kitchen"],
    ["mqtt://[::1]:1883/a", "mqtt://[::1]:1883", "a"],
    ["mqtt://host/caf%C3%A9%20au%20lait", "mqtt://host", "café au lait"],
    ["wss://host/mqtt#a/b", "wss://host/mqtt", "a/b"],
    ["ws://host:8080/#a", "ws://host:8080/", "a"],
  ])("%s", (text, brokerUrl, channel) => {
    const address = parseTopicAddress(text)
    expect(address).toEqual({ brokerUrl, channel })
    expect(formatTopicAddress(address)).toBe(text)
  })

  it.each([
    ["mqtt://ann:pass%2Fword@host/a", "mqtt://host/a"],
    ["mqtts://ann@host:99/a", "mqtts://host:99/a"],
    ["wss://ann:x@host/mqtt?token=y#a", "wss://host/mqtt#a"],
  ])("keeps the login of %s for the key ring only", (text, shown) => {
    const address = parseTopicAddress(text)
    expect(formatTopicAddress(address, { withLogin: true })).toBe(text)
    expect(formatTopicAddress(address)).toBe(shown)
    expect(redactedBroker(address.brokerUrl)).not.toMatch(/ann|token/)
  })

  it.each(["", "host/a", "mqtt://host", "mqtt://host/", "mqtt://host/$SYS/x", "mqtt://host/a?b"])(
    "is not %j",
    (text) => {
      expect(() => parseTopicAddress(text)).toThrow("A topic's address is like")
    },
  )

  it.each(["mqtt://host/x", "mqtt://host#x", "wss://host/mqtt#x", "mqtt://ho st"])(
    "and a broker's URL is not %j",
    (text) => {
      expect(() => parseBrokerUrl(text)).toThrow("A broker's URL is like")
    },
  )
})

it("a name that stands in a sentence ends where its quotes do", () => {
  expect(quoted(`x" → lamp: "on`)).toBe(String.raw`"x\" → lamp: \"on"`)
  expect(quoted("\u202ex\n")).toBe(String.raw`"\u{202e}x\n"`)
})
