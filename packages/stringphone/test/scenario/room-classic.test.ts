// Classic rooms as people use them, on a channel in memory. spec/room-classic.md §5
import { describe, expect, test } from "vitest"
import { hex } from "../../src/bytes/index.js"
import { OriginalClient } from "./room-classic-original.js"
import { bookOf, identityOf, Stage } from "./room-classic-people.js"

describe("in a room", () => {
  test("start, join, and talk both ways; the server sees none of it", async () => {
    const stage = new Stage()
    const { alice, bob, carol } = await stage.threeInARoom()
    expect([alice.phase, bob.phase, carol.phase]).toEqual(["captain", "member", "member"])
    await alice.room.say("hello room")
    await bob.room.say("hi alice 🎺")
    const long = "une phrase accentuée 🦜 ".repeat(90).trim()
    expect(new TextEncoder().encode(long).length).toBeGreaterThan(2048)
    await carol.room.say(long)
    await stage.settle()
    expect(alice.shown).toEqual(["bob: hi alice 🎺 (verified)", `carol: ${long} (verified)`])
    expect(bob.shown).toEqual(["alice: hello room (verified)", `carol: ${long} (verified)`])
    expect(carol.shown).toEqual(["alice: hello room (verified)", "bob: hi alice 🎺 (verified)"])
    for (const { text } of stage.server.lines) {
      expect(text).toMatch(
        /^\?VLA,\d+,\d+!0[0-3]?[A-Za-z0-9+/]+=*$|^\?VLA,\d+,\d+![A-Za-z0-9+/]+=*$/,
      )
      expect(text.length).toBeLessThanOrEqual(393)
    }
  })

  test("the status tells who is who, and what only the captain knows", async () => {
    const stage = new Stage()
    const { alice, bob, carol } = await stage.threeInARoom()
    expect(alice.room.status).toMatchObject({
      phase: "captain",
      isKeyed: true,
      isCaptain: true,
      keyCounter: 2,
      names: ["alice", "bob", "carol"],
    })
    expect(alice.room.status.members?.map(({ name, trust }) => [name, trust])).toEqual([
      ["bob", "verified"],
      ["carol", "verified"],
    ])
    expect(bob.room.status.members).toBeNull()
    expect(bob.room.status.heard.map(({ name }) => name)).toEqual(["carol"])
    expect(bob.room.status.captain?.name).toBe("alice")
    // Carol came later and heard nobody.
    expect(carol.room.status.heard).toEqual([])
    const statuses = bob.events.filter(({ kind }) => kind === "status")
    expect(statuses.length).toBeGreaterThanOrEqual(3)
  })

  test("messages are an async iterable too, and end with the session", async () => {
    const stage = new Stage()
    const { alice, bob } = await stage.threeInARoom()
    await alice.room.say("one")
    await alice.room.say("two")
    await stage.settle()
    await bob.room.close()
    const read: string[] = []
    for await (const { text, isOwn, at } of bob.room.messages) {
      read.push(text)
      expect(isOwn).toBe(false)
      expect(at).toBeGreaterThan(1_000_000)
    }
    expect(read).toEqual(["one", "two"])
  })

  test("who said it: compared, accepted, seen here, unknown", async () => {
    const stage = new Stage()
    const alice = await stage.enter("alice", ["bob", "carol", "dave", "erin"])
    await alice.room.start()
    const erin = await stage.enter("erin", ["alice"])
    await stage.join(erin)
    const book = [...bookOf(["alice", "bob"]), ...bookOf(["carol"], "trusted")]
    const watcher = await stage.enter("dave", [], { book })
    await stage.join(watcher)
    for (const name of ["bob", "carol"]) {
      const person = await stage.enter(name, ["alice"])
      await stage.join(person)
      await person.room.say(`I am ${name}`)
    }
    await erin.room.say("I am erin")
    await stage.settle()
    expect(watcher.messages.map(({ from, status }) => [from.name, from.trust, status])).toEqual([
      ["bob", "verified", "verified"],
      ["carol", "trusted", "unverified"],
      // Erin joined before Dave listened, so Dave has no key of hers.
      ["erin (unknown key)", "unknown", "unverified"],
    ])
    expect(alice.messages.map(({ from }) => from.name)).toEqual(["bob", "carol", "erin"])
    await erin.room.introduce("dave")
    await erin.room.say("me again")
    await stage.settle()
    expect(watcher.messages.at(-1)?.from).toMatchObject({
      trust: "unverified",
      name: `erin (${hex(identityOf("erin").publicKey).slice(0, 8)})`,
    })
  })
})

describe("what is not keyed is not sent", () => {
  test("outside, joining, alone, left out, without a captain, after closing", async () => {
    const stage = new Stage()
    const alice = await stage.enter("alice", ["bob"])
    const bob = await stage.enter("bob", ["alice"])
    const refused = async (person: typeof bob, code: string) => {
      const before = stage.server.lines.length
      await expect(person.room.say("psst")).rejects.toMatchObject({ name: "UsageError", code })
      expect(stage.server.lines.length).toBe(before)
    }
    await refused(bob, "not-in-room")
    const joining = bob.room.join({ answerWithinMs: 500 })
    await stage.settle()
    expect(bob.phase).toBe("joining")
    await refused(bob, "not-in-room")
    await stage.clock.advance(1_000)
    expect(await joining).toEqual({ kind: "no-answer" })
    await alice.room.start()
    await refused(alice, "nobody-here")
    await stage.join(bob)
    for (const text of ["", "two\nlines", "a\rb", "nul\0"]) {
      await expect(bob.room.say(text)).rejects.toMatchObject({ code: "bad-text" })
    }
    await expect(bob.room.say("x".repeat(65_537))).rejects.toMatchObject({ code: "text-too-long" })
    await alice.room.close()
    await stage.settle()
    expect(bob.phase).toBe("orphaned")
    expect(bob.notices.at(-1)).toBe("captain-gone")
    await refused(bob, "captain-gone")
    await bob.room.close()
    await refused(bob, "closed")
  })

  test("cleartext is shown as that, whatever it pretends to be", async () => {
    const stage = new Stage()
    const { alice, bob } = await stage.threeInARoom()
    await alice.channel.send("[ENCRYPTED] trust me")
    await alice.channel.send("?OTR? psst", { to: "bob" })
    await stage.settle()
    expect(bob.messages).toEqual([])
    const clear = bob.events.flatMap((e) => (e.kind === "cleartext" ? [[e.text, e.isPrivate]] : []))
    expect(clear).toEqual([
      ["[ENCRYPTED] trust me", false],
      ["?OTR? psst", true],
    ])
  })
})

describe("a hostile server", () => {
  test("duplicates, repeats and forgeries are dropped and said; everything else is shown once", async () => {
    const stage = new Stage({ seed: 5 })
    const { alice, bob, carol } = await stage.threeInARoom()
    stage.server.setFaults({ duplicate: 0.5, replay: 0.5, reorder: 0.3 })
    const said: string[] = []
    for (let i = 0; i < 30; i++) {
      const text = `message ${i} ${"x".repeat((i % 4) * 300)}`
      said.push(text)
      await [alice, bob, carol][i % 3]!.room.say(text)
      await stage.settle()
      if (i % 10 === 9) await alice.room.rotate()
      await stage.settle()
    }
    expect(new Set(bob.texts).size).toBe(bob.texts.length)
    expect(bob.notices).toContain("replayed")
    expect(said).toEqual(expect.arrayContaining(bob.texts))
    for (const { from } of [...alice.messages, ...bob.messages, ...carol.messages]) {
      expect(from.trust).toBe("verified")
    }
  })

  test("packets in private, garbage and wrong signatures become notices, and nothing ends", async () => {
    const stage = new Stage()
    const { alice, bob } = await stage.threeInARoom()
    const join = stage.server.lines.find(({ from }) => from === "carol")!
    const bad = [
      { from: "mallory", to: "alice", text: join.text },
      { from: "mallory", to: null, text: "?VLA,1,1!0" },
      { from: "mallory", to: null, text: "?VLA,2,1!00" },
      { from: "mallory", to: null, text: "?VLA," },
      { from: "mallory", to: null, text: "?VLA,1,1!01AAAA" },
      { from: "mallory", to: null, text: join.text.replace(/(.{30})$/, "A$1").slice(0, -1) },
    ]
    const before = alice.notices.length
    for (const line of bad) stage.server.inject(line, ["alice"])
    await stage.settle()
    expect(alice.notices.slice(before)).toEqual(Array<string>(6).fill("rejected"))
    const codes = alice.events.flatMap((event) =>
      event.kind === "notice" && event.notice.kind === "rejected" ? [event.notice.code] : [],
    )
    expect(codes[0]).toBe("not-on-channel")
    await bob.room.say("fine")
    await stage.settle()
    expect(alice.texts).toEqual(["fine"])
    for (const event of alice.events) {
      if (event.kind === "notice") expect(event.explanation).toMatch(/[.]$/)
    }
  })
})

describe("with clients that do as the original does", () => {
  const friends = ["alice", "bob", "carol"].map(identityOf)

  test("ours leads: they join, follow fresh transport keys, and are understood", async () => {
    const stage = new Stage()
    const alice = await stage.enter("alice", ["bob", "carol"])
    await alice.room.start()
    const bob = new OriginalClient(stage.server.connect("bob"), friends[1]!, friends)
    bob.join()
    await stage.settle()
    const carol = await stage.enter("carol", ["alice", "bob"])
    await stage.join(carol)
    await alice.room.say("hello")
    bob.say("hello yourself")
    await stage.settle()
    for (let i = 0; i < 3; i++) await alice.room.rotate()
    await carol.room.say("with the fifth key")
    await stage.settle()
    expect(bob.shown).toEqual(["[ENCRYPTED] hello", "[ENCRYPTED] with the fifth key"])
    // It names the nick; ours tells whose signature it is. Carol was not there when Bob joined.
    expect(alice.shown[0]).toBe("bob: hello yourself (verified)")
    expect(carol.shown).toEqual(["alice: hello (verified)", "bob: hello yourself (verified)"])
  })

  test("the original leads: ours join, go on through its rekeys, and are understood", async () => {
    const stage = new Stage()
    const alice = new OriginalClient(stage.server.connect("alice"), friends[0]!, friends)
    alice.start()
    const bob = await stage.enter("bob", ["alice", "carol"])
    const carol = await stage.enter("carol", ["alice", "bob"])
    for (const person of [bob, carol]) {
      expect(await stage.join(person)).toMatchObject({ kind: "joined", captain: { name: "alice" } })
    }
    await bob.room.say("one")
    await carol.channel.close()
    await stage.settle()
    alice.say("two")
    await stage.settle()
    expect(alice.shown).toEqual(["[ENCRYPTED] one"])
    expect(bob.shown).toEqual(["alice: two (verified)"])
    expect(bob.room.status.keyCounter).toBe(3)
    expect(carol.texts).toEqual(["one"])
  })
})
