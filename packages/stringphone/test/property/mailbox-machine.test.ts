// Whatever happens to letters and those who write them, each is shown once, to whom it is, and by whom it
// is; and nothing that arrives in time is missed. spec/mailbox.md §2 to §4
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { cryptoEngine } from "../../src/crypto/index.js"
import type { Authorship } from "../../src/mailbox/index.js"
import { acquainted, pass, Writer } from "../scenario/mailbox-people.js"
import { Scene, type Step } from "./mailbox-machine-scene.js"

const numRuns = cryptoEngine() === "native" ? 60 : 5
const { process } = globalThis as {
  readonly process?: { readonly env: Readonly<Record<string, string | undefined>> }
}
/** The same stories each time; others where somebody asks for them: `MAILBOX_SEED=7`. */
const seed = Number(process?.env["MAILBOX_SEED"] ?? 1)
const names = ["alice", "bob", "carol", "dave"]
const who = fc.nat(names.length - 1)
const authorships: readonly Authorship[] = ["deniable", "deniable", "signed", "anonymous"]

const write = fc.record({
  do: fc.constant("write" as const),
  from: who,
  to: fc.array(who, { minLength: 1, maxLength: 3 }),
  life: fc.nat(4),
  authorship: fc.constantFrom(...authorships),
  isInvited: fc.boolean(),
  isAnew: fc.boolean(),
})
const count = fc.integer({ min: 5, max: 50 })
const burst = fc.record({ do: fc.constant("burst" as const), from: who, to: who, count })
const arrive = fc.record({ do: fc.constant("arrive" as const), at: who, which: fc.nat() })
const days = fc.record({ do: fc.constant("days" as const), days: fc.integer({ min: 1, max: 6 }) })
const off = fc.integer({ min: -7, max: 7 })
const clock = fc.record({ do: fc.constant("clock" as const), of: who, off })
const restarts = fc.constantFrom("restart" as const, "copy" as const, "go back" as const)
const restart = fc.record({ do: restarts, of: who })
const forget = fc.record({ do: fc.constant("forget" as const), of: who, whom: who })

const often = { weight: 6, arbitrary: write }
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    often,
    { weight: 14, arbitrary: arrive },
    { weight: 1, arbitrary: burst },
    { weight: 3, arbitrary: days },
    { weight: 1, arbitrary: clock },
    { weight: 3, arbitrary: restart },
    { weight: 1, arbitrary: forget },
  ),
  { minLength: 5, maxLength: 120, size: "max" },
)

describe("letters", () => {
  test("of people who do not know each other yet, in two weeks", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const scene = new Scene(names, { mayMeet: true, days: 14 })
        for (const step of all) scene.run(step)
        scene.end()
      }),
      { numRuns, seed },
    )
  }, 600_000)

  test("of people who do, in four months", () => {
    fc.assert(
      fc.property(steps, (all) => {
        const scene = new Scene(names, { mayMeet: false, days: 120 })
        const { people } = scene
        people.forEach((one, i) => people.slice(i + 1).forEach((other) => acquainted(one, other)))
        for (const step of all) scene.run(step)
        scene.end()
      }),
      { numRuns, seed },
    )
  }, 600_000)

  test("the scene shows most of what is written", () => {
    const scene = new Scene(names, { mayMeet: true, days: 14 })
    for (const step of fc.sample(steps, { numRuns: 4, seed: 7 }).flat()) {
      if (step.do !== "forget") scene.run(step)
    }
    scene.end()
    const shown = scene.people.flatMap((one) => [...one.shown])
    const ways = new Set(
      scene.people.flatMap((one) => [...one.shown].map(({ ways }) => ways.get(one)!.by)),
    )
    expect(ways).toEqual(new Set(["pair", "introduction", "nothing"]))
    expect(shown.length).toBeGreaterThan(50)
  })
})

test("both wrote first, and nobody wrote for five weeks: they still reach each other", () => {
  const [alice, bob] = [new Writer("alice"), new Writer("bob")]
  const fromAlice = alice.write([bob.mailbox.publicAddress(bob.today)], "from alice")
  const fromBob = bob.write([alice.mailbox.publicAddress(alice.today)], "from bob")
  expect([bob.texts(fromAlice), alice.texts(fromBob)]).toEqual([["from alice"], ["from bob"]])
  for (let i = 0; i < 4; i++) pass(10, alice, bob)
  expect(bob.texts(alice.write([bob], "still there?"))).toEqual(["still there?"])
  expect(alice.texts(bob.write([alice], "still here"))).toEqual(["still here"])
})

test("who forgot somebody and writes to its address gets the answer", () => {
  const [alice, bob] = [new Writer("alice"), new Writer("bob")]
  acquainted(alice, bob)
  alice.mailbox.forget(bob.key)
  const first = alice.write([bob.mailbox.publicAddress(bob.today)], "once more")
  expect(bob.texts(first)).toEqual(["once more"])
  expect(alice.texts(bob.write([alice], "gladly"))).toEqual(["gladly"])
})

test("a letter from beyond the window is searched for when small steps have reached it", () => {
  const [alice, bob] = [new Writer("alice"), new Writer("bob")]
  acquainted(alice, bob)
  const sent = Array.from({ length: 34 }, (_, i) => alice.write([bob], `letter ${i}`)).flat()
  bob.mailbox.hasNewTags = false
  // Number 33 of the window of 0 to 31, then one after the other.
  const texts = bob.texts([sent.at(-1)!, ...sent.slice(0, -1)])
  expect(texts).toHaveLength(33)
  expect(bob.mailbox.isOurs(sent.at(-1)!)).toBe(true)
  expect(bob.mailbox.hasNewTags).toBe(true)
})

// An open pair is written to although the letter is to a new address. [MAILBOX-3-7]
test("who was forgotten and is invited anew is read, although it has keys of before", () => {
  const [alice, bob] = [new Writer("alice"), new Writer("bob")]
  acquainted(alice, bob)
  alice.mailbox.forget(bob.key)
  const invitation = alice.mailbox.invite(alice.today + 28)
  expect(alice.texts(bob.write([invitation], "here I am"))).toEqual(["here I am"])
})
