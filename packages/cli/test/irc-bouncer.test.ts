import { describe, expect, it, onTestFinished } from "vitest"
import { Identity } from "stringphone/identity"
import { openKeyRing } from "stringphone/keyring"
import { createMemoryStore } from "stringphone/store/memory"
import { Bouncer } from "../src/irc/bouncer.js"
import { RoomLedger } from "../src/irc/room-ledger.js"
import { Rooms } from "../src/irc/rooms.js"
import { memberLines } from "../src/irc/sender.js"
import { RawClient, type RawClientOptions } from "./irc-client.js"
import { contact, member, ScriptedRoom } from "./irc-room.js"
import { ScriptedServer } from "./irc-scripted.js"

async function startProxy(options: { password?: string; nick?: string } = {}): Promise<{
  server: ScriptedServer
  rooms: ScriptedRoom[]
  /** Resolves when a client has gone. */
  gone: () => Promise<void>
  connect: (options?: RawClientOptions) => Promise<RawClient>
  restart: () => Promise<{ server: ScriptedServer; connect: () => Promise<RawClient> }>
}> {
  const ring = await openKeyRing({ store: createMemoryStore() })
  const opened: ScriptedRoom[] = []
  let left = (): void => {}
  const launch = async (): Promise<{ server: ScriptedServer; port: number }> => {
    const server = new ScriptedServer(options.nick ?? "ann")
    const ledger = await RoomLedger.load(ring, "irc.test")
    const openRoom = async (): Promise<ScriptedRoom> => {
      const room = new ScriptedRoom()
      opened.push(room)
      return room
    }
    const bouncer = new Bouncer({
      upstream: server,
      password: options.password ?? null,
      rooms: (parts) => new Rooms(parts, { ring, ledger, openRoom }),
      onEvent: (event) => {
        if (event.event === "client" && event.status === "left") left()
      },
    })
    onTestFinished(() => bouncer.close())
    return { server, port: await bouncer.listen("127.0.0.1", 0) }
  }
  const { port, server } = await launch()
  return {
    server,
    rooms: opened,
    gone: () => new Promise((resolve) => (left = resolve)),
    connect: (wanted) => RawClient.connect(port, wanted),
    async restart() {
      const again = await launch()
      return { server: again.server, connect: () => RawClient.connect(again.port) }
    },
  }
}

async function inRoom(): Promise<
  Awaited<ReturnType<typeof startProxy>> & { client: RawClient; room: ScriptedRoom }
> {
  const proxy = await startProxy()
  proxy.server.greet()
  proxy.server.admit("#kitchen", "ann @alice bob mallory")
  const client = await proxy.connect()
  await client.next(/ 366 /)
  client.send("FLUTE start-room #kitchen")
  await client.next(/You are captain of a new room/)
  return { ...proxy, client, room: proxy.rooms[0]! }
}

const alice = member({ contact: contact("alice"), trust: "verified", channelName: "alice" })
const bob = member({ channelName: "bob", publicKey: new Uint8Array(32).fill(2) })

describe("a client", () => {
  it("is welcomed with what the server said, and put on the channels", async () => {
    const { connect, server } = await startProxy()
    server.greet("ann_")
    server.admit("#kitchen", "ann_ @alice +bob")
    const client = await connect()
    await client.next(/ 366 /)
    const lines = client.lines
    expect(lines[0]).toBe(":irc.test 001 ann_ :Welcome to the network ann_")
    expect(lines.find((line) => line.includes(" 005 "))).toContain("PREFIX=(ohv)@%+")
    expect(lines.join("\n")).not.toContain("CHATHISTORY")
    expect(lines).toContain(":irc.test 372 ann_ :- Be kind.")
    expect(lines).toContain(":ann_!user@host JOIN #kitchen")
    expect(lines).toContain(":irc.test 332 ann_ #kitchen :About #kitchen")
    expect(lines).toContain(":irc.test 353 ann_ = #kitchen :ann_ @alice +bob")
  })

  it("that comes before the server answers waits for its welcome", async () => {
    const { connect, server } = await startProxy()
    const client = await connect()
    await client.next(/NOTICE \* :Connecting/)
    server.greet()
    await client.next(/ 001 ann /)
  })

  it("has to say the password, where one is set", async () => {
    const { connect, server } = await startProxy({ password: "open sesame" })
    server.greet()
    const stranger = await connect()
    await stranger.next(/ 464 /)
    await expect(stranger.next(/ 001 /)).rejects.toThrow("Ended")
    const client = await connect({ password: ":open sesame" })
    await client.next(/ 001 /)
  })

  it("negotiates capabilities, and is refused others", async () => {
    const { connect, server } = await startProxy()
    server.greet()
    const client = await connect({ capabilities: "server-time" })
    await client.next(/CAP \* ACK :server-time/)
    await client.next(/^@time=\S+Z :irc.test 001/)
    client.send("CAP REQ :typing")
    await client.next(/CAP ann NAK :typing/)
  })

  it("gets the answers to its own questions, and all get what is said", async () => {
    const { connect, server } = await startProxy()
    server.greet()
    const [one, two] = [await connect(), await connect({ user: "two" })]
    await one.next(/ 376 /)
    await two.next(/ 376 /)
    one.send("WHOIS alice")
    await one.all()
    two.send("WHOIS bob")
    await two.all()
    expect(server.sent).toEqual(["WHOIS alice", "WHOIS bob"])
    server.say(
      ":irc.test 311 ann alice u h * :Alice",
      ":irc.test 318 ann alice :End",
      ":irc.test 311 ann bob u h * :Bob",
      ":irc.test 318 ann bob :End",
      ":alice!u@h PRIVMSG ann :hello",
    )
    await one.next(/PRIVMSG ann :hello/)
    await two.next(/PRIVMSG ann :hello/)
    expect(one.lines.join("\n")).not.toContain("Bob")
    expect(two.lines.join("\n")).not.toContain("Alice")
  })

  it("sees what another client of the same person says", async () => {
    const { connect, server } = await startProxy()
    server.greet()
    server.admit("#pub", "ann bob")
    const [one, two, echo] = [
      await connect(),
      await connect({ user: "two" }),
      await connect({ user: "three", capabilities: "echo-message" }),
    ]
    for (const client of [one, two, echo]) await client.next(/ 366 /)
    one.send("PRIVMSG #pub :hi all")
    await two.next(/^:ann!user@host PRIVMSG #pub :hi all$/)
    echo.send("PRIVMSG #pub :and me")
    await echo.next(/PRIVMSG #pub :and me/)
    await one.next(/PRIVMSG #pub :and me/)
    expect(one.lines.join("\n")).not.toContain("hi all")
    expect(server.sent).toEqual(["PRIVMSG #pub :hi all", "PRIVMSG #pub :and me"])
  })

  it("that comes back is told what it missed, and when", async () => {
    const { connect, gone, server } = await startProxy()
    server.greet()
    server.admit("#pub", "ann bob")
    const first = await connect()
    await first.next(/ 366 /)
    server.say("@time=2026-01-02T03:04:05.678Z :bob!u@h PRIVMSG #pub :seen")
    await first.next(/:seen/)
    first.end()
    await gone()
    server.say(
      "@time=2026-01-02T03:05:00.000Z :bob!u@h PRIVMSG #pub :missed",
      ":bob!u@h PRIVMSG ann :in private",
    )
    const again = await connect({ user: "ann", capabilities: "server-time" })
    await again.next(/^@time=2026-01-02T03:05:00.000Z :bob!u@h PRIVMSG #pub :missed$/)
    await again.next(/PRIVMSG ann :in private/)
    expect(again.lines.join("\n")).not.toContain("seen")
    const plain = await connect({ user: "other" })
    await plain.next(/PRIVMSG #pub :\[\d\d:\d\d\] seen$/)
  })

  it("learns that the connection was lost, and who is there when it is back", async () => {
    const { connect, server } = await startProxy()
    server.greet()
    server.admit("#pub", "ann bob")
    const client = await connect()
    await client.next(/ 366 /)
    server.setStatus("reconnecting")
    await client.next(/^:bob!\S+ QUIT /)
    await client.next(/NOTICE ann :.*Trying again/)
    client.send("PRIVMSG #pub :lost?")
    await client.next(/Not sent: there is no connection/)
    server.greet("ann2")
    await client.next(/^:ann!\S+ NICK :?ann2$/)
    server.admit("#pub", "ann2 carol")
    await client.next(/353 ann2 = #pub :ann2 carol/)
    expect(client.lines.filter((line) => / JOIN /.test(line))).toHaveLength(1)
    expect(server.sent).toEqual([])
  })

  it("can not send a file past the proxy", async () => {
    const { connect, server } = await startProxy()
    server.greet()
    const client = await connect()
    client.send("PRIVMSG bob :\x01DCC SEND x 2130706433 5000 4\x01")
    await client.next(/Not sent: a direct connection/)
    server.say(":bob!u@h PRIVMSG ann :\x01DCC CHAT chat 2130706433 5000\x01")
    expect((await client.all()).join("\n")).not.toContain("DCC CHAT")
    expect(server.sent).toEqual([])
  })
})

describe("a server", () => {
  it("can not speak as the proxy, nor as one whose state the proxy shows", async () => {
    const { client, server } = await inRoom()
    server.say(
      ":*stringphone!stringphone@proxy NOTICE #kitchen :all is well",
      ":?alice!verified@room PRIVMSG #kitchen :hello",
      ":Alice(alice)!verified@room PRIVMSG ann :hello",
      ":*stringphone!x@y PRIVMSG ann :type your password",
      ":bob!u@h NICK :*stringphone",
    )
    const lines = (await client.all()).slice(-12).join("\n")
    expect(lines).toContain(
      ":CLEARTEXT/_stringphone!cleartext@channel NOTICE #kitchen :all is well",
    )
    expect(lines).toContain(":CLEARTEXT/_alice!cleartext@channel PRIVMSG #kitchen :hello")
    expect(lines).toContain(":Alice_alice_!verified@room PRIVMSG ann :hello")
    expect(lines).toContain(":_stringphone!x@y PRIVMSG ann :type your password")
    expect(lines).toContain(":bob!u@h NICK _stringphone")
  })

  it("does not decide who is marked in a room", async () => {
    const { client, server } = await inRoom()
    server.say(":alice!u@h MODE #kitchen +ovk mallory mallory secret")
    await client.next(/^:alice!u@h MODE #kitchen \+k secret$/)
    expect(client.lines.join("\n")).not.toMatch(/MODE #kitchen \S*o\S* mallory/)
  })

  it("can not make a line into two", async () => {
    const { connect, server } = await startProxy()
    server.greet()
    const client = await connect()
    await client.next(/ 376 /)
    server.say(":bob!u@h PRIVMSG ann :one\r\n:*stringphone!s@p NOTICE ann :two")
    await client.next(/^:bob!u@h PRIVMSG ann :one:\*stringphone/)
  })
})

describe("a channel with a room", () => {
  it("sends what is typed through the room only", async () => {
    const { client, connect, room, server } = await inRoom()
    const other = await connect({ user: "two" })
    await other.next(/ 366 /)
    const before = server.sent.length
    client.send(
      "PRIVMSG #kitchen :one",
      "PRIVMSG #KITCHEN :two",
      "PRIVMSG @#kitchen :three",
      "PRIVMSG ^=@+#Kitchen :still three",
      "PRIVMSG #kitchen,#kitchen :four",
      "PRIVMSG #kitchen :\x01ACTION waves\x01",
      "NOTICE #kitchen :never",
      "TAGMSG #kitchen",
      "CPRIVMSG bob #kitchen :never",
      "WALLCHOPS #kitchen :never",
      "TOPIC #kitchen :never",
      "PRIVMSG #kitchen :\x01VERSION\x01",
      "PART #kitchen :never",
      "KICK #kitchen mallory :never",
    )
    await client.all()
    expect(room.said).toEqual([
      "one",
      "two",
      "three",
      "still three",
      "four",
      "four",
      "\x01ACTION waves\x01",
    ])
    expect(server.sent.slice(before)).toEqual(["PART #kitchen", "KICK #kitchen mallory"])
    await other.next(/^:ann!user@host PRIVMSG #kitchen :one$/)
    expect(client.lines.join("\n")).not.toContain("PRIVMSG #kitchen :one")
    const notices = client.lines.filter((line) => line.startsWith(":*stringphone!"))
    expect(notices.join("\n")).toContain("Not set: the server and everybody")
    expect(notices.join("\n")).toContain("CPRIVMSG was not sent")
  })

  it("lets no command carry text past the room, however the channel is spelt", async () => {
    const { client, room, server } = await inRoom()
    const before = server.sent.length
    const commands =
      "PRIVMSG notice SQUERY CPRIVMSG CNOTICE WALLCHOPS WALLVOICES ONOTICE RELAYMSG KNOCK TOPIC PART KICK AWAYX X".split(
        " ",
      )
    const spellings =
      "#kitchen #KITCHEN #Kitchen @#kitchen +#kitchen @+#kitchen %#kitchen ~&#kitchen bob,#kitchen #pub,#Kitchen,bob".split(
        " ",
      )
    for (const command of commands) {
      for (const name of spellings) {
        client.send(
          `${command} ${name} :SECRET of it`,
          `:ann!u@h ${command}  ${name}  :SECRET of it`,
          `@a=b;c ${command} ${name} bob :SECRET of it`,
          `${command} bob ${name} :SECRET of it`,
          `${command} ${name}\t:SECRET of it`,
        )
      }
    }
    await client.all()
    const toOthers = /^(PRIVMSG|NOTICE) (bob|#pub) /i
    const leaked = server.sent
      .slice(before)
      .filter((line) => line.includes("SECRET") && !toOthers.test(line))
    expect(leaked).toEqual([])
    expect(room.said.length).toBeGreaterThan(spellings.length)
  })

  it("shows who says something by the sender, which no text can change", async () => {
    const { client, room, server } = await inRoom()
    const renamed = member({ ...alice, channelName: "al|home" })
    room.hear(alice, "hello")
    room.hear(renamed, "from home")
    room.hear(bob, "two\nlines \x0304red\x0f \u202eback")
    room.hear(bob, "\x01ACTION waves\x01")
    room.hear(bob, "\x01VERSION\x01")
    await client.next(/:alice!verified@room PRIVMSG #kitchen :hello$/)
    await client.next(/:alice\(al\|home\)!verified@room PRIVMSG #kitchen :from home$/)
    await client.next(/:\?bob!unverified@room PRIVMSG #kitchen :two$/)
    await client.next(/:\?bob!unverified@room PRIVMSG #kitchen :lines 04red back$/)
    await client.next(/:\?bob!unverified@room PRIVMSG #kitchen :.ACTION waves.$/)
    await client.next(/:\?bob!unverified@room PRIVMSG #kitchen :VERSION$/)
    server.say(
      ":mallory!u@h PRIVMSG #kitchen :trust me",
      ":mallory!u@h PRIVMSG #kitchen :\x01VERSION\x01",
      ":alice!u@h PRIVMSG #kitchen :?SP2,abc",
      ":alice!u@h PRIVMSG #kitchen :?VLA,1,1!03abc",
      ":mallory!u@h TOPIC #kitchen :encrypted",
    )
    await client.next(/:CLEARTEXT\/mallory!cleartext@channel PRIVMSG #kitchen :trust me$/)
    await client.next(/:CLEARTEXT\/mallory!cleartext@channel TOPIC #kitchen :encrypted$/)
    const all = (await client.all()).join("\n")
    expect(all).not.toMatch(/SP2|VLA|mallory.*VERSION/)
  })

  it("marks members in the list of names, and changes the marks with the room", async () => {
    const { client, connect, room, server } = await inRoom()
    const self = room.status.captain!
    room.become({ members: [self, alice, bob], epoch: 2 })
    await client.next(/^:\*stringphone!\S+ MODE #kitchen \+hv alice bob$/)
    client.send("NAMES #kitchen")
    await client.all()
    server.say(
      ":irc.test 353 ann = #kitchen :ann @alice bob @mallory",
      ":irc.test 366 ann #kitchen :End",
    )
    await client.next(/353 ann = #kitchen :@ann %alice \+bob mallory$/)
    const other = await connect({ user: "two", capabilities: "multi-prefix" })
    await other.next(/353 ann = #kitchen :@%ann %alice \+bob mallory$/)
    server.say(":bob!u@h NICK bobby")
    room.become({ members: [self, alice], epoch: 3 })
    await client.next(/MODE #kitchen -v bobby$/)
  })

  it("takes no two people for one", async () => {
    const { client, connect, room, server } = await inRoom()
    server.say(":bob{!u@h JOIN #kitchen", ":ａlice!u@h JOIN #kitchen", ":BOB[!u@h JOIN #kitchen")
    const bracket = member({ channelName: "bob[", publicKey: new Uint8Array(32).fill(4) })
    room.become({ members: [room.status.captain!, alice, bracket], epoch: 2 })
    await client.next(/MODE #kitchen \+hv alice BOB\[$/)
    const other = await connect({ user: "two" })
    await other.next(/353 ann = #kitchen :@ann %alice bob mallory bob\{ ａlice \+BOB\[$/)
  })

  it("says what a person has to know, by notices of the proxy", async () => {
    const { client, room } = await inRoom()
    const self = room.status.captain!
    room.become({ members: [self, alice], epoch: 2 })
    await client.next(
      /NOTICE #kitchen :#kitchen · encrypted · epoch 2 · captain you · 2 members, 1 verified$/,
    )
    room.become({ epoch: 3 })
    room.emit({ kind: "split", with: alice, explanation: "Two captains. Compare the digits." })
    await client.next(/NOTICE #kitchen :The room is split. Two captains/)
    expect(client.lines.join("\n")).not.toContain("epoch 3")
    const request = {
      id: "r1",
      publicKey: new Uint8Array(32).fill(3),
      contact: null,
      ownName: "carol",
      nameClash: null,
      channelName: "carol",
    }
    room.emit({ kind: "request", request })
    await client.next(/carol.0303\S+, on the channel as carol, asks to be let in/)
    await client.next(/\/msg \*stringphone admit #kitchen 1 lets them in/)
  })

  it("sends nothing while it is not keyed, nor after a removal, until that is asked for", async () => {
    const { client, room, server } = await inRoom()
    room.become({ phase: "removed", members: [], captain: null, isCaptain: false })
    room.emit({ kind: "removed", by: alice })
    const before = server.sent.length
    client.send("PRIVMSG #kitchen :am I still in?")
    await client.next(/NOTICE #kitchen :NOT SENT: You were removed from this room/)
    client.send("PRIVMSG *stringphone :cleartext #kitchen on")
    await client.next(/^:\*stringphone!\S+ PRIVMSG ann :#kitchen is an ordinary channel again/)
    client.send("PRIVMSG #kitchen :hello, everybody")
    await client.all()
    expect(room.said).toEqual([])
    expect(server.sent.slice(before)).toEqual(["PRIVMSG #kitchen :hello, everybody"])
  })

  it("stays guarded after leaving, and when the proxy starts again", async () => {
    const { client, restart, rooms } = await inRoom()
    client.send("FLUTE cleartext #kitchen on")
    await client.next(
      /You are in the room here. Leave it first: \/msg \*stringphone leave-room #kitchen/,
    )
    const again = await restart()
    again.server.greet()
    again.server.admit("#kitchen", "ann alice")
    const second = await again.connect()
    await second.next(/ 366 /)
    second.send("PRIVMSG #kitchen :before it is keyed")
    await second.next(/NOT SENT: You are in no room/)
    expect(rooms).toHaveLength(2)
    await rooms[1]!.start()
    second.send("PRIVMSG #kitchen :now")
    await second.all()
    expect(rooms[1]!.said).toEqual(["now"])
    second.send("FLUTE leave-room #kitchen")
    await second.next(/If you are sure: \/msg \*stringphone leave-room #kitchen yes/)
    second.send("FLUTE #kitchen leave-room yes")
    await second.next(/You left the room on #kitchen/)
    second.send("PRIVMSG #kitchen :and now?")
    await second.next(/NOT SENT/)
    expect(again.server.sent.filter((line) => line.startsWith("PRIVMSG"))).toEqual([])
  })

  it("is hinted at once, where others use a room and we do not", async () => {
    const { connect, server } = await startProxy()
    server.greet()
    server.admit("#kitchen", "ann alice")
    const client = await connect()
    await client.next(/ 366 /)
    server.say(
      ":alice!u@h PRIVMSG #kitchen :?SP2,abc",
      ":alice!u@h PRIVMSG #kitchen :?SP2,def",
      ":alice!u@h PRIVMSG #kitchen :plain words",
    )
    await client.next(
      /NOTICE #kitchen :There is an encrypted room .* \/msg \*stringphone join-room #kitchen$/,
    )
    await client.next(/^:alice!u@h PRIVMSG #kitchen :plain words$/)
    expect(client.lines.filter((line) => line.includes("encrypted room"))).toHaveLength(1)
    expect(client.lines.join("\n")).not.toContain("SP2")
  })
})

describe("the query with *stringphone", () => {
  it("answers in the query, and FLUTE by notices", async () => {
    const { connect, server } = await startProxy()
    server.greet()
    const client = await connect()
    await client.next(/ 376 /)
    client.send("PRIVMSG *stringphone :help")
    await client.next(/^:\*stringphone!stringphone@proxy PRIVMSG ann :start-room #CHANNEL/)
    client.send("FLUTE what")
    await client.next(/^:\*stringphone!stringphone@proxy NOTICE ann :There is no command "what"/)
    client.send("FLUTE members")
    await client.next(/Say on which channel, as in: \/msg \*stringphone members #kitchen/)
    expect(server.sent).toEqual([])
  })

  it("keeps contacts: trust-key, list-friends, dump-fingerprint, introduction", async () => {
    const { connect, server } = await startProxy()
    server.greet()
    const client = await connect()
    const { publicKey } = Identity.generate()
    const key = Buffer.from(publicKey).toString("hex")
    client.send(`FLUTE trust-key bob ${key}`)
    await client.next(/bob: trusted on /)
    client.send("FLUTE list-friends")
    await client.next(new RegExp(`○ bob, trusted on \\S+: ${key}`))
    client.send("FLUTE dump-fingerprint")
    await client.next(/words {3}\w+ \w+/)
    client.send("FLUTE trust-key bob 123")
    await client.next(/64 hexadecimal digits/)
    client.send("FLUTE introduction bob")
    await client.next(/Your key was sent to bob/)
    expect(server.sent).toEqual([expect.stringMatching(/^PRIVMSG bob :\?VLA,1,1!00/)])
  })
})

describe("lines of a member's text", () => {
  it("are cut between words, never within a character, and lose nothing", () => {
    const words = Array.from({ length: 300 }, (_, i) => `wörd${i}`).join(" ")
    const cut = memberLines(words)
    expect(cut.join("")).toBe(words)
    expect(cut.slice(0, -1).every((line) => line.endsWith(" "))).toBe(true)
    const family = "👩‍👩‍👧‍👦".repeat(60)
    expect(memberLines(family).join("")).toBe(family)
    for (const line of [...cut, ...memberLines(family)]) {
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(380)
      expect(line).not.toMatch(/^\u200d/)
    }
  })

  it("are no commands to the client", () => {
    expect(memberLines("a\r\nPRIVMSG b\n\n\u0001DCC SEND\u0001")).toEqual([
      "a",
      "PRIVMSG b",
      "DCC SEND",
    ])
  })
})
