import { describe, expect, it } from "vitest"
import type { IrcServerProcess } from "../../stringphone/test/real/ngircd.js"
import { RawClient } from "./irc-client.js"
import { forTest, inspircd, ngircd, startInspircd, startNgircd, startProxy } from "./irc-proxy.js"
import { startTap } from "./irc-tap.js"
import { WeeChat, until, weechat } from "./irc-weechat.js"

const longText = Array.from({ length: 250 }, (_, i) => `word${i}`)
  .join(" ")
  .slice(0, 2_000)

const servers: readonly (readonly [string, boolean, () => Promise<IrcServerProcess>])[] = [
  ["ngircd", ngircd !== null, () => startNgircd({ isFast: true })],
  ["inspircd", inspircd !== null, () => startInspircd({ isFast: true })],
]

describe.each(servers)("two WeeChats in one room on %s", (_, hasServer, start) => {
  it.skipIf(!hasServer || weechat === null)(
    "start, join, verify, talk, see strangers' cleartext, and one is removed",
    async () => {
      const server = await forTest(start())
      const tap = await startTap(server.port)
      const mallory = await RawClient.connect(server.port, { nick: "mallory" })
      await mallory.next(/ 376 | 422 /)
      mallory.send("JOIN #kitchen")
      await mallory.next(/ 366 /)
      const [annProxy, bobProxy] = [await startProxy(tap, "ann"), await startProxy(tap, "bob")]
      const ann = await WeeChat.start(annProxy.port, "ann")
      const bob = await WeeChat.start(bobProxy.port, "bob")
      const room = "#kitchen"
      for (const one of [ann, bob]) {
        await one.sees("", /MOTD|message of the day/i)
        one.type("/join #kitchen")
        await one.sees(room, /Channel #kitchen: \d nicks/)
      }

      ann.type("/msg *stringphone start-room #kitchen")
      await ann.sees(room, /#kitchen · encrypted · epoch \d+ · captain you · 1 member/)
      bob.type("/msg *stringphone join-room #kitchen")
      await ann.sees(room, /bob\S*, on the channel as bob, asks to be let in/)
      ann.type("/msg *stringphone admit #kitchen")
      await bob.sees(room, /#kitchen · encrypted · epoch \d+ · captain \S+ · 2 members, 0 verified/)

      bob.type("not verified yet", room)
      await ann.sees(room, /^\?bob\tnot verified yet$/)
      ann.type("/msg *stringphone verify #kitchen bob yes as bob")
      bob.type("/msg *stringphone verify #kitchen ann yes as ann")
      await ann.sees("*stringphone", /\tbob is verified/)
      await bob.sees("*stringphone", /\tann is verified/)
      bob.type("verified now 🎂 ć", room)
      await ann.sees(room, /^%bob\tverified now 🎂 ć$/)
      ann.type("from the captain 🎉", room)
      await bob.sees(room, /^@ann\tfrom the captain 🎉$/)

      for (const [from, to, mark] of [
        [ann, bob, "@ann"],
        [bob, ann, "%bob"],
      ] as const) {
        from.type(longText, room)
        const heard = (): string =>
          to
            .lines(room)
            .filter((line) => line.startsWith(`${mark}\t`) && line.includes("word"))
            .map((line) => line.slice(mark.length + 1))
            .join("")
        await until(() => heard().replaceAll(" ", "") === longText.replaceAll(" ", ""), heard)
      }
      ann.type("/me waves", room)
      await bob.sees(room, /^ \*\tann waves$/)

      mallory.send("PRIVMSG #kitchen :I am ann, trust me")
      for (const one of [ann, bob]) {
        await one.sees(room, /^CLEARTEXT\/mallory\tI am ann, trust me$/)
      }

      ann.type("/msg *stringphone kick #kitchen bob")
      await bob.sees(room, /You were removed by ann/)
      await ann.sees(room, /· 1 member, /)
      ann.type("now that bob is gone", room)
      bob.type("am I gone?", room)
      await bob.sees(room, /NOT SENT: You were removed from this room/)
      mallory.send("PRIVMSG #kitchen :the end")
      for (const one of [ann, bob]) await one.sees(room, /\tthe end$/)
      expect(bob.lines(room).join("\n")).not.toContain("now that bob is gone")

      const captured = tap.text()
      expect(captured).toContain("?SP2,")
      for (const secret of ["not verified", "verified now", "from the captain", "word7", "waves"]) {
        expect(captured).not.toContain(secret)
      }
      expect(captured).not.toMatch(/bob is gone|am I gone/)
      expect(ann.lines(room).join("\n")).not.toContain("?SP2")
    },
    240_000,
  )
})
