// Admins that decide at the same time, on a network that delays, reorders and repeats: whatever they
// did, everybody ends in one epoch, and nobody who was removed is in it. spec/topic.md §7
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { hex, PeerError } from "../../src/bytes/index.js"
import { cryptoEngine, hash } from "../../src/crypto/index.js"
import type { Identity } from "../../src/identity/index.js"
import { newRekeyKey, type RosterChange, Topic } from "../../src/topic/index.js"
import { makeRekey } from "../../src/topic/rekey.js"
import type { RekeyBody } from "../../src/topic/wire/rekey.js"
import { decodeState } from "../../src/topic/wire/state.js"
import { group, nowMs, outcome, person, stateOf } from "../wire/topic-fixtures.js"

const numRuns = cryptoEngine() === "native" ? 40 : 8
const nameOf = (key: Uint8Array): string => hex(key.subarray(0, 2))
const roster = (topic: Topic): string =>
  topic.participants.map((one) => `${nameOf(one.publicKey)}${one.isAdmin ? "*" : ""}`).join(" ")
const bodyOf = (topic: Topic): RekeyBody =>
  decodeState(topic.snapshot(true).state).membership.current.body

/** People in one topic, and a channel that has everything that was ever sent. */
class Network {
  readonly members: Topic[]
  /** Rekey messages, announcements and so on. */
  readonly sent: { readonly by: Topic; readonly bytes: Uint8Array }[] = []
  /** Join IDs that an admin removed. */
  readonly removed = new Map<string, { readonly by: string; readonly whom: string }>()
  clockMs = nowMs

  constructor(size: number, admins: number) {
    this.members = group(size, { admins })
  }

  /** An admin decides something; `false` when it can not. */
  change(admin: Topic, change: RosterChange): boolean {
    if (!admin.isAdmin) return false
    const before = bodyOf(admin)
    const message = admin.change(change, (this.clockMs += 10))
    const after = bodyOf(admin)
    for (const joinId of after.tombstones.filter(
      (id) => !before.tombstones.some((one) => hex(one) === hex(id)),
    )) {
      const whom = before.participants.find((one) => hex(one.joinId) === hex(joinId))
      if (whom && change.remove?.some((key) => hex(key) === hex(whom.publicKey))) {
        const names = { by: nameOf(admin.publicKey), whom: nameOf(whom.publicKey) }
        this.removed.set(hex(joinId), names)
      }
    }
    this.say(admin, message)
    return true
  }

  admit(admin: Topic, identity: Identity): void {
    const rekeyKey = newRekeyKey(this.clockMs)
    const { publicKey, serial } = rekeyKey
    const admission = { publicKey: identity.publicKey, serial, rekeyKey: publicKey }
    if (!this.change(admin, { admit: [admission] })) return
    const known = { topicId: admin.id, host: admin.publicKey, rekeyKey }
    this.members.push(Topic.join({ signer: identity, ...known }, admin.latestRekey, this.clockMs)!)
  }

  say(by: Topic, bytes: Uint8Array): void {
    this.sent.push({ by, bytes })
  }

  hear(member: Topic, bytes: Uint8Array): string {
    const before = stateOf(member)
    const found = outcome(member, bytes, { nowMs: (this.clockMs += 1) })
    if (found.startsWith("PeerError")) expect(stateOf(member)).toBe(before)
    return found
  }

  announce(member: Topic): void {
    if (member.standing === "removed") return
    member.snapshot().stored()
    this.say(member, member.announcement())
  }

  get alive(): Topic[] {
    return this.members.filter(({ standing }) => standing !== "removed")
  }

  /** The network heals: everything arrives, those who are behind ask, branches are merged. */
  settle(): void {
    for (let round = 0; round < 12; round++) {
      for (let heard = 0; heard < this.sent.length; heard++) {
        for (const member of this.alive) this.hear(member, this.sent[heard]!.bytes)
      }
      const merging = this.alive.filter((one) => one.needsMerge)
      const [first] = merging.sort((a, b) => a.adminRank - b.adminRank)
      if (first) {
        this.change(first, {})
        continue
      }
      const newest = Math.max(...this.alive.map(({ epoch }) => epoch))
      const behind = this.alive.filter((one) => one.epoch < newest)
      if (behind.length === 0) return
      for (const one of behind) this.#ask(one)
    }
  }

  /** A key request, and what comes of it. [TOPIC-8] */
  #ask(member: Topic): void {
    const request = member.keyRequest(this.clockMs)
    const newestFirst = this.alive.sort((a, b) => b.epoch - a.epoch)
    for (const other of newestFirst) {
      if (other === member) continue
      const decoded = other.decode(request, { nowMs: this.clockMs })
      if (decoded.kind !== "key-request" || decoded.answer === "none") continue
      if (decoded.answer === "renew") this.change(other, {})
      if (decoded.answer === "resend") this.hear(member, other.latestRekey)
      if (decoded.answer === "notice") {
        const notice = other.removalNotice(decoded.request)
        if (notice) this.hear(member, notice)
      }
      return
    }
  }
}

/** What may go on before the network heals. */
type Event =
  | { readonly do: "rotate" | "announce" | "merge"; readonly who: number }
  | { readonly do: "remove"; readonly who: number; readonly whom: number }
  | { readonly do: "admit"; readonly who: number; readonly whom: number }
  | { readonly do: "hear"; readonly who: number; readonly what: number }

const who = fc.nat(5)
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("hear" as const), who, what: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("rotate" as const), who }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("remove" as const), who, whom: who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("admit" as const), who, whom: who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("merge" as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("announce" as const), who }) },
)

function play(network: Network, one: Event): void {
  const { members, sent } = network
  const member = members[one.who % members.length]!
  switch (one.do) {
    case "hear": {
      if (sent.length > 0) network.hear(member, sent.at(-1 - (one.what % sent.length))!.bytes)
      return
    }
    case "rotate":
      network.change(member, {})
      return
    case "merge":
      if (member.needsMerge) network.change(member, {})
      return
    case "announce":
      network.announce(member)
      return
    case "remove": {
      // Admins stay: two that work on in two branches are never resolved (§10).
      const whom = member.participants.filter(({ isAdmin }) => !isAdmin)
      const removed = whom[one.whom % Math.max(1, whom.length)]
      if (removed) network.change(member, { remove: [removed.publicKey] })
      return
    }
    case "admit": {
      const newcomer = person(10 + one.whom)
      if (network.members.some((topic) => topic.publicKey === newcomer.publicKey)) return
      network.admit(member, newcomer)
    }
  }
}

/** After it settled: one epoch and one roster for all who are in it, nobody of those removed. */
function expectOne(network: Network): void {
  const newest = Math.max(...network.alive.map(({ epoch }) => epoch))
  const reference = network.alive.find(({ epoch }) => epoch === newest)!
  const here = new Set(reference.participants.map(({ publicKey }) => nameOf(publicKey)))
  const inIt = network.members.filter(({ publicKey }) => here.has(nameOf(publicKey)))
  expect(inIt.length).toBe(here.size)
  const all = inIt.map((topic) => [topic.standing, topic.epoch, roster(topic)])
  expect(all).toEqual(inIt.map(() => ["member", newest, roster(reference)]))
  const epochs = new Set(inIt.map((topic) => hex(hash(topic.latestRekey))))
  expect(epochs.size).toBe(1)
  const body = bodyOf(reference)
  for (const [joinId, names] of network.removed) {
    const stillThere = body.participants.some((one) => hex(one.joinId) === joinId)
    expect([names, stillThere]).toEqual([names, false])
  }
}

test("random trees of rekeys by 1 to 3 admins, in random orders: one roster, no removal lost", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.array(event, { maxLength: 24, size: "max" }),
      (admins, events) => {
        const network = new Network(4, admins)
        for (const one of events) play(network, one)
        network.settle()
        expectOne(network)
      },
    ),
    { numRuns },
  )
})

test("nobody whom an admin let in, and nobody removed, is forgotten", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 16, size: "max" }), (events) => {
      const network = new Network(4, 2)
      const [first, second] = network.members as [Topic, Topic]
      for (const one of events) if (one.do !== "admit") play(network, one)
      // At once, in whatever branches they are.
      network.admit(first, person(21))
      network.admit(second, person(22))
      network.settle()
      expectOne(network)
      const there = network.members[0]!.participants.map(({ publicKey }) => nameOf(publicKey))
      expect(there).toContain(nameOf(person(21).publicKey))
      expect(there).toContain(nameOf(person(22).publicKey))
    }),
    { numRuns: Math.ceil(numRuns / 2) },
  )
})

describe("branches, one at a time", () => {
  test("two of the same length that decided nothing: one roster, and one epoch [TOPIC-7-7]", () => {
    const network = new Network(3, 2)
    const [alice, bob] = network.members as [Topic, Topic]
    for (const admin of [alice, alice, bob, bob]) network.change(admin, {})
    network.settle()
    expectOne(network)
  })

  test("somebody let in and removed by one branch is not let in by the other [TOPIC-7-8]", () => {
    const network = new Network(4, 3)
    const [alice, bob, carol] = network.members as [Topic, Topic, Topic]
    network.admit(bob, person(15))
    const admission = network.sent[0]!.bytes
    for (let i = 0; i < 3; i++) network.change(alice, {})
    network.change(bob, { remove: [person(15).publicKey] })
    // Carol sees the admission, and then Alice's longer branch before the removal.
    expect(network.hear(carol, admission)).toBe("rekey")
    for (const { bytes } of network.sent.slice(1)) network.hear(carol, bytes)
    network.settle()
    expectOne(network)
  })
})

describe("admins that remove each other", () => {
  /** In rounds: each of some admins decides one thing, at once; then all of it arrives in any order. */
  const decision = fc.record({
    who: fc.nat(2),
    remove: fc.uniqueArray(fc.nat(2), { maxLength: 2 }),
  })
  const order = fc.array(fc.tuple(fc.nat(3), fc.nat(2)), { maxLength: 12, size: "max" })

  /** Of three or more that remove each other there is no winner that all agree on (spec/topic.md §10). */
  const two = fc.uniqueArray(decision, { selector: ({ who }) => who, maxLength: 2 })

  test("at once: one roster, and only what a removed admin decided is lost", () => {
    fc.assert(
      fc.property(two, order, (all, hears) => {
        const network = new Network(4, 3)
        const keys = network.members.map(({ publicKey }) => publicKey)
        for (const { remove, who } of all) {
          const others = remove.filter((whom) => whom !== who).map((whom) => keys[whom]!)
          network.change(network.members[who]!, { remove: others })
        }
        for (const [who, what] of hears) {
          const message = network.sent[what]
          if (message) network.hear(network.members[who]!, message.bytes)
        }
        network.settle()
        // The last one is no admin and stays; where it ended, the others have to be.
        const reference = network.members[3]!
        const there = new Set(reference.participants.map(({ publicKey }) => nameOf(publicKey)))
        const inIt = network.members.filter(({ publicKey }) => there.has(nameOf(publicKey)))
        const ended = inIt.map((topic) => [topic.standing, roster(topic)])
        expect(ended).toEqual(inIt.map(() => ["member", roster(reference)]))
        for (const { by, whom } of network.removed.values()) {
          if (there.has(whom)) expect(there.has(by)).toBe(false)
        }
      }),
      { numRuns },
    )
  })
})

describe("a rekey by who is no admin", () => {
  /** What somebody would make who knows all that a participant knows. */
  function forge(topic: Topic, signer: Identity, epochs: number): Uint8Array {
    const { current } = decodeState(topic.snapshot(true).state).membership
    const key = hex(signer.publicKey)
    const participants = current.body.participants.map((one) =>
      hex(one.publicKey) === key ? { ...one, isAdmin: true } : one,
    )
    return makeRekey(signer, {
      ...current.body,
      epoch: current.body.epoch + epochs,
      parent: epochs === 0 ? current.body.parent : current.commitment,
      signer: signer.publicKey,
      participants,
    }).message
  }

  test("is accepted by nobody, whatever else goes on", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 10, size: "max" }), fc.nat(3), (events, epochs) => {
        const network = new Network(4, 2)
        for (const one of events) if (one.do !== "admit") play(network, one)
        const liar = network.members[3]!
        const forged = forge(liar, person(4), epochs)
        for (const member of network.members.slice(0, 3)) {
          const before = stateOf(member)
          const found = outcome(member, forged, { nowMs: network.clockMs })
          expect(found).toMatch(/^(PeerError (not-an-admin|old-rekey)|other|behind)$/)
          expect(stateOf(member)).toBe(before)
        }
      }),
      { numRuns },
    )
  })

  test("by a stranger, by who was removed, and by who is no admin any more", () => {
    const [alice, bob, carol] = group(3, { admins: 2 }) as [Topic, Topic, Topic]
    const stranger = forge(alice, person(9), 1)
    expect(outcome(carol, stranger)).toBe("PeerError not-an-admin")
    const demoted = alice.change({ admins: [{ publicKey: bob.publicKey, isAdmin: false }] }, nowMs)
    for (const topic of [bob, carol]) expect(outcome(topic, demoted)).toBe("rekey")
    expect(() => bob.change({}, nowMs)).toThrow("Only an admin")
    expect(outcome(carol, forge(bob, person(2), 1))).toBe("PeerError not-an-admin")
    const without = alice.change({ remove: [bob.publicKey] }, nowMs)
    expect(outcome(carol, without)).toBe("rekey")
    expect(outcome(carol, forge(bob, person(2), 1))).toMatch(/PeerError/)
    expect(outcome(carol, forge(bob, person(2), 2))).toBe("PeerError not-an-admin")
  })

  test("a join by a rekey message of somebody else than the host", () => {
    const [alice, bob] = group(2) as [Topic, Topic]
    const rekeyKey = newRekeyKey(nowMs)
    const { publicKey, serial } = rekeyKey
    const carol = person(3)
    const rekey = alice.change(
      { admit: [{ publicKey: carol.publicKey, serial, rekeyKey: publicKey }] },
      nowMs,
    )
    const join = (host: Uint8Array, topicId: Uint8Array): unknown => {
      try {
        return Topic.join({ signer: carol, topicId, host, rekeyKey }, rekey, nowMs)?.standing
      } catch (error) {
        return error instanceof PeerError ? error.code : error
      }
    }
    expect(join(bob.publicKey, alice.id)).toBe("not-the-host")
    expect(join(alice.publicKey, new Uint8Array(16))).toBe("not-the-host")
    expect(join(alice.publicKey, alice.id)).toBe("member")
    const other = { signer: carol, topicId: alice.id, host: alice.publicKey }
    expect(Topic.join({ ...other, rekeyKey: newRekeyKey(nowMs) }, rekey, nowMs)).toBeNull()
  })
})
