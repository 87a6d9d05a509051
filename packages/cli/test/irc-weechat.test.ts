import { describe, expect, it } from "vitest"
import { RawClient } from "./irc-client.js"
import { forTest, ngircd, startNgircd, startProxy } from "./irc-proxy.js"
import { WeeChat, weechat } from "./irc-weechat.js"

const isMissing = ngircd === null || weechat === null

describe.skipIf(isMissing)("a real WeeChat behind stringphone irc", () => {
  it("joins, talks and reads in an ordinary channel, and asks the proxy", async () => {
    const server = await forTest(startNgircd({ isFast: true }))
    const bob = await RawClient.connect(server.port, { nick: "bob" })
    bob.send("JOIN #pub")
    await bob.next(/ 366 /)
    const { port } = await startProxy(server, "ann")
    const ann = await WeeChat.start(port, "ann")
    await ann.sees("", /Welcome/)
    ann.type("/join #pub")
    await ann.sees("#pub", /2 nicks \(1 op, /)
    ann.type("hello from WeeChat 🎉", "#pub")
    await bob.next(/^:ann!\S+ PRIVMSG #pub :hello from WeeChat 🎉$/)
    bob.send("PRIVMSG #pub :hello, WeeChat", "PRIVMSG ann :psst")
    await ann.sees("#pub", /^@bob\thello, WeeChat$/)
    await ann.sees("bob", /^bob\tpsst$/)
    ann.type("/msg *stringphone help")
    await ann.sees("*stringphone", /^\*stringphone\tstart-room #CHANNEL/)
    // WeeChat shows notices of somebody in their query, where one is open.
    ann.type("/quote FLUTE dump-fingerprint")
    await ann.sees("*stringphone", /Your key: [0-9a-f]{64}/)
    ann.type("/alias add flute /quote FLUTE $channel $*")
    ann.type("/flute room-status", "#pub")
    await ann.sees("#pub", /Notice\(\*stringphone\): There is no room of yours on #pub/)
    expect(ann.lines("#pub").join("\n")).not.toContain("Your key")
  }, 120_000)
})
