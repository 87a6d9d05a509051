// Refresh, reuse, revocation and errors against those in between: spec/login.md §6.
import { beforeEach, describe, expect, test } from "vitest"
import { concat, decodeJson, encodeJson, hex } from "../../src/bytes/index.js"
import { Identity } from "../../src/identity/index.js"
import type { LoginErrorName } from "../../src/login/error-codes.js"
import { errorAnswer, readError, unreadCallAnswer } from "../../src/login/error-proof.js"
import { errorKey, laneOpeningKey, refreshKey } from "../../src/login/generation-keys.js"
import {
  endSession,
  isForgotten,
  isGenerationLiving,
  scopesNow,
  type SessionRecord,
} from "../../src/login/session-record.js"
import { encodeError, encodeErrorContent } from "../../src/login/wire/error.js"
import { encodeOpenLane } from "../../src/login/wire/open-lane.js"
import { decodeRefresh, encodeRefresh } from "../../src/login/wire/refresh.js"
import { codeOf, SceneClient, SceneServer, startMs, yearMs } from "./lane-scene.js"

let server: SceneServer
let client: SceneClient

beforeEach(() => {
  server = new SceneServer()
  client = new SceneClient(server)
})

/** Both have the same generation. */
function expectCommon(one: SceneClient = client): void {
  const { generation, offered, root } = server.living
  const isOffered = one.session.generation === generation + 1
  expect(hex(one.session.root)).toBe(hex(isOffered ? offered!.root : root))
  if (!isOffered) expect(one.session.generation).toBe(generation)
}

/** As a store gives it back. */
function saved<T>(value: T): T {
  return decodeJson(encodeJson(value)) as T
}

describe("generations", () => {
  test("follow one another, and lanes of each can be opened", () => {
    for (let i = 1; i <= 5; i++) {
      expect(client.session.generation).toBe(i)
      client.lane()
      expect(server.living.generation).toBe(i)
      client.refresh()
      expectCommon()
    }
    expect(new Set(server.events)).toEqual(new Set(["opened", "offered"]))
  })

  test("follow one another without any lane", () => {
    for (let i = 0; i < 4; i++) client.refresh()
    expectCommon()
    expect([server.living.generation, client.session.generation]).toEqual([4, 5])
  })

  test("survive a store: records are data", () => {
    for (let i = 0; i < 3; i++) {
      client.refresh()
      client.lane()
      server.record = saved(server.living)
      client.session = saved(client.session)
    }
    client.begin()
    client.session = saved(client.session)
    client.complete(server.refresh(client.begin()))
    expectCommon()
    expect(server.living.state).toBe("living")
  })

  test("an answer says scopes, lifetimes and the server's card", () => {
    const result = client.refresh()
    if (!("terms" in result)) throw new Error("no answer")
    expect(result.terms).toEqual({
      scopes: ["lamp:read", "lamp:switch"],
      accessSeconds: 3_600,
      refreshSeconds: 7_776_000,
      card: server.identity.card(),
    })
    expect(result.serverCard.publicKey).toEqual(server.identity.publicKey)
  })

  test("scopes that a refresh left out never come back; those that the user lost are gone at once", () => {
    server.userScopes = ["lamp:switch", "lamp:sell"]
    expect(scopesNow(server.living, server.userScopes)).toEqual(["lamp:switch"])
    expect(client.refresh()).toMatchObject({ terms: { scopes: ["lamp:switch"] } })
    server.userScopes = ["lamp:read", "lamp:switch", "lamp:sell"]
    expect(scopesNow(server.living, server.userScopes)).toEqual(["lamp:switch"])
    expect(client.refresh()).toMatchObject({ terms: { scopes: ["lamp:switch"] } })
  })

  test("the keys of a generation are four, and differ by session, generation and root", () => {
    const base = { session: new Uint8Array(16), generation: 1, root: new Uint8Array(32) }
    const all = [
      base,
      { ...base, generation: 2 },
      { ...base, session: new Uint8Array(16).fill(1) },
      { ...base, root: new Uint8Array(32).fill(1) },
    ]
    const keys = all.flatMap((one) =>
      [laneOpeningKey(one), refreshKey(one), errorKey(one)].map(hex),
    )
    expect(new Set(keys).size).toBe(12)
  })
})

describe("lost and repeated", () => {
  test("a lost answer is given again, also after a restart of the client", () => {
    const request = client.begin()
    const lost = server.refresh(request)
    client.session = saved(client.session)
    expect(client.begin()).toEqual(request)
    server.nowMs += 80 * 86_400_000
    expect(server.refresh(request)).toEqual(lost)
    client.complete(lost)
    expectCommon()
    client.lane()
  })

  test("an offer that was taken late counts from then on", () => {
    const request = client.begin()
    server.refresh(request)
    server.nowMs += 80 * 86_400_000
    client.complete(server.refresh(request))
    client.lane()
    server.nowMs += 80 * 86_400_000
    expect(client.openLane()).toBe("expired")
    client.refresh()
    client.lane()
    expectCommon()
  })

  test("20 refreshes at once from one pending state: all get the same generation", () => {
    client.begin()
    const programs = Array.from({ length: 20 }, (_, i) => client.stolenBy(`program ${i}`))
    const requests = programs.map((program) => program.begin())
    const answers = requests.map((request) => server.refresh(request))
    programs.forEach((program, i) => program.complete(answers[i]!))
    expect(new Set(programs.map(({ session }) => hex(session.root))).size).toBe(1)
    expect(server.events).toEqual(["offered", ...Array<string>(19).fill("repeated")])
    for (const program of programs) program.lane()
    expectCommon(programs[7])
  })

  test("the answered refresh is answered again for 10 minutes after the next was used", () => {
    const request = client.begin()
    const answer = server.refresh(request)
    client.complete(answer)
    client.lane()
    server.nowMs += 600_000
    expect(server.refresh(request)).toEqual(answer)
    expect(server.events.at(-1)).toBe("repeated")
  })

  test("a listener's late copy of it is noise, for ever: it ends no session", () => {
    const copies: Uint8Array[] = []
    for (let i = 0; i < 5; i++) {
      copies.push(client.begin())
      client.refresh()
      client.lane()
      server.nowMs += 601_000
    }
    for (const copy of copies) {
      const answer = server.refresh(copy)
      expect(server.events.at(-1)).toBe("refused")
      expect(answer[1]).toBe(1)
    }
    client.refresh()
    expectCommon()
  })

  test("a refresh with a wrong mac is noise: denied, of every generation", () => {
    for (let i = 0; i < 3; i++) {
      client.refresh()
      client.lane()
    }
    const stranger = new Uint8Array(32).fill(9)
    for (const generation of [1, 2, 3, 4, 5, 4_294_967_295]) {
      const { session } = client.session
      const request = encodeRefresh({ session, generation, ephemeralKey: stranger }, stranger)
      const before = server.record
      server.refresh(request)
      expect(server.events.at(-1)).toBe("refused")
      expect(server.record).toBe(before)
    }
  })

  test("an ephemeral key of low order is refused, and nothing changes", () => {
    const { generation, session } = client.session
    const refresh = { session, generation, ephemeralKey: new Uint8Array(32) }
    const request = encodeRefresh(refresh, refreshKey(client.session))
    const before = server.record
    expect(codeOf(() => server.refresh(request))).toBe("malformed")
    expect(server.record).toBe(before)
  })
})

describe("reuse", () => {
  test("another refresh of the same generation ends the session, and both sides learn it", () => {
    const thief = client.stolenBy("thief")
    client.refresh()
    expect(thief.refresh()).toEqual({ error: { name: "revoked", seconds: 0 } })
    expect(server.events.at(-1)).toBe("reuse")
    expect(server.record).toMatchObject({ state: "ended", reason: "reuse" })
    // In the generation that was offered, and in the one before.
    expect(client.openLane()).toBe("revoked")
    expect(client.refresh()).toEqual({ error: { name: "revoked", seconds: 0 } })
    expect(thief.openLane()).toBe("revoked")
  })

  test("the thief is first, the device learns it with its old root", () => {
    const thief = client.stolenBy("thief")
    thief.refresh()
    thief.lane()
    expect(client.openLane()).not.toBe("revoked")
    expect(client.refresh()).toEqual({ error: { name: "revoked", seconds: 0 } })
    expect(thief.openLane()).toBe("revoked")
  })

  test("a stolen old root is found out after many generations", () => {
    const thief = client.stolenBy("thief")
    for (let i = 0; i < 30; i++) {
      client.refresh()
      client.lane()
      server.nowMs += 3_600_000
    }
    expect(thief.openLane()).toBe("expired")
    expect(thief.refresh()).toEqual({ error: { name: "revoked", seconds: 0 } })
    expect(server.events.at(-1)).toBe("reuse")
    expect(client.openLane()).toBe("revoked")
  })

  test("a device that slept while a thief went on ends the thief's session", () => {
    const thief = client.stolenBy("thief")
    for (let i = 0; i < 30; i++) {
      thief.refresh()
      thief.lane()
      server.nowMs += 86_400_000
    }
    expect(client.openLane()).toBe("expired")
    expect(client.refresh()).toEqual({ error: { name: "revoked", seconds: 0 } })
    expect(thief.openLane()).toBe("revoked")
  })

  test("a generation that nothing is known of any more is denied by the server key", () => {
    const thief = client.stolenBy("thief")
    for (let i = 0; i < 3; i++) {
      client.refresh()
      client.lane()
    }
    server.retired.clear()
    expect(thief.refresh()).toEqual({ error: { name: "denied", seconds: 0 } })
    expect(server.living.state).toBe("living")
  })

  test("who stole the root can not read the next refresh", () => {
    const thief = client.stolenBy("thief")
    const answer = server.refresh(client.begin())
    thief.begin()
    expect(codeOf(() => thief.complete(answer))).toBe("unauthenticated-answer")
  })
})

describe("errors that nobody proves", () => {
  const request = Uint8Array.of(7, 7, 7)
  const key = new Uint8Array(32).fill(1)
  const pinned = new Identity(new Uint8Array(32).fill(2))
  const stranger = new Identity(new Uint8Array(32).fill(3))
  const trust = { errorKeys: [key], serverKeys: [pinned.publicKey] }

  test("are told from those that the server proves", () => {
    for (const prover of [key, pinned]) {
      const answer = errorAnswer(request, "slow-down", prover, 12)
      expect(readError(answer, request, trust)).toEqual({ name: "slow-down", seconds: 12 })
    }
  })

  test.each([
    [
      "the proof was stripped",
      encodeError({ name: "revoked", seconds: 0, proof: { kind: "none" } }),
    ],
    ["the mac is of another request", errorAnswer(Uint8Array.of(7, 7, 8), "revoked", key)],
    ["the mac is of another session", errorAnswer(request, "revoked", new Uint8Array(32))],
    ["the signature is of another request", errorAnswer(Uint8Array.of(1), "revoked", pinned)],
    ["the signature is by another key", errorAnswer(request, "revoked", stranger)],
  ])("%s", (_, forged) => {
    expect(codeOf(() => readError(forged, request, trust))).toBe("unauthenticated-answer")
  })

  test("a signature about what was not read is for sealed calls on lost lanes alone", () => {
    const call = concat(Uint8Array.of(0x10), new Uint8Array(70_000).fill(7))
    const made = (of: Uint8Array, name: LoginErrorName, by = pinned): Uint8Array => {
      const covered = concat(of.subarray(0, 25), encodeErrorContent(name, 0))
      const signature = by.sign("login error unread", covered)
      return encodeError({ name, seconds: 0, proof: { kind: "call-signature", signature } })
    }
    const genuine = made(call, "unknown-lane")
    expect(unreadCallAnswer(call, pinned)).toEqual(genuine)
    expect(readError(genuine, call, trust).name).toBe("unknown-lane")
    const other = Uint8Array.from(call)
    other[24]! ^= 1
    const before = Uint8Array.of(0x05, ...call.subarray(1))
    for (const [answer, asked] of [
      [genuine, other],
      [made(call, "revoked"), call],
      [made(call, "expired"), call],
      [made(call, "unknown-lane", stranger), call],
      [made(before, "unknown-lane"), before],
    ] as const) {
      expect(codeOf(() => readError(answer, asked, trust))).toBe("unauthenticated-answer")
    }
  })

  test("code and seconds belong to the proof", () => {
    for (const prover of [key, pinned]) {
      for (const at of [1, 2, 5, 6]) {
        const forged = errorAnswer(request, "slow-down", prover, 12)
        forged[at]! ^= 3
        expect(codeOf(() => readError(forged, request, trust))).not.toBe("none")
      }
    }
  })

  test("do not change a session, a refresh or a lane of the client", () => {
    const before = client.session
    const lane = client.begin()
    const forged = errorAnswer(lane, "revoked", stranger)
    expect(codeOf(() => client.complete(forged))).toBe("unauthenticated-answer")
    expect(client.session.root).toBe(before.root)
    expect(codeOf(() => client.completeLane(lane, forged))).toBe("unauthenticated-answer")
    expect(client.told).toEqual([])
    client.refresh()
    expectCommon()
  })

  test("an answer to a refresh with any byte changed is none", () => {
    const answer = server.refresh(client.begin())
    for (let at = 0; at < answer.length; at++) {
      const forged = Uint8Array.from(answer)
      forged[at]! ^= 1
      expect(codeOf(() => client.complete(forged))).toMatch(/^(unauthenticated-answer|malformed)$/)
    }
    const zero = Uint8Array.from(answer).fill(0, 1, 33)
    expect(codeOf(() => client.complete(zero))).toBe("unauthenticated-answer")
    client.complete(answer)
    expectCommon()
  })
})

describe("the end of a session", () => {
  test("is told by its error keys, in the generations that its device may have", () => {
    client.refresh()
    client.lane()
    const behind = client.stolenBy("another program")
    server.refresh(client.begin())
    server.record = endSession(server.living, "revoked", server.nowMs)
    expect(server.record.errorKeys.map(({ generation }) => generation)).toEqual([3, 2, 1])
    expect(client.openLane()).toBe("revoked")
    expect(behind.refresh()).toEqual({ error: { name: "revoked", seconds: 0 } })
    expect(server.record.knownDeviceKey).toBeNull()
  })

  test("is told by the server key where the store lost it", () => {
    server.record = null
    expect(client.openLane()).toBe("revoked")
    expect(client.refresh()).toEqual({ error: { name: "revoked", seconds: 0 } })
    server.record = null
    const other = new Identity(new Uint8Array(32).fill(8))
    const forged = errorAnswer(client.begin(), "revoked", other)
    expect(codeOf(() => client.complete(forged))).toBe("unauthenticated-answer")
  })

  test("by time keeps the device known", () => {
    const ended = endSession(server.living, "time", server.nowMs)
    expect(ended.knownDeviceKey).toHaveLength(32)
    expect(isForgotten(ended.endedMs, ended.keptSeconds, server.nowMs + 90 * 86_400_000)).toBe(
      false,
    )
    expect(isForgotten(ended.endedMs, ended.keptSeconds, server.nowMs + 91 * 86_400_000)).toBe(true)
  })
})

describe("a clock that is wrong", () => {
  test("a leap of a year forward, before the next refresh, ends the session; back again, it lives", () => {
    const before = server.living
    server.nowMs += yearMs
    expect(client.openLane()).toBe("revoked")
    expect(client.refresh()).toEqual({ error: { name: "revoked", seconds: 0 } })
    expect(server.record).toBe(before)
    server.nowMs -= yearMs
    client.refresh()
    client.lane()
    expectCommon()
  })

  test("set back by a year, everything lives longer, and nothing is revoked", () => {
    client.refresh()
    client.lane()
    server.nowMs -= yearMs
    for (let i = 0; i < 3; i++) {
      client.refresh()
      client.lane()
      expectCommon()
    }
    server.nowMs += 86_400_000
    expect(client.openLane()).toBe("expired")
    client.refresh()
    client.lane()
    expect(new Set(server.events)).toEqual(new Set(["offered", "opened", "refused"]))
  })

  test.each([yearMs, -yearMs])("a leap of %d ms while an answer is lost revokes nobody", (leap) => {
    const request = client.begin()
    const answer = server.refresh(request)
    client.complete(answer)
    client.lane()
    server.nowMs += leap
    const late = server.refresh(request)
    // Set back, it is not late yet.
    expect(server.events.at(-1)).toBe(leap < 0 ? "repeated" : "refused")
    expect(late).not.toEqual(new Uint8Array(0))
    expect(server.living.generation).toBe(2)
  })

  test("generations live by differences", () => {
    const record: SessionRecord = server.living
    const after = (ms: number): boolean => isGenerationLiving(record, 1, startMs + ms)
    expect([0, 3_600_000, 3_600_001, -yearMs, yearMs].map(after)).toEqual([
      ...[true, true, false, true, false],
    ])
    client.refresh()
    expect(isGenerationLiving(server.living, 2, startMs)).toBe(false)
    client.lane()
    const both = (ms: number) =>
      [1, 2].map((g) => isGenerationLiving(server.living, g, startMs + ms))
    expect([0, 60_000, 60_001, 3_600_000, 3_600_001].map(both)).toEqual([
      ...[
        [true, true],
        [true, true],
        [false, true],
        [false, true],
        [false, false],
      ],
    ])
  })
})

test("a request of generation 0 is none", () => {
  const { session } = client.session
  const key = new Uint8Array(32)
  const requests = [
    encodeRefresh({ session, generation: 0, ephemeralKey: key }, key),
    encodeOpenLane({ session, generation: 0, clientRandom: new Uint8Array(16) }, key),
  ]
  expect(codeOf(() => decodeRefresh(requests[0]!))).toBe("malformed")
  expect(codeOf(() => server.openLane(requests[1]!))).toBe("malformed")
})
