import { describe, expect, it } from "vitest"
import { parseIrcUrl } from "../../src/transport/irc/index.js"

describe("a URL of IRC", () => {
  it.each([
    ["ircs://irc.example.org", { host: "irc.example.org", port: 6697, tls: true }],
    ["irc://h:7000/", { host: "h", port: 7000, tls: false }],
    ["irc://h", { host: "h", port: 6667, tls: false }],
    [
      "ircs://ada@h/#kitchen",
      { host: "h", port: 6697, tls: true, nick: "ada", channel: "#kitchen" },
    ],
    ["ircs://h/%23a%2fb", { host: "h", port: 6697, tls: true, channel: "#a/b" }],
    ["ircs://h/kitchen", { host: "h", port: 6697, tls: true, channel: "#kitchen" }],
    ["ircs://h/##kitchen", { host: "h", port: 6697, tls: true, channel: "##kitchen" }],
    ["ircs://[::1]:1/&x", { host: "::1", port: 1, tls: true, channel: "&x" }],
    ["ircs://h/#k%C3%BCche", { host: "h", port: 6697, tls: true, channel: "#küche" }],
  ])("%s", (url, expected) => expect(parseIrcUrl(url)).toEqual(expected))

  it.each([
    "",
    "irc.example.org",
    "http://irc.example.org",
    "ircs://",
    "ircs:///#x",
    "ircs://no good@h",
    "ircs://1a@h",
    "ircs://h/#a%20b",
    "ircs://h/#a,b",
    "ircs://h/#%E0%A4",
    "ircs://h:99999",
  ])("is refused, without a word of it: %j", (url) => {
    expect(() => parseIrcUrl(url)).toThrow(
      expect.objectContaining({ name: "UsageError", code: "bad-url" }),
    )
  })

  it("has no password in it", () => {
    for (const url of ["ircs://ada:s3cret@h/#k", "ircs://:s3cret@h", "irc://ada:@h"]) {
      expect(() => parseIrcUrl(url)).toThrow(expect.objectContaining({ code: "secret-in-url" }))
      expect(() => parseIrcUrl(url)).not.toThrow(/s3cret/)
    }
  })
})
