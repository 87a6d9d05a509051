// A login from both sides: spec/login.md §3.
import { describe, expect, test } from "vitest"
import { Identity } from "../../src/identity/index.js"
import type { AcceptedLogin } from "../../src/login/index.js"
import { ClientRecord, type Price, ServerLogin } from "../../src/login/index.js"
import { knownDeviceKey } from "../../src/login/generation-keys.js"
import {
  cheap,
  clientWith,
  codeOf,
  lifetimes,
  logIn,
  login,
  password,
  random,
  realmName,
  realmWith,
  recordOf,
  serverIdentity,
  session,
  setups,
} from "./login-scene.js"

const realm = realmWith()
const record = recordOf(realm)

describe("a login", () => {
  test("gives both the same session", () => {
    const { accepted, loggedIn } = logIn(realm, record)
    expect(loggedIn).toMatchObject({
      ...lifetimes,
      login,
      realm: realmName,
      price: cheap,
      session,
      scopes: ["lamps"],
      isOutdated: false,
      response: null,
    })
    expect(loggedIn.serverCard.publicKey).toEqual(serverIdentity.publicKey)
    expect(loggedIn.challengeKey).toEqual(serverIdentity.publicKey)
    expect(accepted).toMatchObject({
      login,
      device: "Alice's phone",
      scopesWanted: null,
      offer: null,
    })
    expect(loggedIn.exportGeneration()).toEqual(accepted.exportGeneration())
    expect(loggedIn.exportGeneration()).toMatchObject({ session, generation: 1 })
    expect(loggedIn.exportGeneration().root).toHaveLength(32)
  })

  test("has another root each time", () => {
    const roots = [1, 2].map(() => logIn(realm, record).loggedIn.exportGeneration().root)
    expect(roots[0]).not.toEqual(roots[1])
  })

  test("takes a login and a password as they are typed", () => {
    const client = clientWith({ login: "ＡLICE", realm: "LAMP.example" })
    const other = recordOf(realm, login, "e\u0301clair")
    expect(logIn(realm, other, client, {}, "éclair").loggedIn.login).toBe(login)
  })

  test("can want less than all scopes", () => {
    const { accepted, loggedIn } = logIn(realm, record, clientWith(), { scopes: ["lamps"] })
    expect(accepted.scopesWanted).toEqual(["lamps"])
    expect(loggedIn.scopes).toEqual(["lamps"])
  })

  test("without a pinned realm or key shows both", () => {
    const { loggedIn } = logIn(realm, record, clientWith({ realm: undefined }))
    expect([loggedIn.realm, loggedIn.challengeKey]).toEqual([realmName, serverIdentity.publicKey])
  })

  test("by a machine of one use, in one order", () => {
    const client = clientWith()
    const finish = { device: "phone" }
    const none = new Uint8Array(0)
    expect(codeOf(() => client.finish(none, password, finish))).toBe("wrong-order")
    expect(codeOf(() => client.welcome(none))).toBe("wrong-order")
    client.start(password)
    expect(codeOf(() => client.start(password))).toBe("wrong-order")
    const over = clientWith()
    const { sent } = logIn(realm, record, over)
    expect(codeOf(() => over.welcome(sent.welcome))).toBe("wrong-order")
    expect(codeOf(() => over.finish(sent.challenge, password, finish))).toBe("wrong-order")
  })

  test("is over once a challenge was refused", () => {
    const client = clientWith()
    const challenge = new ServerLogin(realm).challenge(client.start(password), record, { random })
    expect(codeOf(() => client.finish(challenge.answer, "wrong", { device: "x" }))).toBe(
      "not-proven",
    )
    const again = () => client.finish(challenge.answer, password, { device: "x" })
    expect(codeOf(again)).toBe("wrong-order")
  })

  test("with a mistake of the caller's may go on", () => {
    const client = clientWith()
    const server = new ServerLogin(realm)
    const { answer, attempt } = server.challenge(client.start(password), record, { random })
    expect(codeOf(() => client.finish(answer, password, { device: "" }))).toBe("bad-petname")
    const scopes = { device: "x", scopes: ["A"] }
    expect(codeOf(() => client.finish(answer, password, scopes))).toBe("bad-scope")
    expect(server.finish(client.finish(answer, password, { device: "x" }), attempt)).not.toBeNull()
  })
})

describe("what a server says at the end", () => {
  test("is said once, and not more than is wanted", () => {
    const { accepted } = logIn(realm, record)
    const fields = { session, scopes: ["lamps"], ...lifetimes }
    expect(codeOf(() => accepted.sealWelcome(fields))).toBe("wrong-order")
    const fresh = acceptedWith({ scopes: ["lamps"] })
    expect(codeOf(() => fresh.exportGeneration())).toBe("wrong-order")
    expect(codeOf(() => fresh.sealWelcome({ ...fields, scopes: ["lamps", "admin"] }))).toBe(
      "bad-scope",
    )
    expect(codeOf(() => fresh.sealWelcome({ ...fields, accessSeconds: 0 }))).toBe("bad-session")
    expect(codeOf(() => fresh.sealWelcome({ ...fields, session: session.subarray(1) }))).toBe(
      "bad-session",
    )
    fresh.sealWelcome(fields)
  })

  function acceptedWith(options: { readonly scopes: readonly string[] }): AcceptedLogin {
    const client = clientWith()
    const server = new ServerLogin(realm)
    const { answer, attempt } = server.challenge(client.start(password), record, { random })
    return server.finish(client.finish(answer, password, { device: "x", ...options }), attempt)!
  }
})

describe("a server that changes", () => {
  test("its price, and the record follows", () => {
    const dearer = { passes: 2, kib: 16, lanes: 1 }
    const later = realmWith({ price: dearer })
    const change = new ClientRecord()
    const register = change.request("another password")
    const { accepted, loggedIn } = logIn(later, record, clientWith(), { register })
    expect(loggedIn).toMatchObject({ isOutdated: true, price: cheap })
    expect(loggedIn.recordTerms).toMatchObject({ realm: realmName, price: dearer })
    const bounds = { minimum: cheap, floor: loggedIn.price }
    const bytes = change.record(
      ...([loggedIn.response!, "another password", login, loggedIn.recordTerms, bounds] as const),
    )
    const replaced = later.takeRecord(login, bytes, accepted.offer!)
    const again = logIn(later, replaced, clientWith(), {}, "another password").loggedIn
    expect(again).toMatchObject({ isOutdated: false, price: dearer })
  })

  test("its key, and the client follows by the card", () => {
    const identity = new Identity(new Uint8Array(32).fill(8))
    const later = realmWith({ identity })
    const pinned = clientWith({ pinnedKeys: [serverIdentity.publicKey] })
    const { loggedIn } = logIn(later, record, pinned)
    expect(loggedIn.challengeKey).toEqual(serverIdentity.publicKey)
    expect(loggedIn.serverCard.publicKey).toEqual(identity.publicKey)
    expect(loggedIn.isOutdated).toBe(true)
    const both = clientWith({ pinnedKeys: [identity.publicKey, serverIdentity.publicKey] })
    expect(logIn(later, recordOf(later), both).loggedIn.isOutdated).toBe(false)
  })

  test("its setup, and old records say theirs", () => {
    const later = realmWith({ setups: setups.withNewer() })
    expect(logIn(later, record).loggedIn.isOutdated).toBe(true)
    expect(recordOf(later).setup).toBe(2)
    const without = realmWith({ setups: setups.withNewer().without(1) })
    const asked = () =>
      new ServerLogin(without).challenge(clientWith().start("x"), record, { random })
    expect(codeOf(asked)).toBe("no-setup")
  })
})

test("a known device proves that it was here, for this KE1 alone", () => {
  const { loggedIn } = logIn(realm, record)
  const key = knownDeviceKey(loggedIn.exportGeneration())
  const knownSession = { session: loggedIn.session, key }
  const starts = [1, 2].map(() => clientWith({ knownSession }).start(password))
  const asked = starts.map((start) => ServerLogin.asked(start))
  expect(asked.map((one) => [one.login, one.knownSession, one.isKnownDevice(key)])).toEqual(
    starts.map(() => [login, session, true]),
  )
  expect(asked[0]!.isKnownDevice(new Uint8Array(32))).toBe(false)
  const mixed = starts[0]!.slice()
  mixed.set(starts[1]!.subarray(-32), mixed.length - 32)
  expect(ServerLogin.asked(mixed).isKnownDevice(key)).toBe(false)
  const stranger = ServerLogin.asked(clientWith().start(password))
  expect([stranger.knownSession, stranger.isKnownDevice(key)]).toEqual([null, false])
  const { accepted } = logIn(realm, record, clientWith({ knownSession }))
  expect(accepted.login).toBe(login)
})

test("nothing secret shows in JSON", () => {
  const { accepted, loggedIn } = logIn(realm, record)
  const { root } = loggedIn.exportGeneration()
  const text = JSON.stringify({ accepted, loggedIn, client: clientWith(), setups, realm })
  expect(text).toContain(realmName)
  expect(text).not.toContain(JSON.stringify(root).slice(1, 40))
  expect(JSON.stringify({ setups })).toBe('{"setups":{}}')
})

test.each<readonly [string, Price, string]>([
  ["two passes", { passes: 2, kib: 65_536, lanes: 4 }, "weak-price"],
  ["32 MiB", { passes: 3, kib: 32_768, lanes: 4 }, "weak-price"],
  ["17 passes", { passes: 17, kib: 65_536, lanes: 4 }, "price-too-high"],
  ["more than 2 GiB", { passes: 3, kib: 2_097_153, lanes: 4 }, "price-too-high"],
  ["17 lanes", { passes: 3, kib: 65_536, lanes: 17 }, "price-too-high"],
  ["no lane", { passes: 3, kib: 65_536, lanes: 0 }, "malformed"],
])("a price of %s is not paid", (_, price, code) => {
  const client = clientWith({ minimumPrice: undefined })
  const server = new ServerLogin(realm)
  const { answer } = server.challenge(client.start(password), { ...record, price }, { random })
  expect(codeOf(() => client.finish(answer, password, { device: "x" }))).toBe(code)
  expect(codeOf(() => realmWith({ price, minimumPrice: undefined }))).toBe("bad-price")
})

test("the default price is the second choice of RFC 9106, and works", () => {
  const real = realmWith({ price: undefined, minimumPrice: undefined })
  expect(real.price).toEqual({ passes: 3, kib: 65_536, lanes: 4 })
  const change = new ClientRecord()
  const response = real.answerRegistration(real.offer, login, change.request(password))
  const bytes = change.record(response, password, login, real.termsOf(real.offer))
  const strict = clientWith({ minimumPrice: undefined, floor: real.price })
  const { loggedIn } = logIn(real, real.takeRecord(login, bytes, real.offer), strict)
  expect(loggedIn.price).toEqual(real.price)
})
