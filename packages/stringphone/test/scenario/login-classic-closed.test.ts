// Attacks that fail against classic login: spec/login-classic.md §7, whose numbers the titles cite.
import { describe, expect, test } from "vitest"
import { hex } from "../../src/bytes/index.js"
import { ClassicSession, createClassicRecord } from "../../src/login/classic/index.js"
import { madeUpRecord } from "../../src/login/classic/record.js"
import { sessionKey } from "../../src/login/classic/session-key.js"
import { decodeChallenge } from "../../src/login/classic/wire/challenge.js"
import { encodeProof } from "../../src/login/classic/wire/proof.js"
import points from "../vectors/crypto/x25519-low-order.json" with { type: "json" }
import { secret } from "../wire/fixtures.js"
import {
  acceptRisks,
  asked,
  clientOf,
  cost,
  House,
  houseOfAlice,
  logIn,
  password,
  proofOf,
  realm,
  startMs,
} from "../wire/login-classic-fixtures.js"
import { failure, seededRandom } from "../wire/mailbox-classic-fixtures.js"

describe("A12 logins that nobody has", () => {
  test("are answered like others: the same salt each time, the same form, refused alike", () => {
    const house = houseOfAlice()
    house.register("carol")
    const form = (text: string) => text.replace(/[0-9a-f]{32}/g, "#").replace(/m=\d{4}&/, "m=####&")
    const known = asked(house)
    const unknown = asked(house, "nobody")
    expect(form(unknown.challenge)).toBe(form(known.challenge))
    expect(unknown.challenge.length).toBe(known.challenge.length)
    const saltOf = (login: string) => hex(decodeChallenge(asked(house, login).challenge).salt)
    for (const login of ["alice", "carol", "nobody", "noone"]) {
      expect(saltOf(login)).toBe(saltOf(login))
      house.restart()
      expect(saltOf(login)).toBe(saltOf(login))
    }
    expect(new Set(["alice", "carol", "nobody", "noone"].map(saltOf)).size).toBe(4)
    const refusals = ["alice", "nobody"].map((login) => {
      try {
        return house.prove(proofOf(house, login, "wrong"))
      } catch (error) {
        return String(error)
      }
    })
    expect(refusals[0]).toBe(refusals[1])
    expect(refusals[0]).toMatch(/^PeerError: The login was refused/)
  })

  test("can not be logged in to, not even with the server's secret", () => {
    const house = new House()
    const { client, request, challenge } = asked(house, "nobody")
    client.prove(challenge, password)
    const { steps, nonce } = decodeChallenge(challenge)
    const key = madeUpRecord(house.options.secret, realm, "nobody", cost).keyAt(realm, steps)
    const proof = encodeProof({ login: "nobody", nonce }, sessionKey(key, null, request, challenge))
    expect(failure(() => house.prove(proof))).toBe("PeerError login-refused")
  })

  test("the server's secret, the realm and the login each make another salt", () => {
    const salt = (options: object, login = "nobody") =>
      hex(decodeChallenge(asked(new House(options), login).challenge).salt)
    const salts = [
      salt({}),
      salt({ secret: secret(1) }),
      salt({ realm: "barn.example" }),
      salt({}, "noone"),
    ]
    expect(new Set(salts).size).toBe(4)
  })
})

describe("in between", () => {
  test("A15 any change of request or challenge, and the login fails", () => {
    const house = houseOfAlice({ hasExchange: true, limits: { maxChallengesPerLogin: 1000 } })
    const outcome = (change: (text: string) => string, what: "request" | "challenge"): string => {
      const client = clientOf("alice", { hasExchange: true })
      const request = client.request(seededRandom("changed"))
      return failure(() => {
        const challenge = house.challenge(what === "request" ? change(request) : request)
        const proof = client.prove(what === "challenge" ? change(challenge) : challenge, password)
        client.accept(house.prove(proof).text)
      })
    }
    const next = (digit: string) => (digit === "1" ? "2" : "1")
    const fields = {
      request: [/(nonce=)(.)/, /(dh=)(.)/],
      challenge: [
        /(m=1?)(.)(?=...&)/,
        /(m=...)(.)/,
        /(salt=)(.)/,
        /(nonce=)(.)/,
        /(dh=)(.)/,
        /(passes=)(.)/,
      ],
    } as const
    for (const what of ["request", "challenge"] as const) {
      expect(outcome((text) => text, what)).toBe("none")
      for (const field of fields[what]) {
        const change = (text: string) =>
          text.replace(field, (_, name: string, digit: string) => name + next(digit))
        expect(outcome(change, what), `${what} ${field.source}`).toMatch(
          /^PeerError (login-refused|weak-challenge)$/,
        )
      }
    }
    const more = (text: string) => text.replace("kib=8", "kib=9")
    expect(outcome(more, "challenge")).toBe("PeerError login-refused")
  })

  test("A19 one password makes another key for each realm, login and salt [YAAS-2-4]", () => {
    const random = seededRandom("salts")
    const one = { acceptRisks, realm, login: "alice", password, cost } as const
    const same = () => new Uint8Array(16)
    const keys = [
      createClassicRecord(one, same),
      createClassicRecord({ ...one, realm: "barn.example" }, same),
      createClassicRecord({ ...one, login: "bob" }, same),
      createClassicRecord(one, random),
      createClassicRecord(one, random),
    ].map((record) => record.toText().split("&h=")[1])
    expect(new Set(keys).size).toBe(5)
    expect(createClassicRecord(one, same).toText()).toContain(keys[0]!)
  })

  test("A16 a proof for one challenge, login or server does for no other", () => {
    const [house, barn] = [houseOfAlice(), houseOfAlice({ realm: "barn.example" })]
    house.register("bob")
    const { client, challenge } = asked(house)
    const other = asked(house)
    const proof = client.prove(challenge, password)
    const [, nonce] = /nonce=(\w+)/.exec(challenge)!
    const [, otherNonce] = /nonce=(\w+)/.exec(other.challenge)!
    expect(failure(() => house.prove(proof.replace(nonce!, otherNonce!)))).toBe(
      "PeerError login-refused",
    )
    expect(failure(() => barn.prove(proof))).toBe("PeerError login-refused")
    expect(failure(() => house.prove(proof.replace("alice", "bob")))).toBe(
      "PeerError login-refused",
    )
    // Signed rightly, but in another's name.
    const { request, challenge: mine } = asked(house)
    const { steps, nonce: own } = decodeChallenge(mine)
    const key = house.records.get("alice")!.keyAt(realm, steps)
    const k = sessionKey(key, null, request, mine)
    expect(failure(() => house.prove(encodeProof({ login: "bob", nonce: own }, k)))).toBe(
      "PeerError login-refused",
    )
  })

  test("A17 an exchange that is taken out is missed [YAAS-4-3]", () => {
    const house = houseOfAlice({ hasExchange: true })
    const client = clientOf("alice", { hasExchange: true })
    const request = client.request(seededRandom("stripped"))
    const stripped = house.challenge(request.replace(/&dh=.*/, ""))
    expect(failure(() => client.prove(stripped, password))).toBe("PeerError bad-exchange")
    const answered = house.challenge(request)
    expect(failure(() => client.prove(answered.replace(/&dh=.*/, ""), password))).toBe(
      "PeerError bad-exchange",
    )
    // What was refused took nothing: the right challenge is still answered.
    expect(client.accept(house.prove(client.prove(answered, password)).text).login).toBe("alice")
    const plain = asked(house)
    const added = `${plain.challenge}&dh=${"11".repeat(32)}`
    expect(failure(() => plain.client.prove(added, password))).toBe("PeerError bad-exchange")
  })

  test("points of low order are refused at both ends [YAAS-4-9]", () => {
    const house = houseOfAlice({ hasExchange: true })
    for (const { point } of points.lowOrder) {
      const { client, request, challenge } = asked(house, "alice", { hasExchange: true })
      const low = challenge.replace(/dh=.*/, `dh=${point}`)
      expect(failure(() => client.prove(low, password))).toBe("PeerError bad-exchange")
      const lowRequest = request.replace(/dh=.*/, `dh=${point}`)
      expect(failure(() => house.challenge(lowRequest))).toBe("PeerError bad-exchange")
    }
  })

  test("A18 a server that knows neither password nor H is not accepted [YAAS-5-1]", () => {
    const house = houseOfAlice()
    const { client, challenge } = asked(house)
    const proof = client.prove(challenge, password)
    const falseHouse = new House()
    falseHouse.register("alice", "a guess")
    const { wire } = logIn(falseHouse, "alice", "a guess")
    expect(failure(() => client.accept(wire.grant))).toBe("PeerError server-unproven")
    const grant = house.prove(proof).text
    const changed = grant.replace(/token=./, (text) => (text.endsWith("0") ? "token=1" : "token=0"))
    expect(failure(() => client.accept(changed))).toBe("PeerError server-unproven")
    expect(client.accept(grant).login).toBe("alice")
  })

  test("the client does no more and no less work than its bounds say [YAAS-4-2]", () => {
    const house = houseOfAlice()
    const outcome = (from: RegExp, to: string, bounds = {}) => {
      const { client, challenge } = asked(house, "alice", {
        bounds: { minMemoryKib: 8, ...bounds },
      })
      return failure(() => client.prove(challenge.replace(from, to), password))
    }
    expect(outcome(/m=\d+/, "m=1000")).toBe("PeerError weak-challenge")
    expect(outcome(/m=\d+/, "m=1001")).toBe("none")
    expect(outcome(/m=\d+/, "m=1600", { maxSteps: 1500 })).toBe("PeerError costly-challenge")
    expect(outcome(/passes=1/, "passes=1", { minPasses: 2 })).toBe("PeerError weak-challenge")
    expect(outcome(/passes=1/, "passes=3", { maxPasses: 2 })).toBe("PeerError costly-challenge")
    expect(outcome(/kib=8/, "kib=4194304")).toBe("PeerError costly-challenge")
    const unbounded = clientOf("alice", { bounds: {} })
    unbounded.request(seededRandom("default bounds"))
    const weak = asked(house).challenge.replace("kib=8", "kib=8191")
    expect(failure(() => unbounded.prove(weak, password))).toBe("PeerError weak-challenge")
  })
})

describe("calls", () => {
  test("A13 each once, in rising order [YAAS-5-3]", () => {
    const house = houseOfAlice()
    const { session } = logIn(house)
    const [first, second, third] = [session.call({ n: "1" }), session.call(), session.call()]
    expect(house.call(first).number).toBe(1)
    expect(failure(() => house.call(first))).toBe("PeerError replayed")
    expect(house.call(third).number).toBe(3)
    expect(failure(() => house.call(second))).toBe("PeerError replayed")
    house.restart()
    for (const text of [first, second, third]) {
      expect(failure(() => house.call(text))).toBe("PeerError replayed")
    }
    // Two copies of one session race for a number: one wins.
    const saved = session.save()
    const [one, two] = [ClassicSession.restore(saved), ClassicSession.restore(saved)]
    expect(house.call(one.call()).number).toBe(4)
    expect(failure(() => house.call(two.call()))).toBe("PeerError replayed")
    expect(house.call(two.call()).number).toBe(5)
  })

  test("A14 any character changed is noticed, and changes nothing at the server", () => {
    const house = houseOfAlice()
    const { session } = logIn(house)
    const text = session.call({ do: "pay", amount: "10" })
    const outcomes = new Set<string>()
    for (let at = 0; at < text.length; at++) {
      const changed = text.slice(0, at) + (text[at] === "1" ? "2" : "1") + text.slice(at + 1)
      outcomes.add(failure(() => house.call(changed)))
    }
    expect([...outcomes].sort()).toEqual([
      "PeerError bad-signature",
      "PeerError malformed",
      "PeerError unknown-token",
    ])
    expect(house.call(text).args.get("amount")).toBe("10")
  })

  test("tokens end by time, alone, all together and by number [YAAS-5-5]", () => {
    const house = houseOfAlice({ limits: { maxTokensPerLogin: 3 } })
    house.register("bob")
    const bob = logIn(house, "bob").session
    const [one, two, three, four] = [1, 2, 3, 4].map(() => logIn(house).session) as [
      ClassicSession,
      ClassicSession,
      ClassicSession,
      ClassicSession,
    ]
    const outcome = (session: ClassicSession) => failure(() => house.call(session.call()))
    expect(outcome(one)).toBe("PeerError unknown-token")
    expect([two, three, four, bob].map(outcome)).toEqual(["none", "none", "none", "none"])
    expect(house.server.revoke(two.token)).toBe(true)
    expect(house.server.revoke(two.token)).toBe(false)
    house.restart()
    expect(outcome(two)).toBe("PeerError unknown-token")
    expect(house.server.revokeAll("alice")).toBe(2)
    expect([three, four].map(outcome)).toEqual(new Array(2).fill("PeerError unknown-token"))
    house.nowMs = startMs + 12 * 3_600_000 - 1
    expect(outcome(bob)).toBe("none")
    house.nowMs++
    expect(outcome(bob)).toBe("PeerError unknown-token")
  })

  test("a session goes on from what it saved, an older copy does not", () => {
    const house = houseOfAlice()
    const { session } = logIn(house)
    const old = session.save()
    house.call(session.call())
    house.call(ClassicSession.restore(session.save()).call())
    expect(failure(() => house.call(ClassicSession.restore(old).call()))).toBe("PeerError replayed")
  })
})
