import { describe, it } from "vitest"
import { RawClient } from "./irc-client.js"
import { Irssi, irssi, tmux } from "./irc-irssi.js"
import { forTest, ngircd, startNgircd, startProxy } from "./irc-proxy.js"

const isMissing = ngircd === null || irssi === null || tmux === null

describe.skipIf(isMissing)("a real irssi behind stringphone irc", () => {
  it("joins, talks, and is not heard in clear once there is a room", async () => {
    const server = await forTest(startNgircd({ isFast: true }))
    const bob = await RawClient.connect(server.port, { nick: "bob" })
    await bob.next(/ 376 /)
    bob.send("JOIN #pub")
    await bob.next(/ 366 /)
    const { port } = await startProxy(server, "ann")
    const ann = await Irssi.start(port, "ann")
    await ann.shows(/End of message of the day|End of \/MOTD/i)
    ann.type("/join #pub")
    await ann.shows(/#pub: Total of 2 nicks \[1 ops, 0 halfops, 0 voices, 1 normal\]/)
    ann.type("hello from irssi")
    await bob.next(/^:ann!\S+ PRIVMSG #pub :hello from irssi$/)
    bob.send("PRIVMSG #pub :hello, irssi")
    await ann.shows(/<@bob> hello, irssi/)
    ann.type("/alias flute quote FLUTE $C $*")
    ann.type("/flute start-room")
    await ann.shows(/\*stringphone:#pub- .*captain you · 1 member/)
    bob.send("PRIVMSG #pub :not encrypted")
    await ann.shows(/< ?CLEARTEXT\/bob> not encrypted/)
    await bob.all()
    const before = bob.lines.length
    ann.type("a secret")
    ann.type("/notice #pub another secret")
    await ann.shows(/Not sent: a notice would not be encrypted/)
    await bob.next(/^:ann!\S+ PRIVMSG #pub :\?SP2,/)
    const heard = (await bob.all()).slice(before).join("\n")
    if (/secret/.test(heard)) throw new Error(heard)
  }, 120_000)
})
