import { describe, expect, it } from "vitest"
import {
  channelLabel,
  formatRoomAddress,
  nameFor,
  parseRoomAddress,
} from "../src/room/room-address.js"
import { parseProxy } from "../src/room/room-connect.js"

describe("a room's address", () => {
  it.each([
    ["ircs://irc.example.org/#kitchen", "ircs://irc.example.org/#kitchen", "#kitchen", "kitchen"],
    [
      "ircs://ada@irc.example.org:6697/kitchen",
      "ircs://irc.example.org/#kitchen",
      "#kitchen",
      "kitchen",
    ],
    ["irc://127.0.0.1:16667/%23küche", "irc://127.0.0.1:16667/#k%C3%BCche", "#küche", "küche"],
    ["irc://[::1]/##a-b", "irc://[::1]/##a-b", "##a-b", "a-b"],
    ["irc://host/&local", "irc://host/&local", "&local", "local"],
    ["mqtt://user:secret@host:1883/home/den", "mqtt://host:1883/home/den", "den", "den"],
    ["nats://host:4222/a.b", "nats://host:4222/a.b", "a.b", "a.b"],
    ["tcp://host:4040", "tcp://host:4040", "host:4040", "host-4040"],
  ])("%s", (text, shown, label, name) => {
    const { address } = parseRoomAddress(text)
    expect(formatRoomAddress(address)).toBe(shown)
    expect([channelLabel(address), nameFor(address)]).toEqual([label, name])
    const again = parseRoomAddress(formatRoomAddress(address, { withLogin: true }))
    expect(again.address).toEqual(address)
  })

  it("may hold a nick, and no password", () => {
    expect(parseRoomAddress("ircs://ada@irc.example.org/#kitchen").nick).toBe("ada")
    expect(() => parseRoomAddress("ircs://ada:pw@irc.example.org/#kitchen")).toThrow("password")
    expect(() => parseRoomAddress("ircs://irc.example.org/")).toThrow("Say the channel, too")
    expect(() => parseRoomAddress("ircs://ada:pw@irc.example.org/#kitchen")).toThrow(
      "STRINGPHONE_SASL_PASSWORD",
    )
  })

  it("is told by what it is like", () => {
    expect(() => parseRoomAddress("kitchen")).toThrow(
      "You have no room of this name. A room's address is like",
    )
    expect(() => parseRoomAddress("http://host/channel")).toThrow(/^A room's address is like/)
  })
})

describe("a proxy", () => {
  it.each([
    ["socks5://127.0.0.1:9050", { host: "127.0.0.1", port: 9050 }],
    ["socks5h://[::1]", { host: "::1", port: 1080 }],
  ])("%s", (text, proxy) => {
    expect(parseProxy(text)).toEqual(proxy)
  })

  it.each(["http://x:1", "socks5://", "socks5://a:b@x:1", "socks5://x:1/path", "x:1"])(
    "is not %s",
    (text) => {
      expect(() => parseProxy(text)).toThrow("A proxy is like")
    },
  )
})
