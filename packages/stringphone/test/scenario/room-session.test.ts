import { describe, expect, it } from "vitest"
import { UsageError } from "../../src/bytes/index.js"
import { decideTrust } from "../../src/identity/index.js"
import { eventsOf, kinds, People, type Person } from "./room-people.js"

/** Petnames of the members, as one of them sees them; oneself as "me". */
function members({ room }: Person): readonly string[] {
  return room.status.members.map(({ isSelf, name }) => (isSelf ? "me" : name)).sort()
}

describe("a room", () => {
  it("is started, entered and used by three who know each other", async () => {
    const people = new People()
    const [alice, bob, carol] = await people.meet("alice", "bob", "carol")
    expect(members(alice!)).toEqual(["bob", "carol", "me"])
    expect(members(bob!)).toEqual(["alice", "carol", "me"])
    expect(members(carol!)).toEqual(["alice", "bob", "me"])
    for (const { room } of [alice!, bob!, carol!]) {
      expect(room.status.captain?.publicKey).toEqual(alice!.identity.publicKey)
      expect(room.status.digits).toMatch(/^\d{4} \d{4} \d{4}$/)
      expect(room.status.digits).toBe(alice!.room.status.digits)
    }

    await people.during(alice!.room.say("hello room"), 100)
    await people.during(bob!.room.say("hi alice 🎈"), 100)
    await people.during(carol!.room.say("x".repeat(20_000)), 100)
    expect(people.texts(alice!)).toEqual(["hi alice 🎈", "x".repeat(20_000)])
    expect(people.texts(bob!)).toEqual(["hello room", "x".repeat(20_000)])
    expect(people.texts(carol!)).toEqual(["hello room", "hi alice 🎈"])
    expect(bob!.messages[0]).toMatchObject({ status: "verified", isLate: false, isOwn: false })
    for (const person of [alice!, bob!, carol!]) expect(kinds(person)).not.toContain("rejected")
    expect(eventsOf(alice!, "joined").map(({ member }) => member.name)).toEqual(["bob", "carol"])
  })

  it("asks its captain about strangers, and tells the declined why", async () => {
    const people = new People()
    const alice = await people.come("alice")
    const mallory = await people.come("mallory")
    await people.start(alice)
    const joining = mallory.room.join()
    await people.clock.advance(5_000)
    const [request] = alice.room.status.requests
    expect(request).toMatchObject({ ownName: "mallory", contact: null, channelName: "mallory" })
    expect(eventsOf(alice, "request")).toHaveLength(1)
    await alice.room.decline(request!.id, "Friends only, sorry.")
    expect(await people.during(joining, 500)).toEqual({
      kind: "declined",
      reason: "Friends only, sorry.",
    })
    expect(mallory.room.status.phase).toBe("outside")

    const again = mallory.room.join()
    await people.clock.advance(5_000)
    await alice.room.admit(alice.room.status.requests[0]!.id)
    expect(await people.during(again, 2_000)).toEqual({ kind: "joined" })
    expect(alice.room.status.members[1]).toMatchObject({ trust: "unverified" })
    await people.during(mallory.room.say("thanks"), 100)
    expect(alice.messages[0]).toMatchObject({ text: "thanks", status: "unverified" })
  })

  it("lets nobody in who is revoked, and says when there is no room", async () => {
    const people = new People()
    const [alice, bob] = await people.comeTogether("alice", "bob")
    expect(await people.during(bob!.room.join(), 12_000)).toEqual({ kind: "no-room" })
    alice!.book = decideTrust(alice!.book, bob!.identity.publicKey, { state: "revoked", atMs: 2 })
    await people.start(alice!)
    const outcome = await people.during(bob!.room.join(), 5_000)
    expect(outcome.kind).toBe("declined")
  })

  it("is not started beside another one by accident", async () => {
    const people = new People()
    const [, bob] = await people.comeTogether("alice", "bob")
    const alice = people.all[0]!
    await people.start(alice)
    await expect(people.start(bob!)).rejects.toMatchObject({ code: "other-room" })
    await people.start(bob!, { besideOther: true })
    expect(bob!.room.status.isCaptain).toBe(true)
    await people.during(alice.room.say("to nobody"), 200)
    expect(bob!.room.status.otherRoom).toBe(true)
    expect(bob!.messages).toEqual([])
  })

  it("sends nothing that is not encrypted", async () => {
    const people = new People()
    const alice = await people.come("alice")
    await expect(alice.room.say("hello?")).rejects.toThrow(UsageError)
    await expect(alice.room.say("hello?")).rejects.toMatchObject({ code: "not-in-room" })
  })

  it("removes a member, who reads and says nothing any more", async () => {
    const people = new People()
    const [alice, bob, mallory] = await people.meet("alice", "bob", "mallory")
    await people.during(alice!.room.remove(mallory!.identity.publicKey), 500)
    expect(mallory!.room.status.phase).toBe("removed")
    expect(eventsOf(mallory!, "removed")[0]?.by.name).toBe("alice")
    expect(eventsOf(bob!, "left")[0]).toMatchObject({
      member: { name: "mallory" },
      by: { name: "alice" },
      reason: "removed",
    })
    await people.during(bob!.room.say("now that we are alone"), 500)
    expect(people.texts(alice!)).toEqual(["now that we are alone"])
    expect(mallory!.messages).toEqual([])
    await expect(mallory!.room.say("let me")).rejects.toMatchObject({ code: "not-in-room" })
    await expect(bob!.room.remove(alice!.identity.publicKey)).rejects.toMatchObject({
      code: "not-captain",
    })
  })

  it("goes on without its captain: the members elect another one", async () => {
    const people = new People()
    const [alice, bob, carol, dave] = await people.meet("alice", "bob", "carol", "dave")
    await people.kill(alice!)
    await people.during(carol!.room.say("is alice there?"), 30_000)
    expect(people.texts(dave!)).toEqual(["is alice there?"])
    await people.clock.advance(60_000)
    for (const person of [bob!, carol!, dave!]) {
      expect(person.room.status.captain?.publicKey).toEqual(bob!.identity.publicKey)
      expect(eventsOf(person, "captain").at(-1)).toMatchObject({ how: "vote" })
      expect(kinds(person)).toContain("election")
    }
    const eve = await people.come("eve", bob!)
    const joining = eve.room.join()
    await people.clock.advance(4_000)
    await bob!.room.admit(bob!.room.status.requests[0]!.id)
    expect(await people.during(joining, 3_000)).toEqual({ kind: "joined" })
    await people.during(eve.room.say("I am new"), 100)
    expect(people.texts(carol!)).toContain("I am new")
  })

  it("goes on after its captain was killed and came back", async () => {
    const people = new People()
    const [alice, bob, carol] = await people.meet("alice", "bob", "carol")
    await people.kill(alice!)
    await people.during(bob!.room.say("while you were away"), 90_000)
    expect(carol!.room.status.captain?.publicKey).toEqual(bob!.identity.publicKey)
    await people.open(alice!)
    await people.clock.advance(15_000)
    expect(alice!.room.status).toMatchObject({ phase: "member", isCaptain: false })
    expect(alice!.room.status.digits).toBe(bob!.room.status.digits)
    expect(people.texts(alice!)).toEqual(["while you were away"])
    await people.during(alice!.room.say("I am back"), 100)
    expect(people.texts(carol!).at(-1)).toBe("I am back")
  })

  it("is handed over", async () => {
    const people = new People()
    const [alice, bob, carol] = await people.meet("alice", "bob", "carol")
    await people.during(alice!.room.abdicate(carol!.identity.publicKey), 500)
    expect(bob!.room.status.captain?.name).toBe("carol")
    expect(carol!.room.status.isCaptain).toBe(true)
    await people.during(carol!.room.remove(bob!.identity.publicKey), 500)
    expect(bob!.room.status.phase).toBe("removed")
    await people.during(carol!.room.leave(), 500)
    await people.clock.advance(3_000)
    expect(members(alice!)).toEqual(["me"])
    expect(alice!.room.status.isCaptain).toBe(true)
    expect(carol!.room.status.phase).toBe("outside")
  })

  it("lets go of a member who says goodbye and is gone in the same moment", async () => {
    const people = new People()
    const [alice, bob] = await people.meet("alice", "bob")
    await people.during(bob!.room.leave(), 0)
    await people.kill(bob!)
    await people.clock.advance(3_000)
    expect(members(alice!)).toEqual(["me"])
    expect(eventsOf(alice!, "left")[0]).toMatchObject({ reason: "left", member: { name: "bob" } })
  })

  it("of two whose captain is gone is taken over, and heals when the captain comes back", async () => {
    const people = new People()
    const [alice, bob] = await people.meet("alice", "bob")
    await expect(bob!.room.takeOver()).rejects.toMatchObject({ code: "captain-is-there" })
    await people.kill(alice!)
    await people.clock.advance(61_000)
    expect(bob!.room.status.captain?.name).toBe("alice")
    await people.during(bob!.room.takeOver(), 500)
    expect(bob!.room.status).toMatchObject({ isCaptain: true, hasMajority: true })
    expect(members(bob!)).toEqual(["me"])
    await people.open(alice!)
    await people.clock.advance(20_000)
    expect(members(bob!)).toEqual(["alice", "me"])
    expect(members(alice!)).toEqual(["bob", "me"])
    await people.during(alice!.room.say("what did I miss?"), 100)
    expect(people.texts(bob!)).toEqual(["what did I miss?"])
  })

  it("lets a minority talk but not change the room, and shows each side the other's words", async () => {
    const people = new People()
    const [alice, bob, carol, dave, erin] = await people.meet(
      "alice",
      "bob",
      "carol",
      "dave",
      "erin",
    )
    people.network.partition(["alice", "bob"], ["carol", "dave", "erin"])
    await people.during(alice!.room.say("said in the minority"), 1_000)
    expect(people.texts(bob!)).toEqual(["said in the minority"])
    expect(alice!.room.status.hasMajority).toBe(false)
    await expect(alice!.room.remove(bob!.identity.publicKey)).rejects.toMatchObject({
      code: "no-majority",
    })
    await people.clock.advance(90_000)
    expect(erin!.room.status.captain?.publicKey).toEqual(carol!.identity.publicKey)
    await people.during(dave!.room.say("said in the majority"), 1_000)
    people.network.heal()
    await people.clock.advance(60_000)
    for (const person of [alice!, bob!, carol!, dave!, erin!]) {
      expect(person.room.status.digits, person.name).toBe(carol!.room.status.digits)
      expect(person.room.status.members).toHaveLength(5)
    }
    for (const person of [bob!, carol!, dave!, erin!]) {
      expect(people.texts(person), person.name).toContain("said in the minority")
    }
    for (const person of [alice!, bob!, carol!, erin!]) {
      expect(people.texts(person), person.name).toContain("said in the majority")
    }
  })

  it("goes on after every program was restarted", async () => {
    const people = new People()
    const all = await people.meet("alice", "bob", "carol")
    for (const person of all) await people.during(person.room.say(`from ${person.name}`), 100)
    for (const person of all) {
      await people.kill(person)
      await people.open(person)
      await people.clock.advance(1_500)
    }
    for (const person of all) await people.during(person.room.say(`${person.name} again`), 100)
    for (const person of all) {
      expect(person.room.status.phase).toBe("member")
      const others = all.filter((other) => other !== person).map(({ name }) => name)
      for (const name of others) {
        expect(people.texts(person).filter((text) => text === `${name} again`)).toHaveLength(1)
        expect(people.texts(person).filter((text) => text === `from ${name}`)).toHaveLength(1)
      }
    }
  })

  it("can be deniable: members prove themselves to each other and sign nothing for good", async () => {
    const people = new People()
    const [alice, bob, carol] = await people.comeTogether("alice", "bob", "carol")
    await people.start(alice!, { isDeniable: true })
    await people.join(bob!, carol!)
    await people.clock.advance(10_000)
    for (const person of [alice!, bob!, carol!]) {
      expect(person.room.status.isDeniable).toBe(true)
      const others = person.room.status.members.filter(({ isSelf }) => !isSelf)
      expect(
        others.map(({ trust }) => trust),
        person.name,
      ).toEqual(["verified", "verified"])
    }
    await people.during(bob!.room.say("I never said this"), 100)
    expect(carol!.messages[0]).toMatchObject({ status: "verified" })
  })
})
