import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { classicDecodeTarget } from "../../fuzz/classic-decode.js"
import corpus from "../../fuzz/corpus/classic-decode.json" with { type: "json" }
import { fromHex, PeerError, UsageError } from "../../src/bytes/index.js"
import * as classic from "../../src/topic/classic/index.js"
import { pair, secret, topicKey } from "../wire/fixtures.js"
import { anyMessage, validMessage } from "./classic-generators.js"

const { Topic } = classic

// The target states the invariant; here it meets inputs that fast-check makes and shrinks.
const check = classicDecodeTarget(classic) as (bytes: Uint8Array) => void

test.each(Object.entries(corpus))("the fuzz corpus: %s", (_, bytes) => check(fromHex(bytes)))

test("any bytes, any right message and any mutation of one keep the error contract", () => {
  fc.assert(fc.property(anyMessage, check), { numRuns: 300 })
})

test("right messages keep it, too", () => {
  fc.assert(fc.property(validMessage, check), { numRuns: 50 })
})

describe("the caller's mistakes are UsageErrors with a code", () => {
  const { alice } = pair()
  const notAKey: fc.Arbitrary<Uint8Array> = fc
    .uint8Array({ maxLength: 80 })
    .filter(({ length }) => length !== 32)

  test("keys of another length", () => {
    fc.assert(
      fc.property(notAKey, (bytes) => {
        const badKey = expect.objectContaining({ name: "UsageError", code: "bad-key" }) as Error
        expect(() => new Topic({ signingKeySeed: bytes })).toThrow(badKey)
        expect(() => new Topic({ topicKey: bytes })).toThrow(badKey)
        expect(() => new Topic({ encryptionPrivateKey: bytes })).toThrow(badKey)
        expect(() => new Topic({ participants: [bytes] })).toThrow(badKey)
        expect(() => alice.addParticipant(bytes)).toThrow(badKey)
        expect(() => (alice.topicKey = bytes)).toThrow(badKey)
        expect(alice.topicKey).toEqual(topicKey)
        expect(alice.participants().length).toBe(1)
      }),
    )
  })

  test("an ID of another length", () => {
    const badKey = expect.objectContaining({ code: "bad-key" }) as Error
    for (const length of [0, 15, 17, 32]) {
      expect(() => alice.removeParticipant(new Uint8Array(length))).toThrow(badKey)
    }
  })

  test("text instead of bytes", () => {
    const text = "k".repeat(32) as unknown as Uint8Array
    expect(() => new Topic({ topicKey: text })).toThrow(UsageError)
    expect(() => new Topic().decode(text)).toThrow(PeerError)
  })

  test("encode without a topic key", () => {
    const error = expect.objectContaining({
      name: "MissingTopicKeyError",
      code: "missing-topic-key",
    }) as Error
    expect(() => new Topic().encode("text")).toThrow(error)
    expect(() => new Topic().encode("text")).toThrow(UsageError)
  })
})

// The table of spec/topic-classic.md §6.
test.each([
  ["MalformedMessageError", "malformed-message", new classic.MalformedMessageError(""), PeerError],
  ["UntrustedKeyError", "untrusted-key", new classic.UntrustedKeyError(secret(0)), PeerError],
  ["BadSignatureError", "bad-signature", new classic.BadSignatureError(""), PeerError],
  ["DecryptionError", "decryption-failed", new classic.DecryptionError(""), PeerError],
  ["IntroductionError", "introduction", new classic.IntroductionError(), PeerError],
  ["IntroductionReplyError", "introduction-reply", new classic.IntroductionReplyError(), PeerError],
  ["MissingTopicKeyError", "missing-topic-key", new classic.MissingTopicKeyError(), UsageError],
] as const)("%s has the code %s", (name, code, error, family) => {
  expect([error.name, error.code]).toEqual([name, code])
  expect(error).toBeInstanceOf(family)
})

describe("participants", () => {
  test("are kept in order, once, with the ID computed", () => {
    const { alice, bob } = pair()
    const topic = new Topic({ participants: [alice.publicKey, bob.publicKey, alice.publicKey] })
    expect(topic.participants()).toEqual([
      { id: alice.id, publicKey: alice.publicKey },
      { id: bob.id, publicKey: bob.publicKey },
    ])
    const again = new Topic({ participants: topic.participants() })
    expect(again.participants()).toEqual(topic.participants())
  })

  test("are found by ID", () => {
    const { alice, bob } = pair()
    expect(bob.participant(alice.id)).toEqual({ id: alice.id, publicKey: alice.publicKey })
    expect(bob.participant(bob.id)).toBeNull()
  })

  test("are removed by ID", () => {
    const { alice, bob } = pair()
    expect(bob.removeParticipant(alice.id)).toBe(true)
    expect(bob.removeParticipant(alice.id)).toBe(false)
    expect(bob.participants()).toEqual([])
  })
})

describe("nothing that goes in or comes out is shared", () => {
  test("keys are copied in", () => {
    const [seed, key, peer] = [secret(1), secret(0x55), pair().bob.publicKey]
    const topic = new Topic({ signingKeySeed: seed, topicKey: key, participants: [peer] })
    const message = pair().bob.encode("still opens")
    for (const bytes of [seed, key, peer]) bytes.fill(0)
    expect(topic.decode(message)).not.toBeNull()
    expect(topic.publicKey).toEqual(pair().alice.publicKey)
    expect(pair().bob.decode(topic.encode("still verifies"))).not.toBeNull()
  })

  test("what is handed out can be overwritten", () => {
    const { alice, bob } = pair()
    const [first] = bob.participants()
    const same = bob.participant(alice.id)
    const handedOut = [bob.id, bob.publicKey, bob.topicKey, first?.id, first?.publicKey]
    for (const bytes of [...handedOut, same?.id, same?.publicKey]) bytes?.fill(0)
    expect(bob.constructIntro().senderKey).toEqual(pair().bob.publicKey)
    expect(bob.id).toEqual(pair().bob.id)
    expect(bob.participants()).toEqual([{ id: alice.id, publicKey: alice.publicKey }])
    expect(bob.decode(alice.encode("still opens"))).not.toBeNull()
    expect(alice.decode(bob.encode("still verifies"))).not.toBeNull()
  })
})
