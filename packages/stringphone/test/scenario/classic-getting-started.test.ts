// "Getting started" of the original documentation, line by line. What the document prints is quoted.
import { expect, test } from "vitest"
import { fromUtf8 } from "../../src/bytes/index.js"
import {
  generateSigningKeySeed,
  generateTopicKey,
  Topic,
  UntrustedKeyError,
} from "../../src/topic/classic/index.js"

const text = (bytes: Uint8Array | null) => bytes && fromUtf8(bytes)

test("Getting started", () => {
  // >>> from stringphone import Topic, generate_signing_key_seed, generate_topic_key

  // "Let's generate a topic key to share between the participants."
  // >>> topic_key = generate_topic_key()
  const topicKey = generateTopicKey()

  // >>> topic_key
  expect(topicKey.length).toBe(32)

  // "Each participant generates a seed for their signing key and stores it."
  // >>> alice_seed = generate_signing_key_seed()
  const aliceSeed = generateSigningKeySeed()
  // >>> bob_seed = generate_signing_key_seed()
  const bobSeed = generateSigningKeySeed()

  // "Give Alice and Bob their seeds, and the shared topic key."
  // >>> alice = Topic(alice_seed, topic_key)
  const alice = new Topic({ signingKeySeed: aliceSeed, topicKey })
  // >>> bob = Topic(bob_seed, topic_key)
  const bob = new Topic({ signingKeySeed: bobSeed, topicKey })

  // "Alice encodes a message to send to Bob. encode() encrypts and signs it."
  // >>> alice_message = alice.encode("Hi Bob!")
  const aliceMessage = alice.encode("Hi Bob!")

  // "Bob will try to decode the message."
  // >>> bob.decode(alice_message)
  // UntrustedKeyError: Verification key for participant not found.
  expect(() => bob.decode(aliceMessage)).toThrow(UntrustedKeyError)

  // "We can decrypt the message anyway by disabling signature verification, which is VERY VERY BAD."
  // >>> bob.decode(alice_message, naive=True)
  // 'Hi Bob!'
  expect(text(bob.decode(aliceMessage, { naive: true }))).toBe("Hi Bob!")

  // "If we don't want to be hassled by unkown messages, we can ignore messages from untrusted
  // participants:"
  // >>> bob.decode(alice_message, ignore_untrusted=True)
  expect(bob.decode(aliceMessage, { ignoreUntrusted: true })).toBeNull()

  // "A much better way to communicate is to have Bob trust Alice's public key."
  // >>> bob.add_participant(alice.public_key)
  bob.addParticipant(alice.publicKey)

  // "Strict mode will work now."
  // >>> bob.decode(alice_message)
  // 'Hi Bob!'
  expect(text(bob.decode(aliceMessage))).toBe("Hi Bob!")

  // "Let's see what Alice thinks by having Bob reply back:"
  // >>> bob_message = bob.encode("Hey Alice!")
  const bobMessage = bob.encode("Hey Alice!")

  // "Alice will try to decrypt."
  // >>> alice.decode(bob_message)
  // UntrustedKeyError: Verification key for participant not found.
  expect(() => alice.decode(bobMessage)).toThrow(UntrustedKeyError)

  // "Alice doesn't trust Bob either. We can fix this the same way as before and restore order in
  // the universe:"
  // >>> alice.add_participant(bob.public_key)
  alice.addParticipant(bob.publicKey)
  expect(text(alice.decode(bobMessage))).toBe("Hey Alice!")
})

test("the example of the front page", () => {
  // >>> key = stringphone.generate_topic_key()
  const key = generateTopicKey()
  // >>> alice = stringphone.Topic(topic_key=key)
  const alice = new Topic({ topicKey: key })
  // >>> bob = stringphone.Topic(topic_key=key)
  const bob = new Topic({ topicKey: key })
  // >>> message = alice.encode(b"Hi bob!")  # "s\xa7\xdf\xc3x\x19\x96\xd4..."
  const message = alice.encode(Uint8Array.of(0x48, 0x69, 0x20, 0x62, 0x6f, 0x62, 0x21))
  expect(String.fromCharCode(message[0] as number)).toBe("s")
  // >>> bob.decode(message, naive=True)  # `naive` skips signature verification
  // b"Hi bob!"
  expect(text(bob.decode(message, { naive: true }))).toBe("Hi bob!")
})
