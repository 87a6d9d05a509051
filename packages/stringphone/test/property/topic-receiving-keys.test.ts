// The receiving key tree, spec/topic.md §2, against a model that knows no cryptography but the
// definition of a message key: a set of counters that were accepted.
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { hex, PeerError, u8 } from "../../src/bytes/index.js"
import { authenticate, labelled } from "../../src/crypto/index.js"
import { Topic } from "../../src/topic/index.js"
import {
  findKey,
  forgetLate,
  type Gap,
  lateMs,
  maxJump,
  type ReceivingChain,
} from "../../src/topic/receiving-keys.js"
import { skipBlocks } from "../../src/topic/sending-keys.js"
import {
  decodeSending,
  decodeState,
  encodeSending,
  encodeState,
} from "../../src/topic/wire/state.js"
import { secret } from "../wire/fixtures.js"
import { group, nowMs, outcome, person, stateOf } from "../wire/topic-fixtures.js"

const start: ReceivingChain = { chainKey: secret(7), block: 0, counters: 0, kept: [] }

const chainKeys = [start.chainKey]

/** The key of a message as the diagram of §2 defines it. */
function keyOf(counter: number): string {
  while (chainKeys.length <= counter >> 8) {
    chainKeys.push(authenticate(labelled("topic next block"), chainKeys.at(-1) as Uint8Array))
  }
  let key = authenticate(labelled("topic block"), chainKeys[counter >> 8] as Uint8Array)
  key = authenticate(labelled("topic branch", u8((counter >> 4) & 15)), key)
  return hex(authenticate(labelled("topic leaf", u8(counter & 15)), key))
}

const asText = ({ block, chainKey, counters, kept }: ReceivingChain): string =>
  [
    hex(chainKey),
    block,
    counters,
    ...kept.flatMap(({ first, key, passedMs, size }) => [first, size, passedMs, hex(key)]),
  ].join()

/** Receives, or says why not. */
function receive(
  chain: ReceivingChain,
  counter: number,
  atMs = nowMs,
): { readonly chain: ReceivingChain; readonly gap: Gap | null; readonly late: boolean } | string {
  const before = asText(chain)
  try {
    const found = findKey(chain, counter)
    expect(hex(found.key)).toBe(keyOf(counter))
    // Until it is accepted, nothing happened. [TOPIC-2-4]
    expect(asText(chain)).toBe(before)
    const accepted = found.accepted(atMs)
    expect(asText(chain)).toBe(before)
    return { chain: accepted, gap: found.gap, late: found.late }
  } catch (error) {
    if (!(error instanceof PeerError)) throw error
    expect(asText(chain)).toBe(before)
    return error.code
  }
}

function receiveAll(counters: readonly number[], from = start, atMs = nowMs): ReceivingChain {
  return counters.reduce((chain, counter) => {
    const received = receive(chain, counter, atMs)
    if (typeof received === "string") throw new Error(`${counter}: ${received}`)
    return received.chain
  }, from)
}

const range = (from: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step)

const covers = (chain: ReceivingChain, counter: number): boolean =>
  chain.kept.some(({ first, size }) => counter >= first && counter < first + size)

/** Counters that a receiver still has keys of. */
const covered = (chain: ReceivingChain): Set<number> =>
  new Set(chain.kept.flatMap(({ first, size }) => range(first, first + size)))

type Step =
  | { readonly do: "ahead" | "behind" | "again"; readonly by: number }
  | { readonly do: "wait"; readonly ms: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("ahead" as const), by: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("ahead" as const), by: fc.nat(700) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("ahead" as const), by: fc.nat(9000) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("behind" as const), by: fc.nat(40) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("behind" as const), by: fc.nat(5000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("again" as const), by: fc.nat(60) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(200_000) }) },
)

test("in any order, with losses and repetitions: each at most once, within the limits", () => {
  const run = (steps: readonly Step[]): void => {
    let chain = start
    let atMs = nowMs
    const accepted = new Set<number>()
    /** When counters were passed over: from, to (exclusive), when. */
    const passed: [number, number, number][] = []
    const passedMs = (counter: number): number | undefined =>
      passed.find(([from, to]) => counter >= from && counter < to)?.[2]
    let [inGaps, lateOnes] = [0, 0]
    for (const one of steps) {
      if (one.do === "wait") {
        atMs += one.ms
        chain = forgetLate(chain, atMs)
        for (const { first } of chain.kept) {
          const since = passedMs(first)
          if (since !== undefined) expect(atMs - since).toBeLessThan(lateMs)
        }
        continue
      }
      const highest = chain.counters - 1
      const heard = [...accepted]
      const counter = {
        ahead: highest + 1 + one.by,
        behind: Math.max(0, highest - one.by),
        again: heard[one.by % Math.max(1, heard.length)] ?? 0,
      }[one.do]
      const had = covers(chain, counter)
      const received = receive(chain, counter, atMs)
      if (typeof received === "string") {
        expect(received).toBe("replayed")
        expect(counter).toBeLessThanOrEqual(highest)
        // Only what was received, or what a limit took away.
        if (!accepted.has(counter)) expect(had).toBe(false)
        continue
      }
      expect(accepted.has(counter)).toBe(false)
      accepted.add(counter)
      chain = received.chain
      expect(received.late).toBe(counter <= highest)
      if (received.late) {
        lateOnes += 1
        expect(received.gap).toBeNull()
        expect(highest - counter).toBeLessThan(4096)
        expect(passedMs(counter)).toBeDefined()
      } else {
        const { missing, possiblyMissing } = received.gap ?? { missing: 0, possiblyMissing: 0 }
        expect(missing + possiblyMissing).toBe(counter - highest - 1)
        // What is missing for certain is in the same block. [TOPIC-3-9]
        expect(missing).toBe(counter - Math.max(highest + 1, counter - (counter % 256)))
        if (received.gap) expect(missing + possiblyMissing).toBeGreaterThan(0)
        inGaps += missing + possiblyMissing
        passed.push([highest + 1, counter, atMs])
      }
      const late = chain.kept.filter(({ first }) => first < chain.counters)
      expect(late.length).toBeLessThanOrEqual(64)
      expect(chain.kept.length - late.length).toBeLessThanOrEqual(30)
      const firsts = chain.kept.map(({ first }) => first)
      expect(firsts).toEqual(firsts.toSorted((a, b) => a - b))
      expect([...accepted].filter((one) => covers(chain, one))).toEqual([])
      expect(inGaps - lateOnes).toBe(chain.counters - accepted.size)
    }
  }
  fc.assert(fc.property(fc.array(step, { maxLength: 50, size: "max" }), run), { numRuns: 60 })
})

test("up to 64 missing ones of 3,840 counters are all accepted late, in any order", () => {
  const lost = fc.uniqueArray(fc.nat(3_839), { minLength: 1, maxLength: 64 })
  fc.assert(
    fc.property(lost, (missing) => {
      const received = range(0, 3_840).filter((counter) => !missing.includes(counter))
      const chain = receiveAll(received)
      receiveAll(
        missing.filter((counter) => counter < chain.counters),
        chain,
      )
    }),
    { numRuns: 2 },
  )
})

describe("limits of late messages [TOPIC-2-5]", () => {
  test("48 keys: the oldest go first", () => {
    const chain = receiveAll(range(1, 140, 2))
    const late = [...covered(chain)].filter((counter) => counter < chain.counters)
    expect(late).toEqual(range(138 - 2 * 47, 140, 2))
    expect(receive(chain, 42)).toBe("replayed")
    expect(receive(chain, 44)).toMatchObject({ late: true })
  })

  test("less than 4,096 below the highest, of single counters", () => {
    const chain = receiveAll([...range(0, 10), ...range(11, 256)]) // Of 10, the leaf is kept.
    const at = (highest: number): unknown => receive(receiveAll([highest], chain), 10)
    expect(at(10 + 4095)).toMatchObject({ late: true })
    expect(at(10 + 4096)).toBe("replayed")
  })

  test("less than 4,096 below the highest, of blocks that nothing came of", () => {
    const chain = receiveAll([5000])
    const late = [...covered(chain)].filter((counter) => counter < 5000)
    expect(Math.min(...late)).toBeGreaterThan(5000 - 4096)
    // A whole block goes when its first counter is too old.
    expect(Math.min(...late)).toBeLessThanOrEqual(5000 - 4096 + 256)
  })

  test("5 minutes from when they were passed over, to the millisecond", () => {
    const chain = receiveAll([20, 40], start, nowMs)
    const later = receiveAll([60], chain, nowMs + 1000)
    const at = (ms: number): Set<number> => covered(forgetLate(later, nowMs + ms))
    expect(at(lateMs - 1).has(19)).toBe(true)
    expect([at(lateMs).has(19), at(lateMs).has(39), at(lateMs).has(59)]).toEqual([
      false,
      false,
      true,
    ])
    expect(at(lateMs + 1000).has(59)).toBe(false)
    expect(at(1e9)).toEqual(new Set(range(61, 256)))
    expect(forgetLate(later, nowMs + lateMs - 1)).toBe(later)
  })

  test("what is kept of a late block keeps its time", () => {
    const chain = receiveAll([600], start, nowMs)
    const opened = receiveAll([300], chain, nowMs + 60_000)
    expect(covered(opened).has(301)).toBe(true)
    expect([...covered(forgetLate(opened, nowMs + lateMs))].filter((c) => c < 600)).toEqual([])
  })
})

describe("jumps [TOPIC-2-6]", () => {
  test("a counter more than 2²² above the highest is refused", () => {
    expect(receive(start, maxJump + 1)).toBe("too-far-ahead")
    const chain = receiveAll([9])
    expect(receive(chain, 9 + maxJump + 2)).toBe("too-far-ahead")
    expect(typeof receive(chain, 9 + maxJump)).toBe("object")
    expect(receive(chain, 0xffffffff)).toBe("too-far-ahead")
  })

  test("to the very counter", () => {
    expect(receive(receiveAll([9]), 9 + maxJump + 1)).toBe("too-far-ahead")
  })

  test("after a jump of a million, state is small and the gap is right", () => {
    const received = receive(start, 1_000_000)
    if (typeof received === "string") throw new Error(received)
    expect(received.gap).toEqual({ missing: 64, possiblyMissing: 999_936 })
    expect(received.chain.kept.length).toBeLessThanOrEqual(64 + 30)
  })
})

describe("the size of what is saved for a sender", () => {
  const [, topic] = group(2) as [Topic, Topic]
  const state = decodeState(topic.snapshot(true).state)
  const { current } = state.membership
  const [[tag, sender] = []] = [...current.senders]
  function sizeOf(chain: ReceivingChain | null): number {
    const senders = new Map(
      chain && sender && tag !== undefined ? [[tag, { ...sender, chain }]] : [],
    )
    const membership = { ...state.membership, current: { ...current, senders } }
    return encodeState({ ...state, membership }).length
  }
  const bytesOf = (chain: ReceivingChain): number => sizeOf(chain) - sizeOf(null)
  // 48 late leaves, and of a new block all but its first counter: 15 branches, 15 leaves.
  const worst = receiveAll([...range(0, 256, 2), 256])

  test("nothing received: 98 bytes; in order: at most 30 keys", () => {
    expect(bytesOf(start)).toBe(98)
    let chain = start
    for (const counter of range(0, 600)) {
      chain = receiveAll([counter], chain)
      expect(chain.kept.length).toBeLessThanOrEqual(30)
    }
    expect(bytesOf(receiveAll([0]))).toBe(98 + 30 * 44)
  })

  test("the worst pattern: 78 keys", () => {
    expect(worst.kept.length).toBe(78)
    expect(bytesOf(worst)).toBe(98 + 78 * 44)
  })

  test("never more than 4 kB", () => {
    expect(bytesOf(worst)).toBeLessThanOrEqual(4096)
  })

  test("no order gives more than the worst pattern", () => {
    const jumps = fc.array(fc.oneof(fc.nat(3), fc.nat(40), fc.nat(600)), {
      maxLength: 90,
      size: "max",
    })
    fc.assert(
      fc.property(jumps, (gaps) => {
        let chain = start
        for (const gap of gaps) chain = receiveAll([chain.counters + gap], chain)
        expect(bytesOf(chain)).toBeLessThanOrEqual(bytesOf(worst))
      }),
      { numRuns: 20 },
    )
  })
})

describe("far jumps that are not genuine, through a topic", () => {
  /** The same sender, from a block far ahead. */
  function ahead(topic: Topic, toBlock: number): Topic {
    const saved = topic.snapshot()
    const sending = decodeSending(saved.sending)
    const chain = skipBlocks(sending.chain, toBlock)
    const moved = Topic.restore(
      { signer: person(1) },
      { ...saved, sending: encodeSending({ ...sending, chain }) },
    )
    moved.snapshot().stored()
    return moved
  }
  const forged = (message: Uint8Array): Uint8Array => message.with(-1, message.at(-1)! ^ 1)

  test("after 16 in a row no more is derived, until a genuine one came", () => {
    const [alice, bob] = group(2) as [Topic, Topic]
    const far = ahead(alice, 300)
    for (let i = 0; i < 16; i++) {
      expect(outcome(bob, forged(far.encode("x")))).toBe("PeerError not-authentic")
    }
    const before = stateOf(bob)
    const genuine = far.encode("x")
    expect(outcome(bob, forged(genuine))).toBe("PeerError too-far-ahead")
    expect(outcome(bob, genuine)).toBe("PeerError too-far-ahead")
    expect(stateOf(bob)).toBe(before)
    // Near ones are not concerned, and one of them ends it.
    expect(outcome(bob, forged(alice.encode("x")))).toBe("PeerError not-authentic")
    expect(outcome(bob, genuine)).toBe("PeerError too-far-ahead")
    expect(outcome(bob, alice.encode("x"))).toBe("message")
    expect(outcome(bob, genuine)).toBe("message")
  })

  test("they are remembered over a restart, for each sender on its own", () => {
    const [alice, bob, carol] = group(3) as [Topic, Topic, Topic]
    const far = ahead(alice, 300)
    for (let i = 0; i < 16; i++) outcome(bob, forged(far.encode("x")))
    const again = Topic.restore({ signer: person(2) }, bob.snapshot())
    expect(outcome(again, far.encode("x"))).toBe("PeerError too-far-ahead")
    expect(outcome(again, carol.encode("x"))).toBe("message")
    expect(outcome(again, far.encode("x"))).toBe("PeerError too-far-ahead")
  })

  test("near ones are never counted", () => {
    const [alice, bob] = group(2) as [Topic, Topic]
    const near = ahead(alice, 255)
    for (let i = 0; i < 20; i++) outcome(bob, forged(near.encode("x")))
    expect(outcome(bob, near.encode("x"))).toBe("message")
  })

  test("a genuine jump of a million is accepted, and tells what may be missing", () => {
    const [alice, bob] = group(2) as [Topic, Topic]
    const decoded = bob.decode(ahead(alice, 3_907).encode("x"), { nowMs })
    expect(decoded).toMatchObject({ gap: { missing: 0, possiblyMissing: 1_000_192 } })
  })
})
