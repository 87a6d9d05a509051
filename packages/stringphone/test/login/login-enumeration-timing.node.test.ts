// Who measures how long a server takes to refuse does not learn which logins it knows. spec/login.md §3.1
//
// Not how fast it is: two groups of times, taken in turns, are compared by how often one of the first is
// shorter than one of the second (Mann and Whitney, 1947; "common language effect size"). 0.5: nobody can
// tell them apart. A machine that does much else disturbs both alike.
import { expect, test } from "vitest"
import { ServerLogin } from "../../src/login/index.js"
import { cheap, clientWith, random, realmWith, recordOf, setups } from "./login-scene.js"

const realm = realmWith()
const server = new ServerLogin(realm)
const outdated = new ServerLogin(realmWith({ setups: setups.withNewer() }))
const dearer = new ServerLogin(realmWith({ price: { ...cheap, passes: 2 } }))
const record = recordOf(realm)

const start = clientWith().start("guess")
const finish = new Uint8Array(81 + 272)
finish[0] = 3

/** A login with a wrong password, the server's part. */
function refuse(at: ServerLogin, known: typeof record | null): void {
  const { attempt } = at.challenge(start, known, { random })
  finish.set(attempt.id, 1)
  expect(at.finish(finish, attempt)).toBeNull()
}

const groups = {
  known: () => refuse(server, record),
  "known, again": () => refuse(server, record),
  unknown: () => refuse(server, null),
  "outdated by its setup": () => refuse(outdated, record),
  "outdated by its price": () => refuse(dearer, record),
  // A server with a leak of a quarter of its time.
  "known, and a quarter longer": () => {
    const begun = process.hrtime.bigint()
    refuse(server, record)
    const until = process.hrtime.bigint() + (process.hrtime.bigint() - begun) / 4n
    while (process.hrtime.bigint() < until);
  },
} as const
type Group = keyof typeof groups

const names = Object.keys(groups) as Group[]
const [warmUp, rounds] = [50, 400]

/** All in turns, each time in another order. */
function measured(): (name: Group) => readonly number[] {
  const times = new Map<Group, number[]>(names.map((name) => [name, []]))
  for (let round = -warmUp; round < rounds; round++) {
    const order = names.map((name) => ({ name, at: Math.random() }))
    for (const { name } of order.sort((a, b) => a.at - b.at)) {
      const begun = process.hrtime.bigint()
      groups[name]()
      if (round >= 0) times.get(name)!.push(Number(process.hrtime.bigint() - begun))
    }
  }
  return (name) => times.get(name)!
}

/** How often one of `a` is shorter than one of `b`; ties count half. */
function shorter(a: readonly number[], b: readonly number[]): number {
  let wins = 0
  for (const x of a) for (const y of b) wins += x < y ? 1 : x === y ? 0.5 : 0
  return wins / (a.length * b.length)
}

test("the times of known, unknown and outdated logins can not be told apart", () => {
  const times = measured()
  const told = (name: Group): number => shorter(times("known"), times(name))
  // That the comparison would show it: otherwise what follows says nothing.
  expect(told("known, and a quarter longer")).toBeGreaterThan(0.7)
  // By chance alone it is off by 0.02 (one standard deviation) with so many.
  for (const name of names.slice(1, -1)) {
    expect(Math.abs(told(name) - 0.5), name).toBeLessThan(0.15)
  }
})
