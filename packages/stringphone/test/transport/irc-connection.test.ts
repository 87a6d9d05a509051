import { describe, expect, it } from "vitest"
import { ChannelError } from "../../src/bytes/index.js"
import { attachIrc } from "../../src/transport/irc/index.js"
import type { TextChannelEvent } from "../../src/transport/index.js"
import { ScriptedLink, enter, inKitchen, scripted, welcome } from "./irc-script.js"

async function begin(options: Parameters<typeof scripted>[0] = {}) {
  const script = scripted(options)
  await script.clock.advance(0)
  return { ...script, link: script.links[0] as ScriptedLink }
}

describe("introducing ourselves to an IRC server", () => {
  it("asks for what we use and the server offers", async () => {
    const { link, opened, connection } = await begin({
      serverPassword: "pass word",
      realName: "Ada L.",
    })
    expect(link.take()).toEqual([
      "CAP LS 302",
      "PASS :pass word",
      "NICK ada",
      "USER ada 0 * :Ada L.",
    ])
    link.say("CAP * LS * :multi-prefix sasl=EXTERNAL", "CAP * LS :batch=x server-time unknown")
    expect(link.take()).toEqual(["CAP REQ :batch multi-prefix server-time"])
    link.say("PING :cookie")
    link.say("CAP * ACK :batch multi-prefix server-time")
    expect(link.take()).toEqual(["PONG :cookie", "CAP END"])
    link.say(":s 001 ada :Hi", ":s 004 ada s InspIRCd-3 x y", ":s 376 ada :End")
    await opened
    expect(connection.server).toMatchObject({ name: "s", kind: "inspircd", version: "InspIRCd-3" })
    expect([...connection.server.capabilities]).toEqual(["batch", "multi-prefix", "server-time"])
    expect([connection.status, connection.nick]).toEqual(["open", "ada"])
  })

  it("does without capabilities where there are none", async () => {
    const { link, opened } = await begin()
    link.say(":s 421 ada CAP :Unknown command", ":s 001 ada :Hi", ":s 422 ada :No MOTD")
    await opened
  })

  it("logs in with SASL before anybody sees us", async () => {
    const { link, opened } = await begin({ sasl: { account: "ada", password: "x" } })
    link.take()
    link.say("CAP * LS :sasl=SCRAM-SHA-256,PLAIN batch")
    expect(link.take()).toEqual(["CAP REQ :batch sasl"])
    link.say("CAP * ACK :batch sasl")
    expect(link.take()).toEqual(["AUTHENTICATE PLAIN"])
    link.say("AUTHENTICATE +")
    expect(link.take()).toEqual([`AUTHENTICATE ${btoa("ada\0ada\0x")}`])
    link.say(":s 900 ada ada!a@h ada :You are now logged in", ":s 903 ada :done")
    expect(link.take()).toEqual(["CAP END"])
    link.say(":s 001 ada :Hi", ":s 376 ada :End")
    await opened
  })

  it("cuts a long password as SASL wants it", async () => {
    const { link } = await begin({ sasl: { account: "a", password: "x".repeat(296) } })
    link.say("CAP * LS :sasl", "CAP * ACK :sasl")
    link.take()
    link.say("AUTHENTICATE +")
    const sent = link.take()
    expect(sent.map((line) => line.length)).toEqual([
      "AUTHENTICATE ".length + 400,
      "AUTHENTICATE +".length,
    ])
    expect(sent[1]).toBe("AUTHENTICATE +")
  })

  it.each([
    [
      "a wrong password",
      ["CAP * LS :sasl", "CAP * ACK :sasl", ":s 904 ada :SASL failed"],
      "its password (SASL failed)",
    ],
    ["no SASL", ["CAP * LS :batch", "CAP * ACK :batch", ":s 001 ada :Hi"], "no login to accounts"],
    ["no PLAIN", ["CAP * LS :sasl=EXTERNAL"], "(SASL EXTERNAL)"],
  ])("does not go on without the account it was given: %s", async (_, lines, sentence) => {
    const { link, opened } = await begin({ sasl: { account: "ada", password: "s3cret" } })
    link.say(...lines)
    const error: unknown = await opened.catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: "refused",
      message: expect.stringContaining(sentence) as string,
    })
    expect(String((error as Error).stack)).not.toContain("s3cret")
    expect(link.isClosed).toBe(true)
  })

  it.each([
    [":s 464 * :Password incorrect", "refused", "another server password"],
    [":s 465 * :You are banned", "refused", "You are banned"],
    ["ERROR :Access denied: Bad password?", "refused", "Bad password"],
    ["ERROR :Closing link: (throttled)", "unreachable", "throttled"],
    [":s 432 * ada :Erroneous nickname", "refused", "the nick ada"],
  ])("says why it is not let in: %s", async (line, code, sentence) => {
    const { link, opened } = await begin()
    link.say(line)
    await expect(opened).rejects.toMatchObject({
      name: "ChannelError",
      code,
      message: expect.stringContaining(sentence) as string,
    })
  })

  it("gives up a server that does not greet", async () => {
    const { clock, opened } = await begin({ connectTimeoutMs: 5_000 })
    await clock.advance(5_000)
    await expect(opened).rejects.toMatchObject({ code: "unreachable" })
  })

  it("takes another nick where ours is in use, and ours when it is free", async () => {
    const { link, opened, connection } = await begin()
    link.take()
    link.say(":s 433 * ada :in use")
    expect(link.take()).toEqual(["NICK ada_"])
    link.say(":s 433 * ada_ :in use")
    expect(link.take()).toEqual(["NICK ada__"])
    link.say(":s 433 * ada__ :in use")
    expect(link.take()).toEqual(["NICK ada2"])
    welcome(link, { nick: "ada2" })
    await opened
    expect(connection.nick).toBe("ada2")
    const nicks: string[] = []
    connection.onEvent((event) => event.kind === "nick" && nicks.push(event.nick))
    link.take()
    link.say(":ada!x@y QUIT :bye")
    expect(link.take()).toEqual(["NICK ada"])
    link.say(":s 433 ada2 ada :in use", ":ada!x@y NICK :other")
    expect(link.take()).toEqual(["NICK ada"])
    link.say(":ada2!x@y NICK :ada")
    expect(nicks).toEqual(["ada"])
    expect(connection.nick).toBe("ada")
  })

  it("asks for its nick now and then where it sees nobody go", async () => {
    const { link, opened, clock } = await begin()
    link.say(":s 433 * ada :in use")
    welcome(link, { nick: "ada_" })
    await opened
    link.take()
    await clock.advance(25_000)
    link.say(":s 433 ada_ ada :in use")
    await clock.advance(25_000)
    link.say("PING :x")
    await clock.advance(15_000)
    expect(link.take().filter((line) => line.startsWith("NICK"))).toEqual(["NICK ada"])
  })

  it("shortens its nick where variants are too long", async () => {
    const { link } = await begin({ nick: "adalovela" })
    link.take()
    link.say(":s 433 * adalovela :in use", ":s 432 * adalovela_ :too long")
    expect(link.take()).toEqual(["NICK adalovela_", "NICK adalove__"])
    link.say(":s 433 * adalove__ :in use")
    expect(link.take()).toEqual(["NICK adalove2"])
  })
})

describe("a channel of IRC", () => {
  it("is open when the server told who is there", async () => {
    const { channel } = await inKitchen("~@bob +eve!e@host.example")
    expect([channel.status, channel.address]).toEqual(["open", "ircs://irc.example:6697/#kitchen"])
    expect(channel.names).toEqual(["ada", "bob", "eve"])
  })

  it("tells lines, comings and goings, and names in any spelling", async () => {
    const { channel, link } = await inKitchen()
    const events = watch(channel)
    link.say(
      ":bob!b@h PRIVMSG #KITCHEN :hello",
      ":dan!d@h JOIN :#kitchen",
      ":DAN!d@h NICK dan2",
      ":eve!e@h PART #kitchen :bye",
      ":bob!b@h KICK #kitchen Dan2 :out",
      ":x!x@h QUIT :never here",
      ":bob!b@h QUIT :Quit: bye",
      ":ada!a@h PRIVMSG #kitchen :our own, where it is echoed",
      ":bob!b@h PRIVMSG #garden :elsewhere",
    )
    expect(events).toEqual([
      { kind: "line", from: "bob", text: "hello", isPrivate: false },
      { kind: "joined", who: "dan" },
      { kind: "renamed", who: "dan", to: "dan2", isSelf: false },
      { kind: "left", who: "eve", reason: "parted" },
      { kind: "left", who: "dan2", reason: "kicked" },
      { kind: "left", who: "bob", reason: "quit" },
    ])
    expect(channel.names).toEqual(["ada"])
  })

  it("hears private lines of those who are there", async () => {
    const { channel, connection, link } = await inKitchen()
    const garden = connection.channel("#garden")
    enter(link, "#garden", "bob dan")
    const [inKitchenSeen, inGardenSeen] = [watch(channel), watch(garden)]
    link.say(
      ":bob!b@h PRIVMSG ada :both",
      ":eve!b@h PRIVMSG ADA :one",
      ":who!w@h PRIVMSG ada :none",
    )
    expect(inKitchenSeen.map((event) => event.kind === "line" && event.text)).toEqual([
      "both",
      "one",
    ])
    expect(inGardenSeen).toEqual([{ kind: "line", from: "bob", text: "both", isPrivate: true }])
  })

  it("knows a netsplit: by its batch, or by two servers in place of a farewell", async () => {
    const { channel, link } = await inKitchen("a1 a2 a3 a4 a5 a6")
    const events = watch(channel)
    link.say(
      ":s BATCH +x netsplit one.example two.example",
      "@batch=x :a1!a@h QUIT :anything",
      ":s BATCH -x",
      "@batch=x :a2!a@h QUIT :anything",
      ":a3!a@h QUIT :one.example two.example",
      ":a4!a@h QUIT :*.net *.split",
      ":a5!a@h QUIT :Quit: one.example two.example",
      ":a6!a@h QUIT :see you.",
    )
    expect(events.map((event) => event.kind === "left" && event.reason)).toEqual([
      "netsplit",
      "quit",
      "netsplit",
      "netsplit",
      "quit",
      "quit",
    ])
  })

  it("is closed, for good, when we are put out", async () => {
    const { channel, connection, link, clock, links } = await inKitchen()
    const events = watch(channel)
    const waiting = [1, 2, 3, 4, 5, 6].map((n) => channel.send(String(n)))
    const results = Promise.allSettled(waiting)
    link.say(":bob!b@h KICK #kitchen ada :enough\x02 now")
    expect(events).toEqual([
      { kind: "left", who: "ada", reason: "kicked" },
      { kind: "status", status: "closed", error: expect.any(ChannelError) as ChannelError },
    ])
    expect(events[1]).toMatchObject({
      error: { code: "kicked", message: expect.stringContaining("(bob: enough now)") as string },
    })
    const outcomes = (await results).map(({ status }) => status)
    expect(outcomes).toContain("rejected")
    await expect(channel.send("x")).rejects.toMatchObject({ code: "kicked" })
    link.lose()
    await clock.advance(1_000)
    welcome(links[1] as ScriptedLink)
    await clock.advance(0)
    expect(links[1]?.take().filter((line) => line.startsWith("JOIN"))).toEqual([])
    expect(connection.channel("#kitchen")).not.toBe(channel)
  })

  it("is joined again after a reconnection, and what waits is sent then", async () => {
    const { channel, connection, link, clock, links } = await inKitchen()
    expect(connection.channel("#Kitchen")).toBe(channel)
    const events = watch(channel)
    link.say("ERROR :Closing link: going down")
    link.lose()
    await clock.advance(0)
    expect([channel.status, channel.names]).toEqual(["reconnecting", []])
    expect(events[0]).toMatchObject({ status: "reconnecting", error: { code: "connection-lost" } })
    expect(events[0]).toMatchObject({
      error: { message: expect.stringContaining("going down") as string },
    })
    const sent = channel.send("late")
    await clock.advance(1_000)
    const next = links[1] as ScriptedLink
    welcome(next)
    await clock.advance(0)
    expect(next.take().at(-1)).toBe("JOIN #kitchen")
    enter(next, "#kitchen", "bob")
    await clock.advance(3_000)
    await sent
    expect(next.take()).toEqual(["PRIVMSG #kitchen :late"])
    expect(events.at(-1)).toEqual({ kind: "status", status: "open" })
  })

  it.each([
    ["473", "invited"],
    ["474", "banned"],
    ["475", "key"],
    ["403", "no such channel"],
  ])("that does not let us in is closed, with a sentence: %s", async (number, sentence) => {
    const { connection, link } = await inKitchen()
    const joined = connection.join("#secret", { key: "wrong" })
    expect(link.take()).toEqual(["JOIN #secret wrong"])
    link.say(`:s ${number} ada #secret :no`)
    await expect(joined).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining(sentence) as string,
    })
  })

  it("sends lines that arrive whole, and refuses others", async () => {
    const { channel, link } = await inKitchen()
    // :ada!~ada@host.example PRIVMSG #kitchen :…\r\n
    const most = 512 - ":ada!~ada@host.example PRIVMSG #kitchen :\r\n".length
    expect(channel.maxLineBytes()).toBe(most)
    expect(channel.maxLineBytes("bob")).toBe(most + "#kitchen".length - "bob".length)
    await channel.send("é".repeat(Math.floor(most / 2)))
    await expect(channel.send("é".repeat(Math.floor(most / 2) + 1))).rejects.toMatchObject({
      name: "UsageError",
      code: "line-too-long",
    })
    for (const text of ["", "a\rb", "a\nQUIT", "a\0"]) {
      await expect(channel.send(text)).rejects.toMatchObject({ code: "bad-line" })
    }
    await expect(channel.send("x", { to: "nobody" })).rejects.toMatchObject({
      code: "not-connected",
    })
    await expect(channel.send("x", { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "aborted",
    })
    link.take()
    await channel.send("psst", { to: "bob" })
    expect(link.take()).toEqual(["PRIVMSG bob :psst"])
  })

  it("computes its room anew whenever we look different to others", async () => {
    const { channel, link } = await inKitchen()
    const before = channel.maxLineBytes()
    link.say(":s 396 ada cloaked.host.example :is now your displayed host")
    expect(channel.maxLineBytes()).toBe(before - "cloaked.".length)
    link.say(":ada!~ada@cloaked.host.example CHGHOST u host.example")
    expect(channel.maxLineBytes()).toBe(before + "~ada".length - "u".length)
    link.say(":ada!u@host.example NICK adalovelace")
    expect(channel.maxLineBytes()).toBe(before + 3 - "lovelace".length)
    link.say(":s 352 adalovelace #kitchen user h.example s adalovelace H :0 Ada")
    expect(channel.maxLineBytes()).toBe(before - "lovelace".length + "ost".length)
  })

  it("says so when the server does not pass our lines on", async () => {
    const { channel, link } = await inKitchen()
    const events = watch(channel)
    link.say(":s 404 ada #kitchen :Cannot send to channel (+m)")
    expect(events).toMatchObject([
      { kind: "status", status: "open", error: { code: "send-failed" } },
    ])
  })
})

describe("a connection to an IRC server", () => {
  it("answers pings, and asks a silent server for a sign of life", async () => {
    const { connection, link, clock } = await inKitchen("", { pingMs: 10_000 })
    link.say(":s PONG s :stringphone")
    link.take()
    link.say("PING :abc def")
    expect(link.take()).toEqual(["PONG :abc def"])
    await clock.advance(10_000)
    expect(link.take()).toEqual(["PING :stringphone"])
    link.say(":s PONG s :stringphone")
    await clock.advance(10_000)
    expect(link.take()).toEqual(["PING :stringphone"])
    const reasons: unknown[] = []
    connection.onEvent((event) => event.kind === "status" && reasons.push(event.error?.code))
    await clock.advance(10_000)
    expect(reasons[0]).toBe("no-answer")
    expect(link.isClosed).toBe(true)
  })

  it("says goodbye, and rejects what waits", async () => {
    const { channel, connection, link } = await inKitchen()
    const results = Promise.allSettled([1, 2, 3, 4, 5, 6].map((n) => channel.send(String(n))))
    await Promise.all([connection.close("bye"), connection.close()])
    expect(link.take().at(-1)).toBe("QUIT :bye")
    expect((await results).some(({ status }) => status === "rejected")).toBe(true)
    expect([connection.status, channel.status]).toEqual(["closed", "closed"])
    await expect(connection.join("#kitchen")).rejects.toMatchObject({ code: "closed" })
    await expect(connection.sendLine("AWAY")).rejects.toMatchObject({ code: "closed" })
  })

  it("passes lines on that it has no word for, both ways", async () => {
    const { connection, link } = await inKitchen()
    const lines: string[] = []
    connection.onLine((line) => lines.push(line))
    link.say(":s 332 ada #kitchen :topic")
    await connection.sendLine("TOPIC #kitchen :tea")
    expect(lines).toEqual([":s 332 ada #kitchen :topic"])
    expect(link.take()).toEqual(["TOPIC #kitchen :tea"])
    await expect(connection.sendLine("A\nB")).rejects.toMatchObject({ code: "bad-line" })
    await expect(connection.sendLine("x".repeat(511))).rejects.toMatchObject({
      code: "line-too-long",
    })
    connection.changeNick("lady")
    expect(link.take()).toEqual(["NICK lady"])
    expect(() => connection.changeNick("no good")).toThrow(
      expect.objectContaining({ code: "bad-nick" }),
    )
    for (const name of ["kitchen", "#", "#a b", "#a,b", "#a\x07"]) {
      expect(() => connection.channel(name)).toThrow(
        expect.objectContaining({ code: "bad-channel" }),
      )
    }
  })

  it("can be another program's, which keeps it", async () => {
    const link = new ScriptedLink()
    const connection = await attachIrc(link, { nick: "ada", address: "irc://bouncer" })
    expect(link.take()).toEqual(["WHO ada"])
    const joined = connection.join("#kitchen")
    expect(link.take()).toEqual(["JOIN #kitchen", "NAMES #kitchen"])
    link.say(
      ":s 352 ada * ~ada cloak.example s ada H :0 Ada",
      ":s 353 ada = #kitchen :ada bob",
      ":s 366 ada #kitchen :End",
    )
    const channel = await joined
    expect(channel.maxLineBytes()).toBe(
      512 - ":ada!~ada@cloak.example PRIVMSG #kitchen :\r\n".length,
    )
    await channel.send("hello")
    expect(link.take()).toEqual(["PRIVMSG #kitchen :hello"])
    link.lose()
    await expect.poll(() => [connection.status, channel.status]).toEqual(["closed", "closed"])
  })
})

function watch(channel: { onEvent(listener: (event: TextChannelEvent) => void): unknown }) {
  const events: TextChannelEvent[] = []
  channel.onEvent((event) => events.push(event))
  return events
}
