// Who comes, who goes, and which keys that makes. spec/room-classic.md §5
import { describe, expect, test } from "vitest"
import { hex } from "../../src/bytes/index.js"
import { decodePacket } from "../../src/room/classic/index.js"
import { identityOf, Stage } from "./room-classic-people.js"

describe("coming", () => {
  test("a stranger is not let in and not told; the captain is", async () => {
    const stage = new Stage()
    const alice = await stage.enter("alice", ["bob"])
    await alice.room.start()
    const bob = await stage.enter("bob", ["alice"])
    await stage.join(bob)
    const mallory = await stage.enter("mallory", ["alice"])
    const sent = stage.server.lines.length
    expect(await stage.join(mallory)).toEqual({ kind: "no-answer" })
    expect(stage.server.lines.length).toBe(sent + 1) // Her question alone.
    expect(alice.notices.at(-1)).toBe("request")
    expect(alice.room.status.requests).toMatchObject([
      { channelName: "mallory", trust: "unverified" },
    ])
    await alice.room.rotate()
    await bob.room.say("among us")
    await stage.settle()
    expect(mallory.phase).toBe("joining")
    expect(mallory.texts).toEqual([])
    expect(mallory.notices).toContain("unreadable")
    expect(alice.texts).toEqual(["among us"])
  })

  test("introduction → a person trusts → the one who waited is let in", async () => {
    const stage = new Stage()
    const alice = await stage.enter("alice")
    await alice.room.start()
    const bob = await stage.enter("bob")
    await bob.room.introduce("alice")
    await alice.room.introduce("bob")
    await bob.room.introduce("alice") // Asked once is enough.
    await stage.settle()
    expect(alice.notices).toEqual(["introduced"])
    expect(bob.notices).toEqual(["introduced"])
    const [seen] = bob.room.status.introduced
    expect(seen).toMatchObject({ channelName: "alice", trust: "unverified", contact: null })
    await bob.room.trustKey("Captain Alice", seen!.publicKey!, { verifiedBy: "words" })
    const joining = bob.room.join({ answerWithinMs: 5_000 })
    await stage.settle()
    expect(alice.notices).toEqual(["introduced", "request"])
    await alice.room.trustKey("Bob", alice.room.status.requests[0]!.publicKey!)
    await stage.settle()
    expect(await joining).toMatchObject({ kind: "joined", captain: { name: "Captain Alice" } })
    expect(alice.room.status.requests).toEqual([])
    await alice.room.say("welcome")
    await bob.room.say("thank you")
    await stage.settle()
    expect(bob.shown).toEqual(["Captain Alice: welcome (verified)"])
    expect(alice.shown).toEqual(["Bob: thank you (unverified)"])
  })

  test("a captain who is no contact is shown, and taken only when asked for", async () => {
    const stage = new Stage()
    const alice = await stage.enter("alice", ["bob", "carol"])
    await alice.room.start()
    const bob = await stage.enter("bob")
    const outcome = await stage.join(bob)
    expect(outcome).toMatchObject({
      kind: "unverified-captain",
      captain: { channelName: "alice", trust: "unverified" },
    })
    await expect(bob.room.say("hello?")).rejects.toMatchObject({ code: "not-in-room" })
    const { publicKey } = alice.identity
    expect(await stage.join(bob, { captain: identityOf("dave").publicKey })).toEqual({
      kind: "no-answer",
    })
    expect(bob.notices).toContain("other-captain")
    expect(await stage.join(bob, { captain: publicKey })).toMatchObject({ kind: "joined" })
    const carol = await stage.enter("carol")
    expect(await stage.join(carol, { acceptUnverified: true })).toMatchObject({ kind: "joined" })
    expect(carol.room.status.captain).toMatchObject({ trust: "unverified", contact: null })
  })

  test("starting on a channel that is not empty is said; joining an empty one is refused", async () => {
    const stage = new Stage()
    const alice = await stage.enter("alice")
    await expect(alice.room.join()).rejects.toMatchObject({ code: "empty-channel" })
    const bob = await stage.enter("bob")
    await bob.room.start()
    expect(bob.notices).toEqual(["channel-not-empty"])
    await expect(bob.room.start()).rejects.toMatchObject({ code: "in-room" })
    await expect(bob.room.join()).rejects.toMatchObject({ code: "in-room" })
    stage.server.disconnect("alice")
    await expect(alice.room.start()).rejects.toMatchObject({ code: "not-connected" })
  })

  test("joining again gives a fresh key; the same person is in once", async () => {
    const stage = new Stage()
    const { alice, bob } = await stage.threeInARoom()
    expect(await stage.join(bob)).toMatchObject({ kind: "joined" })
    expect(alice.room.status.members?.map(({ name }) => name)).toEqual(["carol", "bob"])
    await alice.room.say("again")
    await stage.settle()
    expect(bob.texts).toEqual(["again"])
  })
})

describe("going", () => {
  test.each(["parted", "kicked", "quit", "netsplit"] as const)(
    "who %s gets no further key and reads no further message",
    async (reason) => {
      const stage = new Stage()
      const { alice, bob, carol } = await stage.threeInARoom()
      const before = keyTransports(stage)
      if (reason === "parted") await carol.channel.close()
      if (reason === "kicked") stage.server.kick("carol")
      if (reason === "quit") stage.server.disconnect("carol")
      if (reason === "netsplit") stage.server.split(["carol"], ["alice", "bob"])
      await stage.settle()
      expect(keyTransports(stage) - before).toBe(1) // One more key transport, for Bob alone.
      expect(alice.notices.slice(-2)).toEqual(["removed", "rekeyed"])
      expect(alice.room.status.members?.map(({ name }) => name)).toEqual(["bob"])
      expect(bob.room.status.keyCounter).toBe(3)
      await bob.room.say("she is gone")
      // The server gives her every line, and she still has her last key.
      for (const line of stage.server.lines) stage.server.inject(line, ["carol"])
      await stage.settle()
      expect(alice.texts).toEqual(["she is gone"])
      expect(carol.texts).toEqual([])
    },
  )

  test("a member whose connection broke is in no room, and joins again", async () => {
    const stage = new Stage()
    const { bob, carol } = await stage.threeInARoom()
    stage.server.disconnect("carol")
    stage.server.reconnect("carol")
    await stage.settle()
    expect(carol.phase).toBe("outside")
    expect(carol.notices.at(-1)).toBe("room-over")
    expect(await stage.join(carol)).toMatchObject({ kind: "joined" })
    await carol.room.say("back")
    await stage.settle()
    expect(bob.texts).toEqual(["back"])
  })

  test("whoever is trusted no more is put out", async () => {
    const stage = new Stage()
    const alice = await stage.enter("alice", ["bob", "carol"])
    await alice.room.start()
    const [bob, carol] = [
      await stage.enter("bob", ["alice", "carol"]),
      await stage.enter("carol", ["alice", "bob"]),
    ]
    await stage.join(bob)
    await stage.join(carol)
    alice.forget("carol")
    await stage.clock.advance(11_000)
    expect(alice.notices).toContain("removed")
    expect(carol.phase).toBe("left-out")
    await expect(carol.room.say("hello?")).rejects.toMatchObject({ code: "left-out" })
    await bob.room.say("between us")
    await stage.settle()
    expect(alice.texts).toEqual(["between us"])
    expect(carol.texts).toEqual([])
    expect(carol.notices).toContain("unreadable")
  })

  test("the captain alone has no key; the next who joins gets a fresh one", async () => {
    const stage = new Stage()
    const alice = await stage.enter("alice", ["bob"])
    await alice.room.start()
    const bob = await stage.enter("bob", ["alice"])
    await stage.join(bob)
    await bob.room.close()
    await stage.settle()
    expect(alice.room.status).toMatchObject({ isKeyed: false, members: [], keyCounter: 1 })
    const again = await stage.enter("bob", ["alice"])
    expect(await stage.join(again)).toMatchObject({ kind: "joined" })
    expect(again.room.status.keyCounter).toBe(2)
  })

  test("a captain who loses the connection leads no more", async () => {
    const stage = new Stage()
    const { alice, bob } = await stage.threeInARoom()
    stage.server.disconnect("alice")
    await stage.settle()
    expect(alice.phase).toBe("outside")
    expect(bob.phase).toBe("orphaned")
    stage.server.reconnect("alice")
    await alice.room.start()
    expect(await stage.join(bob)).toMatchObject({ kind: "joined" })
  })
})

describe("keys", () => {
  test("a fresh key every ten minutes, with a fresh transport key", async () => {
    const stage = new Stage()
    const { alice, bob } = await stage.threeInARoom()
    expect(bob.room.status.keyCounter).toBe(2)
    await stage.clock.advance(600_000)
    expect(bob.room.status.keyCounter).toBe(3)
    await stage.clock.advance(1_800_000)
    expect(bob.room.status.keyCounter).toBe(6)
    await bob.room.say("still here")
    await stage.settle()
    expect(alice.shown).toEqual(["bob: still here (verified)"])
    const transports = stage.server.lines.filter(({ text }) => text.includes("!02"))
    const transportKeys = transports.map(({ text }) => {
      const packet = decodePacket(text.slice(text.indexOf("!") + 1))
      return packet.kind === "key-transport" ? hex(packet.captainTransportKey) : ""
    })
    expect(transportKeys).toHaveLength(6)
    expect(new Set(transportKeys).size).toBe(6)
  })

  test("what was said under an older key is shown as late, up to ten keys back", async () => {
    const stage = new Stage()
    const { alice, bob, carol } = await stage.threeInARoom()
    const held: { from: string; to: null; text: string }[] = []
    // The server holds back what Carol says from Bob, and gives it to him later.
    stage.server.setFilter((line, receiver) => {
      const isHeld = line.from === "carol" && receiver === "bob"
      if (isHeld) held.push({ ...line, to: null })
      return !isHeld
    })
    await carol.room.say("under the old key")
    await carol.room.say("much later")
    for (let rotations = 0; rotations < 9; rotations++) {
      await alice.room.rotate()
      await stage.settle()
    }
    stage.server.inject(held[0]!, ["bob"])
    await stage.settle()
    expect(bob.shown).toEqual(["carol: under the old key (verified, late)"])
    await alice.room.rotate()
    await stage.settle()
    stage.server.inject(held[1]!, ["bob"])
    await stage.settle()
    expect(bob.messages).toHaveLength(1)
    expect(bob.notices.at(-1)).toBe("unreadable")
  })

  test("a nick change moves the person, not the key", async () => {
    const stage = new Stage()
    const { alice, bob, carol } = await stage.threeInARoom()
    stage.server.rename("carol", "caroline")
    stage.server.rename("alice", "captain")
    await stage.settle()
    expect(alice.room.status.members?.map(({ channelName }) => channelName)).toEqual([
      "bob",
      "caroline",
    ])
    expect(bob.room.status.captain?.channelName).toBe("captain")
    await carol.room.say("same me")
    await stage.settle()
    expect(bob.shown).toEqual(["carol: same me (verified)"])
    expect(bob.messages[0]?.from.channelName).toBe("caroline")
    stage.server.kick("caroline")
    await stage.settle()
    expect(alice.room.status.members?.map(({ channelName }) => channelName)).toEqual(["bob"])
    await alice.room.close()
    await stage.settle()
    expect(bob.phase).toBe("orphaned")
  })

  test("only the captain rotates", async () => {
    const stage = new Stage()
    const { bob } = await stage.threeInARoom()
    await expect(bob.room.rotate()).rejects.toMatchObject({ code: "not-captain" })
  })
})

function keyTransports({ server }: Stage): number {
  return server.lines.filter(({ text }) => text.startsWith("?VLA,1,1!02")).length
}
