import { describe, expect, it } from "vitest"
import type { Faults } from "../../src/transport/memory.js"
import { checkNonces, checkReceived, copyOf, Group } from "./topic-home.js"

const lossy: Faults = {
  drop: 0.05,
  duplicate: 0.05,
  reorder: 0.1,
  replay: 0.05,
  delayMs: { min: 5, max: 200 },
}

async function groupOf(names: readonly string[], seed: number): Promise<Group> {
  const group = new Group(seed)
  const [admin, ...others] = names as [string, ...string[]]
  await group.start(admin, { found: true })
  for (const name of others) {
    await group.start(name)
    await group.letIn(admin, name)
    await group.clock.advance(1_000)
  }
  await group.converge(names)
  return group
}

const keyOf = (group: Group, name: string): Uint8Array => group.get(name).identity.publicKey
const textsOf = (group: Group, name: string): readonly (string | null)[] =>
  group.get(name).received.map(({ text }) => text)

describe("epochs", () => {
  it("a removed participant reads nothing more and is heard no more", async () => {
    const group = await groupOf(["phone", "lamp", "thief"], 1)
    group.network.setFaults(lossy)
    await group.get("phone").session.remove(keyOf(group, "thief"))
    await group.converge(["phone", "lamp"])
    await group.clock.advance(60_000)
    const before = group.get("thief").received.length
    await group.get("phone").say(50)
    await group.get("thief").say(50)
    await group.clock.advance(60_000)
    expect(group.get("thief").received).toHaveLength(before)
    expect(group.get("thief").session.standing).toBe("removed")
    expect(textsOf(group, "lamp").some((text) => text?.startsWith("thief:"))).toBe(false)
    expect(textsOf(group, "lamp").length).toBeGreaterThan(0)
    await group.close()
  })

  it("a sleeper returns after 30 epochs with one message", async () => {
    const group = await groupOf(["phone", "lamp", "sleeper"], 2)
    const sleeper = group.get("sleeper")
    group.network.disconnect(sleeper.place)
    for (let i = 0; i < 30; i++) {
      await group.get("phone").session.rotate()
      await group.clock.advance(400_000)
    }
    expect(group.get("lamp").session.epoch).toBe(33)
    group.network.reconnect(sleeper.place)
    await group.get("phone").say(1)
    await group.converge(["phone", "lamp", "sleeper"])
    await group.get("phone").say(1)
    await sleeper.say(1)
    await group.clock.advance(5_000)
    expect(textsOf(group, "sleeper")).toContain("phone:1")
    expect(textsOf(group, "lamp")).toContain("sleeper:0")
    expect(sleeper.events.filter(({ kind }) => kind === "rekeyed").length).toBeLessThan(5)
    await group.close()
  })

  it("two admins at once: the loser's removal and its newcomer are not lost", async () => {
    const names = ["phone", "tablet", "lamp", "thief"]
    const group = await groupOf(names, 3)
    await group.get("phone").session.setAdmin(keyOf(group, "tablet"), true)
    await group.converge(names)
    await group.start("guest")
    const [phone, tablet] = [group.get("phone"), group.get("tablet")]
    // Both act in the same moment, and neither has heard of the other.
    group.network.partition(["phone 1", "lamp 1"], ["tablet 1", "thief 1", "guest 1"])
    await phone.session.remove(keyOf(group, "thief"))
    await group.letIn("tablet", "guest")
    await group.clock.advance(5_000)
    group.network.heal()
    await phone.say(1)
    await tablet.say(1)
    const rest = ["phone", "tablet", "lamp", "guest"]
    await group.converge(rest)
    const members = phone.session.participants().map(({ publicKey }) => publicKey)
    expect(members).toHaveLength(4)
    expect(members).not.toContainEqual(keyOf(group, "thief"))
    const before = textsOf(group, "thief").length
    await phone.say(1)
    await group.clock.advance(5_000)
    expect(textsOf(group, "guest")).toContain("phone:1")
    expect(textsOf(group, "thief")).toHaveLength(before)
    await group.close()
  })

  it("two long branches are merged into one roster", async () => {
    const names = ["phone", "tablet", "lamp", "lock", "thief"]
    const group = await groupOf(names, 4)
    await group.get("phone").session.setAdmin(keyOf(group, "tablet"), true)
    await group.converge(names)
    await group.start("guest")
    group.network.partition(["phone 1", "lamp 1"], ["tablet 1", "lock 1", "thief 1", "guest 1"])
    await group.letIn("tablet", "guest")
    await group.clock.advance(2_000)
    for (let i = 0; i < 3; i++) {
      await group.get("tablet").session.rotate()
      await group.clock.advance(2_000)
    }
    await group.get("phone").session.remove(keyOf(group, "thief"))
    await group.clock.advance(2_000)
    group.network.heal()
    group.network.setFaults(lossy)
    for (let i = 0; i < 20; i++) {
      await group.get("phone").say(1)
      await group.get("tablet").say(1)
      await group.clock.advance(2_000)
    }
    const rest = ["phone", "tablet", "lamp", "lock", "guest"]
    await group.converge(rest)
    expect(group.get("lamp").session.participants()).toHaveLength(5)
    await group.close()
  })

  it(
    "joins, removals, restarts and rotations at random, and all agree in the end",
    { timeout: 120_000 },
    async () => {
      for (let seed = 1; seed <= 4; seed++) {
        const names = ["phone", "tablet", "a", "b", "c", "d", "e", "f"]
        const group = await groupOf(names.slice(0, 5), 100 + seed)
        await group.get("phone").session.setAdmin(keyOf(group, "tablet"), true)
        await group.converge(names.slice(0, 5))
        group.network.setFaults(lossy)
        const present = new Set(names.slice(0, 5))
        let random = seed * 7919
        const below = (count: number): number => {
          random = (random * 1_103_515_245 + 12_345) % 2 ** 31
          return random % count
        }
        for (let round = 0; round < 40; round++) {
          const ordinary = names.slice(2)
          const who = ordinary[below(ordinary.length)] as string
          const admin = below(2) === 0 ? "phone" : "tablet"
          const act = below(5)
          try {
            if (act === 0 && present.has(who) && present.size > 3) {
              await group.get(admin).session.remove(keyOf(group, who))
              present.delete(who)
            } else if (act === 1 && !present.has(who)) {
              if (!group.members.has(who)) await group.start(who)
              if (group.get(who).session.standing === "member") continue
              await group.letIn(admin, who)
              present.add(who)
            } else if (act === 2) await group.get(admin).session.rotate()
            else if (act === 3 && present.has(who)) {
              group.get(who).crash()
              await group.start(who)
            }
          } catch (error) {
            // Admins of different opinions for a moment: it says so, and nothing happened.
            expect(error).toMatchObject({ name: "UsageError" })
            continue
          }
          for (const name of present) await group.get(name).say(3)
          await group.clock.advance(200 + below(20_000))
        }
        group.network.setFaults({})
        for (let i = 0; i < 5; i++) {
          for (const name of ["phone", "tablet"]) await group.get(name).say(1)
          await group.clock.advance(20_000)
        }
        const inside = [...group.members.keys()].filter((name) =>
          group
            .get("phone")
            .session.participants()
            .some(({ publicKey }) => publicKey.every((byte, i) => byte === keyOf(group, name)[i])),
        )
        await group.converge(inside)
        checkNonces(group.sent)
        for (const member of group.members.values())
          checkReceived(member, [...group.members.values()])
        await group.close()
      }
    },
  )

  it("a lamp from an old backup does not do twice what it was told", async () => {
    const group = await groupOf(["phone", "lamp"], 6)
    const backup = await copyOf(group.get("lamp").store)
    const from = group.sent.length
    // It runs on, is started anew, and is told things.
    group.get("lamp").crash()
    await group.start("lamp")
    await group.clock.advance(5_000)
    await group.get("phone").say(10)
    await group.clock.advance(5_000)
    expect(group.get("lamp").received).toHaveLength(10)
    group.get("lamp").crash()
    await group.start("lamp", { store: backup })
    const attacker = group.network.connect("attacker")
    for (const bytes of group.sent.slice(from)) await attacker.send(bytes)
    await group.clock.advance(60_000)
    expect(group.get("lamp").received).toHaveLength(10)
    expect(group.get("lamp").events.map(({ kind }) => kind)).toContain("old-copy")
    await group.get("phone").say(1)
    await group.clock.advance(5_000)
    expect(textsOf(group, "lamp").at(-1)).toBe("phone:10")
    checkNonces(group.sent)
    await group.close()
  })
})

describe("an admin that was removed", () => {
  it("does not come back with an epoch of the same number", async () => {
    const names = ["phone", "stolen", "lamp", "lock"]
    const group = await groupOf(names, 7)
    await group.get("phone").session.setAdmin(keyOf(group, "stolen"), true)
    await group.converge(names)
    // The thief hears nothing, and answers in kind.
    group.network.partition(["phone 1", "lamp 1", "lock 1"], ["stolen 1"])
    await group.get("phone").session.remove(keyOf(group, "stolen"))
    await group.clock.advance(2_000)
    await group.get("stolen").session.remove(keyOf(group, "phone"))
    await group.clock.advance(2_000)
    group.network.heal()
    for (let i = 0; i < 10; i++) {
      for (const name of names) await group.get(name).say(1)
      await group.clock.advance(15_000)
    }
    await group.converge(["phone", "lamp", "lock"])
    const inside = group.get("lock").session.participants()
    expect(inside.map(({ publicKey }) => publicKey)).not.toContainEqual(keyOf(group, "stolen"))
    expect(inside).toHaveLength(3)
    await group.close()
  })
})
