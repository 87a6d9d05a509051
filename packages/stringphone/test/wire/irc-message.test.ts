import { describe, expect, it } from "vitest"
import { foldName } from "../../src/transport/irc/case-mapping.js"
import { parseIrcMessage } from "../../src/transport/irc/message.js"

function parsed(line: string) {
  const message = parseIrcMessage(line)
  return message && { ...message, tags: Object.fromEntries(message.tags) }
}

describe("a line of IRC", () => {
  it("has tags, source, command and parameters", () => {
    expect(parsed("@time=12;batch=a;+x/y :ada!~a@host.example PRIVMSG #k :two words \r\n")).toEqual(
      {
        tags: { time: "12", batch: "a", "+x/y": "" },
        source: { name: "ada", user: "~a", host: "host.example" },
        command: "PRIVMSG",
        params: ["#k", "two words "],
      },
    )
  })

  it.each([
    ["PING :x", "PING", ["x"]],
    ["ping  a   b ", "PING", ["a", "b"]],
    ["JOIN :", "JOIN", [""]],
    [":srv 353 me = #k :@a +b", "353", ["me", "=", "#k", "@a +b"]],
    [":srv 005 me A=b: C ::d e", "005", ["me", "A=b:", "C", ":d e"]],
    ["@a=b  :srv  NOTICE * :x", "NOTICE", ["*", "x"]],
  ])("%s", (line, command, params) => {
    expect(parseIrcMessage(line)).toMatchObject({ command, params })
  })

  it("gives tag values without their escapes", () => {
    expect(parsed(String.raw`@a=\:\s\\\r\n\x\ PING`)).toMatchObject({
      tags: { a: "; \\\r\nx" },
    })
  })

  it.each(["", " ", ":srv", "@a=b", "@a=b :srv", "\0\0", "1234 x", "?? x"])(
    "without a command is none: %j",
    (line) => expect(parseIrcMessage(line)).toBeNull(),
  )

  it("shows who sent it", () => {
    const source = (line: string) => parseIrcMessage(line)?.source
    expect(source(":irc.example PING")).toEqual({ name: "irc.example", user: null, host: null })
    expect(source(":a@h PING")).toEqual({ name: "a", user: null, host: "h" })
    expect(source(":a!u PING")).toEqual({ name: "a", user: "u", host: null })
    expect(source("PING")).toBeNull()
  })

  it("compares names as its server does", () => {
    const name = "Ab[]\\^É"
    expect(foldName(name, "ascii")).toBe("ab[]\\^É")
    expect(foldName(name, "rfc1459")).toBe("ab{}|~É")
    expect(foldName(name, "rfc1459-strict")).toBe("ab{}|^É")
  })
})
