import { describe, expect, test } from "vitest"
import { fromHex, hex, PeerError } from "../../src/bytes/index.js"
import { Message, participantId, Topic } from "../../src/topic/classic/index.js"
import recorded from "./stringphone-classic.json" with { type: "json" }

/** Answers each request for random bytes with the next of `parts`. */
function recordedRandom(...parts: readonly Uint8Array[]): (length: number) => Uint8Array {
  const left = [...parts]
  return (length) => {
    const next = left.shift()
    if (next?.length !== length) throw new Error(`nothing was recorded for ${length} random bytes`)
    return next
  }
}

describe.each(recorded.messages.map((message, index) => ({ ...message, index })))(
  "simple message $index",
  (recording) => {
    const seed = fromHex(recording.signing_key_seed)
    const encoded = fromHex(recording.encoded)
    const topicKey = fromHex(recording.topic_key)

    test("key and ID", () => {
      const sender = new Topic({ signingKeySeed: seed })
      expect(hex(sender.publicKey)).toBe(recording.public_key)
      expect(hex(sender.id)).toBe(recording.participant_id)
      expect(hex(participantId(fromHex(recording.public_key)))).toBe(recording.participant_id)
    })

    test("decodes", () => {
      const receiver = new Topic({ topicKey, participants: [fromHex(recording.public_key)] })
      expect(hex(receiver.decode(encoded) as Uint8Array)).toBe(recording.plaintext)
      expect(hex(new Message(encoded).senderId)).toBe(recording.participant_id)
    })

    test("encodes to the same bytes with the recorded nonce", () => {
      const randomBytes = recordedRandom(encoded.slice(81, 105))
      const sender = new Topic({ signingKeySeed: seed, topicKey, randomBytes })
      expect(hex(sender.encode(fromHex(recording.plaintext)))).toBe(recording.encoded)
    })

    test("is nothing to its own sender", () => {
      expect(new Topic({ signingKeySeed: seed, topicKey }).decode(encoded)).toBeNull()
    })
  },
)

describe.each(recorded.discovery.map((discovery, index) => ({ ...discovery, index })))(
  "discovery $index",
  (recording) => {
    const topicKey = fromHex(recording.topic_key)
    const intro = fromHex(recording.intro)
    const reply = fromHex(recording.reply)
    const joiner = () =>
      new Topic({
        signingKeySeed: fromHex(recording.joiner_seed),
        encryptionPrivateKey: fromHex(recording.joiner_encryption_private_key),
      })
    const holder = () =>
      new Topic({
        signingKeySeed: fromHex(recording.holder_seed),
        encryptionPrivateKey: fromHex(recording.holder_encryption_private_key),
        topicKey,
        randomBytes: recordedRandom(reply.slice(17, 41)),
      })

    test("the introduction is made again, byte for byte", () => {
      expect(hex(joiner().constructIntro())).toBe(recording.intro)
    })

    test("the introduction is made again when the key comes from randomBytes", () => {
      const topic = new Topic({
        signingKeySeed: fromHex(recording.joiner_seed),
        randomBytes: recordedRandom(fromHex(recording.joiner_encryption_private_key)),
      })
      expect(hex(topic.constructIntro())).toBe(recording.intro)
      expect(hex(topic.constructIntro())).toBe(recording.intro)
    })

    test("the reply is made again, byte for byte", () => {
      expect(hex(holder().constructReply(intro))).toBe(recording.reply)
    })

    test("the reply gives the joiner the topic key", () => {
      const topic = joiner()
      expect(topic.parseReply(reply)).toBe(true)
      expect(hex(topic.topicKey as Uint8Array)).toBe(recording.topic_key)
      expect(new Message(reply).senderKey).toEqual(holder().publicKey)
      expect(new Message(reply).recipientId).toEqual(topic.id)
      expect(new Message(intro).senderKey).toEqual(topic.publicKey)
    })
  },
)

// The sender of all but "sender not trusted" is trusted, as it was when they were recorded.
describe.each(recorded.rejected)(
  "rejected: $name",
  ({ encoded, error, sender_seed, topic_key }) => {
    const sender = new Topic({ signingKeySeed: fromHex(sender_seed) })
    const receiver = new Topic({ topicKey: fromHex(topic_key), participants: [sender.publicKey] })
    const bytes = fromHex(encoded)

    test(`is a ${error}`, () => {
      const refuse = () =>
        encoded.startsWith("69") ? receiver.constructReply(bytes) : receiver.decode(bytes)
      const thrown = catchError(refuse)
      expect(thrown.name).toBe(error)
      expect(thrown).toBeInstanceOf(PeerError)
    })
  },
)

function catchError(run: () => unknown): Error {
  try {
    run()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error("nothing was thrown")
}
