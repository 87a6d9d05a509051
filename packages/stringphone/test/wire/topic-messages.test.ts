// Whole messages, decoded by a topic: whatever is cut off, added or flipped, nothing comes of it, and
// the state stays as it was, byte by byte.
import { describe, expect, test } from "vitest"
import { concat, fromUtf8, utf8 } from "../../src/bytes/index.js"
import { randomBytes } from "../../src/crypto/index.js"
import { newRekeyKey, Topic } from "../../src/topic/index.js"
import { encodeFragment } from "../../src/topic/wire/fragment.js"
import { eachBit, flipped, viewAtOffset } from "./fixtures.js"
import {
  group,
  isHarmless,
  letIn,
  minuteMs,
  nowMs,
  outcome,
  person,
  stateOf,
} from "./topic-fixtures.js"

/** For each message its receiver, who did not get it yet, and what it then gives. */
interface Sample {
  readonly receiver: Topic
  readonly encoded: Uint8Array
  readonly kind: string
}

const [alice, bob] = group(2) as [Topic, Topic]
const padded = group(2, { isPadded: true }) as [Topic, Topic]
const rekeyed = group(3) as [Topic, Topic, Topic]
const removing = group(2) as [Topic, Topic]
const bobsNewKey = newRekeyKey(nowMs + minuteMs)
const late = group(2) as [Topic, Topic]
const closing = group(2) as [Topic, Topic]

const samples: readonly (Sample & { readonly name: string })[] = [
  { name: "M", receiver: bob, encoded: alice.encode("hello"), kind: "message" },
  {
    name: "T",
    receiver: bob,
    encoded: alice.encodeTimed("hello", { sentMs: nowMs, validForMs: 1000 }),
    kind: "message",
  },
  { name: "B", receiver: bob, encoded: alice.encodeBundle(["a", "", "b"]), kind: "bundle" },
  { name: "C rekey key", receiver: bob, encoded: alice.announcement(), kind: "control" },
  { name: "C sync", receiver: bob, encoded: alice.sync(), kind: "control" },
  { name: "C report", receiver: bob, encoded: alice.report(bob.publicKey)!, kind: "control" },
  { name: "C closing", receiver: closing[1], encoded: closingMessage(), kind: "control" },
  { name: "M, padded", receiver: padded[1], encoded: padded[0].encode("hello"), kind: "message" },
  {
    name: "M that is late",
    receiver: late[1],
    encoded: lateMessage(),
    kind: "message",
  },
  { name: "Q", receiver: alice, encoded: bob.keyRequest(nowMs), kind: "key-request" },
]

function lateMessage(): Uint8Array {
  const [sender, receiver] = late
  const first = sender.encode("first")
  expect(outcome(receiver, sender.encode("second"))).toBe("message")
  return first
}

function closingMessage(): Uint8Array {
  const [sender, receiver] = closing
  sender.encode("never arrives")
  expect(outcome(receiver, sender.change({}, nowMs))).toBe("rekey")
  sender.snapshot().stored()
  return sender.closing()!
}

/** All inputs from which something came, or which changed the state. */
function harmful(receiver: Topic, inputs: Iterable<readonly [string, Uint8Array]>): string[] {
  const before = stateOf(receiver)
  const wrong: string[] = []
  for (const [name, input] of inputs) {
    const found = outcome(receiver, input)
    if (!isHarmless(found)) wrong.push(`${name}: ${found}`)
    if (stateOf(receiver) !== before) {
      wrong.push(`${name} (${found}) changed the state`)
      break
    }
  }
  return wrong
}

function truncations(encoded: Uint8Array): (readonly [string, Uint8Array])[] {
  return Array.from({ length: encoded.length }, (_, length) => [
    `${length} bytes`,
    encoded.subarray(0, length),
  ])
}

function flips(
  encoded: Uint8Array,
  from = 0,
  to = encoded.length,
): (readonly [string, Uint8Array])[] {
  const all: (readonly [string, Uint8Array])[] = []
  eachBit(from, to, (bit) => all.push([`byte ${bit >> 3} bit ${bit & 7}`, flipped(encoded, bit)]))
  return all
}

describe.each(samples)("$name", ({ encoded, kind, receiver }) => {
  test("every truncation, and bytes behind it", () => {
    const longer = [1, 2, 16].map((n) => ["longer", concat(encoded, new Uint8Array(n))] as const)
    expect(harmful(receiver, [...truncations(encoded), ...longer])).toEqual([])
  })

  test("every bit flipped", () => {
    // Bits of a counter that make it jump far ahead are counted; see below. [TOPIC-2-6]
    const counter = kind === "key-request" ? [0, 0] : [7, 9]
    const some = [...flips(encoded, 0, counter[0]), ...flips(encoded, counter[1])]
    expect(harmful(receiver, some)).toEqual([])
  })

  test("every other type", () => {
    const others = Array.from({ length: 256 }, (_, type) => {
      const other = Uint8Array.from(encoded)
      other[0] = type
      return [`type ${type}`, other] as const
    })
    const isPairing = (type: number): boolean => type >= 0x31 && type <= 0x36
    const unpaired = others.filter((_, type) => type !== encoded[0] && !isPairing(type))
    expect(harmful(receiver, unpaired)).toEqual([])
    for (const [, pairing] of others.filter((_, type) => isPairing(type))) {
      expect(receiver.decode(pairing, { nowMs })).toEqual({ kind: "pairing", encoded: pairing })
    }
  })

  test("and then it is decoded, once", () => {
    expect(outcome(receiver, viewAtOffset(encoded))).toBe(kind)
    if (kind !== "key-request") expect(outcome(receiver, encoded)).toBe("PeerError replayed")
  })
})

test("nothing at all, and 1 MiB of zeros behind each type", () => {
  const junk = new Uint8Array(1 << 20)
  const inputs = Array.from("MTBCKQX\0sir", (letter) => {
    const input = Uint8Array.from(junk)
    input.set(utf8(letter))
    return [letter, input] as const
  })
  expect(harmful(bob, [["nothing", new Uint8Array(0)], ...inputs])).toEqual([])
})

describe("a rekey message", () => {
  const [admin, member] = rekeyed
  const before = stateOf(member)
  const encoded = admin.change({ remove: [rekeyed[2].publicKey] }, nowMs)
  // ‘K’, epoch, ephemeral key, number of slots; a slot; the body.
  const pieces = Array.from({ length: Math.ceil(encoded.length / 100) }, (_, i) => i * 100)

  test("every truncation", () => {
    expect(harmful(member, truncations(encoded))).toEqual([])
  })

  test("bytes behind it", () => {
    const longer = [1, 2, 16, 56].map((n) => [`${n}`, concat(encoded, new Uint8Array(n))] as const)
    expect(harmful(member, longer)).toEqual([])
  })

  test.each(pieces)("every bit from byte %i flipped", (from) => {
    expect(harmful(member, flips(encoded, from, Math.min(encoded.length, from + 100)))).toEqual([])
  })

  test("who has no slot in it is behind", () => {
    expect(outcome(rekeyed[2], encoded)).toBe("behind")
  })

  test("and then it is applied, once", () => {
    expect(stateOf(member)).toBe(before)
    expect(outcome(member, viewAtOffset(encoded))).toBe("rekey")
    expect(stateOf(member)).not.toBe(before)
    expect(outcome(member, encoded)).toBe("known")
  })
})

describe("a removal notice", () => {
  const [admin, member] = removing
  const [request] = [admin.decode(member.keyRequest(nowMs), { nowMs })]
  if (request.kind !== "key-request") throw new Error(request.kind)
  const elsewhere = group(2)[0] as Topic
  const encoded = admin.removalNotice(request.request)!

  test("every truncation", () => {
    expect(harmful(member, truncations(encoded))).toEqual([])
  })

  test.each([0, 41, 100])("every bit from byte %i flipped", (from) => {
    const to = { 0: 41, 41: 100, 100: encoded.length }[from]
    expect(harmful(member, flips(encoded, from, to))).toEqual([])
  })

  test("for another, of another topic, by who is no admin", () => {
    const others = [
      [
        "for another key",
        admin.removalNotice({ ...request.request, rekeyKey: bobsNewKey.publicKey })!,
      ],
      ["of another topic", elsewhere.removalNotice(request.request)!],
      ["by itself", member.removalNotice(request.request)!],
      ["to a key of low order", new Uint8Array(157).fill(0x58, 0, 1)],
    ] as const
    expect(harmful(member, others)).toEqual([])
    expect(admin.removalNotice({ ...request.request, rekeyKey: new Uint8Array(32) })).toBeNull()
  })

  test("and then it counts", () => {
    expect(outcome(member, encoded)).toBe("removed")
    expect(member.standing).toBe("removed")
    expect(outcome(member, encoded)).toBe("other")
  })
})

describe("counters far ahead [TOPIC-2-6]", () => {
  test("each flipped bit of a counter is refused; only far jumps are counted, 16 of them", () => {
    const [sender, receiver] = group(2) as [Topic, Topic]
    const encoded = sender.encode("hello")
    const before = stateOf(receiver)
    const found = flips(encoded, 7, 11).map(([, input]) => outcome(receiver, input))
    // Bits 22 to 31 are more than 2²² ahead, or exactly that far.
    expect(found.filter((one) => !isHarmless(one))).toEqual([])
    expect(new Set(found)).toEqual(new Set(["PeerError too-far-ahead", "PeerError not-authentic"]))
    const after = stateOf(receiver)
    expect(after.length).toBe(before.length)
    const changed = [...after].filter((digit, i) => digit !== before[i])
    expect(changed.length).toBeLessThanOrEqual(2) // One byte: the false jumps.
    expect(outcome(receiver, encoded)).toBe("message")
    expect(outcome(receiver, encoded)).toBe("PeerError replayed")
  })
})

describe("fragments of whole messages", () => {
  const [sender, receiver] = group(2) as [Topic, Topic]
  const encoded = sender.encode("a message that goes through in pieces")
  const pieces = sender.fragments(encoded, 40)
  let clock = nowMs

  test("every truncation and flip of a piece: nothing comes of it", () => {
    expect(pieces.length).toBe(5)
    pieces.forEach((piece, i) => {
      for (const [name, input] of [...truncations(piece), ...flips(piece)]) {
        // A receiver of its own for each would be slow; 31 s later all pieces are forgotten.
        clock += 31_000
        const others = pieces.filter((_, at) => at !== i)
        const found = [...others, input].map((one) => outcome(receiver, one, { nowMs: clock }))
        expect([name, found.filter((one) => !isHarmless(one))]).toEqual([name, []])
      }
    })
  })

  test("a fragment in a fragment is none", () => {
    const nested = encodeFragment({
      messageId: randomBytes(4),
      index: 0,
      last: 0,
      piece: pieces[0] as Uint8Array,
    })
    expect(outcome(receiver, nested)).toBe("PeerError malformed")
  })

  test("and then it is decoded, in any order", () => {
    const found = pieces
      .toReversed()
      .map((piece) => outcome(receiver, piece, { nowMs: clock + 31_000 }))
    expect(found).toEqual([...Array<string>(4).fill("incomplete"), "message"])
  })
})

describe("bound to its place", () => {
  test("another channel, another topic, another epoch", () => {
    const founder = Topic.create({ signer: person(1), nowMs, channelName: "kitchen" })
    founder.snapshot().stored()
    const [elsewhere] = letIn(founder, [person(2)], { channelName: "garage" }) as [Topic]
    founder.snapshot().stored()
    const message = founder.encode("switch on")
    expect(outcome(elsewhere, message)).toBe("PeerError not-authentic")
    expect(outcome(group(2)[1]!, message)).toBe("behind")
    const [admin, member] = group(2) as [Topic, Topic]
    const old = admin.encode("old")
    const rekey = admin.change({}, nowMs)
    expect(outcome(member, rekey)).toBe("rekey")
    const renumbered = Uint8Array.from(old)
    renumbered[2] = 3
    expect(outcome(member, renumbered)).toBe("behind")
    const genuine = member.decode(old, { nowMs })
    expect(genuine.kind === "message" && fromUtf8(genuine.payload)).toBe("old")
  })
})

test("a saved topic: every truncation is malformed", () => {
  const { sending, state } = bob.snapshot()
  for (let length = 0; length < state.length; length += length < 200 ? 1 : 7) {
    const cut = { state: state.subarray(0, length), sending }
    expect(() => Topic.restore({ signer: person(2) }, cut)).toThrow("Malformed")
  }
  for (let length = 0; length < sending.length; length++) {
    const cut = { state, sending: sending.subarray(0, length) }
    expect(() => Topic.restore({ signer: person(2) }, cut)).toThrow("Malformed")
  }
  expect(() => Topic.restore({ signer: person(3) }, { state, sending })).toThrow("another identity")
})
