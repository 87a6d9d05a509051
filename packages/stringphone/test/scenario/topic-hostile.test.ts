import { describe, expect, it } from "vitest"
import { cryptoEngine } from "../../src/crypto/index.js"
import { hex } from "../../src/bytes/index.js"
import type { Faults } from "../../src/transport/memory.js"
import { checkNonces, checkReceived, copyOf, Group } from "./topic-home.js"

const names = ["phone", "tablet", "lamp", "lock", "heater", "radio", "door", "clock"]
const harsh: Faults = {
  drop: 0.03,
  duplicate: 0.05,
  reorder: 0.1,
  replay: 0.05,
  corrupt: 0.01,
  delayMs: { min: 5, max: 400 },
}
/** The portable engine signs and verifies 30 times slower; it gets the same story, shorter. */
const payloadsInAll = cryptoEngine() === "native" ? 100_000 : 3_000

describe("eight participants on a hostile network", () => {
  it("converge, miss nothing unnoticed, and take nothing twice", { timeout: 240_000 }, async () => {
    const group = new Group(11)
    await group.start("phone", { found: true })
    for (const name of names.slice(1)) {
      await group.start(name)
      await group.letIn("phone", name)
      await group.clock.advance(1_000)
    }
    await group.get("phone").session.setAdmin(group.get("tablet").identity.publicKey, true)
    await group.converge(names)

    group.network.setFaults(harsh)
    const everybody = [...group.members.values()]
    const perRound = 400
    let said = 0
    const talk = async (rounds: number, who = everybody): Promise<void> => {
      for (let round = 0; round < rounds; round++) {
        for (const member of who) await member.say(perRound / who.length)
        said += perRound
        await group.clock.advance(2_000)
      }
    }
    const quarter = Math.ceil(payloadsInAll / perRound / 4)
    await talk(quarter)
    // Restarts: in order, and as if the power went.
    await group.get("lamp").session.close()
    await group.start("lamp")
    group.get("lock").crash()
    await group.start("lock")
    await talk(quarter)
    // A rotation, and an old backup.
    const backup = await copyOf(group.get("heater").store)
    const replays = group.sent.length
    await group.get("phone").session.rotate()
    await talk(quarter)
    group.get("heater").crash()
    await group.start("heater", { store: backup })
    for (const bytes of group.sent.slice(replays, replays + 200)) {
      await everyoneHears(group, bytes)
    }
    await talk(quarter)
    expect(said).toBeGreaterThanOrEqual(payloadsInAll)

    group.network.setFaults({})
    await group.clock.advance(20_000)
    await group.converge(names)
    checkNonces(group.sent)
    for (const member of everybody) checkReceived(member, everybody)
    for (const member of everybody) expect(missedUnnoticed(group, member.name)).toEqual([])
    await group.close()
  })
})

async function everyoneHears(group: Group, bytes: Uint8Array): Promise<void> {
  const name = `attacker ${Math.random()}`
  const attacker = group.network.connect(name)
  await attacker.send(bytes)
  await group.clock.advance(10)
  await attacker.close()
}

/** Of whom a receiver missed more than it was told. */
function missedUnnoticed(group: Group, receiver: string): readonly string[] {
  const { events, received } = group.get(receiver)
  return [...group.members.values()]
    .filter(({ name }) => name !== receiver)
    .filter(({ identity, name }) => {
      const last = received.filter(({ text }) => text?.startsWith(`${name}:`))
      if (last.length === 0) return true
      const told = events
        .filter((event) => event.kind === "gap")
        .filter(({ from }) => hex(from.publicKey) === hex(identity.publicKey))
      const missing = told.reduce((sum, one) => sum + one.missing + one.possiblyMissing, 0)
      const numbers = new Set(last.map(({ text }) => Number(text?.split(":")[1])))
      const highest = Math.max(...numbers)
      // At most 64 payloads go in one message.
      return highest + 1 - numbers.size > missing * 64
    })
    .map(({ name }) => name)
}
