// "Discovery" of the original documentation, line by line. What the document prints is quoted.
import { expect, test } from "vitest"
import { fromUtf8 } from "../../src/bytes/index.js"
import {
  generateTopicKey,
  IntroductionError,
  IntroductionReplyError,
  Message,
  Topic,
} from "../../src/topic/classic/index.js"

const text = (bytes: Uint8Array | null) => bytes && fromUtf8(bytes)

test("Discovery", () => {
  // >>> from stringphone import Message, Topic, generate_topic_key

  // "Instantiate two participants, Alice with a topic key and Bob without one."
  // >>> alice = Topic(topic_key=generate_topic_key())
  const alice = new Topic({ topicKey: generateTopicKey() })
  // >>> bob = Topic()
  const bob = new Topic()

  // "Bob doesn't have a key, so he must ask for one."
  // >>> intro = bob.construct_intro()
  const intro = bob.constructIntro()

  // "Alice will receive the message and try to decode it, but an exception will be raised, since
  // the message is an introduction."
  // >>> alice.decode(intro)
  // IntroductionError: The received message is an introduction.
  expect(() => alice.decode(intro)).toThrow(IntroductionError)

  // "Alice wraps the message in the Message convenience class and retrieves the sender's (Bob's)
  // public key."
  // >>> message = Message(intro)
  const introduction = new Message(intro)
  // >>> message.sender_key
  expect(introduction.senderKey).toEqual(bob.publicKey)

  // "Never unconditionally trust devices, or you will let anyone join the topic and security will
  // be invalidated."
  // >>> alice.add_participant(message.sender_key)
  alice.addParticipant(introduction.senderKey)

  // "Construct and send the reply."
  // >>> reply = alice.construct_reply(message)
  const reply = alice.constructReply(introduction)

  // "Bob will try to decode, producing another exception, which is how he will will realize that
  // this is a reply."
  // >>> bob.decode(reply)
  // IntroductionReplyError: The received message is an introduction reply.
  expect(() => bob.decode(reply)).toThrow(IntroductionReplyError)

  // "Bob will parse the reply, which will populate the topic with the topic key and return True to
  // indicate success."
  // >>> bob.parse_reply(reply)
  expect(bob.parseReply(reply)).toBe(true)
  expect(bob.topicKey).toEqual(alice.topicKey)

  // "Bob decides to trust the participant that sent him the key (i.e. Alice). Never trust
  // participants unconditionally."
  // >>> bob.add_participant(reply.sender_key)
  expect(reply.senderKey).toEqual(alice.publicKey)
  bob.addParticipant(reply.senderKey)

  // "Now the participants can freely and securely talk to each other."
  // >>> message = bob.encode(b"Hey, Alice! Thanks for the key!")
  let message = bob.encode("Hey, Alice! Thanks for the key!")
  // >>> alice.decode(message)
  // 'Hey, Alice! Thanks for the key!'
  expect(text(alice.decode(message))).toBe("Hey, Alice! Thanks for the key!")
  // >>> message = alice.encode(b"Hey Bob! No problem!")
  message = alice.encode("Hey Bob! No problem!")
  // >>> bob.decode(message)
  // 'Hey Bob! No problem!'
  expect(text(bob.decode(message))).toBe("Hey Bob! No problem!")
})

test("a reply wrapped in Message after the channel carried it", () => {
  const alice = new Topic({ topicKey: generateTopicKey() })
  const bob = new Topic()
  const received = Uint8Array.from(alice.constructReply(Uint8Array.from(bob.constructIntro())))
  expect(new Message(received).senderKey).toEqual(alice.publicKey)
  expect(bob.parseReply(received)).toBe(true)
})
