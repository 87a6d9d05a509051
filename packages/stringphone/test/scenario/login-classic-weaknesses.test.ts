// Attacks that succeed against classic login, because the scheme allows them: spec/login-classic.md §7.
// They are written down as tests so that nobody believes otherwise. The titles cite the threat.
import { describe, expect, test } from "vitest"
import { decodeJson, hex, utf8 } from "../../src/bytes/index.js"
import { exchange, exchangePublicKey, hash } from "../../src/crypto/index.js"
import { ClassicRecord, ClassicSession } from "../../src/login/classic/index.js"
import { boundSaltOf, passwordKey } from "../../src/login/classic/kdf.js"
import { grantKey, sessionKey } from "../../src/login/classic/session-key.js"
import { isSigned } from "../../src/login/classic/sign.js"
import { decodeCall } from "../../src/login/classic/wire/call.js"
import { decodeChallenge, encodeChallenge } from "../../src/login/classic/wire/challenge.js"
import { openGrant } from "../../src/login/classic/wire/grant.js"
import { encodeProof } from "../../src/login/classic/wire/proof.js"
import { decodeRequest, encodeRequest } from "../../src/login/classic/wire/request.js"
import {
  clientOf,
  cost,
  House,
  houseOfAlice,
  logIn,
  password,
  realm,
  type Wire,
} from "../wire/login-classic-fixtures.js"
import { failure, seededRandom } from "../wire/mailbox-classic-fixtures.js"

const dictionary = ["123456", "password", "iloveyou", "letmein", "sunshine1", "dragon", "monkey"]

type Heard = Pick<Wire, "request" | "challenge" | "proof">

/** Tries guesses without asking anybody: what was heard tells whether one is right. */
function search(heard: Heard, shared: Uint8Array | null = null): string | null {
  const { salt, cost: howCostly, steps } = decodeChallenge(heard.challenge)
  const boundSalt = boundSaltOf(realm, decodeRequest(heard.request).login, salt)
  const isRight = (guess: string): boolean => {
    const key = passwordKey(guess, boundSalt, howCostly, steps)
    return isSigned(heard.proof, sessionKey(key, shared, heard.request, heard.challenge))
  }
  return dictionary.find(isRight) ?? null
}

/** Answers in the server's place; no challenge of the server is needed. */
function trap(request: string, exchangeSecret: Uint8Array | null = null) {
  const { exchangeKey } = decodeRequest(request)
  const challenge = encodeChallenge({
    steps: 1001,
    salt: hash(utf8("of my choice")).slice(0, 16),
    cost: { passes: 1, memoryKib: 8 },
    nonce: hash(utf8("mine")).slice(0, 16),
    exchangeKey: exchangeSecret && exchangePublicKey(exchangeSecret),
  })
  const shared = exchangeSecret && exchangeKey && exchange(exchangeSecret, exchangeKey)
  return { challenge, shared }
}

test("A1 who stole the record logs in, without the password — classic: succeeds", () => {
  const house = houseOfAlice()
  const stolen = ClassicRecord.fromText(house.records.get("alice")!.toText())
  const random = seededRandom("thief")
  const request = encodeRequest({ login: "alice", nonce: random(16), exchangeKey: null })
  const challenge = house.challenge(request)
  const { steps, nonce } = decodeChallenge(challenge)
  const k = sessionKey(stolen.keyAt(realm, steps), null, request, challenge)
  const { text } = house.prove(encodeProof({ login: "alice", nonce }, k))
  const session = new ClassicSession("alice", openGrant(text, grantKey(k)))
  expect(house.call(session.call({ do: "open" })).login).toBe("alice")
  // Until the password changes.
  house.register("alice", "another one")
  const again = house.challenge(request)
  const { steps: m, nonce: other } = decodeChallenge(again)
  const old = sessionKey(stolen.keyAt(realm, m), null, request, again)
  expect(failure(() => house.prove(encodeProof({ login: "alice", nonce: other }, old)))).toBe(
    "PeerError login-refused",
  )
})

describe("A2 who listens tests guesses", () => {
  test("against the recorded proof, and finds the password — classic: succeeds", () => {
    const { wire } = logIn(houseOfAlice())
    expect(search(wire)).toBe(password)
  })

  test("also when the server refused the proof, or never got it — classic: succeeds", () => {
    const house = houseOfAlice()
    const client = clientOf("alice")
    const request = client.request(seededRandom("not sent"))
    const challenge = house.challenge(request)
    expect(search({ request, challenge, proof: client.prove(challenge, "dragon") })).toBe("dragon")
  })

  test("of a password that no dictionary has, it learns that — a machine's password holds", () => {
    const house = new House()
    house.register("alice", "wT4zKq8RbX2mHc7v")
    expect(search(logIn(house, "alice", "wT4zKq8RbX2mHc7v").wire)).toBeNull()
  })

  test("with an exchange listening is not enough", () => {
    const house = houseOfAlice({ hasExchange: true })
    const { wire } = logIn(house, "alice", password, { hasExchange: true })
    expect(search(wire)).toBeNull()
  })
})

describe("A3 who answers in the server's place tests guesses", () => {
  test("with M, salt and cost of its choice — classic: succeeds", () => {
    const client = clientOf("alice")
    const request = client.request(seededRandom("trapped"))
    const { challenge } = trap(request)
    const proof = client.prove(challenge, password)
    expect(search({ request, challenge, proof })).toBe(password)
  })

  test("with an exchange too — classic: succeeds", () => {
    const client = clientOf("alice", { hasExchange: true })
    const request = client.request(seededRandom("trapped"))
    const { challenge, shared } = trap(request, hash(utf8("mallory")))
    const proof = client.prove(challenge, password)
    expect(search({ request, challenge, proof }, shared)).toBe(password)
    expect(search({ request, challenge, proof })).toBeNull()
  })

  test("at the price that the client's bounds set: a cheaper challenge is not answered", () => {
    const client = clientOf("alice", { bounds: { minMemoryKib: 16 } })
    const { challenge } = trap(client.request(seededRandom("trapped")))
    expect(failure(() => client.prove(challenge, password))).toBe("PeerError weak-challenge")
  })

  test("but does not log in, nor is it believed", () => {
    const house = houseOfAlice()
    const client = clientOf("alice")
    const request = client.request(seededRandom("trapped"))
    const { challenge } = trap(request)
    house.challenge(request)
    const proof = client.prove(challenge, password)
    expect(failure(() => house.prove(proof))).toBe("PeerError login-refused")
    const other = logIn(house).wire.grant
    expect(failure(() => client.accept(other))).toBe("PeerError server-unproven")
  })
})

describe("A4 no forward secrecy: H, stolen years later,", () => {
  const tokenKeyFrom = (wire: Wire, record: ClassicRecord) => {
    const { steps } = decodeChallenge(wire.challenge)
    const k = sessionKey(record.keyAt(realm, steps), null, wire.request, wire.challenge)
    return openGrant(wire.grant, grantKey(k))
  }

  test("opens the recorded grant, and signs calls — classic: succeeds", () => {
    const house = houseOfAlice()
    const { session, wire } = logIn(house)
    house.call(session.call())
    const grant = tokenKeyFrom(wire, house.records.get("alice")!)
    const thief = new ClassicSession("alice", grant, 1000)
    expect(house.call(thief.call({ do: "open" })).token).toBe(session.token)
  })

  test("does not with an exchange on both ends", () => {
    const house = houseOfAlice({ hasExchange: true })
    const { wire } = logIn(house, "alice", password, { hasExchange: true })
    const stolen = house.records.get("alice")!
    expect(failure(() => tokenKeyFrom(wire, stolen))).toBe("PeerError server-unproven")
  })
})

describe("what a session does not protect", () => {
  test("A5 logins and arguments are read by all — classic: succeeds", () => {
    const { session, wire } = logIn(houseOfAlice())
    const captured = new URLSearchParams(session.call({ note: "the key is under the mat" }))
    expect(captured.get("note")).toBe("the key is under the mat")
    expect(new URLSearchParams(wire.request).get("user")).toBe("alice")
    // What is not there: the password and the token key.
    const all = [wire.request, wire.challenge, wire.proof, wire.grant, captured.toString()].join()
    const { tokenKey } = decodeJson(session.save()) as { readonly tokenKey: Uint8Array }
    for (const secret of [password, hex(tokenKey)]) expect(all).not.toContain(secret)
  })

  test("A6 an answer is changed, a refusal invented, and the device can not tell — classic: succeeds", () => {
    const house = houseOfAlice()
    const { session } = logIn(house)
    const door = (call: string) => {
      house.call(call)
      return { status: 200, body: "door=open" }
    }
    type Answer = ReturnType<typeof door>
    const device = (overWire: (answer: Answer) => Answer) => {
      const { status, body } = overWire(door(session.call({ ask: "door" })))
      return status === 401 ? "logged out" : body
    }
    expect(device((answer) => answer)).toBe("door=open")
    expect(device((answer) => ({ ...answer, body: "door=closed" }))).toBe("door=closed")
    expect(device((answer) => ({ ...answer, status: 401 }))).toBe("logged out")
    expect(house.call(session.call()).login).toBe("alice")
  })

  test("A7 a call to one address is taken at another — classic: succeeds", () => {
    const house = houseOfAlice()
    const { session } = logIn(house)
    const addresses: Record<string, (call: string) => string> = {
      "GET /note": (call) => `shows ${house.call(call).args.get("id")}`,
      "DELETE /note": (call) => `deletes ${house.call(call).args.get("id")}`,
    }
    const meant = { address: "GET /note", call: session.call({ id: "7" }) }
    expect(addresses["DELETE /note"]!(meant.call)).toBe("deletes 7")
  })

  test("A8 a call is held back, and delivered hours later — classic: succeeds", () => {
    const house = houseOfAlice()
    const { session } = logIn(house)
    const held = session.call({ do: "open" })
    house.nowMs += 11 * 3_600_000
    expect(house.call(held).args.get("do")).toBe("open")
  })
})

describe("what a stranger can disturb or learn", () => {
  test("A9 who asks often enough in a user's name pushes the user out — classic: succeeds", () => {
    const house = houseOfAlice()
    const client = clientOf("alice")
    const challenge = house.challenge(client.request(seededRandom("alice")))
    const random = seededRandom("stranger")
    for (let i = 0; i < 16; i++) {
      house.challenge(encodeRequest({ login: "alice", nonce: random(16), exchangeKey: null }))
    }
    expect(failure(() => house.prove(client.prove(challenge, password)))).toBe(
      "PeerError login-refused",
    )
    expect(logIn(house).session.login).toBe("alice")
  })

  test("A9 who saw the nonce uses the challenge up — classic: succeeds", () => {
    const house = houseOfAlice()
    const client = clientOf("alice")
    const challenge = house.challenge(client.request(seededRandom("alice")))
    const { nonce } = decodeChallenge(challenge)
    const junk = encodeProof({ login: "alice", nonce }, new Uint8Array(32))
    expect(failure(() => house.prove(junk))).toBe("PeerError login-refused")
    expect(failure(() => house.prove(client.prove(challenge, password)))).toBe(
      "PeerError login-refused",
    )
  })

  test("A10 a login that appears, or gets another password, gets another salt — classic: succeeds", () => {
    const house = new House()
    const saltNow = (): string => {
      const request = clientOf("alice").request(seededRandom(`stranger asks ${house.nowMs++}`))
      return hex(decodeChallenge(house.challenge(request)).salt)
    }
    const before = saltNow()
    expect(saltNow()).toBe(before)
    house.register("alice")
    const registered = saltNow()
    expect(registered).not.toBe(before)
    house.register("alice", "another")
    expect(new Set([before, registered, saltNow()]).size).toBe(3)
    house.records.delete("alice")
    expect(saltNow()).toBe(before)
  })

  test("A10 records with another cost are told from logins that nobody has — classic: succeeds", () => {
    const house = houseOfAlice({ cost: { ...cost, passes: 2 } })
    const passesOf = (login: string) => {
      const request = clientOf(login).request(seededRandom(login))
      return decodeChallenge(house.challenge(request)).cost.passes
    }
    expect([passesOf("alice"), passesOf("nobody")]).toEqual([1, 2])
  })

  test("A11 a server set back to an older copy takes calls and revoked tokens again — classic: succeeds", () => {
    const house = houseOfAlice()
    const { session } = logIn(house)
    const copy = house.server.save()
    const call = session.call({ do: "pay" })
    expect(house.call(call).number).toBe(1)
    house.server.revoke(session.token)
    house.restart(copy)
    expect(house.call(call).args.get("do")).toBe("pay")
    expect(failure(() => house.call(call))).toBe("PeerError replayed")
    expect(decodeCall(call).number).toBe(1)
  })
})
