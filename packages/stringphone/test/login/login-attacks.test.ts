// Who listens, is in the way, or plays one of the two: spec/login.md §3 and §11.
import { describe, expect, test } from "vitest"
import { concat, u32 } from "../../src/bytes/index.js"
import { Identity } from "../../src/identity/index.js"
import { box } from "../../src/login/box.js"
import { challengeTranscript, finishKey, opaqueIdentities } from "../../src/login/handshake-keys.js"
import type { ClientLogin } from "../../src/login/index.js"
import { type LoginRecord, type Price, ServerLogin } from "../../src/login/index.js"
import { finishOpaqueLogin, startOpaqueLogin } from "../../src/login/opaque.js"
import { encodePaddedJson } from "../../src/login/padded-json.js"
import { type Challenge, decodeChallenge, encodeChallenge } from "../../src/login/wire/challenge.js"
import { decodeFinish, encodeFinish } from "../../src/login/wire/finish.js"
import { encodeStart } from "../../src/login/wire/start.js"
import { flipped } from "../wire/fixtures.js"
import {
  cheap,
  clientWith,
  codeOf,
  lifetimes,
  logIn,
  login,
  password,
  random,
  realmWith,
  recordOf,
  serverIdentity,
  session,
  setups,
} from "./login-scene.js"

const dearer: Price = { passes: 2, kib: 16, lanes: 1 }
const realm = realmWith({ price: dearer })
const record = recordOf(realm)
const server = new ServerLogin(realm)
const phone = { device: "phone" }

/** A login up to its finish, with somebody in the way of the first two messages. */
function challenged(
  client: ClientLogin = clientWith(),
  change: (challenge: Challenge) => Challenge = (same) => same,
  of: LoginRecord | null = record,
  startOf: (start: Uint8Array) => Uint8Array = (same) => same,
) {
  const start = client.start(password)
  const { answer, attempt } = server.challenge(startOf(start), of, { random })
  const challenge = encodeChallenge(change(decodeChallenge(answer)))
  return { client, attempt, challenge, finish: () => client.finish(challenge, password, phone) }
}

describe("who is in the way of the challenge and changes", () => {
  const changes: readonly (readonly [string, (challenge: Challenge) => Challenge, string])[] = [
    ["nothing", (same) => same, "none"],
    ["the price down", (one) => ({ ...one, price: { ...one.price, passes: 1 } }), "not-proven"],
    ["the memory down", (one) => ({ ...one, price: { ...one.price, kib: 8 } }), "not-proven"],
    ["the price up", (one) => ({ ...one, price: { ...one.price, passes: 3 } }), "not-proven"],
    ["the lanes", (one) => ({ ...one, price: { ...one.price, lanes: 2 } }), "not-proven"],
    ["the price to none", (one) => ({ ...one, price: { ...one.price, passes: 0 } }), "malformed"],
    ["the realm", (one) => ({ ...one, realm: "pump.example" }), "not-proven"],
    ["the server key", (one) => ({ ...one, serverKey: new Uint8Array(32) }), "not-proven"],
    ["the attempt", (one) => ({ ...one, attempt: new Uint8Array(16) }), "none"],
  ]

  test.each(changes)("%s", (_, change, code) => {
    const { finish } = challenged(clientWith({ realm: undefined }), change)
    expect(codeOf(finish)).toBe(code)
  })

  test("the attempt: the server denies it, and nothing else happens", () => {
    const change = (one: Challenge): Challenge => ({ ...one, attempt: new Uint8Array(16) })
    const { attempt, finish } = challenged(clientWith(), change)
    const bytes = finish()
    expect(server.finish(bytes, attempt)).toBeNull()
    expect(server.finish(bytes, { ...attempt, id: new Uint8Array(16) })).toBeNull()
  })

  test("any byte of KE2", () => {
    for (let at = 0; at < 320; at += 13) {
      const client = clientWith()
      const change = (one: Challenge): Challenge => ({ ...one, ke2: flipped(one.ke2, 8 * at) })
      expect([at, codeOf(challenged(client, change).finish)]).toEqual([at, "not-proven"])
    }
    for (const ke2 of [new Uint8Array(320), new Uint8Array(320).fill(0xff)]) {
      const { finish } = challenged(clientWith(), (one) => ({ ...one, ke2 }))
      expect(codeOf(finish)).toBe("not-proven")
    }
  })

  test("what is known: the client says what is wrong before it computes", () => {
    const pinned = [serverIdentity.publicKey]
    const other = new Identity(new Uint8Array(32).fill(9)).publicKey
    const client = () => clientWith({ pinnedKeys: pinned, floor: dearer })
    const codes = [
      (one: Challenge) => ({ ...one, price: cheap }),
      (one: Challenge) => ({ ...one, price: { ...dearer, kib: 15 } }),
      (one: Challenge) => ({ ...one, realm: "pump.example" }),
      (one: Challenge) => ({ ...one, serverKey: other }),
      // In the order of the specification.
      (one: Challenge) => ({ ...one, serverKey: other, realm: "pump.example", price: cheap }),
      (one: Challenge) => ({ ...one, serverKey: other, realm: "pump.example" }),
    ].map((change) => codeOf(challenged(client(), change).finish))
    expect(codes).toEqual([
      ...["weak-price", "weak-price", "other-realm", "other-server"],
      ...["weak-price", "other-realm"],
    ])
    expect(codeOf(challenged(client()).finish)).toBe("none")
  })
})

describe("who is in the way of the start and changes", () => {
  test("any part of KE1: the server's answer is for another", () => {
    for (const at of [40, 63]) {
      const startOf = (start: Uint8Array): Uint8Array => flipped(start, 8 * at)
      expect(codeOf(challenged(clientWith(), undefined, record, startOf).finish)).toBe("not-proven")
    }
    const points = [0, 31, 64, 95].map((at) =>
      codeOf(() =>
        challenged(clientWith(), undefined, record, (one) =>
          flipped(one, 8 * (2 + at) + 7),
        ).finish(),
      ),
    )
    expect(points.every((code) => code === "malformed" || code === "not-proven")).toBe(true)
  })

  test("the login", () => {
    const swap = (start: Uint8Array): Uint8Array =>
      encodeStart({ ke1: start.slice(2, 98), login: "bobby", known: null })
    const bob = recordOf(realm, "bobby")
    for (const of of [bob, record, null]) {
      expect(codeOf(challenged(clientWith(), undefined, of, swap).finish)).toBe("not-proven")
    }
  })

  test("the proof of a known device: the transcript is another", () => {
    const knownSession = { session, key: new Uint8Array(32).fill(3) }
    const client = clientWith({ knownSession })
    const without = (start: Uint8Array): Uint8Array =>
      encodeStart({ ke1: start.slice(2, 98), login, known: null })
    const { attempt, finish } = challenged(client, undefined, record, without)
    expect(server.finish(finish(), attempt)).toBeNull()
  })
})

describe("who repeats or mixes finishes", () => {
  test("gets nothing for another attempt", () => {
    const [one, two] = [challenged(), challenged()]
    const bytes = one.finish()
    two.finish()
    expect(server.finish(bytes, two.attempt)).toBeNull()
    const renamed = encodeFinish({ ...decodeFinish(bytes), attempt: two.attempt.id })
    expect(server.finish(renamed, two.attempt)).toBeNull()
    expect(server.finish(bytes, one.attempt)).not.toBeNull()
  })

  test("gets nothing once the attempt was taken away, or was late", () => {
    const one = challenged()
    const bytes = one.finish()
    expect(ServerLogin.attemptId(bytes)).toEqual(one.attempt.id)
    expect(server.finish(bytes, one.attempt)?.login).toBe(login)
    expect(server.finish(bytes, null)).toBeNull()
  })

  test("gets nothing with KE3 of one and the box of another", () => {
    const [one, two] = [challenged(), challenged()]
    const [first, second] = [one, two].map(({ finish }) => decodeFinish(finish()))
    const mixed = encodeFinish({ ...first!, sealed: second!.sealed })
    expect(server.finish(mixed, one.attempt)).toBeNull()
  })

  test("gets nothing with any byte changed", () => {
    const one = challenged()
    const bytes = one.finish()
    for (let at = 1; at < bytes.length; at += 7) {
      expect([at, server.finish(flipped(bytes, 8 * at), one.attempt)]).toEqual([at, null])
    }
  })
})

describe("who knows the password and says nonsense", () => {
  const texts: readonly (readonly [string, object])[] = [
    ["no device", {}],
    ["a device that is no name", { device: "\u202ephone" }],
    ["a device that is not trimmed", { device: " phone" }],
    ["a device of 65 characters", { device: "x".repeat(65) }],
    ["a device that is no text", { device: 1 }],
    ["scopes that are none", { device: "x", scopes: ["A"] }],
    ["a scope twice", { device: "x", scopes: ["a", "a"] }],
    ["scopes that are no list", { device: "x", scopes: "a" }],
    ["257 scopes", { device: "x", scopes: Array.from({ length: 257 }, (_, i) => `s${i}`) }],
    ["a request that is no bytes", { device: "x", register: "!" }],
    ["a request that is too short", { device: "x", register: "AAAA" }],
    ["a request that is no point", { device: "x", register: "_".repeat(42) + "8" }],
  ]

  test.each([["something right", { device: "x", future: 1 }] as const, ...texts])(
    "%s",
    (name, text) => {
      const { message, state } = startOpaqueLogin(password)
      const start = encodeStart({ ke1: message, login, known: null })
      const { answer, attempt } = server.challenge(start, record, { random })
      const challenge = decodeChallenge(answer)
      const identities = opaqueIdentities(login, challenge)
      const proven = finishOpaqueLogin(state, password, challenge.ke2, identities, dearer)!
      const t1 = challengeTranscript(start, answer)
      const sealed = box(finishKey(proven.sessionKey, t1), 0, t1, encodePaddedJson(text))
      const finish = encodeFinish({ attempt: challenge.attempt, ke3: proven.ke3, sealed })
      expect(server.finish(finish, attempt)?.device ?? "denied").toBe(
        name === "something right" ? "x" : "denied",
      )
    },
  )
})

describe("who is in the way of the welcome", () => {
  const client = clientWith()
  const { attempt, finish } = challenged(client)
  const accepted = server.finish(finish(), attempt)!
  const welcome = accepted.sealWelcome({ session, scopes: ["lamps"], ...lifetimes })

  test("and changes it, or brings another, is found out; the right one still counts", () => {
    for (let at = 1; at < welcome.length; at += 7) {
      expect([at, codeOf(() => client.welcome(flipped(welcome, 8 * at)))]).toEqual([at, "altered"])
    }
    const other = logIn(realm, record).sent.welcome
    expect(codeOf(() => client.welcome(other))).toBe("altered")
    expect(codeOf(() => client.welcome(welcome.subarray(0, -1)))).toBe("malformed")
    expect(client.welcome(welcome).session).toEqual(session)
  })
})

describe("who plays the server", () => {
  test("with the records and without the setup is not believed", () => {
    const thief = new ServerLogin(
      realmWith({ price: dearer, setups: setups.withNewer().without(1) }),
    )
    const client = clientWith()
    const stolen = { ...record, setup: 2 }
    const { answer } = thief.challenge(client.start(password), stolen, { random })
    expect(codeOf(() => client.finish(answer, password, phone))).toBe("not-proven")
  })

  test("for a client with a floor, and a record of his own, gets nothing at a weak price", () => {
    const evil = realmWith({ price: cheap })
    const client = clientWith({ floor: dearer })
    const { answer } = new ServerLogin(evil).challenge(
      ...([client.start(password), recordOf(evil), { random }] as const),
    )
    expect(codeOf(() => client.finish(answer, password, phone))).toBe("weak-price")
  })
})

describe("who stole the records", () => {
  test("logs in with none of what is in them", () => {
    for (const secret of [record.opaque.subarray(0, 64), record.opaque.subarray(32, 96)]) {
      const { attempt } = challenged()
      const finish = encodeFinish({ attempt: attempt.id, ke3: secret, sealed: new Uint8Array(272) })
      expect(server.finish(finish, attempt)).toBeNull()
    }
  })
})

describe("who listened to a login", () => {
  test("tests no guess against what it kept: the right password does as badly as the others", () => {
    const { sent } = logIn(realm, record)
    const { ke2, price, ...terms } = decodeChallenge(sent.challenge)
    const identities = opaqueIdentities(login, { ...terms, price })
    for (const guess of ["123456", "password", password]) {
      // What only the client knows, the blind of its KE1, was never sent; with another, KE2 opens to nobody.
      const { state } = startOpaqueLogin(guess)
      expect(finishOpaqueLogin(state, guess, ke2, identities, price)).toBeNull()
    }
    // Who asks the server itself learns it, of one guess for each login that is counted.
    const asked = startOpaqueLogin(password)
    const start = encodeStart({ ke1: asked.message, login, known: null })
    const { ke2: own } = decodeChallenge(server.challenge(start, record, { random }).answer)
    expect(finishOpaqueLogin(asked.state, password, own, identities, price)).not.toBeNull()
  })
})

test("a start of 1 MB, or of any wrong length, is refused by its length", () => {
  const start = clientWith().start(password)
  const long = concat(start, new Uint8Array(1_000_000))
  const unknownBytes = () =>
    server.challenge(long, null, {
      random: () => {
        throw new Error("asked")
      },
    })
  expect(codeOf(unknownBytes)).toBe("malformed")
  expect(codeOf(() => ServerLogin.asked(long))).toBe("malformed")
  expect(codeOf(() => ServerLogin.asked(concat(start, u32(0))))).toBe("malformed")
  const finish = concat(challenged().finish(), new Uint8Array(1_000_000 - (1_000_000 % 256)))
  expect(codeOf(() => server.finish(finish, null))).toBe("malformed")
})

test("a login that is not in its one form is none", () => {
  const ke1 = clientWith().start(password).slice(2, 98)
  for (const other of ["Alice", "ａlice", "al ice", "al\u200bice", "", "\0", "a".repeat(65)]) {
    const start = encodeStart({ ke1, login: other, known: null })
    expect([other, codeOf(() => server.challenge(start, record, { random }))]).toEqual([
      other,
      "malformed",
    ])
  }
})
