// Registration by invitation: spec/login.md §8.2.
import { describe, expect, test } from "vitest"
import { base64url, concat } from "../../src/bytes/index.js"
import {
  type ClientLoginOptions,
  ClientRegistration,
  decodeLoginRecord,
  encodeLoginRecord,
  type Invitation,
  invitationId,
  type InvitationState,
  invitationText,
  readInvitationText,
  ServerRegistration,
} from "../../src/login/index.js"
import { encodeInvitation } from "../../src/login/invitation.js"
import { flipped } from "../wire/fixtures.js"
import {
  cheap,
  clientWith,
  codeOf,
  logIn,
  password,
  random,
  realmName,
  realmWith,
  seeded,
  serverIdentity,
  setups,
} from "./login-scene.js"

const realm = realmWith()
const server = new ServerRegistration(realm)
const code = new Uint8Array(16).fill(0xc0)
const lastDay = 20_000

const invitation: Invitation = {
  serverKey: serverIdentity.publicKey,
  exchangeKey: serverIdentity.exchangePublicKey,
  code,
  lastDay,
  url: "http://192.168.0.7:8080",
  realm: realmName,
  login: "",
}

const clientFor = (changes: Partial<Invitation> = {}, login: string | null = "alice") =>
  new ClientRegistration({
    invitation: { ...invitation, ...changes },
    login: login ?? undefined,
    minimumPrice: cheap,
  })
const newState = (login = ""): InvitationState =>
  ServerRegistration.invitationState(code, lastDay, login)

/** Its first message, answered. */
function begun(
  client: ClientRegistration,
  state: InvitationState,
  name: string,
  isTaken = false,
  at = server,
) {
  const register = client.start(password, { random: seeded(name) })
  const opened = at.open(register, state, lastDay)
  if (opened.kind !== "begun") throw new Error("it was answered before")
  return { register, login: opened.login, ...opened.answer(isTaken) }
}

function finished(record: Uint8Array, state: InvitationState, at = server) {
  const done = at.finish(record, state, lastDay)
  if (done.kind !== "registered") throw new Error("it was answered before")
  return done
}

/** A whole registration. */
function registered(client: ClientRegistration, state: InvitationState, at = server) {
  const first = begun(client, state, client.login, false, at)
  const record = client.record(first.answer, password)
  const done = finished(record, first.state, at)
  return { first, record, done, pinned: client.finish(done.answer) }
}

describe("a registration", () => {
  test("ends with a record, and what to pin; then its user can log in", () => {
    const { done, first, pinned } = registered(clientFor(), newState())
    expect(first.login).toBe("alice")
    expect(pinned).toEqual({
      login: "alice",
      realm: realmName,
      serverKey: serverIdentity.publicKey,
      price: cheap,
    })
    const { price: floor, serverKey, ...rest } = pinned
    const options: Partial<ClientLoginOptions> = { ...rest, floor, pinnedKeys: [serverKey] }
    const atRest = decodeLoginRecord(encodeLoginRecord(done.record))
    expect(atRest).toEqual({ ...done.record, serverKey: Uint8Array.from(serverKey) })
    expect(logIn(realm, atRest, clientWith(options)).loggedIn.isOutdated).toBe(false)
  })

  test("is found by its invitation's ID", () => {
    const { first, record } = registered(clientFor(), newState())
    const ids = [first.register, record].map((one) => ServerRegistration.invitationId(one))
    expect(ids).toEqual([invitationId(code), invitationId(code)])
  })

  test("with an invitation for one login is for that login", () => {
    expect(clientFor({ login: "bob" }, null).login).toBe("bob")
    expect(clientFor({ login: "bob" }, "BOB").login).toBe("bob")
    expect(codeOf(() => clientFor({ login: "bob" }, "alice"))).toBe("bad-login")
    expect(codeOf(() => clientFor({}, null))).toBe("bad-login")
    expect(codeOf(() => begun(clientFor(), newState("bob"), "x"))).toBe("denied")
    expect(registered(clientFor({ login: "bob" }, null), newState("bob")).pinned.login).toBe("bob")
  })

  test("of a login that is taken says so, and another may be tried", () => {
    const client = clientFor()
    const taken = begun(client, newState(), "taken", true)
    expect(codeOf(() => client.record(taken.answer, password))).toBe("login-taken")
    expect(registered(clientFor({}, "alice2"), taken.state).pinned.login).toBe("alice2")
  })

  test("pays no weak price", () => {
    const strict = new ClientRegistration({ invitation, login: "alice" })
    const { answer } = begun(strict, newState(), "strict")
    expect(codeOf(() => strict.record(answer, password))).toBe("weak-price")
  })

  test("goes on by the offer that it began with, whatever the server changes meanwhile", () => {
    const client = clientFor()
    const first = begun(client, newState(), "before")
    const record = client.record(first.answer, password)
    const later = realmWith({ setups: setups.withNewer(), price: { ...cheap, passes: 2 } })
    const done = finished(record, first.state, new ServerRegistration(later))
    expect(done.record).toMatchObject({ setup: 1, price: cheap })
    expect(logIn(later, done.record).loggedIn.isOutdated).toBe(true)
  })

  test("by a machine of one use, in one order", () => {
    const client = clientFor()
    const none = new Uint8Array(0)
    expect(codeOf(() => client.record(none, password))).toBe("wrong-order")
    expect(codeOf(() => client.finish(none))).toBe("wrong-order")
    const { done, first } = registered(client, newState())
    expect(codeOf(() => client.start(password, { random }))).toBe("wrong-order")
    expect(codeOf(() => client.record(first.answer, password))).toBe("wrong-order")
    expect(codeOf(() => client.finish(done.answer))).toBe("wrong-order")
  })
})

describe("an invitation", () => {
  test("is used once, and what is repeated gets the same answer", () => {
    const { done, first, record } = registered(clientFor(), newState())
    const repeated = { kind: "repeated", answer: first.answer }
    expect(server.open(first.register, first.state, lastDay)).toEqual(repeated)
    expect(server.open(first.register, done.state, lastDay)).toEqual(repeated)
    expect(server.finish(record, done.state, lastDay)).toEqual({
      kind: "repeated",
      answer: done.answer,
    })
    expect(codeOf(() => begun(clientFor({}, "bob"), done.state, "again"))).toBe("denied")
    const other = clientFor({}, "bob")
    const both = begun(other, first.state, "other")
    const late = other.record(both.answer, password)
    expect(finished(late, both.state).login).toBe("bob")
    expect(codeOf(() => server.finish(late, done.state, lastDay))).toBe("denied")
  })

  test("ends with its last day", () => {
    const client = clientFor()
    const register = client.start(password, { random: seeded("late") })
    expect(codeOf(() => server.open(register, newState(), lastDay + 1))).toBe("denied")
    const first = begun(clientFor(), newState(), "in time")
    expect(codeOf(() => server.open(first.register, first.state, lastDay + 1))).toBe("denied")
  })

  test("begins sixteen registrations at most", () => {
    let state = newState()
    for (let i = 0; i < 16; i++) state = begun(clientFor({}, `a${i}`), state, `many ${i}`).state
    expect(codeOf(() => begun(clientFor(), state, "one more"))).toBe("denied")
    expect(state.begun).toHaveLength(16)
  })

  test("is not another's", () => {
    const client = clientFor({ code: new Uint8Array(16) })
    const register = client.start(password, { random: seeded("other") })
    expect(codeOf(() => server.open(register, newState(), lastDay))).toBe("denied")
  })
})

describe("who is in the way of a registration", () => {
  test("changes nothing of its first message", () => {
    const register = clientFor().start(password, { random: seeded("changed") })
    for (let at = 1; at < register.length; at += 11) {
      const changed = flipped(register, 8 * at)
      expect([at, codeOf(() => server.open(changed, newState(), lastDay))]).toEqual([at, "denied"])
    }
    const lowOrder = register.slice().fill(0, 17, 49)
    expect(codeOf(() => server.open(lowOrder, newState(), lastDay))).toBe("denied")
  })

  test("changes nothing of what begins like one that was answered", () => {
    const { register, state } = begun(clientFor(), newState(), "answered")
    const changed = flipped(register, 8 * 60)
    expect(codeOf(() => server.open(changed, state, lastDay))).toBe("denied")
  })

  test("changes nothing of the answers, and the right ones still count", () => {
    const client = clientFor()
    const first = begun(client, newState(), "answers")
    for (let at = 1; at < first.answer.length; at += 11) {
      const changed = flipped(first.answer, 8 * at)
      expect([at, codeOf(() => client.record(changed, password))]).toEqual([at, "altered"])
    }
    const other = begun(clientFor(), newState(), "others").answer
    expect(codeOf(() => client.record(other, password))).toBe("altered")
    const record = client.record(first.answer, password)
    for (let at = 1; at < record.length; at += 11) {
      const changed = flipped(record, 8 * at)
      expect([at, codeOf(() => server.finish(changed, first.state, lastDay))]).toEqual([
        at,
        "denied",
      ])
    }
    const { answer } = finished(record, first.state)
    for (let at = 1; at < answer.length; at += 11) {
      expect([at, codeOf(() => client.finish(flipped(answer, 8 * at)))]).toEqual([at, "altered"])
    }
    expect(client.finish(answer).login).toBe("alice")
  })

  test("sees no login", () => {
    const { first, record } = registered(clientFor({}, "alice-the-visible"), newState())
    const seen = [first.register, first.answer, record].map((one) => String.fromCharCode(...one))
    expect(seen.filter((one) => one.includes("alice"))).toEqual([])
  })
})

describe("an invitation as text", () => {
  test("is as written down", () => {
    const text = invitationText(invitation)
    expect(text).toBe(`stringphone:login/${base64url(encodeInvitation(invitation))}`)
    expect(readInvitationText(`\n ${text} `)).toEqual({
      ...invitation,
      serverKey: Uint8Array.from(invitation.serverKey),
      exchangeKey: Uint8Array.from(invitation.exchangeKey),
    })
    expect(readInvitationText(invitationText({ ...invitation, login: "Bob" })).login).toBe("bob")
  })

  test("says what is wrong to who makes it", () => {
    const codes = [
      { url: "ftp://x" },
      { url: "http://a b" },
      { realm: "a b" },
      { login: "a b" },
    ].map((changes) => codeOf(() => invitationText({ ...invitation, ...changes })))
    expect(codes).toEqual(["bad-url", "bad-url", "bad-realm", "bad-login"])
    const long = { ...invitation, url: `http://${"x".repeat(255)}` }
    expect(codeOf(() => invitationText(long))).toBe("bad-url")
  })

  test("is whole, or none", () => {
    const bytes = encodeInvitation(invitation)
    const asText = (one: Uint8Array): string => `stringphone:login/${base64url(one)}`
    for (let length = 0; length < bytes.length; length++) {
      const code = codeOf(() => readInvitationText(asText(bytes.subarray(0, length))))
      expect([length, code]).toEqual([length, "bad-invitation"])
    }
    const others = [
      ...[asText(concat(bytes, Uint8Array.of(0))), asText(flipped(bytes, 0))],
      ...["", "stringphone:login/", "stringphone:mail/AAAA", "stringphone:login/!", "http://lamp"],
      asText(encodeInvitation({ ...invitation, url: "ftp://x" })),
      asText(encodeInvitation({ ...invitation, realm: "Lamp" })),
      asText(encodeInvitation({ ...invitation, login: "Bob" })),
    ]
    expect(others.map((one) => codeOf(() => readInvitationText(one)))).toEqual(
      others.map(() => "bad-invitation"),
    )
  })
})

test("what is no record is not taken", () => {
  const opaque = new Uint8Array(192)
  expect(codeOf(() => realm.takeRecord("alice", opaque, realm.offer))).toBe("malformed")
  expect(codeOf(() => realm.takeRecord("alice", opaque.subarray(1), realm.offer))).toBe("malformed")
  const bytes = encodeLoginRecord({ ...realm.offer, opaque })
  for (let length = 0; length < bytes.length; length++) {
    expect(codeOf(() => decodeLoginRecord(bytes.subarray(0, length)))).toBe("record-corrupt")
  }
  expect(codeOf(() => decodeLoginRecord(concat(bytes, Uint8Array.of(0))))).toBe("record-corrupt")
})
