// The fuzz target's invariant, with its corpus, and with inputs that fast-check makes and shrinks.
import fc from "fast-check"
import { expect, test } from "vitest"
import corpus from "../../fuzz/corpus/topic-decode.json" with { type: "json" }
import { topicDecodeTarget } from "../../fuzz/topic-decode.js"
import receivers from "../../fuzz/topic-receivers.json" with { type: "json" }
import { concat, fromHex, PeerError, UsageError, utf8 } from "../../src/bytes/index.js"
import { cryptoEngine } from "../../src/crypto/index.js"
import { Identity } from "../../src/identity/index.js"
import { newRekeyKey, RejectedMessage, Topic } from "../../src/topic/index.js"
import { group, nowMs, person } from "../wire/topic-fixtures.js"

const check = topicDecodeTarget({ Identity, PeerError, Topic }, receivers) as (
  bytes: Uint8Array,
) => string[]
const samples = Object.values(corpus).map(fromHex)
const numRuns = cryptoEngine() === "native" ? 1000 : 150

test.each(Object.entries(corpus))("the fuzz corpus: %s", (_, bytes) => {
  check(fromHex(bytes))
})

test("the corpus has something of every kind for somebody", () => {
  const found = new Set(samples.flatMap(check))
  const kinds = ["message", "bundle", "control", "rekey", "key-request", "removed", "pairing"]
  const others = ["incomplete", "known", "own", "behind", "other", "stale", "replayed", "malformed"]
  expect([...kinds, ...others].filter((kind) => !found.has(kind))).toEqual([])
})

const types = fc.constantFrom(...utf8("MTBCFKQX1s"))
const sample = fc.constantFrom(...samples)
const mutated = fc
  .tuple(
    sample,
    sample,
    types,
    fc.array(
      fc.record({
        how: fc.constantFrom("bit", "byte", "cut", "grow", "insert", "remove", "graft", "type"),
        at: fc.nat(900),
        value: fc.nat(255),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([start, donor, type, changes]) => {
    let bytes = Uint8Array.from(start)
    for (const { at: anywhere, how, value } of changes) {
      const at = anywhere % (bytes.length + 1)
      const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
      if (how === "bit" && after.length > 0) bytes[at] = bytes[at]! ^ (1 << (value & 7))
      if (how === "byte" && after.length > 0) bytes[at] = value
      if (how === "cut") bytes = before.slice()
      if (how === "grow") bytes = concat(bytes, new Uint8Array(value % 40).fill(at))
      if (how === "insert") bytes = concat(before, Uint8Array.of(value), after)
      if (how === "remove") bytes = concat(before, after.subarray(1 + (value % 33)))
      if (how === "graft") bytes = concat(before, donor.subarray(at))
      if (how === "type" && bytes.length > 0) bytes[0] = type
    }
    return bytes
  })
const junk = fc
  .tuple(types, fc.uint8Array({ maxLength: 400 }))
  .map(([type, rest]) => concat(Uint8Array.of(type), rest))

test("any bytes and any mutation of a message keep the invariant", () => {
  fc.assert(
    fc.property(fc.oneof(mutated, junk, fc.uint8Array({ maxLength: 300 })), (bytes) => {
      check(bytes)
    }),
    { numRuns },
  )
})

test("a rejected data message names whose it seems to be", () => {
  const [alice, bob] = group(2) as [Topic, Topic]
  const message = alice.encode("x")
  message[40] = message[40]! ^ 1
  let thrown: unknown
  try {
    bob.decode(message, { nowMs })
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(RejectedMessage)
  expect(thrown).toBeInstanceOf(PeerError)
  expect((thrown as RejectedMessage).claimed).toEqual(alice.publicKey)
})

test("the caller's mistakes are UsageErrors with a code, and change nothing", () => {
  const [alice, bob] = group(2) as [Topic, Topic]
  const fresh = Topic.create({ signer: person(1), nowMs })
  const stranger = person(9).publicKey
  const rekeyKey = newRekeyKey(nowMs).publicKey
  const many = Array.from({ length: 1024 }, (_, i) => ({
    publicKey: new Uint8Array(32).fill(i & 255).fill(i >> 8, 0, 1),
    serial: 1,
    rekeyKey,
  }))
  const mistakes: [string, () => unknown][] = [
    ["save-first", () => fresh.encode("x")],
    ["bad-bundle", () => alice.encodeBundle([])],
    ["not-an-admin", () => bob.change({}, nowMs)],
    ["not-a-participant", () => alice.change({ remove: [stranger] }, nowMs)],
    ["last-admin", () => alice.change({ remove: [alice.publicKey] }, nowMs)],
    [
      "last-admin",
      () => alice.change({ admins: [{ publicKey: alice.publicKey, isAdmin: false }] }, nowMs),
    ],
    ["too-many-participants", () => alice.change({ admit: many }, nowMs)],
    ["bad-topic-name", () => alice.change({ name: "x".repeat(65) }, nowMs)],
    ["bad-topic-name", () => Topic.create({ signer: person(1), nowMs, name: "é".repeat(33) })],
    [
      "bad-channel-name",
      () => Topic.create({ signer: person(1), nowMs, channelName: "x".repeat(256) }),
    ],
    ["message-too-large", () => alice.fragments(new Uint8Array(10_000), 20)],
    ["other-identity", () => Topic.restore({ signer: person(2) }, alice.snapshot())],
  ]
  for (const [code, run] of mistakes) {
    const epoch = alice.epoch
    expect(run).toThrow(expect.objectContaining({ name: "UsageError", code }) as Error)
    expect(run).toThrow(UsageError)
    expect(alice.epoch).toBe(epoch)
  }
})
