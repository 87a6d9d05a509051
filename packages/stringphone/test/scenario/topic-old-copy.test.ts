// A state that was saved, and is restored: in order, after a crash, or from an old copy (a backup).
// What was accepted is not accepted again, and no key seals twice with one nonce. spec/topic.md §§4, 6
import { describe, expect, test } from "vitest"
import { hex } from "../../src/bytes/index.js"
import { type Decoded, type SavedTopic, Topic } from "../../src/topic/index.js"
import { decodeData } from "../../src/topic/wire/data.js"
import { decodeState, encodeState } from "../../src/topic/wire/state.js"
import { group, minuteMs, nowMs, outcome, person, refill } from "../wire/topic-fixtures.js"

const restore = (number: number, saved: SavedTopic): Topic =>
  Topic.restore({ signer: person(number) }, saved)

/** Opened again from what was saved, and ready to send. */
function reopen(number: number, saved: SavedTopic): Topic {
  const topic = restore(number, saved)
  topic.snapshot().stored()
  return topic
}

/** Every (key, nonce) that one sender used: where its key stands in its epoch, and the guard. */
class Nonces {
  readonly #messages = new Set<string>()
  readonly #pairs = new Set<string>()
  readonly #keys = new Map<string, number>()

  /** The same message may come often; two messages may not have one key and one nonce. */
  note(message: Uint8Array): Uint8Array {
    const text = hex(message)
    if (this.#messages.has(text)) return message
    this.#messages.add(text)
    const { counter, epoch, guard, tag } = decodeData(message).header
    const key = `${epoch} ${tag} ${counter}`
    const pair = `${key} ${hex(guard)}`
    expect(this.#pairs.has(pair)).toBe(false)
    this.#pairs.add(pair)
    this.#keys.set(key, (this.#keys.get(key) ?? 0) + 1)
    return message
  }

  /** Keys that were used for more than one message. */
  get reused(): number {
    return [...this.#keys.values()].filter((times) => times > 1).length
  }
}

function sendMany(sender: Topic, count: number, nonces: Nonces): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => nonces.note(refill(sender).encode(`number ${i}`)))
}

/** Sends a sync to the others, and hears their reports. */
function synchronise(topic: Topic, others: readonly Topic[]): Decoded[] {
  const sync = topic.sync()
  return others.flatMap((other) => {
    const heard = other.decode(sync, { nowMs })
    if (heard.kind !== "control" || heard.control.kind !== "sync") throw new Error(heard.kind)
    const report = refill(other).report(topic.publicKey, heard.control.challenge)
    return report ? [topic.decode(report, { nowMs })] : []
  })
}

const weAreOld = (all: readonly Decoded[]): boolean[] =>
  all.map((one) => one.kind === "control" && one.weAreOld)

describe("restored from the latest state", () => {
  test("nothing is accepted again, and no key is used again", () => {
    const [alice, bob] = group(2) as [Topic, Topic]
    const nonces = new Nonces()
    const sent = sendMany(alice, 270, nonces)
    for (const message of sent) expect(outcome(bob, message)).toBe("message")
    const again = restore(2, bob.snapshot())
    for (const message of sent) expect(outcome(again, message)).toBe("PeerError replayed")
    const aliceAgain = reopen(1, alice.snapshot())
    for (const message of sendMany(aliceAgain, 30, nonces)) {
      expect(outcome(again, message)).toBe("message")
    }
    expect(nonces.reused).toBe(0)
    expect(weAreOld(synchronise(aliceAgain, [again]))).toEqual([false])
  })

  test("closed in order, the next one says what was used: no gap is left open [TOPIC-4-2]", () => {
    const [alice, bob] = group(2) as [Topic, Topic]
    const [first, second, lost] = sendMany(alice, 3, new Nonces())
    for (const message of [first!, second!]) bob.decode(message, { nowMs })
    const again = reopen(1, alice.snapshot(true))
    const sync = bob.decode(again.sync(), { nowMs })
    expect(sync).toMatchObject({ kind: "control", control: { kind: "sync", counters: 3 } })
    expect(sync).toMatchObject({ gap: { missing: 1, possiblyMissing: 0 } })
    expect(outcome(bob, lost!)).toBe("message")
  })

  test("several processes with one identity never use the same counter", () => {
    const [alice, bob] = group(2) as [Topic, Topic]
    const nonces = new Nonces()
    let saved = alice.snapshot()
    saved = reopen(1, saved).snapshot()
    const one = restore(1, saved)
    const taken = one.snapshot()
    taken.stored()
    // The other one has not looked since; before it takes a block, it does.
    const two = restore(1, saved)
    two.adoptSending(taken.sending)
    two.snapshot().stored()
    for (let i = 0; i < 60; i++) {
      expect(outcome(bob, nonces.note(one.encode("one")))).toBe("message")
      expect(outcome(bob, nonces.note(two.encode("two")))).toBe("message")
    }
    expect(nonces.reused).toBe(0)
  })
})

describe("a crash", () => {
  test("before the snapshot is stored: none of its counters was usable, and they are taken again", () => {
    const [alice, bob] = group(2) as [Topic, Topic]
    const nonces = new Nonces()
    const stored = alice.snapshot()
    stored.stored()
    const before = sendMany(alice, alice.stored, nonces)
    alice.snapshot() // Lost: it was never stored.
    expect(() => alice.encode("x")).toThrow("Store a snapshot")
    const again = restore(1, stored)
    expect(() => again.encode("x")).toThrow("Store a snapshot")
    again.snapshot().stored()
    const after = sendMany(again, 10, nonces)
    for (const message of [...before, ...after]) expect(outcome(bob, message)).toBe("message")
    expect(nonces.reused).toBe(0)
  })

  test("after it is stored, before `stored`: the block is given up", () => {
    const [alice, bob] = group(2) as [Topic, Topic]
    const nonces = new Nonces()
    const last = sendMany(alice, 256, nonces).at(-1)!
    expect(outcome(bob, last)).toBe("message")
    const again = reopen(1, alice.snapshot())
    const [next] = sendMany(again, 1, nonces)
    expect(bob.decode(next!, { nowMs })).toMatchObject({
      counter: 512,
      gap: { missing: 0, possiblyMissing: 256 },
    })
    expect(nonces.reused).toBe(0)
  })

  test("before what was accepted is saved: it is accepted again, since nobody saw it", () => {
    const [alice, bob] = group(2) as [Topic, Topic]
    const saved = bob.snapshot()
    const message = alice.encode("x")
    expect(outcome(bob, message)).toBe("message")
    expect(outcome(restore(2, saved), message)).toBe("message")
  })

  test("`stored` of an epoch that is over takes nothing", () => {
    const [alice] = group(2) as [Topic, Topic]
    const late = alice.snapshot()
    alice.change({}, nowMs)
    late.stored()
    expect(alice.stored).toBe(0)
  })
})

describe("an old copy, several blocks behind", () => {
  /** Bob is restored from a backup, made before Alice and he said a lot. */
  function oldBob() {
    const [alice, bob, carol] = group(3) as [Topic, Topic, Topic]
    const nonces = new Nonces()
    const backup = bob.snapshot()
    backup.stored()
    const heard = sendMany(alice, 12, nonces)
    for (const message of heard) {
      for (const topic of [bob, carol]) expect(outcome(topic, message)).toBe("message")
    }
    // Restarted now and then: each time, a block is taken.
    const said: Uint8Array[] = []
    let since = bob
    for (let block = 0; block < 4; block++) {
      for (const message of sendMany(since, 12, nonces)) {
        said.push(message)
        for (const topic of [alice, carol]) expect(outcome(topic, message)).toBe("message")
      }
      since = reopen(2, since.snapshot())
    }
    return { alice, carol, heard, said, nonces, bob: reopen(2, backup) }
  }

  test("a report tells it, once", () => {
    const { alice, bob, carol } = oldBob()
    // Its sync has a counter that is used up: each sends a report unasked. [TOPIC-4-4]
    const sync = bob.sync()
    for (const other of [alice, carol]) expect(outcome(other, sync)).toBe("PeerError replayed")
    const unasked = bob.decode(alice.report(bob.publicKey)!, { nowMs })
    expect(unasked).toMatchObject({ kind: "control", weAreOld: true })
    bob.snapshot().stored()
    expect(weAreOld(synchronise(bob, [alice, carol]))).toEqual([false, false])
  })

  test("after it synchronised, nothing is accepted twice, and everything new is", () => {
    const { alice, bob, carol, heard } = oldBob()
    bob.sync()
    bob.decode(alice.report(bob.publicKey)!, { nowMs })
    for (const message of heard) expect(outcome(bob, message)).toBe("PeerError resynchronising")
    bob.snapshot().stored()
    synchronise(bob, [alice])
    for (const message of heard) expect(outcome(bob, message)).toBe("PeerError replayed")
    expect(outcome(bob, alice.encode("new"))).toBe("message")
    // Carol did not answer yet.
    expect(outcome(bob, carol.encode("new"))).toBe("PeerError resynchronising")
    synchronise(bob, [carol])
    expect(outcome(bob, carol.encode("newer"))).toBe("message")
  })

  test("it sends on above all it ever sent: no key is used again, all is heard", () => {
    const { alice, bob, nonces } = oldBob()
    bob.decode(alice.report(bob.publicKey)!, { nowMs })
    expect(() => bob.encode("x")).toThrow("Store a snapshot")
    for (const message of sendMany(bob, 40, nonces)) expect(outcome(alice, message)).toBe("message")
    expect(nonces.reused).toBe(0)
  })

  test("what it sent before it knew: other nonces, and nobody hears it", () => {
    const { alice, bob, nonces, said } = oldBob()
    const again = sendMany(bob, 10, nonces)
    for (const message of again) expect(outcome(alice, message)).toBe("PeerError replayed")
    const keyOf = (message: Uint8Array): number => decodeData(message).header.counter
    expect(again.map(keyOf).some((counter) => said.some((one) => keyOf(one) === counter))).toBe(
      true,
    )
  })

  test("it is still known after another restart", () => {
    const { alice, bob, heard } = oldBob()
    bob.decode(alice.report(bob.publicKey)!, { nowMs })
    const again = reopen(2, bob.snapshot())
    expect(outcome(again, heard[0]!)).toBe("PeerError resynchronising")
    synchronise(again, [alice])
    expect(outcome(again, heard[0]!)).toBe("PeerError replayed")
    expect(outcome(again, alice.encode("new"))).toBe("message")
  })

  test("a snapshot on its way to the disk when the report comes: its counters stay unused", () => {
    const { alice, bob, nonces } = oldBob()
    sendMany(bob, 200, new Nonces())
    const onItsWay = bob.snapshot()
    expect(bob.decode(alice.report(bob.publicKey)!, { nowMs })).toMatchObject({ weAreOld: true })
    onItsWay.stored()
    for (const message of sendMany(bob, 10, nonces)) expect(outcome(alice, message)).toBe("message")
    expect(nonces.reused).toBe(0)
  })

  test("an answer to another challenge, or a report of another, does not end the waiting", () => {
    const { alice, bob, heard } = oldBob()
    bob.decode(alice.report(bob.publicKey)!, { nowMs })
    bob.snapshot().stored()
    bob.sync()
    const wrong = alice.report(bob.publicKey, new Uint8Array(16).fill(1))!
    expect(outcome(bob, wrong)).toBe("PeerError resynchronising")
    expect(outcome(bob, alice.announcement())).toBe("PeerError resynchronising")
    expect(outcome(bob, heard[1]!)).toBe("PeerError resynchronising")
  })

  test.each([
    ["one more than it used", 11, true],
    ["one more than it took", 257, true],
    ["2²⁰ more than it used", 10 + 2 ** 20, true],
    ["more than 2²⁰ more than it took: it is ignored", 257 + 2 ** 20, false],
  ])("a report of %s [TOPIC-4-6]", (_, counters, isOld) => {
    const [alice, bob] = group(2) as [Topic, Topic]
    sendMany(bob, 10, new Nonces())
    const found = bob.decode(reportOf(alice, counters), { nowMs })
    expect(found).toMatchObject({ kind: "control", weAreOld: isOld })
    const next = decodeData(refill(bob).encode("x")).header.counter
    if (isOld) expect(next).toBeGreaterThanOrEqual(counters)
    else expect(next).toBe(10)
  })

  test("a report of all that it used, and of less", () => {
    const [alice, bob] = group(2) as [Topic, Topic]
    const nonces = new Nonces()
    for (const message of sendMany(bob, 10, nonces)) expect(outcome(alice, message)).toBe("message")
    const ten = alice.report(bob.publicKey)!
    sendMany(bob, 300, nonces)
    expect(bob.decode(ten, { nowMs })).toMatchObject({ kind: "control", weAreOld: false })
    expect(weAreOld(synchronise(bob, [alice]))).toEqual([false])
  })

  test("a report of the same counter with another guard: another copy of us used it", () => {
    const [alice, bob] = group(2) as [Topic, Topic]
    const backup = bob.snapshot()
    const since = reopen(2, backup)
    const old = reopen(2, backup)
    const nonces = new Nonces()
    for (const message of sendMany(since, 5, nonces))
      expect(outcome(alice, message)).toBe("message")
    for (const message of sendMany(old, 9, nonces).slice(0, 5)) {
      expect(outcome(alice, message)).toBe("PeerError replayed")
    }
    expect(old.decode(alice.report(old.publicKey)!, { nowMs })).toMatchObject({ weAreOld: true })
    expect(nonces.reused).toBe(5)
  })

  /** What a participant may claim about the only other one. */
  function reportOf(reporter: Topic, counters: number): Uint8Array {
    const saved = reporter.snapshot()
    const state = decodeState(saved.state)
    for (const sender of state.membership.current.senders.values()) {
      sender.chain = { ...sender.chain, counters }
    }
    const liar = reopen(1, { ...saved, state: encodeState(state) })
    return liar.report(person(2).publicKey)!
  }
})

describe("an old copy, less than a block behind", () => {
  test("whose messages the others have already: the next report tells it", () => {
    const [alice, bob] = group(2) as [Topic, Topic]
    const nonces = new Nonces()
    const backup = bob.snapshot()
    // Restarted once since the backup: the block after the backup's is used, too.
    const since = reopen(2, backup)
    const heard = alice.encode("only once")
    expect(outcome(since, heard)).toBe("message")
    for (const message of sendMany(since, 20, nonces))
      expect(outcome(alice, message)).toBe("message")
    const old = reopen(2, backup)
    const lost = nonces.note(old.sync())
    expect(outcome(alice, lost)).toBe("PeerError replayed")
    const told = old.decode(alice.report(old.publicKey)!, { nowMs })
    expect(told).toMatchObject({ kind: "control", weAreOld: true })
    expect(outcome(old, heard)).toBe("PeerError resynchronising")
  })

  test("from before an epoch that it enters again: the next report tells it", () => {
    const [alice, bob] = group(2) as [Topic, Topic]
    const backup = bob.snapshot()
    const rekey = alice.change({}, nowMs)
    outcome(bob, rekey)
    for (const topic of [alice, bob]) topic.snapshot().stored()
    const nonces = new Nonces()
    const heard = alice.encode("only once")
    expect(outcome(bob, heard)).toBe("message")
    for (const message of sendMany(bob, 20, nonces)) expect(outcome(alice, message)).toBe("message")
    const old = restore(2, backup)
    expect(outcome(old, rekey)).toBe("rekey")
    old.snapshot().stored()
    expect(outcome(alice, nonces.note(old.sync()))).toBe("PeerError replayed")
    const told = old.decode(alice.report(old.publicKey)!, { nowMs })
    expect(told).toMatchObject({ kind: "control", weAreOld: true })
    expect(outcome(old, heard)).toBe("PeerError resynchronising")
  })
})

test("over many restarts, crashes and old copies: no (key, nonce) twice", () => {
  const [alice, bob] = group(2) as [Topic, Topic]
  const nonces = new Nonces()
  let topic = alice
  const copies: SavedTopic[] = []
  for (let restart = 0; restart < 12; restart++) {
    for (const message of sendMany(topic, 30, nonces)) outcome(bob, message)
    const snapshot = topic.snapshot(restart % 3 === 0)
    copies.push(snapshot)
    const from = restart % 4 === 3 ? copies[restart - 3]! : snapshot
    topic = reopen(1, from)
    const report = refill(bob).report(topic.publicKey)
    if (report) outcome(topic, report, { nowMs: nowMs + restart * minuteMs })
  }
})
