// Whole logins: spec/login-classic.md §4.
import { describe, expect, test } from "vitest"
import { ClassicRecord } from "../../src/login/classic/index.js"
import { decodeChallenge } from "../../src/login/classic/wire/challenge.js"
import {
  asked,
  House,
  houseOfAlice,
  logIn,
  password,
  proofOf,
  recordOf,
} from "../wire/login-classic-fixtures.js"
import { failure } from "../wire/mailbox-classic-fixtures.js"

describe("a login", () => {
  test.each([false, true])("and calls after it; with exchange: %s", (hasExchange) => {
    const house = houseOfAlice({ hasExchange })
    const { session, wire } = logIn(house, "alice", password, { hasExchange })
    expect(wire.request.includes("&dh=")).toBe(hasExchange)
    expect(wire.challenge.includes("&dh=")).toBe(hasExchange)
    const call = house.call(session.call({ do: "open", door: "2 & 3" }))
    expect(call).toEqual({
      login: "alice",
      token: session.token,
      number: 1,
      args: new Map([
        ["do", "open"],
        ["door", "2 & 3"],
      ]),
    })
    expect(house.call(session.call()).number).toBe(2)
  })

  test("logins and passwords are typed in whatever form Unicode has for them", () => {
    const house = new House()
    const record = recordOf("Zoe\u0308", "pa\u0308ss ①")
    house.records.set(record.login, record)
    expect(record.login).toBe("Zoë")
    const { session } = logIn(house, "Zoë", "päss 1")
    expect(house.call(session.call()).login).toBe("Zoë")
  })

  test("a wrong password, another realm and another's record are refused alike", () => {
    const house = houseOfAlice()
    house.records.set("bob", ClassicRecord.fromText(house.register("bob", "other").toText()))
    const refusals = [
      failure(() => house.prove(proofOf(house, "alice", "sunshine2"))),
      failure(() => house.prove(proofOf(house, "bob"))),
      failure(() => {
        const { client, challenge } = asked(house, "alice", { realm: "barn.example" })
        house.prove(client.prove(challenge, password))
      }),
    ]
    expect(refusals).toEqual(refusals.map(() => "PeerError login-refused"))
  })

  test("M is above N, has four digits, and is not always the same [YAAS-4-6]", () => {
    const house = houseOfAlice({ limits: { maxChallengesPerLogin: 500 } })
    const all = Array.from({ length: 300 }, () => decodeChallenge(asked(house).challenge).steps)
    expect(Math.min(...all)).toBeGreaterThan(1000)
    expect(Math.max(...all)).toBeLessThanOrEqual(2000)
    expect(new Set(all).size).toBeGreaterThan(200)
  })
})

describe("challenges", () => {
  test("are good once, whatever the proof [YAAS-4-7]", () => {
    const house = houseOfAlice()
    const right = proofOf(house)
    expect(house.prove(right).login).toBe("alice")
    expect(failure(() => house.prove(right))).toBe("PeerError login-refused")
    const { client, challenge } = asked(house)
    const proof = client.prove(challenge, password)
    const wrong = proof.replace(/.$/, (last) => (last === "0" ? "1" : "0"))
    expect(failure(() => house.prove(wrong))).toBe("PeerError login-refused")
    expect(failure(() => house.prove(proof))).toBe("PeerError login-refused")
  })

  test("end after a minute, and with a restart; a clock that is a year off ends them", () => {
    const house = houseOfAlice()
    const [inTime, late] = [proofOf(house), proofOf(house)]
    house.nowMs += 59_999
    expect(house.prove(inTime).login).toBe("alice")
    house.nowMs += 1
    expect(failure(() => house.prove(late))).toBe("PeerError login-refused")
    const beforeRestart = proofOf(house)
    house.restart()
    expect(failure(() => house.prove(beforeRestart))).toBe("PeerError login-refused")
    const before = proofOf(house)
    house.nowMs += 365 * 24 * 3_600_000
    expect(failure(() => house.prove(before))).toBe("PeerError login-refused")
    expect(house.prove(proofOf(house)).login).toBe("alice")
  })

  test("of one login push out only each other; all together the oldest [YAAS-4-7]", () => {
    const limits = { maxChallenges: 5, maxChallengesPerLogin: 3 }
    const house = houseOfAlice({ limits })
    house.register("bob")
    const bob = proofOf(house, "bob")
    const alice = [1, 2, 3, 4].map(() => proofOf(house))
    expect(failure(() => house.prove(alice[0]!))).toBe("PeerError login-refused")
    expect(house.prove(alice[1]!).login).toBe("alice")
    expect(house.prove(bob).login).toBe("bob")
    const oldest = proofOf(house, "bob")
    for (const stranger of ["a", "b", "c", "d", "e"]) asked(house, stranger)
    expect(failure(() => house.prove(oldest))).toBe("PeerError login-refused")
  })

  test("expired ones do not take the place of live ones", () => {
    const house = houseOfAlice({ limits: { maxChallenges: 2, maxChallengesPerLogin: 2 } })
    asked(house)
    asked(house)
    house.nowMs += 60_000
    const [first, second] = [proofOf(house), proofOf(house)]
    expect(house.prove(first).login).toBe("alice")
    expect(house.prove(second).login).toBe("alice")
  })
})
