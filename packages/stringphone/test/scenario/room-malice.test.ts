import { describe, expect, it } from "vitest"
import { ChannelError, hex } from "../../src/bytes/index.js"
import { exchangePublicKey, randomBytes } from "../../src/crypto/index.js"
import { encodeKnock } from "../../src/room/wire/knock.js"
import type { Commit, Store } from "../../src/store/index.js"
import { Eve, withheld } from "./room-eve.js"
import { Mallory } from "./room-mallory.js"
import { People } from "./room-people.js"

/** A disk that is full for whole states, while `isFull`. */
function flaky(store: Store, isFull: () => boolean): Store {
  return {
    get: (key) => store.get(key),
    list: (prefix) => store.list(prefix),
    close: () => store.close(),
    commit: async (commit: Commit) => {
      const isWhole = commit.writes.some(({ key }) => key.endsWith("/state"))
      if (isWhole && isFull()) throw new ChannelError("store-failed", "The disk is full.")
      return store.commit(commit)
    },
  }
}

describe("a room among the malicious", () => {
  it("uses no key twice after its store failed once", async () => {
    const people = new People()
    const [alice, bob] = await people.meet("alice", "bob")
    let isFull = false
    await people.kill(alice!)
    await people.open(alice!, { store: flaky(alice!.store, () => isFull) })
    await people.clock.advance(10_000)
    for (let i = 0; i < 5; i++) await people.during(alice!.room.say(`before ${i}`), 200)
    isFull = true
    await people.clock.advance(8_000) // It would be saved whole now.
    isFull = false
    await people.during(alice!.room.say("after"), 200)
    isFull = true
    await people.kill(alice!)
    isFull = false
    await people.open(alice!)
    await people.during(alice!.room.say("new"), 2_000)
    expect(people.texts(bob!)).toContain("new")
  })

  it("elects, and hands over, although one voted for the highest term", async () => {
    const people = new People()
    const [alice, bob, carol, mallory] = await people.meet("alice", "bob", "carol", "mallory")
    const eve = new Eve(people.network)
    const evil = await Mallory.of(mallory!)
    await people.kill(alice!)
    await people.clock.advance(40_000)
    await people.during(eve.say(await evil.vote(0xffffffff, 1)), 3_000)
    await people.clock.advance(120_000)
    const captain = [bob!, carol!, mallory!].find(({ room }) => room.status.isCaptain)!
    const next = captain === bob ? carol! : bob!
    await people.during(captain.room.abdicate(next.identity.publicKey), 3_000)
    expect(next.room.status.isCaptain).toBe(true)
    expect(next.room.status.epoch).toBe(captain.room.status.epoch)
  })

  it("elects although one voted in sixteen terms, and left", async () => {
    const people = new People()
    const all = await people.meet("alice", "bob", "carol", "dave", "mallory")
    const [alice, bob, , , mallory] = all
    const eve = new Eve(people.network)
    const evil = await Mallory.of(mallory!)
    for (let i = 0; i < 16; i++) await people.during(eve.say(await evil.vote(20 + i, 4)), 300)
    await people.kill(alice!)
    await people.kill(mallory!)
    await people.clock.advance(500_000)
    expect(bob!.room.status.captain?.name).not.toBe("alice")
  })

  it("outlives a word of the captain whom it was taken from", async () => {
    const people = new People()
    const [alice, bob, carol, dave] = await people.meet("alice", "bob", "carol", "dave")
    const eve = new Eve(people.network)
    const evil = await Mallory.of(alice!)
    const from = alice!.room.status.epoch
    await people.kill(alice!)
    await people.kill(dave!)
    await people.clock.advance(70_000)
    await people.during(bob!.room.takeOver(), 2_000)
    await people.clock.advance(1_300_000)
    const facts = { step: "change", leaf: 0, auth8: randomBytes(8), term: 0 } as const
    await people.during(eve.say(evil.claim(from, facts)), 60_000)
    for (const { room } of [bob!, carol!]) expect(room.status.phase).toBe("member")
    await people.during(bob!.room.say("still here"), 500)
    expect(people.texts(carol!)).toContain("still here")
  })

  it("outlives votes that came to nothing, in the hands of whom they were for", async () => {
    const people = new People()
    const [alice, bob, carol, dave] = await people.meet("alice", "bob", "carol", "dave")
    const eve = new Eve(people.network)
    const [evil, ...voters] = [
      await Mallory.of(bob!),
      await Mallory.of(carol!),
      await Mallory.of(dave!),
    ]
    const from = alice!.room.status.epoch
    const votes = [evil, ...voters].map((voter) => voter.castVote(1, 1))
    await people.during(alice!.room.remove(bob!.identity.publicKey), 2_000)
    await people.clock.advance(1_300_000)
    const facts = { step: "election", leaf: 1, auth8: randomBytes(8), term: 1 } as const
    await people.during(eve.say(evil.claim(from, facts, votes)), 60_000)
    for (const { room } of [alice!, carol!, dave!]) expect(room.status.phase).toBe("member")
    await people.during(carol!.room.say("still here"), 500)
    expect(people.texts(dave!)).toContain("still here")
  })

  it("goes back for no claim whose branch is not there", async () => {
    const people = new People()
    const [alice, bob, carol, dave] = await people.meet("alice", "bob", "carol", "dave")
    const eve = new Eve(people.network)
    const [evil, ...voters] = [
      await Mallory.of(bob!),
      await Mallory.of(carol!),
      await Mallory.of(dave!),
    ]
    const from = alice!.room.status.epoch
    const votes = [evil, ...voters].map((voter) => voter.castVote(1, 1))
    await people.during(alice!.room.remove(bob!.identity.publicKey), 2_000)
    const epoch = alice!.room.status.epoch
    const facts = { step: "election", leaf: 1, auth8: randomBytes(8), term: 1 } as const
    for (let i = 0; i < 8; i++) {
      await people.during(eve.say(evil.claim(from, facts, votes)), 8_000)
      for (const { room } of [alice!, carol!, dave!]) {
        expect(room.status).toMatchObject({ epoch, phase: "member" })
      }
    }
    await people.during(carol!.room.say("still here"), 500)
    expect(people.texts(dave!)).toContain("still here")
    for (const { events } of [alice!, carol!, dave!]) {
      expect(events.some(({ kind }) => kind === "healed")).toBe(false)
    }
  })

  it("says what one missed again once, and not from everybody", async () => {
    const people = new People()
    const all = await people.comeTogether("a", "b", "c", "d", "e", "f", "g", "h")
    const last = all[7]!
    let isHiding = false
    let hidden = 0
    await people.kill(last)
    const transport = withheld(
      people.network.connect("h2"),
      (bytes) => isHiding && bytes[0] === 0x6d && ++hidden === 1,
    )
    await people.open(last, { transport })
    await people.start(all[0]!)
    await people.join(...all.slice(1))
    const eve = new Eve(people.network)
    isHiding = true
    await people.during(all[1]!.room.say("missed by one"), 500)
    const wire = hex(eve.packets("m").at(-1)!)
    await people.during(all[2]!.room.say("names it"), 20_000)
    expect(people.texts(last)).toContain("missed by one")
    const times = eve.packets("m").filter((bytes) => hex(bytes) === wire).length
    expect(times).toBeLessThanOrEqual(3)
  })

  it("hears who asks to be let in, through many who only knock", async () => {
    const people = new People()
    const alice = await people.come("alice")
    await people.start(alice)
    const dave = await people.come("dave")
    const eve = new Eve(people.network)
    for (let i = 0; i < 40; i++) {
      const key = exchangePublicKey(randomBytes(32))
      await people.during(eve.say(encodeKnock({ key })), 2_100)
    }
    const joining = dave.room.join()
    await people.clock.advance(8_000)
    expect(alice.room.status.requests.map(({ ownName }) => ownName)).toEqual(["dave"])
    await alice.room.admit(alice.room.status.requests[0]!.id)
    expect(await people.during(joining, 3_000)).toEqual({ kind: "joined" })
  })
})
