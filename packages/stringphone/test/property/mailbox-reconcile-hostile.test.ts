// Peers that mean no good, spec/mailbox-sync.md §1.6: they waste what they send, and little of ours.
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { concat, PeerError, sameBytes, u32 } from "../../src/bytes/index.js"
import { Findings } from "../../src/mailbox/reconcile/findings.js"
import { ReconcileIndex } from "../../src/mailbox/reconcile/index.js"
import { OwnDays } from "../../src/mailbox/reconcile/own-days.js"
import { Questions } from "../../src/mailbox/reconcile/questions.js"
import type { Answer, GivenAnswer } from "../../src/mailbox/reconcile/wire/answers.js"
import {
  decodeMessage,
  encodeMessage,
  type Message,
} from "../../src/mailbox/reconcile/wire/message.js"
import { flipped } from "../wire/fixtures.js"
import { firstDay, itemsOf, keyOf, reconcile, sidesOf } from "./mailbox-reconcile-scene.js"

const ours = itemsOf(0, 3_000, 5)
const theirs = itemsOf(1_000, 4_000, 5)
const ofB = { turnBytes: 0, maxMessageBytes: 2_048 }

/** The code of the PeerError that `run` throws, or `"none"`; nothing else may be thrown. */
function refusal(run: () => unknown): string {
  try {
    run()
    return "none"
  } catch (error) {
    if (error instanceof PeerError) return error.code
    throw error
  }
}

/** Our side, and what it said to a real one's first messages. */
function inTheMiddle() {
  const sides = sidesOf(ours, theirs, { ofA: ofB, ofB })
  const [first] = sides.a.start()
  const { send } = sides.b.receive(first as Uint8Array)
  return { ...sides, send }
}

const answersOf = (given: readonly GivenAnswer[], number = 0, received = 1): Uint8Array => {
  const head = { type: 2, number, received }
  return encodeMessage({ kind: "answers", head, check: null, answers: { given, equalAfter: 0 } })
}
const first = (answer: Answer, equalBefore = 0): GivenAnswer => ({ equalBefore, answer })

test("random bytes are refused, and change nothing", () => {
  const { a, send } = inTheMiddle()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(refusal(() => a.receive(bytes))).toBe("malformed")
    }),
    { numRuns: 500 },
  )
  for (const message of send) expect(refusal(() => a.receive(message))).toBe("none")
})

test("whatever is refused leaves the session as it was", () => {
  const honest = reconcile(sidesOf(ours, theirs, { ofA: ofB, ofB }))
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat()), (numbers) => {
      const sides = sidesOf(ours.slice(0, 300), theirs.slice(0, 300), { ofA: ofB, ofB })
      const received = sides.b.receive.bind(sides.b)
      let refused = 0
      sides.b.receive = (message) => {
        const bit = (numbers.next().value as number) % (message.length * 8)
        // The first bytes say number and kind: damage there is always noticed.
        for (const bad of [message.slice(0, bit >> 3), flipped(message, bit % 72)]) {
          const changes = bad.length >= 9 && refusal(() => decodeMessage(bad)) === "none"
          if (changes && sameBytes(bad.subarray(0, 9), message.subarray(0, 9))) continue
          if (refusal(() => received(bad)) !== "none") refused++
        }
        return received(message)
      }
      const outcome = reconcile(sides)
      expect(refused).toBeGreaterThan(0)
      expect([outcome.isDone, outcome.isExact]).toEqual([true, true])
    }),
    { numRuns: 30 },
  )
  expect(honest.isExact).toBe(true)
})

const list = { kind: "list", shortIds: [1, 2, 3] } as const
const wanted = { kind: "wanted", map: Uint8Array.of(0x80) } as const
function equalOnly(equalAfter: number): Message & { kind: "answers" } {
  const head = { type: 2, number: 0, received: 1 }
  return { kind: "answers", head, check: null, answers: { given: [], equalAfter } }
}
function withList() {
  return { answers: { given: [first(list)], equalAfter: 4 } }
}
const last = { head: { type: 3, number: 0, received: 1 }, check: new Uint8Array(8) }
function days(fromDay: number, throughDay: number, number = 0): Message {
  const head = { type: 1, number, received: 0 }
  return { kind: "days", head, days: { fromDay, throughDay, days: [] } }
}

describe("[SYNC-1-14] what nobody asked", () => {
  test.each<[string, Uint8Array]>([
    ["answers nothing", answersOf([])],
    ["more answers than days", answersOf([first(list, 5)])],
    ["more equal ones than days", encodeMessage(equalOnly(6))],
    ["a map for a day", answersOf([first(wanted)])],
    ["an end that is none", encodeMessage({ ...equalOnly(4), ...last })],
    ["an end that asks", encodeMessage({ ...equalOnly(4), ...last, ...withList() })],
    ["days, to the initiator", encodeMessage(days(0, 65_535))],
    ["a message too early", answersOf([first(list)], 1)],
    ["more messages of ours than there were", answersOf([first(list)], 0, 2)],
  ])("%s", (_, message) => {
    const { a } = sidesOf(ours, theirs)
    a.start()
    expect(refusal(() => a.receive(message))).toBe("malformed")
  })

  test.each<[string, Uint8Array[]]>([
    ["answers before a question", [answersOf([first(list)], 0, 0)]],
    ["days with a gap", [encodeMessage(days(0, 5)), encodeMessage(days(7, 65_535, 1))]],
    ["days again", [encodeMessage(days(0, 5)), encodeMessage(days(0, 65_535, 1))]],
    ["days after all days", [encodeMessage(days(0, 65_535)), encodeMessage(days(0, 65_535, 1))]],
  ])("to the responder: %s", (_, messages) => {
    const { b } = sidesOf([], theirs)
    const codes = messages.map((message) => refusal(() => b.receive(message)))
    expect(codes).toEqual([...messages.slice(1).map(() => "none"), "malformed"])
  })
})

test("a map that wants more than was listed is refused", () => {
  const { a, b } = sidesOf(itemsOf(5, 10), itemsOf(0, 5))
  // b lists its five.
  expect(b.receive(a.start()[0] as Uint8Array).send.length).toBe(1)
  const want = (byte: number) => {
    const answer = { kind: "wanted", map: Uint8Array.of(byte) } as const
    return () => b.receive(answersOf([first(answer)], 1))
  }
  expect(refusal(want(0xfc))).toBe("malformed")
  expect(refusal(want(0x01))).toBe("malformed")
  expect(want(0xf8)().missingThere.length).toBe(5)
})

test("[SYNC-1-16] one that cuts for ever comes to an end, and gets little for it", () => {
  const { a } = sidesOf(ours, [], { ofA: { turnBytes: 0 } })
  let under = a.start()
  let number = 0
  let sent = 0
  let bytes = 0
  let code = "none"
  let questions = 5
  while (under.length > 0 && code === "none") {
    // Each question of a range is answered with a cut in two and two wrong sums.
    const split = { kind: "split", fingerprints: [number, number + 1] } as const
    const next: Uint8Array[] = []
    if (number > 0) questions = under.reduce((sum, message) => sum + questionsIn(message), 0)
    if (questions === 0) break
    const message = answersOf(
      Array.from({ length: questions }, () => first(split)),
      number,
      0,
    )
    number++
    bytes += message.length
    code = refusal(() => next.push(...a.receive(message).send))
    sent += next.reduce((sum, { length }) => sum + length, 0)
    under = next
  }
  expect(number).toBeLessThan(60)
  expect(sent).toBeLessThan(24 * ours.length * 5)
  expect(sent).toBeLessThan(60_000 + 6 * bytes)
})

/** Ranges that it asks about; lists it can answer with a cut as little as anybody. */
function questionsIn(message: Uint8Array): number {
  const decoded = decodeMessage(message)
  if (decoded.kind === "days") return decoded.days.days.length
  return decoded.answers.given.reduce(
    (sum, { answer }) => sum + (answer.kind === "split" ? answer.fingerprints.length : 0),
    0,
  )
}

test("[SYNC-1-16] a cut finer than places are is refused", () => {
  const own = new OwnDays(ReconcileIndex.of(itemsOf(0, 1)), keyOf(1), 0)
  const table = own.table(firstDay)
  const cut = (bits: number, by: number) => {
    const questions = new Questions()
    questions.put([{ kind: "range", range: { table, bits, prefix: 0, from: 0, to: 0 } }])
    const fingerprints = Array.from({ length: 2 ** by }, () => 1)
    const given = [first({ kind: "split", fingerprints })]
    return () => new Findings(own).readAnswers({ given, equalAfter: 0 }, questions)
  }
  expect(refusal(cut(23, 1))).toBe("none")
  expect(refusal(cut(16, 8))).toBe("none")
  expect(refusal(cut(24, 1))).toBe("malformed")
  expect(refusal(cut(17, 8))).toBe("malformed")
})

test("[SYNC-1-17] more than a session may take is refused", () => {
  const { a, b } = sidesOf(ours, theirs, { ofB: { ...ofB, maxReceivedBytes: 1_000 }, ofA: ofB })
  let code = "none"
  let under = a.start()
  for (let turn = 0; under.length > 0 && code === "none"; turn++) {
    const to = turn % 2 === 0 ? b : a
    const next: Uint8Array[] = []
    for (const message of under) {
      if (code === "none") code = refusal(() => next.push(...to.receive(message).send))
    }
    under = next
  }
  expect(code).toBe("too-much")
})

test("[SYNC-1-18] a check that differs is told, and ends the session", () => {
  const { a, b } = sidesOf(itemsOf(0, 50), itemsOf(5, 55))
  const { send } = b.receive(a.start()[0] as Uint8Array)
  const [end] = a.receive(send[0] as Uint8Array).send
  const decoded = decodeMessage(end as Uint8Array)
  expect(decoded).toMatchObject({ kind: "answers", head: { type: 3 } })
  const step = b.receive(flipped(end as Uint8Array, 9 * 8))
  expect(step).toMatchObject({ isDone: true, isExact: false, send: [] })
  const more = concat(Uint8Array.of(2), u32(2), u32(1), Uint8Array.of(1))
  expect(refusal(() => b.receive(more))).toBe("malformed")
})
