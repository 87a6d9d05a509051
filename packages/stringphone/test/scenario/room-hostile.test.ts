import { describe, expect, it } from "vitest"
import { eventsOf, People } from "./room-people.js"

const names = ["alice", "bob", "carol", "dave", "erin", "frank"] as const

describe("a room on a hostile channel", () => {
  it.each([1, 2, 3])("loses nothing unnoticed and takes nothing twice (seed %i)", async (seed) => {
    const people = new People({}, { seed })
    const all = await people.meet(...names)
    people.network.setFaults({
      drop: 0.1,
      duplicate: 0.1,
      reorder: 0.2,
      corrupt: 0.05,
      replay: 0.1,
    })
    const said: string[] = []
    for (let i = 0; i < 60; i++) {
      const speaker = all[i % all.length]!
      said.push(`${speaker.name} ${i}`)
      await people.during(speaker.room.say(`${speaker.name} ${i}`), 700)
      if (i % 20 === 19) await people.during(all[0]!.room.rotate(), 100)
    }
    await people.clock.advance(60_000)
    people.network.setFaults({})
    await people.clock.advance(60_000)
    for (const person of all) {
      const { room } = person
      expect(room.status.phase, person.name).toBe("member")
      expect(room.status.digits, person.name).toBe(all[0]!.room.status.digits)
      const texts = people.texts(person)
      expect(new Set(texts).size, person.name).toBe(texts.length)
      const missing = said.filter((text) => !text.startsWith(person.name) && !texts.includes(text))
      const told = eventsOf(person, "gap").reduce((sum, gap) => sum + gap.missing, 0)
      expect(missing.length, `${person.name} misses ${missing.join()}`).toBeLessThanOrEqual(told)
      for (const { from, text } of person.messages) expect(text.startsWith(from.name)).toBe(true)
    }
  })
})
