// Somebody records everything, and steals everything later. spec/topic.md §§2.3, 4.1, 7.9, 10
import { describe, expect, test } from "vitest"
import { Topic } from "../../src/topic/index.js"
import { group, minuteMs, nowMs, outcome, person, refill } from "../wire/topic-fixtures.js"
import { Adversary } from "./topic-adversary.js"

const texts = ["one", "two", "three"]

/** A group on a channel that an adversary records. */
class Recorded {
  readonly topics: Topic[]
  readonly transcript: Uint8Array[] = []
  clockMs = nowMs

  constructor(size: number) {
    this.topics = group(size, { admins: 2 })
  }

  /** Sends it, and delivers it to all others but `without`. */
  send(bytes: Uint8Array, without: readonly Topic[] = []): Uint8Array {
    this.transcript.push(bytes)
    for (const topic of this.topics) {
      if (!without.includes(topic)) outcome(topic, bytes, { nowMs: this.clockMs })
    }
    return bytes
  }

  say(who: number, text: string, without: readonly Topic[] = []): Uint8Array {
    return this.send(refill(this.topics[who]!).encode(text), without)
  }

  /** Everybody says something, in all forms. */
  chat(): Uint8Array[] {
    return this.topics.flatMap((topic, who) => {
      if (topic.standing !== "member") return []
      const time = { sentMs: this.clockMs, validForMs: 0 }
      return [
        ...texts.map((text) => this.say(who, text)),
        this.send(refill(topic).encodeTimed("timed", time)),
        this.send(refill(topic).encodeBundle(texts)),
      ]
    })
  }

  announceAll(): void {
    for (const topic of this.topics) {
      if (topic.standing === "member") this.send(refill(topic).announcement())
    }
  }

  rotate(who = 0): Uint8Array {
    const rekey = this.send(this.topics[who]!.change({}, this.clockMs))
    for (const topic of this.topics) topic.snapshot().stored()
    return rekey
  }

  wait(ms: number): void {
    this.clockMs += ms
    for (const topic of this.topics) topic.forget(this.clockMs)
  }

  stealAll(): Adversary {
    const adversary = new Adversary()
    for (const topic of this.topics) adversary.steal(topic.snapshot())
    return adversary
  }
}

describe("all devices stolen later", () => {
  test("nothing that was accepted 5 minutes before is read, whatever happened to it on its way", () => {
    const recorded = new Recorded(4)
    const before = recorded.stealAll()
    const [alice, bob, carol] = recorded.topics as [Topic, Topic, Topic, Topic]
    recorded.chat()
    // Lost for one, late for another, repeated, and over a jump of some blocks.
    recorded.say(0, "Bob never gets it", [bob])
    const late = recorded.say(0, "late for Carol", [carol])
    recorded.chat()
    expect(outcome(carol, late, { nowMs: recorded.clockMs })).toBe("message")
    for (let block = 0; block < 3; block++) {
      const again = Topic.restore({ signer: person(1) }, alice.snapshot())
      recorded.topics[0] = again
      recorded.say(0, "after a restart")
    }
    recorded.chat()
    // Into other epochs, by one admin and by the other.
    recorded.announceAll()
    recorded.wait(minuteMs)
    recorded.rotate(0)
    recorded.announceAll()
    recorded.chat()
    recorded.say(1, "Alice never gets it", [recorded.topics[0]!])
    recorded.wait(minuteMs)
    recorded.rotate(1)
    recorded.announceAll()
    recorded.chat()
    const old = [...recorded.transcript]

    // A copy of the beginning reads it all: the adversary knows what it does.
    expect(before.read(old).length).toBe(old.length)
    // Too early: rekey keys and keys of what was lost are still there.
    expect(recorded.stealAll().read(old).length).toBeGreaterThan(0)

    recorded.wait(5 * minuteMs)
    expect(recorded.stealAll().read(old)).toEqual([])
    const newer = recorded.chat()
    expect(recorded.stealAll().read([...old, ...newer])).toEqual([])
  })

  test("within an epoch: at once, but for messages that did not arrive everywhere", () => {
    const recorded = new Recorded(3)
    recorded.wait(5 * minuteMs) // The epoch did not begin just now.
    const [, bob] = recorded.topics as [Topic, Topic]
    const arrived = recorded.chat()
    expect(recorded.stealAll().read(arrived)).toEqual([])
    const lost = recorded.say(0, "Bob never gets it", [bob])
    const next = recorded.say(0, "but this")
    expect(recorded.stealAll().read([...arrived, lost, next])).toEqual([lost])
    recorded.wait(5 * minuteMs - 1)
    expect(recorded.stealAll().read([...arrived, lost, next])).toEqual([lost])
    recorded.wait(1)
    expect(recorded.stealAll().read([...arrived, lost, next])).toEqual([])
  })

  test("what was taken to be sent and not used yet is in no saved state", () => {
    const recorded = new Recorded(2)
    recorded.wait(5 * minuteMs)
    const [alice] = recorded.topics as [Topic]
    const stolen = alice.snapshot()
    const sent = Array.from({ length: 100 }, (_, i) => recorded.say(0, `number ${i}`))
    expect(new Adversary().steal(stolen).read(sent)).toEqual([])
  })

  test("the last message of a lost epoch goes with the epoch", () => {
    const recorded = new Recorded(3)
    const [, bob] = recorded.topics as [Topic, Topic]
    const last = recorded.say(0, "the last one, not for Bob", [bob])
    recorded.announceAll()
    recorded.rotate()
    expect(recorded.stealAll().read([last])).toEqual([last])
    recorded.wait(5 * minuteMs)
    expect(recorded.stealAll().read(recorded.transcript)).toEqual([])
  })

  test("at once, when the next epoch removes somebody [TOPIC-7-9]", () => {
    const recorded = new Recorded(4)
    recorded.announceAll()
    recorded.wait(5 * minuteMs)
    const [alice, bob, , dave] = recorded.topics as [Topic, Topic, Topic, Topic]
    const lost = recorded.say(0, "not for Bob", [bob])
    recorded.say(0, "for all")
    recorded.send(alice.change({ remove: [dave.publicKey] }, recorded.clockMs), [dave])
    expect(bob.participants.length).toBe(3)
    const adversary = new Adversary()
    for (const topic of [alice, bob]) adversary.steal(topic.snapshot())
    expect(adversary.read([lost])).toEqual([])
  })
})

describe("a removed member", () => {
  test("reads nothing after it, with all that it ever had", () => {
    const recorded = new Recorded(4)
    const mallory = recorded.topics[3]!
    const adversary = new Adversary().steal(mallory.snapshot())
    const before = recorded.chat()
    recorded.announceAll()
    adversary.steal(mallory.snapshot())
    recorded.rotate()
    recorded.announceAll()
    before.push(...recorded.chat())
    adversary.steal(mallory.snapshot())

    const [alice] = recorded.topics as [Topic]
    const removal = recorded.send(alice.change({ remove: [mallory.publicKey] }, recorded.clockMs), [
      mallory,
    ])
    expect(outcome(mallory, removal)).toBe("behind")
    recorded.topics.pop()
    for (const topic of recorded.topics) topic.snapshot().stored()
    const after = [removal, ...recorded.chat()]
    recorded.announceAll()
    after.push(recorded.rotate(1), ...recorded.chat())
    // It goes on to listen, and to ask.
    for (const bytes of after) outcome(mallory, bytes)
    adversary.steal(mallory.snapshot())

    const read = adversary.read(recorded.transcript)
    // Of what it said itself in the first epoch, it kept no keys.
    expect(before.filter((bytes) => read.includes(bytes)).length).toBe(before.length - 5)
    expect(after.filter((bytes) => read.includes(bytes))).toEqual([])
  })

  test("is heard by nobody after it", () => {
    const recorded = new Recorded(3)
    const [alice, bob, mallory] = recorded.topics as [Topic, Topic, Topic]
    const early = mallory.encode("sent before, comes after")
    recorded.send(alice.change({ remove: [mallory.publicKey] }, nowMs), [mallory])
    const late = mallory.encode("sent after")
    for (const bytes of [early, late]) {
      expect(outcome(bob, bytes)).toBe("behind")
      expect(outcome(alice, bytes)).toBe("behind")
    }
  })
})

describe("a passive copy of one member's state", () => {
  test("reads nothing after the member's next rekey key was used", () => {
    const recorded = new Recorded(4)
    const bob = recorded.topics[1]!
    recorded.announceAll()
    const copy = new Adversary().steal(bob.snapshot())
    // Until then it reads on: of the others at once, of all with the epoch that it can open.
    const inThis = recorded.say(2, "still in this epoch")
    const rekey = recorded.rotate()
    const inNext = recorded.chat()
    const readOn = copy.read(recorded.transcript)
    for (const bytes of [inThis, rekey, ...inNext]) expect(readOn).toContain(bytes)

    // Bob's device announces another one, which the copy does not have.
    recorded.announceAll()
    const healed = [recorded.rotate(), ...recorded.chat()]
    recorded.announceAll()
    healed.push(recorded.rotate(1), ...recorded.chat())
    expect(copy.read(healed)).toEqual([])
    expect(copy.read(recorded.transcript).length).toBeGreaterThan(0)
  })

  test("of the admin who makes the next epoch: reads nothing after it", () => {
    const recorded = new Recorded(3)
    const copy = new Adversary().steal(recorded.topics[0]!.snapshot())
    const rekey = recorded.rotate(0)
    expect(copy.read([rekey, ...recorded.chat()])).toEqual([])
  })
})
