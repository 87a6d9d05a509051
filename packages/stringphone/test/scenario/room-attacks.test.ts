import { describe, expect, it } from "vitest"
import { concat, u16, u32, u8 } from "../../src/bytes/index.js"
import { randomBytes } from "../../src/crypto/index.js"
import { signBranch } from "../../src/room/room-key.js"
import { decodeSaved, type SavedRoom } from "../../src/room/saved.js"
import type { BranchProof } from "../../src/room/wire/branch-proof.js"
import { encodeClaim } from "../../src/room/wire/claim.js"
import { Eve } from "./room-eve.js"
import { eventsOf, People, type Person } from "./room-people.js"

async function saved({ store }: Person): Promise<SavedRoom> {
  return decodeSaved<SavedRoom>((await store.get("room/room/state"))!.value)
}

/** What a member can sign, whatever it is about. */
async function claimOf(
  person: Person,
  from: number,
  facts: Omit<BranchProof, "signature">,
): Promise<Uint8Array> {
  const { roomId, roomSeed } = await saved(person)
  const signature = signBranch({ roomId, from, ...facts }, roomSeed)
  return encodeClaim({ roomId, from, proof: { ...facts, signature }, votes: [] })
}

describe("attacks on a room", () => {
  it("feigned later epochs strand nobody, in a room where nobody speaks", async () => {
    const people = new People()
    const all = await people.meet("alice", "bob", "carol")
    const eve = new Eve(people.network)
    const { roomId, epoch } = all[0]!.room.status
    for (let i = 0; i < 40; i++) {
      const frame = concat(u8(8), randomBytes(8), u8(28), randomBytes(28), u8(40), randomBytes(40))
      await people.during(eve.say(concat(u8(0x6d), roomId!, u32(epoch + 7), frame)), 10_000)
    }
    for (const { room } of all) expect(room.status).toMatchObject({ phase: "member", epoch })
    await people.during(all[1]!.room.say("still here"), 500)
    expect(people.texts(all[2]!)).toEqual(["still here"])
  })

  it("a member's claim of a takeover moves nobody away from the captain", async () => {
    const people = new People()
    const [mallory, bob, carol] = await people.meet("mallory", "bob", "carol")
    const eve = new Eve(people.network)
    await people.during(mallory!.room.abdicate(carol!.identity.publicKey), 500)
    await people.during(carol!.room.rotate(), 500)
    const { epoch } = carol!.room.status
    // The lowest leaf, the right term, a signature that is genuine: and yet no branch.
    for (const step of ["takeover", "witness"] as const) {
      const facts = { step, leaf: 0, auth8: randomBytes(8), term: 1 }
      await people.during(eve.say(await claimOf(mallory!, epoch - 1, facts)), 8_000)
    }
    for (const { room } of [bob!, carol!]) {
      expect(room.status).toMatchObject({ phase: "member", epoch })
      expect(room.status.captain?.publicKey).toEqual(carol!.identity.publicKey)
    }
    await people.during(bob!.room.say("we stay"), 500)
    expect(people.texts(carol!)).toContain("we stay")
  })

  it("a captain of before is shown when it shows two rooms, and stops nobody from talking", async () => {
    const people = new People()
    const [mallory, bob, carol] = await people.meet("mallory", "bob", "carol")
    const eve = new Eve(people.network)
    const from = mallory!.room.status.epoch
    await people.during(mallory!.room.rotate(), 500)
    await people.during(mallory!.room.abdicate(carol!.identity.publicKey), 500)
    const facts = { step: "change", leaf: 0, auth8: randomBytes(8), term: 0 } as const
    await people.during(eve.say(await claimOf(mallory!, from, facts)), 1_000)
    expect(eventsOf(bob!, "split")[0]?.with?.name).toBe("mallory")
    await people.during(bob!.room.say("we talk on"), 500)
    expect(people.texts(carol!)).toContain("we talk on")
  })

  it("claims without a majority's votes, of another term, or by nobody of the room are nothing", async () => {
    const people = new People()
    const [alice, bob, mallory] = await people.meet("alice", "bob", "mallory")
    const eve = new Eve(people.network)
    await people.during(alice!.room.rotate(), 500)
    const { epoch } = alice!.room.status
    const { roomId } = await saved(mallory!)
    const forged = [
      await claimOf(mallory!, epoch - 1, {
        step: "election",
        leaf: 2,
        auth8: randomBytes(8),
        term: 9,
      }),
      await claimOf(mallory!, epoch - 1, {
        step: "change",
        leaf: 2,
        auth8: randomBytes(8),
        term: 9,
      }),
      await claimOf(mallory!, epoch - 1, {
        step: "abdication",
        leaf: 0,
        auth8: randomBytes(8),
        term: 1,
      }),
      encodeClaim({
        roomId,
        from: epoch - 1,
        proof: {
          step: "change",
          leaf: 0,
          auth8: randomBytes(8),
          term: 0,
          signature: randomBytes(64),
        },
        votes: [],
      }),
    ]
    for (const claim of forged) await people.during(eve.say(claim), 6_000)
    for (const { room } of [alice!, bob!]) {
      expect(room.status).toMatchObject({ phase: "member", epoch, split: null })
    }
  })

  it("who was removed on purpose does not come back by being a contact", async () => {
    const people = new People()
    const [alice, bob, carol] = await people.meet("alice", "bob", "carol")
    await people.during(alice!.room.remove(bob!.identity.publicKey), 500)
    await people.during(alice!.room.abdicate(carol!.identity.publicKey), 500)
    const joining = bob!.room.join()
    await people.clock.advance(20_000)
    expect(carol!.room.status.members).toHaveLength(2)
    expect(carol!.room.status.requests.map(({ contact }) => contact?.petname)).toEqual(["bob"])
    await carol!.room.admit(carol!.room.status.requests[0]!.id)
    expect(await people.during(joining, 3_000)).toEqual({ kind: "joined" })
    expect(alice!.room.status.members).toHaveLength(3)
  })

  it("junk of every first byte changes nothing", async () => {
    const people = new People()
    const all = await people.meet("alice", "bob")
    const eve = new Eve(people.network)
    const { roomId, epoch } = all[0]!.room.status
    for (const type of "korageescmbv") {
      for (const length of [0, 1, 16, 40, 200, 2_000]) {
        const head = concat(u8(type.charCodeAt(0)), roomId!, u32(epoch), u16(1))
        await people.during(eve.say(concat(head, randomBytes(length))), 20)
        await people.during(eve.say(concat(head.subarray(0, 1), randomBytes(length))), 20)
      }
    }
    for (const { room } of all) expect(room.status).toMatchObject({ phase: "member", epoch })
    await people.during(all[0]!.room.say("fine"), 500)
    expect(people.texts(all[1]!)).toEqual(["fine"])
  })

  it("junk entries and orders keep nobody out, and no member from seeing who comes in", async () => {
    const people = new People()
    const [alice, bob, carol] = await people.comeTogether("alice", "bob", "carol")
    await people.start(alice!)
    await people.join(bob!)
    const eve = new Eve(people.network)
    const { roomId, epoch } = alice!.room.status
    for (let i = 0; i < 12; i++) {
      const header = concat(u8(i % 2 ? 0x65 : 0x73), roomId!, u32(epoch), randomBytes(16))
      await people.during(eve.say(concat(header, randomBytes(200))), 20)
    }
    const heardBefore = eve.packets("b").length
    await people.join(carol!)
    expect(bob!.room.status.members).toHaveLength(3)
    expect(eve.packets("b")).toHaveLength(heardBefore)
  })

  it("two programs with one store: the one that opened it last goes on, the other sends nothing", async () => {
    const people = new People()
    const [alice, bob] = await people.meet("alice", "bob")
    const first = alice!.room
    const firstTransport = alice!.transport
    await people.open(alice!, { transport: people.network.connect("alice_") })
    await expect(people.during(first.say("from the old one"), 200)).rejects.toMatchObject({
      code: "taken-over",
    })
    await people.during(alice!.room.say("from the new one"), 500)
    expect(people.texts(bob!)).toEqual(["from the new one"])
    await firstTransport.close()
  })
})
