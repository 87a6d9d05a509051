// Whatever comes in, in every phase: it is handled, what is refused changes nothing, little of it is
// kept, and afterwards everything goes on.
import fc from "fast-check"
import { beforeAll, describe, expect, test } from "vitest"
import { sameBytes, u32, utf8 } from "../../src/bytes/index.js"
import { cryptoEngine } from "../../src/crypto/index.js"
import { Effects, type Room } from "../../src/room/index.js"
import type { Person } from "../scenario/room-simulation-people.js"
import { Simulation } from "../scenario/room-simulation.js"

const numRuns = cryptoEngine() === "native" ? 150 : 20
const types = utf8("koragescmbv")

/** Something that a stranger, a server or a member could put on the channel. */
type Input =
  | { readonly kind: "random"; readonly type: number; readonly bytes: Uint8Array }
  | {
      readonly kind: "changed"
      readonly which: number
      readonly how: "verbatim" | "flip" | "cut" | "more" | "epoch" | "type" | "crossed"
      readonly at: number
      readonly value: number
    }

const input: fc.Arbitrary<Input> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("random" as const),
      type: fc.constantFrom(...types),
      bytes: fc.uint8Array({ maxLength: 200 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("changed" as const),
      which: fc.nat(),
      how: fc.constantFrom("verbatim", "flip", "cut", "more", "epoch", "type", "crossed"),
      at: fc.nat(),
      value: fc.integer({ min: 0, max: 255 }),
    }),
  },
)

function bytesOf(input: Input, recorded: readonly Uint8Array[]): Uint8Array {
  if (input.kind === "random") return Uint8Array.of(input.type, ...input.bytes)
  const { at, how, value, which } = input
  const bytes = (recorded[which % recorded.length] as Uint8Array).slice()
  const place = at % bytes.length
  switch (how) {
    case "verbatim":
      return bytes
    case "flip":
      bytes[place] = (bytes[place] as number) ^ (1 << (value % 8))
      return bytes
    case "cut":
      return bytes.subarray(0, place)
    case "more":
      return Uint8Array.of(...bytes, value)
    case "epoch":
      // Where messages of the room have it, behind its ID.
      if (bytes.length > 21) bytes.set(u32(value % 12), 17)
      return bytes
    case "type":
      bytes[0] = types[value % types.length] as number
      return bytes
    case "crossed": {
      const other = recorded[value % recorded.length] as Uint8Array
      return Uint8Array.of(...bytes.subarray(0, place), ...other.subarray(place))
    }
  }
}

/** A room with members in every phase: captain, member, removed, asking, outside, left behind. */
async function meet(): Promise<Simulation> {
  const world = new Simulation({ seed: 9, size: 6 })
  const [captain, member, removed, asking, , stranded] = world.people as readonly [
    Person,
    Person,
    Person,
    Person,
    Person,
    Person,
  ]
  world.isHealed = true
  world.regroup(world.links.groups)
  for (const person of world.people) world.ticks(person)
  await world.act(captain, (room, out) =>
    room.found({ title: "x", isDeniable: false }, world.time, out),
  )
  for (const person of [member, removed, stranded]) {
    await world.join(person)
    await world.agenda.runUntil(world.agenda.now + 15_000)
  }
  for (const person of world.members) await world.say(person)
  await world.agenda.runUntil(world.agenda.now + 5_000)
  await world.act(captain, (room, out) =>
    room.requireMember().captaincy.remove(removed.identity.publicKey, world.time, out),
  )
  removed.isBanned = true
  await world.agenda.runUntil(world.agenda.now + 5_000)
  for (const person of world.members) await world.say(person)
  await world.connect(stranded, false)
  const leftBehind = stranded.room.requireMember()
  leftBehind.removedBy = { by: leftBehind.captain ?? leftBehind.own, reason: "absent" }
  await world.act(stranded, (room, out) => room.tick(world.time, out))
  // Asks, and then hears nothing any more.
  await world.join(asking)
  while (!asking.room.isAsked) await world.agenda.runUntil(world.agenda.now + 10)
  await world.connect(asking, false)
  return world
}

let world: Simulation

describe("a room's machine", () => {
  beforeAll(async () => {
    world = await meet()
  }, 60_000)

  test("has somebody in every phase", () => {
    const phases = world.people.map(({ room }) => room.phase)
    expect(phases).toEqual(["member", "member", "removed", "joining", "outside", "stranded"])
    expect(world.people[0]?.room.member?.isCaptain).toBe(true)
    expect(world.people[3]?.room.isAsked).toBe(true)
  })

  test.each([0, 1, 2, 3, 4, 5])(
    "takes anything, whoever it is (person %i)",
    async (index) => {
      const person = world.people[index] as Person
      const recorded = world.recorded.map(({ bytes }) => bytes)
      await fc.assert(
        fc.asyncProperty(fc.array(input, { minLength: 1, maxLength: 12 }), async (inputs) => {
          const room = await again(person)
          const { phase } = room
          for (const one of inputs) {
            const out = new Effects()
            const before = room.save()
            await room.receive(bytesOf(one, recorded), "mallory", world.time, out)
            const isRefused = out.events.some(({ kind }) => kind === "rejected")
            if (isRefused) expect(isSame(room.save(), before)).toBe(true)
            if (isRefused) expect(out.save).toBe("nothing")
          }
          // Nobody comes in, is thrown out or loses the others by what is not the captain's word.
          expect(room.phase).toBe(phase)
        }),
        { numRuns, seed: 7 },
      )
    },
    120_000,
  )

  test("keeps little of what anybody can send", async () => {
    const person = world.people[0] as Person
    const room = await again(person)
    const { roomId, epoch } = room.requireMember()
    let now = world.agenda.now
    for (let i = 0; i < 600; i++) {
      now += 250
      const time = { now, wall: now }
      const grant = Uint8Array.of(...u32(i), ...new Uint8Array(12))
      const rest = new Uint8Array(60).fill(i)
      const slot = [...roomId, ...u32(epoch), ...grant, ...rest]
      const later = [...roomId, ...u32(epoch + 1 + (i % 3)), 8, ...rest.subarray(0, 8), 1, i, 40]
      for (const bytes of [
        Uint8Array.of(0x6b, ...world.chances.bytes(32)),
        Uint8Array.of(0x65, ...slot),
        Uint8Array.of(0x73, ...slot),
        Uint8Array.of(0x6d, ...later, ...rest.subarray(0, 40)),
        Uint8Array.of(0x63, ...later, ...rest.subarray(0, 40)),
      ]) {
        await room.receive(bytes, `m${i}`, time, new Effects())
      }
      const { early, entries, newcomers, orders, votes } = room.requireMember().held
      expect(early).toBeLessThanOrEqual(64)
      expect(entries).toBeLessThanOrEqual(4)
      expect(orders).toBeLessThanOrEqual(4)
      expect(newcomers).toBeLessThanOrEqual(32)
      expect(votes).toBe(0)
    }
    expect(room.requireMember().held).toMatchObject({ early: 64, newcomers: 32 })
    expect(room.save()?.length).toBeLessThan(3 * (person.room.save()?.length ?? 0))
  })

  test("goes on after all of it", async () => {
    await world.heal()
    for (const person of world.people) person.wantsIn = !person.isBanned
    await world.agenda.runUntil(world.agenda.now + 120_000)
    for (const { isBanned, room } of world.people) {
      expect(room.phase).toBe(isBanned ? "removed" : "member")
    }
    for (const person of world.members) await world.say(person)
    await world.agenda.runUntil(world.agenda.now + 30_000)
    const auths = new Set(world.members.map(({ room }) => room.member?.auth8.join()))
    expect(auths.size).toBe(1)
    expect(world.ledger.violations).toEqual([])
  })
})

/** Members from what they saved, so that every run begins alike; the others as they are. */
async function again(person: Person): Promise<Room> {
  const state = person.room.save()
  if (!state) return person.room
  const room = world.roomOf(person)
  await room.restore(state, null, world.time)
  return room
}

function isSame(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : sameBytes(a, b)
}
