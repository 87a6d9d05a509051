// What a caller of classic login can do wrong: spec/login-classic.md §6.
import { describe, expect, test } from "vitest"
import {
  ClassicLoginClient,
  ClassicLoginServer,
  ClassicSession,
  createClassicRecord,
} from "../../src/login/classic/index.js"
import { secret } from "../wire/fixtures.js"
import {
  acceptRisks,
  clientOf,
  cost,
  House,
  houseOfAlice,
  password,
  realm,
  recordOf,
} from "../wire/login-classic-fixtures.js"
import { failure, seededRandom } from "../wire/mailbox-classic-fixtures.js"

describe("the caller's mistakes", () => {
  const random = seededRandom("mistakes")
  const options = { acceptRisks, realm, login: "alice" } as const
  const serverOptions = { acceptRisks, realm, secret: secret(1) } as const
  const user = { ...options, password, cost } as const
  const off = { acceptRisks: undefined as unknown as typeof acceptRisks }

  test.each([
    ["classic-not-enabled", () => new ClassicLoginClient({ ...options, ...off })],
    ["classic-not-enabled", () => new ClassicLoginServer({ ...serverOptions, ...off })],
    ["classic-not-enabled", () => createClassicRecord({ ...user, ...off }, random)],
    ["bad-realm", () => new ClassicLoginClient({ ...options, realm: "" })],
    ["bad-realm", () => new ClassicLoginServer({ ...serverOptions, realm: "é".repeat(128) })],
    ["bad-login", () => new ClassicLoginClient({ ...options, login: "" })],
    ["bad-login", () => new ClassicLoginClient({ ...options, login: "a\nb" })],
    ["bad-login", () => new ClassicLoginClient({ ...options, login: "\ud83d" })],
    ["bad-login", () => createClassicRecord({ ...user, login: "a".repeat(65) }, random)],
    ["bad-password", () => createClassicRecord({ ...user, password: "" }, random)],
    ["bad-password", () => createClassicRecord({ ...user, password: "x".repeat(1025) }, random)],
    ["bad-cost", () => createClassicRecord({ ...user, cost: { passes: 0, memoryKib: 8 } }, random)],
    ["bad-cost", () => createClassicRecord({ ...user, cost: { passes: 1, memoryKib: 7 } }, random)],
    [
      "bad-cost",
      () => new ClassicLoginServer({ ...serverOptions, cost: { passes: 17, memoryKib: 8 } }),
    ],
    ["bad-random", () => createClassicRecord(user, () => new Uint8Array(3))],
    ["bad-secret", () => new ClassicLoginServer({ ...serverOptions, secret: new Uint8Array(31) })],
    [
      "bad-limits",
      () => new ClassicLoginServer({ ...serverOptions, limits: { maxChallenges: 0 } }),
    ],
    ["bad-limits", () => new ClassicLoginClient({ ...options, bounds: { minSteps: 1 } })],
    ["bad-limits", () => new ClassicLoginClient({ ...options, bounds: { maxPasses: 17 } })],
    [
      "bad-limits",
      () => new ClassicLoginClient({ ...options, bounds: { minMemoryKib: 2_000_000 } }),
    ],
  ])("%s", (code, run) => {
    expect(failure(run)).toBe(`UsageError ${code}`)
  })

  test("another's record, no time, and steps in another order", () => {
    const house = houseOfAlice()
    const client = clientOf("alice")
    expect(failure(() => client.prove("", password))).toBe("UsageError wrong-order")
    expect(failure(() => client.accept(""))).toBe("UsageError wrong-order")
    const request = client.request(random)
    expect(failure(() => client.request(random))).toBe("UsageError wrong-order")
    expect(failure(() => house.server.challenge(request, recordOf("bob"), house))).toBe(
      "UsageError bad-record",
    )
    expect(failure(() => house.server.challenge(request, null, { random, nowMs: NaN }))).toBe(
      "UsageError bad-time",
    )
    const challenge = house.challenge(request)
    expect(failure(() => client.prove(challenge, ""))).toBe("UsageError bad-password")
    const proof = client.prove(challenge, password)
    expect(failure(() => client.prove(challenge, password))).toBe("UsageError wrong-order")
    client.accept(house.prove(proof).text)
    expect(failure(() => client.request(random))).toBe("UsageError wrong-order")
    expect(failure(() => house.server.call("", Infinity))).toBe("UsageError bad-time")
  })

  test.each([
    ["nothing", "", "login-corrupt"],
    ["null", "null", "login-corrupt"],
    ["of the future", '{"version":2}', "login-newer"],
    ["without content", '{"version":1}', "login-corrupt"],
    ["of nobody", '{"version":1,"tokens":[null]}', "login-corrupt"],
    ["of half a token", '{"version":1,"tokens":[{"login":"a"}],"login":"a"}', "login-corrupt"],
  ])("what was saved is %s", (_, text, code) => {
    const saved = new TextEncoder().encode(text)
    expect(failure(() => ClassicSession.restore(saved))).toBe(`ChannelError ${code}`)
    expect(failure(() => new House().restart(saved))).toBe(`ChannelError ${code}`)
  })
})
